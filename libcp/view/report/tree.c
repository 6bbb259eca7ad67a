/* SPDX-License-Identifier: Apache-2.0 */
/* Functions with their callers and callees: tree, and peek, which asks for some. */
#include "op/regex.h"
#include "view/report/report.h"

static const char separator[] =
	"----------------------------------------------------------+-------------\n";
static const char legend[] =
	"      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n";

struct tree {
	struct cpi_graph g;
	struct cpi_graph_trim trim;
	struct cpi_regex *rx; /* peek */
	uint32_t *list;
	size_t room;
};

static void tree_release(struct cpi_report *r, struct tree *t)
{
	cpi_free(&r->env->mem, t->list, t->room * sizeof *t->list);
	cpi_regex_free(t->rx);
	cpi_graph_release(&t->g);
}

static enum cp_code make(
	struct cpi_report *r, struct tree *t, bool peek, struct cp_error *err)
{
	enum cp_code code;

	*t = (struct tree){0};
	t->trim.sort = r->options.cum ? CPI_GRAPH_CUM : CPI_GRAPH_FLAT;
	if (peek)
		r->options.no_trim = true;
	code = cpi_report_graph(r, &t->g, &t->trim, CPI_REPORT_EDGES, 80, err);
	if (code || !peek)
		return code;
	code = cpi_regex_new(r->env, "peek",
		cpi_text(r->options.regex ? r->options.regex : ""), 0, &t->rx, err);
	if (code)
		cpi_graph_release(&t->g);
	return code;
}

static enum cp_code edges(struct cpi_report *r, struct tree *t, uint32_t id, bool in,
	int64_t cum, struct cp_error *err)
{
	char value[48], percent[32];
	size_t n;
	enum cp_code code = cpi_graph_edges(&t->g, id, in, &t->list, &t->room, &n, err);

	for (size_t i = 0; !code && i < n; i++) {
		const struct cpi_graph_edge *edge = &t->g.edge.v[t->list[i]];

		cpi_sink_printf(r->sink, "%50s %s |   ",
			cpi_report_value(r, value, sizeof value, edge->weight),
			cpi_report_percent(percent, sizeof percent, edge->weight, cum));
		cpi_report_name(
			r, t->g.node.v[in ? edge->source : edge->target].label, 62);
		cpi_sink_str(r->sink, edge->inlined ? " (inline)\n" : "\n");
	}
	return code;
}

static enum cp_code node(struct cpi_report *r, struct tree *t, uint32_t id, int64_t *sum,
	struct cp_error *err)
{
	const struct cpi_graph_node *n = &t->g.node.v[id];
	int64_t flat = cpi_graph_flat(n), cum = cpi_graph_cum(n);
	char a[48], b[48], p1[32], p2[32], p3[32];
	enum cp_code code;

	cpi_sink_str(r->sink, separator);
	code = edges(r, t, id, true, cum, err);
	if (code)
		return code;
	*sum += flat;
	cpi_sink_printf(r->sink, "%10s %s %s %10s %s                | ",
		cpi_report_value(r, a, sizeof a, flat),
		cpi_report_percent(p1, sizeof p1, flat, r->total),
		cpi_report_percent(p2, sizeof p2, *sum, r->total),
		cpi_report_value(r, b, sizeof b, cum),
		cpi_report_percent(p3, sizeof p3, cum, r->total));
	cpi_report_name(r, n->label, 60);
	cpi_sink_char(r->sink, '\n');
	return edges(r, t, id, false, cum, err);
}

/* peek: leaves the functions that are asked for; their callers and callees stay edges. */
static enum cp_code keep_matching(
	struct cpi_report *r, struct tree *t, struct cp_error *err)
{
	size_t n = 0;
	enum cp_code code;

	if (!t->rx)
		return CP_OK;
	for (size_t i = 0; i < t->g.order.n; i++) {
		uint32_t id = t->g.order.v[i];

		if (cpi_regex_match(t->rx, cpi_text(t->g.node.v[id].label)))
			t->g.order.v[n++] = id;
	}
	t->g.order.n = n;
	code = cpi_regex_status(t->rx, err);
	return code || n ? code
			 : cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
				   "no function matches \"%.80s\"", r->options.regex);
}

static enum cp_code text(struct cpi_report *r, bool peek, struct cp_error *err)
{
	struct tree t;
	int64_t sum = 0;
	enum cp_code code = make(r, &t, peek, err);

