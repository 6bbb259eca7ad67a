// SPDX-License-Identifier: Apache-2.0
// The call graph: the library draws it and moves it; here is what is around it.

function graphPage(page, main) {
    const svg = main.querySelector('.cp-graph'), panel = document.getElementById('cp-graph-box');
    if (!svg || !window.cpGraph)
        return;
    const graph = new window.cpGraph(svg, chosen);
    const title = i => graph.nodes[i].querySelector('title').textContent;
    const nameOf = i => title(i).replace(/: (flat )?[^:]*$/, '');
    const valueOf = edge => edge.g.querySelector('title').textContent.replace(/^.*: /s, '');

    function neighbours(what, edges, end) {
        return edges.length ? [el('h3', {}, what), el('ul', {}, ...edges.map(edge => el('li', {},
            button(nameOf(edge[end]), 'go there', () => go(edge[end]), {'class': 'link'}), ' ' +
            valueOf(edge))))] : [];
    }

    function chosen(i) {
        panel.hidden = i < 0;
        remember(i);
        if (i < 0)
            return;
        const name = nameOf(i);
        panel.replaceChildren(el('h2', {}, name), el('p', {}, title(i).slice(name.length + 2)),
            el('p', {}, functionLink(page, name), ' · ', el('a', {href: 'graph' + query(Object.assign({},
                kept(page.params), {f: '^' + quote(name) + '$'}))}, 'only stacks with it')),
            ...neighbours('Called by', graph.edges.filter(e => e.to === i && e.from !== i), 'from'),
            ...neighbours('Calls', graph.edges.filter(e => e.from === i && e.to !== i), 'to'));
    }

    // The box that is chosen stands in the address.
    function remember(i) {
        history.replaceState(null, '', location.pathname + location.search +
            (i < 0 ? '' : '#n=' + encodeURIComponent(nameOf(i))));
    }

    function go(i) {
        graph.choose(i);
        graph.focus(i);
    }

    function search(text) {
        let first = -1;
        graph.nodes.forEach((n, i) => {
            const hit = !text || nameOf(i).toLowerCase().includes(text.toLowerCase());
            n.classList.toggle('miss', !hit);
            if (hit && first < 0)
                first = i;
        });
        if (text && first >= 0)
            graph.reveal(first);
        return first;
    }

    const find = el('input', {type: 'search', placeholder: 'Search  /', 'aria-label':
        'Search function names', spellcheck: 'false', oninput: () => search(find.value),
        onkeydown: e => {
            e.stopPropagation();
            if (e.key === 'Enter' && find.value && search(find.value) >= 0)
                go(search(find.value));
        }});
    const count = el('select', {'aria-label': 'Functions at most', onchange: e => {
        location.href = 'graph' + query(Object.assign({}, page.params, {n: e.target.value}));
    }}, ...[['20', '20 functions'], ['', '80 functions'], ['200', '200 functions'],
        ['500', '500 functions']].map(([value, label]) => el('option', {value: value,
        selected: (page.params.n || '') === value}, label)));
    main.prepend(el('div', {'class': 'row'}, find, count, button('−', 'smaller (-)', () =>
        graph.zoom(.8)), button('+', 'larger (+)', () => graph.zoom(1.25)),
        button('Fit', 'all of it (0)', () => graph.fit()), el('span', {'class': 'dim'},
            'arrow keys follow calls, Enter chooses')));
    page.search = find;
    main.classList.add('column', 'graph');
    document.addEventListener('keydown', e => {
        if (!/^(INPUT|SELECT|TEXTAREA|BUTTON)$/.test(e.target.tagName || ''))
            graph.key(e);
    });
    graph.start();
    const wanted = new URLSearchParams(location.hash.slice(1)).get('n');
    const at = wanted ? graph.nodes.findIndex((n, i) => nameOf(i) === wanted) : -1;
    if (at >= 0)
        go(at);
}
