// SPDX-License-Identifier: Apache-2.0
// What stands above every page: where one is, which values, what was filtered.

const FILTERS = [['f', 'Focus', 'only stacks with it'], ['i', 'Ignore', 'no stacks with it'],
    ['h', 'Hide', 'its frames are left out'], ['s', 'Show', 'only its frames'],
    ['sf', 'Show from', 'stacks begin there'], ['prunefrom', 'Prune from', 'stacks end there'],
    ['tf', 'Tag focus', 'only samples with this label'], ['ti', 'Tag ignore', 'no samples with it'],
    ['ts', 'Tag show', 'only labels of this key'], ['th', 'Tag hide', 'no labels of this key'],
    ['tagroot', 'Tag root', 'values of these labels become root frames'],
    ['tagleaf', 'Tag leaf', 'values of these labels become leaf frames']];
const LITERAL = ['f', 'i', 'h', 's', 'sf', 'prunefrom'];
const KEPT = FILTERS.map(f => f[0]).concat(['file', 'si', 'g', 'noinlines', 'rel', 'mean', 'time',
    'trim', 'n', 'nf', 'ef', 'unit', 'root', 'before', 'after', 'scale', 'norm', 'intel', 'calltree', 'compact']);

// What goes along from page to page.
function kept(params) {
    const out = {};
    for (const key of KEPT)
        if (params[key] !== undefined)
            out[key] = params[key];
    return out;
}

function places(page) {
    const list = page.page === 'runs' ? [] : [['flamegraph', 'Flame graph'], ['top', 'Top'],
        ['graph', 'Graph'], ['peek', 'Callers'], ['source', 'Source'],
        ['disasm', 'Instructions'], ['tags', 'Tags'], ['symbols', 'Symbols'], ['info', 'Info']];
    const {before, after, scale, ...single} = kept(page.params);
    if (page.format === 'perf.data')
        list.push(['time', 'Time']);
    if (page.files && page.files.length > 1)
        list.push(['diff', 'Compare']);
    if (!single.file && (before || after))
        single.file = (after || before).split('/')[0];
    if (page.folder)
        list.unshift(['runs', 'Runs']);
    const here = page.page === 'diffgraph' ? 'diff' : page.page;
    return list.map(([path, label]) => el('a', {href: path + query(path === 'diff' && before
        ? kept(page.params) : path === 'diff' ? {after: page.file} : path === 'runs' ? {} : single),
        'aria-current': here === path ? 'page' : null}, label));
}

function typeSwitch(page) {
    if (!page.types || page.types.length < 2)
        return null;
    return el('select', {'aria-label': 'Sample type', title: 'which values', onchange: e =>
        go(location.pathname, Object.assign({}, page.params, {si: page.types[e.target.value][0]}))},
        ...page.types.map(([name, unit], i) => el('option', {value: i,
            selected: i === page.type}, name + (unit && unit !== 'count' ? ' (' + unit + ')' : ''))));
}

function fileSwitch(page) {
    if (page.page === 'diff' || page.page === 'diffgraph')
        return null;
    if (!page.files || page.files.length < 2)
        return el('b', {'class': 'file'}, page.file || '');
    return el('select', {'aria-label': 'File', title: 'which file', 'class': 'file', onchange: e =>
        go(location.pathname, Object.assign({}, page.params, {file: e.target.value}))},
        ...page.files.map(name => el('option', {selected: name === page.file}, name)));
}

// The filters in force, each with a way out, and a box for one more.
function refineBar(page) {
    const params = page.params, wrong = page.error && page.error.param;
    const box = el('input', {type: 'search', 'aria-label': 'Text of the filter', spellcheck: 'false',
        placeholder: 'name'});
    const kind = el('select', {'aria-label': 'Kind of filter'}, ...FILTERS.map(([key, label, what]) =>
        el('option', {value: key, title: what}, label)));
    const regex = button('.*', 'regular expression', () => {
        regex.setAttribute('aria-pressed', regex.getAttribute('aria-pressed') !== 'true');
    }, {'aria-pressed': 'false'});
    const said = el('span', {'class': 'wrong', role: 'alert', id: 'cp-wrong'});

    function apply(change) {
        const next = Object.assign({}, params, change);
        go(location.pathname, next);
    }

    function add(e) {
        e.preventDefault();
        const key = kind.value, literal = LITERAL.includes(key) &&
            regex.getAttribute('aria-pressed') !== 'true';
        const value = literal ? quote(box.value) : box.value;
        if (!box.value)
            return;
        const old = LITERAL.includes(key) && wrong !== key ? params[key] : '';
        apply({[key]: old ? old + '|' + value : value});
    }

    const chips = FILTERS.filter(([key]) => params[key] && wrong !== key).map(([key, label]) =>
        el('span', {'class': 'chip'}, label + ': ' + (unquote(params[key]) === null ||
            !LITERAL.includes(key) ? params[key] : unquote(params[key])),
            button('×', 'take away: ' + label, () => apply({[key]: ''}))));
    if (params.time)
        chips.push(el('span', {'class': 'chip'}, 'Time: ' + params.time + ' s',
            button('×', 'take away: time', () => apply({time: ''}))));
    if (page.error && wrong && FILTERS.some(f => f[0] === wrong)) {
        kind.value = wrong;
        box.value = params[wrong] || '';
        box.setAttribute('aria-invalid', 'true');
        box.setAttribute('aria-describedby', 'cp-wrong');
        regex.setAttribute('aria-pressed', 'true');
        said.textContent = page.error.message;
    }
    const granularity = el('select', {'aria-label': 'Granularity', title: 'what makes two frames one',
        onchange: e => apply({g: e.target.value})}, ...[['', 'functions'], ['filefunctions',
        'functions and files'], ['files', 'files'], ['lines', 'lines'], ['addresses', 'addresses']].map(
        ([value, label]) => el('option', {value: value, selected: (params.g || '') === value ||
            (!value && params.g === 'functions')}, label)));
    const check = (key, label, title) => el('label', {title: title}, el('input', {type: 'checkbox',
        checked: /^(1|t|true|y|yes|on)$/i.test(params[key] || ''), onchange: e =>
            apply({[key]: e.target.checked ? '1' : ''})}), ' ' + label);
    const bar = el('form', {'class': 'refine', 'aria-label': 'Refine', onsubmit: add}, ...chips, kind,
        box, regex, el('button', {type: 'submit'}, 'Add'), said, granularity,
        check('noinlines', 'no inlines', 'inlined functions count as the function they are in'),
        check('rel', 'relative', 'percentages of what the filters leave'));
    if (chips.length)
        bar.append(button('Clear', 'no filters', () => {
            const none = {};
            for (const [key] of FILTERS)
                none[key] = '';
            apply(Object.assign(none, {time: ''}));
        }));
    return bar;
}

