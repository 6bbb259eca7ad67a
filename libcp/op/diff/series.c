/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change points over many captures in order: where a function's share of what did not
 * change, or the total, stepped to another level. Segments are cut in two at the best
 * place for as long as that is significant; a straight line that fits better than two
 * levels is a drift, told as such and not cut. The spread is the segments' own, no less
 * than sampling's, so one test serves a function of any noise.
 */
#include <math.h>
#include <stdlib.h>

#include "op/diff/diff.h"

enum { LEAST_CAPTURES = 6, LEAST_SEGMENT = 2, MOST_DEEP = 32 };
#define LEAST_SHARE 0.005

struct series {
	struct cp_diff *diff;
	size_t n, n_rows;
	double *value, *var; /* rows by captures; the last row is the total */
	double *ln, *error2; /* of the row at hand: logarithms, their sampling variance */
	double *size;        /* per capture: what the rows are measured against */
	double tests;
	uint8_t *out_of; /* per row: not part of size[] */
	struct cp_series *out;
};

/* Two levels or a line over [from, to). */
struct fit {
	size_t cut;
	double ratio, error, p; /* of the step */
	double line;            /* ln per capture */
	double step_rest, line_rest;
	double line_p;
};

static double mean(const double *v, size_t from, size_t to)
{
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += v[i];
	return sum / (double)(to - from);
}

static double rest(const double *v, size_t from, size_t to)
{
	double m = mean(v, from, to), sum = 0;

	for (size_t i = from; i < to; i++)
		sum += (v[i] - m) * (v[i] - m);
	return sum;
}

static void fit_line(const struct series *s, size_t from, size_t to, struct fit *f)
{
	double n = (double)(to - from), middle = (n - 1) / 2, sxy = 0, sxx = 0, all, var;

	for (size_t i = from; i < to; i++) {
		double x = (double)(i - from) - middle;

		sxy += x * s->ln[i];
		sxx += x * x;
	}
	all = rest(s->ln, from, to);
	f->line = sxy / sxx;
	f->line_rest = all - sxy * sxy / sxx;
	var = fmax(f->line_rest / (n - 2), mean(s->error2, from, to));
	f->line_p = 2 * cpi_stat_student_tail(fabs(f->line) / sqrt(var / sxx), n - 2);
}

static struct fit best_cut(const struct series *s, size_t from, size_t to)
{
	struct fit f = {.cut = from, .step_rest = INFINITY, .p = 1};
	double n = (double)(to - from), var, k;

	for (size_t cut = from + LEAST_SEGMENT; cut + LEAST_SEGMENT <= to; cut++) {
		double sum = rest(s->ln, from, cut) + rest(s->ln, cut, to);

		if (sum < f.step_rest) {
			f.step_rest = sum;
			f.cut = cut;
		}
	}
	if (f.cut == from)
		return f;
	k = (double)(f.cut - from);
	var = fmax(f.step_rest / (n - 2), mean(s->error2, from, to));
	f.error = sqrt(var * (1 / k + 1 / (n - k)));
	f.ratio = mean(s->ln, f.cut, to) - mean(s->ln, from, f.cut);
	f.p = 2 * cpi_stat_student_tail(fabs(f.ratio) / f.error, n - 2);
	fit_line(s, from, to, &f);
	return f;
}

static bool keep(struct series *s, size_t row, size_t from, size_t to,
	const struct fit *f, bool drift)
{
	double ln = drift ? f->line * (double)(to - from - 1) : f->ratio;
	double error = drift ? 0 : f->error;
	struct cp_series_step step = {
		.name = row < s->n_rows ? s->diff->row.v[row].name
					: (struct cp_text){"", 0},
		.drift = drift,
		.at = drift ? from : f->cut,
		.ratio = exp(ln),
		.ratio_lo = exp(ln - 2 * error),
		.ratio_hi = exp(ln + 2 * error),
		.p = fmin(1, (drift ? f->line_p : f->p) * s->tests),
	};

	return cpi_vec_push(&s->diff->env->mem, &s->out->step, step);
}

