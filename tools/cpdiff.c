/* SPDX-License-Identifier: Apache-2.0 */
/* cpdiff: what really changed between captures, and what is only noise. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cp/diff.h>

#include "common/filters.h"
#include "common/main.h"
#include "common/options.h"
#include "cpdiff.h"

static const char *const fdr_words[] = {"holm", "bh", "by", NULL};
static const char *const sort_words[] = {"change", "ratio", "after", "p", "name", NULL};
static const char *const base_words[] = {"none", "subtract", "diff-base", NULL};

static const struct opt side_rows[] = {
	OPT_REST(struct cpdiff, side[CP_BEFORE], "before", 0, "FILE...",
		"captures of the side before, until --after"),
	OPT_REST(struct cpdiff, side[CP_AFTER], "after", 0, "FILE...",
		"captures of the side after"),
	OPT_REST(struct cpdiff, series, "series", 0, "FILE...",
		"captures in order, six or more: where did functions and the total change?"),
	OPT_LIST(struct cpdiff, lists, "files-from", 0, "FILE",
		"captures for --series, one name a line; - is stdin"),
	OPT_STRING(struct cpdiff, keep, "keep", 0, "DIR",
		"record: keep the captures there instead of removing them"),
	OPT_STRING(struct cpdiff, record_options, "record-options", 0, "WORDS",
		"record: options of perf record instead of -F 999 -g"),
	OPT_STRING(struct cpdiff, base, "base", 0, "FILE",
		"the capture before, as pprof spells it; the operand is the one after",
		.aliases = "diff-base"),
	OPT_END,
};

static const struct opt method_rows[] = {
	OPT_STRING(struct cpdiff, scale, "scale", 0, "HOW",
		"divide values before comparing: anchor (functions that did not change), "
		"total (compares shares), none, time (durations: for services, not for work of "
		"fixed size), work=N,M (units of work before, after); default: an anchor, or "
		"shares where none holds"),
	OPT_STRING(struct cpdiff, options.anchor, "anchor", 0, "REGEX",
		"functions that did not change; implies --scale anchor"),
	OPT_STRING(struct cpdiff, work, "work", 0, "N,M",
		"the same as --scale work=N,M: values per unit of work"),
	OPT_STRING(struct cpdiff, noise, "noise", 0, "CV",
		"variation of functions from run to run, such as 5%, instead of the default; "
		"CV,CV: of functions and of the total"),
	OPT_STRING(struct cpdiff, calibration, "calibration", 0, "FILE",
		"this program's own variation, as --calibrate wrote it; with --calibrate: "
		"write it there"),
	OPT_REST(struct cpdiff, calibrate, "calibrate", 0, "FILE...",
		"captures of one program, 10 or more: how far does it vary, and how often are "
		"pairs of them called different?"),
	OPT_STRING(struct cpdiff, options.planned, "planned", 0, "REGEX",
		"functions named in advance: tests of their own, which find more"),
	OPT_CHOICE(struct cpdiff, fdr, "fdr", 0, "HOW", fdr_words,
		"what 5 % is said of: any false verdict (holm), or the false among all (bh, by)"),
	OPT_STRING(struct cpdiff, min_change, "min-change", 0, "PERCENT",
		"changes below this count as the same (5%)"),
	OPT_FLAG(struct cpdiff, options.exact_names, "exact-names", 0,
		"do not join names that differ in clone suffixes, lambda numbers or "
		"hashes"),
	OPT_END,
};

static const struct opt output_rows[] = {
	OPT_INT(struct cpdiff, rows, "rows", 'n', "N",
		"at most N functions; 0 is all; record: N runs a side (5)",
		.seen = offsetof(struct cpdiff, rows_seen)),
	OPT_FLAG(struct cpdiff, cum, "cum", 0, "by cumulative instead of flat values"),
	OPT_FLAG(struct cpdiff, options.tree, "tree", 0,
		"the call paths along which the change flows, not a table of functions"),
	OPT_STRING(struct cpdiff, options.by, "by", 0, "LABEL",
		"also break the change down by the values of a label: thread, comm, cpu, or any "
		"that the captures have"),
	OPT_CHOICE(struct cpdiff, sort, "sort", 0, "BY", sort_words,
		"order of functions: change, ratio, after, p or name"),
	OPT_CHOICE(struct cpdiff, base_compat, "base-compat", 0, "HOW", base_words,
		"write the profile that pprof makes of -base (subtract) or -diff_base "
		"(diff-base)"),
	OPT_FLAG(struct cpdiff, normalize, "normalize", 0,
		"with --base-compat: scale the side after to the total before, as pprof "
		"does"),
	OPT_FLAG(struct cpdiff, csv_raw, "csv-raw", 0,
		"names in CSV as they are, also those that a spreadsheet would run"),
	OPT_END,
};

static const struct opt gate_rows[] = {
	OPT_LIST(struct cpdiff, gates, "fail-on", 0, "GATE",
		"exit with 1 when total:5%, flat:REGEX:5% or cum:REGEX:5% is exceeded, "
		"significantly "
		"and by 0.5 % of the profile"),
	OPT_FLAG(struct cpdiff, fail_unclear, "fail-unclear", 0,
		"also when these samples cannot decide a gate"),
	OPT_STRING(struct cpdiff, acknowledged_file, "acknowledged", 0, "FILE",
		"changes that gates pass over: lines of YYYY-MM-DD REGEX, until that day"),
	OPT_END,
};

static const char examples[] =
	"  cpdiff before.pb.gz after.pb.gz\n"
	"  cpdiff --before a1 a2 a3 --after b1 b2 b3  several a side see run-to-run "
	"noise\n"
	"  cpdiff --scale time old.data new.data      rates, when durations differ\n"
	"  cpdiff -o pr.md a.pb.gz b.pb.gz            a comment for a pull request\n"
	"  cpdiff record -n 5 -- ./old in -- ./new in records both by turns, compares\n"
	"  cpdiff --series day-*.pb.gz                where in a series did it change?\n"
	"  cpdiff --calibration FILE --calibrate r*   how far a program varies by itself\n"
	"  cpdiff --calibration FILE --fail-on total:5% a b   a gate for CI\n";

/* "5%", "0.05", "5 %"; false when it is none. */
bool cpdiff_percent(const char *text, double *ret_share)
{
	char *end;
	double x = strtod(text, &end);
	bool percent;

	while (*end == ' ')
		end++;
	percent = *end == '%';
	if (end == text || (*end && (!percent || end[1])) || !(x >= 0))
		return false;
	*ret_share = percent ? x / 100 : x;
	return true;
}

