/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of a profile, as JSON. */
#include <cp/graph.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_graph *graph;
	struct cp_error err;
	static struct text text;

	OPTIONS(cp_report_options, report);
	OPTIONS(cp_graph_options, options);
	report.regex = "work";
	options.report = &report;
	MUST(!cp_graph_new(context, p, &options, &graph, &err));
	MUST(cp_graph_rows(graph));
	MUST(!cp_graph_write(graph, "json", use_write, &text, &err));
	MUST(strstr(text.p, "libcp.graph"));
	cp_graph_free(graph);
	report.size = 0;
	MUST(cp_graph_new(context, p, &options, &graph, &err) == CP_ERROR_ARGUMENT);
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
