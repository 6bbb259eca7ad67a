// SPDX-License-Identifier: Apache-2.0
// For a page of somebody else, which makes of it what it needs.

window.cpGraph = Graph;
