/* SPDX-License-Identifier: Apache-2.0 */
#include "op/diff/stat.h"

#include <math.h>
#include <stdlib.h>

double cpi_stat_normal_tail(double z)
{
	return 0.5 * erfc(z / M_SQRT2);
}

double cpi_stat_normal_quantile(double p)
{
	double z, lo = -40, hi = 40;

	if (p <= 0 || p >= 1)
		return p <= 0 ? -INFINITY : INFINITY;
	/* Bisection on the exact tail: 60 turns, and no table of magic coefficients. */
	for (int i = 0; i < 200 && hi - lo > 1e-13 * (fabs(lo) + 1); i++) {
		z = (lo + hi) / 2;
		/* Compare in the smaller tail, where doubles have their precision. */
		if (p < 0.5 ? cpi_stat_normal_tail(-z) < p
			    : cpi_stat_normal_tail(z) > 1 - p)
			lo = z;
		else
			hi = z;
	}
	return (lo + hi) / 2;
}

/* Continued fraction of the incomplete beta function, by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1), h;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	h = d;
	for (int m = 1; m < 100000; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		step = d * c;
		h *= step;
		if (fabs(step - 1) < 1e-15)
			break;
	}
	return h;
}

double cpi_stat_beta_cdf(double a, double b, double x)
{
	double front;
	int sign;

	if (!(x > 0))
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) +
		a * log(x) + b * log1p(-x));
	/* The fraction converges fast below the mean; above it, use the other tail. */
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* To 4.5e-4: Abramowitz and Stegun 26.2.23. */
static double rough_normal_quantile(double p)
{
	double t = sqrt(-2 * log(p < 0.5 ? p : 1 - p));
	double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
			(1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));

	return p < 0.5 ? -z : z;
}

/*
 * Newton's method on the logit of x, where the distribution is nearly normal, from the
 * normal quantile there; a bracket catches steps that go astray. Four or five evaluations
 * of the distribution where bisection took fifty: 100,000 functions have four intervals.
 */
double cpi_stat_beta_quantile(double a, double b, double p)
{
	double lo = 0, hi = 1, x, log_beta;
	int sign;

	if (p <= 0 || p >= 1)
		return p <= 0 ? 0 : 1;
	log_beta = lgamma_r(a, &sign) + lgamma_r(b, &sign) - lgamma_r(a + b, &sign);
	x = 1 / (1 + b / a * exp(-rough_normal_quantile(p) * sqrt(1 / a + 1 / b)));
	if (!(x > 0) || !(x < 1))
		x = a / (a + b);
	for (int i = 0; i < 200; i++) {
		double error = cpi_stat_beta_cdf(a, b, x) - p, slope, next;

		if (error < 0)
			lo = x;
		else
			hi = x;
		/* The density of the logit: that of x times x(1 - x). */
		slope = exp(a * log(x) + b * log1p(-x) - log_beta);
		next = 1 / (1 + (1 - x) / x * exp(error / slope));
		if (!(next > lo) || !(next < hi))
			next = lo > 0 && hi / lo > 4 ? sqrt(lo * hi) : (lo + hi) / 2;
		if (fabs(next - x) <= 1e-9 * fmin(x, 1 - x) ||
			hi - lo <= 1e-15 + 1e-12 * lo)
			return next;
		x = next;
	}
	return x;
}

double cpi_stat_student_tail(double t, double df)
{
	double half;

	if (!isfinite(df))
		return cpi_stat_normal_tail(t);
	if (isinf(t))
		return t > 0 ? 0 : 1;
	half = 0.5 * cpi_stat_beta_cdf(df / 2, 0.5, df / (df + t * t));
	return t > 0 ? half : 1 - half;
}

double cpi_stat_student_quantile(double p, double df)
{
	double x, t;

	if (!isfinite(df))
		return cpi_stat_normal_quantile(p);
	if (p == 0.5)
		return 0;
	x = cpi_stat_beta_quantile(df / 2, 0.5, 2 * (p < 0.5 ? p : 1 - p));
	t = sqrt(df * (1 - x) / x);
	return p < 0.5 ? -t : t;
}

