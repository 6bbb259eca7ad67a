/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "op/diff/diff.h"
#include "op/regex.h"

/* Dense tables, rows by captures, before sides first. */
struct tables {
	struct cp_diff *diff;
	size_t n_rows, n_runs, n_before;
	double *v[2], *var[2]; /* flat, cum */
	double *count;         /* effective samples of the table being tested */
	double *exposure;      /* per run */
	uint32_t *column;      /* per run of diff->run */
	double weight;         /* value of one effective sample, all functions together */
	struct cpi_compare_row *result;
};

/* Room for a row also where there is none: the total is tested in it. */
static size_t table_cells(const struct tables *t)
{
	return (t->n_rows ? t->n_rows : 1) * t->n_runs;
}

static bool tables_init(struct tables *t, struct cp_diff *diff, size_t n_rows)
{
	struct cpi_mem *mem = &diff->env->mem;
	size_t cells;

	*t = (struct tables){.diff = diff, .n_rows = n_rows, .n_runs = diff->run.n,
		.n_before = diff->summary.n_before};
	cells = table_cells(t);
	for (int k = 0; k < 2; k++) {
		t->v[k] = cpi_alloc_zero(mem, cells * sizeof(double));
		t->var[k] = cpi_alloc_zero(mem, cells * sizeof(double));
	}
	t->count = cpi_alloc_zero(mem, cells * sizeof(double));
	t->exposure = cpi_alloc_zero(mem, t->n_runs * sizeof(double));
	t->column = cpi_alloc_zero(mem, t->n_runs * sizeof *t->column);
	t->result = cpi_alloc_zero(mem, n_rows * sizeof *t->result);
	return t->v[0] && t->v[1] && t->var[0] && t->var[1] && t->count && t->exposure &&
		t->column && t->result;
}

static void tables_release(struct tables *t)
{
	struct cpi_mem *mem = &t->diff->env->mem;
	size_t cells = table_cells(t);

	for (int k = 0; k < 2; k++) {
		cpi_free(mem, t->v[k], cells * sizeof(double));
		cpi_free(mem, t->var[k], cells * sizeof(double));
	}
	cpi_free(mem, t->count, cells * sizeof(double));
	cpi_free(mem, t->exposure, t->n_runs * sizeof(double));
	cpi_free(mem, t->column, t->n_runs * sizeof *t->column);
	cpi_free(mem, t->result, t->n_rows * sizeof *t->result);
}

static void fill(struct tables *t)
{
	struct cp_diff *diff = t->diff;
	uint32_t before = 0, after = (uint32_t)t->n_before;
	double v = 0, var = 0;

	for (size_t r = 0; r < t->n_runs; r++) {
		const struct cpi_diff_run *run = &diff->run.v[r];

		t->column[r] = run->side == CP_BEFORE ? before++ : after++;
		v += fabs(run->total);
		var += run->total_var;
		for (size_t i = 0; i < run->cell.n; i++) {
			const struct cpi_diff_cell *cell = &run->cell.v[i];
			size_t at = diff->row_of.v[cell->row] * t->n_runs + t->column[r];

			t->v[0][at] += cell->flat;
			t->var[0][at] += cell->flat_var;
			t->v[1][at] += cell->cum;
			t->var[1][at] += cell->cum_var;
		}
	}
	t->weight = v > 0 ? var / v : 1;
	diff->tree_weight = t->weight;
}

/*
 * Effective samples of one table: values over the function's own weight per sample,
 * ΣVar/ΣV over all captures, so that ratios of counts are ratios of values.
 */
static double row_weight(const struct tables *t, int table, size_t row)
{
	double v = 0, var = 0;

	for (size_t r = 0; r < t->n_runs; r++) {
		v += fabs(t->v[table][row * t->n_runs + r]);
		var += t->var[table][row * t->n_runs + r];
	}
	return v > 0 && var > 0 ? var / v : 1;
}

static void count_table(struct tables *t, int table)
{
	for (size_t i = 0; i < t->n_rows; i++) {
		double weight = row_weight(t, table, i);

		for (size_t r = 0; r < t->n_runs; r++)
			t->count[i * t->n_runs + r] =
				fabs(t->v[table][i * t->n_runs + r]) / weight;
	}
}

