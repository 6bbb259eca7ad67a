// SPDX-License-Identifier: Apache-2.0
// The state in the address's fragment, so that reloading, going back and sending it work.

// A hash of every node's path: addresses stay valid when the graph is made again.
function pathHashes(m) {
    const names = m.names.map(name => {
        let h = 0x811c9dc5;
        for (let i = 0; i < name.length; i++)
            h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
        return h;
    });
    const out = new Uint32Array(m.n);
    out[0] = 1;
    for (let i = 1; i < m.n; i++)
        out[i] = Math.imul(out[m.parent[i]] ^ names[m.entries[m.entry[i]].name], 0x9e3779b1) ^
            out[m.parent[i]] >>> 15;
    return out;
}

function decodeSafe(text) {
    try {
        return decodeURIComponent(text);
    } catch (e) {
        return text;
    }
}

function addressing(app) {
    const conf = app.conf, s = app.search;
    let hashes = null, of = null, told = '';

    function hashesNow() {
        if (of !== app.model) {
            of = app.model;
            hashes = pathHashes(of);
        }
        return hashes;
    }

    function address() {
        const parts = [
            app.zoomed ? 'z=' + hashesNow()[app.zoomed].toString(36) : '',
            s.text ? 's=' + encodeURIComponent(s.text) : '',
            s.regex ? 'r=1' : '',
            s.exact ? 'c=1' : '',
            app.inverted !== !!conf.inverted ? 'f=1' : '',
            app.side !== 'both' ? 'd=' + app.side : ''
        ];
        for (const more of app.extra || [])
            parts.push(more());
        return '#' + parts.filter(x => x).join('&');
    }

    // A frame's name for as long as its path is there, in another application, too.
    app.markOf = i => hashesNow()[i];
    app.marked = mark => hashesNow().indexOf(mark);

    // A new entry in the history for places, none for letters typed.
    app.remember = entry => {
        const now = address();
        if (now === told || (now === '#' && told === ''))
            return;
        told = now;
        try {
            if (entry)
                location.hash = now;
            else
                location.replace(now);
        } catch (e) {
            /* Frames in a sandbox have no address of their own. */
        }
    };

    app.restore = () => {
        const now = location.hash || (told && '#'), want = Object.create(null);
        if (now === told || decodeSafe(now) === decodeSafe(told))
            return;
        told = now;
        for (const part of now.slice(1).split('&')) {
            const at = part.indexOf('=');
            if (at > 0)
                want[part.slice(0, at)] = decodeSafe(part.slice(at + 1));
        }
        Object.assign(s, {text: want.s || '', regex: want.r === '1', exact: want.c === '1'});
        app.ui.search.value = s.text;
        app.inverted = !!conf.inverted !== (want.f === '1');
        app.side = conf.diff && /^(before|after)$/.test(want.d) ? want.d : 'both';
        if (app.onrestore)
            app.onrestore(want);
        app.layOut();
        app.setZoom(want.z ? Math.max(0, hashesNow().indexOf(parseInt(want.z, 36))) : 0);
        app.runSearch();
    };
}
