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

/*
 * Two-sided p of "y of the x + y samples fell after, where p0 is expected", x and y being
 * counts. Given x + y, y is binomial; where the two sides' rates differ from run to run,
 * its chance is spread, too: `spread` is the variance of its logit, and y beta-binomial.
 * Exact: zeros and small counts need no approximation.
 */
double cpi_stat_conditional(double x, double y, double p0, double spread);

/*
 * Interval of the odds y : x when they vary by `spread` beyond sampling, t standard
 * errors to each side in normal terms (Jeffreys' prior, so that zeros have one, too);
 * 0 and INFINITY where open.
 */
void cpi_stat_logit_interval(
	double x, double y, double spread, double t, double *ret_lo, double *ret_hi);

/* Derivatives of ln Γ, and the x with trigamma(x) = t. */
double cpi_stat_digamma(double x);
double cpi_stat_trigamma(double x);
double cpi_stat_trigamma_inverse(double t);

/* How to correct for many tests. */
enum cpi_stat_fdr { CPI_STAT_BH, CPI_STAT_BY, CPI_STAT_HOLM };

/*
 * Turns p-values into adjusted ones in place: reject where adjusted <= q. Tests share the
 * error rate by their `weight` (> 0; NULL: alike), which must not depend on what was
 * found (Genovese, Roeder, Wasserman 2006). `order` is scratch for n indexes.
 */
void cpi_stat_adjust(
	double *p, const double *weight, size_t n, enum cpi_stat_fdr how, size_t *order);

#endif
