/* SPDX-License-Identifier: Apache-2.0 */
/* cpreport: the numbers of a profile, with pprof's columns and rules. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cp/merge.h>

#include "common/elsewhere.h"
#include "common/answer.h"
#include "common/nearest.h"
#include "cpreport.h"

static const char *const report_words[] = {"", "top|text", "tree", "peek", "graph",
	"traces", "list", "source|weblist", "disasm", "tags", "raw",
	"comments", "waits", NULL};
const char *const cpreport_names[] = {
	"", "top", "tree", "peek", "graph", "traces", "list", "source",
	"disasm", "tags", "raw", "comments", "waits"};

static const struct opt report_rows[] = {
	OPT_FLAG(struct cpreport, options.cum, "cum", 0, "sort by cumulative value"),
	OPT_FLAG(struct cpreport, flat, "flat", 0, "sort by flat value (the default)"),
	OPT_STRING(struct cpreport, sort, "sort", 's', "KEY,...",
		"top: a row for each dso, comm, tid, pid, sym, srcfile or value of a label, "
		"or of several of these, as perf report has it; flat or cum: by that value"),
	OPT_INT(struct cpreport, options.node_count, "nodecount", 'n', "N",
		"at most N functions; 0 is all (top: all; tree: 80)",
		.seen = offsetof(struct cpreport, node_count_seen)),
	OPT_REAL(struct cpreport, options.node_fraction, "nodefraction", 0, "F",
		"leave out functions below this share of the total (0.005)",
		.seen = offsetof(struct cpreport, node_fraction_seen)),
	OPT_REAL(struct cpreport, options.edge_fraction, "edgefraction", 0, "F",
		"leave out calls below this share of the total (0.001)",
		.seen = offsetof(struct cpreport, edge_fraction_seen)),
	OPT_FLAG(struct cpreport, trim, "trim", 0,
		"leave out small functions and calls (the default)"),
	OPT_STRING(struct cpreport, options.unit, "unit", 0, "UNIT",
		"minimum (one for the whole report), auto (one per value), or a unit "
		"such as ms"),
	OPT_REAL(struct cpreport, options.divide_by, "divide-by", 0, "N",
		"divide all values by N"),
	OPT_FLAG(struct cpreport, options.mean, "mean", 0,
		"divide values by the first sample type"),
	OPT_FLAG(struct cpreport, relative, "relative-percentages", 0,
		"percentages of what the filters leave, not of the whole"),
	OPT_FLAG(struct cpreport, options.drop_negative, "drop-negative", 0,
		"leave out functions with negative values"),
	OPT_FLAG(struct cpreport, options.columns, "showcolumns", 0,
		"with --granularity lines: columns, too; with addresses they are shown "
		"without it",
		.seen = offsetof(struct cpreport, columns_seen)),
	OPT_FLAG(struct cpreport, options.compact, "compact-labels", 0,
		"no lines about the profile above the table"),
	OPT_STRING(struct cpreport, options.source_path, "source-path", 0, "DIRS",
		"folders with source files, separated by colons; what recorded file "
		"names have "
		"before a folder of that name is left out"),
	OPT_STRING(struct cpreport, options.trim_path, "trim-path", 0, "DIRS",
		"beginnings of recorded file names to cut off, separated by colons"),
	OPT_PRESET(struct cpreport, report, "top", TOP),
	OPT_PRESET(struct cpreport, report, "text", TOP),
	OPT_PRESET(struct cpreport, report, "tree", TREE),
	OPT_FLAG(struct cpreport, svg, "svg", 0, NULL),
	OPT_PRESET(struct cpreport, report, "traces", TRACES),
	OPT_PRESET(struct cpreport, report, "tags", TAGS),
	OPT_PRESET(struct cpreport, report, "raw", RAW),
	OPT_PRESET(struct cpreport, report, "comments", COMMENTS),
	OPT_PRESET(struct cpreport, report, "waits", WAITS),
	OPT_STRING(struct cpreport, peek, "peek", 0, "REGEX", NULL),
	OPT_STRING(struct cpreport, list, "list", 0, "REGEX", NULL),
	OPT_STRING(struct cpreport, weblist, "weblist", 0, "REGEX", NULL),
	OPT_STRING(struct cpreport, disasm, "disasm", 0, "REGEX", NULL),
	OPT_FLAG(struct cpreport, intel, "intel-syntax", 0,
		"disasm: Intel's syntax instead of AT&T's"),
	OPT_CHOICE(struct cpreport, graph.group, "group", 0, "BY", cpreport_groups,
		"graph: functions of one package or image are one box: auto (by package "
		"above 300 functions), none, package, image"),
	OPT_STRING(struct cpreport, graph.open, "open", 0, "REGEX",
		"graph: functions of these packages or images stay single"),
	OPT_FLAG(struct cpreport, graph.no_labels, "no-tags", 0,
		"graph: no boxes for labels"),
	OPT_STRING(struct cpreport, graph.title, "title", 0, "TEXT",
		"graph: above the picture, instead of the program's name"),
	OPT_FLAG(struct cpreport, options.csv_raw, "csv-raw", 0,
		"names in CSV as they are, also those that a spreadsheet would run"),
	OPT_END,
};

static const char examples[] =
	"  cpreport cpu.pb.gz                   the functions that cost most\n"
	"  cpreport top --cum -n 20 perf.data   with what they call, the first 20\n"
	"  cpreport --sort dso,comm perf.data   by file and command, as perf report\n"
	"  cpreport peek 'alloc' heap.pb.gz     callers and callees\n"
	"  cpreport list main.work cpu.pb.gz    annotated source\n"
	"  cpreport source -o a.html REGEX IN   with what was inlined into each line\n"
	"  cpreport disasm REGEX IN             instructions, with jumps and blocks\n"
	"  cpreport waits perf.data             the longest waits, and for whom\n"
	"  cpreport graph -o graph.svg IN       who calls whom, as a picture\n"
	"  cpreport tags cpu.pb.gz              totals per label value\n"
	"  cpreport --to json cpu.pb.gz         for programs\n";

/* pprof's way to ask: -list=REGEX. */
static void take_option(struct cpreport *self)
{
	const struct {
		const char *regex;
		int report;
	} rows[] = {{self->peek, PEEK}, {self->list, LIST}, {self->weblist, SOURCE},
		{self->disasm, DISASM}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows && self->report == NONE; i++)
		if (rows[i].regex) {
			self->report = rows[i].report;
			self->options.regex = rows[i].regex;
		}
}

