// SPDX-License-Identifier: Apache-2.0
// What a page has beyond a picture: a function's callers and callees, the table of
// functions, the order of siblings, and trees without what is hidden.

// A small flame graph beside the main one; a click turns to the function clicked.
function pane(app, inverted, turn) {
    const conf = app.conf, painter = canvasPainter();
    const font = conf.fontSize + 'px ' + conf.font, fit = fitter(font);
    const scroll = make('div', {'class': 'scroll' + (inverted ? ' down' : ''), tabindex: '0',
        role: 'img', 'aria-label': inverted ? 'callees' : 'callers'}, painter.element);
    const p = {scroll: scroll, model: null};

    p.paint = () => {
        const m = p.model, pixels = Math.max(scroll.clientWidth - 12, 100), row = conf.row;
        const scale = pixels / (m.width[0] || 1), top = scroll.scrollTop;
        const view = scroll.clientHeight || 300;
        const lo = Math.floor(top / row) - 4, hi = lo + Math.ceil(view / row) + 8;
        const from = inverted ? lo : m.levels - hi, to = inverted ? hi : m.levels - lo;
        painter.paint({m: m, width: pixels, height: m.levels * row, window: view, top: top,
            row: row, size: conf.fontSize, font: font, fit: fit, matched: () => false,
            current: -1, boxes: visible(m, 0, pixels, .4, 20000, from, to).map(i => ({i: i,
                x: m.x[i] * scale, w: m.width[i] * scale, above: false,
                y: (inverted ? m.depth[i] : m.levels - 1 - m.depth[i]) * row}))});
    };
    p.show = m => {
        p.model = m;
        p.paint();
        scroll.scrollTop = inverted ? 0 : 1e9;
        p.paint();
    };
    scroll.addEventListener('scroll', () => requestAnimationFrame(p.paint), {passive: true});
    scroll.addEventListener('click', e => {
        const i = painter.at(e);
        if (i > 0)
            turn(p.model.entries[p.model.entry[i]].name);
    });
    scroll.addEventListener('mousemove', e => {
        const i = painter.at(e), m = p.model;
        app.ui.name.textContent = i < 0 ? '' : nameOf(m, i);
        app.ui.facts.textContent = i < 0 ? '' : app.show(m.total[i]) + ' · ' +
            percent(m.total[i], m.total[0]) + ' of this function';
    });
    return p;
}

