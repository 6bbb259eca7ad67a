/* SPDX-License-Identifier: Apache-2.0 */
/* The rows for programs. */
#include "codec/json.h"
#include "view/graph/graph.h"

static void pair(struct cpi_json *json, const char *key, int64_t value)
{
	cpi_json_key(json, key);
	cpi_json_i64(json, value);
}

static void node(struct cpi_json *json, const struct cp_graph_node *n)
{
	static const char *const kinds[] = {"function", "group", "labels"};

	cpi_json_begin(json, '{', true);
	cpi_json_key(json, "kind");
	cpi_json_str(json, kinds[n->kind]);
	cpi_json_key(json, "name");
	cpi_json_text(json, n->name);
	if (n->kind == CP_GRAPH_FUNCTION && n->group.n) {
		cpi_json_key(json, "group");
		cpi_json_text(json, n->group);
	}
	pair(json, "flat", n->flat);
	pair(json, "cum", n->cum);
	pair(json, "rank", n->rank);
	pair(json, "x", n->x);
	pair(json, "y", n->y);
	pair(json, "width", n->width);
	pair(json, "height", n->height);
	if (n->n_members) {
		cpi_json_key(json, "functions");
		cpi_json_begin(json, '[', true);
		for (uint32_t i = 0; i < n->n_members; i++) {
			cpi_json_begin(json, '{', true);
			cpi_json_key(json, "name");
			cpi_json_text(json, n->member[i].name);
			pair(json, "flat", n->member[i].flat);
			pair(json, "cum", n->member[i].cum);
			cpi_json_end(json, '}');
		}
		cpi_json_end(json, ']');
	}
	cpi_json_end(json, '}');
}

static void edge(struct cpi_json *json, const struct cp_graph_edge *e)
{
	cpi_json_begin(json, '{', true);
	pair(json, "from", e->from);
	pair(json, "to", e->to);
	pair(json, "weight", e->weight);
	cpi_json_key(json, "residual");
	cpi_json_bool(json, e->residual);
	cpi_json_key(json, "inline");
	cpi_json_bool(json, e->inlined);
	cpi_json_key(json, "knots");
	cpi_json_begin(json, '[', true);
	for (uint32_t i = 0; i < e->n_knots; i++) {
		cpi_json_i64(json, e->knot[i].x);
		cpi_json_i64(json, e->knot[i].y);
	}
	cpi_json_end(json, ']');
	cpi_json_end(json, '}');
}

enum cp_code cpi_callgraph_json(
	const struct cpi_callgraph *c, struct cpi_sink *sink, struct cp_error *err)
{
	const struct cp_graph_rows *r = &c->rows;
	struct cpi_json json;

	(void)err;
	cpi_json_init(&json, sink);
	cpi_json_begin(&json, '{', false);
	cpi_json_key(&json, "schema");
	cpi_json_str(&json, "libcp.graph");
	pair(&json, "version", 1);
	cpi_json_key(&json, "title");
	cpi_json_text(&json, c->title);
	cpi_json_key(&json, "type");
	cpi_json_text(&json, r->type);
	cpi_json_key(&json, "unit");
	cpi_json_text(&json, r->unit);
	pair(&json, "total", r->total);
	pair(&json, "dropped_nodes", (int64_t)r->dropped_nodes);
	pair(&json, "dropped_edges", (int64_t)r->dropped_edges);
	pair(&json, "width", r->width);
	pair(&json, "height", r->height);
	cpi_json_key(&json, "nodes");
	cpi_json_begin(&json, '[', false);
	for (size_t i = 0; i < r->n_nodes; i++)
		node(&json, &r->node[i]);
	cpi_json_end(&json, ']');
	cpi_json_key(&json, "edges");
	cpi_json_begin(&json, '[', false);
	for (size_t i = 0; i < r->n_edges; i++)
		edge(&json, &r->edge[i]);
	cpi_json_end(&json, ']');
	cpi_json_end(&json, '}');
	cpi_json_finish(&json);
	return CP_OK;
}
