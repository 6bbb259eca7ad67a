// SPDX-License-Identifier: Apache-2.0
// The tree: decoding the data block (see flame_data.c) and trees derived from it.
//
// A model holds nodes depth first in typed arrays: node i's subtree is [i, end[i]).
// Node 0 is the root. `width` and `x` are the layout in units of value.

const DIGITS = new Uint8Array(128);
'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('')
    .forEach((c, i) => { DIGITS[c.charCodeAt(0)] = i; });

function reader(text) {
    let at = 0;
    return {
        next() {
            let c = DIGITS[text.charCodeAt(at++)], x = c & 31, m = 32;
            while (c > 31) {
                c = DIGITS[text.charCodeAt(at++)];
                x += (c & 31) * m;
                m *= 32;
            }
            return x;
        },
        digit() { return DIGITS[text.charCodeAt(at++)]; },
        rest() { return text.slice(at); }
    };
}

const UNESCAPED = {l: '<', g: '>', a: '&', '\\': '\\'};

// Lines that share their start with the one before.
function texts(lines, from, count) {
    const out = new Array(count);
    let last = '';
    for (let i = 0; i < count; i++) {
        const r = reader(lines[from + i]), same = r.next();
        last = last.slice(0, same) + r.rest();
        out[i] = last.indexOf('\\') < 0 ? last
            : last.replace(/\\([lga\\])/g, (all, c) => UNESCAPED[c]);
    }
    return out;
}

function entries(line, count) {
    const r = reader(line), out = new Array(count);
    for (let i = 0; i < count; i++) {
        const name = r.next(), bits = r.next();
        const e = {name: name, flags: bits & 7, module: -1, file: -1, line: 0, first: 0,
            last: 0, color: 0};
        if (bits & 8)
            e.module = r.next();
        if (bits & 16) {
            e.file = r.next();
            e.line = r.next();
        }
        if (bits & 32) {
            e.first = r.next();
            e.last = e.first + r.next();
        }
        for (let shift = 0; shift < 24; shift += 6)
            e.color += r.digit() << shift;
        out[i] = e;
    }
    return out;
}

function empty(n, like) {
    return {n: n, conf: like.conf, names: like.names, shown: like.shown, files: like.files,
        entries: like.entries, entry: new Int32Array(n), parent: new Int32Array(n),
        depth: new Int32Array(n), end: new Int32Array(n), self: new Float64Array(n),
        before: new Float64Array(like.conf.diff ? n : 0), total: null, totalBefore: null,
        width: null, x: null, levels: 0, whole: 0, top: false, pivot: false};
}

// Totals, widths and places, once entry, parent, end and the selfs are there.
function complete(m) {
    const n = m.n, diff = m.conf.diff, parent = m.parent, depth = m.depth;
    const total = m.self.slice(), totalBefore = m.before.slice();
    let levels = 0;
    for (let i = 0; i < n; i++) {
        const d = i ? depth[parent[i]] + 1 : 0;
        depth[i] = d;
        if (d >= levels)
            levels = d + 1;
    }
    for (let i = n - 1; i > 0; i--) {
        total[parent[i]] += total[i];
        if (diff)
            totalBefore[parent[i]] += totalBefore[i];
    }
    m.total = total;
    m.totalBefore = totalBefore;
    m.levels = levels;
    return layOut(m, 'both');
}

// Widths and places. In a differential graph widths are those of one side, or of both: a
// node's own share is then the larger of its two, so that children always fit.
function layOut(m, side) {
    const n = m.n, parent = m.parent, f = m.conf.before;
    const x = new Float64Array(n), next = new Float64Array(n);
    let width = m.total;
    if (m.conf.diff && side === 'before') {
        width = m.totalBefore.map(v => v * f);
    } else if (m.conf.diff && side === 'both') {
        width = m.self.map((v, i) => Math.max(v, m.before[i] * f));
        for (let i = n - 1; i > 0; i--)
            width[parent[i]] += width[i];
    }
    for (let i = 1; i < n; i++) {
        const p = parent[i], at = next[p];
        x[i] = next[i] = at;
        next[p] = at + width[i];
    }
    m.width = width;
    m.x = x;
    m.side = side;
    m.whole = Math.max(width[0], m.top || (m.conf.diff && side !== 'both') ? 0 : m.conf.width);
    return m;
}

