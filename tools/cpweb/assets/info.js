// SPDX-License-Identifier: Apache-2.0
// What is in the file, what it lost, and what to do better next time.

function infoValue(value) {
    if (Array.isArray(value)) {
        if (!value.length)
            return el('span', {'class': 'dim'}, 'none');
        if (typeof value[0] !== 'object')
            return el('span', {}, value.join(', '));
        const keys = Object.keys(Object.assign({}, ...value));
        return el('div', {'class': 'wide'}, el('table', {}, el('thead', {}, el('tr', {},
            ...keys.map(k => el('th', {scope: 'col'}, k.replace(/_/g, ' '))))), el('tbody', {},
            ...value.slice(0, 200).map(row => el('tr', {}, ...keys.map(k => el('td',
                {'class': typeof row[k] === 'number' ? 'num' : ''},
                row[k] === null || row[k] === undefined ? '' : typeof row[k] === 'number'
                    ? grouped(row[k]) : String(row[k]))))))));
    }
    if (value !== null && typeof value === 'object')
        return infoList(value);
    if (value === null)
        return el('span', {'class': 'dim'}, 'none');
    return el('span', {}, typeof value === 'boolean' ? value ? 'yes' : 'no'
        : typeof value === 'number' && Number.isInteger(value) ? grouped(value) : String(value));
}

function infoList(data) {
    return el('dl', {'class': 'info'}, ...Object.entries(data).filter(([key]) =>
        key !== 'schema').flatMap(([key, value]) => [el('dt', {}, key.replace(/_/g, ' ')),
        el('dd', {}, infoValue(value))]));
}

function infoPage(page, main) {
    if (!page.data) {
        main.append(el('p', {'class': 'dim pad'}, page.error ? '' :
            'Only a file can be looked at again; this came through a pipe.'));
        return;
    }
    const {diagnosis, ...rest} = page.data;
    if (diagnosis && diagnosis.length)
        main.append(el('section', {'class': 'pad'}, el('h2', {}, 'What could be better'), el('ul', {},
            ...diagnosis.map(d => el('li', {}, (d.text || d.message || '') + (d.fix ? ': ' + d.fix
                : ''))))));
    main.append(infoList(rest));
}
