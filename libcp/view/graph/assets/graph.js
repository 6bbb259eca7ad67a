// SPDX-License-Identifier: Apache-2.0
// Pan, zoom, focus and keys of a call graph that is drawn already.

function Graph(svg, chosen) {
  this.svg = svg;
  this.chosen = chosen;
  this.nodes = Array.from(svg.querySelectorAll('.n'));
  this.edges = Array.from(svg.querySelectorAll('.e')).map(function (g) {
    return { g: g, from: +g.dataset.f, to: +g.dataset.t };
  });
  const box = svg.viewBox.baseVal;
  this.whole = { x: box.x, y: box.y, w: box.width, h: box.height };
  this.view = Object.assign({}, this.whole);
  this.on = -1;
  this.pointers = new Map();
  svg.classList.add('live');
  this.listen();
}

Graph.prototype.size = function () {
  const rect = this.svg.getBoundingClientRect();
  return { x: rect.left, y: rect.top, w: rect.width || 1, h: rect.height || 1 };
};

// Pixels per unit of the picture.
Graph.prototype.scale = function () {
  const size = this.size();
  return Math.min(size.w / this.view.w, size.h / this.view.h);
};

Graph.prototype.show = function () {
  const v = this.view;
  this.svg.setAttribute('viewBox', [v.x, v.y, v.w, v.h].join(' '));
};

Graph.prototype.fit = function () {
  this.view = Object.assign({}, this.whole);
  this.show();
};

Graph.prototype.box = function (i) {
  const rect = this.nodes[i].querySelector('rect');
  const num = function (name) { return +rect.getAttribute(name); };
  const shift = this.svg.querySelector('.v').transform.baseVal.consolidate().matrix.f;
  return { x: num('x') + num('width') / 2, y: num('y') + num('height') / 2 + shift,
    w: num('width'), h: num('height') };
};

// All of it where that can be read; else its heaviest corner in a readable size.
Graph.prototype.start = function () {
  const size = this.size(), least = size.w < 700 ? .55 : .6;
  this.fit();
  if (this.scale() >= least || !this.nodes.length)
    return;
  let top = 0;
  for (let i = 1; i < this.nodes.length && i < 40; i++)
    if (this.box(i).y < this.box(top).y)
      top = i;
  const at = this.box(top);
  this.view = { x: at.x - size.w / least / 2, y: Math.max(0, at.y - at.h / 2 - 40),
    w: size.w / least, h: size.h / least };
  this.show();
};

Graph.prototype.zoom = function (factor, x, y) {
  const size = this.size(), v = this.view, old = this.scale();
  const scale = Math.min(4, Math.max(Math.min(size.w / this.whole.w, size.h / this.whole.h) / 2,
    old * factor));
  if (x === undefined) {
    x = size.x + size.w / 2;
    y = size.y + size.h / 2;
  }
  // What is under the pointer stays there; the picture is centred in its element.
  const cx = v.x + v.w / 2 + (x - size.x - size.w / 2) / old;
  const cy = v.y + v.h / 2 + (y - size.y - size.h / 2) / old;
  const w = size.w / scale, h = size.h / scale;
  this.view = { x: cx - (x - size.x) / scale, y: cy - (y - size.y) / scale, w: w, h: h };
  this.show();
};

Graph.prototype.pan = function (dx, dy) {
  const scale = this.scale();
  this.view.x -= dx / scale;
  this.view.y -= dy / scale;
  this.show();
};

// Brings a box into sight without changing the size of things more than it must.
Graph.prototype.reveal = function (i) {
  const at = this.box(i), size = this.size(), scale = Math.max(this.scale(), .5);
  const w = size.w / scale, h = size.h / scale;
  const v = { x: this.view.x + (this.view.w - w) / 2, y: this.view.y + (this.view.h - h) / 2, w: w, h: h };
  const left = at.x - at.w / 2 - 20, right = at.x + at.w / 2 + 20;
  const top = at.y - at.h / 2 - 20, bottom = at.y + at.h / 2 + 20;
  if (left < v.x || right > v.x + w)
    v.x = at.x - w / 2;
  if (top < v.y || bottom > v.y + h)
    v.y = at.y - h / 2;
  this.view = v;
  this.show();
};

// One box with its callers and callees; -1: all again.
Graph.prototype.choose = function (i) {
  const graph = this;
  this.on = i;
  this.svg.classList.toggle('f', i >= 0);
  this.nodes.forEach(function (n, k) {
    n.classList.toggle('on', k === i);
    n.classList.remove('near');
  });
  this.edges.forEach(function (e) {
    const near = e.from === i || e.to === i;
    e.g.classList.toggle('near', near);
    if (near) {
      graph.nodes[e.from].classList.add('near');
      graph.nodes[e.to].classList.add('near');
    }
  });
  if (this.chosen)
    this.chosen(i);
};

