/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures of one program: what they say of its variation from run to run, and how often
 * pairs of them are called different, which is a false alarm each time.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpdiff.h"

enum { MOST_CAPTURES = 64, LEAST_CAPTURES = 4, ADVISED = 10, MOST_BYTES = 16 << 20 };

struct captures {
	struct tool *tool;
	struct cpdiff *self;
	struct cp_profile *profile[MOST_CAPTURES];
	size_t n;
};

static bool loud(const struct cp_diff *diff)
{
	for (size_t i = 0; i < cp_diff_count(diff); i++) {
		const struct cp_diff_row *row = cp_diff_row(diff, i);

		for (int cum = 0; cum < 2; cum++) {
			enum cp_verdict v = cum ? row->cum.verdict : row->flat.verdict;

			if (v == CP_VERDICT_MORE || v == CP_VERDICT_LESS ||
				v == CP_VERDICT_MOVED)
				return true;
		}
	}
	return cp_diff_summary(diff)->total.verdict == CP_VERDICT_MORE ||
	       cp_diff_summary(diff)->total.verdict == CP_VERDICT_LESS;
}

/* Captures [i] before and [k] after, or by turns when i == k. TOOL_GO or a status. */
static int compare(struct captures *c, const struct cp_diff_calibration *known, size_t i,
	size_t k, struct cp_diff **ret_diff)
{
	struct cp_diff_options options = c->self->options;
	struct cp_diff *diff;
	struct cp_error err;
	enum cp_code code;

	options.calibration = known;
	if (cp_diff_new(c->tool->context, &options, &diff, &err))
		return tool_fail(c->tool, NULL, &err);
	code = CP_OK;
	for (size_t r = 0; !code && r < c->n; r++)
		if (i == k || r == i || r == k)
			code = cp_diff_add(diff,
				i == k   ? (enum cp_diff_side)(r % 2)
				: r == i ? CP_BEFORE
					 : CP_AFTER,
				c->profile[r], NULL, &err);
	if (!code)
		code = cp_diff_finish(diff, &err);
	if (code) {
		cp_diff_free(diff);
		return tool_fail(c->tool, NULL, &err);
	}
	*ret_diff = diff;
	return TOOL_GO;
}

static int pairs(
	struct captures *c, const struct cp_diff_calibration *known, const char *how)
{
	size_t tried = 0, alarmed = 0;

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = i + 1; k < c->n; k++) {
			struct cp_diff *diff;
			int status = compare(c, known, i, k, &diff);

			if (status != TOOL_GO)
				return status;
			tried++;
			alarmed += loud(diff);
			cp_diff_free(diff);
		}
	out_printf(&c->tool->out, "%zu pairs %s: %zu with a false verdict (%.1f %%)\n",
		tried, how, alarmed, 100.0 * (double)alarmed / (double)tried);
	return TOOL_GO;
}

struct text {
	char *p;
	size_t n;
};

static int keep(void *arg, const void *bytes, size_t n)
{
	struct text *text = arg;
	char *p = realloc(text->p, text->n + n);

	if (!p)
		return ENOMEM;
	memcpy(p + text->n, bytes, n);
	text->p = p;
	text->n += n;
	return 0;
}

/* Into the file that --calibration names. */
static int save(struct captures *c, const struct text *text)
{
	const char *path = c->self->calibration;
	FILE *file = fopen(path, "w");
	bool fine = file && fwrite(text->p, 1, text->n, file) == text->n;

	fine = file && !fclose(file) && fine;
	if (fine)
		return TOOL_GO;
	ui_error(&c->tool->ui, path, "cannot be written: %s", strerror(errno));
	return TOOL_SYSTEM;
}

/* The lines of the file that are not single functions'. */
static void say(struct tool *tool, const struct text *text)
{
	const char *at = text->p, *end = at + text->n;

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((eol ? eol : end) - at);

		if (!memcmp(at, "functions", n < 9 ? n : 9) ||
			!memcmp(at, "total", n < 5 ? n : 5) ||
			!memcmp(at, "measured", n < 8 ? n : 8))
			out_printf(&tool->out, "%.*s\n", (int)n, at);
		at += n + 1;
	}
}

static int report(struct captures *c)
{
	struct cp_diff_calibration *known = NULL;
	struct cp_diff *diff = NULL;
	struct text text = {0};
	struct cp_error err;
	enum cp_code code;
	int status = tool_open_output(c->tool, false);

	if (status == TOOL_GO)
		status = compare(c, NULL, 0, 0, &diff);
	if (status != TOOL_GO)
		return status;
	code = cp_diff_calibration_make(diff, &known, &err);
	cp_diff_free(diff);
	if (!code)
		code = cp_diff_calibration_write(
			c->tool->context, known, keep, &text, &err);
	status = code ? tool_fail(c->tool, NULL, &err) : TOOL_GO;
	if (status == TOOL_GO)
		status = pairs(c, NULL, "without calibration");
	if (status == TOOL_GO)
		status = pairs(c, known, "with it, which have seen these captures");
	if (status == TOOL_GO) {
		say(c->tool, &text);
		status = c->self->calibration ? save(c, &text) : TOOL_GO;
	}
	cp_diff_calibration_free(known);
	free(text.p);
	return status == TOOL_GO ? tool_commit_output(c->tool) : status;
}

int cpdiff_calibrate(struct tool *tool, struct cpdiff *self)
{
	struct captures c = {.tool = tool, .self = self};
	int status = TOOL_GO;

	if (self->calibrate.n < LEAST_CAPTURES)
		return tool_usage(
			tool, "--calibrate needs at least four captures of one program");
	if (self->calibrate.n > MOST_CAPTURES)
		return tool_usage(
			tool, "--calibrate takes at most %d captures", MOST_CAPTURES);
	if (self->calibrate.n < ADVISED)
		ui_note(&tool->ui, NULL,
			"%zu captures say little of how far totals vary; %d or more are "
			"advised",
			self->calibrate.n, ADVISED);
	for (; status == TOOL_GO && c.n < self->calibrate.n; c.n++) {
		status = cpdiff_read(tool, self, self->calibrate.v[c.n], &c.profile[c.n]);
		if (status != TOOL_GO)
			break;
		cpdiff_compare_captures(
			tool, self, self->calibrate.v[c.n], c.profile[c.n]);
	}
	if (status == TOOL_GO)
		status = report(&c);
	for (size_t i = 0; i < c.n; i++)
		cp_profile_free(c.profile[i]);
	return status;
}

int cpdiff_load_calibration(struct tool *tool, struct cpdiff *self)
{
	const char *path = self->calibration;
	FILE *file = fopen(path, "r");
	struct text text = {0};
	struct cp_error err;
	char buf[1 << 14];
	size_t n;
	int status = TOOL_GO;

	if (!file) {
		ui_error(&tool->ui, path, "cannot be read: %s", strerror(errno));
		return TOOL_UNREADABLE;
	}
	while (status == TOOL_GO && (n = fread(buf, 1, sizeof buf, file))) {
		if (text.n + n > MOST_BYTES) {
			ui_error(&tool->ui, path, "is larger than a calibration can be");
			status = TOOL_UNREADABLE;
		} else if (keep(&text, buf, n)) {
			ui_error(&tool->ui, NULL, "out of memory");
			status = TOOL_SYSTEM;
		}
	}
	fclose(file);
	if (status == TOOL_GO && cp_diff_calibration_read(tool->context, text.p, text.n,
					 &self->known, &err))
		status = tool_fail(tool, path, &err);
	free(text.p);
	self->options.calibration = self->known;
	return status;
}