function extendPage(app) {
    const given = app.given, ui = app.ui, names = given.names;
    const start = app.conf.timed ? 'name' : 'given';
    const rules = {hide: new Set(), focus: -1, recursion: false, order: start};
    let table = null, sorted = 'self', sandwich = -1;

    const plain = k => given.shown[k];
    const changed = () => rules.hide.size > 0 || rules.focus >= 0 || rules.recursion ||
        rules.order !== 'given';

    // Trees -----------------------------------------------------------------------------

    function rebuild() {
        app.setModel(changed() ? derive(given, rules) : given);
        ui.undo.hidden = !(rules.hide.size || rules.focus >= 0 || rules.recursion);
        ui.recursion.setAttribute('aria-pressed', rules.recursion);
        ui.order.value = rules.order;
        if (table)
            fill();
    }

    function rule(change) {
        change();
        rebuild();
        app.remember(true);
    }

    const hide = k => rule(() => rules.hide.add(k));
    const focus = k => rule(() => { rules.focus = k; });
    const fold = () => rule(() => { rules.recursion = !rules.recursion; });
    const undo = () => rule(() => {
        rules.hide.clear();
        rules.focus = -1;
        rules.recursion = false;
    });

    // Sandwich --------------------------------------------------------------------------

    const above = pane(app, false, k => turn(k)), below = pane(app, true, k => turn(k));
    ui.middle = make('div', {'class': 'middle', role: 'status'});
    ui.sandwich = make('div', {'class': 'sandwich', hidden: ''}, above.scroll, ui.middle,
        below.scroll);

    function turn(k) {
        sandwich = k;
        ui.sandwich.hidden = k < 0;
        ui.scroll.hidden = k >= 0;
        ui.back.hidden = k < 0;
        if (k >= 0) {
            const m = app.model, up = callers(m, k, 'value'), down = callees(m, k, 'value');
            up.pivot = down.pivot = true;
            ui.middle.textContent = '↑ callers · ' + plain(k) + ' · ' + app.show(down.total[0]) +
                ' (' + percent(down.total[0], m.total[0]) + '), self ' + app.show(down.self[0]) +
                ' · callees ↓';
            above.show(up);
            below.show(down);
        } else {
            app.draw();
        }
        app.remember(true);
    }

    // Table -----------------------------------------------------------------------------

    const MOST_ROWS = 400;

    function fill() {
        const m = app.model, t = functions(m), needle = ui.filter.value.toLowerCase();
        const compare = sorted === 'name' ? (a, b) => a - b
            : sorted === 'change' ? (a, b) => Math.abs(change(t, b)) - Math.abs(change(t, a)) || a - b
            : (a, b) => t[sorted][b] - t[sorted][a] || a - b;
        const rows = [];
        for (let k = 0; k < names.length; k++)
            if (t.entry[k] >= 0 && (!needle || plain(k).toLowerCase().includes(needle)))
                rows.push(k);
        rows.sort(compare);
        const body = make('tbody');
        for (const k of rows.slice(0, MOST_ROWS))
            body.append(line(m, t, k));
        table.tBodies[0].replaceWith(body);
        ui.more.textContent = rows.length > MOST_ROWS
            ? grouped(rows.length - MOST_ROWS) + ' more; filter to see them' : '';
        for (const th of table.tHead.rows[0].cells)
            th.setAttribute('aria-sort', th.dataset.key === sorted
                ? (sorted === 'name' ? 'ascending' : 'descending') : 'none');
    }

    const change = (t, k) => t.total[k] - t.before[k] * app.conf.before;

    function line(m, t, k) {
        const cells = [[app.show(t.self[k]), 'val'], [percent(t.self[k], m.total[0]), ''],
            [app.show(t.total[k]), 'val'], [percent(t.total[k], m.total[0]), '']];
        if (app.conf.diff)
            cells.push([(change(t, k) < 0 ? '' : '+') + app.show(change(t, k)), '']);
        const name = make('button', {type: 'button', 'class': 'link', title: 'callers and callees',
            onclick: () => turn(k)}, plain(k));
        return make('tr', {}, ...cells.map(([words, kind]) => make('td', {'class': kind}, words)),
            make('td', {}, name));
    }

    function makeTable() {
        const heads = [['self', 'Self', 'val'], ['self', 'Self %', ''], ['total', 'Total', 'val'],
            ['total', 'Total %', '']];
        if (app.conf.diff)
            heads.push(['change', 'Change', '']);
        heads.push(['name', 'Function', '']);
        table = make('table', {}, make('thead', {}, make('tr', {}, ...heads.map(
            ([key, label, kind]) => make('th', {'data-key': key, scope: 'col', 'class': kind}, make('button', {type: 'button',
                'class': 'link', onclick: () => { sorted = key; fill(); }}, label))))),
            make('tbody'));
        ui.filter = make('input', {type: 'search', placeholder: 'Filter', 'aria-label':
            'Filter the table', oninput: fill});
        ui.more = make('p', {'class': 'sub'});
        ui.side = make('div', {'class': 'side'}, ui.filter, table, ui.more);
        ui.main.append(ui.side);
    }

    function toggleTable() {
        if (!table)
            makeTable();
        else
            ui.side.hidden = !ui.side.hidden;
        ui.list.setAttribute('aria-pressed', !ui.side.hidden);
        fill();
        app.draw();
    }

    // Menu and tooltip --------------------------------------------------------------------

    ui.menu = make('div', {'class': 'menu', role: 'menu', hidden: ''});
    ui.tip = make('div', {'class': 'tip', hidden: '', 'aria-hidden': 'true'});

    function place(e, box) {
        box.hidden = false;
        const r = box.getBoundingClientRect();
        box.style.left = Math.max(0, Math.min(e.clientX + 12, window.innerWidth - r.width - 8)) + 'px';
        box.style.top = Math.max(0, Math.min(e.clientY + 14, window.innerHeight - r.height - 8)) + 'px';
    }

    function openMenu(e, i) {
        const m = app.model, k = m.entries[m.entry[i]].name;
        const item = (label, action) => make('button', {type: 'button', role: 'menuitem',
            onclick: () => { closeMenu(); action(); }}, label);
        ui.menu.replaceChildren(item('Zoom', () => app.zoom(i)), item('Copy name', () => app.copy(i)));
        if (i)
            ui.menu.append(item('Callers and callees (s)', () => turn(k)),
                item('Find all (a)', () => app.find(plain(k), false)),
                item('Only stacks with it (f)', () => focus(k)), item('Hide it (h)', () => hide(k)));
        ui.tip.hidden = true;
        place(e, ui.menu);
        ui.menu.firstChild.focus();
    }

    // By key: at the frame's place, as far as it is known, or in the middle.
    function menuAt(i) {
        const r = ui.scroll.getBoundingClientRect();
        openMenu({clientX: r.left + r.width / 3, clientY: r.top + r.height / 3}, i);
    }

    function closeMenu() {
        ui.menu.hidden = true;
    }

    app.onhover = (i, e) => {
        ui.tip.hidden = i < 0 || !ui.menu.hidden;
        if (ui.tip.hidden)
            return;
        ui.tip.replaceChildren(make('b', {}, nameOf(app.model, i)), make('br'), app.details(i));
        place(e, ui.tip);
    };

    // The address ---------------------------------------------------------------------------

    // No name holds a line's end; many hold commas.
    const list = set => encodeURIComponent(Array.from(set, k => names[k]).join('\n'));
    app.extra = [
        () => sandwich >= 0 ? 'w=' + encodeURIComponent(names[sandwich]) : '',
        () => rules.hide.size ? 'h=' + list(rules.hide) : '',
        () => rules.focus >= 0 ? 'k=' + encodeURIComponent(names[rules.focus]) : '',
        () => rules.recursion ? 'x=1' : '',
        () => rules.order !== start ? 'o=' + rules.order : ''
    ];
    app.onrestore = want => {
        const id = name => name ? names.indexOf(name) : -1;
        rules.hide = new Set((want.h || '').split('\n').map(id).filter(k => k >= 0));
        rules.focus = want.k === undefined ? -1 : id(want.k);
        rules.recursion = want.x === '1';
        rules.order = ['name', 'value', 'given'].includes(want.o) ? want.o : start;
        rebuild();
        const k = want.w === undefined ? -1 : id(want.w);
        if (k !== sandwich)
            turn(k);
    };

    // The bar ---------------------------------------------------------------------------------

    const orders = [['name', 'by name'], ['value', 'heaviest first']];
    if (app.conf.timed)
        orders.push(['given', 'by time']);
    else
        orders[0][0] = 'given';
    ui.order = make('select', {'aria-label': 'Order of siblings', title: 'order of siblings',
        onchange: () => rule(() => { rules.order = ui.order.value; })},
        ...orders.map(([value, label]) => make('option', {value: value}, label)));
    ui.list = button('Table', 'table of functions (t)', toggleTable);
    ui.recursion = button('Fold recursion', 'a function that calls itself is one frame (r)', fold);
    ui.undo = button('Undo hiding', 'show the whole tree (u)', undo);
    ui.back = button('Back to the graph', 'leave callers and callees (s)', () => turn(-1));
    ui.undo.hidden = ui.back.hidden = true;
    if (!app.conf.chart)
        ui.tools.append(ui.order);
    ui.tools.append(ui.list, ui.recursion, ui.undo, ui.back);
    ui.main.append(ui.sandwich);
    ui.root.append(ui.menu, ui.tip);
    ui.scroll.addEventListener('mouseleave', () => { ui.tip.hidden = true; });
    ui.scroll.addEventListener('contextmenu', e => {
        const i = app.at(e);
        if (i >= 0) {
            e.preventDefault();
            openMenu(e, i);
        }
    });
    document.addEventListener('click', e => {
        if (!ui.menu.contains(e.target))
            closeMenu();
    }, app.until);
    ui.menu.addEventListener('keydown', e => {
        const items = Array.from(ui.menu.children), at = items.indexOf(document.activeElement);
        if (e.key === 'Escape') {
            closeMenu();
            ui.scroll.focus();
        } else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
            items[(at + (e.key === 'ArrowDown' ? 1 : items.length - 1)) % items.length].focus();
        } else {
            return;
        }
        e.preventDefault();
        e.stopPropagation();
    });
    window.addEventListener('resize', () => {
        if (sandwich >= 0) {
            above.paint();
            below.paint();
        }
    }, app.until);

    for (const [key, what] of [['s', 'callers and callees'], ['f', 'only stacks with it'],
        ['h', 'hide it'], ['r', 'fold recursion'], ['u', 'undo'], ['t', 'table of functions'],
        ['a', 'find all of it'], ['m, right click', 'menu']])
        ui.help.insertBefore(make('span', {}, make('kbd', {}, key), ' ' + what),
            ui.help.lastChild);

    const name = i => app.model.entries[app.model.entry[i]].name;
    Object.assign(app.keys, {
        s: i => turn(sandwich >= 0 ? -1 : i ? name(i) : -1), f: i => i && focus(name(i)),
        h: i => i && hide(name(i)), r: fold, u: undo, t: toggleTable,
        a: i => i && app.find(plain(name(i)), false), m: menuAt
    });
    app.page = {turn: turn, rules: rules, rebuild: rebuild, hide: hide, focus: focus, fold: fold,
        undo: undo, toggleTable: toggleTable};
    if (app.conf.timed)
        app.begin = rebuild;
}

