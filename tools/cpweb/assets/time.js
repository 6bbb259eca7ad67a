// SPDX-License-Identifier: Apache-2.0
// What each thread cost over the capture, or where the capture tells it what it did: a brush keeps
// a part of it, and every page follows.

// Patterns as well as colours: plain, upright lines, slanted lines.
const DOINGS = [['ran', '#2e8b3d', null], ['waited for a CPU', '#f2a03d', '#5a2d00'],
    ['was blocked', '#dce7f8', '#2a5db0']];

function doingPaint(c, doing) {
    const [, back, ink] = DOINGS[doing];
    if (!ink)
        return back;
    const tile = el('canvas', {width: '6', height: '6'}), t = tile.getContext('2d');
    t.fillStyle = back;
    t.fillRect(0, 0, 6, 6);
    t.strokeStyle = ink;
    t.beginPath();
    for (const [x, y, to, end] of doing === 1 ? [[1.5, 0, 1.5, 6], [4.5, 0, 4.5, 6]]
        : [[-1, 7, 7, -1], [-1, 1, 1, -1], [5, 7, 7, 5]]) {
        t.moveTo(x, y);
        t.lineTo(to, end);
    }
    t.stroke();
    return c.createPattern(tile, 'repeat');
}

function doingLegend(data) {
    return el('p', {'class': 'pad doings'}, ...DOINGS.map((what, i) => {
        const patch = el('canvas', {width: '26', height: '12', 'aria-hidden': 'true'});
        const c = patch.getContext('2d');
        c.fillStyle = doingPaint(c, i);
        c.fillRect(0, 0, 26, 12);
        return el('span', {}, patch, ' ' + what[0] + ' ');
    }), data.more ? 'The ' + data.rows.length + ' threads that ran longest; ' + data.more +
        ' more are not drawn.' : '');
}

