// SPDX-License-Identifier: Apache-2.0
// The callers and callees of the functions that match.

function functionForm(page, where) {
    const given = page.params.q || '', plain = unquote(given.replace(/^\^(.*)\$$/, '$1'));
    const box = el('input', {type: 'search', 'aria-label': 'Function', spellcheck: 'false',
        placeholder: 'function', value: plain === null ? given : plain});
    const regex = button('.*', 'regular expression', () => regex.setAttribute('aria-pressed',
        regex.getAttribute('aria-pressed') !== 'true'), {'aria-pressed': String(plain === null)});
    const wrong = page.error && page.error.param === 'q';
    if (wrong)
        box.setAttribute('aria-invalid', 'true');
    page.search = box;
    return el('form', {'class': 'row', onsubmit: e => {
        e.preventDefault();
        go(where, Object.assign({}, kept(page.params), {q: regex.getAttribute('aria-pressed') === 'true'
            ? box.value : quote(box.value)}));
    }}, box, regex, el('button', {type: 'submit'}, 'Show'), wrong ? el('span', {'class': 'wrong',
        role: 'alert'}, page.error.message) : null);
}

function peekPage(page, main) {
    const data = page.data;
    main.append(functionForm(page, 'peek'));
    if (!data) {
        main.append(el('p', {'class': 'dim pad'},
            'Type a function\'s name, or choose one in the table "Top".'));
        return;
    }
    const unit = reportUnit(data.nodes.map(n => Math.abs(n.flat) || Math.abs(n.cum)), data.total,
        data.unit);
    const label = x => unitLabel(x, data.unit, unit);
    const side = (list, whole, what) => el('table', {}, el('caption', {}, what), el('tbody', {},
        ...list.map(edge => el('tr', {}, el('td', {'class': 'num'}, label(edge.weight)),
            el('td', {'class': 'num'}, percentLabel(edge.weight, whole)),
            el('td', {}, functionLink(page, edge.name), edge.inline ? ' (inline)' : '')))));
    for (const node of data.nodes.slice(0, 200))
        main.append(el('section', {'class': 'peek'},
            node.callers.length ? side(node.callers, node.cum, 'Callers') :
                el('p', {'class': 'dim'}, 'No callers.'),
            el('h2', {}, node.name, ' ', el('a', {'class': 'small', href: 'source' + query(
                Object.assign({}, kept(page.params), {q: '^' + quote(node.name) + '$'}))}, 'source'), ' ', el('a', {'class': 'small', href: 'disasm' + query(Object.assign({}, kept(page.params),
                {q: '^' + quote(node.name) + '$'}))}, 'instructions'), el('small', {}, ' flat ' + label(node.flat) + ' (' +
                percentLabel(node.flat, data.total) + ') · cum ' + label(node.cum) + ' (' +
                percentLabel(node.cum, data.total) + ')')),
            node.callees.length ? side(node.callees, node.cum, 'Callees') :
                el('p', {'class': 'dim'}, 'It calls nothing here.')));
    if (!data.nodes.length)
        main.append(el('p', {'class': 'dim pad'}, 'No function matches.'));
    if (data.nodes.length > 200)
        main.append(el('p', {'class': 'dim pad'}, grouped(data.nodes.length - 200) +
            ' more match; say more of the name.'));
}
