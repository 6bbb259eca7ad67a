/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rates that cpdiff's verdicts promise, measured on simulated tables whose truth is
 * known. Everything is seeded: a run gives the same numbers everywhere.
 */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "op/diff/compare.h"
#include "op/diff/defaults.h"

enum { ROWS = 60, MOST_RUNS = 16 };

struct world {
	uint64_t random;
	double share[ROWS]; /* of the profile; sums to 1 */
	double count[ROWS * MOST_RUNS], total[MOST_RUNS];
	double exposure[MOST_RUNS];
	uint8_t anchor[ROWS];
	struct cpi_compare_row row[ROWS], all;
	struct cpi_env env;
};

static double uniform(struct world *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (double)(w->random >> 11) / 9007199254740992.0;
}

static double normal(struct world *w)
{
	double u = uniform(w), v = uniform(w);

	return sqrt(-2 * log(u > 0 ? u : 1e-300)) * cos(2 * M_PI * v);
}

static double poisson(struct world *w, double mean)
{
	double limit = exp(-mean), product = uniform(w), k = 0;

	if (mean > 500)
		return fmax(0, floor(mean + sqrt(mean) * normal(w) + 0.5));
	for (; product > limit; k++)
		product *= uniform(w);
	return k;
}

/* Marsaglia and Tsang's method, for shapes of 1 and more. */
static double gamma_of(struct world *w, double shape)
{
	double d, c, x, v, boost = 1;

	if (shape < 1) {
		boost = pow(uniform(w), 1 / shape);
		shape += 1;
	}
	d = shape - 1.0 / 3;
	c = 1 / sqrt(9 * d);
	for (;;) {
		x = normal(w);
		v = 1 + c * x;
		if (v <= 0)
			continue;
		v = v * v * v;
		if (log(uniform(w)) < 0.5 * x * x + d - d * v + d * log(v))
			return boost * d * v;
	}
}

/* A count with variance phi * mean: negative binomial, Poisson at phi = 1. */
static double over_dispersed(struct world *w, double mean, double phi)
{
	if (phi <= 1)
		return poisson(w, mean);
	return poisson(w, gamma_of(w, mean / (phi - 1)) * (phi - 1));
}

/* Function sizes as profiles have them: few large, many small. */
static void start(struct world *w, uint64_t seed)
{
	double sum = 0;

	w->random = seed * 0x9e3779b97f4a7c15ULL + 1;
	for (int i = 0; i < ROWS; i++)
		sum += w->share[i] = 1.0 / (i + 1.5);
	for (int i = 0; i < ROWS; i++)
		w->share[i] /= sum;
	cpi_env_init(&w->env, NULL);
}

/* A capture with exactly n samples, each drawn by share * change. */
static void multinomial(struct world *w, size_t run, size_t runs, int n, const double *change)
{
	double cumulative[ROWS], sum = 0;

	for (int i = 0; i < ROWS; i++) {
		w->count[i * runs + run] = 0;
		cumulative[i] = sum += w->share[i] * (change ? change[i] : 1);
	}
	for (int k = 0; k < n; k++) {
		double u = uniform(w) * sum;
		int lo = 0, hi = ROWS - 1;

		while (lo < hi) {
			int mid = (lo + hi) / 2;

			if (cumulative[mid] < u)
				lo = mid + 1;
			else
				hi = mid;
		}
		w->count[lo * runs + run]++;
	}
}

/* How the values are compared. */
enum how { AS_THEY_ARE, BY_TOTAL, BY_ANCHOR };

static struct cpi_compare compare(struct world *w, size_t runs, size_t before, enum how how)
{
	struct cpi_compare c = {.n_runs = runs, .n_before = before, .n_rows = ROWS, .n_flat = ROWS,
		.value = w->count, .var = w->count, .total = w->total, .total_var = w->total,
		.exposure = w->exposure, .anchor = w->anchor,
		.prior = runs > 2 ? CPI_DIFF_PRIOR : (struct cpi_noise){.df = INFINITY},
		.total_prior = CPI_DIFF_TOTAL_PRIOR,
		.basis = how == AS_THEY_ARE ? CPI_BASIS_GIVEN
			: how == BY_TOTAL   ? CPI_BASIS_TOTAL
					    : CPI_BASIS_ANCHOR,
		.choose = how == BY_ANCHOR, .threshold = 0.05, .least_share = 0.005, .q = 0.05,
		.confidence = 0.95, .fdr = CPI_STAT_HOLM};

	for (size_t r = 0; r < runs; r++) {
		w->exposure[r] = 1;
		w->total[r] = 0;
		for (int i = 0; i < ROWS; i++)
			w->total[r] += w->count[i * runs + r];
	}
	assert_int_equal(cpi_compare(&w->env, &c, w->row, &w->all, NULL), CP_OK);
	return c;
}

static bool loud(enum cpi_verdict v)
{
	return v == CPI_MORE || v == CPI_LESS || v == CPI_WORSE || v == CPI_BETTER ||
		v == CPI_NEW || v == CPI_GONE;
}

