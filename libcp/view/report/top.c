/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/csv.h"
#include "codec/json.h"
#include "view/report/report.h"

struct top {
	struct cpi_graph g;
	struct cpi_graph_trim trim;
};

/* Edges are only asked whether calls were inlined. */
static enum cp_code make(struct cpi_report *r, struct top *top, struct cp_error *err)
{
	*top = (struct top){.trim.sort = r->options.cum ? CPI_GRAPH_CUM : CPI_GRAPH_FLAT};
	return cpi_report_graph(
		r, &top->g, &top->trim, CPI_REPORT_INLINED_EDGES, 0, err);
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
	cpi_sink_printf(r->sink, "%s%10s %5s%% %5s%% %10s %5s%%%s\n",
		r->options.color ? "\033[1m" : "", "flat", "flat", "sum", "cum", "cum",
		r->options.color ? "\033[0m" : "");
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
		cpi_report_name(r, node->label, 46);
		cpi_sink_str(r->sink, inline_mark(&top, node));
		cpi_sink_char(r->sink, '\n');
	}
	cpi_graph_release(&top.g);
	return CP_OK;
}

static void json_row(
	const struct top *top, const struct cpi_graph_node *node, struct cpi_json *json)
{
	const char *mark = inline_mark(top, node);

	cpi_json_begin(json, '{', true);
	cpi_json_key(json, "name");
	cpi_json_str(json, node->label);
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
		json_row(&top, &top.g.node.v[top.g.order.v[i]], &json);
	cpi_json_end(&json, ']');
	cpi_json_end(&json, '}');
	cpi_json_finish(&json);
	cpi_graph_release(&top.g);
	return CP_OK;
}

enum cp_code cpi_report_top_csv(struct cpi_report *r, struct cp_error *err)
{
	struct top top;
	enum cp_code code = make(r, &top, err);

	if (code)
		return code;
	cpi_sink_str(r->sink, "name,flat,cum,unit\n");
	for (size_t i = 0; i < top.g.order.n; i++) {
		const struct cpi_graph_node *node = &top.g.node.v[top.g.order.v[i]];

		cpi_csv_text(r->sink, cpi_text(node->label));
		cpi_sink_printf(r->sink, ",%lld,%lld,", (long long)cpi_graph_flat(node),
			(long long)cpi_graph_cum(node));
		cpi_csv_text(r->sink, r->sample_unit);
		cpi_sink_char(r->sink, '\n');
	}
	cpi_graph_release(&top.g);
	return CP_OK;
}
