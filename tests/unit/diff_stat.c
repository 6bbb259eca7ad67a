/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: diff stat. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "op/diff/stat.h"

#define near(a, b, eps) assert_true(fabs((a) - (b)) <= (eps))

/* Reference values: tables of the distributions to the digits given. */
static void distributions_agree_with_tables(void **state)
{
	(void)state;
	near(cpi_stat_normal_quantile(0.975), 1.959963984540054, 1e-10);
	near(cpi_stat_normal_quantile(1e-9), -5.997807015008, 1e-8);
	near(cpi_stat_normal_tail(3), 0.0013498980316301, 1e-15);
	near(cpi_stat_beta_cdf(2, 3, 0.4), 0.5248, 1e-12);
	near(cpi_stat_beta_cdf(0.5, 0.5, 0.5), 0.5, 1e-12);
	near(cpi_stat_student_quantile(0.975, 4), 2.7764451051978, 1e-8);
	near(cpi_stat_student_quantile(0.975, 10), 2.2281388519649, 1e-8);
	near(cpi_stat_student_tail(2, 1), 0.14758361765043, 1e-10);
	for (double p = 0.01; p < 1; p += 0.07) {
		near(cpi_stat_beta_cdf(7.5, 30.5, cpi_stat_beta_quantile(7.5, 30.5, p)),
			p, 1e-9);
		near(cpi_stat_student_tail(cpi_stat_student_quantile(p, 6), 6), 1 - p,
			1e-9);
	}
	near(cpi_stat_chi_median(4), 3.3567 / 4, 0.01);
}

/* The sum over the whole law, as the definition says; spread 0 is the binomial one. */
static double p_by_sum(int x, int y, double p0, double spread)
{
	int n = x + y;
	double below = 0, above = 0, both = 1 / (spread * p0 * (1 - p0));

	for (int k = 0; k <= n; k++) {
		double choose = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
		double a = both * p0, b = both * (1 - p0);
		double mass = spread > 0
				      ? exp(choose + lgamma(k + a) + lgamma(n - k + b) -
						lgamma(n + both) + lgamma(both) -
						lgamma(a) - lgamma(b))
				      : exp(choose + k * log(p0) + (n - k) * log1p(-p0));

		below += k <= y ? mass : 0;
		above += k >= y ? mass : 0;
	}
	return fmin(1, 2 * fmin(below, above));
}

static void small_counts_are_exact(void **state)
{
	(void)state;
	for (int x = 0; x < 30; x += 3)
		for (int y = 0; y < 40; y += 5)
			for (double spread = 0; spread < 0.1; spread += 0.02) {
				if (!x && !y)
					continue;
				near(cpi_stat_conditional(x, y, 0.6, spread),
					p_by_sum(x, y, 0.6, spread), 1e-8);
				near(cpi_stat_conditional(x, y, 0.6, spread),
					cpi_stat_conditional(y, x, 0.4, spread), 1e-8);
			}
	/* 0 against 12 in each of five captures a side. */
	near(log2(cpi_stat_conditional(0, 60, 0.5, 0)), -59, 1e-6);
	assert_true(cpi_stat_conditional(0, 0, 0.5, 0) == 1);
}

static void intervals_have_ends_without_counts(void **state)
{
	double lo, hi;

	(void)state;
	cpi_stat_logit_interval(10, 0, 0, 1.96, &lo, &hi);
	assert_true(lo == 0 && hi > 0 && hi < 0.5);
	cpi_stat_logit_interval(0, 10, 0.02, 1.96, &lo, &hi);
	assert_true(lo > 2 && isinf(hi));
	cpi_stat_logit_interval(1000, 1000, 0, 1.96, &lo, &hi);
	near(hi, exp(1.96 * sqrt(2 / 1000.0)), 1e-3);
	near(lo * hi, 1, 1e-6);
	cpi_stat_logit_interval(1000, 1000, 0.02, 1.96, &lo, &hi);
	near(hi, exp(1.96 * sqrt(2 / 1000.0 + 0.02)), 0.02);
}

static void polygammas_agree_with_tables(void **state)
{
	(void)state;
	near(cpi_stat_digamma(1), -0.5772156649, 1e-8);
	near(cpi_stat_digamma(10.5), 2.3030010343, 1e-8);
	near(cpi_stat_trigamma(1), 1.6449340668, 1e-6);
	near(cpi_stat_trigamma_inverse(cpi_stat_trigamma(3.7)), 3.7, 1e-6);
}

static void many_tests_are_corrected(void **state)
{
	double bh[] = {0.01, 0.04, 0.03, 0.005}, h[] = {0.01, 0.04, 0.03, 0.005};
	double by[] = {0.01, 0.04, 0.03, 0.005};
	double two[] = {0.02, 0.02};
	static const double weight[] = {3, 1};
	size_t order[4];

	(void)state;
	cpi_stat_adjust(bh, NULL, 4, CPI_STAT_BH, order);
	near(bh[0], 0.02, 1e-12);
	near(bh[1], 0.04, 1e-12);
	near(bh[2], 0.04, 1e-12);
	near(bh[3], 0.02, 1e-12);
	cpi_stat_adjust(h, NULL, 4, CPI_STAT_HOLM, order);
	near(h[3], 0.02, 1e-12);
	near(h[0], 0.03, 1e-12);
	near(h[2], 0.06, 1e-12);
	near(h[1], 0.06, 1e-12);
	cpi_stat_adjust(by, NULL, 4, CPI_STAT_BY, order);
	near(by[1], 0.04 * (1 + 0.5 + 1 / 3.0 + 0.25), 1e-12);
	/* Three quarters of the error rate for the first; the second, then, has all. */
	cpi_stat_adjust(two, weight, 2, CPI_STAT_HOLM, order);
	near(two[0], 0.02 / 3 * 4, 1e-12);
	near(two[1], 0.0266666666667, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distributions_agree_with_tables),
		cmocka_unit_test(small_counts_are_exact),
		cmocka_unit_test(intervals_have_ends_without_counts),
		cmocka_unit_test(polygammas_agree_with_tables),
		cmocka_unit_test(many_tests_are_corrected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
