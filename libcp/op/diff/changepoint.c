/* SPDX-License-Identifier: Apache-2.0 */
/* Where rows of a table of captures stepped or drifted. */
#include "op/diff/changepoint.h"

#include <math.h>

enum { LEAST_SEGMENT = 2, MOST_SEGMENTS = 64, MOST_TURNS = 64 };
/* What is left of the profile to measure others by, at least. */
#define LEAST_ANCHOR 0.2
/* Larger parts of the profile have no larger part of the error rate. */
#define LARGEST 0.25
/*
 * A step leaves so much less than a line, whose place is not one of many. By
 * diff-series-sim: at 0.9 three times as many drifts are called steps, at 0.7 one in five
 * steps in the middle is called a drift.
 */
#define LINE 0.8

struct search {
	struct cpi_env *env;
	struct cpi_series *s;
	uint8_t *tested, *changed; /* per row */
	uint8_t *place; /* per capture: something stepped there; [n]: something drifts */
	bool placed;    /* only there may a cut be: the total is what its rows are */
	double *anchor, *anchor_var; /* per capture: the rows that did not change */
	const double *v;             /* per capture: values of the row at hand */
	double *e, *e_var;           /* per capture: exposure of the row at hand */
	double *y, *error2;          /* its square roots, and their sampling variance */
	double *sum, *squares;       /* of y, before each capture */
	double weights, weight; /* in the family of tests: of all, of the row at hand */
};

/* Two levels or a line over captures [from, to). */
struct fit {
	size_t cut;
	double step, error, p; /* of the levels' difference */
	double left, right;    /* the levels */
	double start, slope, line_p;
	double step_rest, line_rest;
};

static double mean(const double *v, size_t from, size_t to)
{
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += v[i];
	return sum / (double)(to - from);
}

static double level(const struct search *s, size_t from, size_t to)
{
	return (s->sum[to] - s->sum[from]) / (double)(to - from);
}

/* Squares about the level. */
static double rest(const struct search *s, size_t from, size_t to)
{
	double sum = s->sum[to] - s->sum[from];

	return fmax(
		0, s->squares[to] - s->squares[from] - sum * sum / (double)(to - from));
}

static double two_sided(double step, double error, double df)
{
	return error > 0 ? 2 * cpi_stat_student_tail(fabs(step) / error, df) : 1;
}

static void fit_line(const struct search *s, size_t from, size_t to, struct fit *f)
{
	double n = (double)(to - from), middle = (n - 1) / 2, sxy = 0, sxx = 0, var;

	for (size_t i = from; i < to; i++) {
		double x = (double)(i - from) - middle;

		sxy += x * s->y[i];
		sxx += x * x;
	}
	f->slope = sxy / sxx;
	f->start = level(s, from, to) - middle * f->slope;
	f->line_rest = fmax(0, rest(s, from, to) - sxy * sxy / sxx);
	var = fmax(f->line_rest / (n - 2), mean(s->error2, from, to));
	f->line_p = two_sided(f->slope, sqrt(var / sxx), n - 2);
}

static struct fit best_cut(const struct search *s, size_t from, size_t to)
{
	struct fit f = {.cut = from, .step_rest = INFINITY, .p = 1};
	double n = (double)(to - from), var, k;

	for (size_t cut = from + LEAST_SEGMENT; cut + LEAST_SEGMENT <= to; cut++) {
		double sum;

		if (s->placed && !s->place[cut])
			continue;
		sum = rest(s, from, cut) + rest(s, cut, to);
		if (sum < f.step_rest) {
			f.step_rest = sum;
			f.cut = cut;
		}
	}
	fit_line(s, from, to, &f);
	if (f.cut == from)
		return f;
	k = (double)(f.cut - from);
	f.left = level(s, from, f.cut);
	f.right = level(s, f.cut, to);
	var = fmax(f.step_rest / (n - 2), mean(s->error2, from, to));
	f.step = f.right - f.left;
	f.error = sqrt(var * (1 / k + 1 / (n - k)));
	f.p = two_sided(f.step, f.error, n - 2);
	return f;
}

/* Captures' exposure for one row: the anchor without the row itself. */
static void expose(struct search *s, size_t row)
{
	const struct cpi_series *t = s->s;
	bool inside = !s->changed[row];

	for (size_t i = 0; i < t->n; i++) {
		double own = inside ? t->value[row * t->n + i] : 0;
		double own_var = inside ? t->var[row * t->n + i] : 0;

		s->e[i] = fmax(0, s->anchor[i] - own);
		s->e_var[i] = fmax(0, s->anchor_var[i] - own_var);
	}
}

