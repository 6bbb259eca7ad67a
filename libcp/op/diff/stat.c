/* SPDX-License-Identifier: Apache-2.0 */
/* Tests, intervals and corrections. */
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

/* P(k) of y successes in n where each draw's chance is Beta(a, b). */
static double beta_binomial(double y, double n, double a, double b)
{
	int sign;

	return exp(lgamma_r(n + 1, &sign) - lgamma_r(y + 1, &sign) -
		   lgamma_r(n - y + 1, &sign) + lgamma_r(y + a, &sign) +
		   lgamma_r(n - y + b, &sign) - lgamma_r(n + a + b, &sign) +
		   lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign));
}

/* P(at least y of n), from y up; terms fall once they are past the mean. */
static double beta_binomial_tail(double y, double n, double a, double b)
{
	double at = beta_binomial(y, n, a, b), sum = 0;

	for (double k = y; k <= n && at > 1e-17 * sum; k++) {
		sum += at;
		at *= (n - k) * (a + k) / ((k + 1) * (n - k - 1 + b));
	}
	return sum;
}

double cpi_stat_conditional(double x, double y, double p0, double spread)
{
	double n = x + y, above, below, both = 1 / (spread * p0 * (1 - p0));

	if (n <= 0)
		return 1;
	if (!(spread > 0) || both > 1e9) {
		above = y > 0 ? cpi_stat_beta_cdf(y, x + 1, p0) : 1;
		below = x > 0 ? cpi_stat_beta_cdf(x, y + 1, 1 - p0) : 1;
	} else {
		y = round(y);
		x = round(x);
		n = x + y;
		above = y > n * p0 ? beta_binomial_tail(y, n, both * p0, both * (1 - p0))
				   : 1;
		below = y < n * p0 ? beta_binomial_tail(x, n, both * (1 - p0), both * p0)
				   : 1;
	}
	return fmin(1, 2 * fmin(above, below));
}

void cpi_stat_logit_interval(
	double x, double y, double spread, double t, double *ret_lo, double *ret_hi)
{
	double sampling = 1 / (x + 0.5) + 1 / (y + 0.5);
	double less = sampling / (sampling + spread), p = cpi_stat_normal_tail(t);
	double a = (y + 0.5) * less, b = (x + 0.5) * less;
	double lo = y > 0 ? cpi_stat_beta_quantile(a, b, p) : 0;
	double hi = x > 0 ? cpi_stat_beta_quantile(b, a, p) : 0;

	*ret_lo = lo / (1 - lo);
	*ret_hi = hi > 0 ? (1 - hi) / hi : INFINITY;
}

double cpi_stat_digamma(double x)
{
	double sum = 0, y;

	for (; x < 6; x++)
		sum -= 1 / x;
	y = 1 / (x * x);
	return sum + log(x) - 0.5 / x - y * (1.0 / 12 - y * (1.0 / 120 - y / 252));
}

double cpi_stat_trigamma(double x)
{
	double sum = 0, y;

	for (; x < 6; x++)
		sum += 1 / (x * x);
	y = 1 / (x * x);
	return sum + 1 / x + y / 2 + y / x * (1.0 / 6 - y * (1.0 / 30 - y / 42));
}

double cpi_stat_trigamma_inverse(double t)
{
	double lo = 1e-3, hi = 1e7;

	/* It falls from infinity to 0; halves of the logarithm are quick enough. */
	for (int i = 0; i < 80; i++) {
		double mid = sqrt(lo * hi);

		*(cpi_stat_trigamma(mid) > t ? &lo : &hi) = mid;
	}
	return sqrt(lo * hi);
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

static double weight_of(const double *weight, size_t i)
{
	return weight ? weight[i] : 1;
}

/* Step-down: the k-th smallest times the weight of those not yet rejected. */
static void holm(double *p, const double *weight, size_t n, const size_t *order)
{
	double most = 0, left = 0;

	for (size_t k = n; k--;)
		left += weight_of(weight, order[k]);
	for (size_t k = 0; k < n; k++) {
		most = fmax(most, p[order[k]] * left);
		left = fmax(0, left - weight_of(weight, order[k]));
		p[order[k]] = fmin(1, most);
	}
}

void cpi_stat_adjust(
	double *p, const double *weight, size_t n, enum cpi_stat_fdr how, size_t *order)
{
	double least = 1, harmonic = 1, all = 0;

	for (size_t i = 0; i < n; i++) {
		all += weight_of(weight, i);
		p[i] /= weight_of(weight, i);
	}
	sort_by(p, n, order);
	if (how == CPI_STAT_HOLM) {
		holm(p, weight, n, order);
		return;
	}
	for (size_t i = 2; how == CPI_STAT_BY && i <= n; i++)
		harmonic += 1 / (double)i;
	/* Step-up: from the largest down, never more than what a larger p gave. */
	for (size_t k = n; k--;) {
		least = fmin(least, p[order[k]] * harmonic * all / (double)(k + 1));
		p[order[k]] = least;
	}
}
