// SPDX-License-Identifier: Apache-2.0
// Asks for the short code.

document.getElementById('door').addEventListener('submit', e => {
    const said = document.getElementById('said');
    e.preventDefault();
    post('/code', {code: document.getElementById('code').value}).then(answer => {
        said.textContent = answer.said;
        if (answer.ok)
            location.reload();
    }, () => {
        said.textContent = 'the server does not answer';
    });
});