static int parse_scale(struct tool *tool, struct cpdiff *self)
{
	static const char *const words[] = {
		"auto", "none", "time", "total", "anchor", NULL};
	struct cp_diff_options *o = &self->options;
	char *end;
	int i;

	if (o->anchor)
		o->scale = CP_SCALE_ANCHOR;
	if (self->work && self->scale)
		return tool_usage(tool, "--work is a --scale of its own");
	if (!self->scale && !self->work)
		return TOOL_GO;
	if (self->work || !strncmp(self->scale, "work=", 5)) {
		o->scale = CP_SCALE_WORK;
		o->work[0] = strtod(self->work ? self->work : self->scale + 5, &end);
		if (*end == ',') {
			o->work[1] = strtod(end + 1, &end);
			if (!*end && o->work[0] > 0 && o->work[1] > 0)
				return TOOL_GO;
		}
		return tool_usage(tool, "--scale work=N,M takes two positive numbers");
	}
	i = opt_choice(words, self->scale);
	if (i < 0)
		return tool_usage(tool,
			"--scale is auto, none, time, total, anchor or work=N,M, not '%s'",
			self->scale);
	if (o->anchor && i != CP_SCALE_ANCHOR)
		return tool_usage(tool, "--anchor goes with --scale anchor");
	o->scale = (enum cp_diff_scale)i;
	return TOOL_GO;
}

/* Operands, --before/--after and pprof's --base, made into two lists. */
static int take_sides(struct tool *tool, struct cpdiff *self)
{
	struct opt_list *operands = &tool->options.inputs;
	size_t at = 0;

	if (self->calibrate.n) {
		if (operands->n || self->side[0].n || self->side[1].n || self->base)
			return tool_usage(tool, "--calibrate takes all captures itself");
		tool_set_inputs(tool, &self->calibrate, 1);
		return TOOL_GO;
	}
	if (self->series.n) {
		if (operands->n || self->side[0].n || self->side[1].n || self->base)
			return tool_usage(tool, "--series takes all captures itself");
		tool_set_inputs(tool, &self->series, 1);
		return TOOL_GO;
	}
	tool_take_binaries(tool, &self->symbols.binaries);
	if (self->base)
		opt_list_add(&self->side[CP_BEFORE], self->base);
	else if (!self->side[CP_BEFORE].n && operands->n)
		opt_list_add(&self->side[CP_BEFORE], operands->v[at++]);
	if (!self->side[CP_AFTER].n && at < operands->n)
		opt_list_add(&self->side[CP_AFTER], operands->v[at++]);
	if (at < operands->n)
		return tool_usage(tool,
			"'%s' is one capture too many; several a side go behind --before "
			"and --after",
			operands->v[at]);
	if (!self->side[CP_BEFORE].n || !self->side[CP_AFTER].n)
		return tool_usage(
			tool, "two captures are compared, one before and one after");
	tool_set_inputs(tool, self->side, 2);
	return TOOL_GO;
}

