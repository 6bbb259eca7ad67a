/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"
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

static enum cp_code json_edges(
	struct tree *t, struct cpi_json *json, uint32_t id, bool in, struct cp_error *err)
{
	size_t n;
	enum cp_code code = cpi_graph_edges(&t->g, id, in, &t->list, &t->room, &n, err);

	if (code)
		return code;
	cpi_json_key(json, in ? "callers" : "callees");
	cpi_json_begin(json, '[', false);
	for (size_t i = 0; i < n; i++) {
		const struct cpi_graph_edge *edge = &t->g.edge.v[t->list[i]];

		cpi_json_begin(json, '{', true);
		cpi_json_key(json, "name");
		cpi_json_str(json, t->g.node.v[in ? edge->source : edge->target].label);
		cpi_json_key(json, "weight");
		cpi_json_i64(json, edge->weight);
		cpi_json_key(json, "inline");
		cpi_json_bool(json, edge->inlined);
		cpi_json_key(json, "residual");
		cpi_json_bool(json, edge->residual);
		cpi_json_end(json, '}');
	}
	cpi_json_end(json, ']');
	return CP_OK;
}

static enum cp_code json_node(
	struct tree *t, struct cpi_json *json, uint32_t id, struct cp_error *err)
{
	const struct cpi_graph_node *n = &t->g.node.v[id];
	enum cp_code code;

	cpi_json_begin(json, '{', false);
	cpi_json_key(json, "name");
	cpi_json_str(json, n->label);
	cpi_json_key(json, "flat");
	cpi_json_i64(json, cpi_graph_flat(n));
	cpi_json_key(json, "cum");
	cpi_json_i64(json, cpi_graph_cum(n));
	code = json_edges(t, json, id, true, err);
	if (!code)
		code = json_edges(t, json, id, false, err);
	cpi_json_end(json, '}');
	return code;
}

static enum cp_code json_tree(struct cpi_report *r, bool peek, struct cp_error *err)
{
	struct tree t;
	struct cpi_json json;
	enum cp_code code = make(r, &t, peek, err);

	if (code)
		return code;
	cpi_json_init(&json, r->sink);
	cpi_report_json_head(r, &json, peek ? "peek" : "tree");
	cpi_json_key(&json, "nodes");
	cpi_json_begin(&json, '[', false);
	code = keep_matching(r, &t, err);
	for (size_t i = 0; !code && i < t.g.order.n; i++)
		code = json_node(&t, &json, t.g.order.v[i], err);
	cpi_json_end(&json, ']');
	cpi_json_end(&json, '}');
	cpi_json_finish(&json);
	tree_release(r, &t);
	return code;
}

enum cp_code cpi_report_tree_json(struct cpi_report *r, struct cp_error *err)
{
	return json_tree(r, false, err);
}

enum cp_code cpi_report_peek_json(struct cpi_report *r, struct cp_error *err)
{
	return json_tree(r, true, err);
}
