/* SPDX-License-Identifier: Apache-2.0 */
/* cpconv: any profile in, symbolized, in the format one wants. */
#include <string.h>

#include <cp/info.h>

#include "common/answer.h"
#include "common/filters.h"
#include "common/main.h"
#include "common/options.h"
#include "common/symreport.h"

struct cpconv {
	struct symbol_options symbols;
	struct capture_options capture;
	struct filter_options filters;
	const char *report; /* NULL: not asked for; "": to stderr */
	int64_t level;
	bool level_seen;
	int root; /* enum cp_root */
	bool annotate;
	int table; /* in table_words */
	bool table_seen;

	struct cp_read_options read;
	struct cp_symbol_report *symbol_report;
	struct cp_profile *profile;
};

static const char *const root_words[] = {
	[CP_ROOT_AUTO] = "auto",
	[CP_ROOT_COMM] = "comm",
	[CP_ROOT_PID] = "pid",
	[CP_ROOT_TID] = "tid",
	[CP_ROOT_NONE] = "none",
	NULL,
};

static const char *const table_words[] = {"samples", "stacks", "locations", "lines",
	"functions", "mappings", "labels", "sample_types", "comments", NULL};

static const struct opt rows[] = {
	OPT_MAYBE(struct cpconv, report, "symbols-report", 0, "FILE",
		"say for each image how its addresses fared, on stderr or in FILE"),
	OPT_INT(struct cpconv, level, "level", 0, "N",
		"pprof: compression from 1 (fast) to 12 (small); 0 writes it "
		"uncompressed",
		.seen = offsetof(struct cpconv, level_seen)),
	OPT_CHOICE(struct cpconv, root, "root", 0, "WHAT", root_words,
		"folded: root frame of each stack: auto (the comm label when there is "
		"one), "
		"comm, pid, tid or none"),
	OPT_FLAG(struct cpconv, annotate, "annotate", 0,
		"folded: mark kernel, inlined and generated code with _[k] _[i] _[j]"),
	OPT_CHOICE(struct cpconv, table, "table", 0, "WHICH", table_words,
		"csv: samples, stacks, locations, lines, functions, mappings, labels, "
		"sample_types or comments",
		.seen = offsetof(struct cpconv, table_seen)),
	OPT_END,
};

static const char examples[] =
	"  cpconv perf.data -o out.pb.gz         a symbolized profile for pprof\n"
	"  cpconv ./prog perf.data -o out.pb.gz  the same, ./prog is the program "
	"captured\n"
	"  cpconv perf.data --to folded          a line per stack, on standard output\n"
	"  cpconv cpu.pb.gz -o cpu.folded        pprof to collapsed stacks\n"
	"  perf record -o - -g ./prog | cpconv -o out.pb.gz\n";

static int write_report(struct tool *tool, struct cpconv *self)
{
	struct out out;
	char message[512];

	if (!self->symbol_report) {
		ui_note(&tool->ui, NULL, "no symbols report: nothing was symbolized");
		return TOOL_GO;
	}
	if (!out_open(&out, *self->report ? self->report : "/dev/stderr", false, message,
		    sizeof message)) {
		ui_error(&tool->ui, NULL, "%s", message);
		return TOOL_SYSTEM;
	}
	symreport_print(&out, self->profile, self->symbol_report);
	if (out_commit(&out, message, sizeof message))
		return TOOL_GO;
	ui_error(&tool->ui, NULL, "%s", message);
	return TOOL_SYSTEM;
}

static void say_finding(const struct cp_finding *finding, void *arg)
{
	struct tool *tool = arg;

	ui_note(&tool->ui, NULL, "%s; next time: %s", finding->text, finding->fix);
}

static int read_profile(struct tool *tool, struct cpconv *self, const char *path)
{
	struct cp_symbolize_options symbolize;
	const struct cp_symbolize_options *use;
	int status = symbol_options_get(tool, &self->symbols, &symbolize, &use);

	symbolize.perf_compat = self->capture.perf_compat;
	symbolize.ret_report = &self->symbol_report;
	if (status == TOOL_GO)
		status = tool_read(tool, path, &self->read, use, &self->profile);
	if (status != TOOL_GO)
		return status;
	cp_profile_diagnose(tool->context, self->profile, self->symbol_report,
		say_finding, tool, NULL);
	if (self->report)
		return write_report(tool, self);
	if (use)
		symreport_warn(tool, self->profile, self->symbol_report);
	return TOOL_GO;
}