static bool any_loud(const struct world *w)
{
	for (int i = 0; i < ROWS; i++)
		if (loud(w->row[i].verdict))
			return true;
	return false;
}

static void assert_rate(const char *what, int bad, int turns, double stated)
{
	double allowed = stated + 2 * sqrt(stated * (1 - stated) / turns);

	printf("%s: %d of %d (%.2f %%, allowed %.2f %%)\n", what, bad, turns,
		100.0 * bad / turns, 100 * allowed);
	assert_true((double)bad / turns <= allowed);
}

static void equal_pairs_stay_quiet(void **state)
{
	static const int sizes[] = {300, 2000, 20000};
	static struct world w;
	enum { TURNS = 300 };

	(void)state;
	for (int size = 0; size < 3; size++)
		for (enum how how = AS_THEY_ARE; how <= BY_ANCHOR; how++) {
			int bad = 0;
			char what[80];

			start(&w, 7 + (uint64_t)size);
			for (int turn = 0; turn < TURNS; turn++) {
				multinomial(&w, 0, 2, sizes[size], NULL);
				/* Sides of unequal length, where the totals are the scale. */
				multinomial(&w, 1, 2, sizes[size] * (how ? 2 : 1), NULL);
				compare(&w, 2, 1, how);
				bad += any_loud(&w);
			}
			snprintf(what, sizeof what, "pairs of %d samples, %s", sizes[size],
				how == BY_TOTAL ? "by total" : how ? "anchored" : "unscaled");
			assert_rate(what, bad, TURNS, 0.05);
			cpi_env_release(&w.env);
		}
}

/* Dispersed counts are not the model; what they share, and what they do not, is found. */
static void equal_series_stay_quiet(void **state)
{
	static const double phis[] = {1, 1.5, 2};
	static const size_t sides[] = {3, 5};
	static struct world w;
	enum { TURNS = 300 };

	(void)state;
	for (int s = 0; s < 2; s++)
		for (int k = 0; k < 3; k++) {
			size_t runs = 2 * sides[s];
			int bad = 0;
			char what[80];

			start(&w, 40 + (uint64_t)(s * 4 + k));
			for (int turn = 0; turn < TURNS; turn++) {
				for (size_t r = 0; r < runs; r++)
					for (int i = 0; i < ROWS; i++)
						w.count[i * runs + r] = over_dispersed(
							&w, 3000 * w.share[i], phis[k]);
				compare(&w, runs, sides[s], AS_THEY_ARE);
				bad += any_loud(&w);
			}
			snprintf(what, sizeof what, "%zu a side, phi %.1f", sides[s], phis[k]);
			assert_rate(what, bad, TURNS, 0.05);
			cpi_env_release(&w.env);
		}
}

/*
 * Work that varies by a share of itself, each function's own or all functions' together, has
 * a dispersion that grows with the samples: large functions have far more of it than most.
 */
static void proportional_noise(struct world *w, size_t runs, double samples, double own,
	double shared)
{
	for (size_t r = 0; r < runs; r++) {
		double all = exp(shared * normal(w));

		for (int i = 0; i < ROWS; i++)
			w->count[i * runs + r] =
				poisson(w, samples * all * w->share[i] * exp(own * normal(w)));
	}
}

static void proportional_noise_stays_quiet(void **state)
{
	static const struct {
		size_t side;
		double samples, own, shared;
	} cases[] = {{2, 100000, .1, 0}, {3, 100000, .1, 0}, {5, 20000, .2, 0}, {2, 20000, 0, .2},
		{3, 20000, 0, .2}, {5, 20000, 0, .2}};
	static struct world w;
	enum { TURNS = 400 };

	(void)state;
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		size_t runs = 2 * cases[k].side;
		int bad = 0;
		char what[80];

		start(&w, 60 + k);
		for (int turn = 0; turn < TURNS; turn++) {
			proportional_noise(&w, runs, cases[k].samples, cases[k].own, cases[k].shared);
			compare(&w, runs, cases[k].side, BY_ANCHOR);
			bad += any_loud(&w);
		}
		snprintf(what, sizeof what, "%zu a side, own noise %.0f %%, shared %.0f %%",
			cases[k].side, 100 * cases[k].own, 100 * cases[k].shared);
		assert_rate(what, bad, TURNS, 0.05);
		cpi_env_release(&w.env);
	}
}

/* The sum of all rows is judged by its own spread, whatever rows share. */
static void sums_stay_quiet(void **state)
{
	static struct world w;
	enum { TURNS = 400 };

	(void)state;
	for (size_t side = 2; side <= 5; side++) {
		int bad = 0;
		char what[80];

		start(&w, 80 + side);
		for (int turn = 0; turn < TURNS; turn++) {
			proportional_noise(&w, 2 * side, 20000, 0, .2);
			compare(&w, 2 * side, side, BY_ANCHOR);
			bad += loud(w.all.verdict);
		}
		snprintf(what, sizeof what, "the total, %zu a side", side);
		assert_rate(what, bad, TURNS, 0.05);
		cpi_env_release(&w.env);
	}
}