double cpi_stat_chi_median(double df)
{
	/* Wilson and Hilferty's cube: within 1 % for df >= 1. */
	double c = 1 - 2 / (9 * df);

	return c * c * c;
}

/*
 * P(more than y) plus half of P(just y), of x + y: half the probability of what was seen
 * counts to each side. The two tails differ by that probability, so one is enough.
 */
static double mid_p(double x, double y, double p0)
{
	double n = x + y, at;
	int sign;

	if (!(y > 0))
		return 0.5 * (1 + (x > 0 ? cpi_stat_beta_cdf(1, x, p0) : 0));
	at = exp(lgamma_r(n + 1, &sign) - lgamma_r(y + 1, &sign) -
		 lgamma_r(x + 1, &sign) + y * log(p0) + x * log1p(-p0));
	return cpi_stat_beta_cdf(y, x + 1, p0) - 0.5 * at;
}

struct cpi_stat_ratio cpi_stat_pair(double x, double y, double e1, double e2, double phi,
	double share, double confidence)
{
	double factor = e1 / e2, p0 = e2 / (e1 + e2), tail = (1 - confidence) / 2;
	struct cpi_stat_ratio r = {.ratio = x > 0   ? y / x * factor
					    : y > 0 ? INFINITY
						    : 1};
	double variance = phi * (share > 0 ? 1 - share : 1), n, above, lo, hi;

	if (variance < 1e-9) {
		/* A function that is all of both sides cannot change its share. */
		r.lo = r.hi = r.ratio;
		r.p = 1;
		return r;
	}
	x /= variance;
	y /= variance;
	n = x + y;
	if (n <= 0) {
		r.hi = INFINITY;
		r.p = 1;
		return r;
	}
	above = mid_p(x, y, p0);
	r.p = 2 * fmin(above, 1 - above);
	r.p = r.p > 1 ? 1 : r.p < 0 ? 0 : r.p;
	lo = y > 0 ? cpi_stat_beta_quantile(y + 0.5, x + 0.5, tail) : 0;
	hi = x > 0 ? cpi_stat_beta_quantile(y + 0.5, x + 0.5, 1 - tail) : 1;
	r.lo = lo / (1 - lo) * factor;
	r.hi = hi < 1 ? hi / (1 - hi) * factor : INFINITY;
	return r;
}

struct rates {
	double before, after;     /* counts */
	double e_before, e_after; /* exposures */
};

static struct rates rates_of(const struct cpi_stat_runs *runs, const double *count)
{
	struct rates r = {0};

	for (size_t i = 0; i < runs->n; i++) {
		if (i < runs->n_before) {
			r.before += count[i];
			r.e_before += runs->exposure[i];
		} else {
			r.after += count[i];
			r.e_after += runs->exposure[i];
		}
	}
	return r;
}

