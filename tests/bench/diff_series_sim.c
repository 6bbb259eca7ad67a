/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often cpdiff --series is right, on simulated series whose truth is known, beside
 * E-divisive (Matteson and James 2014) on the same series.
 *
 *	diff-series-sim [TURNS [BUSY]]
 *
 * Thirty captures of about 1,000 samples in 30 functions of 0.5 % and more; each
 * function's work varies by a log-normal factor of 0, 3, 5 or 10 %, whole runs by another
 * of BUSY (0). One function steps, or drifts evenly from the first capture to the last.
 *
 * found: series in which the function's step is found within one capture of its place.
 * false: series with any step that is none: of another function, of the right one
 * elsewhere, of one that drifts (the total may step where it really does). E-divisive
 *sees what people give it, each function's share of the total; "each": its own 5 % for
 *every function; "all": 5 % for all of them together (Bonferroni), by 999 permutations.
 *Where a function steps or drifts, all shares do, so its false steps are counted by the
 *same rule. TURNS (default 400) series a cell; seeded, the same numbers everywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/diff/changepoint.h"

#include "diff_random.h"

enum { ROWS = 30, N = 30, PERMUTATIONS = 999, LEAST_SEGMENT = 2 };

/* What truly happens: `row` is multiplied by change, from capture `at` or evenly (0). */
struct truth {
	int row, at;
	double change;
};

struct world {
	struct diff_random random;
	double share[ROWS], value[ROWS * N], total[N];
	struct cpi_env env;
};

struct answer {
	bool found, wrong;
};

static double busy;

static void draw(struct world *w, double sigma, const struct truth *t)
{
	for (int k = 0; k < N; k++) {
		double all = 1000 * diff_log_normal(&w->random, busy);

		w->total[k] = 0;
		for (int i = 0; i < ROWS; i++) {
			double mu =
				w->share[i] * all * diff_log_normal(&w->random, sigma);

			if (i == t->row && t->at)
				mu *= k >= t->at ? t->change : 1;
			else if (i == t->row)
				mu *= 1 + (t->change - 1) * k / (N - 1);
			w->value[i * N + k] = diff_poisson(&w->random, mu);
			w->total[k] += w->value[i * N + k];
		}
	}
}

/* One step that was called, at `at` of `row` (ROWS: the total). */
static void count(struct answer *a, const struct truth *t, size_t row, size_t at)
{
	bool there = t->at && abs((int)at - t->at) <= 1;

	if (there && (int)row == t->row)
		a->found = true;
	else if (!there || row != ROWS)
		a->wrong = true;
}

static struct answer ours(struct world *w, const struct truth *t)
{
	struct cpi_series s = {.n_rows = ROWS,
		.n = N,
		.value = w->value,
		.var = w->value,
		.total = w->total,
		.total_var = w->total,
		.least_share = .005,
		.threshold = .05,
		.q = .05};
	struct answer a = {false, false};

	if (cpi_series_find(&w->env, &s, NULL))
		abort();
	for (size_t i = 0; i < s.step.n; i++)
		if (!s.step.v[i].drift)
			count(&a, t, s.step.v[i].row, s.step.v[i].at);
	cpi_vec_release(&w->env.mem, &s.step);
	return a;
}

/* Largest energy distance between the two sides of a cut of v[0..n). */
static double energy(const double *v, int n, int *ret_cut)
{
	double within[2] = {0}, between = 0, best = -1;

	/* Everything on the right, then one after the other to the left. */
	for (int i = 0; i < n; i++)
		for (int k = 0; k < i; k++)
			within[1] += fabs(v[i] - v[k]);
	for (int cut = 1; cut < n; cut++) {
		double left = 0, right = 0, m = cut, r = n - cut, q;

		for (int k = 0; k < cut - 1; k++)
			left += fabs(v[cut - 1] - v[k]);
		for (int k = cut; k < n; k++)
			right += fabs(v[cut - 1] - v[k]);
		within[0] += left;
		within[1] -= right;
		between += right - left;
		if (cut < LEAST_SEGMENT || n - cut < LEAST_SEGMENT)
			continue;
		q = m * r / (m + r) *
		    (2 * between / (m * r) - 2 * within[0] / (m * fmax(1, m - 1)) -
			    2 * within[1] / (r * fmax(1, r - 1)));
		if (q > best) {
			best = q;
			*ret_cut = cut;
		}
	}
	return best;
}

