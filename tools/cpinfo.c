/* SPDX-License-Identifier: Apache-2.0 */
/* cpinfo: what is in a file, what it lost, and what to do better next time. */
#include <string.h>

#include <cp/info.h>

#include "common/answer.h"
#include "common/main.h"
#include "common/options.h"

struct cpinfo {
	bool check, json, formats;
	struct symbol_options symbols;
};

static const struct opt rows[] = {
	OPT_FLAG(struct cpinfo, check, "check", 0,
		"end with status 1 when something is damaged"),
	OPT_FLAG(struct cpinfo, json, "json", 0, "JSON instead of text"),
	OPT_FLAG(struct cpinfo, formats, "formats", 0,
		"list the formats that are read and written, with what writing them "
		"loses"),
	OPT_END,
};

static const char examples[] =
	"  cpinfo perf.data              events, tasks, images, losses, damage\n"
	"  cpinfo cpu.pb.gz              tables, types, labels\n"
	"  cpinfo --check *.data         which of these are damaged?\n"
	"  cpinfo --json perf.data       for programs\n"
	"  cpinfo --formats              what can be read and written\n";

static const struct answer answers[] = {
	{"text", ".txt .text .log .out"},
	{"json", ".json"},
	{0},
};

static int list_formats(struct tool *tool)
{
	const struct cp_format *f;
	int status = tool_open_output(tool, false);

	if (status != TOOL_GO)
		return status;
	for (size_t i = 0; (f = cp_format_at(i)); i++) {
		out_printf(&tool->out, "%-12s %-5s %-6s %s\n", f->name,
			f->reads ? "reads" : "", f->writes ? "writes" : "",
			f->description);
		if (f->extensions && *f->extensions)
			out_printf(&tool->out, "%-26s endings: %s\n", "", f->extensions);
		if (f->losses && *f->losses)
			out_printf(&tool->out, "%-26s loses: %s\n", "", f->losses);
	}
	return tool_commit_output(tool);
}

/* One input; a damaged one makes *damaged true. TOOL_GO or the exit status. */
static int show(struct tool *tool, struct cpinfo *self, const char *path, bool *damaged)
{
	struct cp_symbolize_options symbolize;
	const struct cp_symbolize_options *use;
	struct cp_input *input;
	struct cp_error err;
	bool broken = false;
	int status = symbol_options_get(tool, &self->symbols, &symbolize, &use);

	if (status != TOOL_GO)
		return status;
	status = tool_open_input(tool, path, &input);
	if (status != TOOL_GO)
		return status;
	if (cp_info_write(tool->context, input, use, self->json ? "json" : "text",
		    &broken, out_write, &tool->out, &err))
		status = tool_fail(tool, tool_input_name(path), &err);
	cp_input_free(input);
	*damaged |= broken;
	return status;
}

/* With --check, a file that is damaged beyond reading is an answer, too. */
static int check_failure(const struct tool *tool, int status, bool *damaged)
{
	if (status != TOOL_UNREADABLE || (tool->failure != CP_ERROR_CORRUPT &&
						 tool->failure != CP_ERROR_TRUNCATED))
		return status;
	*damaged = true;
	return TOOL_GO;
}

/* With --strict a damaged input still has its answer, on standard output. */
static int commit(struct tool *tool)
{
	bool failed = tool->ui.failed, file = tool->out.path;
	int status;

	tool->ui.failed &= file;
	status = tool_commit_output(tool);
	tool->ui.failed = failed;
	return status;
}

static int run(struct tool *tool, struct cpinfo *self)
{
	struct opt_list *inputs = &tool->options.inputs;
	const char *format;
	bool damaged = false;
	int status = TOOL_GO, worst = TOOL_DONE;

	if (self->formats)
		return list_formats(tool);
	format = tool_answer(tool, answers);
	if (!format)
		return TOOL_USAGE;
	self->json |= !strcmp(format, "json");
	status = tool_take_inputs(tool, &self->symbols.binaries);
	if (status == TOOL_GO)
		status = tool_open_output(tool, false);
	if (status != TOOL_GO)
		return status;
	/* Damage is what the answer is about. */
	tool->out.dropped = NULL;
	for (size_t i = 0; i < inputs->n; i++) {
		if (i && !self->json)
			out_printf(&tool->out, "\n");
		tool->failure = CP_OK;
		status = show(tool, self, inputs->v[i], &damaged);
		if (self->check)
			status = check_failure(tool, status, &damaged);
		/* The other inputs still get their answer. */
		if (status != TOOL_GO && status > worst)
			worst = status;
	}
	if (inputs->n == 1 && worst != TOOL_DONE)
		return worst;
	status = commit(tool);
	if (status != TOOL_DONE)
		return status;
	return worst == TOOL_DONE && self->check && damaged ? TOOL_NO : worst;
}

int main(int argc, char **argv)
{
	struct cpinfo self = {0};
	struct tool tool = {
		.name = "cpinfo",
		.summary = "what is in a profile or capture",
		.examples = examples,
		.formats = "text json",
		.usage = "[OPTION...] [INPUT...]",
	};
	const struct opt_group groups[] = {
		{"Information", rows, &self},
		OPT_GROUP_SYMBOLS(&self.symbols),
		OPT_GROUP_COMMON(&tool),
		{0},
	};
	int status;

	tool.groups = groups;
	status = tool_begin(&tool, argc, argv);
	if (status == TOOL_GO)
		status = run(&tool, &self);
	symbol_options_release(&self.symbols);
	return tool_end(&tool, status);
}
