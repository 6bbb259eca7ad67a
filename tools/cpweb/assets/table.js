// SPDX-License-Identifier: Apache-2.0
// A table of any length: only the rows in sight are elements.

// columns: [{key, label, number: bool, text(row), cell(row): Node or text, order(a, b)}]
// options: {caption, sort, down, needle, onstate(state), rowKey(row)}
function bigTable(columns, rows, options) {
    const ROW = 26, state = {sort: options.sort, down: options.down !== false,
        needle: options.needle || ''};
    const body = el('div', {'class': 'rows', role: 'rowgroup'});
    const scroll = el('div', {'class': 'big', tabindex: '0', role: 'table',
        'aria-label': options.caption});
    const filter = el('input', {type: 'search', placeholder: 'Filter  /', value: state.needle,
        'aria-label': 'Filter the table', spellcheck: 'false'});
    const count = el('span', {'class': 'dim', role: 'status'});
    const heads = el('div', {'class': 'tr head', role: 'row'});
    let shown = rows, current = -1;

    const text = (c, row) => c.text ? c.text(row) : String(row[c.key]);

    function column(key) {
        return columns.find(c => c.key === key) || columns[0];
    }

    function arrange() {
        const words = state.needle.toLowerCase(), c = column(state.sort);
        const order = c.order || (c.number ? (a, b) => a[c.key] - b[c.key]
            : (a, b) => text(c, a) < text(c, b) ? -1 : text(c, a) > text(c, b) ? 1 : 0);
        shown = words ? rows.filter(row => columns.some(k => !k.number &&
            text(k, row).toLowerCase().includes(words))) : rows.slice();
        const index = new Map(rows.map((row, i) => [row, i]));
        shown.sort((a, b) => (state.down ? order(b, a) : order(a, b)) || index.get(a) - index.get(b));
        count.textContent = words ? grouped(shown.length) + ' of ' + grouped(rows.length)
            : grouped(rows.length) + ' rows';
        body.style.height = shown.length * ROW + 'px';
        scroll.setAttribute('aria-rowcount', shown.length + 1);
        current = Math.min(current, shown.length - 1);
        for (const h of heads.children) {
            const mine = h.dataset.key === state.sort;
            h.setAttribute('aria-sort', mine ? state.down ? 'descending' : 'ascending' : 'none');
        }
        paint();
    }

    function line(i) {
        const row = shown[i];
        const tr = el('div', {'class': 'tr' + (i === current ? ' current' : ''), role: 'row',
            'aria-rowindex': i + 2}, ...columns.map(c => el('div', {role: 'cell',
            'class': (c.number ? 'num ' : 'text ') + (c.more ? 'more' : '')},
            c.cell ? c.cell(row) : text(c, row))));
        tr.style.top = i * ROW + 'px';
        return tr;
    }

    function paint() {
        const height = scroll.clientHeight || 600, from = Math.max(0,
            Math.floor(scroll.scrollTop / ROW) - 8);
        const to = Math.min(shown.length, from + Math.ceil(height / ROW) + 17);
        const lines = [];
        for (let i = from; i < to; i++)
            lines.push(line(i));
        body.replaceChildren(...lines);
    }

    function sortBy(key) {
        state.down = state.sort === key ? !state.down : !!column(key).number;
        state.sort = key;
        arrange();
        options.onstate(state);
    }

    function moveTo(i) {
        current = Math.max(0, Math.min(shown.length - 1, i));
        const y = current * ROW, view = scroll.clientHeight - ROW;
        if (y < scroll.scrollTop)
            scroll.scrollTop = y;
        else if (y + ROW > scroll.scrollTop + view)
            scroll.scrollTop = y + ROW - view;
        paint();
        live.textContent = current >= 0 && shown[current]
            ? columns.map(c => c.label + ' ' + text(c, shown[current])).join(', ') : '';
    }

    function key(e) {
        const page = Math.max(1, Math.floor(scroll.clientHeight / ROW) - 2);
        const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page};
        if (e.target !== scroll)
            return;
        if (steps[e.key])
            moveTo(current + steps[e.key]);
        else if (e.key === 'Home')
            moveTo(0);
        else if (e.key === 'End')
            moveTo(shown.length - 1);
        else if (e.key === 'Enter' && options.onopen && shown[current])
            options.onopen(shown[current]);
        else
            return;
        e.preventDefault();
    }

    function copy() {
        const lines = [columns.map(c => c.label).join('\t')].concat(shown.map(row =>
            columns.map(c => text(c, row)).join('\t')));
        copyText(lines.join('\n') + '\n').then(ok => {
            live.textContent = count.textContent = ok ? 'copied ' + grouped(shown.length) + ' rows'
                : 'the browser does not let a page copy';
        });
    }

    for (const c of columns)
        heads.append(el('div', {role: 'columnheader', 'data-key': c.key, 'class':
            (c.number ? 'num ' : 'text ') + (c.more ? 'more' : '')},
            button(c.label, c.title || 'sort by ' + c.label.toLowerCase(), () => sortBy(c.key),
                {'class': 'link'})));
    const live = el('div', {'class': 'spoken', 'aria-live': 'polite'});
    const tools = el('div', {'class': 'row'}, filter, count,
        button('Copy', 'copy these rows, for a spreadsheet', copy));
    filter.addEventListener('input', () => {
        state.needle = filter.value;
        arrange();
        options.onstate(state);
    });
    filter.addEventListener('keydown', e => {
        if (e.key === 'Escape' && filter.value) {
            filter.value = state.needle = '';
            arrange();
            options.onstate(state);
        }
    });
    scroll.append(heads, body);
    scroll.addEventListener('scroll', paint, {passive: true});
    scroll.addEventListener('keydown', key);
    new ResizeObserver(paint).observe(scroll);
    // On paper every row is there.
    window.addEventListener('beforeprint', () => body.replaceChildren(
        ...shown.slice(0, 5000).map((row, i) => line(i))));
    window.addEventListener('afterprint', paint);
    arrange();
    return {element: el('div', {'class': 'bigtable'}, tools, scroll, live), tools: tools,
        filter: filter, scroll: scroll};
}

// Pages that came without encryption have no clipboard, but they may copy a selection.
function copyText(text) {
    if (navigator.clipboard)
        return navigator.clipboard.writeText(text).then(() => true, () => false);
    const box = el('textarea', {'class': 'spoken', 'aria-hidden': 'true'});
    document.body.append(box);
    box.value = text;
    box.select();
    const ok = document.execCommand('copy');
    box.remove();
    return Promise.resolve(ok);
}
