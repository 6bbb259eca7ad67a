/* SPDX-License-Identifier: Apache-2.0 */
/* Captures in order as a table for changepoint.c, and its answers with names. */
#include <math.h>
#include <stdlib.h>

#include "op/diff/changepoint.h"
#include "op/diff/diff.h"

#define LEAST_SHARE 0.005

struct table {
	size_t n, n_rows;
	double *value, *var;       /* rows by captures */
	double *total, *total_var; /* per capture */
};

static bool table_init(struct table *t, struct cp_diff *diff, size_t n_rows)
{
	struct cpi_mem *mem = &diff->env->mem;

	*t = (struct table){.n = diff->run.n, .n_rows = n_rows};
	t->value = cpi_alloc_zero(mem, n_rows * t->n * sizeof *t->value);
	t->var = cpi_alloc_zero(mem, n_rows * t->n * sizeof *t->var);
	t->total = cpi_alloc_zero(mem, t->n * sizeof *t->total);
	t->total_var = cpi_alloc_zero(mem, t->n * sizeof *t->total_var);
	return t->value && t->var && t->total && t->total_var;
}

static void table_release(struct table *t, struct cpi_mem *mem)
{
	cpi_free(mem, t->value, t->n_rows * t->n * sizeof *t->value);
	cpi_free(mem, t->var, t->n_rows * t->n * sizeof *t->var);
	cpi_free(mem, t->total, t->n * sizeof *t->total);
	cpi_free(mem, t->total_var, t->n * sizeof *t->total_var);
}

static void fill(struct table *t, const struct cp_diff *diff)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct cpi_diff_run *run = &diff->run.v[i];

		for (size_t k = 0; k < run->cell.n; k++) {
			size_t at = diff->row_of.v[run->cell.v[k].row] * t->n + i;

			t->value[at] += fabs(run->cell.v[k].flat);
			t->var[at] += run->cell.v[k].flat_var;
		}
		t->total[i] = fabs(run->total);
		t->total_var[i] = run->total_var;
	}
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

static enum cp_code keep(struct cp_diff *diff, const struct cpi_series *found,
	size_t n_rows, struct cp_error *err)
{
	struct cp_series *out = &diff->series;

	out->captures = diff->run.n;
	out->tested = found->tested;
	for (size_t i = 0; i < found->step.n; i++) {
		const struct cpi_step *from = &found->step.v[i];
		struct cp_series_step step = {.at = from->at,
			.drift = from->drift,
			.ratio = from->ratio,
			.ratio_lo = from->lo,
			.ratio_hi = from->hi,
			.p = from->p};

		step.name = from->row < n_rows ? diff->row.v[from->row].name
					       : (struct cp_text){"", 0};
		if (!cpi_vec_push(&diff->env->mem, &out->step, step))
			return cpi_error_memory(err);
	}
	if (out->step.n)
		qsort(out->step.v, out->step.n, sizeof *out->step.v, by_size);
	return CP_OK;
}

static enum cp_code find(struct cp_diff *diff, size_t n_rows, struct cp_error *err)
{
	struct cpi_mem *mem = &diff->env->mem;
	struct cpi_series found = {.n_rows = n_rows,
		.n = diff->run.n,
		.least_share = LEAST_SHARE,
		.threshold = diff->options.min_change,
		.q = diff->options.q};
	struct table t;
	enum cp_code code = CP_OK;

	if (!table_init(&t, diff, n_rows))
		code = cpi_error_memory(err);
	if (!code) {
		fill(&t, diff);
		found.value = t.value;
		found.var = t.var;
		found.total = t.total;
		found.total_var = t.total_var;
		code = cpi_series_find(diff->env, &found, err);
	}
	if (!code)
		code = keep(diff, &found, n_rows, err);
	cpi_vec_release(mem, &found.step);
	table_release(&t, mem);
	return code;
}

enum cp_code cp_diff_series(
	struct cp_diff *diff, const struct cp_series **ret_series, struct cp_error *err)
{
	size_t n_rows = 0;
	enum cp_code code;

	if (diff->finished)
		return cpi_error(
			err, CP_ERROR_ARGUMENT, CP_NO_OFFSET, "the diff is finished");
	diff->finished = true;
	if (diff->run.n < CPI_SERIES_LEAST)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"a series needs at least %d captures", CPI_SERIES_LEAST);
	code = cpi_diff_match(diff, &n_rows, err);
	if (!code)
		code = name_rows(diff, n_rows, err);
	if (!code)
		code = find(diff, n_rows, err);
	if (!code)
		*ret_series = &diff->series;
	return code;
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
