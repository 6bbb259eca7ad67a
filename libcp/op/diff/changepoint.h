/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DIFF_CHANGEPOINT_H
#define CPI_DIFF_CHANGEPOINT_H

/*
 * Change points in a table of sampled values: one row per function, one column per
 * capture, in the captures' order. Knows no profile, so that the rates of wrong answers
 * can be measured on simulated tables (tests/unit/diff_series.c,
 * tests/bench/diff_series_sim.c).
 *
 * A row's values become square roots of counts per exposure, whose spread by sampling is
 * the same at every level, zero included. A segment is cut in two at the best place for
 * as long as that is significant; a straight line that fits better than two levels is a
 * drift, told as such and not cut. The spread is the segments' own, no less than
 * sampling's, so one test serves a function of any noise.
 *
 * Exposure is the sum of the rows that did not change: the one that changed most surely
 * is taken out, and all are looked at again, until no other one is found. A row's own
 * values are no part of its exposure.
 */

#include "base/env.h"
#include "base/vec.h"
#include "op/diff/stat.h"

struct cpi_step {
	size_t row; /* n_rows: the total */
	size_t at;  /* the first capture of the new level; a drift's start */
	bool drift;
	double ratio, lo, hi; /* after : before, 95 % interval; a drift's whole way */
	double p;             /* corrected for all rows and places */
};

struct cpi_series {
	/* In: */
	size_t n_rows, n;    /* rows, which are disjoint parts of the total; captures */
	const double *value; /* [row * n + capture], not negative */
	const double *var;   /* its sampling variance: the sum of v²/samples */
	const double *total, *total_var; /* per capture */
	double least_share; /* rows below it in all captures are not tested */
	double threshold;   /* relative change that matters: 0.05 */
	double q;           /* error rate of all rows and places together: 0.05 */
	/* Out: */
	size_t tested;                 /* rows, and the total */
	CPI_VEC(struct cpi_step) step; /* by row, then in the order found */
};

/* Fewer captures say nothing. */
enum { CPI_SERIES_LEAST = 6 };

enum cp_code cpi_series_find(
	struct cpi_env *env, struct cpi_series *series, struct cp_error *err);

#endif