/* "5%" or "5%,15%". */
static bool parse_noise(struct cpdiff *self)
{
	const char *comma = strchr(self->noise, ',');
	char first[32];
	size_t n = comma ? (size_t)(comma - self->noise) : strlen(self->noise);

	if (n >= sizeof first)
		return false;
	memcpy(first, self->noise, n);
	first[n] = 0;
	return cpdiff_percent(first, &self->options.noise) && self->options.noise > 0 &&
		(!comma || (cpdiff_percent(comma + 1, &self->options.total_noise) &&
				   self->options.total_noise > 0));
}

static int check(struct tool *tool, struct cpdiff *self)
{
	int status = parse_scale(tool, self);

	for (size_t i = 0; status == TOOL_GO && i < self->lists.n; i++)
		status = tool_read_list(tool, self->lists.v[i], '\n', &self->series);
	if (status == TOOL_GO && self->lists.n && !self->series.n)
		return tool_usage(tool, "the list of files is empty");
	if (status == TOOL_GO && self->record)
		status = cpdiff_record(tool, self);
	if (status == TOOL_GO)
		status = take_sides(tool, self);
	if (status != TOOL_GO)
		return status;
	if (self->min_change &&
		!cpdiff_percent(self->min_change, &self->options.min_change))
		return tool_usage(tool,
			"--min-change is a percentage such as 5%%, not '%s'",
			self->min_change);
	if (self->noise && !parse_noise(self))
		return tool_usage(tool,
			"--noise is a percentage such as 5%%, or two: of functions and of the "
			"total");
	if (self->rows < 0 || self->rows > UINT32_MAX)
		return tool_usage(tool, "-n takes a number of rows");
	self->options.size = sizeof self->options;
	self->options.fdr = (enum cp_diff_fdr)self->fdr;
	self->options.sample_type = self->filters.sample_index;
	if (self->options.by && (self->series.n || self->calibrate.n || self->options.tree))
		return tool_usage(tool, "--by breaks down the change between two sides, in a "
					"table");
	status = cpdiff_parse_gates(tool, self);
	if (status == TOOL_GO && self->acknowledged_file)
		status = cpdiff_load_acknowledged(tool, self);
	if (status == TOOL_GO && self->calibration && !self->calibrate.n)
		status = cpdiff_load_calibration(tool, self);
	return status;
}

int cpdiff_read(struct tool *tool, struct cpdiff *self, const char *path,
	struct cp_profile **ret_profile)
{
	struct cp_symbolize_options symbolize;
	const struct cp_symbolize_options *use;
	struct cp_filter_options filter;
	int status = symbol_options_get(tool, &self->symbols, &symbolize, &use);

	if (status == TOOL_GO)
		status = tool_read(tool, path, &self->read, use, ret_profile);
	if (status != TOOL_GO)
		return status;
	filter_options_get(&self->filters, CP_BY_ADDRESS, &filter);
	filter.sample_index = NULL;
	filter.drop_frames = cp_profile_header(*ret_profile)->drop_frames.i != 0;
	return tool_filter(tool, &filter, path, ret_profile);
}

static int add_sides(struct tool *tool, struct cpdiff *self, struct cp_diff *diff)
{
	struct cp_profile *profile;
	struct cp_error err;

	for (int side = CP_BEFORE; side <= CP_AFTER; side++)
		for (size_t i = 0; i < self->side[side].n; i++) {
			const char *path = self->side[side].v[i];
			int status = cpdiff_read(tool, self, path, &profile);

			if (status != TOOL_GO)
				return status;
			cpdiff_compare_captures(tool, self, path, profile);
			if (cp_diff_add(
				    diff, (enum cp_diff_side)side, profile, NULL, &err)) {
				cp_profile_free(profile);
				return tool_fail(tool, path, &err);
			}
			cp_profile_free(profile);
		}
	if (cp_diff_finish(diff, &err))
		return tool_fail(tool, NULL, &err);
	return TOOL_GO;
}

/* All that was said of the inputs was said the first time. */
static int compare_other_type(struct tool *tool, struct cpdiff *self, struct cp_diff **diff)
{
	bool quiet = tool->ui.quiet;
	struct cp_error err;
	int status;

	cp_diff_free(*diff);
	*diff = NULL;
	if (cp_diff_new(tool->context, &self->options, diff, &err))
		return tool_fail(tool, NULL, &err);
	tool->ui.quiet = true;
	status = add_sides(tool, self, *diff);
	tool->ui.quiet = quiet;
	return status;
}