/* The report's name and regex, taken off the operands. */
static int take_report(struct tool *tool, struct cpreport *self)
{
	struct opt_list *inputs = &tool->options.inputs;
	size_t taken = 0;

	take_option(self);
	if (self->svg) {
		self->report = GRAPH;
		tool->options.to = tool->options.to ? tool->options.to : "svg";
	}
	if (self->report == NONE && inputs->n) {
		int word = opt_choice(report_words, inputs->v[0]);

		/* A file may be called "top"; the word wins, ./top is the file. */
		if (word > NONE) {
			self->report = word;
			taken = 1;
		}
		if (word == PEEK || (word >= LIST && word <= DISASM)) {
			if (inputs->n < 2)
				return tool_usage(tool, "%s needs a regular expression",
					cpreport_names[word]);
			self->options.regex = inputs->v[1];
			taken = 2;
		}
	}
	if (self->report == NONE && inputs->n && access(inputs->v[0], F_OK)) {
		const char *word = inputs->v[0], *instead;

		instead = !strcmp(word, "help") ? "cpreport --help lists them"
						: opt_elsewhere(word, strlen(word));
		if (instead)
			return tool_usage(tool, "'%s' is no report: %s", word, instead);
	}
	if (self->report == NONE)
		self->report = TOP;
	memmove(inputs->v, inputs->v + taken, (inputs->n - taken) * sizeof *inputs->v);
	inputs->n -= taken;
	return TOOL_GO;
}