	if (code)
		return code;
	cpi_report_pick_unit(r, &t.g);
	cpi_report_profile_lines(r);
	cpi_report_graph_lines(r, &t.g, &t.trim);
	cpi_sink_str(r->sink, separator);
	cpi_sink_str(r->sink, legend);
	code = keep_matching(r, &t, err);
	for (size_t i = 0; !code && i < t.g.order.n; i++)
		code = node(r, &t, t.g.order.v[i], &sum, err);
	if (t.g.order.n)
		cpi_sink_str(r->sink, separator);
	tree_release(r, &t);
	return code;
}

enum cp_code cpi_report_tree(struct cpi_report *r, struct cp_error *err)
{
	return text(r, false, err);
}

enum cp_code cpi_report_peek(struct cpi_report *r, struct cp_error *err)
{
	return text(r, true, err);
}

/* The columns of a list of callers or of callees. */
static uint32_t edge_list(
	struct cpi_report *r, struct cp_table *t, uint32_t nodes, const char *name)
{
	const struct cp_text none = CPI_TEXT("");
	uint32_t list = cpi_table_list(t, nodes, name, CP_LIST_ROWS, CPI_TABLE_ONE_LINE);

	cpi_table_column(t, list, CPI_TEXT("name"), CP_CELL_TEXT, none, 0);
	cpi_table_column(t, list, CPI_TEXT("weight"), CP_CELL_WHOLE, r->sample_unit, 0);
	cpi_table_column(t, list, CPI_TEXT("inline"), CP_CELL_FLAG, none, 0);
	cpi_table_column(t, list, CPI_TEXT("residual"), CP_CELL_FLAG, none, 0);
	return list;
}

static enum cp_code put_edges(struct tree *tree, struct cp_table *t, uint32_t list,
	uint32_t id, bool in, struct cp_error *err)
{
	size_t n;
	enum cp_code code =
		cpi_graph_edges(&tree->g, id, in, &tree->list, &tree->room, &n, err);

	for (size_t i = 0; !code && i < n; i++) {
		const struct cpi_graph_edge *edge = &tree->g.edge.v[tree->list[i]];
		uint32_t other = in ? edge->source : edge->target;

		cpi_table_row(t, list);
		cpi_put_text(t, list, cpi_text(tree->g.node.v[other].label));
		cpi_put_whole(t, list, edge->weight);
		cpi_put_flag(t, list, edge->inlined);
		cpi_put_flag(t, list, edge->residual);
	}
	return code;
}

static enum cp_code rows(
	struct cpi_report *r, struct cp_table *t, bool peek, struct cp_error *err)
{
	const struct cp_text none = CPI_TEXT("");
	struct tree tree;
	uint32_t nodes, callers, callees;
	enum cp_code code = make(r, &tree, peek, err);

	if (code)
		return code;
	cpi_report_facts(r, t, peek ? "peek" : "tree");
	nodes = cpi_table_list(t, 0, "nodes", CP_LIST_ROWS, CPI_TABLE_MAIN);
	cpi_table_column(t, nodes, CPI_TEXT("name"), CP_CELL_TEXT, none, 0);
	cpi_table_column(t, nodes, CPI_TEXT("flat"), CP_CELL_WHOLE, r->sample_unit, 0);
	cpi_table_column(t, nodes, CPI_TEXT("cum"), CP_CELL_WHOLE, r->sample_unit, 0);
	callers = edge_list(r, t, nodes, "callers");
	callees = edge_list(r, t, nodes, "callees");
	code = keep_matching(r, &tree, err);
	for (size_t i = 0; !code && i < tree.g.order.n; i++) {
		uint32_t id = tree.g.order.v[i];
		const struct cpi_graph_node *n = &tree.g.node.v[id];

		cpi_table_row(t, nodes);
		cpi_put_text(t, nodes, cpi_text(n->label));
		cpi_put_whole(t, nodes, cpi_graph_flat(n));
		cpi_put_whole(t, nodes, cpi_graph_cum(n));
		code = put_edges(&tree, t, callers, id, true, err);
		if (!code)
			code = put_edges(&tree, t, callees, id, false, err);
	}
	tree_release(r, &tree);
	return code;
}

enum cp_code cpi_report_tree_rows(
	struct cpi_report *r, struct cp_table *t, struct cp_error *err)
{
	return rows(r, t, false, err);
}

enum cp_code cpi_report_peek_rows(
	struct cpi_report *r, struct cp_table *t, struct cp_error *err)
{
	return rows(r, t, true, err);
}