/* Square roots of values per exposure; false where a capture has none of that. */
static bool take(struct search *s, const double *v, const double *var)
{
	size_t n = s->s->n;
	double sum = 0, sum_var = 0, sum_e = 0, one;

	for (size_t i = 0; i < n; i++) {
		if (!(s->e[i] > 0))
			return false;
		sum += v[i];
		sum_var += var[i];
		sum_e += s->e[i];
	}
	if (!(sum > 0) || !(sum_var > 0))
		return false;
	s->v = v;
	one = sum_var / sum; /* value of one sample */
	for (size_t i = 0; i < n; i++) {
		double part = sum_e / (double)n / s->e[i];

		/* 3/8: Anscombe 1948, so that the spread is 1 for small counts, too. */
		s->y[i] = 2 * sqrt((v[i] / one + 0.375) * part);
		s->error2[i] =
			part + s->y[i] * s->y[i] / 4 * s->e_var[i] / (s->e[i] * s->e[i]);
	}
	s->sum[0] = s->squares[0] = 0;
	for (size_t i = 0; i < n; i++) {
		s->sum[i + 1] = s->sum[i] + s->y[i];
		s->squares[i + 1] = s->squares[i] + s->y[i] * s->y[i];
	}
	return true;
}

/* Large functions get more of the error rate, as compare.c says. */
static double weight_of(const struct cpi_series *t, size_t row)
{
	double v = 0, all = 0;

	for (size_t i = 0; i < t->n; i++) {
		v += t->value[row * t->n + i];
		all += t->total[i];
	}
	return sqrt(fmax(t->least_share, fmin(LARGEST, v / all)));
}

static bool take_row(struct search *s, size_t row)
{
	s->weight = weight_of(s->s, row);
	expose(s, row);
	return take(s, s->s->value + row * s->s->n, s->s->var + row * s->s->n);
}

/* The total, or the rows that did not change against each other: as measured. */
static bool take_all(struct search *s, const double *v, const double *var)
{
	s->weight = sqrt(LARGEST);
	for (size_t i = 0; i < s->s->n; i++) {
		s->e[i] = 1;
		s->e_var[i] = 0;
	}
	return take(s, v, var);
}

static double over(double after, double before)
{
	return before > 0 ? after / before : after > 0 ? INFINITY : 1;
}

/* Value per exposure. */
static double rate(const struct search *s, size_t from, size_t to)
{
	return mean(s->v, from, to) / mean(s->e, from, to);
}

/* What the roots a and b stand for, without the 3/8 that was added. */
static double ratio_of_roots(double from, double to)
{
	double a = fmax(0, from), b = fmax(0, to);

	return over(fmax(0, b * b / 4 - 0.375), fmax(0, a * a / 4 - 0.375));
}

/* Corrected: a line has one place, a step many; beside each other they are nearly one. */
static double p_of(const struct search *s, const struct fit *f, bool drift)
{
	double p = drift ? f->line_p : f->p * (double)(s->s->n - 1) / 2;

	return p * s->weights / s->weight;
}

static bool keep(struct search *s, size_t row, size_t from, size_t to,
	const struct fit *f, bool drift)
{
	double end = f->start + f->slope * (double)(to - from - 1), k, n, error;
	struct cpi_step step = {.row = row, .drift = drift, .at = drift ? from : f->cut};

	s->place[drift ? s->s->n : f->cut] = 1;
	if (drift) {
		step.ratio = ratio_of_roots(f->start, end);
		step.lo = step.hi = step.ratio;
		step.p = fmin(1, p_of(s, f, true));
	} else {
		k = (double)(f->cut - from);
		n = (double)(to - from);
		/* The difference's error on each side's part: d ln y² = 2 dy / y. */
		error = f->error / sqrt(1 / k + 1 / (n - k)) * 2 *
			sqrt(1 / k / fmax(f->left * f->left, 1) +
				1 / (n - k) / fmax(f->right * f->right, 1));
		step.ratio = over(rate(s, f->cut, to), rate(s, from, f->cut));
		step.lo = step.ratio * exp(-2 * error);
		step.hi = step.ratio * exp(2 * error);
		step.p = fmin(1, p_of(s, f, false));
	}
	return cpi_vec_push(&s->env->mem, &s->s->step, step);
}

static bool is_drift(const struct search *s, const struct fit *f)
{
	/* The total drifts where rows do. */
	if (s->placed && !s->place[s->s->n])
		return false;
	return f->step_rest > LINE * f->line_rest;
}

static bool matters(
	const struct search *s, size_t from, size_t to, const struct fit *f, bool drift)
{
	double ratio;

	if (p_of(s, f, drift) > s->s->q || (!drift && f->cut == from))
		return false;
	if (drift)
		ratio = ratio_of_roots(
			f->start, f->start + f->slope * (double)(to - from - 1));
	else
		ratio = over(rate(s, f->cut, to), rate(s, from, f->cut));
	return fabs(log(ratio)) >= log1p(s->s->threshold);
}