static int write_diff(struct tool *tool, struct cpdiff *self, const struct cp_diff *diff,
	const char *format)
{
	struct cp_diff_write_options options = {
		.csv_raw = self->csv_raw,
		.size = sizeof options,
		.before = cpdiff_side_name(self, CP_BEFORE),
		.after = cpdiff_side_name(self, CP_AFTER),
		.rows = (uint32_t)self->rows,
		.all_rows = self->rows_seen && !self->rows,
		.cum = self->cum,
		.width = tool_width(tool),
		.color = ui_wants_color((enum ui_color)tool->options.color, stdout) &&
			!tool->options.output,
	};
	struct cp_error err;

	memcpy(&options.sort, &self->sort, sizeof options.sort);
	/* Tables look after names, and have colours that must get through. */
	tool->out.escape &=
		!options.color || (strcmp(format, "text") && strcmp(format, "tree"));
	if (cp_diff_write(
		    tool->context, diff, format, &options, out_write, &tool->out, &err))
		return tool_fail(tool, tool->options.output, &err);
	return tool_commit_output(tool);
}

static int compare(struct tool *tool, struct cpdiff *self)
{
	const char *format = cpdiff_format(tool, self);
	struct cp_diff *diff = NULL;
	struct cp_error err;
	int status;

	if (!format)
		return TOOL_USAGE;
	if (cpdiff_is_profile(format))
		return cpdiff_write_profile(tool, self, format);
	status = tool_open_output(tool, false);
	if (status != TOOL_GO)
		return status;
	if (cp_diff_new(tool->context, &self->options, &diff, &err))
		return tool_fail(tool, NULL, &err);
	status = add_sides(tool, self, diff);
	if (status == TOOL_GO && cpdiff_take_other_type(tool, self))
		status = compare_other_type(tool, self, &diff);
	if (status == TOOL_GO)
		status = write_diff(tool, self, diff, format);
	if (status == TOOL_DONE && self->n_gate)
		status = cpdiff_answer_gates(tool, self, diff);
	cp_diff_free(diff);
	return status;
}

/* perf.data has labels that are only read when they are asked for. */
static void want_label(struct cpdiff *self)
{
	static const struct {
		const char *word;
		uint32_t label;
	} labels[] = {{"tid", CP_LABEL_TID}, {"pid", CP_LABEL_PID}, {"comm", CP_LABEL_COMM},
		{"thread", CP_LABEL_COMM}, {"cpu", CP_LABEL_CPU}, {"cgroup", CP_LABEL_CGROUP},
		{"process_comm", CP_LABEL_PROCESS_COMM}};

	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (!strcmp(self->options.by, labels[i].word))
			capture_options_want(&self->read, labels[i].label);
}

int main(int argc, char **argv)
{
	struct cpdiff self = {.filters = FILTER_OPTIONS_INIT};
	struct tool tool = {
		.name = "cpdiff",
		.summary = "what really changed between captures, and what is only noise",
		.examples = examples,
		.formats = "text markdown csv json pprof folded svg html",
		.usage = "[record] [OPTION...] BEFORE AFTER",
	};
	const struct opt_group groups[] = {
		{"Sides", side_rows, &self},
		{"Method", method_rows, &self},
		{"Output", output_rows, &self},
		{"Gates", gate_rows, &self},
		OPT_GROUP_SYMBOLS(&self.symbols),
		OPT_GROUP_CAPTURE(&self.capture),
		OPT_GROUP_FILTERS(&self.filters),
		OPT_GROUP_COMMON(&tool),
		{0},
	};
	int status;

	/* A capture of this name is ./record. */
	if (argc > 1 && !strcmp(argv[1], "record")) {
		self.record = true;
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	tool.groups = groups;
	status = tool_begin(&tool, argc, argv);
	if (status == TOOL_GO)
		status = check(&tool, &self);
	if (status == TOOL_GO)
		status = capture_options_get(&tool, &self.capture, &self.read);
	if (status == TOOL_GO && self.options.by)
		want_label(&self);
	if (status == TOOL_GO)
		status = self.calibrate.n  ? cpdiff_calibrate(&tool, &self)
			: self.series.n ? cpdiff_series(&tool, &self)
					: compare(&tool, &self);
	cpdiff_record_release(&self);
	cp_diff_calibration_free(self.known);
	free(self.acknowledged);
	free(self.gate);
	free(self.text);
	symbol_options_release(&self.symbols);
	capture_options_release(&self.capture);
	return tool_end(&tool, status);
}