static enum cp_granularity granularity(const struct cpreport *self)
{
	switch (self->report) {
	case LIST:
		return CP_BY_LINE;
	case SOURCE:
	case DISASM:
	case RAW:
	case COMMENTS:
		return CP_BY_ADDRESS;
	default:
		return CP_BY_FUNCTION;
	}
}

/* "total_delay" and "mean_delay" are delay, the latter divided by the first type. */
static void take_prefix(struct cpreport *self)
{
	const char *index = self->filters.sample_index;

	if (index && !strncmp(index, "mean_", 5)) {
		self->options.mean = true;
		self->filters.sample_index += 5;
	} else if (index && !strncmp(index, "total_", 6)) {
		self->filters.sample_index += 6;
	}
	self->options.sample_type = self->filters.sample_index;
}

/*
 * Reports that show samples show them as pprof does: equal ones added up, empty ones
 * gone.
 */
static int compact(struct tool *tool, struct cpreport *self)
{
	struct cp_merge *merge = NULL;
	struct cp_profile *merged;
	struct cp_error err;
	enum cp_code code = cp_merge_new(tool->context, NULL, &merge, &err);

	if (!code)
		code = cp_merge_add(merge, self->profile, NULL, &err);
	if (code) {
		cp_merge_free(merge);
		return tool_fail(tool, tool->options.inputs.v[0], &err);
	}
	if (cp_merge_finish(merge, &merged, &err))
		return tool_fail(tool, tool->options.inputs.v[0], &err);
	cp_profile_free(self->profile);
	self->profile = merged;
	return TOOL_GO;
}

/* Where the default type has no value in any sample, one that has some is shown. */
static void choose_type(struct tool *tool, struct cpreport *self)
{
	static char number[12];
	const struct cp_profile *p = self->profile;
	uint32_t shown = cp_profile_shown_sample_type(p), type;
	char text[200];
	struct cp_error err;

	if ((self->options.sample_type && *self->options.sample_type) ||
		cp_profile_find_sample_type(p, NULL, &type, &err) || type == shown)
		return;
	snprintf(text, sizeof text,
		"all values of %.64s are 0: %.64s is shown (-sample_index=TYPE chooses)",
		cp_profile_string(p, cp_profile_sample_type(p, type)->type).p,
		cp_profile_string(p, cp_profile_sample_type(p, shown)->type).p);
	ui_note(&tool->ui, tool_input_name(tool->options.inputs.v[0]), "%s", text);
	snprintf(number, sizeof number, "%u", shown);
	self->options.sample_type = number;
}

static int prepare(struct tool *tool, struct cpreport *self)
{
	struct cp_filter_options filter;
	struct cp_error err;
	int status;

	if (self->report != RAW && self->report != COMMENTS && self->report != TAGS &&
		self->report != WAITS)
		choose_type(tool, self);

	self->options.total_given =
		!self->relative && cp_profile_counts(self->profile).sample_types;
	if (self->options.total_given &&
		cp_report_total(self->profile, self->options.sample_type,
			self->options.mean, &self->options.total, &err))
		return tool_fail(tool, tool->options.inputs.v[0], &err);
	if (self->report == COMMENTS)
		return TOOL_GO;
	if (self->report == TRACES || self->report == TAGS || self->report == RAW) {
		status = compact(tool, self);
		if (status != TOOL_GO)
			return status;
	}
	filter_options_get(&self->filters, granularity(self), &filter);
	filter.sample_index = NULL;
	/* As pprof does since 2023. */
	if (filter.granularity == CP_BY_ADDRESS && !self->columns_seen)
		self->options.columns = true;
	filter.showcolumns = self->options.columns;
	filter.tag_unit = self->options.unit;
	/* Source is listed by line whatever is asked for, as by pprof. */
	if (self->report == LIST)
		filter.granularity = CP_BY_LINE;
	if (self->report == SOURCE || self->report == DISASM)
		filter.granularity = CP_BY_ADDRESS;
	filter.group_by = self->options.group_by;
	filter.drop_frames =
		self->report != RAW && cp_profile_header(self->profile)->drop_frames.i;
	/* Needs no copy of the profile, and keeps what tells nameless functions apart. */
	if (self->report <= GRAPH) {
		self->options.granularity = filter.granularity;
		filter.granularity = CP_BY_ADDRESS;
	}
	/*
	 * Percentages of what is left are of its rows as they are, opposite signs not
	 * cancelled.
	 */
	filter.keep_rows =
		self->report == TRACES || self->report == RAW ||
		self->report == WAITS || self->relative;
	if (self->report != TRACES && self->report != TAGS)
		return tool_filter(
			tool, &filter, tool->options.inputs.v[0], &self->profile);
	/* These look at labels, whose units are those of the whole profile. */
	self->original = self->profile;
	self->options.original = self->original;
	self->profile = NULL;
	if (cp_profile_filter(
		    tool->context, self->original, &filter, &self->profile, &err))
		return tool_fail(tool, tool->options.inputs.v[0], &err);
	tool_warn_empty(tool, tool->options.inputs.v[0], self->profile);
	return TOOL_GO;
}

