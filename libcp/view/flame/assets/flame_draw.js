// SPDX-License-Identifier: Apache-2.0
// Drawing: colours, marks, and two ways to put boxes on the screen.

const SVG = 'http://www.w3.org/2000/svg', XHTML = 'http://www.w3.org/1999/xhtml';
const KERNEL = 1, INLINED = 2, JIT = 4;

function make(tag, attributes, ...children) {
    const e = document.createElementNS(XHTML, tag);
    for (const name in attributes || {})
        if (name.startsWith('on'))
            e.addEventListener(name.slice(2), attributes[name]);
        else if (attributes[name] !== false)
            e.setAttribute(name, attributes[name]);
    e.append(...children);
    return e;
}

function rgb(c) {
    return 'rgb(' + (c >> 16) + ',' + (c >> 8 & 255) + ',' + (c & 255) + ')';
}

function between(from, to, t) {
    let out = 0;
    for (let shift = 0; shift < 24; shift += 8) {
        const a = from >> shift & 255, b = to >> shift & 255;
        out |= Math.floor(a + (b - a) * t + 0.5) << shift;
    }
    return out;
}

const LESS = 0x5b9bea, FEW_LESS = 0xd6e6fa, SAME = 0xdadada, FEW_MORE = 0xfbe3c8, MORE = 0xee7b1c;

// The rule of cpi_flame_diff_change: a change is more than three standard errors; 0 is none.
function changeOf(m, after, before) {
    const f = m.conf.before, change = after - before * f;
    const noise = 3 * Math.sqrt(m.conf.weight * after + m.conf.weightBefore * f * (before * f));
    return Math.abs(change) <= noise ? 0 : change;
}

function diffColor(m, i) {
    const after = m.total[i], before = m.totalBefore[i], change = changeOf(m, after, before);
    const share = Math.abs(change) / Math.max(after, before * m.conf.before);
    if (!change)
        return SAME;
    return (change > 0) !== !!m.conf.negate ? between(FEW_MORE, MORE, share)
        : between(FEW_LESS, LESS, share);
}

function color(m, i) {
    return m.conf.diff ? diffColor(m, i) : m.entries[m.entry[i]].color;
}

const MATCH = 0xf07cf0;

function nameOf(m, i) {
    if (!i && !m.pivot)
        return 'all';
    return m.shown[m.entries[m.entry[i]].name];
}

// Ancestors of a zoomed frame fade to grey, not into the background: black text stays clear.
function fill(scene, box) {
    if (scene.matched(box.i))
        return MATCH;
    const c = color(scene.m, box.i);
    return box.above ? between(c, 0xdcdcdc, .7) : c;
}

// Whether black words on this colour would be harder to read than white ones: their
// contrasts are equal at a luminance of 0.179.
function isDark(c) {
    const linear = v => v <= 10 ? v / 3294.6 : Math.pow((v / 255 + .055) / 1.055, 2.4);
    return .2126 * linear(c >> 16) + .7152 * linear(c >> 8 & 255) + .0722 * linear(c & 255) < .179;
}

// What a frame is, as class names of the picture's styles; outlines would fill a narrow box.
function marks(m, i, width) {
    const flags = m.entries[m.entry[i]].flags;
    if (width < 4)
        return '';
    if (m.conf.diff)
        return !m.total[i] ? 'gone' : !m.totalBefore[i] ? 'new' : '';
    return [flags & KERNEL ? 'k' : '', flags & INLINED ? 'i' : '', flags & JIT ? 'j' : '']
        .filter(x => x).join(' ');
}

// Whether a frame's own cost changed: 1 more, -1 less, 0 no, or too narrow for the mark.
function selfChange(m, i, width) {
    return m.conf.diff && width >= 14 ? Math.sign(changeOf(m, m.self[i], m.before[i])) : 0;
}

// A triangle in the right corner, its tip up for more and down for less.
function selfMark(sign, right, top, height) {
    const base = top + (sign > 0 ? height - 3 : 3), tip = base - sign * 6;
    return [[right - 10, base], [right - 3, base], [right - 6.5, tip]];
}

