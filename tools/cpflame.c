/* SPDX-License-Identifier: Apache-2.0 */
/* cpflame: the picture of a profile, or of the difference of two. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cp/flame.h>
#include <cp/merge.h>

#include "common/filters.h"
#include "common/main.h"
#include "common/options.h"

enum scale { SCALE_NONE, SCALE_TIME, SCALE_TOTAL, SCALE_ANCHOR, SCALE_WORK };

struct cpflame {
	struct symbol_options symbols;
	struct capture_options capture;
	struct filter_options filters;

	bool diff;
	struct opt_list before, after;
	const char *scale, *anchor;
	bool negate;

	const char *title, *subtitle, *notes, *count_name, *name_type, *font, *color, *colors,
		*background, *min_width;
	double font_size, factor, total;
	int64_t width, height;
	int root, order;
	bool hash, reverse, inverted, chart;

	char scale_note[200];
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
	OPT_REST(struct cpflame, after, "after", 0, "FILE...", "captures of the side after"),
	OPT_STRING(struct cpflame, scale, "scale", 0, "HOW",
		"make before comparable: none (the default), time, total, anchor, or work=N,M "
		"for the work done before and after"),
	OPT_STRING(struct cpflame, anchor, "anchor", 0, "REGEX",
		"functions whose cost did not change; implies --scale=anchor"),
	OPT_FLAG(struct cpflame, negate, "negate", 0, "swap the colours of more and less"),
	OPT_END,
};

static const struct opt draw_rows[] = {
	OPT_STRING(struct cpflame, title, "title", 0, "TEXT", "title"),
	OPT_STRING(struct cpflame, subtitle, "subtitle", 0, "TEXT", "second line of the title"),
	OPT_INT(struct cpflame, width, "width", 0, "PIXELS",
		"fixed width; without it a page is as wide as its window"),
	OPT_INT(struct cpflame, height, "height", 0, "PIXELS", "height of a frame (16)"),
	OPT_STRING(struct cpflame, min_width, "minwidth", 0, "PIXELS|N%",
		"leave narrower frames out of the picture (0.1); they are still searched"),
	OPT_STRING(struct cpflame, font, "fonttype", 0, "FONT", "font family"),
	OPT_REAL(struct cpflame, font_size, "fontsize", 0, "PIXELS", "font size (12)"),
	OPT_STRING(struct cpflame, count_name, "countname", 0, "TEXT",
		"what is counted; shows plain numbers instead of units"),
	OPT_STRING(struct cpflame, name_type, "nametype", 0, "TEXT",
		"what a frame is (\"Function:\")"),
	OPT_STRING(struct cpflame, colors, "colors", 0, "PALETTE",
		"package (the default), hot, mem, io, wakeup, chain, java, js, perl, python, "
		"rust, red, green, blue, aqua, yellow, purple or orange"),
	OPT_STRING(struct cpflame, color, "color", 0, NULL, NULL),
	OPT_STRING(struct cpflame, background, "bgcolors", 0, "COLOR",
		"yellow, blue, green, grey or #rrggbb"),
	OPT_FLAG(struct cpflame, hash, "hash", 0, "choose within the palette by a hash of the name"),
	OPT_FLAG(struct cpflame, reverse, "reverse", 0, "stacks from the leaf: callers on top"),
	OPT_FLAG(struct cpflame, inverted, "inverted", 0, "root at the top"),
	OPT_FLAG(struct cpflame, chart, "flamechart", 0,
		"left to right is time, a lane per thread (inputs with time)"),
	OPT_CHOICE(struct cpflame, order, "order", 0, "HOW", order_words,
		"siblings by name (the default) or value"),
	OPT_CHOICE(struct cpflame, root, "root", 0, "WHAT", root_words,
		"frame below all stacks: auto (the comm label when there is one), comm, pid, tid "
		"or none"),
	OPT_STRING(struct cpflame, notes, "notes", 0, "TEXT", "kept in the picture's description"),
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
	read.keep_time = read.keep_time || self->chart ||
		(tool->options.to && !strcmp(tool->options.to, "html"));
	symbolize.perf_compat = self->capture.perf_compat;
	status = tool_read(tool, path, &read, use, ret_profile);
	if (status != TOOL_GO)
		return status;
	filter_options_get(&self->filters, CP_BY_ADDRESS, &filter);
	filter.drop_frames = true;
	return tool_filter(tool, &filter, ret_profile);
}

static int merge_list(struct tool *tool, struct cpflame *self, const struct opt_list *list,
	struct cp_merge *merge)
{
	struct cp_error err;

	for (size_t i = 0; i < list->n; i++) {
		struct cp_profile *profile = NULL;
		int status = read_one(tool, self, list->v[i], &profile);

		if (status != TOOL_GO) {
			cp_profile_free(profile);
			return status;
		}
		err.code = cp_merge_add(merge, profile, NULL, &err);
		cp_profile_free(profile);
		if (err.code)
			return tool_fail(tool, list->v[i], &err);
	}
	return TOOL_GO;
}

/* One side: a file as it is, several merged. */
static int read_side(struct tool *tool, struct cpflame *self, const struct opt_list *list,
	struct cp_profile **ret_profile)
{
	struct cp_merge *merge;
	struct cp_error err;
	int status;