static const struct answer answers[] = {
	{"text", ".txt .text .log .out"},
	{"json", ".json"},
	{"csv", ".csv"},
	{0},
};
static const struct answer pictures[] = {
	{"text", ".txt .text .log .out"},
	{"svg", ".svg"},
	{"html", ".html .htm"},
	{"json", ".json"},
	{"dot", ".dot .gv"},
	{0},
};
static const struct answer listings[] = {
	{"text", ".txt .text .log .out"},
	{"html", ".html .htm"},
	{"json", ".json"},
	{0},
};

static const struct answer *answers_of(const struct cpreport *self)
{
	return self->report == GRAPH		  ? pictures
	       : self->report == SOURCE || self->report == DISASM ? listings
							       : answers;
}

static int write_report(struct tool *tool, struct cpreport *self, const char *format)
{
	const char *name = cpreport_names[self->report];
	struct cp_error err;

	if (self->report == GRAPH)
		return cpreport_write_graph(tool, self, format);
	if (self->report == SOURCE)
		return cpreport_write_source(tool, self, format);
	if (self->report == DISASM)
		return cpreport_write_disasm(tool, self, format);
	if (!cp_report_write(tool->context, self->profile, name, format, &self->options,
		    out_write, &tool->out, &err))
		return tool_commit_output(tool);
	return tool_fail(tool, tool->options.inputs.v[0], &err);
}

static int report(struct tool *tool, struct cpreport *self)
{
	const char *format = tool_answer(tool, answers_of(self));
	const struct cp_symbolize_options *use;
	char lines[FILTER_LINES][FILTER_LINE_ROOM];
	const char *filters[FILTER_LINES];
	int status = format ? tool_open_output(tool, false) : TOOL_USAGE;

	if (status == TOOL_GO)
		status = symbol_options_get(tool, &self->symbols, &self->files, &use);
	if (status == TOOL_GO)
		status = tool_read(tool, tool->options.inputs.v[0], &self->read, use,
			&self->profile);
	if (status == TOOL_GO)
		status = prepare(tool, self);
	if (status != TOOL_GO)
		return status;
	filter_options_lines(&self->filters, lines, filters);
	self->options.filters = filters;
	self->options.width = tool_width(tool);
	self->options.color = !tool->options.output &&
		ui_wants_color((enum ui_color)tool->options.color, stdout);
	/*
	 * The library's tables look after names, and have colours that must get
	 * through.
	 */
	tool->out.escape &=
		!self->options.color || strcmp(format, "text") || self->report == RAW;
	return write_report(tool, self, format);
}

/* Two operands: a report's name that was mistyped, or a second file. */
static int too_many(struct tool *tool)
{
	const struct opt_list *inputs = &tool->options.inputs;
	const char *near;

	if (!strcmp(inputs->v[0], "-") || !access(inputs->v[0], F_OK))
		return tool_usage(tool,
			"one input is reported, and '%s' is a second; cpmerge merges, "
			"cpdiff compares",
			inputs->v[1]);
	near = opt_nearest(
		inputs->v[0], cpreport_names, WAITS + 1);
	return tool_usage(tool, "'%s' is neither a report nor a file%s%s%s (reports: %s)",
		inputs->v[0], near ? "; did you mean '" : "", near ? near : "",
		near ? "'?" : "", tool->reports);
}

