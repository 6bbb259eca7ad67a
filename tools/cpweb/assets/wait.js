// SPDX-License-Identifier: Apache-2.0
// While a capture is under way: how far it is, a way to stop it, and on to the picture.

function captureLine(c) {
    const left = c.total ? Math.max(0, c.total - c.elapsed) : 0;
    return el('li', {}, el('b', {}, c.from), ' ', c.state, c.total && left
        ? ', ' + left + ' s left' : c.elapsed ? ', ' + c.elapsed + ' s so far' : '',
        ' · ' + c.bytes + ' bytes', c.total ? el('progress', {max: c.total,
            value: Math.min(c.elapsed, c.total), 'aria-label': 'seconds'}) : null);
}

function showState() {
    const list = document.getElementById('wait-list'), said = document.getElementById('wait-said');
    fetch('/state', {credentials: 'same-origin'}).then(answer => answer.json()).then(state => {
        list.replaceChildren(...(state.captures || []).map(captureLine));
        said.textContent = state.failed ? state.said : '';
        document.title = state.failed ? 'No profile came' : 'Taking a profile…';
        document.getElementById('wait-stop').hidden = !!state.failed;
        if (state.ready)
            location.replace(location.pathname === '/' ? '/flamegraph' + location.search
                : location.href);
        else if (!state.failed)
            setTimeout(showState, 500);
    }).catch(() => {
        said.textContent = 'the server does not answer';
        setTimeout(showState, 2000);
    });
}

document.getElementById('wait-stop').addEventListener('click', e => {
    e.target.disabled = true;
    post('/stop', {});
});
showState();
