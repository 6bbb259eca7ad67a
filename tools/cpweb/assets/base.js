// SPDX-License-Identifier: Apache-2.0
// Elements, addresses, requests.

function el(name, attributes, ...children) {
    const e = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
        if (key.startsWith('on'))
            e.addEventListener(key.slice(2), value);
        else if (value === true)
            e.setAttribute(key, '');
        else if (value !== false && value !== null && value !== undefined)
            e.setAttribute(key, value);
    }
    e.append(...children.filter(c => c !== null && c !== undefined));
    return e;
}

function button(label, title, action, attributes) {
    return el('button', Object.assign({type: 'button', title: title, onclick: action}, attributes),
        label);
}

// A query of parameters that are not empty, in their given order.
function query(params) {
    const q = new URLSearchParams();
    for (const [key, value] of Object.entries(params))
        if (value !== '' && value !== null && value !== undefined && value !== false)
            q.set(key, value);
    const text = q.toString();
    return text ? '?' + text : '';
}

function post(path, fields) {
    return fetch(path, {method: 'POST', credentials: 'same-origin',
        headers: {'Content-Type': 'application/x-www-form-urlencoded'},
        body: new URLSearchParams(fields || {}).toString()}).then(answer =>
        answer.json().catch(() => ({})).then(body => ({ok: answer.ok, said: body.said || ''})));
}

// Literal text as a regular expression, and back where that is possible.
const quote = text => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');

function unquote(regex) {
    const plain = regex.replace(/\\([\\^$.|?*+()[\]{}])/g, '$1');
    return quote(plain) === regex ? plain : null;
}

// Goes to another address in the same place; the history keeps this one.
function go(path, params) {
    location.href = path + query(params);
}

// The same place with other words in the address, for what is no step of its own.
function readdress(params) {
    history.replaceState(null, '', location.pathname + query(params) + location.hash);
}
