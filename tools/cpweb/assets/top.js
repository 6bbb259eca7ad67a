// SPDX-License-Identifier: Apache-2.0
// Every function with its own and its cumulative value.

function functionLink(page, name) {
    return el('a', {href: 'peek' + query(Object.assign({}, kept(page.params),
        {q: '^' + quote(name) + '$'})), title: 'callers and callees'}, name || '(no name)');
}

function topPage(page, main) {
    const data = page.data, total = data.total, rows = data.nodes;
    const unit = page.params.unit && page.params.unit !== 'minimum' ? page.params.unit
        : reportUnit(rows.map(row => Math.abs(row.flat) || Math.abs(row.cum)), total, data.unit);
    const label = x => unitLabel(x, data.unit, unit);
    let sum = 0;
    for (const row of rows) {
        sum += row.flat;
        row.sum = sum;
    }
    const columns = [
        {key: 'flat', label: 'Flat', number: true, text: row => label(row.flat)},
        {key: 'flatp', label: 'Flat %', number: true, text: row => percentLabel(row.flat, total),
            order: (a, b) => a.flat - b.flat, more: true},
        {key: 'sum', label: 'Sum %', number: true, text: row => percentLabel(row.sum, total),
            more: true},
        {key: 'cum', label: 'Cum', number: true, text: row => label(row.cum)},
        {key: 'cump', label: 'Cum %', number: true, text: row => percentLabel(row.cum, total),
            order: (a, b) => a.cum - b.cum, more: true},
        {key: 'name', label: 'Function', text: row => row.name + (row.inline === 'all' ? ' (inline)'
            : row.inline ? ' (partial-inline)' : ''),
            cell: row => el('span', {}, functionLink(page, row.name), row.inline ? ' ' + (row.inline ===
                'all' ? '(inline)' : '(partial-inline)') : '')}
    ];
    const hash = new URLSearchParams(location.hash.slice(1));
    const sort = hash.get('sort') || (page.params.sort === 'cum' ? 'cum' : 'flat');
    const table = bigTable(columns, rows, {caption: 'functions', sort: sort,
        down: hash.get('up') !== '1', needle: hash.get('q') || '',
        onopen: row => go('peek', Object.assign({}, kept(page.params), {q: '^' + quote(row.name) + '$'})),
        onstate: state => {
            const q = new URLSearchParams();
            if (state.sort !== 'flat')
                q.set('sort', state.sort);
            if (!state.down)
                q.set('up', '1');
            if (state.needle)
                q.set('q', state.needle);
            history.replaceState(null, '', location.pathname + location.search +
                (q.toString() ? '#' + q : ''));
        }});
    table.tools.append(el('span', {'class': 'dim'}, unitLabel(total, data.unit, 'auto') + ' in all'));
    main.append(table.element);
    page.search = table.filter;
    table.scroll.focus({preventScroll: true});
}
