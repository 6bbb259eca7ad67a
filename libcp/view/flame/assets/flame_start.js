// SPDX-License-Identifier: Apache-2.0
// Starts where the data block is: an SVG document of its own, or a page.

function startPicture(root, data) {
    const frames = document.getElementById('frames');
    const inside = document.createElementNS(SVG, 'foreignObject');
    const host = document.createElementNS(XHTML, 'div');
    const fixed = JSON.parse(data.slice(0, data.indexOf('\n'))).fixed;
    const fill = (height) => {
        root.setAttribute('width', fixed || '100%');
        root.setAttribute('height', height);
        inside.setAttribute('width', '100%');
        inside.setAttribute('height', '100%');
    };
    root.classList.add('app');
    root.removeAttribute('viewBox');
    fill('100%');
    host.setAttribute('class', 'fill');
    for (const name of ['x', 'y'])
        frames.removeAttribute(name);
    inside.append(host);
    root.append(inside);
    return flameApp(host, data, {painter: svgPainter(frames), most: 1200,
        onprint(on, height) { fill(on ? height : '100%'); }});
}

function start() {
    const block = document.getElementById('cp-flame'), root = document.documentElement;
    if (!block)
        return null;
    if (root.localName === 'svg')
        return startPicture(root, block.textContent);
    return startPage(document.getElementById('cp-flame-here') || document.body, block);
}

window.cpFlame = {decode: decode, app: flameApp, color: color, forms: forms, svgPainter: svgPainter,
    canvasPainter: canvasPainter};
window.cpFlame.instance = start();