/* All steps of one row, with an explicit stack of segments. */
static bool search(struct series *s, size_t row)
{
	struct {
		size_t from, to;
	} open[MOST_DEEP] = {{0, s->n}};
	size_t n = 1;

	while (n) {
		size_t from = open[--n].from, to = open[n].to;
		struct fit f;
		bool drift;

		if (to - from < LEAST_CAPTURES)
			continue;
		f = best_cut(s, from, to);
		/* Noise makes a line look like steps sooner than a step like a line. */
		drift = f.step_rest > 0.8 * f.line_rest &&
			f.line_p * s->tests <= s->diff->options.q;
		if ((drift ? f.line_p : f.p) * s->tests > s->diff->options.q)
			continue;
		if (!drift && fabs(f.ratio) < log1p(s->diff->options.min_change))
			continue;
		if (!keep(s, row, from, to, &f, drift))
			return false;
		if (drift || n + 2 > MOST_DEEP)
			continue;
		open[n].from = from;
		open[n++].to = f.cut;
		open[n].from = f.cut;
		open[n++].to = to;
	}
	return true;
}

/* Logarithms of one row; false when it is too small or has holes. */
static bool take(struct series *s, size_t row)
{
	bool total = row == s->n_rows;
	double share = 0;

	for (size_t i = 0; i < s->n; i++) {
		double v = s->value[row * s->n + i], e = total ? 1 : s->size[i] - v;

		/* A row that was taken out of the measure is still no part of it. */
		if (!total && s->out_of[row])
			e = s->size[i];

		if (!(v > 0) || !(e > 0))
			return false;
		share = fmax(share, v / s->value[s->n_rows * s->n + i]);
		s->ln[i] = log(v / e);
		s->error2[i] = s->var[row * s->n + i] / (v * v);
		if (!total)
			s->error2[i] += s->var[s->n_rows * s->n + i] /
					s->value[s->n_rows * s->n + i] / e;
	}
	return share >= LEAST_SHARE;
}

static bool series_init(struct series *s, struct cp_diff *diff, size_t n_rows)
{
	struct cpi_mem *mem = &diff->env->mem;
	size_t n = diff->run.n, cells = (n_rows + 1) * n;

	*s = (struct series){.diff = diff, .n = n, .n_rows = n_rows};
	s->value = cpi_alloc_zero(mem, cells * sizeof *s->value);
	s->var = cpi_alloc_zero(mem, cells * sizeof *s->var);
	s->ln = cpi_alloc_array(mem, 3 * n, sizeof *s->ln);
	s->out_of = cpi_alloc_zero(mem, n_rows + 1);
	if (!s->value || !s->var || !s->ln || !s->out_of)
		return false;
	s->error2 = s->ln + n;
	s->size = s->ln + 2 * n;
	for (size_t i = 0; i < n; i++) {
		const struct cpi_diff_run *run = &diff->run.v[i];

		for (size_t k = 0; k < run->cell.n; k++) {
			size_t row = diff->row_of.v[run->cell.v[k].row];

			s->value[row * n + i] += fabs(run->cell.v[k].flat);
			s->var[row * n + i] += run->cell.v[k].flat_var;
		}
		s->value[n_rows * n + i] = s->size[i] = fabs(run->total);
		s->var[n_rows * n + i] = run->total_var;
	}
	return true;
}

static void series_release(struct series *s)
{
	struct cpi_mem *mem = &s->diff->env->mem;
	size_t cells = (s->n_rows + 1) * s->n;

	cpi_free(mem, s->value, cells * sizeof *s->value);
	cpi_free(mem, s->var, cells * sizeof *s->var);
	cpi_free(mem, s->ln, 3 * s->n * sizeof *s->ln);
	cpi_free(mem, s->out_of, s->n_rows + 1);
}

