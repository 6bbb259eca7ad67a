/* SPDX-License-Identifier: Apache-2.0 */
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
		near(cpi_stat_beta_cdf(7.5, 30.5, cpi_stat_beta_quantile(7.5, 30.5, p)), p, 1e-9);
		near(cpi_stat_student_tail(cpi_stat_student_quantile(p, 6), 6), 1 - p, 1e-9);
	}
	near(cpi_stat_chi_median(4), 3.3567 / 4, 0.01);
}

/* The sum over the whole binomial law, as the definition says. */
static double midp_by_sum(int x, int y, double p0)
{
	int n = x + y;
	double below = 0, above = 0, at = 0;

	for (int k = 0; k <= n; k++) {
		double mass = exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) +
			k * log(p0) + (n - k) * log1p(-p0));

		if (k < y)
			below += mass;
		else if (k > y)
			above += mass;
		else
			at = mass;
	}
	return fmin(1, 2 * fmin(below + at / 2, above + at / 2));
}

static void pairs_are_mid_p_binomial(void **state)
{
	(void)state;
	for (int x = 0; x < 30; x += 3)
		for (int y = 0; y < 40; y += 5) {
			struct cpi_stat_ratio r, swapped;

			if (!x && !y)
				continue;
			r = cpi_stat_pair(x, y, 2, 3, 1, 0, 0.95);
			near(r.p, midp_by_sum(x, y, 0.6), 1e-9);
			swapped = cpi_stat_pair(y, x, 3, 2, 1, 0, 0.95);
			near(r.p, swapped.p, 1e-9);
			if (x && y)
				near(r.lo * swapped.hi, 1, 1e-6);
			assert_true(r.lo <= r.ratio && r.ratio <= r.hi);
		}
	/* Half the samples: the same as phi 2. */
	near(cpi_stat_pair(40, 60, 1, 1, 2, 0, 0.95).p, cpi_stat_pair(20, 30, 1, 1, 1, 0, 0.95).p,
		1e-12);
	assert_true(cpi_stat_pair(1000, 1000, 1000, 1000, 1, 1, 0.95).p == 1);
}

static void many_tests_are_corrected(void **state)
{
	double bh[] = {0.01, 0.04, 0.03, 0.005}, h[] = {0.01, 0.04, 0.03, 0.005};
	double by[] = {0.01, 0.04, 0.03, 0.005};
	size_t order[4];

	(void)state;
	cpi_stat_adjust(bh, 4, CPI_STAT_BH, order);
	near(bh[0], 0.02, 1e-12);
	near(bh[1], 0.04, 1e-12);
	near(bh[2], 0.04, 1e-12);
	near(bh[3], 0.02, 1e-12);
	cpi_stat_adjust(h, 4, CPI_STAT_HOLM, order);
	near(h[3], 0.02, 1e-12);
	near(h[0], 0.03, 1e-12);
	near(h[2], 0.06, 1e-12);
	near(h[1], 0.06, 1e-12);
	cpi_stat_adjust(by, 4, CPI_STAT_BY, order);
	near(by[1], 0.04 * (1 + 0.5 + 1 / 3.0 + 0.25), 1e-12);
}

static void anchor_ignores_what_changed(void **state)
{
	double x[] = {1000, 2000, 500, 800, 5}, y[] = {2020, 3980, 1010, 8000, 500};
	double scratch[5], spread;
	size_t order[5];

	(void)state;
	near(cpi_stat_anchor(x, y, 5, scratch, order, &spread), 2, 0.05);
	assert_false(isnan(spread));
	near(cpi_stat_anchor(x, y, 2, scratch, order, &spread), 1, 0);
	assert_true(isnan(spread));
}

static void detectable_change_matches_the_table(void **state)
{
	(void)state;
	/* Equal sides, phi 1, alpha 0.05, one test and sixty. */
	near(cpi_stat_detectable(100, 100, 1, cpi_stat_detectable_z(INFINITY, 1, 0.05), 0), 1.49, 0.01);
	near(cpi_stat_detectable(10000, 10000, 1, cpi_stat_detectable_z(INFINITY, 1, 0.05), 0), 1.04, 0.005);
	near(cpi_stat_detectable(100, 100, 1, cpi_stat_detectable_z(INFINITY, 60, 0.05), 0), 1.81, 0.02);
	assert_true(isinf(cpi_stat_detectable(0, 10, 1, cpi_stat_detectable_z(INFINITY, 1, 0.05), 0)));
}

static void several_captures_use_their_spread(void **state)
{
	double exposure[] = {1, 1, 1, 1, 1, 1}, calm[] = {100, 103, 97, 150, 148, 153};
	double wild[] = {60, 150, 90, 200, 90, 160};
	struct cpi_stat_runs runs = {6, 3, exposure};
	double phi = cpi_stat_shrink(cpi_stat_dispersion(&runs, wild), 4, 1);

	(void)state;
	assert_true(cpi_stat_dispersion(&runs, calm) < 0.2);
	assert_true(phi > 5);
	assert_true(cpi_stat_several(&runs, calm, 1, 10, 0.05, 0, 2.228).p < 0.01);
	assert_true(cpi_stat_several(&runs, wild, phi, 10, 0.05, 0, 2.228).p > 0.1);
	near(cpi_stat_several(&runs, calm, 1, 10, 0.05, 0, 2.228).ratio, 451 / 300.0, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distributions_agree_with_tables),
		cmocka_unit_test(pairs_are_mid_p_binomial),
		cmocka_unit_test(many_tests_are_corrected),
		cmocka_unit_test(anchor_ignores_what_changed),
		cmocka_unit_test(detectable_change_matches_the_table),
		cmocka_unit_test(several_captures_use_their_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