/* All steps of the row that was taken, with an explicit stack of segments. */
static bool cut(struct search *s, size_t row)
{
	struct {
		size_t from, to;
	} open[MOST_SEGMENTS] = {{0, s->s->n}};
	size_t n = 1;

	while (n) {
		size_t from = open[--n].from, to = open[n].to;
		struct fit f;
		bool drift;

		if (to - from < CPI_SERIES_LEAST)
			continue;
		f = best_cut(s, from, to);
		drift = is_drift(s, &f);
		if (!matters(s, from, to, &f, drift))
			continue;
		if (!keep(s, row, from, to, &f, drift))
			return false;
		if (drift || n + 2 > MOST_SEGMENTS)
			continue;
		open[n].from = from;
		open[n++].to = f.cut;
		open[n].from = f.cut;
		open[n++].to = to;
	}
	return true;
}

/*
 * The total changes where its rows do, or where all that did not change against each
 * other changed together: whole runs became slower. Its own noise says less of the place.
 */
static bool cut_total(struct search *s)
{
	struct cpi_series *t = s->s;
	size_t found = t->step.n;

	if (take_all(s, s->anchor, s->anchor_var) && !cut(s, t->n_rows))
		return false;
	t->step.n = found;
	s->placed = true;
	return !take_all(s, t->total, t->total_var) || cut(s, t->n_rows);
}

/* The row that changed most surely and still is a part of what others are measured by. */
static size_t surest(struct search *s)
{
	size_t best = s->s->n_rows;
	double least = INFINITY;

	for (size_t row = 0; row < s->s->n_rows; row++) {
		struct fit f;
		bool drift;
		double p;

		if (!s->tested[row] || s->changed[row] || !take_row(s, row))
			continue;
		f = best_cut(s, 0, s->s->n);
		drift = is_drift(s, &f);
		p = p_of(s, &f, drift);
		if (p < least && matters(s, 0, s->s->n, &f, drift)) {
			least = p;
			best = row;
		}
	}
	return best;
}

/* False where too little would be left. */
static bool leave_out(struct search *s, size_t row)
{
	const struct cpi_series *t = s->s;

	for (size_t i = 0; i < t->n; i++)
		if (s->anchor[i] - t->value[row * t->n + i] < LEAST_ANCHOR * t->total[i])
			return false;
	for (size_t i = 0; i < t->n; i++) {
		s->anchor[i] -= t->value[row * t->n + i];
		s->anchor_var[i] = fmax(0, s->anchor_var[i] - t->var[row * t->n + i]);
	}
	s->changed[row] = 1;
	return true;
}

static bool search_init(struct search *s, struct cpi_env *env, struct cpi_series *t)
{
	double *v = cpi_alloc_zero(&env->mem, (8 * t->n + 2) * sizeof *v);

	*s = (struct search){.env = env, .s = t, .anchor = v};
	s->tested = cpi_alloc_zero(&env->mem, 2 * (t->n_rows + 1) + t->n + 1);
	if (!v || !s->tested)
		return false;
	s->changed = s->tested + t->n_rows + 1;
	s->place = s->changed + t->n_rows + 1;
	s->anchor_var = v + t->n;
	s->e = v + 2 * t->n;
	s->e_var = v + 3 * t->n;
	s->y = v + 4 * t->n;
	s->error2 = v + 5 * t->n;
	s->sum = v + 6 * t->n;
	s->squares = v + 7 * t->n + 1;
	for (size_t i = 0; i < t->n; i++) {
		s->anchor[i] = t->total[i];
		s->anchor_var[i] = t->total_var[i];
	}
	return true;
}

static void search_release(struct search *s)
{
	cpi_free(&s->env->mem, s->anchor, (8 * s->s->n + 2) * sizeof *s->anchor);
	cpi_free(&s->env->mem, s->tested, 2 * (s->s->n_rows + 1) + s->s->n + 1);
}

/* Rows that can matter; the total is one more. */
static void choose_tested(struct search *s)
{
	struct cpi_series *t = s->s;

	t->tested = 1;
	s->weights = sqrt(LARGEST);
	for (size_t row = 0; row < t->n_rows; row++) {
		for (size_t i = 0; i < t->n; i++)
			s->tested[row] |=
				t->total[i] > 0 &&
				t->value[row * t->n + i] >= t->least_share * t->total[i];
		if (!s->tested[row])
			continue;
		t->tested++;
		s->weights += weight_of(t, row);
	}
}

enum cp_code cpi_series_find(
	struct cpi_env *env, struct cpi_series *series, struct cp_error *err)
{
	struct search s;
	bool fine = search_init(&s, env, series);

	if (fine)
		choose_tested(&s);
	for (int turn = 0; fine && turn < MOST_TURNS; turn++) {
		size_t row = surest(&s);

		if (row == series->n_rows || !leave_out(&s, row))
			break;
	}
	for (size_t row = 0; fine && row < series->n_rows; row++)
		if (s.tested[row] && take_row(&s, row))
			fine = cut(&s, row);
	fine = fine && cut_total(&s);
	search_release(&s);
	return fine ? CP_OK : cpi_error_memory(err);
}