static enum cp_code by_time(struct tables *t, struct cp_error *err)
{
	for (size_t r = 0; r < t->n_runs; r++) {
		double seconds = t->diff->run.v[r].seconds;

		if (!(seconds > 0))
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"a capture does not say how long it took; compare by "
				"total, anchor or "
				"work");
		t->exposure[t->column[r]] = seconds;
	}
	return CP_OK;
}

/* Sum of the flat values of functions that the user says did not change. */
static enum cp_code by_regex(struct tables *t, struct cp_error *err)
{
	struct cp_diff *diff = t->diff;
	struct cpi_regex *rx = NULL;
	enum cp_code code =
		cpi_regex_new(diff->env, "anchor", cpi_text(diff->anchor), 0, &rx, err);

	for (size_t i = 0; !code && i < diff->name.n; i++)
		for (size_t r = 0; cpi_regex_match(rx, diff->name.v[i]) && r < t->n_runs;
			r++)
			t->exposure[r] += t->v[0][diff->row_of.v[i] * t->n_runs + r];
	if (!code)
		code = cpi_regex_status(rx, err);
	cpi_regex_free(rx);
	for (size_t r = 0; !code && r < t->n_runs; r++)
		if (!(t->exposure[r] > 0))
			code = cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"a capture has no samples in functions that match the "
				"anchor");
	return code;
}

/* Each capture against the mean of the before side. */
static enum cp_code by_most_functions(struct tables *t, struct cp_error *err)
{
	struct cpi_mem *mem = &t->diff->env->mem;
	size_t n = t->n_rows, *order = cpi_alloc_array(mem, n, sizeof *order);
	double *x = cpi_alloc_array(mem, n * 3, sizeof *x);
	double *y = x ? x + n : NULL, *scratch = x ? y + n : NULL, spread;

	count_table(t, 0);
	for (size_t r = 0; x && order && r < t->n_runs; r++) {
		for (size_t i = 0; i < n; i++) {
			x[i] = 0;
			for (size_t b = 0; b < t->n_before; b++)
				x[i] += t->count[i * t->n_runs + b] / (double)t->n_before;
			y[i] = t->count[i * t->n_runs + r];
		}
		t->exposure[r] = cpi_stat_anchor(x, y, n, scratch, order, &spread);
		if (r >= t->n_before &&
			(isnan(t->diff->summary.anchor_spread) ||
				spread > t->diff->summary.anchor_spread))
			t->diff->summary.anchor_spread = spread;
	}
	if (!x || !order)
		cpi_error_memory(err);
	cpi_free(mem, order, n * sizeof *order);
	cpi_free(mem, x, n * 3 * sizeof *x);
	return y ? CP_OK : CP_ERROR_MEMORY;
}

static enum cp_code exposures(struct tables *t, struct cp_error *err)
{
	const struct cp_diff_options *o = &t->diff->options;

	switch (o->scale) {
	case CP_SCALE_TIME:
		return by_time(t, err);
	case CP_SCALE_ANCHOR:
		return t->diff->anchor ? by_regex(t, err) : by_most_functions(t, err);
	case CP_SCALE_TOTAL:
		for (size_t r = 0; r < t->n_runs; r++)
			t->exposure[t->column[r]] =
				fabs(t->diff->run.v[r].total) / t->weight;
		break;
	case CP_SCALE_WORK:
		if (!(o->work[0] > 0) || !(o->work[1] > 0))
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"the units of work must be positive numbers");
		for (size_t r = 0; r < t->n_runs; r++)
			t->exposure[r] = o->work[r >= t->n_before];
		break;
	default:
		for (size_t r = 0; r < t->n_runs; r++)
			t->exposure[r] = 1;
	}
	for (size_t r = 0; r < t->n_runs; r++)
		if (!(t->exposure[r] > 0))
			return cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
				"a capture has no samples to scale by");
	return CP_OK;
}

/*
 * What a value of run r is multiplied by, so that sides compare: the before side
 * stays.
 */
