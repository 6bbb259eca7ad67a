// SPDX-License-Identifier: Apache-2.0
// Search: by name, plain or as a pattern; what matches, how much it is, one after the other.

function searching(app) {
    const ui = app.ui, s = app.search;
    let hits = [], hit = -1;

    app.found = null;

    function pattern() {
        return new RegExp(s.regex ? s.text : s.text.replace(/[.*+?^${}()|[\]\\\/]/g, '\\$&'),
            s.exact ? 'u' : 'iu');
    }

    function mark(m) {
        const re = pattern(), yes = m.shown.map(n => re.test(n) ? 1 : 0);
        app.found = new Uint8Array(m.n);
        for (let i = m.pivot ? 0 : 1; i < m.n; i++)
            if (yes[m.entries[m.entry[i]].name]) {
                app.found[i] = 1;
                hits.push(i);
            }
    }

    app.runSearch = () => {
        app.found = null;
        hits = [];
        hit = -1;
        ui.search.removeAttribute('aria-invalid');
        ui.regex.setAttribute('aria-pressed', s.regex);
        ui.exact.setAttribute('aria-pressed', s.exact);
        try {
            if (s.text)
                mark(app.model);
        } catch (e) {
            ui.search.setAttribute('aria-invalid', 'true');
            ui.count.textContent = String(e.message).replace(/^.*: /, '');
            return;
        }
        app.countSearch();
    };

    // Matches inside matches count once.
    function matchedWidth(from, to) {
        const m = app.model;
        let sum = 0;
        for (let i = from; i < to;)
            if (app.found[i]) {
                sum += m.width[i];
                i = m.end[i];
            } else {
                i++;
            }
        return sum;
    }

    app.countSearch = () => {
        const m = app.model, z = app.zoomed;
        let inside = false;
        if (!app.found) {
            if (!ui.search.hasAttribute('aria-invalid'))
                ui.count.textContent = '';
            return;
        }
        for (let p = z; p >= 0 && !inside; p = m.parent[p])
            inside = app.found[p] === 1;
        const zoom = inside ? m.width[z] : matchedWidth(z, m.end[z]);
        ui.count.textContent = !hits.length ? 'no match'
            : (hit < 0 ? '' : grouped(hit + 1) + ' of ') + grouped(hits.length) +
                (hits.length === 1 ? ' match, ' : ' matches, ') +
                percent(matchedWidth(0, m.n), m.width[0]) +
                (z ? ' of all, ' + percent(zoom, m.width[z]) + ' of zoom' : '');
    };

    app.step = by => {
        if (!hits.length)
            return;
        hit = hit < 0 ? (by > 0 ? 0 : hits.length - 1) : (hit + by + hits.length) % hits.length;
        app.reveal(hits[hit]);
        app.countSearch();
    };

    app.typed = () => {
        s.text = ui.search.value;
        app.runSearch();
        app.draw();
        app.remember(false);
    };

    app.find = (text, regex, exact) => {
        Object.assign(s, {text: text, regex: !!regex, exact: !!exact});
        ui.search.value = text;
        app.typed();
    };

    app.toggle = name => {
        s[name] = !s[name];
        app.typed();
    };

    app.searchKey = event => {
        if (event.key === 'Enter') {
            app.step(event.shiftKey ? -1 : 1);
            app.remember(true);
        } else if (event.key === 'Escape') {
            ui.search.value = '';
            app.typed();
            ui.scroll.focus();
        } else {
            return;
        }
        event.preventDefault();
    };
}
