// SPDX-License-Identifier: Apache-2.0
// Views under a name: kept on the machine that serves the pages, for everybody who looks.

function viewsMenu(page) {
    const list = el('div'), box = el('details', {'class': 'menu'}, el('summary',
        {title: 'saved views'}, 'Views'), list);
    const address = () => location.pathname.slice(1) + location.search + location.hash;

    function show(views) {
        const name = el('input', {'aria-label': 'Name of this view', placeholder: 'name of this view',
            maxlength: '200'});
        const said = el('small', {role: 'status'});
        list.replaceChildren(el('form', {'class': 'line', onsubmit: e => {
            e.preventDefault();
            post('keepview', {name: name.value, text: address()}).then(answer => {
                said.textContent = answer.said;
                if (answer.ok)
                    load();
            });
        }}, name, el('button', {type: 'submit'}, 'Keep')), said,
        ...Object.entries(views).map(([key, value]) => el('span', {'class': 'line'},
            el('a', {href: '/' + value}, key), button('×', 'forget ' + key, () =>
                post('dropview', {name: key}).then(load)))));
    }

    function load() {
        fetch('/views', {credentials: 'same-origin'}).then(answer => answer.json()).then(show)
            .catch(() => show({}));
    }

    box.addEventListener('toggle', () => {
        if (box.open)
            load();
    });
    return box;
}
