// SPDX-License-Identifier: Apache-2.0
// Drawing: names that fit, colours, and two ways to put boxes on the screen.

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

// Widths of texts in one font; each character is measured once.
function ruler(font) {
    const ctx = make('canvas').getContext('2d'), known = new Map();
    ctx.font = font;
    const char = c => {
        let w = known.get(c);
        if (w === undefined) {
            w = ctx.measureText(c).width;
            known.set(c, w);
        }
        return w;
    };
    return text => {
        let sum = 0;
        for (const c of text)
            sum += char(c);
        return sum;
    };
}

// Ever shorter forms of a name: without arguments, template arguments, scopes.
function forms(name) {
    const list = [name];
    let at = -1, depth = 0, less = '';
    for (let i = 0; i < name.length; i++) {
        const c = name[i];
        if (c === '(' && !depth)
            at = i;
        if (c === '(' || c === '<' || c === '[')
            depth++;
        if (c === ')' || c === ']' || (c === '>' && name[i - 1] !== '-'))
            depth = Math.max(0, depth - 1);
    }
    if (at > 0 && name[at - 1] !== '.' && name[at - 1] !== ':')
        list.push(name = name.slice(0, at));
    depth = 0;
    for (let i = 0; i < name.length; i++) {
        if (name[i] === '<' && (i || depth))
            depth++;
        if (!depth)
            less += name[i];
        if (name[i] === '>' && depth)
            depth--;
    }
    if (!depth && less && less !== name)
        list.push(name = less);
    let from = Math.max(name.lastIndexOf('::', name.length - 3) + 2,
        name.lastIndexOf('/', name.length - 2) + 1);
    if (from < 2 && !name.includes(' ')) {
        const dot = name.lastIndexOf('.', name.length - 2);
        from = dot > 0 ? name.lastIndexOf('.', dot - 1) + 1 : 0;
    }
    if (from > 1)
        list.push(name.slice(from));
    return list;
}

function fitter(font) {
    const measure = ruler(font), cache = new Map(), dots = measure('…');
    return (name, width) => {
        if (width < 2.2 * dots)
            return '';
        let list = cache.get(name);
        if (!list) {
            list = forms(name).map(text => ({text: text, width: measure(text)}));
            cache.set(name, list);
        }
        for (const form of list)
            if (form.width <= width)
                return form.text;
        const chars = Array.from(list[list.length - 1].text);
        let room = (width - dots) / 2, head = 0, tail = chars.length, left = room;
        while (head < chars.length && (left -= measure(chars[head])) >= 0)
            head++;
        if (head < 2)
            return '';
        left = room;
        while (tail > head && (left -= measure(chars[tail - 1])) >= 0)
            tail--;
        return chars.slice(0, head).join('') + '…' + chars.slice(tail).join('');
    };
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

// The rule of cpi_flame_diff_color: neutral within three standard errors.
function diffColor(m, i) {
    const f = m.conf.before, after = m.total[i], before = m.totalBefore[i] * f;
    const change = after - before, most = Math.max(after, before);
    const noise = 3 * Math.sqrt(m.conf.weight * after + m.conf.weightBefore * f * before);
    if (most <= 0 || Math.abs(change) <= noise)
        return 0xdadada;
    return (change > 0) !== !!m.conf.negate
        ? between(0xfbe3c8, 0xee7b1c, Math.abs(change) / most)
        : between(0xd6e6fa, 0x5b9bea, Math.abs(change) / most);
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

// What a frame is, as class names of the picture's styles.
function marks(m, i) {
    const flags = m.entries[m.entry[i]].flags;
    if (m.conf.diff)
        return !m.total[i] ? 'gone' : !m.totalBefore[i] ? 'new' : '';
    return [flags & KERNEL ? 'k' : '', flags & INLINED ? 'i' : '', flags & JIT ? 'j' : '']
        .filter(x => x).join(' ');
}

// Boxes as SVG elements; elements are kept and used again. scene: {m, boxes: [{i, x, y, w,
// above}], width, height, row, size, fit, title(i), matched(i), current}
function svgPainter(svg) {
    const pool = Array.from(svg.children).filter(g => g.localName === 'g');
    let used = pool.length;

    function element() {
        const g = document.createElementNS(SVG, 'g');
        for (const tag of ['title', 'rect', 'text'])
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
        let text = g.children[2];
        const full = scene.title(box.i), kind = marks(m, box.i);
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
        const label = scene.fit(nameOf(m, box.i), box.w - 6);
        if (!text && label)
            text = g.appendChild(document.createElementNS(SVG, 'text'));
        if (text && text.textContent !== label)
            text.textContent = label;
        if (label) {
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
        const m = scene.m, w = box.w > 1.5 ? box.w - .5 : box.w, kind = marks(m, box.i);
        ctx.fillStyle = rgb(fill(scene, box));
        ctx.fillRect(box.x, y, w, scene.row - 1);
        if (kind && w > 3) {
            ctx.setLineDash(/gone/.test(kind) ? [3, 3] : /j/.test(kind) ? [1, 2]
                : /i/.test(kind) ? [5, 3] : []);
            ctx.lineWidth = .8;
            ctx.strokeStyle = 'rgba(0,0,0,.6)';
            ctx.strokeRect(box.x + .5, y + .5, w - 1, scene.row - 2);
        }
        if (box.i === scene.current) {
            ctx.setLineDash([]);
            ctx.lineWidth = 2;
            ctx.strokeStyle = scene.dark ? '#fff' : '#000';
            ctx.strokeRect(box.x + 1, y + 1, Math.max(w - 2, 1), scene.row - 3);
        }
        const label = scene.fit(nameOf(m, box.i), w - 6);
        if (label) {
            ctx.fillStyle = '#000';
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
            const ratio = window.devicePixelRatio || 1, ctx = canvas.getContext('2d');
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