// A page of which only the widest frames came: what is left out is fetched when somebody turns
// to the graph, or when the address wants more than the first look. Takes its place unseen: the
// address knows the view, the rest is handed over.
function startPage(host, block) {
    const rest = block.getAttribute('data-rest'), signs = ['pointermove', 'pointerdown',
        'keydown', 'focusin', 'wheel'];
    const draw = text => flameApp(host, text, {painter: canvasPainter(), most: 20000, page: true,
        extend: extendPage});
    let asked = false;

    function replace(text) {
        const old = window.cpFlame.instance, ui = old.ui, typing = document.activeElement;
        const mark = old.current > 0 ? old.markOf(old.current) : 0, top = ui.scroll.scrollTop;
        const from = ui.search.selectionStart, whole = ui.scroll.scrollHeight;
        old.remember(false);
        old.close();
        const app = draw(text);
        window.cpFlame.instance = app;
        app.choose(mark ? Math.max(app.marked(mark), -1) : -1);
        app.ui.scroll.scrollTop = app.inverted ? top : top + app.ui.scroll.scrollHeight - whole;
        if (typing === ui.search) {
            app.ui.search.focus();
            app.ui.search.setSelectionRange(from, from);
        } else if (typing === ui.scroll) {
            app.ui.scroll.focus();
        }
        if (window.cpFlame.onwhole)
            window.cpFlame.onwhole(app);
    }

    function ask() {
        if (asked)
            return;
        asked = true;
        fetch(rest, {credentials: 'same-origin'}).then(answer => {
            if (!answer.ok)
                throw new Error(answer.status);
            return answer.text();
        }).then(replace).catch(() => {
            asked = false;
        });
    }

    if (rest) {
        for (const sign of signs)
            host.addEventListener(sign, ask, {passive: true});
        window.addEventListener('beforeprint', ask);
        if (location.hash.length > 1)
            setTimeout(ask);
    }
    return draw(block.textContent);
}
