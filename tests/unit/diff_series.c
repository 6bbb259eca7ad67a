/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change points on tables whose truth is known. Everything is seeded: a run gives the
 * same numbers everywhere. The rates are diff-series-sim's (tests/bench), on fewer
 * series.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "op/diff/changepoint.h"

#include "../bench/diff_random.h"

enum { ROWS = 30, N = 30, TURNS = 100, NONE = -1 };

struct world {
	struct diff_random random;
	double share[ROWS], value[ROWS * N], total[N];
	struct cpi_env env;
};

static void start(struct world *w)
{
	w->random = diff_random_start(3);
	diff_shares(w->share, ROWS);
	cpi_env_init(&w->env, NULL);
}

/* Row `row` is multiplied by `change` from capture `at` on; at 0: evenly. */
static struct cpi_series draw(
	struct world *w, double sigma, double busy, int row, int at, double change)
{
	for (int k = 0; k < N; k++) {
		double all = 1000 * diff_log_normal(&w->random, busy);

		w->total[k] = 0;
		for (int i = 0; i < ROWS; i++) {
			double mu =
				w->share[i] * all * diff_log_normal(&w->random, sigma);

			if (i == row)
				mu *= !at       ? 1 + (change - 1) * k / (N - 1)
				      : k >= at ? change
						: 1;
			w->value[i * N + k] = diff_poisson(&w->random, mu);
			w->total[k] += w->value[i * N + k];
		}
	}
	return (struct cpi_series){.n_rows = ROWS,
		.n = N,
		.value = w->value,
		.var = w->value,
		.total = w->total,
		.total_var = w->total,
		.least_share = .005,
		.threshold = .05,
		.q = .05};
}

struct rates {
	int found, elsewhere, drifts;
};

static struct rates rates(double sigma, double busy, int row, int at, double change)
{
	static struct world w;
	struct rates r = {0};

	start(&w);
	for (int turn = 0; turn < TURNS; turn++) {
		struct cpi_series s = draw(&w, sigma, busy, row, at, change);
		bool elsewhere = false;

		assert_int_equal(cpi_series_find(&w.env, &s, NULL), CP_OK);
		for (size_t i = 0; i < s.step.n; i++) {
			const struct cpi_step *step = &s.step.v[i];
			bool there = at && !step->drift && step->at + 1 >= (size_t)at &&
				     step->at <= (size_t)at + 1;

			r.drifts += step->drift && step->row == (size_t)row;
			r.found += there && step->row == (size_t)row;
			elsewhere |=
				!step->drift && (!there || (step->row != (size_t)row &&
								   step->row != ROWS));
		}
		r.elsewhere += elsewhere;
		cpi_vec_release(&w.env.mem, &s.step);
	}
	assert_int_equal(w.env.mem.used, 0);
	cpi_env_release(&w.env);
	return r;
}

static void nothing_is_found_in_noise(void **state)
{
	(void)state;
	assert_true(rates(0, 0, NONE, 0, 1).elsewhere <= 5);
	assert_true(rates(.1, 0, NONE, 0, 1).elsewhere <= 6);
	assert_true(rates(.03, .1, NONE, 0, 1).elsewhere <= 6);
}

static void steps_are_found_where_they_are(void **state)
{
	static const int at[] = {5, 15, 25};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct rates r = rates(.03, 0, 0, at[i], 1.3);

		assert_true(r.found >= 90);
		assert_true(r.elsewhere <= 6);
	}
	assert_true(rates(.03, .1, 0, 15, 1.3).found >= 85);
}

/* A neighbour that grows makes all shares shrink: nobody else stepped for that. */
static void neighbours_do_not_leak(void **state)
{
	struct rates r = rates(.03, 0, 0, 0, 2);

	(void)state;
	assert_true(r.drifts >= 95);
	assert_true(r.elsewhere <= 3);
	r = rates(.03, 0, 0, 0, 1.3);
	assert_true(r.drifts >= 85);
	assert_true(r.elsewhere <= 6);
	assert_true(rates(0, 0, 0, 15, 2).elsewhere <= 3);
}

static void what_comes_and_goes_is_found(void **state)
{
	static struct world w;

	(void)state;
	start(&w);
	for (int gone = 0; gone < 2; gone++) {
		struct cpi_series s = draw(&w, 0, 0, NONE, 0, 1);

		for (int k = 0; k < N; k++)
			if ((k < 12) == !gone) {
				w.total[k] -= w.value[N + k];
				w.value[N + k] = 0;
			}
		assert_int_equal(cpi_series_find(&w.env, &s, NULL), CP_OK);
		assert_true(s.step.n >= 1 && s.step.n <= 2);
		assert_int_equal(s.step.v[0].row, 1);
		assert_int_equal(s.step.v[0].at, 12);
		assert_true(gone ? s.step.v[0].ratio == 0 : isinf(s.step.v[0].ratio));
		cpi_vec_release(&w.env.mem, &s.step);
	}
	cpi_env_release(&w.env);
}

static void any_allocation_may_fail(void **state)
{
	static struct world w;
	struct cpi_series s;

	(void)state;
	start(&w);
	s = draw(&w, 0, 0, 0, 15, 2);
	for (uint64_t n = 1;; n++) {
		enum cp_code code;

		w.env.mem.ops = 0;
		w.env.mem.fail_at = n;
		code = cpi_series_find(&w.env, &s, NULL);
		cpi_vec_release(&w.env.mem, &s.step);
		assert_int_equal(w.env.mem.used, 0);
		if (!code)
			break;
		assert_int_equal(code, CP_ERROR_MEMORY);
	}
	w.env.mem.fail_at = 0;
	cpi_env_release(&w.env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_found_in_noise),
		cmocka_unit_test(steps_are_found_where_they_are),
		cmocka_unit_test(neighbours_do_not_leak),
		cmocka_unit_test(what_comes_and_goes_is_found),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