static int by_size(const void *a, const void *b)
{
	const struct cp_series_step *x = a, *y = b;
	double dx = fabs(log(x->ratio)), dy = fabs(log(y->ratio));

	if (!x->name.n != !y->name.n)
		return x->name.n ? 1 : -1;
	if (dx != dy)
		return dx < dy ? 1 : -1;
	return x->at != y->at ? (x->at < y->at ? -1 : 1)
			      : cpi_text_compare(x->name, y->name);
}

static enum cp_code name_rows(struct cp_diff *diff, size_t n_rows, struct cp_error *err)
{
	if (!cpi_vec_reserve(&diff->env->mem, &diff->row, n_rows))
		return cpi_error_memory(err);
	for (size_t i = 0; i < n_rows; i++)
		diff->row.v[diff->row.n++] = (struct cp_diff_row){0};
	for (size_t i = diff->name.n; i--;)
		diff->row.v[diff->row_of.v[i]].name = diff->name.v[i];
	return CP_OK;
}

/* Takes the changed row with the largest values out of what others are measured by. */
static void leave_out(struct series *s, const uint8_t *changed)
{
	size_t best = s->n_rows;
	double most = 0;

	for (size_t row = 0; row < s->n_rows; row++) {
		double size = rest(s->value + row * s->n, 0, s->n);

		if (changed[row] && size > most) {
			most = size;
			best = row;
		}
	}
	if (best == s->n_rows)
		return;
	s->out_of[best] = 1;
	for (size_t i = 0; i < s->n; i++)
		s->size[i] -= s->value[best * s->n + i];
}

enum cp_code cp_diff_series(
	struct cp_diff *diff, const struct cp_series **ret_series, struct cp_error *err)
{
	struct series s = {.diff = diff};
	size_t n_rows = 0;
	uint8_t *changed;
	enum cp_code code;
	bool fine;

	if (diff->finished)
		return cpi_error(
			err, CP_ERROR_ARGUMENT, CP_NO_OFFSET, "the diff is finished");
	diff->finished = true;
	if (diff->run.n < LEAST_CAPTURES)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"a series needs at least %d captures", LEAST_CAPTURES);
	code = cpi_diff_match(diff, &n_rows, err);
	if (!code)
		code = name_rows(diff, n_rows, err);
	if (code)
		return code;
	changed = cpi_alloc_zero(&diff->env->mem, n_rows + 1);
	fine = changed && series_init(&s, diff, n_rows);
	s.out = &diff->series;
	s.out->captures = s.n;
	for (size_t row = 0; fine && row <= n_rows; row++)
		s.out->tested += take(&s, row);
	/* Places beside each other are nearly one test. */
	s.tests = (double)s.out->tested * (double)(s.n - 1) / 2;
	for (int turn = 0; fine && turn < 2; turn++) {
		s.out->step.n = 0;
		for (size_t row = 0; fine && row <= n_rows; row++) {
			size_t found = s.out->step.n;

			fine = !take(&s, row) || search(&s, row);
			changed[row] = fine && s.out->step.n > found;
		}
		/* Once more without the largest: it would make all others' shares shrink.
		 */
		if (fine && !turn)
			leave_out(&s, changed);
	}
	cpi_free(&diff->env->mem, changed, n_rows + 1);
	if (fine && s.out->step.n)
		qsort(s.out->step.v, s.out->step.n, sizeof *s.out->step.v, by_size);
	series_release(&s);
	if (!fine)
		return cpi_error_memory(err);
	*ret_series = s.out;
	return CP_OK;
}

size_t cp_series_captures(const struct cp_series *series)
{
	return series->captures;
}

size_t cp_series_tested(const struct cp_series *series)
{
	return series->tested;
}

size_t cp_series_count(const struct cp_series *series)
{
	return series->step.n;
}

const struct cp_series_step *cp_series_step(const struct cp_series *series, size_t i)
{
	return i < series->step.n ? &series->step.v[i] : NULL;
}
