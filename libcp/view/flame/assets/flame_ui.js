// SPDX-License-Identifier: Apache-2.0
// The elements around a drawing: bar, help, legend, details.

function button(label, what, action) {
    return make('button', {type: 'button', title: what, 'aria-label': what, onclick: action},
        label);
}

// What the colours and marks of a differential graph mean, its scale, and which side shows.
function legend(app) {
    const conf = app.conf, swap = !!conf.negate;
    const patch = (c, words) => {
        const p = make('i', {'class': 'patch'});
        p.style.background = rgb(c);
        return make('span', {}, p, words);
    };
    const side = (value, label, what) => {
        const b = button(label, what, () => app.setSide(value));
        b.value = value;
        return b;
    };
    app.ui.sides = [side('before', 'Before', 'widths as before'),
        side('both', 'Both', 'widths as the larger side'),
        side('after', 'After', 'widths as after')];
    return make('div', {'class': 'legend'},
        make('span', {'class': 'sides', role: 'group', 'aria-label': 'side that widths show'},
            ...app.ui.sides),
        patch(swap ? MORE : LESS, 'less'), patch(SAME, 'within sampling noise'),
        patch(swap ? LESS : MORE, 'more'),
        make('span', {}, '▲▼ its own cost changed'),
        make('span', {}, make('i', {'class': 'patch new'}), 'new'),
        make('span', {}, make('i', {'class': 'patch gone'}), 'gone'),
        make('span', {}, conf.scaled));
}

const KEYS = [['Click, Enter', 'zoom'], ['Esc', 'show all'], ['Backspace', 'zoom to the caller'],
    ['← ↑ → ↓ Home', 'move between frames'], ['/, Ctrl-F', 'search'],
    ['n, N', 'next, previous match'], ['i', 'flip'], ['c', 'copy the name'], ['?', 'this help']];

function help(keys) {
    const box = make('div', {'class': 'help', hidden: ''});
    for (const [key, what] of keys)
        box.append(make('span', {}, make('kbd', {}, key), ' ' + what));
    box.append(make('span', {'class': 'wide'}, make('i', {'class': 'patch kernel'}), 'kernel ',
        make('i', {'class': 'patch inlined'}), 'inlined ', make('i', {'class': 'patch jit'}),
        'generated code'));
    return box;
}

function buildUi(app, host, drawing) {
    const conf = app.conf, ui = app.ui;
    ui.search = make('input', {type: 'search', placeholder: 'Search  /', spellcheck: 'false',
        'aria-label': 'Search function names', oninput: () => app.typed(),
        onkeydown: e => app.searchKey(e)});
    ui.regex = button('.*', 'regular expression', () => app.toggle('regex'));
    ui.exact = button('Aa', 'match case', () => app.toggle('exact'));
    ui.count = make('span', {'class': 'count', role: 'status'});
    ui.reset = button('Reset zoom', 'show everything (Esc)', () => app.zoom(0));
    ui.reset.disabled = true;
    ui.tools = make('span', {'class': 'tools'});
    app.help = () => {
        ui.help.hidden = !ui.help.hidden;
        ui.keys.setAttribute('aria-expanded', !ui.help.hidden);
    };
    ui.keys = button('?', 'keys and marks', () => app.help());
    ui.bar = make('div', {'class': 'bar'},
        make('span', {'class': 'head'}, make('h1', {}, conf.title),
            make('span', {'class': 'sub'}, conf.subtitle)),
        make('span', {'class': 'find', role: 'search'}, ui.count, ui.search, ui.regex, ui.exact,
            button('‹', 'previous match (N)', () => app.step(-1)),
            button('›', 'next match (n)', () => app.step(1))),
        make('span', {'class': 'tools'}, ui.reset, ui.tools,
            button('⇅', 'flip (i)', () => app.flip()), ui.keys));
    ui.help = help(KEYS);
    ui.scroll = make('div', {'class': 'scroll', tabindex: '0', role: 'application',
        'aria-roledescription': 'flame graph', 'aria-label': conf.title +
            ': arrow keys move between frames, Enter zooms, slash searches'});
    ui.name = make('b', {});
    ui.facts = make('span', {});
    ui.live = make('div', {'class': 'live', 'aria-live': 'polite'});
    ui.note = make('p', {'class': 'note'}, conf.note);
    ui.note.hidden = !conf.note;
    ui.main = make('div', {'class': 'main'}, ui.scroll);
    ui.root = make('div', {'class': 'cp-flame'}, ui.bar, ui.help, ui.note);
    if (conf.diff)
        ui.root.append(legend(app));
    ui.root.append(ui.main, make('div', {'class': 'details'}, ui.name, ' ', ui.facts), ui.live);
    if (conf.top)
        ui.root.style.setProperty('--back', 'linear-gradient(' + conf.top + ' 5%,' +
            conf.bottom + ' 95%)');
    ui.scroll.append(drawing);
    host.append(ui.root);
}
