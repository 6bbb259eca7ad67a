// SPDX-License-Identifier: Apache-2.0
// Which page this is, and keys that all pages have.

const PAGES = {top: topPage, peek: peekPage, tags: tagsPage, symbols: symbolsPage, info: infoPage,
    runs: runsPage, diff: diffPage, time: timePage, graph: graphPage, source: sourcePage, disasm: disasmPage};
const JUMPS = {f: 'flamegraph', t: 'top', c: 'peek', s: 'symbols', i: 'info', l: 'tags',
    d: 'diff', o: 'time', u: 'runs',
    h: 'graph', r: 'source', a: 'disasm'};

function keys(page, head) {
    let jump = false;
    document.addEventListener('keydown', e => {
        const tag = e.target.tagName || '';
        if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(tag))
            return;
        if (jump && JUMPS[e.key]) {
            e.preventDefault();
            e.stopImmediatePropagation();
            go(JUMPS[e.key], kept(page.params));
            return;
        }
        jump = e.key === 'g';
        if (e.key === '?' && page.page !== 'flamegraph' && page.page !== 'diffgraph')
            head.showHelp();
        else if (e.key === '/' && page.search)
            page.search.focus();
        else if (e.key === 'r' && page.page !== 'flamegraph' && page.page !== 'diffgraph')
            document.querySelector('.refine input').focus();
        else if (!jump)
            return;
        e.preventDefault();
    }, true);
}

function startApp() {
    const text = document.getElementById('cp-page').textContent, page = JSON.parse(text);
    const main = document.getElementById('cp-main');
    const head = makeHead(page);
    if (PAGES[page.page] && (page.data || ['peek', 'info', 'diff', 'time', 'graph', 'source',
        'disasm'].includes(page.page)))
        PAGES[page.page](page, main);
    keys(page, head);
    window.cpWeb = {page: page};
}

startApp();
