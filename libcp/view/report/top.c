/* SPDX-License-Identifier: Apache-2.0 */
/* Functions, or groups of frames, by flat or cumulative value. */
#include "view/report/report.h"

struct top {
	struct cpi_graph g;
	struct cpi_graph_trim trim;
	/* Of groups: columns of the names' pieces, but the last, which needs no padding. */
	CPI_VEC(size_t) width;
};

enum { MOST_WIDE = 40 };

/* Cuts the first of pieces that `by` separates off; false when none is left. */
static bool cut(struct cp_text *rest, char by, struct cp_text *ret_piece)
{
	const char *sign = rest->n ? memchr(rest->p, by, rest->n) : NULL;
	size_t n = sign ? (size_t)(sign - rest->p) : rest->n;

	if (!rest->p)
		return false;
	*ret_piece = (struct cp_text){rest->p, n};
	rest->p = sign ? sign + 1 : NULL;
	rest->n -= sign ? n + 1 : n;
	return true;
}

static struct cp_text name_of(const struct cpi_report *r, const struct cpi_graph_node *node)
{
	return cpi_profile_text(r->p, node->name);
}

static void widen(struct top *top, size_t i, struct cp_text piece)
{
	size_t width = cpi_text_width(piece);

	width = width > MOST_WIDE ? MOST_WIDE : width;
	if (i < top->width.n && width > top->width.v[i])
		top->width.v[i] = width;
}

/* The columns are as wide as their widest piece, the heading included. */
static bool measure(struct cpi_report *r, struct top *top)
{
	struct cp_text keys = cpi_text(r->options.group_by), piece;
	size_t n;

	for (const char *at = strchr(keys.p, ','); at; at = strchr(at + 1, ','))
		if (!cpi_vec_push(&r->env->mem, &top->width, (size_t)0))
			return false;
	for (n = 0; cut(&keys, ',', &piece); n++)
		widen(top, n, piece);
	for (size_t i = 0; i < top->g.order.n; i++) {
		struct cp_text rest = name_of(r, &top->g.node.v[top->g.order.v[i]]);

		for (n = 0; cut(&rest, '\t', &piece); n++)
			widen(top, n, piece);
	}
	return true;
}

static void print_pieces(struct cpi_report *r, const struct top *top, struct cp_text rest,
	char by)
{
	struct cp_text piece;

	for (size_t i = 0; cut(&rest, by, &piece); i++) {
		size_t width = i < top->width.n ? top->width.v[i] : 0;
		size_t used = cpi_text_width(piece);

		cpi_text_escape(r->sink, piece);
		if (i < top->width.n)
			cpi_sink_pad(r->sink, ' ', 2 + (used < width ? width - used : 0));
	}
}

/* Edges are only asked whether calls were inlined. */
static enum cp_code make(struct cpi_report *r, struct top *top, struct cp_error *err)
{
	enum cp_code code;

	*top = (struct top){.trim.sort = r->options.cum ? CPI_GRAPH_CUM : CPI_GRAPH_FLAT};
	if (r->options.group_by && !*r->options.group_by)
		r->options.group_by = NULL;
	code = cpi_report_graph(r, &top->g, &top->trim, CPI_REPORT_INLINED_EDGES, 0, err);
	if (!code && r->options.group_by && !measure(r, top)) {
		cpi_vec_release(&r->env->mem, &top->width);
		cpi_graph_release(&top->g);
		code = cpi_error_memory(err);
	}
	return code;
}

static void release(struct cpi_report *r, struct top *top)
{
	cpi_vec_release(&r->env->mem, &top->width);
	cpi_graph_release(&top->g);
}

static const char *inline_mark(const struct top *top, const struct cpi_graph_node *node)
{
	bool some = false, all = true;

	for (uint32_t e = node->in; e; e = top->g.edge.v[e].next_in) {
		some |= top->g.edge.v[e].inlined;
		all &= top->g.edge.v[e].inlined;
	}
	return !some ? "" : all ? " (inline)" : " (partial-inline)";
}

static void head(struct cpi_report *r, const struct top *top)
{
	cpi_sink_printf(r->sink, "%s%10s %5s%% %5s%% %10s %5s%%",
		r->options.color ? "\033[1m" : "", "flat", "flat", "sum", "cum", "cum");
	if (r->options.group_by) {
		cpi_sink_str(r->sink, "  ");
		print_pieces(r, top, cpi_text(r->options.group_by), ',');
	}
	cpi_sink_str(r->sink, r->options.color ? "\033[0m\n" : "\n");
}

static void print_name(
	struct cpi_report *r, const struct top *top, const struct cpi_graph_node *node)
{
	if (r->options.group_by) {
		print_pieces(r, top, name_of(r, node), '\t');
		return;
	}
	cpi_report_name(r, node->label, 46);
	cpi_sink_str(r->sink, inline_mark(top, node));
}

enum cp_code cpi_report_top(struct cpi_report *r, struct cp_error *err)
{
	struct top top;
	int64_t sum = 0;
	enum cp_code code = make(r, &top, err);

