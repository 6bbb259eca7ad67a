// SPDX-License-Identifier: Apache-2.0
// Texts: numbers with units, names that fit.

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
            return (v === Math.floor(v) ? grouped(v) : v.toFixed(2)) + ' ' +
                (v === 1 && conf.unit === 'samples' ? 'sample' : conf.unit);
        const step = steps.find(s => Math.abs(v) >= s[1]) || steps[steps.length - 1];
        const x = v / step[1], size = Math.abs(x);
        return x.toFixed(size >= 100 || !size ? 0 : size >= 10 ? 1 : 2) + ' ' + step[0];
    };
}

function percent(part, whole) {
    const share = whole > 0 ? 100 * part / whole : 0;
    return share.toFixed(share && share < .01 ? 5 : 2) + '%';
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

// What compilers append to the names of parts and copies of a function.
const CLONE = /(\.(isra|constprop|part|clone|lto_priv|llvm)\.\d+|\.cold|\.warm)+$/;

// The name with letters for what looks like brackets and scopes and is not: the signs of
// "operator<<", the type that "operator a::b" converts to.
function mask(name) {
    return name.replace(/(^|[^\w\x80-\uffff])operator(<=>|<<=|>>=|->\*|<<|>>|<=|>=|->|\(\)|\[\]|<|>| [^(]*)/g,
        (all, before, signs, index) => {
            if (signs[0] === ' ')
                return before + 'operator' + signs.replace(/:/g, 'o');
            const rest = name.slice(index + before.length + 10);
            const closed = (rest.match(/(^|[^-])>/g) || []).length;
            /* LLVM writes operator<<int> for operator< with an argument. */
            const one = signs === '<<' && closed === 1 + (rest.match(/[<]/g) || []).length;
            return before + 'operator' + (one ? 'o<' : 'o'.repeat(signs.length));
        });
}

// Ever shorter forms of a name: without a clone's ending, arguments, template arguments,
// scopes. cpi_flame_label has the same steps.
function forms(name) {
    const list = [name];
    /* "f dir/file.c:12", as --granularity lines names frames */
    const file = / [^ ()]*\/([^ \/()]*\.[^ \/()]*)$/.exec(name);
    if (file && file.index > 0)
        list.push(name = name.slice(0, file.index + 1) + file[1]);
    if (CLONE.test(name) && name.search(CLONE) > 0)
        list.push(name = name.replace(CLONE, ''));
    let at = -1, depth = 0, less = '', masked = mask(name);
    const step = i => {
        const c = masked[i];
        if ('(<[{'.includes(c))
            depth++;
        if (')]}'.includes(c) || (c === '>' && masked[i - 1] !== '-'))
            depth = Math.max(0, depth - 1);
    };
    for (let i = 0; i < name.length; i++) {
        if (masked[i] === '(' && !depth)
            at = i;
        step(i);
        /* A function's in which another one is: "f(int)::{lambda()#1}". */
        if (!depth && masked[i] === ')' && masked[i + 1] === ':')
            at = -1;
    }
    if (at > 0 && name[at - 1] !== '.' && name[at - 1] !== ':')
        list.push(name = name.slice(0, at));
    depth = 0;
    for (let i = 0; i < name.length; i++) {
        if (masked[i] === '<' && (i || depth))
            depth++;
        if (!depth)
            less += name[i];
        if (masked[i] === '>' && depth && masked[i - 1] !== '-')
            depth--;
    }
    less = less.replace(/ +$/, '');
    if (!depth && less && less !== name)
        list.push(name = less);
    masked = mask(name);
    depth = 0;
    let from = 0;
    for (let i = 0; i + 1 < name.length; i++) {
        step(i);
        if (i && !depth && (masked[i] === '/' || (masked[i] === ':' && masked[i - 1] === ':')))
            from = i + 1;
    }
    if (from < 1 && !name.includes(' ')) {
        const dot = name.lastIndexOf('.', name.length - 2);
        from = dot > 0 ? name.lastIndexOf('.', dot - 1) + 1 : 0;
    }
    if (from > 0)
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
