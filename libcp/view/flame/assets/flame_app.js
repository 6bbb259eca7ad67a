// SPDX-License-Identifier: Apache-2.0
// The application around a drawing: what is drawn, zoom, keys; its parts join in.

function flameApp(host, text, options) {
    const given = decode(text), conf = given.conf, painter = options.painter;
    const row = conf.row, size = conf.fontSize, font = size + 'px ' + conf.font;
    const fit = fitter(font), dark = window.matchMedia('(prefers-color-scheme: dark)');
    const still = window.matchMedia('(prefers-reduced-motion: reduce)');
    const app = {given: given, model: given, conf: conf, show: values(conf), ui: {}, zoomed: 0,
        current: -1, inverted: !!conf.inverted, side: 'both', levels: 1,
        search: {text: '', regex: false, exact: false}};
    const ui = app.ui;
    const closing = new AbortController(), until = {signal: closing.signal};
    let queued = false, printing = false, atRoot = true;

    const watch = new ResizeObserver(resized);

    // Drawing -----------------------------------------------------------------------

    const whole = () => (app.zoomed ? app.model.width[app.zoomed] : app.model.whole) || 1;

    // Asked for only when the window changes: each time costs a layout.
    function measureWindow() {
        app.pixels = options.page && conf.fixed ? conf.fixed - 20
            : Math.max(ui.scroll.clientWidth - 12, 100);
        app.view = ui.scroll.clientHeight || 600;
    }

    // Whoever looked at the root goes on doing so when a bar grows or the window shrinks.
    function resized() {
        measureWindow();
        measureLevels();
        if (atRoot)
            toRoot();
        app.draw();
    }

    function scrolled() {
        const s = ui.scroll;
        atRoot = app.inverted ? s.scrollTop < row
            : s.scrollTop + app.view > app.levels * row - row;
        app.draw();
    }

    const levelTop = depth => (app.inverted ? depth : app.levels - 1 - depth) * row;

    // Levels to make room for: as deep as what the zoom shows.
    function measureLevels() {
        const m = app.model, z = app.zoomed, least = whole() * .4 / app.pixels;
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
        const m = app.model, z = app.zoomed, pixels = app.pixels, left = m.x[z];
        const scale = pixels / whole();
        return visible(m, z, pixels, .4, options.most, from, to).map(i => {
            const above = i < z;
            return {i: i, above: above, y: levelTop(m.depth[i]),
                x: above ? 0 : (m.x[i] - left) * scale,
                w: above ? pixels : m.width[i] * scale};
        });
    }

    app.paint = () => {
        const n = app.levels, top = printing ? 0 : ui.scroll.scrollTop;
        const view = printing ? n * row : app.view;
        const lo = Math.floor(top / row) - 4, hi = lo + Math.ceil(view / row) + 8;
        const from = app.inverted ? lo : n - hi, to = app.inverted ? hi : n - lo;
        queued = false;
        painter.paint({m: app.model, boxes: boxes(from, to), width: app.pixels,
            height: n * row, window: view, top: top, row: row, size: size, font: font, fit: fit,
            title: app.title, matched: i => app.found !== null && app.found[i] === 1,
            current: app.current, dark: dark.matches && !printing});
    };

    app.draw = () => {
        if (!queued) {
            queued = true;
            requestAnimationFrame(app.paint);
        }
    };

    // Before painting: the browser lays out once for a scroll position, and should not have
    // to do so for a thousand boxes that just changed.
    function toRoot() {
        ui.scroll.classList.toggle('down', app.inverted);
        painter.resize(app.pixels, app.levels * row);
        ui.scroll.scrollTop = app.inverted ? 0 : app.levels * row;
        atRoot = true;
    }

    function scrollTo(i) {
        const y = levelTop(app.model.depth[i]), s = ui.scroll;
        if (y < s.scrollTop)
            s.scrollTop = y;
        else if (y + row > s.scrollTop + s.clientHeight)
            s.scrollTop = y + row - s.clientHeight;
    }

    // Zoom --------------------------------------------------------------------------

    app.setZoom = i => {
        app.zoomed = i;
        measureLevels();
        ui.reset.disabled = !i;
        toRoot();
        app.paint();
        app.countSearch();
    };

    // Lets the new picture grow out of where it was in the old one. The browser moves it as a
    // whole, so it takes no script; far zooms start near, or all would be empty at first.
    function glide(left, scale) {
        const now = app.pixels / whole(), from = Math.min(Math.max(scale / now, .3), 3);
        const shift = (app.model.x[app.zoomed] - left) * scale;
        const most = app.pixels * Math.max(0, 1 - from);
        const x = from < 1 ? Math.min(Math.max(shift, 0), most)
            : Math.max(Math.min(shift, 0), app.pixels * (1 - from));
        if (still.matches || document.hidden || !painter.element.animate)
            return;
        painter.element.animate([{transform: 'translateX(' + x + 'px) scaleX(' + from + ')',
            opacity: .6, transformOrigin: '0 0'}, {transform: 'none', opacity: 1,
            transformOrigin: '0 0'}], {duration: 140, easing: 'ease-out'});
    }

    app.zoom = i => {
        const left = app.model.x[app.zoomed], scale = app.pixels / whole();
        if (i === app.zoomed)
            return;
        app.setZoom(i);
        glide(left, scale);
        app.choose(i);
        app.remember(true);
    };

    // Makes a frame current where it can be seen, zooming when it is too narrow.
    app.reveal = i => {
        const m = app.model, z = app.zoomed, inside = i >= z && i < m.end[z];
        if (!inside || m.width[i] * app.pixels < 2 * whole())
            app.zoom(i);
        app.choose(i);
        scrollTo(i);
    };

    app.layOut = () => {
        if (app.model.side !== app.side)
            layOut(app.model, app.side);
        for (const b of ui.sides || [])
            b.setAttribute('aria-pressed', b.value === app.side);
    };

    // The side of a differential graph that widths show.
    app.setSide = side => {
        let z = app.zoomed;
        app.side = side;
        app.layOut();
        while (z && !app.model.width[z])
            z = app.model.parent[z];
        app.setZoom(z);
        app.remember(false);
    };

    app.setModel = m => {
        app.model = m;
        app.current = -1;
        app.layOut();
        app.setZoom(0);
        app.runSearch();
        app.tell(-1);
    };

    app.flip = () => {
        app.inverted = !app.inverted;
        toRoot();
        app.paint();
        app.remember(false);
    };

    // Keys --------------------------------------------------------------------------

    // Frames that a side of a difference does not have are passed over.
    function sibling(i, by) {
        const m = app.model, p = m.parent[i];
        let last = -1;
        for (let c = p + 1; p >= 0 && c < m.end[p]; c = m.end[c]) {
            if (!m.width[c])
                continue;
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
            if (m.width[c] && (best === i || m.width[c] > m.width[best]))
                best = c;
        return best;
    }

    function move(to) {
        if (to < 0)
            return;
        const m = app.model, z = app.zoomed;
        if (to < z || to >= m.end[z])
            app.zoom(to);
        app.choose(to);
        scrollTo(to);
    }

    const up = i => app.inverted ? app.model.parent[i] : heaviestChild(i);
    const down = i => app.inverted ? heaviestChild(i) : app.model.parent[i];
    app.keys = {
        ArrowUp: i => move(up(i)), ArrowDown: i => move(down(i)),
        ArrowLeft: i => move(sibling(i, -1)), ArrowRight: i => move(sibling(i, 1)),
        Home: () => move(0), Enter: i => app.zoom(i), ' ': i => app.zoom(i),
        Escape: () => ui.help.hidden ? app.zoom(0) : app.help(),
        Backspace: () => app.zoom(Math.max(0, app.model.parent[app.zoomed])),
        n: () => app.step(1), N: () => app.step(-1), i: app.flip, '/': () => ui.search.focus(),
        c: i => app.copy(i), '?': () => app.help()
    };

    function key(event) {
        const find = (event.ctrlKey || event.metaKey) && event.key === 'f';
        const tag = event.target.tagName || '';
        if (find || event.key === 'F3') {
            event.preventDefault();
            ui.search.focus();
            ui.search.select();
            return;
        }
        if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/i.test(tag))
            return;
        if (/^BUTTON$/i.test(tag) && /^(Enter| )$/.test(event.key))
            return;
        if (app.keys[event.key]) {
            event.preventDefault();
            app.keys[event.key](app.current < 0 ? app.zoomed : app.current);
        }
    }

    function print(on) {
        printing = on;
        if (options.onprint)
            options.onprint(on, app.levels * row + 160);
        app.paint();
    }

    function listen() {
        ui.scroll.addEventListener('scroll', scrolled, {passive: true});
        ui.scroll.addEventListener('mousemove', e => {
            const i = painter.at(e);
            app.tell(i);
            if (app.onhover)
                app.onhover(i, e);
        });
        ui.scroll.addEventListener('mouseleave', () => app.tell(-1));
        ui.scroll.addEventListener('click', e => {
            const i = painter.at(e);
            if (i >= 0)
                app.zoom(i);
        });
        document.addEventListener('keydown', key, until);
        window.addEventListener('hashchange', () => { app.restore(); app.draw(); }, until);
        window.addEventListener('resize', resized, until);
        watch.observe(ui.scroll);
        dark.addEventListener('change', app.draw, until);
        window.addEventListener('beforeprint', () => print(true), until);
        window.addEventListener('afterprint', () => print(false), until);
    }

    // Makes room for another application in the same place.
    app.close = () => {
        closing.abort();
        watch.disconnect();
        ui.root.remove();
    };

    app.until = until;
    app.at = painter.at;
    searching(app);
    detailing(app);
    addressing(app);
    buildUi(app, host, painter.element);
    if (options.extend)
        options.extend(app);
    listen();
    measureWindow();
    measureLevels();
    app.layOut();
    app.runSearch();
    if (app.begin)
        app.begin();
    app.restore();
    toRoot();
    app.paint();
    app.tell(-1);
    app.ready = performance.now();
    return app;
}
