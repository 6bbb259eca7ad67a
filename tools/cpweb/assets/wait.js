// SPDX-License-Identifier: Apache-2.0
// While a capture is under way: what it does, and on to the picture when it is there.

function showState() {
    fetch('/state', {credentials: 'same-origin'}).then(answer => answer.json()).then(state => {
        document.getElementById('wait-said').textContent = state.said;
        if (state.ready)
            location.replace('/flamegraph' + location.search);
        else
            setTimeout(showState, 1000);
    }).catch(() => setTimeout(showState, 2000));
}

showState();
