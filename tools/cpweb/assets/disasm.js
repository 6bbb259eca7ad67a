// SPDX-License-Identifier: Apache-2.0
// Instructions with what each cost, by basic block, and the source line each came from.

function disasmFunction(page, f, at, data, label) {
    const row = i => 'i' + at + '-' + i, most = Math.max(...f.instructions.map(i => i.flat || 0), 1);
    const costs = [], targets = new Set(f.instructions.map(i => i.target_row));
    for (const i of f.instructions)
        costs[i.block] = (costs[i.block] || 0) + (i.flat || 0);
    const short = name => name.slice(name.lastIndexOf('/') + 1);
    const from = i => (i.frames || []).map(frame => frame.name + (frame.file ? ' ' +
        short(frame.file) + (frame.line ? ':' + frame.line : '') : '')).join(' < ');

    function jump(i) {
        if (i.target_row === undefined)
            return '';
        const down = f.instructions[i.target_row].address > i.address;
        return el('span', {}, '  ', el('a', {href: '#' + row(i.target_row), title: 'where it goes'},
            (down ? '↓' : '↑') + ' block ' + f.instructions[i.target_row].block));
    }

    const rows = [];
    let block = -1, last = '';
    f.instructions.forEach((i, n) => {
        if (i.block !== block) {
            block = i.block;
            rows.push(el('tr', {'class': 'block'}, el('td', {'class': 'num'}, costs[block] ?
                label(costs[block]) : ''), el('th', {scope: 'rowgroup', colspan: '4'}, 'block ' + block)));
        }
        const place = from(i), heat = Math.min(4, Math.ceil((i.flat || 0) / most * 4));
        rows.push(el('tr', {id: row(n), 'class': 'heat' + heat + (targets.has(n) ? ' target' : '')},
            el('td', {'class': 'num'}, i.flat ? label(i.flat) : ''),
            el('td', {'class': 'num'}, i.cum ? label(i.cum) : ''),
            el('td', {'class': 'num code'}, i.address.toString(16)),
            el('td', {'class': 'code'}, i.text, jump(i)),
            el('td', {'class': 'code from', title: place}, place === last ? '' : place)));
        last = place;
    });
    return el('section', {'class': 'source disasm'}, el('h2', {}, f.name || short(f.image || ''), ' ', el('a', {'class': 'small',
        href: 'source' + query(Object.assign({}, kept(page.params), {q: '^' + quote(f.name) + '$'}))},
    'source'), el('small', {}, ' flat ' + label(f.flat) + ' (' + percentLabel(f.flat, data.total) +
        ') · cum ' + label(f.cum) + ' (' + percentLabel(f.cum, data.total) + ')')),
    el('p', {'class': 'dim'}, f.image || '', f.file && f.file !== f.image ? ' · code from ' + f.file : ''),
    f.note ? el('p', {'class': 'note'}, f.note) : null,
    rows.length ? el('div', {'class': 'wide'}, el('table', {}, el('thead', {}, el('tr', {}, ...['Flat', 'Cum',
        'Address', 'Instruction', 'From'].map((h, i) => el('th', {scope: 'col', 'class': i < 3 ? 'num'
        : ''}, h)))), el('tbody', {}, ...rows))) : null);
}

function disasmPage(page, main) {
    const data = page.data, params = Object.assign({}, kept(page.params), {q: page.params.q});
    const form = functionForm(page, 'disasm');
    form.append(el('label', {}, el('input', {type: 'checkbox', checked: /^(1|t|true|y|yes|on)$/i.test(
        page.params.intel || ''), onchange: e => go('disasm', Object.assign({}, params,
        {intel: e.target.checked ? '1' : ''}))}), ' Intel\'s syntax'));
    main.append(form);
    if (!data) {
        main.append(el('p', {'class': 'dim pad'}, page.error ? '' : 'Type a function\'s name, or an ' +
            'address (0x…). Code is read from programs whose build id is the recorded one.'));
        return;
    }
    form.append(el('a', {'class': 'button', href: 'disasm' + query(Object.assign({}, params,
        {to: 'text'}))}, 'As text'));
    const unit = reportUnit(data.functions.flatMap(f => f.instructions.map(i => i.flat || i.cum || 0)),
        data.total, data.unit);
    data.functions.slice(0, 50).forEach((f, at) => main.append(disasmFunction(page, f, at, data,
        x => unitLabel(x, data.unit, unit))));
    if (data.functions.length > 50)
        main.append(el('p', {'class': 'dim pad'}, grouped(data.functions.length - 50) +
            ' more match; say more of the name.'));
    main.append(el('p', {'class': 'dim pad'}, 'What an event without :p costs often stands one ' +
        'instruction late.'));
    const chosen = document.getElementById(location.hash.slice(1)) ||
        main.querySelector('.disasm .heat4');
    if (chosen)
        chosen.scrollIntoView({block: 'center'});
}
