/* SPDX-License-Identifier: Apache-2.0 */
/* The reports that are pictures and pages, each through its own part of the library. */
#include <string.h>

#include "cpreport.h"

const char *const cpreport_groups[] = {"auto", "none", "package", "image", NULL};

int cpreport_write_graph(struct tool *tool, struct cpreport *self, const char *format)
{
	struct cp_graph *graph = NULL;
	struct cp_error err;
	enum cp_code code;

	self->graph.size = sizeof self->graph;
	self->graph.report = &self->options;
	if (!strcmp(format, "dot")) {
		code = cp_report_write(tool->context, self->profile, "dot", "text",
			&self->options, out_write, &tool->out, &err);
	} else {
		code = cp_graph_new(
			tool->context, self->profile, &self->graph, &graph, &err);
		if (!code)
			code = cp_graph_write(graph, format, out_write, &tool->out, &err);
		cp_graph_free(graph);
	}
	return code ? tool_fail(tool, tool->options.inputs.v[0], &err)
		    : tool_commit_output(tool);
}

int cpreport_write_source(struct tool *tool, struct cpreport *self, const char *format)
{
	const struct cp_source_options options = {
		.size = sizeof options, .report = &self->options, .recorded_paths = true};
	struct cp_source *source = NULL;
	struct cp_error err;
	enum cp_code code =
		cp_source_new(tool->context, self->profile, &options, &source, &err);

	if (!code)
		code = cp_source_write(source, format, out_write, &tool->out, &err);
	cp_source_free(source);
	return code ? tool_fail(tool, tool->options.inputs.v[0], &err)
		    : tool_commit_output(tool);
}

int cpreport_write_disasm(struct tool *tool, struct cpreport *self, const char *format)
{
	const struct cp_disasm_options options = {.size = sizeof options,
		.report = &self->options,
		.symbols = &self->files,
		.intel = self->intel};
	struct cp_disasm *disasm = NULL;
	struct cp_error err;
	enum cp_code code =
		cp_disasm_new(tool->context, self->profile, &options, &disasm, &err);

	if (!code)
		code = cp_disasm_write(disasm, format, out_write, &tool->out, &err);
	cp_disasm_free(disasm);
	return code ? tool_fail(tool, tool->options.inputs.v[0], &err)
		    : tool_commit_output(tool);
}