static double scale_of(const struct tables *t, size_t r)
{
	double mean = 0;

	for (size_t b = 0; b < t->n_before; b++)
		mean += t->exposure[b] / (double)t->n_before;
	return mean / t->exposure[r];
}

static double factor_of(const struct tables *t)
{
	double after = 0, before = 0;

	for (size_t r = 0; r < t->n_runs; r++)
		*(r < t->n_before ? &before : &after) += t->exposure[r];
	return before / (double)t->n_before / after * (double)(t->n_runs - t->n_before);
}

static void side_means(const struct tables *t, const double *v, struct cp_diff_value *out)
{
	size_t n_after = t->n_runs - t->n_before;

	out->before = out->after = 0;
	for (size_t r = 0; r < t->n_before; r++)
		out->before += v[r] * scale_of(t, r) / (double)t->n_before;
	for (size_t r = t->n_before; r < t->n_runs; r++)
		out->after += v[r] * scale_of(t, r) / (double)n_after;
	out->change = out->after - out->before;
}

static enum cp_verdict public_verdict(const struct tables *t, enum cpi_verdict v)
{
	static const enum cp_verdict of[] = {
		[CPI_UNTESTED] = CP_VERDICT_UNTESTED,
		[CPI_WITHIN] = CP_VERDICT_WITHIN,
		[CPI_BEYOND] = CP_VERDICT_BEYOND,
		[CPI_SAME] = CP_VERDICT_SAME,
		[CPI_UNCLEAR] = CP_VERDICT_UNCLEAR,
		[CPI_WORSE] = CP_VERDICT_WORSE,
		[CPI_BETTER] = CP_VERDICT_BETTER,
		[CPI_NEW] = CP_VERDICT_NEW,
		[CPI_GONE] = CP_VERDICT_GONE,
	};

	return t->diff->census ? CP_VERDICT_UNTESTED : of[v];
}

static void value_of(const struct tables *t, const struct cpi_compare *c, const double *v,
	const double *count, const struct cpi_compare_row *from,
	struct cp_diff_value *out)
{
	double wanted = log1p(c->threshold);

	side_means(t, v, out);
	for (size_t r = 0; r < t->n_runs; r++)
		*(r < t->n_before ? &out->samples_before : &out->samples_after) +=
			count[r];
	out->ratio = from->ratio.ratio;
	out->ratio_lo = t->diff->census ? out->ratio : from->ratio.lo;
	out->ratio_hi = t->diff->census ? out->ratio : from->ratio.hi;
	out->p = t->diff->census ? NAN : from->ratio.p;
	out->adjusted = t->diff->census ? NAN : from->adjusted;
	out->detectable = t->diff->census ? NAN : from->detectable;
	out->verdict = public_verdict(t, from->verdict);
	/* Standard errors shrink with the root of the samples. */
	if (out->verdict == CP_VERDICT_UNCLEAR && isfinite(from->ratio.hi) &&
		from->ratio.lo > 0) {
		double half = log(from->ratio.hi / from->ratio.lo) / 2;
		double room = fmax(wanted - fabs(log(from->ratio.ratio)), wanted / 4);

		out->needed = half * half / (room * room);
	}
}

static struct cpi_compare settings(const struct tables *t)
{
	const struct cp_diff_summary *s = &t->diff->summary;

	return (struct cpi_compare){
		.n_runs = t->n_runs,
		.n_before = t->n_before,
		.n_rows = t->n_rows,
		.count = t->count,
		.exposure = t->exposure,
		.totals = s->scale == CP_SCALE_TOTAL,
		.phi = s->phi,
		.threshold = s->min_change,
		.q = s->q,
		.confidence = 0.95,
		.fdr = t->diff->options.fdr == CP_FDR_BY ? CPI_STAT_BY : CPI_STAT_BH,
	};
}

static enum cp_code test_table(struct tables *t, int table, struct cp_error *err)
{
	struct cp_diff *diff = t->diff;
	struct cpi_compare c;
	enum cp_code code;

