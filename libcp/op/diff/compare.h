/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DIFF_COMPARE_H
#define CPI_DIFF_COMPARE_H

/*
 * Verdicts on a table of sampled values: one row per function, one column per capture.
 * Knows no profile, so that the rates of wrong verdicts can be measured on simulated
 * tables (tests/property/diff_compare.c, tests/bench/diff_sim.c).
 *
 * The model. A row's value in one capture has expectation μ and, in samples, variance
 * φ(μ + σ²μ²): sampling, and the work's own variation from run to run, which is a share
 * of it (a coefficient of variation, σ) and no factor on the counts. φ says how far one
 * row differs in this from the others; rows share a prior of φ with `df` degrees of
 * freedom. One capture a side is the case in which nothing but the prior is known.
 */

#include "base/env.h"
#include "op/diff/stat.h"

enum cpi_verdict {
	CPI_UNTESTED, /* too small to matter, or nothing that can be tested */
	CPI_WITHIN,   /* one capture a side: within the stated noise */
	CPI_MORE,     /* … more than it explains */
	CPI_LESS,
	CPI_SAME,     /* several: the whole interval lies inside the threshold */
	CPI_UNCLEAR,
	CPI_WORSE,
	CPI_BETTER,
	CPI_NEW,
	CPI_GONE
};

/* What a capture's values are measured against. */
enum cpi_basis {
	CPI_BASIS_GIVEN,  /* exposure[] as it is: no noise of its own */
	CPI_BASIS_TOTAL,  /* the captures' totals: shares */
	CPI_BASIS_ANCHOR, /* the sum of the rows that `anchor` marks, without the row itself */
};

/* What is known of variation from run to run before these captures are looked at. */
struct cpi_noise {
	double sigma; /* coefficient of variation */
	/* Small functions vary more: σ² grows by this over their part of the profile. */
	double grain;
	double df;    /* of the prior on a row's own variance; INFINITY: rows are alike */
	double scale; /* 0 or the mean of φ, where rows vary more than sampling and σ say */
};

struct cpi_compare {
	/* In: */
	size_t n_runs, n_before; /* captures before stand first */
	size_t n_rows, n_flat;   /* rows [0, n_flat) are disjoint parts of the total */
	const double *value;     /* [row * n_runs + run], any unit */
	const double *var;       /* its sampling variance: the sum of v²/samples */
	const double *total, *total_var; /* per run */
	const uint8_t *planned;  /* per row: named in advance; NULL: none */
	const struct cpi_noise *own; /* per row, df 0 where nothing is known; NULL: none */
	struct cpi_noise prior, total_prior;
	bool calibrated; /* the priors were measured on this program: they weigh more */
	bool erratic;    /* sums of few large events: only their own spread tells */
	enum cpi_basis basis;
	double *exposure;        /* per run; in for GIVEN, else out */
	const double *exposure_var; /* GIVEN: of samples, in the unit of `value`; NULL: none */
	bool total_alone;        /* GIVEN: the exposure is not the total's */
	bool choose;             /* ANCHOR: find one; where none holds, shares are compared */
	uint8_t *anchor;         /* per flat row: part of the anchor; in unless `choose` */
	double threshold;        /* relative change that matters: 0.05 */
	double least_share;      /* rows below this part of the profile are not tested */
	double q;                /* error rate of the family of tests: 0.05 */
	double confidence;       /* of the intervals: 0.95 */
	enum cpi_stat_fdr fdr;
	/* Out: */
	bool unscaled; /* the anchor varies no more than sampling does: taken as it is */
	bool no_anchor;          /* `choose` found none: the basis is now the total */
	size_t tested;           /* distinct hypotheses in the family, the total among them */
	double weight;           /* … and the sum of their weights in it */
	struct cpi_noise noise[2]; /* what was found: flat rows, the others */
};

struct cpi_compare_row {
	double ratio, lo, hi; /* after : before, per exposure; 0, INFINITY where open */
	double p, adjusted;   /* of "no change"; corrected for all tests of its family */
	double error, df;     /* standard error of ln ratio and its degrees of freedom */
	double samples[2];    /* effective number on each side */
	double mean[2];       /* value per capture, the after side scaled by its exposure */
	double detectable;    /* smallest ratio this row would have shown 4 times in 5 */
	double needed;        /* unclear: so many times the captures would decide; else 0 */
	enum cpi_verdict verdict;
};

/* Rows with fewer effective samples on both sides together are not tested. */
#define CPI_COMPARE_LEAST 6.0

/*
 * Fills one row per table row, and the total's. Fails on memory only. One capture a side
 * has no degrees of freedom: its verdicts are MORE, LESS and WITHIN.
 */
enum cp_code cpi_compare(struct cpi_env *env, struct cpi_compare *c,
	struct cpi_compare_row *row, struct cpi_compare_row *ret_total,
	struct cp_error *err);

static inline bool cpi_compare_single(const struct cpi_compare *c)
{
	return c->n_runs < 3;
}

/*
 * anchor.c: marks the flat rows whose ratio is that of most of the profile, as far as
 * sampling and a variation of `sigma` let them be told apart. False when rows that make
 * up less than half of it agree: then only shares can be compared. `scratch` and `order`
 * hold n_flat entries.
 */
bool cpi_compare_anchor(
	struct cpi_compare *c, double sigma, double *scratch, size_t *order);

/* noise.c: how rows vary. */

/* One row against its exposure, side by side. */
struct cpi_side {
	double v, var;    /* value and its sampling variance, all captures of the side */
	double e, e_var;  /* exposure likewise */
	double inside;    /* part of the value that is also in the exposure */
	double runs;      /* sum of squared parts that captures have in the exposure */
};

void cpi_noise_sides(const struct cpi_compare *c, size_t row, struct cpi_side side[2]);
/* Sampling variance of ln(value : exposure) of one side; its run-to-run part by σ². */
double cpi_side_sampling(const struct cpi_side *side);

/* X²/d of a row's captures about their sides' rates, under σ; *ret_d its freedom. */
double cpi_noise_pearson(
	const struct cpi_compare *c, size_t row, double sigma, double *ret_d);

/*
 * What rows [from, to) that `use` marks show of their common noise, weighed with the
 * prior. `phi` holds to - from entries.
 */
struct cpi_noise cpi_noise_estimate(const struct cpi_compare *c, size_t from, size_t to,
	const uint8_t *use, double *phi);

#endif