/* True if a list separated by commas has the word. */
static bool lists(const char *list, const char *word)
{
	for (size_t n, length = strlen(word); *list; list += n + (list[n] != 0)) {
		n = strcspn(list, ",");
		if (n == length && !memcmp(list, word, n))
			return true;
	}
	return false;
}

/* pprof sorts by flat or cum; perf groups by what it calls sort keys. */
static int take_sort(struct tool *tool, struct cpreport *self)
{
	const struct {
		const char *word;
		uint32_t label;
	} labels[] = {{"tid", CP_LABEL_TID}, {"pid", CP_LABEL_PID}, {"comm", CP_LABEL_COMM},
		{"cpu", CP_LABEL_CPU}, {"cgroup", CP_LABEL_CGROUP}};
	uint32_t want = 0;

	if (!self->sort || !*self->sort)
		return TOOL_GO;
	if (!strcmp(self->sort, "flat") || !strcmp(self->sort, "cum")) {
		self->options.cum |= *self->sort == 'c';
		self->flat |= *self->sort == 'f';
		return TOOL_GO;
	}
	if (self->report != TOP)
		return tool_usage(tool, "--sort groups the rows of top, not of %s",
			cpreport_names[self->report]);
	self->options.group_by = self->sort;
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (lists(self->sort, labels[i].word))
			want |= labels[i].label;
	if (want)
		capture_options_want(&self->read, want);
	return TOOL_GO;
}

static int run(struct tool *tool, struct cpreport *self)
{
	struct cp_report_options *o = &self->options;
	int status = take_report(tool, self);

	if (status == TOOL_GO)
		status = capture_options_get(tool, &self->capture, &self->read);
	/* Single waits, and which threads they are of. */
	if (self->report == WAITS) {
		self->read.keep_time = true;
		self->read.labels |= CP_LABEL_PID | CP_LABEL_COMM | CP_LABEL_TID;
	}
	if (status == TOOL_GO)
		status = take_sort(tool, self);
	if (status == TOOL_GO)
		status = tool_take_inputs(tool, &self->symbols.binaries);
	if (status != TOOL_GO)
		return status;
	if (tool->options.inputs.n > 1)
		return too_many(tool);
	o->size = sizeof *o;
	o->node_count = self->node_count_seen ? o->node_count : -1;
	o->node_fraction = self->node_fraction_seen ? o->node_fraction : -1;
	o->edge_fraction = self->edge_fraction_seen ? o->edge_fraction : -1;
	o->no_trim = !self->trim;
	if (self->flat)
		o->cum = false;
	if (o->divide_by < 0)
		return tool_usage(tool, "--divide-by takes a positive number");
	take_prefix(self);
	return report(tool, self);
}

int main(int argc, char **argv)
{
	struct cpreport self = {.filters = FILTER_OPTIONS_INIT, .trim = true};
	struct tool tool = {
		.name = "cpreport",
		.summary = "the numbers of a profile",
		.examples = examples,
		.notes = "Reports: top (the default), tree, peek REGEX, graph, traces, "
			 "list REGEX,\nsource REGEX, disasm REGEX|0xADDRESS, tags, raw, comments, "
			 "waits.",
		.reports = "top tree peek graph traces list source disasm tags raw "
			   "comments waits",
		.formats = "text json csv svg html dot",
		.usage = "[REPORT [REGEX]] [OPTION...] [INPUT]",
	};
	const struct opt_group groups[] = {
		{"Report", report_rows, &self},
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
		status = run(&tool, &self);
	cp_profile_free(self.profile);
	cp_profile_free(self.original);
	symbol_options_release(&self.symbols);
	capture_options_release(&self.capture);
	return tool_end(&tool, status);
}