function nodes(line, m) {
    const r = reader(line), path = new Int32Array(m.n + 1), gcd = m.conf.gcd;
    const entry = m.entry, self = m.self, parent = m.parent, end = m.end, diff = m.conf.diff;
    let depth = 0;
    path[0] = -1;
    for (let i = 0; i < m.n; i++) {
        entry[i] = r.next();
        const v = r.next(), leaf = v % 2;
        self[i] = (v - leaf) / 2 * gcd;
        if (diff)
            m.before[i] = r.next() * m.conf.gcdBefore;
        parent[i] = path[depth];
        path[++depth] = i;
        for (let pops = leaf ? r.next() + 1 : 0; pops > 0; pops--)
            end[path[depth--]] = i + 1;
    }
}

function decode(text) {
    const lines = text.split('\n'), conf = JSON.parse(lines[0]);
    const like = {conf: conf, entries: entries(lines[2], conf.entries)};
    like.names = texts(lines, 3, conf.names);
    like.shown = like.names.map(name => name.replace(/_\[[kijw]\]$/, '').replace(/^\s*$/, '(blank)'));
    like.files = texts(lines, 3 + conf.names, conf.texts);
    const m = empty(conf.nodes, like);
    nodes(lines[1], m);
    return complete(m);
}

// Collects nodes keyed by parent and name, as the C side does.
function builder(like) {
    const b = {parent: [-1], entry: [like.entry[0]], self: [0], before: [0], index: new Map()};
    b.child = (parent, entry) => {
        const key = parent * like.names.length + like.entries[entry].name;
        let node = b.index.get(key);
        if (node === undefined) {
            node = b.parent.length;
            b.index.set(key, node);
            b.parent.push(parent);
            b.entry.push(entry);
            b.self.push(0);
            b.before.push(0);
        }
        return node;
    };
    return b;
}

// Orders siblings ('name', 'value' or 'given') and numbers nodes depth first.
function arrange(b, like, order, top) {
    const n = b.parent.length, m = empty(n, like), total = new Float64Array(n);
    const kids = new Array(n), size = new Int32Array(n).fill(1), id = new Int32Array(n);
    for (let i = n - 1; i >= 0; i--) {
        total[i] += b.self[i] + b.before[i];
        if (i) {
            total[b.parent[i]] += total[i];
            size[b.parent[i]] += size[i];
        }
    }
    for (let i = 1; i < n; i++)
        (kids[b.parent[i]] = kids[b.parent[i]] || []).push(i);
    const name = i => like.entries[b.entry[i]].name;
    for (let i = 0; i < n; i++) {
        if (!kids[i])
            continue;
        if (order === 'name')
            kids[i].sort((p, q) => name(p) - name(q));
        else if (order === 'value')
            kids[i].sort((p, q) => total[q] - total[p] || name(p) - name(q));
        let next = id[i] + 1;
        for (const kid of kids[i]) {
            id[kid] = next;
            next += size[kid];
        }
    }
    for (let i = 0; i < n; i++) {
        const at = id[i];
        m.entry[at] = b.entry[i];
        m.parent[at] = i ? id[b.parent[i]] : -1;
        m.end[at] = at + size[i];
        m.self[at] = b.self[i];
        if (like.conf.diff)
            m.before[at] = b.before[i];
    }
    m.top = top;
    return complete(m);
}

function addSelf(b, to, m, from) {
    b.self[to] += m.self[from];
    if (m.conf.diff)
        b.before[to] += m.before[from];
}

// A tree without hidden names, only with stacks through the focus, recursion folded.
// rules: {hide: Set of names, focus: name or -1, recursion: bool, order}
function derive(m, rules) {
    const b = builder(m), to = new Int32Array(m.n), inside = new Uint8Array(m.n);
    for (let i = 1; i < m.n; i++) {
        const p = m.parent[i], name = m.entries[m.entry[i]].name, at = to[p];
        inside[i] = inside[p] || rules.focus < 0 || name === rules.focus ? 1 : 0;
        const same = at && m.entries[b.entry[at]].name === name;
        if (rules.hide.has(name) || (rules.recursion && same))
            to[i] = at;
        else if (m.conf.chart)
            to[i] = fresh(b, at, m.entry[i]);
        else
            to[i] = b.child(at, m.entry[i]);
        if (inside[i])
            addSelf(b, to[i], m, i);
    }
    if (rules.focus < 0)
        addSelf(b, 0, m, 0);
    return arrange(prune(b), m, rules.order, true);
}