	count_table(t, table);
	c = settings(t);
	code = cpi_compare(diff->env, &c, t->result, err);
	if (code)
		return code;
	*(table ? &diff->summary.tested_cum : &diff->summary.tested_flat) = c.tested;
	if (!table)
		diff->summary.phi = c.common_phi;
	for (size_t i = 0; i < t->n_rows; i++)
		value_of(t, &c, t->v[table] + i * t->n_runs, t->count + i * t->n_runs,
			&t->result[i],
			table ? &diff->row.v[i].cum : &diff->row.v[i].flat);
	return CP_OK;
}

/*
 * The whole profile as one row. By total, it has no ratio to test. What all functions
 * share in a run (a slower clock, more requests) is in none of them as large as in their
 * sum, so the sum is not shrunk towards them.
 */
static enum cp_code test_total(struct tables *t, struct cp_error *err)
{
	struct cpi_compare c = settings(t);
	struct cpi_compare_row row = {0};
	struct cp_diff_summary *s = &t->diff->summary;
	double v[2] = {0};
	enum cp_code code;

	/* Reuse the first row's room: the tables have been read. */
	for (size_t r = 0; r < t->n_runs; r++) {
		double total = t->diff->run.v[r].total;

		t->v[0][t->column[r]] = total;
		t->count[t->column[r]] = fabs(total) / t->weight;
		v[t->column[r] >= t->n_before] += total;
	}
	c.n_rows = 1;
	c.alone = true;
	code = cpi_compare(t->diff->env, &c, &row, err);
	if (code)
		return code;
	value_of(t, &c, t->v[0], t->count, &row, &s->total);
	s->total_before = s->total.before;
	s->total_after = s->total.after;
	s->samples_before = s->total.samples_before;
	s->samples_after = s->total.samples_after;
	s->factor = factor_of(t);
	return CP_OK;
}

/*
 * Whether anything changed at all: the flat rows' p-values by Simes' test, which needs no
 * independence beyond what false discovery rates need.
 */
static double global_p(const struct tables *t)
{
	double least = 1;

	for (size_t i = 0; i < t->n_rows; i++)
		if (t->diff->row.v[i].flat.verdict != CP_VERDICT_UNTESTED)
			least = fmin(least, t->diff->row.v[i].flat.adjusted);
	return least;
}

/* Names of rows, and each row's main caller on both sides. */
static enum cp_code name_rows(struct cp_diff *diff, size_t n_rows, struct cp_error *err)
{
	struct cpi_mem *mem = &diff->env->mem;

	if (!cpi_vec_reserve(mem, &diff->row, n_rows) ||
		!cpi_vec_reserve(mem, &diff->caller[0], n_rows) ||
		!cpi_vec_reserve(mem, &diff->caller[1], n_rows))
		return cpi_error_memory(err);
	for (size_t i = 0; i < n_rows; i++) {
		diff->row.v[diff->row.n++] = (struct cp_diff_row){0};
		diff->caller[0].v[diff->caller[0].n++] = UINT32_MAX;
		diff->caller[1].v[diff->caller[1].n++] = UINT32_MAX;
	}
	for (size_t i = diff->name.n; i--;)
		diff->row.v[diff->row_of.v[i]].name = diff->name.v[i];
	for (size_t r = 0; r < diff->run.n; r++)
		for (size_t i = 0; i < diff->run.v[r].cell.n; i++) {
			const struct cpi_diff_cell *cell = &diff->run.v[r].cell.v[i];
			uint32_t *caller = &diff->caller[diff->run.v[r].side]
						    .v[diff->row_of.v[cell->row]];

			if (*caller == UINT32_MAX && cell->caller != UINT32_MAX)
				*caller = diff->row_of.v[cell->caller];
		}
	return CP_OK;
}

enum cp_code cpi_diff_test(struct cp_diff *diff, size_t n_rows, struct cp_error *err)
{
	struct tables t;
	enum cp_code code = CP_OK;

	if (!tables_init(&t, diff, n_rows))
		code = cpi_error_memory(err);
	if (!code)
		code = name_rows(diff, n_rows, err);
	if (!code) {
		fill(&t);
		code = exposures(&t, err);
	}
	for (int table = 0; !code && table < 2; table++)
		code = test_table(&t, table, err);
	if (!code) {
		diff->summary.global_p = global_p(&t);
		code = test_total(&t, err);
	}
	tables_release(&t);
	return code;
}