static int filter_profile(struct tool *tool, struct cpconv *self)
{
	struct cp_filter_options filter;

	filter_options_get(&self->filters, CP_BY_ADDRESS, &filter);
	return tool_filter(tool, &filter, tool->options.inputs.v[0], &self->profile);
}

static int write_profile(
	struct tool *tool, const struct cpconv *self, const struct cp_format *format)
{
	struct cp_write_options options = {
		.size = sizeof options,
		.level = !self->level_seen ? 0 : self->level ? (int)self->level : -1,
		.root = (enum cp_root)self->root,
		.annotate = self->annotate,
		.perf_compat = self->capture.perf_compat,
		.sample_type = self->filters.sample_index,
		.table = table_words[self->table],
	};
	struct cp_error err;

	progress_start(&tool->progress, "writing");
	if (!cp_profile_write(tool->context, self->profile, format->name, &options,
		    out_write, &tool->out, &err))
		return tool_commit_output(tool);
	return tool_fail(tool, tool->options.output, &err);
}

/* The report must not go where the profile goes, nor over the input. */
static int check_report(struct tool *tool, const char *report)
{
	const char *input = tool->options.inputs.v[0], *output = tool->options.output;
	bool standard = !output || !strcmp(output, "-");

	if (!strcmp(report, "-") ? standard : !standard && !strcmp(report, output))
		return tool_usage(tool,
			"--symbols-report and the profile cannot both go to %s",
			standard ? "standard output" : output);
	if (strcmp(report, "-") && strcmp(input, "-") && file_same(report, input))
		return tool_usage(tool, "--symbols-report (%s) is the input", report);
	return TOOL_GO;
}

static int convert(struct tool *tool, struct cpconv *self)
{
	struct opt_list *inputs = &tool->options.inputs;
	const struct cp_format *format;
	int status = capture_options_get(tool, &self->capture, &self->read);

	if (status == TOOL_GO)
		status = tool_take_inputs(tool, &self->symbols.binaries);
	if (status != TOOL_GO)
		return status;
	if (inputs->n > 1)
		return tool_usage(tool,
			tool->options.output ? "one input is converted, and '%s' is a "
					       "second; cpmerge merges"
					     : "'%s' is a second input; did you mean -o? "
					       "(cpmerge merges)",
			inputs->v[1]);
	if (self->report && *self->report) {
		status = check_report(tool, self->report);
		if (status != TOOL_GO)
			return status;
	}
	if (self->level_seen && (self->level < 0 || self->level > 12))
		return tool_usage(tool, "--level is a number from 0 to 12");
	format = tool_output_format(tool, "pprof");
	if (!format)
		return TOOL_USAGE;
	if (self->table_seen && strcmp(format->name, "csv"))
		return tool_usage(
			tool, "--table is for --to csv; the output is %s", format->name);
	if (self->root == CP_ROOT_TID && !format->binary)
		capture_options_want(&self->read, CP_LABEL_PID | CP_LABEL_TID);
	status = tool_open_output(tool, format->binary);
	if (status == TOOL_GO)
		status = read_profile(tool, self, inputs->v[0]);
	if (status == TOOL_GO)
		status = filter_profile(tool, self);
	return status == TOOL_GO ? write_profile(tool, self, format) : status;
}

int main(int argc, char **argv)
{
	struct cpconv self = {.filters = FILTER_OPTIONS_INIT};
	struct tool tool = {
		.name = "cpconv",
		.summary = "convert and symbolize profiles",
		.examples = examples,
		.usage = "[OPTION...] [PROGRAM] [INPUT] [-o OUTPUT]",
	};
	const struct opt_group groups[] = {
		{"Output", rows, &self},
		OPT_GROUP_SYMBOLS(&self.symbols),
		OPT_GROUP_CAPTURE(&self.capture),
		OPT_GROUP_FILTERS(&self.filters),
		OPT_GROUP_COMMON(&tool),
		{0},
	};
	int status;

	tool.groups = groups;
	status = tool_begin(&tool, argc, argv);
	if (status == TOOL_GO)
		status = convert(&tool, &self);
	cp_profile_free(self.profile);
	cp_symbol_report_free(self.symbol_report);
	symbol_options_release(&self.symbols);
	capture_options_release(&self.capture);
	return tool_end(&tool, status);
}