// Boxes as SVG elements; elements are kept and used again. scene: {m, boxes: [{i, x, y, w,
// above}], width, height, row, size, fit, title(i), matched(i), current}
function svgPainter(svg) {
    const pool = Array.from(svg.children).filter(g => g.localName === 'g');
    let used = pool.length;

    function element() {
        const g = document.createElementNS(SVG, 'g');
        for (const tag of ['title', 'rect'])
            g.appendChild(document.createElementNS(SVG, tag));
        pool.push(g);
        svg.appendChild(g);
        return g;
    }

    function set(e, name, value) {
        if (e.getAttribute(name) !== value)
            e.setAttribute(name, value);
    }

    function paintBox(scene, box, g) {
        const m = scene.m, title = g.children[0], rect = g.children[1];
        let text = g.querySelector('text'), mark = g.querySelector('path');
        const full = scene.title(box.i), kind = marks(m, box.i, box.w);
        const own = selfChange(m, box.i, box.w);
        g.node = box.i;
        if (title.textContent !== full)
            title.textContent = full;
        set(rect, 'x', box.x.toFixed(2));
        set(rect, 'y', box.y.toFixed(1));
        set(rect, 'width', (box.w > 1.5 ? box.w - .5 : box.w).toFixed(2));
        set(rect, 'height', String(scene.row - 1));
        set(rect, 'fill', rgb(fill(scene, box)));
        set(rect, 'class', scene.matched(box.i) ? kind + ' m' : kind);
        set(g, 'class', box.i === scene.current ? 'cur' : '');
        const label = scene.fit(nameOf(m, box.i), box.w - (own ? 16 : 6));
        if (own && !mark)
            mark = g.appendChild(document.createElementNS(SVG, 'path'));
        if (mark)
            set(mark, 'd', own ? 'M' + selfMark(own, box.x + box.w, box.y, scene.row - 1)
                .map(p => p[0].toFixed(1) + ' ' + p[1].toFixed(1)).join('L') + 'Z' : '');
        if (!text && label)
            text = g.appendChild(document.createElementNS(SVG, 'text'));
        if (text && text.textContent !== label)
            text.textContent = label;
        if (label) {
            set(text, 'class', isDark(fill(scene, box)) ? 'w' : '');
            set(text, 'x', (Math.max(box.x, 0) + 3).toFixed(1));
            set(text, 'y', (box.y + scene.row - (scene.row - .75 * scene.size) / 2 - .5)
                .toFixed(1));
        }
    }

    return {
        element: svg,
        at(event) {
            const g = event.target.closest ? event.target.closest('g') : null;
            return g && g.node !== undefined ? g.node : -1;
        },
        resize(width, height) {
            set(svg, 'width', String(width));
            set(svg, 'height', String(height));
            /* What a printer scales to its paper. */
            set(svg, 'viewBox', '0 0 ' + width + ' ' + height);
        },
        paint(scene) {
            this.resize(scene.width, scene.height);
            let n = 0;
            for (const box of scene.boxes) {
                const g = pool[n++] || element();
                if (n > used)
                    g.style.display = '';
                paintBox(scene, box, g);
            }
            for (let i = n; i < used; i++)
                pool[i].style.display = 'none';
            used = n;
        }
    };
}

// Boxes on a canvas as large as the window; it stays in place while its holder scrolls.
function canvasPainter() {
    const canvas = make('canvas', {'class': 'boxes'});
    const holder = make('div', {'class': 'tall'}, canvas);
    let last = null;

    function frame(ctx, scene, box, y) {
        const m = scene.m, w = box.w > 1.5 ? box.w - .5 : box.w;
        const kind = marks(m, box.i, box.w), own = selfChange(m, box.i, box.w);
        ctx.fillStyle = rgb(fill(scene, box));
        ctx.fillRect(box.x, y, w, scene.row - 1);
        if (kind) {
            ctx.setLineDash(/gone/.test(kind) ? [3, 3] : /j/.test(kind) ? [1, 2]
                : /i/.test(kind) ? [5, 3] : []);
            ctx.lineWidth = .8;
            ctx.strokeStyle = /j/.test(kind) ? 'rgba(0,0,0,.4)' : 'rgba(0,0,0,.6)';
            ctx.strokeRect(box.x + .5, y + .5, w - 1, scene.row - 2);
        }
        if (box.i === scene.current) {
            ctx.setLineDash([]);
            ctx.lineWidth = 2;
            ctx.strokeStyle = scene.dark ? '#fff' : '#000';
            ctx.strokeRect(box.x + 1, y + 1, Math.max(w - 2, 1), scene.row - 3);
        }
        ctx.fillStyle = '#000';
        if (own) {
            ctx.beginPath();
            for (const [px, py] of selfMark(own, box.x + box.w, y, scene.row - 1))
                ctx.lineTo(px, py);
            ctx.fill();
        }
        const label = scene.fit(nameOf(m, box.i), w - (own ? 16 : 6));
        if (label) {
            ctx.fillStyle = isDark(fill(scene, box)) ? '#fff' : '#000';
            ctx.fillText(label, box.x + 3, y + scene.row - (scene.row - .75 * scene.size) / 2 - .5);
        }
    }

    return {
        element: holder,
        at(event) {
            if (!last)
                return -1;
            const r = canvas.getBoundingClientRect();
            const x = event.clientX - r.left, y = event.clientY - r.top + last.top;
            for (let k = last.boxes.length - 1; k >= 0; k--) {
                const b = last.boxes[k];
                if (y >= b.y && y < b.y + last.row && x >= b.x && x < b.x + Math.max(b.w, 1))
                    return b.i;
            }
            return -1;
        },
        resize(width, height) {
            holder.style.height = height + 'px';
        },
        paint(scene) {
            const ratio = Math.min(window.devicePixelRatio || 1, 16000 / scene.window), ctx = canvas.getContext('2d');
            const height = Math.min(scene.height, scene.window);
            last = scene;
            this.resize(scene.width, scene.height);
            if (canvas.width !== Math.round(scene.width * ratio) ||
                canvas.height !== Math.round(height * ratio)) {
                canvas.width = Math.round(scene.width * ratio);
                canvas.height = Math.round(height * ratio);
                canvas.style.width = scene.width + 'px';
                canvas.style.height = height + 'px';
            }
            ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
            ctx.clearRect(0, 0, scene.width, height);
            ctx.font = scene.font;
            for (const box of scene.boxes)
                frame(ctx, scene, box, box.y - scene.top);
        }
    };
}
