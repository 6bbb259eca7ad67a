// SPDX-License-Identifier: Apache-2.0
// A picture that is opened by itself fills the window.

const svg = document.documentElement;
if (svg.localName === 'svg') {
  svg.setAttribute('width', '100%');
  svg.setAttribute('height', '100%');
  const graph = new Graph(svg, null);
  graph.start();
  document.addEventListener('keydown', function (event) { graph.key(event); });
}
