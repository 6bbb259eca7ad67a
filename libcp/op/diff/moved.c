/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cost that changed its name: a function that was renamed, inlined into its caller, or
 * split. One side of such a pair is absent, or one calls the other: two functions that
 * exist on both sides, of which one grew as much as the other shrank, both changed. What
 * is net of the move is said, and judged like any change. Only rows that are loud on
 * their own are looked at, the largest MOST of each direction.
 */
#include <math.h>
#include <stdlib.h>

#include "op/diff/diff.h"

enum { MOST = 200 };

static bool loud(const struct cp_diff *diff, const struct cp_diff_row *row)
{
	enum cp_verdict v = row->flat.verdict;

	/* A census tests nothing; all of its differences are real. */
	return diff->census ? row->flat.change != 0
			    : v == CP_VERDICT_MORE || v == CP_VERDICT_LESS ||
				      v == CP_VERDICT_WORSE || v == CP_VERDICT_BETTER ||
				      v == CP_VERDICT_NEW || v == CP_VERDICT_GONE;
}

static int larger_change(const void *a, const void *b)
{
	const struct cp_diff_row *x = *(struct cp_diff_row *const *)a;
	const struct cp_diff_row *y = *(struct cp_diff_row *const *)b;
	double dx = fabs(x->flat.change), dy = fabs(y->flat.change);

	if (dx != dy)
		return dx < dy ? 1 : -1;
	return cpi_text_compare(x->name, y->name);
}

/* Rows that lost all or something, and rows that gained. */
struct moves {
	struct cp_diff *diff;
	struct cp_diff_row **down, **up;
	size_t downs, ups;
};

static uint32_t caller(const struct moves *m, const struct cp_diff_row *row, int side)
{
	return m->diff->caller[side].v[row - m->diff->row.v];
}

static bool is_caller(const struct moves *m, const struct cp_diff_row *of,
	const struct cp_diff_row *row, int side)
{
	uint32_t c = caller(m, of, side);

	return c != UINT32_MAX && &m->diff->row.v[c] == row;
}

/* One calls both: the one before on its side, the other one on the other. */
static bool siblings(const struct moves *m, const struct cp_diff_row *before,
	const struct cp_diff_row *after)
{
	return caller(m, before, CP_BEFORE) == caller(m, after, CP_AFTER);
}

static bool gone(const struct cp_diff_row *row)
{
	return row->flat.before != 0 && row->flat.after == 0;
}

static bool fresh(const struct cp_diff_row *row)
{
	return row->flat.before == 0 && row->flat.after != 0;
}

/* Two amounts that are one up to a quarter, or up to two standard errors of sampling. */
static bool alike(const struct moves *m, double lost, double gained)
{
	double per = m->diff->summary.samples_before > 0
			     ? m->diff->summary.total_before /
				       m->diff->summary.samples_before *
				       (double)m->diff->summary.n_before
			     : 0;

	return fabs(lost - gained) <=
	       fmax(0.25 * fmax(lost, gained), 2 * sqrt(fabs(per) * (lost + gained)));
}

/* Names of which one was made from the other: most of the shorter one is their start. */
static bool similar(struct cp_text a, struct cp_text b)
{
	size_t least = a.n < b.n ? a.n : b.n, start = 0, end = 0;

	while (start < least && a.p[start] == b.p[start])
		start++;
	while (end < least - start && a.p[a.n - 1 - end] == b.p[b.n - 1 - end])
		end++;
	return 3 * (start + end) >= 2 * least && least > 1;
}

static void join(
	struct cp_diff_row *lead, struct cp_diff_row *member, enum cp_diff_move move)
{
	member->partner = lead;
	member->move = lead->move = move;
	if (!lead->partner)
		lead->partner = member;
}

static double samples_of(const struct cp_diff_value *v)
{
	return v->samples_before + v->samples_after;
}

/* What is left when all members are counted as one with the lead. */
static void settle(struct moves *m, struct cp_diff_row *lead)
{
	struct cp_diff *diff = m->diff;
	const struct cp_diff_summary *s = &diff->summary;
	double before = lead->flat.before, after = lead->flat.after, samples, ln, error;
	double x = lead->flat.samples_before, y = lead->flat.samples_after;

	samples = samples_of(&lead->flat);
	for (size_t i = 0; i < diff->row.n; i++) {
		struct cp_diff_row *row = &diff->row.v[i];

		if (row == lead || row->partner != lead)
			continue;
		before += row->flat.before;
		after += row->flat.after;
		x += row->flat.samples_before;
		y += row->flat.samples_after;
		samples += samples_of(&row->flat);
		row->flat.verdict = CP_VERDICT_MOVED;
	}
	lead->net = before != 0 ? after / before : INFINITY;
	ln = log(lead->net);
	error = samples > 0 ? sqrt(1 / fmax(x, 0.5) + 1 / fmax(y, 0.5) +
				      s->noise * s->noise *
					      (1 / (double)s->n_before +
						      1 / (double)s->n_after))
			    : 0;
	error = diff->census ? 0 : error;
	lead->net_lo = lead->net * exp(-1.96 * error);
	lead->net_hi = lead->net * exp(1.96 * error);
	lead->moved_before = before;
	lead->moved_after = after;
	lead->flat.verdict = CP_VERDICT_MOVED;
	/* As many tests as the family had, by Bonferroni. */
	if (fabs(ln) > log1p(s->min_change) && !diff->census &&
		2 * cpi_stat_normal_tail(fabs(ln) / error) * (double)(s->tested + 1) <=
			s->q)
		lead->flat.verdict =
			s->n_before + s->n_after == 2
				? (ln > 0 ? CP_VERDICT_MORE : CP_VERDICT_LESS)
				: (ln > 0 ? CP_VERDICT_WORSE : CP_VERDICT_BETTER);
}