	if (list->n == 1)
		return read_one(tool, self, list->v[0], ret_profile);
	if (cp_merge_new(tool->context, NULL, &merge, &err))
		return tool_fail(tool, NULL, &err);
	status = merge_list(tool, self, list, merge);
	if (status != TOOL_GO) {
		cp_merge_free(merge);
		return status;
	}
	return cp_merge_finish(merge, ret_profile, &err) ? tool_fail(tool, NULL, &err) : TOOL_GO;
}

/* The total of samples through functions that match. */
static int anchored(struct tool *tool, struct cpflame *self, const struct cp_profile *profile,
	double *ret_sum)
{
	struct cp_filter_options options = {.size = sizeof options, .focus = self->anchor};
	struct cp_profile *part;
	struct cp_error err;
	uint32_t type, n;

	if (cp_profile_filter(tool->context, profile, &options, &part, &err))
		return tool_fail(tool, "--anchor", &err);
	if (cp_profile_find_sample_type(part, self->filters.sample_index, &type, &err)) {
		cp_profile_free(part);
		return tool_fail(tool, NULL, &err);
	}
	*ret_sum = 0;
	n = cp_profile_counts(part).samples;
	for (uint32_t i = 0; i < n; i++)
		*ret_sum += (double)cp_profile_sample_values(part, i)[type];
	cp_profile_free(part);
	return TOOL_GO;
}

static int scale_by_anchor(struct tool *tool, struct cpflame *self,
	const struct cp_profile *after, const struct cp_profile *before,
	struct cp_flame_options *ret)
{
	double a, b;
	int status = anchored(tool, self, after, &a);

	if (status == TOOL_GO)
		status = anchored(tool, self, before, &b);
	if (status != TOOL_GO)
		return status;
	if (!(a > 0) || !(b > 0))
		return tool_usage(tool, "--anchor %s matches no samples on one side", self->anchor);
	ret->scale = CP_FLAME_SCALE_FACTOR;
	ret->scale_factor = a / b;
	snprintf(self->scale_note, sizeof self->scale_note, "to equal cost of %s", self->anchor);
	ret->scale_note = self->scale_note;
	return TOOL_GO;
}

static int scale_by_work(struct tool *tool, struct cpflame *self, struct cp_flame_options *ret)
{
	const char *numbers = strchr(self->scale, '=') + 1;
	char *end;
	double before = strtod(numbers, &end), after = *end == ',' ? strtod(end + 1, &end) : 0;

	if (*end || !(before > 0) || !(after > 0))
		return tool_usage(tool, "--scale=work=N,M needs two numbers above 0, not '%s'",
			numbers);
	ret->scale = CP_FLAME_SCALE_FACTOR;
	ret->scale_factor = after / before;
	snprintf(self->scale_note, sizeof self->scale_note, "to equal work (%s)", numbers);
	ret->scale_note = self->scale_note;
	return TOOL_GO;
}

static int get_scale(struct tool *tool, struct cpflame *self, const struct cp_profile *after,
	const struct cp_profile *before, struct cp_flame_options *ret)
{
	const char *how = self->scale ? self->scale : self->anchor ? "anchor" : "none";

	if (!strcmp(how, "none"))
		return TOOL_GO;
	if (!strcmp(how, "time") || !strcmp(how, "total")) {
		ret->scale = how[1] == 'i' ? CP_FLAME_SCALE_TIME : CP_FLAME_SCALE_TOTAL;
		return TOOL_GO;
	}
	if (!strncmp(how, "work=", 5))
		return scale_by_work(tool, self, ret);
	if (strcmp(how, "anchor"))
		return tool_usage(tool, "--scale is none, time, total, anchor or work=N,M, not '%s'",
			how);
	if (!self->anchor)
		return tool_usage(tool, "--scale=anchor needs --anchor REGEX");
	return before ? scale_by_anchor(tool, self, after, before, ret) : TOOL_GO;
}