/* Is the best cut better than in all but a part `level` of the orders? */
static bool significant(
	struct world *w, const double *v, int n, double best, double level)
{
	double order[N];
	int above = 0, cut;

	memcpy(order, v, (size_t)n * sizeof *v);
	for (int turn = 0; turn < PERMUTATIONS; turn++) {
		for (int i = n - 1; i > 0; i--) {
			int k = (int)(diff_uniform(&w->random) * (i + 1));
			double swap = order[i];

			order[i] = order[k];
			order[k] = swap;
		}
		above += energy(order, n, &cut) >= best;
		if (above + 1 > level * (PERMUTATIONS + 1))
			return false;
	}
	return true;
}

static void e_divisive(struct world *w, const struct truth *t, size_t row, double level,
	struct answer *a)
{
	struct {
		int from, n;
	} open[N] = {{0, N}};
	double v[N];

	for (int k = 0; k < N; k++)
		v[k] = row == ROWS ? w->total[k] : w->value[row * N + k] / w->total[k];
	for (int n = 1; n;) {
		int from = open[--n].from, length = open[n].n, cut = 0;
		double best;

		if (length < 2 * LEAST_SEGMENT)
			continue;
		best = energy(v + from, length, &cut);
		if (!significant(w, v + from, length, best, level))
			continue;
		count(a, t, row, (size_t)(from + cut));
		open[n].from = from;
		open[n++].n = cut;
		open[n].from = from + cut;
		open[n++].n = length - cut;
	}
}

static void cell(double sigma, const struct truth *t, const char *what, int turns)
{
	static struct world w;
	int found[3] = {0}, wrong[3] = {0};

	w.random = diff_random_start(7);
	diff_shares(w.share, ROWS);
	cpi_env_init(&w.env, NULL);
	for (int turn = 0; turn < turns; turn++) {
		struct answer a[3] = {{0}};

		draw(&w, sigma, t);
		a[0] = ours(&w, t);
		for (size_t row = 0; row <= ROWS; row++) {
			e_divisive(&w, t, row, .05, &a[1]);
			e_divisive(&w, t, row, .05 / (ROWS + 1), &a[2]);
		}
		for (int i = 0; i < 3; i++) {
			found[i] += a[i].found;
			wrong[i] += a[i].wrong;
		}
	}
	printf("%-26s %4.0f %%", what, 100 * sigma);
	for (int i = 0; i < 3; i++)
		printf("  %6.1f%% %6.1f%%", 100.0 * found[i] / turns,
			100.0 * wrong[i] / turns);
	printf("\n");
	fflush(stdout);
	cpi_env_release(&w.env);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *what;
		struct truth truth;
	} cells[] = {{"nothing", {-1, 0, 1}}, {"21 % steps 1.3x at 6", {0, 5, 1.3}},
		{"21 % steps 1.3x at 16", {0, 15, 1.3}},
		{"21 % steps 1.3x at 26", {0, 25, 1.3}},
		{"21 % steps 2x at 16", {0, 15, 2}},
		{"7 % steps 1.5x at 16", {1, 15, 1.5}}, {"21 % drifts 1.3x", {0, 0, 1.3}},
		{"21 % drifts 2x", {0, 0, 2}}, {"7 % drifts 1.5x", {1, 0, 1.5}}};
	static const double sigmas[] = {0, .03, .05, .1};
	int turns = argc > 1 ? atoi(argv[1]) : 400;

	busy = argc > 2 ? atof(argv[2]) : 0;
	printf("%d series a cell\n%-26s %6s  %15s  %15s  %15s\n", turns, "", "sigma",
		"cpdiff", "E-div. each", "E-div. all");
	printf("%-26s %6s", "", "");
	for (int i = 0; i < 3; i++)
		printf("  %7s %7s", "found", "false");
	printf("\n");
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
		for (size_t s = 0; s < sizeof sigmas / sizeof *sigmas; s++)
			cell(sigmas[s], &cells[i].truth, cells[i].what, turns);
	return 0;
}