double cpi_stat_dispersion(const struct cpi_stat_runs *runs, const double *count)
{
	struct rates r = rates_of(runs, count);
	double sum = 0;

	for (size_t i = 0; i < runs->n; i++) {
		double mu =
			runs->exposure[i] * (i < runs->n_before ? r.before / r.e_before
								: r.after / r.e_after);

		if (mu > 0)
			sum += (count[i] - mu) * (count[i] - mu) / mu;
	}
	return runs->n > 2 ? sum / (double)(runs->n - 2) : 1;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double cpi_stat_common_dispersion(const double *phi, size_t n, double d, double *scratch)
{
	double median;

	if (!n)
		return 1;
	for (size_t i = 0; i < n; i++)
		scratch[i] = phi[i];
	qsort(scratch, n, sizeof *scratch, ascending);
	median = (scratch[(n - 1) / 2] + scratch[n / 2]) / 2;
	return fmax(1, median / cpi_stat_chi_median(d));
}

double cpi_stat_shrink(double phi, double d, double common)
{
	return fmax(1, (CPI_STAT_PRIOR_DF * common + d * phi) / (CPI_STAT_PRIOR_DF + d));
}

struct cpi_stat_ratio cpi_stat_several(const struct cpi_stat_runs *runs,
	const double *count, double phi, double df, double threshold, double share,
	double t)
{
	struct rates r = rates_of(runs, count);
	double x = r.before > 0 ? r.before : 0.5, y = r.after > 0 ? r.after : 0.5;
	double factor = r.e_before / r.e_after, ln = log(y / x * factor);
	double se = sqrt(phi * (share > 0 ? fmax(1 - share, 1e-9) : 1) * (1 / x + 1 / y));
	double tau = log1p(threshold);
	struct cpi_stat_ratio out = {
		.ratio = r.before > 0 ? r.after / r.before * factor
			: r.after > 0 ? INFINITY
				      : 1,
		.lo = r.after > 0 ? exp(ln - t * se) : 0,
		.hi = r.before > 0 ? exp(ln + t * se) : INFINITY,
	};

	if (r.before + r.after <= 0) {
		out.p = 1;
		return out;
	}
	out.p = cpi_stat_student_tail((fabs(ln) - tau) / se, df) +
		cpi_stat_student_tail((fabs(ln) + tau) / se, df);
	out.p = fmin(out.p, 1);
	return out;
}

static int by_key(const void *a, const void *b, void *arg)
{
	const double *key = arg;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;

	if (key[i] != key[j])
		return key[i] < key[j] ? -1 : 1;
	return (i > j) - (i < j);
}

static void sort_by(double *key, size_t n, size_t *order)
{
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof *order, by_key, key);
}

/* Step-down: the k-th smallest of n p-values times the number not yet rejected. */
static void holm(double *p, size_t n, const size_t *order)
{
	double most = 0;

	for (size_t k = 0; k < n; k++) {
		most = fmax(most, p[order[k]] * (double)(n - k));
		p[order[k]] = fmin(1, most);
	}
}

void cpi_stat_adjust(double *p, size_t n, enum cpi_stat_fdr how, size_t *order)
{
	double least = 1, harmonic = 1;

	sort_by(p, n, order);
	if (how == CPI_STAT_HOLM) {
		holm(p, n, order);
		return;
	}
	for (size_t i = 2; how == CPI_STAT_BY && i <= n; i++)
		harmonic += 1 / (double)i;
	/* Step-up: from the largest down, never more than what a larger p gave. */
	for (size_t k = n; k--;) {
		least = fmin(least, p[order[k]] * harmonic * (double)n / (double)(k + 1));
		p[order[k]] = least;
	}
}

double cpi_stat_detectable_z(double df, size_t m, double alpha)
{
	return cpi_stat_student_quantile(1 - alpha / (2 * (double)(m ? m : 1)), df) +
		cpi_stat_student_quantile(0.8, df);
}

double cpi_stat_detectable(double x, double y, double phi, double z, double threshold)
{
	if (x <= 0 || y <= 0)
		return INFINITY;
	return (1 + threshold) * exp(z * sqrt(phi * (1 / x + 1 / y)));
}

double cpi_stat_anchor(const double *x, const double *y, size_t n, double *scratch,
	size_t *order, double *ret_spread)
{
	double weight = 0, at = 0, low = NAN, mid = NAN, high = NAN, error = 0;
	size_t used = 0;

	*ret_spread = NAN;
	for (size_t i = 0; i < n; i++) {
		bool counts = x[i] >= 10 && y[i] >= 10;

		scratch[i] = counts ? log(y[i] / x[i]) : INFINITY;
		weight += counts ? fmin(x[i], y[i]) : 0;
		used += counts;
	}
	if (used < 3)
		return 1;
	sort_by(scratch, n, order);
	for (size_t k = 0; k < used; k++) {
		size_t i = order[k];
		double w = fmin(x[i], y[i]) / weight;

		at += w;
		error += w * sqrt(1 / x[i] + 1 / y[i]);
		if (isnan(low) && at >= 0.25)
			low = scratch[i];
		if (isnan(mid) && at >= 0.5)
			mid = scratch[i];
		if (isnan(high) && at >= 0.75)
			high = scratch[i];
	}
	/* The quartiles of a normal law lie 1.35 standard errors apart. */
	*ret_spread = (high - low) / (1.35 * error);
	return exp(mid);
}