/* Coverage over rows with at least 10 expected samples a side. */
static double coverage(struct world *w, size_t runs, double phi, double change, int turns)
{
	long inside = 0, all = 0;

	for (int turn = 0; turn < turns; turn++) {
		for (size_t r = 0; r < runs; r++)
			for (int i = 0; i < ROWS; i++)
				w->count[i * runs + r] = over_dispersed(w,
					2000 * w->share[i] * (r >= runs / 2 ? change : 1), phi);
		compare(w, runs, runs / 2, AS_THEY_ARE);
		for (int i = 0; i < ROWS; i++)
			if (2000 * w->share[i] >= 10) {
				all++;
				inside += w->row[i].lo <= change &&
					w->row[i].hi >= change;
			}
	}
	return (double)inside / (double)all;
}

static void intervals_cover(void **state)
{
	static struct world w;

	(void)state;
	start(&w, 99);
	for (double change = 0.5; change < 2.5; change *= 1.5) {
		double one = coverage(&w, 2, 1, change, 300);
		double three = coverage(&w, 6, 1.5, change, 300);
		double five = coverage(&w, 10, 2, change, 300);

		printf("change %.2f: coverage %.3f (1 a side), %.3f (3, phi 1.5), %.3f (5, phi 2)\n",
			change, one, three, five);
		assert_true(one >= 0.93);
		assert_true(three >= 0.93);
		assert_true(five >= 0.93);
	}
	cpi_env_release(&w.env);
}

/* Share of turns in which function `i`, made `change` times slower, is found. */
static double power(
	struct world *w, size_t runs, int i, double change, int samples, int turns, double *ret_mdc)
{
	int found = 0;
	double mdc = 0;

	for (int turn = 0; turn < turns; turn++) {
		for (size_t r = 0; r < runs; r++)
			for (int k = 0; k < ROWS; k++)
				w->count[k * runs + r] = poisson(w,
					samples * w->share[k] * (k == i && r >= runs / 2 ? change : 1));
		compare(w, runs, runs / 2, AS_THEY_ARE);
		found += loud(w->row[i].verdict);
		mdc += w->row[i].detectable / turns;
	}
	*ret_mdc = mdc;
	return (double)found / turns;
}

static void power_grows_and_is_stated(void **state)
{
	static const size_t all_runs[] = {2, 6, 10};
	static struct world w;
	double mdc, found, before = 0;

	(void)state;
	start(&w, 5);
	for (double change = 1.05; change < 2; change *= 1.2) {
		found = power(&w, 2, 2, change, 3000, 200, &mdc);
		assert_true(found >= before - 0.05);
		before = found;
	}
	before = 0;
	for (int samples = 500; samples < 50000; samples *= 3) {
		found = power(&w, 2, 2, 1.3, samples, 200, &mdc);
		assert_true(found >= before - 0.05);
		before = found;
	}
	assert_true(before > 0.95);
	for (int k = 0; k < 3; k++) {
		/* What the tool prints without a change … */
		power(&w, all_runs[k], 2, 1, 3000, 50, &mdc);
		/* … times 1.15 at most is found four times in five. */
		found = power(&w, all_runs[k], 2, 1 + (mdc - 1) * 1.15, 3000, 400, &before);
		printf("%zu runs: detectable %.3f, power at 1.15 times that change %.3f\n",
			all_runs[k], mdc, found);
		assert_true(found >= 0.8 - 2 * sqrt(0.8 * 0.2 / 400));
	}
	cpi_env_release(&w.env);
}

static void sides_and_units_do_not_matter(void **state)
{
	static struct world w, v;

	(void)state;
	start(&w, 11);
	for (size_t runs = 2; runs <= 6; runs += 4) {
		for (size_t r = 0; r < runs; r++)
			multinomial(&w, r, runs, 1500, NULL);
		start(&v, 1);
		for (int i = 0; i < ROWS; i++)
			for (size_t r = 0; r < runs; r++)
				v.count[i * runs + r] = w.count[i * runs + (r + runs / 2) % runs];
		compare(&w, runs, runs / 2, AS_THEY_ARE);
		compare(&v, runs, runs / 2, AS_THEY_ARE);
		for (int i = 0; i < ROWS; i++) {
			assert_true(fabs(w.row[i].p - v.row[i].p) < 1e-9);
			assert_true(loud(w.row[i].verdict) == loud(v.row[i].verdict));
			if (w.row[i].lo > 0)
				assert_true(fabs(w.row[i].lo * v.row[i].hi - 1) < 1e-6);
		}
		cpi_env_release(&v.env);
	}
	cpi_env_release(&w.env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_pairs_stay_quiet),
		cmocka_unit_test(equal_series_stay_quiet),
		cmocka_unit_test(proportional_noise_stays_quiet),
		cmocka_unit_test(sums_stay_quiet),
		cmocka_unit_test(intervals_cover),
		cmocka_unit_test(power_grows_and_is_stated),
		cmocka_unit_test(sides_and_units_do_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