function saveMenu(page) {
    const {before, after, scale, ...single} = kept(page.params);
    const file = query({file: page.params.file});
    const view = to => 'save' + query(Object.assign({}, single, {to: to}));
    const links = [[view('html'), 'This view as a page (.html)'], [view('svg'),
        'This view as a picture (.svg)'], [view('pprof'), 'This view as a profile (.pb.gz)'],
        [view('graph'),
        'Its call graph (.svg)'], [view('csv'), 'Its functions (.csv)'], ['download' + file, 'The whole profile (.pb.gz)']];
    if (['top', 'tags', 'peek'].includes(page.page)) {
        const own = Object.assign({}, single, {q: page.params.q, sort: page.params.sort});
        if (page.page !== 'peek')
            links.push([page.page + query(Object.assign({}, own, {to: 'csv'})), 'This table as CSV']);
        links.push([page.page + query(Object.assign({}, own, {to: 'json'})), 'This table as JSON']);
    }
    const anchors = links.map(([href, label]) => el('a', {href: href}, label));
    // Whoever gets the page sees the source, too: only where that is wanted.
    const sources = el('input', {type: 'checkbox', onchange: () => {
        anchors[0].href = view('html') + (sources.checked ? '&sources=1' : '');
    }});
    return el('details', {'class': 'menu'}, el('summary', {title: 'save'}, 'Save'), el('div', {}, ...anchors,
        el('label', {'class': 'line', title: 'the page (.html) holds the source of its largest functions'},
            sources, ' with source, in the page')));
}

const HELP = [['g then f t h c r a l s i o d u', 'to the flame graph, top, graph, callers, source, instructions, tags, symbols, ' +
    'info, time, compare, runs'],
    ['/', 'the page\'s search or filter'], ['r', 'refine: add a filter'],
    ['x', 'save'], ['↑ ↓ PgUp PgDn Home End', 'rows of a table'],
    ['Enter', 'on a row: its callers and callees'], ['Esc', 'close, or clear'], ['?', 'this help']];

function helpBox() {
    return el('dialog', {'class': 'help', 'aria-label': 'Keys'}, el('h2', {}, 'Keys'),
        el('dl', {}, ...HELP.flatMap(([keys, what]) => [el('dt', {}, el('kbd', {}, keys)),
            el('dd', {}, what)])),
        el('p', {}, 'The flame graph has more: its own ? shows them. Filters are pprof\'s, and so are ' +
            'their names in the address: a link to this page shows the same view on another copy ' +
            'of the same files.'),
        el('form', {method: 'dialog'}, el('button', {}, 'Close')));
}

function makeHead(page) {
    const head = document.getElementById('cp-head'), help = helpBox();
    const showHelp = () => help.open ? help.close() : help.showModal();
    const bar = el('div', {'class': 'topbar'}, fileSwitch(page),
        el('nav', {'aria-label': 'Pages'}, ...places(page)),
        el('span', {'class': 'right'}, typeSwitch(page), page.page === 'runs' ? null
            : saveMenu(page), viewsMenu(page),
            button('?', 'keys', showHelp)));
    head.append(bar);
    if (page.types && !['info', 'symbols'].includes(page.page))
        head.append(refineBar(page));
    if (page.remarks && page.remarks.length)
        head.append(el('details', {'class': 'remarks'}, el('summary', {}, page.remarks[0] +
            (page.remarks.length > 1 ? ' (and ' + (page.remarks.length - 1) + ' more)' : '')),
            el('ul', {}, ...page.remarks.map(text => el('li', {}, text)))));
    if (page.error && !(page.error.param && FILTERS.some(f => f[0] === page.error.param)))
        head.append(el('p', {'class': 'wrong block', role: 'alert'}, page.error.message));
    head.append(help);
    return {showHelp: showHelp, bar: bar};
}