static int draw_options(struct tool *tool, struct cpflame *self, struct cp_flame_options *ret)
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
		.factor = self->factor,
		.total = self->total,
		.negate = self->negate,
	};
	if (self->width < 0 || self->width > 100000 || self->height < 0 || self->height > 200)
		return tool_usage(tool, "--width is 100 to 100000, --height 1 to 200 pixels");
	if (self->min_width) {
		ret->min_width = strtod(self->min_width, &end);
		ret->min_width_percent = *end == '%';
		if (end == self->min_width || end[*end == '%'] || !(ret->min_width >= 0))
			return tool_usage(tool, "--minwidth is a number of pixels or N%%, not '%s'",
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
			return tool_usage(tool, "'%s' is neither before nor after", inputs->v[0]);
		if (!self->before.n || !self->after.n)
			return tool_usage(tool, "--before and --after go together");
		return TOOL_GO;
	}
	if (self->diff && inputs->n != 2)
		return tool_usage(tool, "--diff compares two inputs; for several a side use "
			"--before A1 A2... --after B1 B2...");
	if (self->diff) {
		opt_list_add(&self->before, inputs->v[0]);
		opt_list_add(&self->after, inputs->v[1]);
		return TOOL_GO;
	}
	if (inputs->n > 1)
		return tool_usage(tool, "'%s' is a second input; --diff compares two, cpmerge "
			"merges", inputs->v[1]);
	opt_list_add(&self->after, inputs->v[0]);
	return TOOL_GO;
}

static int write_out(struct tool *tool, struct cpflame *self, const struct cp_profile *profile,
	const struct cp_profile *before, const struct cp_flame_options *options)
{
	struct cp_write_options folded = {.size = sizeof folded, .root = (enum cp_root)self->root,
		.sample_type = self->filters.sample_index};
	struct cp_error err;
	enum cp_code code;

	progress_start(&tool->progress, "drawing");
	if (options->format && !strcmp(options->format, "folded"))
		code = cp_profile_write(tool->context, profile, "folded", &folded, out_write,
			&tool->out, &err);
	else
		code = cp_flame_write(tool->context, profile, before, options, out_write,
			&tool->out, &err);
	return code ? tool_fail(tool, tool->options.output, &err) : tool_commit_output(tool);
}

static int output_format(struct tool *tool)
{
	static const char *const formats[] = {"svg", "html", "frames", "folded", NULL};
	struct tool_options *o = &tool->options;
	size_t n = o->output ? strlen(o->output) : 0;

	if (!o->to && n > 5 && !strcmp(o->output + n - 5, ".html"))
		o->to = "html";
	if (!o->to && n > 7 && !strcmp(o->output + n - 7, ".folded"))
		o->to = "folded";
	if (o->to && opt_choice(formats, o->to) < 0)
		return tool_usage(tool, "--to is svg, html, folded or frames, not '%s'", o->to);
	return TOOL_GO;
}

static int flame(struct tool *tool, struct cpflame *self)
{
	struct cp_profile *profile = NULL, *before = NULL;
	struct cp_flame_options options;
	int status = output_format(tool);

	split_color(tool, self);
	if (status == TOOL_GO)
		status = draw_options(tool, self, &options);
	if (status == TOOL_GO && !self->before.n && !self->after.n)
		status = tool_default_input(tool);
	tool_take_binaries(tool, &self->symbols.binaries);
	if (status == TOOL_GO)
		status = take_sides(tool, self);
	if (status == TOOL_GO && self->diff && options.format &&
		!strcmp(options.format, "folded"))
		status = tool_usage(tool, "--to folded writes one profile; cpdiff --to folded "
			"writes two columns");
	if (status == TOOL_GO)
		status = tool_open_output(tool, false);
	if (status == TOOL_GO && self->diff)
		status = read_side(tool, self, &self->before, &before);
	if (status == TOOL_GO)
		status = read_side(tool, self, &self->after, &profile);
	if (status == TOOL_GO)
		status = get_scale(tool, self, profile, before, &options);
	if (status == TOOL_GO)
		status = write_out(tool, self, profile, before, &options);
	cp_profile_free(profile);
	cp_profile_free(before);
	return status;
}

int main(int argc, char **argv)
{
	struct cpflame self = {.filters = FILTER_OPTIONS_INIT};
	struct tool tool = {
		.name = "cpflame",
		.summary = "draw flame graphs of profiles and of their differences",
		.examples = examples,
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
	symbol_options_release(&self.symbols);
	capture_options_release(&self.capture);
	return tool_end(&tool, status);
}
