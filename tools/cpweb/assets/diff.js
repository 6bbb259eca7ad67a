// SPDX-License-Identifier: Apache-2.0
// Two sides compared: which files, what cpdiff says, and the difference as a picture.

function sidePicker(page, side) {
    const now = (page.params[side] || '').split('/').filter(x => x);
    const size = Math.min(6, Math.max(2, page.files.length));
    return el('label', {'class': 'side'}, side === 'before' ? 'Before' : 'After',
        el('select', {multiple: true, size: size, name: side}, ...page.files.map(name =>
            el('option', {value: name, selected: now.includes(name)}, name))));
}

function diffForm(page) {
    const sides = [sidePicker(page, 'before'), sidePicker(page, 'after')];
    const scale = el('select', {'aria-label': 'Scale'}, ...[['', 'scaled as cpdiff does'], ['none', 'not scaled'], ['time',
        'to equal durations'], ['total', 'to equal totals']].map(([value, label]) => el('option',
        {value: value, selected: (page.params.scale || '') === value}, label)));
    const names = label => Array.from(label.querySelector('select').selectedOptions,
        o => o.value).join('/');
    return el('form', {'class': 'row sides', onsubmit: e => {
        e.preventDefault();
        go('diff', Object.assign({}, page.params, {before: names(sides[0]), after: names(sides[1]),
            scale: scale.value}));
    }}, ...sides, el('span', {}, scale, ' ', el('button', {type: 'submit'}, 'Compare')));
}

function diffPage(page, main) {
    const data = page.data, p = kept(page.params);
    if (page.params.timeb)
        p.timeb = page.params.timeb;
    main.append(diffForm(page));
    if (!data) {
        main.append(el('p', {'class': 'dim pad'}, 'Choose one or more captures a side. Several a ' +
            'side tell a change from what varies between runs.'));
        return;
    }
    const cum = location.hash === '#cum';
    const unit = data.unit, label = x => unitLabel(x, unit, 'auto');
    const total = data.total;
    main.append(el('div', {'class': 'row'},
        el('a', {'class': 'button', href: 'diffgraph' + query(p)}, 'Difference as a flame graph'),
        el('a', {'class': 'button', href: 'diff' + query(Object.assign({}, p, {to: 'csv'}))}, 'CSV'),
        el('a', {'class': 'button', href: 'diff' + query(Object.assign({}, p, {to: 'json'}))}, 'JSON'),
        button(cum ? 'By own value' : 'With what it calls', 'which values', () => {
            location.hash = cum ? '' : '#cum';
            location.reload();
        })));
    // cpdiff's own sentences: the total and its cause, then how it was compared.
    const said = page.said || [], how = said.findIndex(words => words.startsWith('compared: '));
    said.slice(0, how < 0 ? said.length : how).forEach((words, i) => main.append(el('p',
        {'class': 'pad verdict' + (i ? '' : ' ' + total.verdict)}, i ? words : el('b', {}, words))));
    if (how >= 0)
        main.append(el('details', {'class': 'pad'}, el('summary', {'class': 'plain'}, 'How it was compared'),
            ...said.slice(how).map(words => el('p', {'class': 'dim'}, words))));
    const rows = data.functions.map(r => Object.assign({name: r.name,
        partner: r.moved_with}, cum ? r.cum : r.flat));
    const columns = [
        {key: 'verdict', label: 'Verdict', text: r => r.verdict || '', cell: r => el('span',
            {'class': 'v ' + (r.verdict || '').split(' ')[0]}, r.verdict || '')},
        {key: 'before', label: 'Before', number: true, text: r => label(r.before), more: true},
        {key: 'after', label: 'After', number: true, text: r => label(r.after), more: true},
        {key: 'change', label: 'Change', number: true, text: r => (r.change > 0 ? '+' : '') +
            label(r.change), order: (a, b) => Math.abs(a.change) - Math.abs(b.change)},
        {key: 'ratio', label: 'Ratio', number: true, text: r => r.ratio === null ||
            r.ratio === undefined ? '' : changeText(r.ratio)},
        {key: 'name', label: 'Function', text: r => r.name + (r.partner ? ' ↔ ' + r.partner : '')}
    ];
    const table = bigTable(columns, rows, {caption: 'functions that differ', sort: 'change',
        onstate: () => {}});
    main.append(table.element);
    page.search = table.filter;
    main.classList.add('column');
}

const changeText = ratio => (ratio >= 1 ? '+' : '') + ((ratio - 1) * 100).toFixed(1) + '%';