	if (code)
		return code;
	cpi_report_pick_unit(r, &top.g);
	cpi_report_profile_lines(r);
	cpi_report_graph_lines(r, &top.g, &top.trim);
	head(r, &top);
	for (size_t i = 0; i < top.g.order.n; i++) {
		const struct cpi_graph_node *node = &top.g.node.v[top.g.order.v[i]];
		int64_t flat = cpi_graph_flat(node), cum = cpi_graph_cum(node);
		char a[48], b[48], p1[32], p2[32], p3[32];

		sum += flat;
		cpi_sink_printf(r->sink, "%10s %s %s %10s %s  ",
			cpi_report_value(r, a, sizeof a, flat),
			cpi_report_percent(p1, sizeof p1, flat, r->total),
			cpi_report_percent(p2, sizeof p2, sum, r->total),
			cpi_report_value(r, b, sizeof b, cum),
			cpi_report_percent(p3, sizeof p3, cum, r->total));
		print_name(r, &top, node);
		cpi_sink_char(r->sink, '\n');
	}
	release(r, &top);
	return CP_OK;
}

/* A column for each key, on a list of their own: labels have any names. */
static uint32_t group_list(struct cpi_report *r, struct cp_table *t, uint32_t nodes)
{
	struct cp_text keys = cpi_text(r->options.group_by), key;
	uint32_t list = cpi_table_list(t, nodes, "group", CP_LIST_ONE, CPI_TABLE_PLAIN);

	while (cut(&keys, ',', &key))
		cpi_table_column(t, list, key, CP_CELL_TEXT, CPI_TEXT(""), 0);
	return list;
}

static void put_group(struct cpi_report *r, const struct cpi_graph_node *node,
	struct cp_table *t, uint32_t list)
{
	struct cp_text keys = cpi_text(r->options.group_by), rest = name_of(r, node);
	struct cp_text key, piece;

	cpi_table_row(t, list);
	while (cut(&keys, ',', &key) && cut(&rest, '\t', &piece))
		cpi_put_text(t, list, piece);
}

static void put_node(struct cpi_report *r, const struct top *top,
	const struct cpi_graph_node *node, struct cp_table *t, uint32_t nodes)
{
	const char *mark = inline_mark(top, node);

	if (!r->options.group_by)
		cpi_put_text(t, nodes, cpi_text(node->label));
	cpi_put_whole(t, nodes, cpi_graph_flat(node));
	cpi_put_whole(t, nodes, cpi_graph_cum(node));
	cpi_put_text(t, nodes, r->sample_unit);
	if (node->path.n)
		cpi_put_text(t, nodes, node->path);
	else
		cpi_put_none(t, nodes);
	if (node->line)
		cpi_put_whole(t, nodes, node->line);
	else
		cpi_put_none(t, nodes);
	if (*mark)
		cpi_put_text(t, nodes, cpi_text(mark[2] == 'i' ? "all" : "some"));
}

enum cp_code cpi_report_top_rows(
	struct cpi_report *r, struct cp_table *t, struct cp_error *err)
{
	const struct cp_text none = CPI_TEXT("");
	struct top top;
	uint32_t nodes, group = 0;
	enum cp_code code = make(r, &top, err);

	if (code)
		return code;
	cpi_report_facts(r, t, "top");
	cpi_fact_unsigned(t, 0, "dropped",
		top.trim.dropped_nodes + top.trim.original - top.g.order.n);
	nodes = cpi_table_list(
		t, 0, "nodes", CP_LIST_ROWS, CPI_TABLE_MAIN | CPI_TABLE_ONE_LINE);
	if (r->options.group_by)
		group = group_list(r, t, nodes);
	else
		cpi_table_column(t, nodes, CPI_TEXT("name"), CP_CELL_TEXT, none, 0);
	cpi_table_column(t, nodes, CPI_TEXT("flat"), CP_CELL_WHOLE, r->sample_unit, 0);
	cpi_table_column(t, nodes, CPI_TEXT("cum"), CP_CELL_WHOLE, r->sample_unit, 0);
	cpi_table_column(
		t, nodes, CPI_TEXT("unit"), CP_CELL_TEXT, none, CPI_TABLE_NO_JSON);
	cpi_table_column(
		t, nodes, CPI_TEXT("file"), CP_CELL_TEXT, none, CPI_TABLE_NO_CSV);
	cpi_table_column(
		t, nodes, CPI_TEXT("line"), CP_CELL_WHOLE, none, CPI_TABLE_NO_CSV);
	cpi_table_column(
		t, nodes, CPI_TEXT("inline"), CP_CELL_TEXT, none, CPI_TABLE_NO_CSV);
	for (size_t i = 0; i < top.g.order.n; i++) {
		const struct cpi_graph_node *node = &top.g.node.v[top.g.order.v[i]];

		cpi_table_row(t, nodes);
		if (r->options.group_by)
			put_group(r, node, t, group);
		put_node(r, &top, node, t, nodes);
	}
	release(r, &top);
	return CP_OK;
}