/* One that went, one that came, under one caller; the best name first, then the amount.
 */
static void renamed(struct moves *m)
{
	for (int named = 1; named >= 0; named--)
		for (size_t i = 0; i < m->downs; i++)
			for (size_t k = 0; k < m->ups; k++) {
				struct cp_diff_row *down = m->down[i], *up = m->up[k];

				if (down->partner || up->partner || !gone(down) ||
					!fresh(up) || !siblings(m, down, up))
					continue;
				if (named ? !similar(down->name, up->name)
					  : !alike(m, down->flat.before, up->flat.after))
					continue;
				join(up, down, CP_MOVE_RENAMED);
				settle(m, up);
			}
}

/* Several that went and one that came, or the other way round, under one caller. */
static void gathered(struct moves *m, bool split)
{
	struct cp_diff_row **one = split ? m->down : m->up,
			   **many = split ? m->up : m->down;
	size_t ones = split ? m->downs : m->ups, n = split ? m->ups : m->downs;

	for (size_t i = 0; i < ones; i++) {
		double sum = 0, whole = fabs(one[i]->flat.change);

		if (one[i]->partner || (split ? !gone(one[i]) : !fresh(one[i])))
			continue;
		for (int turn = 0; turn < 2; turn++) {
			if (turn && !alike(m, sum, whole))
				break;
			for (size_t k = 0; k < n; k++) {
				bool fits = !many[k]->partner &&
					    (split ? fresh(many[k]) && siblings(m, one[i],
									       many[k])
						   : gone(many[k]) && siblings(m, many[k],
									      one[i]));

				if (fits && turn)
					join(one[i], many[k],
						split ? CP_MOVE_SPLIT : CP_MOVE_RENAMED);
				else if (fits)
					sum += fabs(many[k]->flat.change);
			}
		}
		if (one[i]->partner)
			settle(m, one[i]);
	}
}

/* Gone functions whose caller gained what they had. */
static void inlined(struct moves *m)
{
	for (size_t k = 0; k < m->ups; k++) {
		struct cp_diff_row *up = m->up[k];
		double sum = 0;

		if (up->partner)
			continue;
		for (int turn = 0; turn < 2; turn++) {
			if (turn && !alike(m, sum, up->flat.change))
				break;
			for (size_t i = 0; i < m->downs; i++) {
				struct cp_diff_row *down = m->down[i];

				if (down->partner || !gone(down) ||
					!is_caller(m, down, up, CP_BEFORE))
					continue;
				if (turn)
					join(up, down, CP_MOVE_INLINED);
				else
					sum += down->flat.before;
			}
		}
		if (up->partner)
			settle(m, up);
	}
}

/* New functions that took what one that is still there, their caller or neighbour, lost.
 */
static void split(struct moves *m)
{
	for (size_t i = 0; i < m->downs; i++) {
		struct cp_diff_row *down = m->down[i];
		double sum = 0;

		if (down->partner || gone(down))
			continue;
		for (int turn = 0; turn < 2; turn++) {
			if (turn && !alike(m, -down->flat.change, sum))
				break;
			for (size_t k = 0; k < m->ups; k++) {
				struct cp_diff_row *up = m->up[k];

				if (up->partner || !fresh(up) ||
					!(is_caller(m, up, down, CP_AFTER) ||
						siblings(m, down, up)))
					continue;
				if (turn)
					join(down, up, CP_MOVE_SPLIT);
				else
					sum += up->flat.after;
			}
		}
		if (down->partner)
			settle(m, down);
	}
}

enum cp_code cpi_diff_moved(struct cp_diff *diff, struct cp_error *err)
{
	struct cpi_mem *mem = &diff->env->mem;
	size_t n = diff->row.n;
	struct moves m = {.diff = diff};

	m.down = cpi_alloc_array(mem, 2 * n, sizeof *m.down);
	if (!m.down)
		return cpi_error_memory(err);
	m.up = m.down + n;
	for (size_t i = 0; i < n; i++) {
		struct cp_diff_row *row = &diff->row.v[i];

		if (loud(diff, row) && row->flat.change < 0)
			m.down[m.downs++] = row;
		else if (loud(diff, row))
			m.up[m.ups++] = row;
	}
	qsort(m.down, m.downs, sizeof *m.down, larger_change);
	qsort(m.up, m.ups, sizeof *m.up, larger_change);
	m.downs = m.downs < MOST ? m.downs : MOST;
	m.ups = m.ups < MOST ? m.ups : MOST;
	renamed(&m);
	inlined(&m);
	split(&m);
	gathered(&m, false);
	gathered(&m, true);
	cpi_free(mem, m.down, 2 * n * sizeof *m.down);
	return CP_OK;
}
