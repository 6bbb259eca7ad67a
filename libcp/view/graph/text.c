/* SPDX-License-Identifier: Apache-2.0 */
/* The outline: what the picture says, for terminals. */
#include "view/graph/graph.h"

static void name(struct cpi_sink *sink, struct cp_text text)
{
	/* The parts of labels stand on lines of their own. */
	for (const char *end; (end = memchr(text.p, '\n', text.n));) {
		cpi_text_escape(sink, (struct cp_text){text.p, (size_t)(end - text.p)});
		cpi_sink_char(sink, ' ');
		text = (struct cp_text){end + 1, text.n - (size_t)(end + 1 - text.p)};
	}
	cpi_text_escape(sink, text);
}

static void callee(const struct cpi_callgraph *c, struct cpi_sink *sink,
	const struct cp_graph_edge *e)
{
	const struct cp_graph_node *to = &c->rows.node[e->to];
	char value[48], share[32];

	cpi_sink_printf(sink, "%22s %6s   %s ",
		cpi_amount_text(&c->amount, value, sizeof value, e->weight),
		cpi_amount_share(&c->amount, share, sizeof share, e->weight),
		to->kind == CP_GRAPH_LABELS ? "  "
		: e->residual               ? "\xe2\x8b\xaf"
					      "\xe2\x86\x92"
					    : "\xe2\x86\x92 ");
	name(sink, to->name);
	cpi_sink_str(
		sink, e->inlined && to->kind != CP_GRAPH_LABELS ? " (inline)\n" : "\n");
}

enum cp_code cpi_callgraph_text(
	const struct cpi_callgraph *c, struct cpi_sink *sink, struct cp_error *err)
{
	const struct cp_graph_rows *r = &c->rows;
	char total[48], flat[48], cum[48], share[32];

	(void)err;
	cpi_text_escape(sink, c->title);
	cpi_sink_printf(sink, ": %s of ",
		cpi_amount_text(&c->amount, total, sizeof total, r->total));
	cpi_text_escape(sink, r->type);
	cpi_sink_printf(sink, ", %zu boxes, %zu calls\n%10s %10s %6s\n", r->n_nodes,
		r->n_edges, "flat", "cum", "cum%");
	for (size_t i = 0, k = 0; i < r->n_nodes; i++) {
		const struct cp_graph_node *n = &r->node[i];

		if (n->kind == CP_GRAPH_LABELS)
			continue;
		cpi_sink_printf(sink, "%10s %10s %6s ",
			cpi_amount_text(&c->amount, flat, sizeof flat, n->flat),
			cpi_amount_text(&c->amount, cum, sizeof cum, n->cum),
			cpi_amount_share(&c->amount, share, sizeof share, n->cum));
		name(sink, n->name);
		if (n->n_members)
			cpi_sink_printf(sink, " (%u functions)", n->n_members);
		cpi_sink_char(sink, '\n');
		for (; k < r->n_edges && r->edge[k].from <= i; k++)
			if (r->edge[k].from == i)
				callee(c, sink, &r->edge[k]);
	}
	return CP_OK;
}
