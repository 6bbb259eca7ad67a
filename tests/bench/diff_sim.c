/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often cpdiff's verdicts are right, on simulated tables whose truth is known.
 *
 *	diff-sim [TURNS [BUSY [SIDE]]]
 *
 * A capture has about 1,000 samples in 30 functions of 0.5 % and more; each function's
 * work varies from run to run by a log-normal factor of 0, 3 or 10 %, and the whole run
 * by another of BUSY (0; 0.1 is a busy machine; below 0: each capture has exactly 1,000
 * samples). One function of 21, 7 or 2.5 % is made slower.
 * Columns: comparisons in which it is found; by an oracle that is told σ, which the same
 * test is given in place of its estimate; found when named in advance; comparisons that
 * name another function or the total's change wrongly; intervals that hold the truth.
 * TURNS (default 400) comparisons a cell, of SIDE captures a side only where given;
 *seeded, the same numbers everywhere.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "op/diff/compare.h"
#include "op/diff/defaults.h"

#include "diff_random.h"

static double busy;

enum { ROWS = 30, MOST_RUNS = 32, LARGE = 0, MIDDLE = 1, SMALL = 2, NONE = -1 };

struct world {
	struct diff_random random;
	double share[ROWS];
	double value[ROWS * MOST_RUNS], total[MOST_RUNS], exposure[MOST_RUNS];
	uint8_t anchor[ROWS], planned[ROWS];
	struct cpi_compare_row row[ROWS], all;
	struct cpi_env env;
};

static void start(struct world *w, uint64_t seed)
{
	w->random = diff_random_start(seed);
	diff_shares(w->share, ROWS);
	cpi_env_init(&w->env, NULL);
}

/* A capture of a given number of samples: parts that grow leave less for the others. */
static void exactly(struct world *w, size_t r, size_t runs, double samples, double sigma,
	int slow, double change)
{
	double until[ROWS], sum = 0;

	for (int i = 0; i < ROWS; i++) {
		until[i] = sum += w->share[i] * diff_log_normal(&w->random, sigma) *
				  (i == slow ? change : 1);
		w->value[(size_t)i * runs + r] = 0;
	}
	for (double k = 0; k < samples; k++) {
		double at = diff_uniform(&w->random) * sum;
		int i = 0;

		while (i < ROWS - 1 && until[i] < at)
			i++;
		w->value[(size_t)i * runs + r]++;
	}
	w->total[r] = samples;
}

static void captures(struct world *w, size_t runs, double samples, double sigma, int slow,
	double change)
{
	for (size_t r = 0; r < runs; r++) {
		double all = samples * diff_log_normal(&w->random, fmax(0, busy));

		if (busy < 0) {
			exactly(w, r, runs, samples, sigma, r >= runs / 2 ? slow : NONE,
				change);
			continue;
		}

		w->total[r] = 0;
		for (int i = 0; i < ROWS; i++) {
			double mu =
				w->share[i] * all * diff_log_normal(&w->random, sigma);

			if (i == slow && r >= runs / 2)
				mu *= change;
			w->value[(size_t)i * runs + r] = diff_poisson(&w->random, mu);
			w->total[r] += w->value[(size_t)i * runs + r];
		}
	}
}

static void compare(struct world *w, size_t runs, const struct cpi_noise *told, int named)
{
	struct cpi_compare c = {.n_runs = runs,
		.n_before = runs / 2,
		.n_rows = ROWS,
		.n_flat = ROWS,
		.value = w->value,
		.var = w->value,
		.total = w->total,
		.total_var = w->total,
		.exposure = w->exposure,
		.basis = CPI_BASIS_ANCHOR,
		.choose = true,
		.anchor = w->anchor,
		.prior = CPI_DIFF_PRIOR,
		.total_prior = CPI_DIFF_TOTAL_PRIOR,
		.threshold = .05,
		.least_share = .005,
		.q = .05,
		.confidence = .95,
		.fdr = CPI_STAT_HOLM};
	struct cpi_noise own[ROWS];

	for (int i = 0; i < ROWS; i++) {
		own[i] = told ? *told : (struct cpi_noise){0};
		w->planned[i] = i == named;
	}
	c.own = own;
	c.planned = named == NONE ? NULL : w->planned;
	if (cpi_compare(&w->env, &c, w->row, &w->all, NULL))
		abort();
}

