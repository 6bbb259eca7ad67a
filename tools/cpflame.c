/* SPDX-License-Identifier: Apache-2.0 */
/* cpflame: the picture of a profile, or of the difference of two. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cp/flame.h>

#include "common/filters.h"
#include "common/main.h"
#include "common/options.h"

struct cpflame {
	struct symbol_options symbols;
	struct capture_options capture;
	struct filter_options filters;

	bool diff;
	struct opt_list before, after;
	const char *scale, *anchor;
	bool negate;

	const char *title, *subtitle, *notes, *count_name, *name_type, *font, *color,
		*colors, *background, *min_width;
	double font_size, factor, total;
	int64_t width, height;
	int root, order;
	bool hash, reverse, inverted, chart;

	struct cp_flame *flame;
	double anchored[2]; /* by side: the cost of what --anchor matches */
};

static const char *const root_words[] = {
	[CP_ROOT_AUTO] = "auto",
	[CP_ROOT_COMM] = "comm",
	[CP_ROOT_PID] = "pid",
	[CP_ROOT_TID] = "tid",
	[CP_ROOT_NONE] = "none",
	NULL,
};

static const char *const order_words[] = {
	[CP_FLAME_BY_NAME] = "name", [CP_FLAME_BY_VALUE] = "value|heaviest", NULL};

static const struct opt diff_rows[] = {
	OPT_FLAG(struct cpflame, diff, "diff", 0,
		"draw the difference from the first input to the second"),
	OPT_REST(struct cpflame, before, "before", 0, "FILE...",
		"captures of the side before; with --after", .aliases = "base diff-base"),
	OPT_REST(struct cpflame, after, "after", 0, "FILE...",
		"captures of the side after"),
	OPT_STRING(struct cpflame, scale, "scale", 0, "HOW",
		"make before comparable: none (the default), time, total, anchor, or "
		"work=N,M "
		"for the work done before and after"),
	OPT_STRING(struct cpflame, anchor, "anchor", 0, "REGEX",
		"functions whose cost did not change; implies --scale=anchor"),
	OPT_FLAG(
		struct cpflame, negate, "negate", 0, "swap the colours of more and less"),
	OPT_END,
};

static const struct opt draw_rows[] = {
	OPT_STRING(struct cpflame, title, "title", 0, "TEXT", "title"),
	OPT_STRING(struct cpflame, subtitle, "subtitle", 0, "TEXT",
		"second line of the title"),
	OPT_INT(struct cpflame, width, "width", 0, "PIXELS",
		"fixed width; without it a page is as wide as its window"),
	OPT_INT(struct cpflame, height, "height", 0, "PIXELS", "height of a frame (16)"),
	OPT_STRING(struct cpflame, min_width, "minwidth", 0, "PIXELS|N%",
		"leave narrower frames out of the picture (0.1); they are still "
		"searched"),
	OPT_STRING(struct cpflame, font, "fonttype", 0, "FONT", "font family"),
	OPT_REAL(struct cpflame, font_size, "fontsize", 0, "PIXELS", "font size (12)"),
	OPT_STRING(struct cpflame, count_name, "countname", 0, "TEXT",
		"what is counted; shows plain numbers instead of units"),
	OPT_STRING(struct cpflame, name_type, "nametype", 0, "TEXT",
		"what a frame is (\"Function:\")"),
	OPT_STRING(struct cpflame, colors, "colors", 0, "PALETTE",
		"package (the default), hot, mem, io, wakeup, chain, waits, java, js, perl, "
		"python, "
		"rust, red, green, blue, aqua, yellow, purple or orange"),
	OPT_STRING(struct cpflame, color, "color", 0, NULL, NULL),
	OPT_STRING(struct cpflame, background, "bgcolors", 0, "COLOR",
		"yellow, blue, green, grey or #rrggbb"),
	OPT_FLAG(struct cpflame, hash, "hash", 0,
		"choose within the palette by a hash of the name"),
	OPT_FLAG(struct cpflame, reverse, "reverse", 0,
		"stacks from the leaf: callers on top"),
	OPT_FLAG(struct cpflame, inverted, "inverted", 0, "root at the top"),
	OPT_FLAG(struct cpflame, chart, "flamechart", 0,
		"left to right is time, a lane per thread (inputs with time)"),
	OPT_CHOICE(struct cpflame, order, "order", 0, "HOW", order_words,
		"siblings by name (the default) or value"),
	OPT_CHOICE(struct cpflame, root, "root", 0, "WHAT", root_words,
		"frame below all stacks: auto (the comm label when there is one), comm, "
		"pid, tid "
		"or none"),
	OPT_STRING(struct cpflame, notes, "notes", 0, "TEXT",
		"kept in the picture's description"),
	OPT_REAL(struct cpflame, factor, "factor", 0, "F", "show values multiplied by F"),
	OPT_REAL(struct cpflame, total, "total", 0, "N",
		"widen the root to N, to compare pictures of one scale"),
	OPT_END,
};

