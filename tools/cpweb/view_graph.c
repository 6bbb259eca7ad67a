/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph: the library's picture in a page of its own. */
#include <cp/graph.h>

#include <stdlib.h>
#include <string.h>

#include "cpweb/view.h"

static bool draw(struct job *job, const char *format, bool fragment, struct buf *out)
{
	const char *const *v = job->request->value;
	struct cp_report_options report;
	struct cp_graph_options options = {.size = sizeof options,
		.report = &report,
		.title = job->input->name,
		.fragment = fragment};
	struct cp_graph *graph = NULL;
	struct cp_error err;
	enum cp_code code;

	job_report_options(job, &report);
	report.node_count = v[P_NODE_COUNT] ? report.node_count : -1;
	report.no_trim = v[P_TRIM] && !request_yes(v[P_TRIM]);
	code = cp_graph_new(job->context, job->profile, &options, &graph, &err);
	if (!code)
		code = cp_graph_write(graph, format, buf_write, out, &err);
	cp_graph_free(graph);
	if (code)
		job_fail(job, &err);
	return !code;
}

void view_graph(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	struct cp_text style = cp_graph_asset(CP_GRAPH_STYLE, NULL);
	struct cp_text script = cp_graph_asset(CP_GRAPH_SCRIPT, NULL);
	struct buf main = {0}, svg = {0};
	struct job job;

	if (job_begin(&job, web, request, answer)) {
		if (request_yes(request->value[P_CALLTREE]))
			buf_str(&job.remarks,
				",\"calltree: a call tree is what the flame graph shows; "
				"this is the graph\"");
		if (job_filter(&job, CP_BY_FUNCTION, true) &&
			draw(&job, "svg", true, &svg)) {
			buf_str(&main, "<style>");
			buf_add(&main, style.p, style.n);
			buf_str(&main, "</style>\n<div id=\"cp-graph-here\">");
			buf_add(&main, svg.p, svg.n);
			buf_str(&main, "</div>\n<aside id=\"cp-graph-box\" "
				       "hidden></aside>\n<script>");
			buf_add(&main, script.p, script.n);
			buf_str(&main, "</script>\n");
		}
		answer->body.failed |= svg.failed || main.failed;
		job_page(&job, "graph", "call graph", main.p, NULL);
	}
	job_release(&job);
	buf_release(&svg);
	buf_release(&main);
}

bool graph_save(struct job *job, const char *format)
{
	return draw(job, format, false, &job->answer->body);
}
