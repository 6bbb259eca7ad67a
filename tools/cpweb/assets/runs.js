// SPDX-License-Identifier: Apache-2.0
// The runs of a folder, newest first; each row is asked for by itself, a few at a time.

function runsPage(page, main) {
    const body = el('tbody'), notes = page.data.notes, known = new Map();
    const chosen = {before: '', after: ''};
    const compare = button('Compare', 'the two runs that are marked', () =>
        go('diff', {before: chosen.before, after: chosen.after}), {disabled: true});
    const wanted = [];
    let running = 0;

    function choose() {
        compare.disabled = !chosen.before || !chosen.after || chosen.before === chosen.after;
    }

    function mark(side, run) {
        return el('input', {type: 'radio', name: side, 'aria-label': side + ': ' + run.name,
            onchange: () => {
                chosen[side] = run.name;
                choose();
            }});
    }

    function change(run, facts) {
        if (!run.before || facts.error)
            return '';
        if (!facts.verdict)
            return el('span', {'class': 'dim'}, 'cannot be compared');
        const ratio = facts.ratio ? (facts.ratio >= 1 ? '+' : '') +
            ((facts.ratio - 1) * 100).toFixed(1) + '%' : '';
        return el('a', {href: 'diff' + query({before: run.before, after: run.name}),
            title: 'compared with ' + run.before}, facts.verdict + (ratio ? ' (' + ratio + ')' : ''),
            facts.changed ? ' · ' + facts.changed + (facts.changed === 1 ? ' function' : ' functions') +
                ', most: ' + facts.most : '');
    }

    function note(run) {
        const text = notes[run.name] || '';
        if (!page.data.writable)
            return text;
        return el('input', {value: text, 'aria-label': 'Note: ' + run.name, placeholder: 'note',
            'class': 'note', maxlength: '1000', onchange: e => {
                const box = e.target;
                post('note', {name: run.name, text: box.value}).then(answer => {
                    box.setAttribute('aria-invalid', String(!answer.ok));
                    box.title = answer.said;
                    if (answer.ok)
                        notes[run.name] = box.value;
                });
            }});
    }

    function fillRow(tr, run, facts) {
        const when = new Date(facts && facts.started ? facts.started : run.when);
        const cells = facts ? facts.error ? [el('td', {colspan: '7', 'class': 'dim'}, facts.error)]
            : [el('td', {}, facts.type + (facts.format === 'pprof' ? '' : ' · ' + facts.format)),
                el('td', {}, facts.host || ''),
                el('td', {'class': 'num'}, facts.duration ? unitLabel(facts.duration, 'ns', 'auto') : ''),
                el('td', {'class': 'num'}, unitLabel(facts.total, facts.unit, 'auto')),
                el('td', {}, facts.top || ''),
                el('td', {'class': 'num'}, facts.lost ? grouped(facts.lost) : ''),
                el('td', {'class': 'num'}, percentLabel(facts.named, 1))]
            : [el('td', {colspan: '7', 'class': 'dim'}, '…')];
        tr.replaceChildren(el('td', {}, mark('before', run), mark('after', run)),
            el('td', {}, el('a', {href: 'flamegraph' + query({file: run.name})}, run.name),
                el('div', {'class': 'dim'}, when.toISOString().slice(0, 19).replace('T', ' ') + ' UTC')),
            ...cells, el('td', {'class': 'change'}, facts ? change(run, facts) : ''),
            el('td', {}, note(run)));
    }

    function next() {
        while (running < 2 && wanted.length) {
            const [tr, run] = wanted.shift();
            running++;
            fetch('run' + query({file: run.name, before: run.before || ''}), {credentials: 'same-origin'})
                .then(answer => answer.ok ? answer.json() : {error: 'the server is busy'})
                .catch(() => ({error: 'the server does not answer'})).then(facts => {
                    fillRow(tr, run, facts);
                    running--;
                    next();
                });
        }
    }

    function show(runs) {
        const rows = runs.map(run => {
            const key = JSON.stringify([run.name, run.bytes, run.when, run.before]);
            if (!known.has(key)) {
                const tr = el('tr');
                fillRow(tr, run, null);
                known.set(key, tr);
                wanted.push([tr, run]);
            }
            return known.get(key);
        });
        body.replaceChildren(...rows);
        count.textContent = runs.length === 1 ? '1 run' : grouped(runs.length) + ' runs';
        next();
    }

    // New files appear by themselves, while somebody looks.
    function look() {
        if (document.hidden)
            return;
        fetch('runs?to=json', {credentials: 'same-origin'}).then(answer => answer.json()).then(data => {
            const before = JSON.stringify(page.data.runs);
            page.data.runs = data.runs;
            if (JSON.stringify(data.runs) !== before)
                show(data.runs);
        }).catch(() => {});
    }

    const count = el('span', {'class': 'dim', role: 'status'});
    main.append(el('div', {'class': 'row'}, count, compare, el('span', {'class': 'dim'},
        'mark one before and one after')), el('div', {'class': 'wide'}, el('table', {'class': 'runs'},
        el('thead', {}, el('tr', {}, ...['Before, after', 'Run', 'What', 'Host', 'Duration', 'Total',
            'Most', 'Lost', 'Names', 'Since the one before', 'Note'].map(h =>
            el('th', {scope: 'col'}, h)))), body)));
    show(page.data.runs);
    setInterval(look, 2000);
    document.addEventListener('visibilitychange', look);
}
