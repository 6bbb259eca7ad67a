/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DIFF_STAT_H
#define CPI_DIFF_STAT_H

/*
 * The mathematics of comparing sampled counts; knows no profile. Counts are doubles,
 * because weighted samples have effective counts that are not whole numbers.
 */

#include <stdbool.h>
#include <stddef.h>

/* P(Z > z), and the z with P(Z <= z) = p. */
double cpi_stat_normal_tail(double z);
double cpi_stat_normal_quantile(double p);
/* P(X <= x) of Beta(a, b), and its inverse. */
double cpi_stat_beta_cdf(double a, double b, double x);
double cpi_stat_beta_quantile(double a, double b, double p);
/* P(T > t) of Student's distribution, and the t with P(T <= t) = p. */
double cpi_stat_student_tail(double t, double df);
double cpi_stat_student_quantile(double p, double df);
/* The median of chi-square with df degrees, divided by df. */
double cpi_stat_chi_median(double df);

/* A ratio after : before with its interval; lo = 0 or hi = INFINITY where open. */
struct cpi_stat_ratio {
	double ratio, lo, hi;
	double p; /* two-sided, of "the ratio is 1" (or within the threshold) */
};

/*
 * One capture a side: x before and y after, Poisson with exposures e1 and e2. Given x +
 * y, y is binomial. `phi` >= 1 widens both test and interval as if there were 1/phi as
 * many samples. `share` is (x + y) / (all samples of both sides) when the exposures are
 * those totals, so that the table is a composition and a function's variance shrinks with
 * its share; else 0.
 */
struct cpi_stat_ratio cpi_stat_pair(double x, double y, double e1, double e2, double phi,
	double share, double confidence);

/* One function in several captures a side; runs [0, n_before) are before. */
struct cpi_stat_runs {
	size_t n, n_before;
	const double *exposure; /* one per run, > 0 */
};

/* Pearson's X²/d of one function's counts about its two rates; d = n - 2. */
double cpi_stat_dispersion(const struct cpi_stat_runs *runs, const double *count);

/*
 * The dispersion most functions share, from every function's own: their median over the
 * median that pure chance would give, at least 1. `scratch` holds n doubles.
 */
double cpi_stat_common_dispersion(const double *phi, size_t n, double d, double *scratch);

/* Weight of the common dispersion in degrees of freedom. */
#define CPI_STAT_PRIOR_DF 6.0

/* A function's dispersion shrunk towards the common one, at least 1. */
double cpi_stat_shrink(double phi, double d, double common);

/*
 * Several captures a side with a shrunken dispersion `phi` on `df` degrees: p tests the
 * threshold hypothesis |ln ratio| <= ln(1 + threshold). `t` is the quantile of the
 * interval, cpi_stat_student_quantile((1 + confidence) / 2, df), made once for all rows.
 */
struct cpi_stat_ratio cpi_stat_several(const struct cpi_stat_runs *runs,
	const double *count, double phi, double df, double threshold, double share,
	double t);

/* How to correct for many tests. */
enum cpi_stat_fdr { CPI_STAT_BH, CPI_STAT_BY, CPI_STAT_HOLM };

/*
 * Turns p-values into adjusted ones in place: reject where adjusted <= q. `order` is
 * scratch for n indexes.
 */
void cpi_stat_adjust(double *p, size_t n, enum cpi_stat_fdr how, size_t *order);

/*
 * The smallest ratio > 1 that one of m tests at level alpha finds with probability 0.8 in
 * a function with counts x and y (expected, without change), beyond a threshold. `z` is
 * cpi_stat_detectable_z, made once for all rows.
 */
double cpi_stat_detectable_z(double df, size_t m, double alpha);
double cpi_stat_detectable(double x, double y, double phi, double z, double threshold);

/*
 * The median-of-ratios anchor: exp of the median of ln(y/x), weighted by min(x, y), over
 * functions with x, y >= 10. *ret_spread is the distance of its quartiles in units of
 * what sampling alone would give (NAN when fewer than three functions qualify; the result
 * is then 1). `scratch` and `order` hold n entries.
 */
double cpi_stat_anchor(const double *x, const double *y, size_t n, double *scratch,
	size_t *order, double *ret_spread);

#endif
