/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "op/diff/diff.h"

/*
 * Cost that only changed its name: a function that was renamed, inlined into its caller
 * or split out of it loses what another gains. Reported once, as a move, not as a
 * regression and an improvement. Only rows that are loud on their own are looked at, so
 * the pairs are few: the largest MOST of each direction.
 */
enum { MOST = 200 };

static bool loud(enum cp_verdict v)
{
	return v == CP_VERDICT_BEYOND || v == CP_VERDICT_WORSE ||
	       v == CP_VERDICT_BETTER || v == CP_VERDICT_NEW || v == CP_VERDICT_GONE;
}

/* Standard error of a row's change, in its unit, from its counts. */
static double error_of(const struct cp_diff_value *v, double phi)
{
	double per_before = v->samples_before > 0 ? v->before / v->samples_before : 0;
	double per_after = v->samples_after > 0 ? v->after / v->samples_after : 0;

	return sqrt(phi * (per_before * per_before * v->samples_before +
				  per_after * per_after * v->samples_after));
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

/* Do these two stand where a rename, an inlining or a split would put them? */
static bool related(const struct cp_diff *diff, size_t down, size_t up)
{
	uint32_t caller_down = diff->caller[CP_BEFORE].v[down];
	uint32_t caller_up = diff->caller[CP_AFTER].v[up];

	return (caller_down != UINT32_MAX && caller_down == caller_up) || /* renamed */
		caller_down == up ||                                      /* inlined */
		caller_up == down;                                        /* split out */
}

static void pair(struct cp_diff *diff, struct cp_diff_row *down, struct cp_diff_row *up)
{
	double phi = diff->summary.phi;
	double error = hypot(error_of(&down->flat, phi), error_of(&up->flat, phi));

	if (up->partner || fabs(down->flat.change + up->flat.change) >= 2 * error ||
		!related(diff, (size_t)(down - diff->row.v), (size_t)(up - diff->row.v)))
		return;
	down->partner = up;
	up->partner = down;
	down->flat.verdict = up->flat.verdict = CP_VERDICT_MOVED;
}

enum cp_code cpi_diff_moved(struct cp_diff *diff, struct cp_error *err)
{
	struct cpi_mem *mem = &diff->env->mem;
	size_t n = diff->row.n, downs = 0, ups = 0;
	struct cp_diff_row **list = cpi_alloc_array(mem, 2 * n, sizeof *list);
	struct cp_diff_row **up = list ? list + n : NULL;

	if (!list)
		return cpi_error_memory(err);
	for (size_t i = 0; i < n; i++) {
		struct cp_diff_row *row = &diff->row.v[i];

		if (!loud(row->flat.verdict))
			continue;
		if (row->flat.change < 0)
			list[downs++] = row;
		else
			up[ups++] = row;
	}
	qsort(list, downs, sizeof *list, larger_change);
	qsort(up, ups, sizeof *up, larger_change);
	for (size_t i = 0; i < downs && i < MOST; i++)
		for (size_t k = 0; k < ups && k < MOST && !list[i]->partner; k++)
			pair(diff, list[i], up[k]);
	cpi_free(mem, list, 2 * n * sizeof *list);
	return CP_OK;
}