static const char examples[] =
	"  cpflame perf.data > flame.svg                from a capture, symbolized\n"
	"  cpflame cpu.pb.gz --to html -o flame.html    a page for large profiles\n"
	"  cpflame --diff before.pb.gz after.pb.gz > diff.svg\n"
	"  perf script | cpflame --colors java > flame.svg\n";

static int read_one(struct tool *tool, struct cpflame *self, const char *path,
	struct cp_profile **ret_profile)
{
	struct cp_read_options read;
	struct cp_symbolize_options symbolize;
	const struct cp_symbolize_options *use;
	struct cp_filter_options filter;
	int status = capture_options_get(tool, &self->capture, &read);

	if (status == TOOL_GO)
		status = symbol_options_get(tool, &self->symbols, &symbolize, &use);
	if (status != TOOL_GO)
		return status;
	if (self->root == CP_ROOT_TID || self->chart)
		capture_options_want(&read, CP_LABEL_PID | CP_LABEL_TID);
	read.keep_time = read.keep_time || self->chart ||
		(tool->options.to && !strcmp(tool->options.to, "html"));
	symbolize.perf_compat = self->capture.perf_compat;
	status = tool_read(tool, path, &read, use, ret_profile);
	if (status != TOOL_GO)
		return status;
	filter_options_get(&self->filters, CP_BY_ADDRESS, &filter);
	filter.drop_frames = cp_profile_header(*ret_profile)->drop_frames.i != 0;
	return tool_filter(tool, &filter, path, ret_profile);
}

/* The total of samples through functions that match. */
static int add_anchored(struct tool *tool, struct cpflame *self,
	const struct cp_profile *profile, enum cp_flame_side side)
{
	struct cp_filter_options options = {
		.size = sizeof options, .focus = self->anchor};
	struct cp_profile *part;
	struct cp_error err;
	uint32_t type, n;

	if (cp_profile_filter(tool->context, profile, &options, &part, &err))
		return tool_fail(tool, "--anchor", &err);
	if (cp_profile_find_sample_type(part, self->filters.sample_index, &type, &err)) {
		cp_profile_free(part);
		return tool_fail(tool, NULL, &err);
	}
	n = cp_profile_counts(part).samples;
	for (uint32_t i = 0; i < n; i++)
		self->anchored[side] += (double)cp_profile_sample_values(part, i)[type];
	cp_profile_free(part);
	return TOOL_GO;
}

/*
 * A chart of a profile that was added up shows no course of time, and must not seem
 * to.
 */
static void check_times(
	struct tool *tool, const char *path, const struct cp_profile *profile)
{
	uint32_t n = cp_profile_counts(profile).samples;

	for (uint32_t i = 0; i < n; i++)
		if (cp_profile_sample_time(profile, i) != CP_NO_TIME)
			return;
	ui_note(&tool->ui, tool_input_name(path),
		"samples have no times; left to right is their order in the file");
}

/* Adds one side's files, one in memory at a time. */
static int add_side(struct tool *tool, struct cpflame *self, const struct opt_list *list,
	enum cp_flame_side side)
{
	int status = TOOL_GO;

