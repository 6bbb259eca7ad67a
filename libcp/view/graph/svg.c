/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The picture. It is complete without script and style sheets of others; what a renderer
 * without CSS would show are the attributes.
 */
#include "view/draw.h"
#include "view/graph/graph.h"

enum { ARROW = 4, ARROW_LENGTH = 8, TITLE = 60, LONGEST = 240 };

static const char *const fills[] = {"#f6f5f3", "#f7efe4", "#faead2", "#fde2bd", "#fdd5a2",
	"#fcc287", "#f9aa70", "#f28d5e", "#e76f50", "#c8403a"};

/* A name in titles and labels: as long as one can read. */
static void part(struct cpi_sink *sink, struct cp_text name)
{
	size_t half = LONGEST / 2;
	struct cp_text end;

	if (name.n <= LONGEST + 3) {
		cpi_draw_escape(sink, name);
		return;
	}
	end = (struct cp_text){name.p + name.n - half, half};
	while (half && ((unsigned char)name.p[half] & 0xc0) == 0x80)
		half--;
	while (end.n && ((unsigned char)*end.p & 0xc0) == 0x80)
		end = (struct cp_text){end.p + 1, end.n - 1};
	cpi_draw_escape(sink, (struct cp_text){name.p, half});
	cpi_sink_str(sink, "\xe2\x80\xa6");
	cpi_draw_escape(sink, end);
}

/* The parts of labels stand on lines of their own. */
void cpi_callgraph_name(struct cpi_sink *sink, struct cp_text name)
{
	for (const char *end; (end = memchr(name.p, '\n', name.n));) {
		part(sink, (struct cp_text){name.p, (size_t)(end - name.p)});
		cpi_sink_str(sink, ", ");
		name = (struct cp_text){end + 1, name.n - (size_t)(end + 1 - name.p)};
	}
	part(sink, name);
}

static void values(const struct cpi_callgraph *c, struct cpi_sink *sink,
	const struct cp_graph_node *n)
{
	char flat[48], cum[48], own[32], whole[32];

	cpi_amount_text(&c->amount, flat, sizeof flat, n->flat);
	cpi_amount_text(&c->amount, cum, sizeof cum, n->cum);
	cpi_amount_share(&c->amount, own, sizeof own, n->flat);
	cpi_amount_share(&c->amount, whole, sizeof whole, n->cum);
	if (n->kind == CP_GRAPH_LABELS)
		cpi_sink_printf(sink, ": %s (%s)", flat, own);
	else
		cpi_sink_printf(
			sink, ": flat %s (%s), cum %s (%s)", flat, own, cum, whole);
	if (n->n_members)
		cpi_sink_printf(sink, ", %u functions", n->n_members);
}

static void path(struct cpi_sink *sink, const struct cp_graph_edge *e)
{
	const struct cp_graph_knot *k = e->knot;

	cpi_sink_printf(sink, "M%d %d", k[0].x, k[0].y);
	for (uint32_t i = 1; i < e->n_knots; i++) {
		int32_t middle = (k[i - 1].y + k[i].y) / 2;

		if (k[i].x == k[i - 1].x)
			cpi_sink_printf(sink, "V%d", k[i].y);
		else
			cpi_sink_printf(sink, "C%d %d %d %d %d %d", k[i - 1].x, middle,
				k[i].x, middle, k[i].x, k[i].y);
	}
}

/* From the right side of a box back to it. */
static void loop(struct cpi_sink *sink, const struct cp_graph_node *n)
{
	int32_t x = n->x + n->width / 2, y = n->y;

	cpi_sink_printf(sink, "M%d %dC%d %d %d %d %d %d", x, y - 6, x + 16, y - 12,
		x + 16, y + 12, x, y + 6);
}

static void edge(const struct cpi_callgraph *c, struct cpi_sink *sink,
	const struct cp_graph_edge *e)
{
	const struct cp_graph_node *from = &c->rows.node[e->from],
				   *to = &c->rows.node[e->to];
	uint32_t part = cpi_amount_part(&c->amount, e->weight), heat = 0;
	bool label = to->kind == CP_GRAPH_LABELS;
	char value[48], share[32];

	while (heat < 9 && (heat + 1) * (heat + 1) * 10000 / 81 <= part)
		heat++;
	cpi_amount_text(&c->amount, value, sizeof value, e->weight);
	cpi_sink_printf(sink,
		"<g class=\"e s%u%s%s\" data-f=\"%u\" data-t=\"%u\"><title>", heat,
		e->residual ? " r" : "", label ? " t" : "", e->from, e->to);
	cpi_callgraph_name(sink, from->name);
	cpi_sink_str(sink, e->residual ? " \xe2\x8b\xaf " : " \xe2\x86\x92 ");
	cpi_callgraph_name(sink, to->name);
	cpi_sink_printf(sink,
		": %s (%s)%s</title><path class=\"l\" fill=\"none\" "
		"stroke=\"#8a8780\" stroke-width=\"%u.%u\"%s d=\"",
		value, cpi_amount_share(&c->amount, share, sizeof share, e->weight),
		e->inlined && !label ? ", inlined" : "", 1 + part / 2000, part / 200 % 10,
		e->residual || label ? " stroke-dasharray=\"2 4\"" : "");
	if (e->n_knots)
		path(sink, e);
	else
		loop(sink, from);
	cpi_sink_str(sink, "\"/>");
	if (e->n_knots && !label) {
		const struct cp_graph_knot *end = &e->knot[e->n_knots - 1];
		int32_t up = end[-1].y < end->y ? -ARROW_LENGTH : ARROW_LENGTH;

		cpi_sink_printf(sink, "<path class=\"a\" d=\"M%d %dL%d %dL%d %dZ\"/>",
			end->x, end->y, end->x - ARROW, end->y + up, end->x + ARROW,
			end->y + up);
	}
	if (e->label_x)
		cpi_sink_printf(sink, "<text x=\"%d\" y=\"%d\">%s</text>", e->label_x,
			e->label_y + 4, value);
	cpi_sink_str(sink, "</g>\n");
}