static bool loud(enum cpi_verdict v)
{
	return v != CPI_UNTESTED && v != CPI_WITHIN && v != CPI_SAME && v != CPI_UNCLEAR;
}

struct found {
	int it, others, total, covered, intervals;
};

static void count(const struct world *w, int slow, double change, struct found *f)
{
	bool others = false;

	for (int i = 0; i < ROWS; i++) {
		double truth = i == slow ? change : 1;

		if (i == slow)
			f->it += loud(w->row[i].verdict) && w->row[i].ratio > 1;
		else
			others |= loud(w->row[i].verdict);
		f->intervals++;
		f->covered += w->row[i].lo <= truth && truth <= w->row[i].hi;
	}
	f->others += others;
	f->total += loud(w->all.verdict);
}

static void cell(
	size_t side, double samples, double sigma, int slow, double change, int turns)
{
	static struct world w;
	struct found plain = {0}, oracle = {0}, named = {0};
	struct cpi_noise told = {sigma, 0, INFINITY, 0};

	start(&w, 1 + side);
	for (int turn = 0; turn < turns; turn++) {
		captures(&w, 2 * side, samples, sigma, slow, change);
		compare(&w, 2 * side, NULL, NONE);
		count(&w, slow, change, &plain);
		compare(&w, 2 * side, &told, NONE);
		count(&w, slow, change, &oracle);
		compare(&w, 2 * side, NULL, slow);
		count(&w, slow, change, &named);
	}
	printf("%6zu %5.0f %% ", side, 100 * sigma);
	if (slow == NONE)
		printf("%14s %7s %7s %7s", "none", "", "", "");
	else
		printf("%5.3g %% ×%-5.3g %6.1f%% %6.1f%% %6.1f%%", 100 * w.share[slow],
			change, 100.0 * plain.it / turns, 100.0 * oracle.it / turns,
			100.0 * named.it / turns);
	printf(" %6.1f%% %6.1f%% %6.1f%%\n", 100.0 * plain.others / turns,
		100.0 * plain.total / turns, 100.0 * plain.covered / plain.intervals);
	fflush(stdout);
	cpi_env_release(&w.env);
}

int main(int argc, char **argv)
{
	static const struct {
		size_t side;
		int slow;
		double change;
	} cells[] = {{1, NONE, 1}, {2, NONE, 1}, {3, NONE, 1}, {5, NONE, 1},
		{16, NONE, 1}, {1, LARGE, 2}, {1, LARGE, 1.5}, {3, LARGE, 1.2},
		{5, LARGE, 1.2}, {7, LARGE, 1.2}, {10, LARGE, 1.2}, {16, LARGE, 1.2},
		{5, MIDDLE, 1.5}, {5, SMALL, 2}};
	static const double sigmas[] = {0, .03, .1};
	size_t only;
	int turns = argc > 1 ? atoi(argv[1]) : 400;

	only = argc > 3 ? (size_t)atoi(argv[3]) : 0;
	busy = argc > 2 ? atof(argv[2]) : busy;
	printf("%d comparisons a cell\n", turns);
	printf("%6s %7s %14s %7s %7s %7s %7s %7s %7s\n", "a side", "sigma", "slower",
		"found", "oracle", "named", "others", "total", "covers");
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
		for (size_t s = 0; (!only || only == cells[i].side) &&
				   s < sizeof sigmas / sizeof *sigmas;
			s++)
			cell(cells[i].side, 1000, sigmas[s], cells[i].slow,
				cells[i].change, turns);
	return 0;
}
