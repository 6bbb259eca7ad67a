// SPDX-License-Identifier: Apache-2.0
// What is known about a frame, in words.

function detailing(app) {
    const conf = app.conf, show = app.show, ui = app.ui;

    function changeText(after, before) {
        const was = before * conf.before, change = after - was, sign = change < 0 ? '' : '+';
        return 'before ' + show(before) + ', after ' + show(after) + ', ' + sign +
            show(change) + (before > 0 ? ' (' + sign + (100 * change / was).toFixed(1) + '%)'
            : after > 0 ? ' (new)' : '');
    }

    // The line where the frame's samples are, or where they begin and end.
    function place(m, e) {
        const file = m.files[e.file];
        if (e.first)
            return file + ':' + e.first + (e.last > e.first ? '–' + e.last + ' (several lines)' : '');
        return file + (e.line ? ':' + e.line : '');
    }

    app.title = i => {
        const m = app.model;
        return nameOf(m, i) + ' (' + (conf.diff ? changeText(m.total[i], m.totalBefore[i])
            : show(m.total[i]) + ', ' + percent(m.total[i], m.total[0])) + ')';
    };

    app.details = i => {
        const m = app.model, e = m.entries[m.entry[i]], z = app.zoomed, out = [];
        if (conf.diff)
            out.push(changeText(m.total[i], m.totalBefore[i]),
                conf.part ? '' : 'self: ' + (m.self[i] || m.before[i] ? changeText(m.self[i], m.before[i]) : 'none'));
        else
            out.push(show(m.total[i]), conf.part ? '' : 'self ' + show(m.self[i]) + ' (' +
                percent(m.self[i], m.total[0]) + ')');
        if (i)
            out.push(percent(m.total[i], m.total[0]) + ' of all');
        else if (!m.pivot)
            out.push(conf.part ? '' : grouped(m.n - 1) + (m.n === 2 ? ' frame' : ' frames'));
        if (z && i !== z && i)
            out.push(percent(m.total[i], m.total[z]) + ' of zoom');
        if (e.flags & KERNEL)
            out.push('kernel');
        if (e.flags & INLINED)
            out.push('inlined');
        if (e.flags & JIT)
            out.push('generated code');
        if (e.file >= 0)
            out.push(place(m, e));
        if (e.module >= 0)
            out.push(m.files[e.module]);
        return out.filter(words => words).join(' · ');
    };

    // The frame under the pointer, else the current one, else what is zoomed to.
    app.tell = i => {
        const at = i >= 0 ? i : app.current >= 0 ? app.current : app.zoomed;
        ui.name.textContent = (at ? conf.nametype + ' ' : '') + nameOf(app.model, at);
        ui.facts.textContent = app.details(at);
    };

    app.choose = i => {
        app.current = i;
        app.tell(i);
        ui.live.textContent = nameOf(app.model, i) + ', level ' + app.model.depth[i] + ', ' +
            app.details(i);
        app.draw();
    };

    app.copy = i => {
        const name = nameOf(app.model, i);
        const done = ok => {
            const words = ok ? 'copied ' + name : 'the browser does not let a page copy';
            ui.live.textContent = ui.facts.textContent = words;
        };
        if (navigator.clipboard)
            navigator.clipboard.writeText(name).then(() => done(true), () => done(false));
        else
            done(copyBySelection(name));
    };
}

// Pages that came without encryption have no clipboard, but they may copy a selection.
function copyBySelection(text) {
    const box = make('textarea', {'aria-hidden': 'true', 'class': 'live'}, text);
    (document.body || document.querySelector('.cp-flame')).append(box);
    box.value = text;
    box.select();
    const ok = document.execCommand('copy');
    box.remove();
    return ok;
}
