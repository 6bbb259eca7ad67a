/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/csv.h"
#include "codec/json.h"
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

/* A member for each key, in an object of their own: labels have any names. */
static void json_pieces(
	struct cpi_report *r, const struct cpi_graph_node *node, struct cpi_json *json)
{
	struct cp_text keys = cpi_text(r->options.group_by), rest = name_of(r, node);
	struct cp_text key, piece;
	char text[256];

	cpi_json_key(json, "group");
	cpi_json_begin(json, '{', false);
	while (cut(&keys, ',', &key) && cut(&rest, '\t', &piece)) {
		cpi_json_key(json, cpi_text_printable(text, sizeof text, key));
		cpi_json_text(json, piece);
	}
	cpi_json_end(json, '}');
}

static void json_row(struct cpi_report *r, const struct top *top,
	const struct cpi_graph_node *node, struct cpi_json *json)
{
	const char *mark = inline_mark(top, node);

	cpi_json_begin(json, '{', true);
	if (r->options.group_by) {
		json_pieces(r, node, json);
	} else {
		cpi_json_key(json, "name");
		cpi_json_str(json, node->label);
	}
	cpi_json_key(json, "flat");
	cpi_json_i64(json, cpi_graph_flat(node));
	cpi_json_key(json, "cum");
	cpi_json_i64(json, cpi_graph_cum(node));
	if (node->path.n) {
		cpi_json_key(json, "file");
		cpi_json_text(json, node->path);
	}
	if (node->line) {
		cpi_json_key(json, "line");
		cpi_json_i64(json, node->line);
	}
	if (*mark) {
		cpi_json_key(json, "inline");
		cpi_json_str(json, mark[2] == 'i' ? "all" : "some");
	}
	cpi_json_end(json, '}');
}

enum cp_code cpi_report_top_json(struct cpi_report *r, struct cp_error *err)
{
	struct top top;
	struct cpi_json json;
	enum cp_code code = make(r, &top, err);

	if (code)
		return code;
	cpi_json_init(&json, r->sink);
	cpi_report_json_head(r, &json, "top");
	cpi_json_key(&json, "dropped");
	cpi_json_u64(&json, top.trim.dropped_nodes + top.trim.original - top.g.order.n);
	cpi_json_key(&json, "nodes");
	cpi_json_begin(&json, '[', false);
	for (size_t i = 0; i < top.g.order.n; i++)
		json_row(r, &top, &top.g.node.v[top.g.order.v[i]], &json);
	cpi_json_end(&json, ']');
	cpi_json_end(&json, '}');
	cpi_json_finish(&json);
	release(r, &top);
	return CP_OK;
}

static void csv_name(struct cpi_report *r, const struct cpi_graph_node *node)
{
	struct cp_text rest = name_of(r, node), piece;

	if (!r->options.group_by) {
		cpi_csv_text(r->sink, cpi_text(node->label));
		return;
	}
	for (bool first = true; cut(&rest, '\t', &piece); first = false) {
		if (!first)
			cpi_sink_char(r->sink, ',');
		cpi_csv_text(r->sink, piece);
	}
}

enum cp_code cpi_report_top_csv(struct cpi_report *r, struct cp_error *err)
{
	struct top top;
	enum cp_code code = make(r, &top, err);

	if (code)
		return code;
	cpi_sink_printf(r->sink, "%s,flat,cum,unit\n",
		r->options.group_by ? r->options.group_by : "name");
	for (size_t i = 0; i < top.g.order.n; i++) {
		const struct cpi_graph_node *node = &top.g.node.v[top.g.order.v[i]];

		csv_name(r, node);
		cpi_sink_printf(r->sink, ",%lld,%lld,", (long long)cpi_graph_flat(node),
			(long long)cpi_graph_cum(node));
		cpi_csv_text(r->sink, r->sample_unit);
		cpi_sink_char(r->sink, '\n');
	}
	release(r, &top);
	return CP_OK;
}