Graph.prototype.focus = function (i) {
  this.nodes.forEach(function (n, k) { n.setAttribute('tabindex', k === i ? '0' : '-1'); });
  this.nodes[i].focus({ preventScroll: true });
  this.reveal(i);
};

// The heaviest caller or callee: edges stand by their weight.
Graph.prototype.follow = function (i, down) {
  const next = this.edges.find(function (e) {
    return e.from !== e.to && (down ? e.from === i : e.to === i);
  });
  if (next)
    this.focus(down ? next.to : next.from);
};

// The nearest box on the same height.
Graph.prototype.beside = function (i, right) {
  const here = this.box(i);
  let best = -1, least = Infinity;
  for (let k = 0; k < this.nodes.length; k++) {
    const at = this.box(k), d = right ? at.x - here.x : here.x - at.x;
    const cost = d + 8 * Math.abs(at.y - here.y);
    if (k !== i && d > 0 && cost < least) {
      best = k;
      least = cost;
    }
  }
  if (best >= 0)
    this.focus(best);
};

Graph.prototype.key = function (event) {
  const i = this.nodes.indexOf(document.activeElement);
  const graph = this;
  if (event.ctrlKey || event.metaKey || event.altKey)
    return;
  const keys = {
    '+': function () { graph.zoom(1.25); }, '=': function () { graph.zoom(1.25); },
    '-': function () { graph.zoom(.8); }, '0': function () { graph.fit(); },
    'Escape': function () { graph.choose(-1); }
  };
  const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  if (i >= 0) {
    keys.Enter = keys[' '] = function () { graph.choose(graph.on === i ? -1 : i); };
    keys.ArrowDown = function () { graph.follow(i, true); };
    keys.ArrowUp = function () { graph.follow(i, false); };
    keys.ArrowLeft = function () { graph.beside(i, false); };
    keys.ArrowRight = function () { graph.beside(i, true); };
  } else if (moves[event.key]) {
    keys[event.key] = function () { graph.pan(moves[event.key][0], moves[event.key][1]); };
  }
  if (!keys[event.key])
    return;
  keys[event.key]();
  event.preventDefault();
};

// One pointer pans, two zoom; a press that did not move chooses.
Graph.prototype.listen = function () {
  const graph = this, svg = this.svg, pointers = this.pointers;
  let moved = 0, pressed = null;
  svg.addEventListener('pointerdown', function (event) {
    if (event.button)
      return;
    if (!pointers.size) {
      moved = 0;
      pressed = event.target.closest('.n');
    }
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  svg.addEventListener('pointermove', function (event) {
    const old = pointers.get(event.pointerId);
    if (!old)
      return;
    const others = Array.from(pointers.values()).filter(function (p) { return p !== old; });
    moved += Math.abs(event.clientX - old.x) + Math.abs(event.clientY - old.y);
    if (moved > 4 && !svg.hasPointerCapture(event.pointerId)) {
      svg.setPointerCapture(event.pointerId);
      svg.classList.add('drag');
    }
    if (others.length) {
      const p = others[0];
      const before = Math.hypot(old.x - p.x, old.y - p.y);
      const after = Math.hypot(event.clientX - p.x, event.clientY - p.y);
      if (before > 0)
        graph.zoom(after / before, (event.clientX + p.x) / 2, (event.clientY + p.y) / 2);
    } else if (moved > 4) {
      graph.pan(event.clientX - old.x, event.clientY - old.y);
    }
    old.x = event.clientX;
    old.y = event.clientY;
  });
  function up(event) {
    if (!pointers.delete(event.pointerId))
      return;
    svg.classList.remove('drag');
    if (event.type !== 'pointerup' || moved > 4 || pointers.size)
      return;
    const i = pressed ? graph.nodes.indexOf(pressed) : -1;
    graph.choose(i === graph.on ? -1 : i);
    if (i >= 0)
      graph.nodes[i].focus({ preventScroll: true });
  }
  svg.addEventListener('pointerup', up);
  svg.addEventListener('pointercancel', up);
  svg.addEventListener('wheel', function (event) {
    const step = event.deltaMode ? 30 : 1;
    graph.zoom(Math.exp(-event.deltaY * step / 400), event.clientX, event.clientY);
    event.preventDefault();
  }, { passive: false });
  svg.addEventListener('focusin', function (event) {
    const i = graph.nodes.indexOf(event.target);
    if (i >= 0 && event.target.matches(':focus-visible'))
      graph.reveal(i);
  });
};
