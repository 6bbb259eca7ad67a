/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that are profiles: pprof's -base and -diff_base, and folded stacks of two
 * counts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cp/merge.h>
#include <cp/scale.h>
#include <cp/units.h>

#include "common/answer.h"
#include "cpdiff.h"

static const struct answer answers[] = {
	{"text", ".txt .text .log .out"},
	{"markdown", ".md"},
	{"csv", ".csv"},
	{"json", ".json"},
	{"pprof", ".pb.gz .pb .pprof"},
	{"folded", ".folded .collapsed"},
	{"svg", ".svg"},
	{"html", ".html"},
	{0},
};

const char *cpdiff_format(struct tool *tool, const struct cpdiff *self)
{
	const char *name;

	if (self->base_compat && !tool->options.to)
		return "pprof";
	name = tool_answer(tool, answers);
	if (!name || !self->options.tree)
		return name;
	if (!strcmp(name, "text"))
		return "tree";
	tool_usage(tool, "--tree is written as text");
	return NULL;
}

bool cpdiff_is_profile(const char *format)
{
	static const char *const words[] = {"pprof", "folded", "svg", "html", NULL};

	return opt_choice(words, format) >= 0;
}

static int read_one(struct tool *tool, struct cpdiff *self, const char *path,
	struct cp_profile **ret_profile)
{
	int status = cpdiff_read(tool, self, path, ret_profile);

	if (status == TOOL_GO)
		cpdiff_compare_captures(tool, self, path, *ret_profile);
	return status;
}

/*
 * All captures of a side as one profile. A single one stays as it is unless it will be
 * scaled: of equal rows the sum is rounded, not each.
 */
static int merged_side(struct tool *tool, struct cpdiff *self, enum cp_diff_side side,
	struct cp_profile **ret_profile)
{
	struct opt_list *list = &self->side[side];
	struct cp_merge *merge = NULL;
	struct cp_error err;
	int status = TOOL_GO;

	if (list->n == 1 && !self->normalize)
		return read_one(tool, self, list->v[0], ret_profile);
	if (cp_merge_new(tool->context, NULL, &merge, &err))
		return tool_fail(tool, NULL, &err);
	for (size_t i = 0; status == TOOL_GO && i < list->n; i++) {
		struct cp_profile *p;

		status = read_one(tool, self, list->v[i], &p);
		if (status != TOOL_GO)
			break;
		if (cp_merge_add(merge, p, NULL, &err))
			status = tool_fail_input(tool, list->v[i], &err);
		cp_profile_free(p);
	}
	if (status != TOOL_GO) {
		cp_merge_free(merge);
		return status;
	}
	if (cp_merge_finish(merge, ret_profile, &err))
		return tool_fail(tool, NULL, &err);
	return TOOL_GO;
}

/*
 * pprof's arithmetic: the base counts negative, and under a label if it is to be told
 * apart.
 */
static int write_pprof(struct tool *tool, struct cpdiff *self, struct cp_profile *side[2])
{
	static const struct cp_merge_label label = {"pprof::base", "true"};
	struct cp_merge_options options = {.size = sizeof options, .pprof_compat = true};
	struct cp_merge_input negative = {.size = sizeof negative, .weight = -1};
	struct cp_merge *merge;
	struct cp_profile *p = NULL;
	struct cp_error err;
	enum cp_code code;
	int status;

	if (self->base_compat != CPDIFF_BASE_SUBTRACT) {
		negative.labels = &label;
		negative.n_labels = 1;
	}
	if (self->normalize) {
		struct cp_profile *before = side[CP_BEFORE], *after = side[CP_AFTER];

		if (cp_profile_normalize(
			    tool->context, after, before, true, &side[CP_AFTER], &err))
			return tool_fail_input(tool, self->side[CP_AFTER].v[0], &err);
		cp_profile_free(after);
	}
	if (cp_merge_new(tool->context, &options, &merge, &err))
		return tool_fail(tool, NULL, &err);
	code = cp_merge_add(merge, side[CP_AFTER], NULL, &err);
	if (!code)
		code = cp_merge_add(merge, side[CP_BEFORE], &negative, &err);
	if (code) {
		cp_merge_free(merge);
		return tool_fail_input(tool, self->side[CP_BEFORE].v[0], &err);
	}
	code = cp_merge_finish(merge, &p, &err);
	if (!code)
		code = cp_profile_write(
			tool->context, p, "pprof", NULL, out_write, &tool->out, &err);
	status = code ? tool_fail(tool, NULL, &err) : tool_commit_output(tool);
	cp_profile_free(p);
	return status;
}

struct text {
	char *p;
	size_t n, room;
};

static int keep(void *arg, const void *bytes, size_t n)
{
	struct text *text = arg;

	if (text->room - text->n < n) {
		size_t room = text->room * 2 > text->n + n ? text->room * 2
							   : text->n + n + 4096;
		char *p = realloc(text->p, room);

		if (!p)
			return ENOMEM;
		text->p = p;
		text->room = room;
	}
	memcpy(text->p + text->n, bytes, n);
	text->n += n;
	return 0;
}

/* One line "stack count" of sorted folded text. */
struct folded_line {
	const char *stack, *count;
	size_t stack_n, count_n;
};

/* The text's lines; NULL when memory ends. The caller frees them. */
static struct folded_line *lines_of(const struct text *text, size_t *ret_n)
{
	struct folded_line *line = NULL;
	size_t n = 0, room = 0;