// In a flame chart equal names stay apart.
function fresh(b, parent, entry) {
    b.parent.push(parent);
    b.entry.push(entry);
    b.self.push(0);
    b.before.push(0);
    return b.parent.length - 1;
}

// Without nodes that hold nothing.
function prune(b) {
    const n = b.parent.length, full = new Uint8Array(n), id = new Int32Array(n);
    const out = {parent: [-1], entry: [b.entry[0]], self: [b.self[0]], before: [b.before[0]]};
    for (let i = n - 1; i > 0; i--) {
        if (b.self[i] || b.before[i])
            full[i] = 1;
        if (full[i])
            full[b.parent[i]] = 1;
    }
    for (let i = 1; i < n; i++)
        if (full[i]) {
            id[i] = out.parent.length;
            out.parent.push(id[b.parent[i]]);
            out.entry.push(b.entry[i]);
            out.self.push(b.self[i]);
            out.before.push(b.before[i]);
        }
    return out;
}

// Instances of a name that lie in no other instance of it.
function outermost(m, name) {
    const out = [];
    for (let i = 1; i < m.n;)
        if (m.entries[m.entry[i]].name === name) {
            out.push(i);
            i = m.end[i];
        } else {
            i++;
        }
    return out;
}

function callees(m, name, order) {
    const b = builder(m), to = new Int32Array(m.n);
    for (const root of outermost(m, name)) {
        b.entry[0] = m.entry[root];
        for (let i = root; i < m.end[root]; i++) {
            to[i] = i === root ? 0 : b.child(to[m.parent[i]], m.entry[i]);
            addSelf(b, to[i], m, i);
        }
    }
    return arrange(b, m, order, true);
}

function callers(m, name, order) {
    const b = builder(m);
    for (const leaf of outermost(m, name)) {
        let at = 0;
        b.entry[0] = m.entry[leaf];
        for (let p = m.parent[leaf]; p > 0; p = m.parent[p])
            at = b.child(at, m.entry[p]);
        b.self[at] += m.total[leaf];
        if (m.conf.diff)
            b.before[at] += m.totalBefore[leaf];
    }
    return arrange(b, m, order, true);
}

// Self and total of every name; a recursive function's total counts its outermost frames.
function functions(m) {
    const n = m.names.length, on = new Int32Array(n), path = [];
    const t = {self: new Float64Array(n), total: new Float64Array(n),
        before: new Float64Array(n), entry: new Int32Array(n).fill(-1)};
    for (let i = 1; i < m.n; i++) {
        while (path.length && m.end[path[path.length - 1]] <= i)
            on[m.entries[m.entry[path.pop()]].name]--;
        const name = m.entries[m.entry[i]].name;
        t.self[name] += m.self[i];
        t.entry[name] = m.entry[i];
        if (!on[name]) {
            t.total[name] += m.total[i];
            if (m.conf.diff)
                t.before[name] += m.totalBefore[i];
        }
        on[name]++;
        path.push(i);
    }
    return t;
}

// Frames to draw in levels [from, to) when node z fills `pixels`: none narrower than
// `least` px, at most `most` of them. Ancestors of z span the whole width.
function visible(m, z, pixels, least, most, from, to) {
    const whole = z ? m.width[z] : m.whole;
    const above = [];
    for (let p = m.parent[z]; p >= 0; p = m.parent[p])
        if (m.depth[p] >= from && m.depth[p] < to)
            above.push(p);
    for (let limit = Math.max(whole * least / pixels, Number.MIN_VALUE);;
        limit = Math.max(limit * 2, whole / 1e9)) {
        const out = above.slice(), room = most + above.length, end = m.end[z];
        let i = z;
        while (i < end && out.length <= room) {
            if ((m.width[i] < limit && i !== z) || m.depth[i] >= to) {
                i = m.end[i];
            } else {
                if (m.depth[i] >= from)
                    out.push(i);
                i++;
            }
        }
        if (i >= end || limit > whole / 2)
            return out;
    }
}
