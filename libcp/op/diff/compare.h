/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DIFF_COMPARE_H
#define CPI_DIFF_COMPARE_H

/*
 * Verdicts on a table of counts: one row per function, one column per capture. Knows no
 * profile, so that the rates of wrong verdicts can be measured on simulated tables.
 */

#include "base/env.h"
#include "op/diff/stat.h"

enum cpi_verdict {
	CPI_UNTESTED, /* too few samples to say anything, or a census */
	CPI_WITHIN,   /* one capture a side: within sampling noise */
	CPI_BEYOND,   /* … beyond it */
	CPI_SAME,     /* several: the whole interval lies inside the threshold */
	CPI_UNCLEAR,
	CPI_WORSE,
	CPI_BETTER,
	CPI_NEW,
	CPI_GONE
};

struct cpi_compare {
	/* In: */
	size_t n_runs, n_before, n_rows;
	const double *count;    /* [row * n_runs + run]; effective samples */
	const double *exposure; /* per run */
	bool totals;            /* the exposures are the runs' total counts */
	/*
	 * of several captures, nothing but its own counts tells how a row varies: it is
	 * a sum that shares no other row's noise
	 */
	bool alone;
	double phi; /* given dispersion >= 1; 0 = estimate (1 for single pairs) */
	double threshold;       /* relative change that matters: 0.05 */
	double q;               /* false discovery rate: 0.05 */
	double confidence;      /* of the intervals: 0.95 */
	enum cpi_stat_fdr fdr;
	/* Out: */
	size_t tested;      /* m: rows with enough samples */
	double common_phi;  /* what most rows share */
	double df;          /* of the tests; INFINITY for single pairs */
};

struct cpi_compare_row {
	struct cpi_stat_ratio ratio; /* after : before, per exposure */
	double adjusted;             /* p corrected for all tests */
	double phi;
	double detectable; /* smallest ratio this row could have shown */
	enum cpi_verdict verdict;
};

/* Rows with fewer effective samples on both sides together are not tested. */
#define CPI_COMPARE_LEAST 6.0

/* Fills one row per table row. Fails on memory only. */
enum cp_code cpi_compare(struct cpi_env *env, struct cpi_compare *c,
	struct cpi_compare_row *row, struct cp_error *err);

#endif