	for (const char *at = text->p, *end = at + text->n, *eol; at < end;
		at = eol + 1) {
		const char *blank;

		eol = memchr(at, '\n', (size_t)(end - at));
		eol = eol ? eol : end;
		blank = memrchr(at, ' ', (size_t)(eol - at));
		if (!blank)
			continue;
		if (n == room) {
			void *p = reallocarray(line, room = room * 2 + 64, sizeof *line);

			if (!p) {
				free(line);
				return NULL;
			}
			line = p;
		}
		line[n++] = (struct folded_line){
			at, blank + 1, (size_t)(blank - at), (size_t)(eol - blank - 1)};
	}
	*ret_n = n;
	return line ? line : calloc(1, sizeof *line);
}

static int stack_order(const void *x, const void *y)
{
	const struct folded_line *a = x, *b = y;
	size_t n = a->stack_n < b->stack_n ? a->stack_n : b->stack_n;
	int order = memcmp(a->stack, b->stack, n);

	return order ? order : (a->stack_n > b->stack_n) - (a->stack_n < b->stack_n);
}

static void put_line(struct tool *tool, const struct folded_line *stack,
	const struct folded_line *before, const struct folded_line *after)
{
	out_write(&tool->out, stack->stack, stack->stack_n);
	out_write(&tool->out, " ", 1);
	out_write(&tool->out, before ? before->count : "0", before ? before->count_n : 1);
	out_write(&tool->out, " ", 1);
	out_write(&tool->out, after ? after->count : "0", after ? after->count_n : 1);
	out_write(&tool->out, "\n", 1);
}

/* By stack: lines as text sort otherwise where a name has a blank and a number in it. */
static bool join(struct tool *tool, const struct text text[2])
{
	size_t n[2] = {0}, i = 0, k = 0;
	struct folded_line *before = lines_of(&text[0], &n[0]),
			   *after = lines_of(&text[1], &n[1]);
	bool fine = before && after;

	if (fine) {
		qsort(before, n[0], sizeof *before, stack_order);
		qsort(after, n[1], sizeof *after, stack_order);
	}
	while (fine && (i < n[0] || k < n[1])) {
		int order = i == n[0]   ? 1
			    : k == n[1] ? -1
					: stack_order(&before[i], &after[k]);
		const struct folded_line *b = order <= 0 ? &before[i++] : NULL;
		const struct folded_line *a = order >= 0 ? &after[k++] : NULL;

		put_line(tool, b ? b : a, b, a);
	}
	free(before);
	free(after);
	return fine;
}

/* The two counts of a line are numbers of one unit. */
static int same_unit(
	struct tool *tool, const struct cpdiff *self, struct cp_profile *const side[2])
{
	const struct cp_value_type *row[2];
	struct cp_text unit[2];

	for (int i = 0; i < 2; i++) {
		struct cp_error err;
		uint32_t type;

		if (cp_profile_find_sample_type(
			    side[i], self->filters.sample_index, &type, &err))
			return tool_fail_input(tool, self->side[i].v[0], &err);
		row[i] = cp_profile_sample_type(side[i], type);
		unit[i] = cp_profile_string(side[i], row[i]->unit);
	}
	if (row[0]->decimals == row[1]->decimals && cp_unit_ratio(unit[1], unit[0]) == 1)
		return TOOL_GO;
	ui_error(&tool->ui, self->side[1].v[0],
		"values are in %.*s here and in %.*s before; "
		"two counts a line are of one unit",
		(int)unit[1].n, unit[1].p, (int)unit[0].n, unit[0].p);
	return TOOL_UNREADABLE;
}

static int write_folded(
	struct tool *tool, struct cpdiff *self, struct cp_profile *const side[2])
{
	struct cp_write_options options = {
		.size = sizeof options, .sample_type = self->filters.sample_index};
	struct text text[2] = {{0}};
	struct cp_error err;
	enum cp_code code = CP_OK;
	int status = same_unit(tool, self, side);

	if (status != TOOL_GO)
		return status;
	for (int i = 0; !code && i < 2; i++)
		code = cp_profile_write(
			tool->context, side[i], "folded", &options, keep, &text[i], &err);
	if (code) {
		status = tool_fail(tool, NULL, &err);
	} else if (!join(tool, text)) {
		ui_error(&tool->ui, NULL, "out of memory");
		status = TOOL_SYSTEM;
	} else {
		status = tool_commit_output(tool);
	}
	free(text[0].p);
	free(text[1].p);
	return status;
}

/* Profiles hold whole numbers: their sides are sums, where tables have means. */
static void warn_of_sums(struct tool *tool, const struct cpdiff *self)
{
	size_t before = self->side[CP_BEFORE].n, after = self->side[CP_AFTER].n;

	if (before != after && !self->normalize && !self->base_compat)
		ui_warn(&tool->ui, NULL,
			"the sums of %zu captures before and %zu after are not "
			"comparable; name as many of each",
			before, after);
}

int cpdiff_write_profile(struct tool *tool, struct cpdiff *self, const char *format)
{
	struct cp_profile *side[2] = {NULL, NULL};
	bool pprof = !strcmp(format, "pprof");
	int status;

	if (self->options.by)
		return tool_usage(
			tool, "--by goes with --to text, markdown, csv or json");
	if (self->n_gate)
		return tool_usage(
			tool, "--fail-on goes with --to text, markdown, csv or json");
	status = tool_open_output(tool, pprof);
	if (status == TOOL_GO && (pprof || !strcmp(format, "folded")))
		warn_of_sums(tool, self);
	for (int i = CP_BEFORE; status == TOOL_GO && i <= CP_AFTER; i++)
		status = merged_side(tool, self, (enum cp_diff_side)i, &side[i]);
	if (status == TOOL_GO)
		status = pprof ? write_pprof(tool, self, side)
			 : strcmp(format, "folded") == 0
				 ? write_folded(tool, self, side)
				 : cpdiff_write_flame(tool, self, format, side);
	cp_profile_free(side[0]);
	cp_profile_free(side[1]);
	return status;
}
