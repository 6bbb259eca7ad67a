// SPDX-License-Identifier: Apache-2.0
// Where names come from, why some are missing, and what would help.

function symbolsPage(page, main) {
    const images = page.data.images;
    const said = el('span', {role: 'status', 'class': 'dim'});
    const again = button('Look again', 'looks for symbols anew, for example after a file was put in ' +
        'its place', () => {
        said.textContent = 'looking…';
        post('retry' + query({file: page.params.file}), {}).then(answer => {
            said.textContent = answer.said;
            if (answer.ok)
                location.reload();
        });
    });
    main.append(el('div', {'class': 'row'}, again, said));
    if (!images.length) {
        main.append(el('p', {'class': 'dim pad'},
            'This profile came with its names, or has no addresses to look up.'));
        return;
    }
    main.append(el('div', {'class': 'wide'}, el('table', {'class': 'symbols'}, el('thead', {}, el('tr',
        {}, ...['Image', 'Samples', 'Resolved', 'Names', 'From', 'What would help'].map(
        h => el('th', {scope: 'col'}, h)))), el('tbody', {}, ...images.map(i => el('tr', {},
        el('td', {}, el('b', {}, i.image), i.id ? el('small', {'class': 'dim'}, ' ' + i.id) : ''),
        el('td', {'class': 'num'}, grouped(i.samples)),
        el('td', {'class': 'num'}, i.addresses ? percentLabel(i.resolved, i.addresses) : '–'),
        el('td', {}, i.status + (i.unverified ? ', unverified' : '')),
        el('td', {}, i.from), el('td', {}, i.hint)))))));
}