	for (size_t i = 0; i < list->n && status == TOOL_GO; i++) {
		struct cp_profile *profile = NULL;
		struct cp_error err;

		status = read_one(tool, self, list->v[i], &profile);
		if (status == TOOL_GO && self->chart)
			check_times(tool, list->v[i], profile);
		if (status == TOOL_GO && self->anchor)
			status = add_anchored(tool, self, profile, side);
		if (status == TOOL_GO && cp_flame_add(self->flame, profile, side, &err))
			status = tool_fail(tool, tool_input_name(list->v[i]), &err);
		cp_profile_free(profile);
	}
	return status;
}

static int scale_by_anchor(struct tool *tool, struct cpflame *self)
{
	double after = self->anchored[CP_FLAME_AFTER],
	       before = self->anchored[CP_FLAME_BEFORE];
	char note[200];

	if (!(after > 0) || !(before > 0))
		return tool_usage(
			tool, "--anchor %s matches no samples on one side", self->anchor);
	snprintf(note, sizeof note, "to equal cost of %s", self->anchor);
	cp_flame_scale(self->flame, CP_FLAME_SCALE_FACTOR, after / before, note);
	return TOOL_GO;
}

static int scale_by_work(struct tool *tool, struct cpflame *self)
{
	const char *numbers = strchr(self->scale, '=') + 1;
	char *end, note[200];
	double before = strtod(numbers, &end),
	       after = *end == ',' ? strtod(end + 1, &end) : 0;

	if (*end || !(before > 0) || !(after > 0))
		return tool_usage(tool,
			"--scale=work=N,M needs two numbers above 0, not '%s'", numbers);
	snprintf(note, sizeof note, "to equal work (%s)", numbers);
	cp_flame_scale(self->flame, CP_FLAME_SCALE_FACTOR, after / before, note);
	return TOOL_GO;
}

/* Sides are sums of their captures; as many of each are compared. */
static void scale_captures(struct cpflame *self)
{
	if (self->diff && self->before.n != self->after.n)
		cp_flame_scale(self->flame, CP_FLAME_SCALE_FACTOR,
			(double)self->after.n / (double)self->before.n,
			"to as many captures");
}

static int set_scale(struct tool *tool, struct cpflame *self)
{
	const char *how = self->scale ? self->scale : self->anchor ? "anchor" : "none";

	if (!strcmp(how, "none"))
		scale_captures(self);
	else if (!strcmp(how, "time"))
		cp_flame_scale(self->flame, CP_FLAME_SCALE_TIME, 0, NULL);
	else if (!strcmp(how, "total"))
		cp_flame_scale(self->flame, CP_FLAME_SCALE_TOTAL, 0, NULL);
	else if (!strncmp(how, "work=", 5))
		return scale_by_work(tool, self);
	else if (!strcmp(how, "anchor") && !self->anchor)
		return tool_usage(tool, "--scale=anchor needs --anchor REGEX");
	else if (!strcmp(how, "anchor"))
		return self->diff ? scale_by_anchor(tool, self) : TOOL_GO;
	else
		return tool_usage(tool,
			"--scale is none, time, total, anchor or work=N,M, not '%s'",
			how);
	return TOOL_GO;
}

/* The one file that a picture is of; what is compared has names of its own in it. */
static const char *title_file(const struct cpflame *self)
{
	const char *path = self->after.n == 1 ? self->after.v[0] : "-";
	const char *slash = strrchr(path, '/');

	if (self->diff || !strcmp(path, "-"))
		return NULL;
	return slash && slash[1] ? slash + 1 : path;
}

static int draw_options(
	struct tool *tool, struct cpflame *self, struct cp_flame_options *ret)
{
	char *end = NULL;

