// SPDX-License-Identifier: Apache-2.0
// Labels: how much each value has; a click keeps only samples with it.

function tagsPage(page, main) {
    const data = page.data;
    if (!data.keys.length)
        main.append(el('p', {'class': 'dim pad'}, 'These samples have no labels.'));
    for (const key of data.keys) {
        const unit = key.unit || '';
        const only = value => Object.assign({}, kept(page.params),
            {tf: (page.params.tf ? page.params.tf + ',' : '') + key.key + '=' + value});
        const rows = key.values.map(v => el('tr', {},
            el('td', {'class': 'num'}, unitLabel(v.sum, data.unit, 'auto')),
            el('td', {'class': 'num'}, percentLabel(v.sum, key.total)),
            el('td', {}, el('a', {href: 'tags' + query(only(typeof v.value === 'number' || unit
                ? v.value + (v.unit || unit) : '^' + quote(String(v.value)) + '$')),
                title: 'only samples with it'},
                String(v.value) + (v.unit || unit)))));
        main.append(el('section', {'class': 'tags'}, el('h2', {}, key.key, ' ',
            el('a', {'class': 'small', href: 'flamegraph' + query(Object.assign({}, kept(page.params),
                {tagroot: key.key}))}, 'split the flame graph by it')),
            el('table', {}, el('tbody', {}, ...rows))));
    }
}
