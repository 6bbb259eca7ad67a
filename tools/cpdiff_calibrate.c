/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A/A splits: captures of one program, divided into two sides in many ways. Whatever is
 * called different between the sides is a false alarm.
 */
#include <stdlib.h>
#include <string.h>

#include "cpdiff.h"

enum { MOST_CAPTURES = 64, MOST_SPLITS = 200 };

struct splits {
	struct tool *tool;
	struct cpdiff *self;
	struct cp_profile *profile[MOST_CAPTURES];
	size_t n;
	size_t tried, alarmed;
	double phi[MOST_SPLITS];
};

static bool loud(const struct cp_diff *diff)
{
	for (size_t i = 0; i < cp_diff_count(diff); i++) {
		enum cp_verdict v = cp_diff_row(diff, i)->flat.verdict;

		if (v == CP_VERDICT_BEYOND || v == CP_VERDICT_WORSE ||
			v == CP_VERDICT_BETTER || v == CP_VERDICT_NEW ||
			v == CP_VERDICT_GONE || v == CP_VERDICT_MOVED)
			return true;
	}
	return false;
}

/* side[i]: 0 before, 1 after, 2 left out. TOOL_GO or the exit status. */
static int try(struct splits *s, const unsigned char *side, double phi)
{
	struct cp_diff_options options = s->self->options;
	struct cp_diff *diff;
	struct cp_error err;
	enum cp_code code;

	options.phi = phi;
	if (cp_diff_new(s->tool->context, &options, &diff, &err))
		return tool_fail(s->tool, NULL, &err);
	code = CP_OK;
	for (size_t i = 0; !code && i < s->n; i++)
		if (side[i] < 2)
			code = cp_diff_add(diff, (enum cp_diff_side)side[i],
				s->profile[i], NULL, &err);
	if (!code)
		code = cp_diff_finish(diff, &err);
	if (!code) {
		if (s->tried < MOST_SPLITS)
			s->phi[s->tried] = cp_diff_summary(diff)->phi;
		s->tried++;
		s->alarmed += loud(diff);
	}
	cp_diff_free(diff);
	return code ? tool_fail(s->tool, NULL, &err) : TOOL_GO;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * The next choice of k out of n in lexical order, as sorted indexes; false after the
 * last.
 */
static bool next_choice(size_t *choice, size_t k, size_t n)
{
	size_t i = k;

	while (i && choice[i - 1] == n - k + i - 1)
		i--;
	if (!i)
		return false;
	choice[i - 1]++;
	for (; i < k; i++)
		choice[i] = choice[i - 1] + 1;
	return true;
}

static double choices(size_t n, size_t k)
{
	double c = 1;

	for (size_t i = 0; i < k; i++)
		c = c * (double)(n - i) / (double)(i + 1);
	return c;
}

/*
 * All splits into halves, or evenly spaced ones of them. A split and its mirror are
 * one.
 */
static int halves(struct splits *s)
{
	size_t k = s->n / 2, choice[MOST_CAPTURES], number = 0, step;
	double all = choices(s->n, k);

	step = all > 2 * MOST_SPLITS ? (size_t)(all / (2 * MOST_SPLITS)) : 1;
	for (size_t i = 0; i < k; i++)
		choice[i] = i;
	do {
		unsigned char side[MOST_CAPTURES];
		int status;

		if (number++ % step || (s->n % 2 == 0 && choice[0] != 0))
			continue;
		memset(side, 1, s->n);
		for (size_t i = 0; i < k; i++)
			side[choice[i]] = 0;
		status = try(s, side, s->self->options.phi);
		if (status != TOOL_GO)
			return status;
	} while (s->tried < MOST_SPLITS && number < 100000000 &&
		 next_choice(choice, k, s->n));
	return TOOL_GO;
}

static int pairs(struct splits *s, double phi)
{
	s->tried = s->alarmed = 0;
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = i + 1; k < s->n; k++) {
			unsigned char side[MOST_CAPTURES];
			int status;

			memset(side, 2, s->n);
			side[i] = 0;
			side[k] = 1;
			status = try(s, side, phi);
			if (status != TOOL_GO)
				return status;
		}
	return TOOL_GO;
}

static int report(struct splits *s)
{
	struct tool *tool = s->tool;
	double phi, q = s->self->options.q > 0 ? s->self->options.q : 0.05;
	int status = tool_open_output(tool, false);

	if (status == TOOL_GO)
		status = halves(s);
	if (status != TOOL_GO)
		return status;
	qsort(s->phi, s->tried, sizeof *s->phi, ascending);
	phi = s->tried ? s->phi[s->tried / 2] : 1;
	out_printf(&tool->out,
		"%zu captures, %zu splits of %zu and %zu: %zu with a false verdict (%.1f "
		"%%; stated %.3g %%)\n",
		s->n, s->tried, s->n / 2, s->n - s->n / 2, s->alarmed,
		s->tried ? 100.0 * (double)s->alarmed / (double)s->tried : 0, 100 * q);
	status = pairs(s, 0);
	if (status != TOOL_GO)
		return status;
	out_printf(&tool->out,
		"%zu pairs without a given phi: %zu with a false verdict (%.1f %%)\n",
		s->tried, s->alarmed, 100.0 * (double)s->alarmed / (double)s->tried);
	status = pairs(s, phi);
	if (status != TOOL_GO)
		return status;
	out_printf(&tool->out,
		"%zu pairs with --phi %.2f: %zu with a false verdict (%.1f %%)\n",
		s->tried, phi, s->alarmed, 100.0 * (double)s->alarmed / (double)s->tried);
	out_printf(&tool->out, "phi %.2f\n", phi);
	return tool_commit_output(tool);
}

int cpdiff_calibrate(struct tool *tool, struct cpdiff *self)
{
	struct splits s = {.tool = tool, .self = self};
	int status = TOOL_GO;

	if (self->calibrate.n < 4)
		return tool_usage(
			tool, "--calibrate needs at least four captures of one program");
	if (self->calibrate.n > MOST_CAPTURES)
		return tool_usage(
			tool, "--calibrate takes at most %d captures", MOST_CAPTURES);
	for (; status == TOOL_GO && s.n < self->calibrate.n; s.n++) {
		status = cpdiff_read(
			tool, self, self->calibrate.v[s.n], false, &s.profile[s.n]);
		if (status != TOOL_GO)
			break;
		cpdiff_compare_captures(
			tool, self, self->calibrate.v[s.n], s.profile[s.n]);
	}
	if (status == TOOL_GO)
		status = report(&s);
	for (size_t i = 0; i < s.n; i++)
		cp_profile_free(s.profile[i]);
	return status;
}