	*ret = (struct cp_flame_options){
		.size = sizeof *ret,
		.format = tool->options.to,
		.sample_type = self->filters.sample_index,
		.root = (enum cp_root)self->root,
		.order = (enum cp_flame_order)self->order,
		.title = self->title,
		.subtitle = self->subtitle,
		.notes = self->notes,
		.count_name = self->count_name,
		.name_type = self->name_type,
		.font = self->font,
		.font_size = self->font_size,
		.width = (unsigned)self->width,
		.frame_height = (unsigned)self->height,
		.colors = self->colors,
		.background = self->background,
		.hash = self->hash,
		.reverse = self->reverse,
		.inverted = self->inverted,
		.chart = self->chart,
		.diff = self->diff,
		.factor = self->factor,
		.total = self->total,
		.negate = self->negate,
		.granularity = self->filters.granularity == FILTER_GRANULARITY_DEFAULT
			? CP_BY_FUNCTION : (enum cp_granularity)self->filters.granularity,
		.addresses = self->filters.granularity == CP_BY_ADDRESS,
		.file = title_file(self),
	};
	if (self->width < 0 || self->width > 100000 || self->height < 0 ||
		self->height > 200)
		return tool_usage(
			tool, "--width is 100 to 100000, --height 1 to 200 pixels");
	if (self->min_width) {
		ret->min_width = strtod(self->min_width, &end);
		ret->min_width_percent = *end == '%';
		/* 0 asks for every frame; in the library it asks for the default. */
		if (ret->min_width == 0)
			ret->min_width = 1e-9;
		if (end == self->min_width || end[*end == '%'] || !(ret->min_width >= 0))
			return tool_usage(tool,
				"--minwidth is a number of pixels or N%%, not '%s'",
				self->min_width);
	}
	return TOOL_GO;
}

/* --color is a palette here, as flamegraph.pl has it, unless it says when to colour. */
static void split_color(struct tool *tool, struct cpflame *self)
{
	static const char *const when[] = {"auto", "always", "never", NULL};
	int i = self->color ? opt_choice(when, self->color) : -1;

	if (i >= 0)
		tool->ui.color = ui_wants_color((enum ui_color)i, stderr);
	else if (self->color && !self->colors)
		self->colors = self->color;
	/* The palette of waits is by their states, which are labels. */
	if (self->colors && !strcmp(self->colors, "waits") && !self->filters.tagleaf)
		self->filters.tagleaf = "state";
}

/* Sorts the operands into the two sides. */
static int take_sides(struct tool *tool, struct cpflame *self)
{
	struct opt_list *inputs = &tool->options.inputs;

	if (self->before.n || self->after.n) {
		self->diff = true;
		if (inputs->n == 1 && !self->after.n)
			opt_list_add(&self->after, inputs->v[0]);
		else if (inputs->n)
			return tool_usage(
				tool, "'%s' is neither before nor after", inputs->v[0]);
		if (!self->before.n || !self->after.n)
			return tool_usage(tool, "--before and --after go together");
		tool_set_inputs(tool, (struct opt_list[]){self->before, self->after}, 2);
		return TOOL_GO;
	}
	if (self->diff && inputs->n != 2)
		return tool_usage(tool,
			"--diff compares two inputs; for several a side use "
			"--before A1 A2... --after B1 B2...");
	if (self->diff) {
		opt_list_add(&self->before, inputs->v[0]);
		opt_list_add(&self->after, inputs->v[1]);
		return TOOL_GO;
	}
	if (inputs->n > 1)
		return tool_usage(tool,
			"'%s' is a second input; --diff compares two, cpmerge "
			"merges",
			inputs->v[1]);
	opt_list_add(&self->after, inputs->v[0]);
	return TOOL_GO;
}

/* Collapsed stacks: what the picture is made of, for other tools. */
static int write_folded(struct tool *tool, struct cpflame *self, const char *path)
{
	struct cp_write_options options = {.size = sizeof options,
		.root = (enum cp_root)self->root,
		.sample_type = self->filters.sample_index};
	struct cp_profile *profile = NULL;
	struct cp_error err;
	int status = read_one(tool, self, path, &profile);

	if (status == TOOL_GO && cp_profile_write(tool->context, profile, "folded",
					 &options, out_write, &tool->out, &err))
		status = tool_fail(tool, tool->options.output, &err);
	cp_profile_free(profile);
	return status == TOOL_GO ? tool_commit_output(tool) : status;
}

