/* SPDX-License-Identifier: Apache-2.0 */
/* Call graphs, for programs. */
#include "api/context.h"
#include "view/graph/graph.h"

struct cp_graph {
	struct cpi_callgraph graph;
};

enum cp_code cp_graph_new(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_graph_options *options, struct cp_graph **ret_graph,
	struct cp_error *err)
{
	static const struct cp_report_options defaults = {.size = sizeof defaults,
		.node_count = -1,
		.node_fraction = -1,
		.edge_fraction = -1,
		.granularity = CP_BY_FUNCTION};
	struct cp_graph *graph;
	struct cp_graph_options full;
	struct cp_report_options report;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (!code)
		code = cpi_options_copy(&report, sizeof report,
			full.report ? full.report : &defaults, err);
	if (code)
		return code;
	graph = cpi_alloc_zero(&context->env.mem, sizeof *graph);
	if (!graph)
		return cpi_error_memory(err);
	graph->graph.report = report;
	code = cpi_callgraph_make(&graph->graph, &context->env, profile, &full, err);
	if (code)
		cp_graph_free(graph);
	else
		*ret_graph = graph;
	return code;
}

const struct cp_graph_rows *cp_graph_rows(const struct cp_graph *graph)
{
	return &graph->graph.rows;
}

enum cp_code cp_graph_write(const struct cp_graph *graph, const char *format,
	cp_write_fn *fn, void *arg, struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	struct cpi_sink sink;
	enum cp_code code;

	cpi_target_sink(&sink, graph->graph.env, &target, NULL);
	code = cpi_callgraph_write(&graph->graph, format, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return code;
}

struct cp_text cp_graph_asset(enum cp_graph_asset which, const char **ret_hash)
{
	const struct cpi_graph_asset *asset =
		which == CP_GRAPH_STYLE ? &cpi_graph_asset_style : &cpi_graph_asset_part;

	if (ret_hash)
		*ret_hash = asset->hash;
	return (struct cp_text){asset->bytes, asset->n};
}

void cp_graph_free(struct cp_graph *graph)
{
	struct cpi_mem *mem;

	if (!graph)
		return;
	mem = &graph->graph.env->mem;
	cpi_callgraph_release(&graph->graph);
	cpi_free(mem, graph, sizeof *graph);
}
