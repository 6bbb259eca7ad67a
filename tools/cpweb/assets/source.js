// SPDX-License-Identifier: Apache-2.0
// Source with what each line cost, and below a line what was inlined into it.

function sourceFunction(page, f, data, label) {
    const most = Math.max(...f.lines.map(line => line.flat || line.cum), 1);
    const rows = f.lines.map(line => {
        const heat = Math.min(4, Math.ceil((line.flat || 0) / most * 4));
        return el('tr', {'class': (line.depth ? 'inl ' : '') + 'heat' + heat},
            el('td', {'class': 'num'}, line.depth ? '' : String(line.line)),
            el('td', {'class': 'num'}, line.flat ? label(line.flat) : ''),
            el('td', {'class': 'num'}, line.cum ? label(line.cum) : ''),
            el('td', {'class': 'code'}, line.depth ? ' '.repeat(4 * line.depth) + '↳ ' + line.name + '  ' +
                (line.file || '') + ':' + line.line : line.text || ''));
    });
    return el('section', {'class': 'source'}, el('h2', {}, f.name, ' ', el('a', {'class': 'small',
        href: 'disasm' + query(Object.assign({}, kept(page.params), {q: '^' + quote(f.name) + '$'}))},
    'instructions'), el('small', {}, ' flat ' +
        label(f.flat) + ' (' + percentLabel(f.flat, data.total) + ') · cum ' + label(f.cum) + ' (' +
        percentLabel(f.cum, data.total) + ')')),
        el('p', {'class': 'dim'}, f.path || f.file || '', f.newer ? ' · changed after the profile was taken'
            : ''), f.note ? el('p', {'class': 'note'}, f.note) : null,
        el('div', {'class': 'wide'}, el('table', {}, el('thead', {}, el('tr', {}, ...['Line', 'Flat', 'Cum',
            'Source'].map(h => el('th', {scope: 'col', 'class': h === 'Source' ? '' : 'num'}, h)))),
            el('tbody', {}, ...rows))));
}

function sourcePage(page, main) {
    const data = page.data;
    main.append(functionForm(page, 'source'));
    if (!data) {
        main.append(el('p', {'class': 'dim pad'}, page.error ? '' : 'Type a function\'s name. Files are ' +
            'shown that lie below --source-path, or that the debug information of the image itself names.'));
        return;
    }
    const unit = reportUnit(data.functions.flatMap(f => f.lines.map(line => line.flat || line.cum)),
        data.total, data.unit);
    for (const f of data.functions.slice(0, 50))
        main.append(sourceFunction(page, f, data, x => unitLabel(x, data.unit, unit)));
}
