// SPDX-License-Identifier: Apache-2.0
// The application around a drawing: zoom, search, details, keys, the address.

// 1234567 as 1,234,567; toLocaleString takes a hundred times as long.
function grouped(v) {
    return (v < 1e21 ? String(Math.round(v)) : v.toExponential(3))
        .replace(/\B(?=(\d{3})+$)/g, ',');
}

function values(conf) {
    const ladders = [[], [['h', 3600], ['min', 60], ['s', 1], ['ms', 1e-3], ['µs', 1e-6],
        ['ns', 1e-9]], [['TB', 2 ** 40], ['GB', 2 ** 30], ['MB', 2 ** 20], ['kB', 1024],
        ['B', 1]]];
    const steps = ladders[conf.kind];
    return v => {
        v *= conf.scale;
        if (!steps.length)
            return (v === Math.floor(v) ? grouped(v) : v.toFixed(2)) + ' ' + conf.unit;
        const step = steps.find(s => Math.abs(v) >= s[1]) || steps[steps.length - 1];
        const x = v / step[1], size = Math.abs(x);
        return x.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2) + ' ' + step[0];
    };
}

function percent(part, whole) {
    const share = whole > 0 ? 100 * part / whole : 0;
    return share.toFixed(share && share < .01 ? 5 : 2) + '%';
}

// A hash of every node's path: addresses stay valid when the graph is made again.
function pathHashes(m) {
    const names = m.names.map(name => {
        let h = 0x811c9dc5;
        for (let i = 0; i < name.length; i++)
            h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
        return h;
    });
    const out = new Uint32Array(m.n);
    out[0] = 1;
    for (let i = 1; i < m.n; i++)
        out[i] = Math.imul(out[m.parent[i]] ^ names[m.entries[m.entry[i]].name], 0x9e3779b1) ^
            out[m.parent[i]] >>> 15;
    return out;
}

