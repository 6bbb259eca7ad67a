/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph in Graphviz' language. */
#include <math.h>

#include "view/report/report.h"

/* A string of Graphviz' language; `cut` puts a name's parts on lines of their own. */
static void quoted(struct cpi_sink *sink, struct cp_text text, bool cut)
{
	uint32_t rune;
	unsigned used;

	for (size_t i = 0; i < text.n; i += used) {
		used = cpi_utf8_decode(text.p + i, text.n - i, &rune);
		if (rune == '"' || rune == '\\')
			cpi_sink_char(sink, '\\');
		cpi_text_escape(sink, (struct cp_text){text.p + i, used});
		if (cut && i + 2 < text.n && text.p[i] == ':' && text.p[i + 1] != ':' &&
			i && text.p[i - 1] == ':')
			cpi_sink_str(sink, "\\n");
	}
}

/* 0…1: how large the value is, for sizes and colours. */
static double share(const struct cpi_report *r, int64_t value)
{
	double total = fabs((double)r->total);

	return total > 0 ? fmin(1, fabs((double)value) / total) : 0;
}

/*
 * From grey over to a strong red with the cumulative share, green for negative values, as
 * users of pprof's pictures expect; the fill is a pale form of the border.
 */
static void colour(struct cpi_sink *sink, double part, bool negative, bool fill)
{
	double saturation = (fill ? 0.08 : 0.35) + (fill ? 0.35 : 0.6) * sqrt(part);
	double light = fill ? 0.95 : 0.75;

	cpi_sink_printf(
		sink, "\"%.3f %.3f %.3f\"", negative ? 0.33 : 0.0, saturation, light);
}

static void node(struct cpi_report *r, const struct cpi_graph_node *n, size_t number)
{
	int64_t flat = cpi_graph_flat(n), cum = cpi_graph_cum(n);
	char value[48], percent[32];
	const char *at;

	cpi_sink_printf(r->sink, "N%zu [label=\"", number);
	quoted(r->sink, cpi_text(n->label), true);
	cpi_report_percent(percent, sizeof percent, flat, r->total);
	for (at = percent; *at == ' '; at++)
		;
	if (flat)
		cpi_sink_printf(r->sink, "\\n%s (%s)",
			cpi_report_value(r, value, sizeof value, flat), at);
	else
		cpi_sink_str(r->sink, "\\n0");
	if (cum != flat) {
		cpi_report_percent(percent, sizeof percent, cum, r->total);
		for (at = percent; *at == ' '; at++)
			;
		cpi_sink_printf(r->sink, "\\nof %s (%s)",
			cpi_report_value(r, value, sizeof value, cum), at);
	}
	cpi_sink_printf(r->sink, "\" id=\"node%zu\" fontsize=%d shape=box tooltip=\"",
		number, 8 + (int)ceil(16 * sqrt(share(r, flat))));
	quoted(r->sink, cpi_text(n->label), false);
	cpi_sink_printf(
		r->sink, " (%s)\" color=", cpi_report_value(r, value, sizeof value, cum));
	colour(r->sink, share(r, cum), cum < 0, false);
	cpi_sink_str(r->sink, " fillcolor=");
	colour(r->sink, share(r, cum), cum < 0, true);
	cpi_sink_str(r->sink, "]\n");
}

static void edge(struct cpi_report *r, const struct cpi_graph *g,
	const struct cpi_graph_edge *e, const uint32_t *number)
{
	double part = share(r, e->weight);
	char value[48];

	cpi_report_value(r, value, sizeof value, e->weight);
	cpi_sink_printf(r->sink,
		"N%u -> N%u [label=\" %s%s\" weight=%d penwidth=%d color=",
		number[e->source], number[e->target], value,
		e->inlined ? "\\n (inline)" : "", 1 + (int)(100 * part),
		1 + (int)(5 * part));
	colour(r->sink, part, e->weight < 0, false);
	cpi_sink_str(r->sink, " tooltip=\"");
	quoted(r->sink, cpi_text(g->node.v[e->source].label), false);
	cpi_sink_str(r->sink, e->residual ? " ... " : " -> ");
	quoted(r->sink, cpi_text(g->node.v[e->target].label), false);
	cpi_sink_printf(r->sink, " (%s)\"%s%s]\n", value,
		e->residual ? " style=\"dotted\"" : "", part < 0.01 ? " minlen=2" : "");
}

static void legend(struct cpi_report *r, const struct cpi_graph *g,
	const struct cpi_graph_trim *trim)
{
	struct cpi_report text = *r;
	struct cpi_sink lines;

	cpi_sink_memory(&lines, &r->env->mem);
	text.sink = &lines;
	cpi_report_profile_lines(&text);
	cpi_report_graph_lines(&text, g, trim);
	cpi_sink_str(r->sink, "subgraph cluster_L { L [shape=box fontsize=16 label=\"");
	for (size_t i = 0, end; i < lines.n; i = end + 1) {
		for (end = i; end < lines.n && lines.buf[end] != '\n';)
			end++;
		quoted(r->sink, (struct cp_text){(const char *)lines.buf + i, end - i},
			false);
		cpi_sink_str(r->sink, "\\l");
	}
	cpi_sink_str(r->sink, "\"] }\n");
	cpi_sink_fail(r->sink, &lines);
	cpi_sink_release(&lines);
}

enum cp_code cpi_report_dot(struct cpi_report *r, struct cp_error *err)
{
	struct cpi_graph g;
	struct cpi_graph_trim trim = {.sort = CPI_GRAPH_ENTROPY, .visual = true};
	uint32_t *number, *list = NULL;
	size_t room = 0, n;
	enum cp_code code = cpi_report_graph(r, &g, &trim, CPI_REPORT_EDGES, 80, err);

	if (code)
		return code;
	number = cpi_alloc_zero(&r->env->mem, g.node.n * sizeof *number);
	if (!number)
		code = cpi_error_memory(err);
	cpi_report_pick_unit(r, &g);
	if (!code) {
		cpi_sink_str(r->sink, "digraph \"profile\" {\n"
				      "node [style=filled fillcolor=\"#f8f8f8\"]\n");
		legend(r, &g, &trim);
	}
	for (size_t i = 0; !code && i < g.order.n; i++) {
		number[g.order.v[i]] = (uint32_t)i + 1;
		node(r, &g.node.v[g.order.v[i]], i + 1);
	}
	for (size_t i = 0; !code && i < g.order.n; i++) {
		code = cpi_graph_edges(&g, g.order.v[i], false, &list, &room, &n, err);
		for (size_t k = 0; !code && k < n; k++)
			edge(r, &g, &g.edge.v[list[k]], number);
	}
	cpi_sink_str(r->sink, "}\n");
	cpi_free(&r->env->mem, list, room * sizeof *list);
	cpi_free(&r->env->mem, number, g.node.n * sizeof *number);
	cpi_graph_release(&g);
	return code;
}