function timePage(page, main) {
    const data = page.data;
    if (!data) {
        main.append(el('p', {'class': 'dim pad'}, 'The samples of this file have no times. perf ' +
            'records them; a pprof profile does not hold them.'));
        return;
    }
    const unit = page.types[page.type][1], seconds = data.seconds, n = data.bins;
    const ranges = [parseSpan(page.params.time), parseSpan(page.params.timeb)];
    const boxes = [0, 1].map(i => [0, 1].map(k => el('input', {type: 'number', step: 'any', min: '0',
        max: String(seconds), 'aria-label': (i ? 'second range, ' : '') + (k ? 'to' : 'from') +
        ', seconds', value: ranges[i] ? ranges[i][k] : ''})));
    let dragging = null;

    function parseSpan(text) {
        const at = /^([\d.]*)(%?),([\d.]*)(%?)$/.exec(text || '');
        if (!at)
            return null;
        const f = at[2] || at[4] ? seconds / 100 : 1;
        return [at[1] ? at[1] * f : 0, at[3] ? at[3] * f : seconds];
    }

    // Three digits: six would be taken for a timestamp of perf's.
    const words = r => r ? Number(r[0].toFixed(3)) + ',' + Number(r[1].toFixed(3)) : '';

    function typed() {
        boxes.forEach((pair, i) => {
            const from = parseFloat(pair[0].value), to = parseFloat(pair[1].value);
            ranges[i] = isNaN(from) && isNaN(to) ? null : [from || 0, isNaN(to) ? seconds : to];
        });
        paint();
    }

    function shown() {
        boxes.forEach((pair, i) => pair.forEach((box, k) => {
            box.value = ranges[i] ? Number(ranges[i][k].toFixed(3)) : '';
        }));
        paint();
    }

    function use(path, second) {
        go(path, Object.assign(kept(page.params), {time: words(ranges[0]),
            timeb: second ? words(ranges[1]) : ''}));
    }

    const both = button('Compare the two ranges', 'the first is before, the second after',
        () => use('diff', true));
    function amount(row) {
        if (!data.waits)
            return unitLabel(row.total, unit, 'auto');
        return row.sums.map((sum, i) => sum ? DOINGS[i][0] + ' ' +
            unitLabel(sum, 'nanoseconds', 'auto') : '').filter(words => words).join(', ');
    }

    const canvases = data.rows.map(row => {
        const canvas = el('canvas', {width: '1000', height: '34', 'aria-hidden': 'true'});
        return el('div', {'class': 'lane'}, el('span', {'class': 'name', title: row.name + ': ' + amount(row)}, row.name,
            el('small', {}, ' ' + amount(row))), canvas);
    });
    const lanes = el('div', {'class': 'lanes', role: 'img', 'aria-label': data.rows.length +
        ' threads over ' + seconds.toFixed(3) + ' seconds: ' +
        data.rows.slice(0, 5).map(row => row.name + ' ' + amount(row)).join('; ') +
        '; the boxes above choose a range'},
        ...canvases, el('div', {'class': 'ticks'}, ...[0, .25, .5, .75, 1].map(x => el('span', {},
            Number((x * seconds).toFixed(3)) + ' s'))));

    function paint() {
        const style = getComputedStyle(document.documentElement);
        const ink = style.getPropertyValue('--key'), soft = style.getPropertyValue('--soft');
        const most = data.waits ? 100
            : Math.max(...data.rows.map(row => Math.max(...row.bins)), 1);
        data.rows.forEach((row, r) => {
            const canvas = canvases[r].querySelector('canvas'), c = canvas.getContext('2d');
            const w = canvas.width, h = canvas.height;
            c.fillStyle = soft;
            c.fillRect(0, 0, w, h);
            const from = new Array(n).fill(h);
            (data.waits ? row.doings : [row.bins]).forEach((bins, doing) => {
                c.fillStyle = data.waits ? doingPaint(c, doing) : ink;
                bins.forEach((v, i) => {
                    const tall = Math.min(from[i], Math.max(v ? 1 : 0, v / most * h));
                    from[i] -= tall;
                    c.fillRect(i * w / n, from[i], Math.ceil(w / n), tall);
                });
            });
            ranges.forEach((range, i) => {
                if (!range)
                    return;
                const x = range[0] / seconds * w, to = range[1] / seconds * w;
                c.fillStyle = i ? 'rgba(46,140,80,.3)' : 'rgba(230,140,20,.3)';
                c.fillRect(x, 0, Math.max(1, to - x), h);
            });
        });
        both.disabled = !ranges[0] || !ranges[1];
        mine.disabled = !ranges[0];
    }

    function place(e) {
        const box = canvases[0].querySelector('canvas').getBoundingClientRect();
        return Math.min(Math.max((e.clientX - box.left) / box.width, 0), 1) * seconds;
    }

    lanes.addEventListener('pointerdown', e => {
        if (e.target.tagName !== 'CANVAS')
            return;
        dragging = {which: e.shiftKey || (ranges[0] && !ranges[1] && e.altKey) ? 1 : 0, from: place(e)};
        lanes.setPointerCapture(e.pointerId);
        e.preventDefault();
    });
    lanes.addEventListener('pointermove', e => {
        if (!dragging)
            return;
        const to = place(e);
        ranges[dragging.which] = [Math.min(dragging.from, to), Math.max(dragging.from, to)];
        shown();
    });
    lanes.addEventListener('pointerup', () => {
        if (dragging && ranges[dragging.which] && ranges[dragging.which][1] -
            ranges[dragging.which][0] < seconds / 1000)
            ranges[dragging.which] = null;
        dragging = null;
        shown();
        readdress(Object.assign({}, page.params, {time: words(ranges[0]), timeb: words(ranges[1])}));
    });
    const mine = button('Show this range', 'the flame graph of it; every page follows',
        () => use('flamegraph', false));
    boxes.flat().forEach(box => box.addEventListener('change', typed));
    main.append(el('form', {'class': 'row', onsubmit: e => {
        e.preventDefault();
        typed();
        use('flamegraph', false);
    }}, el('span', {}, 'Range ', boxes[0][0], ' to ', boxes[0][1], ' s'), mine,
        el('span', {}, 'Second (drag with Shift) ', boxes[1][0], ' to ', boxes[1][1], ' s'), both),
        ...(data.waits ? [doingLegend(data)] : []), lanes);
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
    shown();
}