function flameApp(host, text, options) {
    const given = decode(text), conf = given.conf, show = values(conf);
    const painter = options.painter, row = conf.row, size = conf.fontSize;
    const font = size + 'px ' + conf.font, fit = fitter(font);
    const ui = {}, wide = window.matchMedia('(prefers-color-scheme: dark)');
    const app = {given: given, model: given, conf: conf, show: show, ui: ui, zoomed: 0,
        current: -1, inverted: !!conf.inverted, search: {text: '', regex: false, exact: false}};
    let found = null, hits = [], hit = -1, hashes = null, told = '', queued = false,
        printing = false;

    // Search ------------------------------------------------------------------------

    function pattern() {
        const s = app.search, flags = s.exact ? 'u' : 'iu';
        return new RegExp(s.regex ? s.text : s.text.replace(/[.*+?^${}()|[\]\\\/]/g, '\\$&'),
            flags);
    }

    function runSearch() {
        const m = app.model, s = app.search;
        found = null;
        hits = [];
        hit = -1;
        ui.search.removeAttribute('aria-invalid');
        if (s.text) {
            try {
                const re = pattern(), yes = m.shown.map(n => re.test(n) ? 1 : 0);
                found = new Uint8Array(m.n);
                for (let i = m.pivot ? 0 : 1; i < m.n; i++)
                    if (yes[m.entries[m.entry[i]].name]) {
                        found[i] = 1;
                        hits.push(i);
                    }
            } catch (e) {
                ui.search.setAttribute('aria-invalid', 'true');
                ui.count.textContent = String(e.message).replace(/^.*: /, '');
                return;
            }
        }
        countSearch();
    }

    // Matches inside matches count once.
    function matchedWidth(from, to) {
        const m = app.model;
        let sum = 0;
        for (let i = from; i < to;)
            if (found[i]) {
                sum += m.conf.diff ? m.width[i] : m.total[i];
                i = m.end[i];
            } else {
                i++;
            }
        return sum;
    }

    function countSearch() {
        const m = app.model, z = app.zoomed, whole = m.conf.diff ? m.width : m.total;
        if (!found) {
            ui.count.textContent = '';
            return;
        }
        let inside = false;
        for (let p = z; p >= 0 && !inside; p = m.parent[p])
            inside = found[p] === 1;
        const zoom = inside ? whole[z] : matchedWidth(z, m.end[z]);
        ui.count.textContent = !hits.length ? 'no match'
            : grouped(hits.length) + (hits.length === 1 ? ' match, ' : ' matches, ') +
                percent(matchedWidth(0, m.n), whole[0]) +
                (z ? ' of all, ' + percent(zoom, whole[z]) + ' of zoom' : '');
    }

    function step(by) {
        if (!hits.length)
            return;
        hit = hit < 0 ? (by > 0 ? 0 : hits.length - 1) : (hit + by + hits.length) % hits.length;
        reveal(hits[hit]);
    }

    // Makes a frame current where it can be seen, zooming when it is too narrow.
    function reveal(i) {
        const m = app.model, z = app.zoomed, inside = i >= z && i < m.end[z];
        if (!inside || m.width[i] * width() < 2 * (z ? m.width[z] : m.whole))
            zoom(i);
        choose(i);
        scrollTo(i);
    }

    // Drawing -----------------------------------------------------------------------

    function width() {
        return app.pixels;
    }

    // Asked for only when the window changes: each time costs a layout.
    function measureWindow() {
        app.pixels = options.page && conf.fixed ? conf.fixed - 20 : Math.max(ui.scroll.clientWidth - 12, 100);
        app.view = ui.scroll.clientHeight || 600;
    }

    function resized() {
        measureWindow();
        measureLevels();
        draw();
    }

    function levelTop(depth) {
        return (app.inverted ? depth : levels() - 1 - depth) * row;
    }

    // Levels to make room for: as deep as what the zoom shows.
    function levels() {
        return app.levels;
    }

    function measureLevels() {
        const m = app.model, z = app.zoomed, least = (z ? m.width[z] : m.whole) * .4 / width();
        let most = m.depth[z];
        for (let i = z; i < m.end[z];)
            if (m.width[i] < least && i !== z) {
                i = m.end[i];
            } else {
                most = Math.max(most, m.depth[i]);
                i++;
            }
        app.levels = most + 1;
    }

    function boxes(from, to) {
        const m = app.model, z = app.zoomed, pixels = width(), left = m.x[z];
        const scale = pixels / ((z ? m.width[z] : m.whole) || 1);
        return visible(m, z, pixels, .4, options.most, from, to).map(i => {
            const above = i < z;
            return {i: i, above: above, y: levelTop(m.depth[i]),
                x: above ? 0 : (m.x[i] - left) * scale,
                w: above ? pixels : m.width[i] * scale};
        });
    }

    function paint() {
        queued = false;
        const all = printing, view = app.view, top = ui.scroll.scrollTop;
        const lo = all ? 0 : Math.floor(top / row) - 4, hi = all ? 1e9 : lo + Math.ceil(view / row) + 8;
        const n = levels(), from = app.inverted ? lo : n - hi, to = app.inverted ? hi : n - lo;
        painter.paint({m: app.model, boxes: boxes(from, to), width: width(), height: n * row,
            window: view, top: top, row: row, size: size, font: font, fit: fit,
            title: title, matched: i => found !== null && found[i] === 1,
            current: app.current, dark: wide.matches});
    }

    function draw() {
        if (!queued) {
            queued = true;
            requestAnimationFrame(paint);
        }
    }

    // Before painting: the browser lays out once for a scroll position, and should not have
    // to do so for a thousand boxes that just changed.
    function toRoot() {
        painter.resize(width(), levels() * row);
        ui.scroll.scrollTop = app.inverted ? 0 : levels() * row;
    }

    function scrollTo(i) {
        const y = levelTop(app.model.depth[i]), s = ui.scroll;
        if (y < s.scrollTop)
            s.scrollTop = y;
        else if (y + row > s.scrollTop + s.clientHeight)
            s.scrollTop = y + row - s.clientHeight;
    }

    // Details -----------------------------------------------------------------------

    function changeText(after, before) {
        const change = after - before * conf.before;
        return 'before ' + show(before) + ', after ' + show(after) + ', ' +
            (change < 0 ? '' : '+') + show(change) + (before > 0
            ? ' (' + (change < 0 ? '' : '+') + (100 * change / (before * conf.before)).toFixed(1) + '%)'
            : ' (new)');
    }

    function title(i) {
        const m = app.model;
        return nameOf(m, i) + ' (' + (conf.diff ? changeText(m.total[i], m.totalBefore[i])
            : show(m.total[i]) + ', ' + percent(m.total[i], m.total[0])) + ')';
    }

    function details(i) {
        const m = app.model, e = m.entries[m.entry[i]], z = app.zoomed, out = [];
        if (conf.diff)
            out.push(changeText(m.total[i], m.totalBefore[i]),
                'self: ' + changeText(m.self[i], m.before[i]));
        else
            out.push(show(m.total[i]), 'self ' + show(m.self[i]) + ' (' +
                percent(m.self[i], m.total[0]) + ')');
        out.push(percent(m.total[i], m.total[0]) + ' of all');
        if (z)
            out.push(percent(m.total[i], m.total[z]) + ' of zoom');
        if (e.flags & KERNEL)
            out.push('kernel');
        if (e.flags & INLINED)
            out.push('inlined');
        if (e.flags & JIT)
            out.push('generated code');
        if (e.file >= 0)
            out.push(m.files[e.file] + (e.line ? ':' + e.line : ''));
        if (e.module >= 0)
            out.push(m.files[e.module]);
        return out.join(' · ');
    }

    function tell(i) {
        ui.name.textContent = i < 0 ? '' : conf.nametype + ' ' + nameOf(app.model, i);
        ui.facts.textContent = i < 0 ? '' : details(i);
    }

    function choose(i) {
        app.current = i;
        tell(i);
        const m = app.model;
        ui.live.textContent = nameOf(m, i) + ', level ' + m.depth[i] + ', ' + details(i);
        draw();
    }

    // Zoom and the address ------------------------------------------------------------

    function address() {
        const s = app.search, parts = [];
        hashes = hashes || pathHashes(app.model);
        if (app.zoomed)
            parts.push('z=' + hashes[app.zoomed].toString(36));
        if (s.text)
            parts.push('s=' + encodeURIComponent(s.text));
        if (s.regex)
            parts.push('r=1');
        if (s.exact)
            parts.push('c=1');
        if (app.inverted !== !!conf.inverted)
            parts.push('f=1');
        for (const more of app.extra || [])
            parts.push(more());
        return '#' + parts.filter(x => x).join('&');
    }

    // A new entry in the history for places, none for letters typed.
    function remember(entry) {
        const now = address();
        if (now === told || (now === '#' && told === ''))
            return;
        told = now;
        try {
            if (entry)
                location.hash = now;
            else
                location.replace(now);
        } catch (e) {
            told = now;
        }
    }

    function restore() {
        const now = location.hash || (told && '#'), want = {};
        if (now === told || decodeSafe(now) === decodeSafe(told))
            return;
        told = now;
        for (const part of now.slice(1).split('&')) {
            const at = part.indexOf('=');
            if (at > 0)
                want[part.slice(0, at)] = decodeSafe(part.slice(at + 1));
        }
        app.search = {text: want.s || '', regex: want.r === '1', exact: want.c === '1'};
        ui.search.value = app.search.text;
        app.inverted = !!conf.inverted !== (want.f === '1');
        if (app.onrestore)
            app.onrestore(want);
        let z = 0;
        if (want.z) {
            hashes = hashes || pathHashes(app.model);
            z = Math.max(0, hashes.indexOf(parseInt(want.z, 36)));
        }
        setZoom(z);
        runSearch();
        buttons();
    }

    function decodeSafe(text) {
        try {
            return decodeURIComponent(text);
        } catch (e) {
            return text;
        }
    }

    function setZoom(i) {
        app.zoomed = i;
        measureLevels();
        ui.reset.disabled = !i;
        toRoot();
        paint();
        countSearch();
    }

    function zoom(i) {
        if (i === app.zoomed)
            return;
        setZoom(i);
        choose(i);
        remember(true);
    }

    function setModel(m) {
        app.model = m;
        hashes = null;
        app.current = -1;
        setZoom(0);
        runSearch();
        tell(-1);
    }

    function flip() {
        app.inverted = !app.inverted;
        toRoot();
        paint();
        remember(false);
    }

    // Input ---------------------------------------------------------------------------

    function sibling(i, by) {
        const m = app.model, p = m.parent[i];
        let last = -1;
        for (let c = p + 1; p >= 0 && c < m.end[p]; c = m.end[c]) {
            if (by > 0 && last === i)
                return c;
            if (by < 0 && c === i)
                return last < 0 ? i : last;
            last = c;
        }
        return i;
    }

    function heaviestChild(i) {
        const m = app.model;
        let best = i;
        for (let c = i + 1; c < m.end[i]; c = m.end[c])
            if (best === i || m.width[c] > m.width[best])
                best = c;
        return best;
    }

    function move(to) {
        if (to < 0)
            return;
        const m = app.model, z = app.zoomed;
        if (to < z || to >= m.end[z])
            zoom(to);
        choose(to);
        scrollTo(to);
    }

    const up = i => app.inverted ? app.model.parent[i] : heaviestChild(i);
    const down = i => app.inverted ? heaviestChild(i) : app.model.parent[i];
    const keys = {
        ArrowUp: i => move(up(i)), ArrowDown: i => move(down(i)),
        ArrowLeft: i => move(sibling(i, -1)), ArrowRight: i => move(sibling(i, 1)),
        Home: () => move(0), Enter: i => zoom(i), ' ': i => zoom(i),
        Escape: () => zoom(0), Backspace: () => zoom(Math.max(0, app.model.parent[app.zoomed])),
        n: () => step(1), N: () => step(-1), i: flip, '/': () => ui.search.focus(),
        c: i => copy(i), '?': () => help()
    };
    app.keys = keys;

    function key(event) {
        const find = (event.ctrlKey || event.metaKey) && event.key === 'f';
        if (find || event.key === 'F3') {
            event.preventDefault();
            ui.search.focus();
            ui.search.select();
            return;
        }
        if (event.ctrlKey || event.metaKey || event.altKey || event.target === ui.search ||
            /^(INPUT|SELECT|TEXTAREA)$/i.test(event.target.tagName || ''))
            return;
        if (/^BUTTON$/i.test(event.target.tagName || '') && /^(Enter| )$/.test(event.key))
            return;
        if (keys[event.key]) {
            event.preventDefault();
            keys[event.key](app.current < 0 ? app.zoomed : app.current);
        }
    }

    function searchKey(event) {
        if (event.key === 'Enter') {
            step(event.shiftKey ? -1 : 1);
            remember(true);
        } else if (event.key === 'Escape') {
            ui.search.value = '';
            typed();
            ui.scroll.focus();
        } else {
            return;
        }
        event.preventDefault();
    }

    function typed() {
        app.search.text = ui.search.value;
        runSearch();
        draw();
        remember(false);
    }

    function toggle(name) {
        app.search[name] = !app.search[name];
        buttons();
        typed();
    }

    function buttons() {
        ui.regex.setAttribute('aria-pressed', app.search.regex);
        ui.exact.setAttribute('aria-pressed', app.search.exact);
    }

    function copy(i) {
        const name = nameOf(app.model, i);
        const done = () => { ui.live.textContent = 'copied ' + name; };
        if (navigator.clipboard)
            navigator.clipboard.writeText(name).then(done, () => {});
    }

    function help() {
        ui.help.hidden = !ui.help.hidden;
    }

    // The page ------------------------------------------------------------------------

    function button(label, what, action) {
        return make('button', {type: 'button', title: what, 'aria-label': what, onclick: action},
            label);
    }

    function legend() {
        const less = conf.negate ? '#ee7b1c' : '#5b9bea', more = conf.negate ? '#5b9bea' : '#ee7b1c';
        const patch = (c, words) => {
            const p = make('i', {'class': 'patch'});
            p.style.background = c;
            return make('span', {}, p, words);
        };
        return make('div', {'class': 'legend'}, patch(less, 'less'),
            patch('#dadada', 'within sampling noise'), patch(more, 'more'),
            make('span', {}, 'solid outline: new, dashed: gone'), make('span', {}, conf.scaled));
    }

    const helpText = 'Click or Enter: zoom · Esc: all · Backspace: caller · arrows: move · / or ' +
        'Ctrl-F: search · n, N: next, previous match · i: flip · c: copy the name · solid ' +
        'outline: kernel, dashed: inlined, dotted: generated code';

    function build() {
        ui.search = make('input', {type: 'search', placeholder: 'Search', spellcheck: 'false',
            'aria-label': 'Search function names', oninput: typed, onkeydown: searchKey});
        ui.regex = button('.*', 'regular expression', () => toggle('regex'));
        ui.exact = button('Aa', 'match case', () => toggle('exact'));
        ui.count = make('span', {'class': 'count', role: 'status'});
        ui.reset = button('Reset zoom', 'show everything (Esc)', () => zoom(0));
        ui.reset.disabled = true;
        ui.tools = make('span', {'class': 'tools'});
        ui.bar = make('div', {'class': 'bar'}, make('h1', {}, conf.title),
            make('span', {'class': 'sub'}, conf.subtitle), make('span', {'class': 'find',
                role: 'search'}, ui.search, ui.regex, ui.exact,
            button('‹', 'previous match (N)', () => step(-1)),
            button('›', 'next match (n)', () => step(1)), ui.count),
            ui.reset, ui.tools, button('⇅', 'flip (i)', flip), button('?', 'keys', help));
        ui.help = make('p', {'class': 'help', hidden: ''}, helpText);
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
            ui.root.append(legend());
        ui.root.append(ui.main, make('div', {'class': 'details'}, ui.name, ' ', ui.facts), ui.live);
        if (conf.top)
            ui.root.style.setProperty('--back', 'linear-gradient(' + conf.top + ' 5%,' +
                conf.bottom + ' 95%)');
        ui.scroll.append(painter.element);
        host.append(ui.root);
    }

    function listen() {
        ui.scroll.addEventListener('scroll', draw, {passive: true});
        ui.scroll.addEventListener('mousemove', e => {
            const i = painter.at(e);
            tell(i >= 0 ? i : app.current);
            if (app.onhover)
                app.onhover(i, e);
        });
        ui.scroll.addEventListener('click', e => {
            const i = painter.at(e);
            if (i >= 0)
                zoom(i);
        });
        document.addEventListener('keydown', key);
        window.addEventListener('hashchange', () => { restore(); draw(); });
        window.addEventListener('resize', resized);
        new ResizeObserver(resized).observe(ui.scroll);
        wide.addEventListener('change', draw);
        window.addEventListener('beforeprint', () => print(true));
        window.addEventListener('afterprint', () => print(false));
    }

    function print(on) {
        printing = on;
        if (options.onprint)
            options.onprint(on, levels() * row + 160);
        paint();
    }

    Object.assign(app, {zoom: zoom, draw: draw, setModel: setModel, remember: remember,
        choose: choose, reveal: reveal, paint: paint, at: painter.at, button: button, copy: copy, details: details,
        title: title, find(text, regex) {
            app.search = {text: text, regex: !!regex, exact: false};
            ui.search.value = text;
            buttons();
            typed();
        }});
    build();
    if (options.extend)
        options.extend(app);
    listen();
    measureWindow();
    measureLevels();
    buttons();
    if (app.begin)
        app.begin();
    restore();
    toRoot();
    paint();
    app.ready = performance.now();
    return app;
}
