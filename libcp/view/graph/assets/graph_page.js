// SPDX-License-Identifier: Apache-2.0
// The page around the picture: search, details of a box, links of the outline.

const panel = document.getElementById('panel');
const find = document.getElementById('find');
const graph = new Graph(document.querySelector('.cp-graph'), details);

function element(parent, name, text) {
  const e = document.createElement(name);
  if (text)
    e.textContent = text;
  parent.appendChild(e);
  return e;
}

function nameOf(i) {
  return graph.nodes[i].querySelector('title').textContent.replace(/: (flat )?[^:]*$/, '');
}

// "a → b: 1.20s (12%)" without the names.
function valueOf(edge) {
  return edge.g.querySelector('title').textContent.replace(/^.*: /s, '');
}

function neighbours(title, edges, end) {
  if (!edges.length)
    return;
  element(panel, 'h3', title);
  const list = element(panel, 'ul');
  edges.forEach(function (edge) {
    const item = element(list, 'li');
    const button = element(item, 'button', nameOf(edge[end]));
    button.addEventListener('click', function () { go(edge[end]); });
    element(item, 'span', ' ' + valueOf(edge));
  });
}

function details(i) {
  panel.textContent = '';
  panel.hidden = i < 0;
  if (i < 0)
    return;
  const title = graph.nodes[i].querySelector('title').textContent;
  const members = document.getElementById('m' + i);
  element(panel, 'h2', nameOf(i));
  element(panel, 'p', title.slice(nameOf(i).length + 2));
  neighbours('Called by', graph.edges.filter(function (e) { return e.to === i && e.from !== i; }),
    'from');
  neighbours('Calls', graph.edges.filter(function (e) { return e.from === i && e.to !== i; }), 'to');
  if (members) {
    element(panel, 'h3', 'Functions');
    panel.appendChild(members.content.cloneNode(true));
  }
}

function go(i) {
  graph.choose(i);
  graph.focus(i);
}

find.addEventListener('input', function () {
  const words = find.value.toLowerCase();
  let first = -1;
  graph.nodes.forEach(function (n, i) {
    const hit = !words || nameOf(i).toLowerCase().includes(words);
    n.classList.toggle('miss', !hit);
    if (hit && first < 0)
      first = i;
  });
  if (words && first >= 0)
    graph.reveal(first);
});
find.addEventListener('keydown', function (event) {
  const words = find.value.toLowerCase();
  event.stopPropagation();
  if (event.key === 'Escape') {
    find.value = '';
    find.dispatchEvent(new Event('input'));
  }
  if (event.key !== 'Enter' || !words)
    return;
  const hits = graph.nodes.map(function (n, i) { return i; }).filter(function (i) {
    return nameOf(i).toLowerCase().includes(words);
  });
  if (hits.length)
    go(hits[(hits.indexOf(graph.on) + 1) % hits.length]);
});
document.getElementById('in').addEventListener('click', function () { graph.zoom(1.25); });
document.getElementById('out').addEventListener('click', function () { graph.zoom(.8); });
document.getElementById('fit').addEventListener('click', function () { graph.fit(); });
document.getElementById('outline').addEventListener('click', function (event) {
  const link = event.target.closest('a');
  if (!link)
    return;
  event.preventDefault();
  go(+link.getAttribute('href').slice(2));
});
document.addEventListener('keydown', function (event) {
  if (event.target.closest('#panel, footer, .tools') && event.key !== 'Escape')
    return;
  if (event.key === '/') {
    event.preventDefault();
    find.focus();
    return;
  }
  graph.key(event);
});
graph.start();