static void node(const struct cpi_callgraph *c, struct cpi_sink *sink, size_t i)
{
	static const char *const kinds[] = {"", " g", " t"};
	const struct cp_graph_node *n = &c->rows.node[i];
	const struct cpi_callgraph_face *face = &c->face.v[i];
	int32_t y = n->y - n->height / 2 + 6;

	cpi_sink_printf(sink,
		"<g class=\"n h%u%s\" id=\"n%zu\" tabindex=\"%s\" "
		"role=\"button\" aria-label=\"",
		face->heat, kinds[n->kind], i, i ? "-1" : "0");
	cpi_callgraph_name(sink, n->name);
	values(c, sink, n);
	cpi_sink_str(sink, "\"><title>");
	cpi_callgraph_name(sink, n->name);
	values(c, sink, n);
	cpi_sink_printf(sink,
		"</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		"rx=\"%d\" fill=\"%s\" stroke=\"#a8a49c\"/>",
		n->x - n->width / 2, n->y - n->height / 2, n->width, n->height,
		n->kind == CP_GRAPH_LABELS ? 2 : 6, fills[face->heat]);
	for (unsigned k = 0; k < face->n_lines; k++) {
		unsigned font = face->line[k].font;

		y += (int32_t)(font * 5 + 3) / 4;
		cpi_sink_printf(sink, "<text%s x=\"%d\" y=\"%d\" font-size=\"%u\">",
			face->line[k].dim ? " class=\"d\"" : "", n->x,
			y - (int32_t)(font * 3 / 10), font);
		cpi_draw_escape(sink, face->line[k].text);
		cpi_sink_str(sink, "</text>");
	}
	cpi_sink_str(sink, "</g>\n");
}

static void head(const struct cpi_callgraph *c, struct cpi_sink *sink)
{
	const struct cp_graph_rows *r = &c->rows;
	char total[48];

	cpi_sink_printf(sink,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"cp-graph\" "
		"width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"group\" "
		"aria-labelledby=\"gt gd\" font-family=\"Verdana,'DejaVu "
		"Sans',sans-serif\">\n"
		"<title id=\"gt\">",
		r->width, r->height + TITLE, r->width, r->height + TITLE);
	cpi_callgraph_name(sink, c->title);
	cpi_sink_str(sink, ": call graph</title>\n<desc id=\"gd\">");
	cpi_sink_printf(sink, "%zu boxes, %zu calls, %s of ", r->n_nodes, r->n_edges,
		cpi_amount_text(&c->amount, total, sizeof total, r->total));
	cpi_callgraph_name(sink, r->type);
	cpi_sink_str(sink,
		". A box grows with its own cost and gets redder with its whole "
		"cost; a dotted arrow goes over functions that are not shown.</desc>\n");
}

/* What is seen, and how much is left out: two lines above the picture. */
static void caption(const struct cpi_callgraph *c, struct cpi_sink *sink)
{
	const struct cp_graph_rows *r = &c->rows;
	char total[48];

	cpi_sink_str(sink, "<g class=\"c\"><text x=\"12\" y=\"24\" font-size=\"15\">");
	cpi_callgraph_name(sink, c->title);
	cpi_sink_printf(sink,
		"</text><text class=\"d\" x=\"12\" y=\"43\" font-size=\"11\">%s of ",
		cpi_amount_text(&c->amount, total, sizeof total, r->total));
	cpi_callgraph_name(sink, r->type);
	if (r->dropped_nodes)
		cpi_sink_printf(sink, "; %zu functions are not shown", r->dropped_nodes);
	cpi_sink_str(sink, "</text></g>\n");
}

void cpi_callgraph_picture(const struct cpi_callgraph *c, struct cpi_sink *sink)
{
	head(c, sink);
	if (!c->options.fragment) {
		cpi_sink_str(sink, "<style>");
		cpi_sink_bytes(
			sink, cpi_graph_asset_style.bytes, cpi_graph_asset_style.n);
		cpi_sink_str(sink, "</style>\n");
	}
	cpi_sink_str(sink,
		"<rect class=\"b\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
	caption(c, sink);
	cpi_sink_printf(sink,
		"<g class=\"v\" text-anchor=\"middle\" "
		"transform=\"translate(0 %d)\">\n<g class=\"es\" font-size=\"11\">\n",
		TITLE);
	for (size_t i = 0; i < c->rows.n_edges; i++)
		edge(c, sink, &c->rows.edge[i]);
	cpi_sink_str(sink, "</g>\n<g class=\"ns\">\n");
	for (size_t i = 0; i < c->rows.n_nodes; i++)
		node(c, sink, i);
	cpi_sink_str(sink, "</g>\n</g>\n");
}

enum cp_code cpi_callgraph_svg(
	const struct cpi_callgraph *c, struct cpi_sink *sink, struct cp_error *err)
{
	(void)err;
	if (!c->options.fragment)
		cpi_sink_str(sink, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	cpi_callgraph_picture(c, sink);
	if (!c->options.fragment) {
		cpi_sink_str(sink, "<script><![CDATA[");
		cpi_sink_bytes(
			sink, cpi_graph_asset_script.bytes, cpi_graph_asset_script.n);
		cpi_sink_str(sink, "]]></script>\n");
	}
	cpi_sink_str(sink, "</svg>\n");
	return CP_OK;
}