static int write_flame(struct tool *tool, struct cpflame *self)
{
	struct cp_error err;
	int status = TOOL_GO;

	if (self->diff)
		status = add_side(tool, self, &self->before, CP_FLAME_BEFORE);
	if (status == TOOL_GO)
		status = add_side(tool, self, &self->after, CP_FLAME_AFTER);
	if (status == TOOL_GO)
		status = set_scale(tool, self);
	if (status != TOOL_GO)
		return status;
	progress_start(&tool->progress, "drawing");
	if (cp_flame_write(self->flame, out_write, &tool->out, &err))
		return tool_fail(tool, tool_input_name(self->after.v[0]), &err);
	return tool_commit_output(tool);
}

static bool ends_with(const char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);

	return n > m && !strcmp(name + n - m, ending);
}

/* The format by --to, else by the ending of -o; no ending, or no file: SVG. */
static int output_format(struct tool *tool)
{
	static const char *const formats[] = {"svg", "html", "frames", "folded", NULL};
	static const char *const endings[][2] = {{".svg", "svg"}, {".html", "html"},
		{".htm", "html"}, {".frames", "frames"}, {".folded", "folded"},
		{".collapsed", "folded"}};
	struct tool_options *o = &tool->options;
	const char *slash = o->output ? strrchr(o->output, '/') : NULL;

	if (o->to && opt_choice(formats, o->to) < 0)
		return tool_usage(
			tool, "--to is svg, html, folded or frames, not '%s'", o->to);
	if (o->to || !o->output || !strchr(slash ? slash : o->output, '.'))
		return TOOL_GO;
	for (size_t i = 0; !o->to && i < sizeof endings / sizeof *endings; i++)
		if (ends_with(o->output, endings[i][0]))
			o->to = endings[i][1];
	return o->to ? TOOL_GO
		     : tool_usage(tool,
			       "the ending of %s names no format: say --to svg, html, "
			       "folded or frames",
			       o->output);
}

/* Megabytes of markup are nothing for people to read. */
static bool floods(const struct tool *tool)
{
	const struct tool_options *o = &tool->options;

	return !o->output && isatty(STDOUT_FILENO) &&
	       (!o->to || !strcmp(o->to, "svg") || !strcmp(o->to, "html"));
}

static int flame(struct tool *tool, struct cpflame *self)
{
	struct cp_flame_options options;
	struct cp_error err;
	int status = output_format(tool);
	bool folded = tool->options.to && !strcmp(tool->options.to, "folded");

	split_color(tool, self);
	if (status == TOOL_GO && !self->before.n && !self->after.n)
		status = tool_take_inputs(tool, &self->symbols.binaries);
	else
		tool_take_binaries(tool, &self->symbols.binaries);
	if (status == TOOL_GO)
		status = take_sides(tool, self);
	if (status == TOOL_GO && self->diff && folded)
		return tool_usage(tool,
			"--to folded writes one profile; cpdiff --to folded "
			"writes two columns");
	if (status == TOOL_GO)
		status = draw_options(tool, self, &options);
	if (status == TOOL_GO && floods(tool))
		return tool_usage(tool,
			"a picture is not written to a terminal: -o flame.%s",
			tool->options.to ? tool->options.to : "svg");
	if (status == TOOL_GO)
		status = tool_open_output(tool, false);
	if (status != TOOL_GO)
		return status;
	if (folded)
		return write_folded(tool, self, self->after.v[0]);
	if (cp_flame_new(tool->context, &options, &self->flame, &err)) {
		tool_fail(tool, NULL, &err);
		return err.code == CP_ERROR_ARGUMENT ? TOOL_USAGE : TOOL_SYSTEM;
	}
	return write_flame(tool, self);
}

int main(int argc, char **argv)
{
	struct cpflame self = {.filters = FILTER_OPTIONS_INIT};
	struct tool tool = {
		.name = "cpflame",
		.summary = "draw flame graphs of profiles and of their differences",
		.examples = examples,
		.formats = "svg html folded frames",
		.usage = "[OPTION...] [PROGRAM] [INPUT] [-o OUTPUT]",
	};
	const struct opt_group groups[] = {
		{"Picture", draw_rows, &self},
		{"Difference", diff_rows, &self},
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
		status = flame(&tool, &self);
	cp_flame_free(self.flame);
	symbol_options_release(&self.symbols);
	capture_options_release(&self.capture);
	return tool_end(&tool, status);
}
