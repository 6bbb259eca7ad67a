/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page: the picture, what a box and its neighbours cost, and the outline, which says
 * all of it in words. Its policy names the hashes of the embedded script and styles.
 */
#include "view/draw.h"
#include "view/graph/graph.h"

static void policy(struct cpi_sink *sink)
{
	cpi_sink_str(sink,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
		"'none'; base-uri 'none'; form-action 'none'; script-src '");
	cpi_sink_str(sink, cpi_graph_asset_page.hash);
	cpi_sink_str(sink, "'; style-src '");
	cpi_sink_str(sink, cpi_graph_asset_style.hash);
	cpi_sink_str(sink, "' '");
	cpi_sink_str(sink, cpi_graph_asset_page_style.hash);
	cpi_sink_str(sink, "'\">\n");
}

static void callee(const struct cpi_callgraph *c, struct cpi_sink *sink,
	const struct cp_graph_edge *e)
{
	const struct cp_graph_node *to = &c->rows.node[e->to];
	char value[48], share[32];

	cpi_sink_printf(sink, "<li><a href=\"#n%u\">", e->to);
	cpi_callgraph_name(sink, to->name);
	cpi_sink_printf(sink, "</a> <b>%s</b> %s%s</li>\n",
		cpi_amount_text(&c->amount, value, sizeof value, e->weight),
		cpi_amount_share(&c->amount, share, sizeof share, e->weight),
		e->residual ? ", over functions that are not shown" : "");
}

/* Functions by importance, each with what it calls. */
static void outline(const struct cpi_callgraph *c, struct cpi_sink *sink)
{
	const struct cp_graph_rows *r = &c->rows;
	char flat[48], cum[48], share[32];

	cpi_sink_str(sink, "<details id=\"outline\"><summary>Outline</summary>\n<ol>\n");
	for (size_t i = 0, k = 0; i < r->n_nodes; i++) {
		const struct cp_graph_node *n = &r->node[i];
		bool some = false;

		if (n->kind == CP_GRAPH_LABELS)
			continue;
		cpi_sink_printf(sink, "<li><a href=\"#n%zu\">", i);
		cpi_callgraph_name(sink, n->name);
		cpi_sink_printf(sink, "</a> <b>%s</b> of %s (%s)",
			cpi_amount_text(&c->amount, flat, sizeof flat, n->flat),
			cpi_amount_text(&c->amount, cum, sizeof cum, n->cum),
			cpi_amount_share(&c->amount, share, sizeof share, n->cum));
		for (; k < r->n_edges && r->edge[k].from <= i; k++) {
			if (r->edge[k].from != i)
				continue;
			cpi_sink_str(sink, some ? "" : "\n<ul>\n");
			some = true;
			callee(c, sink, &r->edge[k]);
		}
		cpi_sink_str(sink, some ? "</ul></li>\n" : "</li>\n");
	}
	cpi_sink_str(sink, "</ol>\n</details>\n");
}

/* The functions of groups, for the panel. */
static void members(const struct cpi_callgraph *c, struct cpi_sink *sink)
{
	char flat[48], cum[48];

	for (size_t i = 0; i < c->rows.n_nodes; i++) {
		const struct cp_graph_node *n = &c->rows.node[i];

		if (!n->n_members)
			continue;
		cpi_sink_printf(sink, "<template id=\"m%zu\"><ul>\n", i);
		for (uint32_t k = 0; k < n->n_members; k++) {
			cpi_sink_str(sink, "<li>");
			cpi_draw_escape(sink, n->member[k].name);
			cpi_sink_printf(sink, " <b>%s</b> of %s</li>\n",
				cpi_amount_text(
					&c->amount, flat, sizeof flat, n->member[k].flat),
				cpi_amount_text(
					&c->amount, cum, sizeof cum, n->member[k].cum));
		}
		cpi_sink_str(sink, "</ul></template>\n");
	}
}

enum cp_code cpi_callgraph_html(
	const struct cpi_callgraph *c, struct cpi_sink *sink, struct cp_error *err)
{
	char total[48];

	(void)err;
	cpi_sink_str(sink, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
			   "<meta charset=\"utf-8\">\n");
	policy(sink);
	cpi_sink_str(sink, "<meta name=\"viewport\" content=\"width=device-width, "
			   "initial-scale=1\">\n<title>");
	cpi_draw_escape(sink, c->title);
	cpi_sink_str(sink, ": call graph</title>\n<style>");
	cpi_sink_bytes(
		sink, cpi_graph_asset_page_style.bytes, cpi_graph_asset_page_style.n);
	cpi_sink_str(sink, "</style>\n</head>\n<body>\n<header><h1>");
	cpi_draw_escape(sink, c->title);
	cpi_sink_printf(sink, "</h1><p>%s of ",
		cpi_amount_text(&c->amount, total, sizeof total, c->rows.total));
	cpi_draw_escape(sink, c->rows.type);
	if (c->rows.dropped_nodes)
		cpi_sink_printf(
			sink, "; %zu functions are not shown", c->rows.dropped_nodes);
	cpi_sink_str(sink,
		"</p><div class=\"tools\"><input id=\"find\" type=\"search\" "
		"placeholder=\"Find a function\" aria-label=\"Find a function\">"
		"<button id=\"out\" aria-label=\"Zoom out\">\xe2\x88\x92</button>"
		"<button id=\"in\" aria-label=\"Zoom in\">+</button>"
		"<button id=\"fit\">Fit</button></div></header>\n"
		"<main><div id=\"stage\">\n");
	cpi_callgraph_picture(c, sink);
	cpi_sink_str(sink,
		"</svg>\n</div>\n<aside id=\"panel\" aria-live=\"polite\" hidden>"
		"</aside></main>\n<footer>");
	outline(c, sink);
	cpi_sink_str(sink, "</footer>\n");
	members(c, sink);
	cpi_sink_str(sink, "<script>");
	cpi_sink_bytes(sink, cpi_graph_asset_page.bytes, cpi_graph_asset_page.n);
	cpi_sink_str(sink, "</script>\n</body>\n</html>\n");
	return CP_OK;
}
