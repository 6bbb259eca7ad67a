/* SPDX-License-Identifier: Apache-2.0 */
/* From scanned captures to the tables that compare.c judges, and back to rows. */
#include <math.h>

#include "op/diff/defaults.h"
#include "op/diff/diff.h"
#include "op/regex.h"

/* Rows smaller than this part of the profile on both sides are not tested. */
#define LEAST_SHARE 0.005

/* Dense tables: functions' flat values, then their cumulative ones; captures before
 * first. */
struct tables {
	struct cp_diff *diff;
	size_t n_rows, n_runs, n_before;
	double *value, *var;                  /* 2 · n_rows rows by n_runs */
	double *total, *total_var, *exposure; /* per run */
	uint8_t *anchor, *planned;            /* per row */
	struct cpi_noise *own;
	uint32_t *column; /* per run of diff->run */
	struct cpi_compare_row *result;
};

static size_t cells(const struct tables *t)
{
	return 2 * t->n_rows * t->n_runs;
}

static bool tables_init(struct tables *t, struct cp_diff *diff, size_t n_rows)
{
	struct cpi_mem *mem = &diff->env->mem;

	*t = (struct tables){.diff = diff,
		.n_rows = n_rows,
		.n_runs = diff->run.n,
		.n_before = diff->summary.n_before};
	t->value = cpi_alloc_zero(mem, cells(t) * sizeof *t->value);
	t->var = cpi_alloc_zero(mem, cells(t) * sizeof *t->var);
	t->total = cpi_alloc_zero(mem, t->n_runs * sizeof *t->total);
	t->total_var = cpi_alloc_zero(mem, t->n_runs * sizeof *t->total_var);
	t->exposure = cpi_alloc_zero(mem, t->n_runs * sizeof *t->exposure);
	t->anchor = cpi_alloc_zero(mem, n_rows);
	t->planned = cpi_alloc_zero(mem, 2 * n_rows);
	t->own = cpi_alloc_zero(mem, 2 * n_rows * sizeof *t->own);
	t->column = cpi_alloc_zero(mem, t->n_runs * sizeof *t->column);
	t->result = cpi_alloc_zero(mem, 2 * n_rows * sizeof *t->result);
	return t->value && t->var && t->total && t->total_var && t->exposure &&
	       t->anchor && t->planned && t->own && t->column && t->result;
}

static void tables_release(struct tables *t)
{
	struct cpi_mem *mem = &t->diff->env->mem;

	cpi_free(mem, t->value, cells(t) * sizeof *t->value);
	cpi_free(mem, t->var, cells(t) * sizeof *t->var);
	cpi_free(mem, t->total, t->n_runs * sizeof *t->total);
	cpi_free(mem, t->total_var, t->n_runs * sizeof *t->total_var);
	cpi_free(mem, t->exposure, t->n_runs * sizeof *t->exposure);
	cpi_free(mem, t->anchor, t->n_rows);
	cpi_free(mem, t->planned, 2 * t->n_rows);
	cpi_free(mem, t->own, 2 * t->n_rows * sizeof *t->own);
	cpi_free(mem, t->column, t->n_runs * sizeof *t->column);
	cpi_free(mem, t->result, 2 * t->n_rows * sizeof *t->result);
}

/* Differences of differences have negative values; what counts is their size. */
static void fill(struct tables *t)
{
	struct cp_diff *diff = t->diff;
	uint32_t before = 0, after = (uint32_t)t->n_before;
	size_t half = t->n_rows * t->n_runs;

	for (size_t r = 0; r < t->n_runs; r++) {
		const struct cpi_diff_run *run = &diff->run.v[r];
		uint32_t column = run->side == CP_BEFORE ? before++ : after++;

		t->column[r] = column;
		t->total[column] = fabs(run->total);
		t->total_var[column] = run->total_var;
		for (size_t i = 0; i < run->cell.n; i++) {
			const struct cpi_diff_cell *cell = &run->cell.v[i];
			size_t at = diff->row_of.v[cell->row] * t->n_runs + column;

			t->value[at] += cell->flat;
			t->var[at] += cell->flat_var;
			t->value[half + at] += cell->cum;
			t->var[half + at] += cell->cum_var;
		}
	}
	for (size_t i = 0; i < 2 * half; i++)
		t->value[i] = fabs(t->value[i]);
}

static enum cp_code by_time(struct tables *t, struct cp_error *err)
{
	for (size_t r = 0; r < t->n_runs; r++) {
		double seconds = t->diff->run.v[r].seconds;

		if (!(seconds > 0))
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"a capture does not say how long it took; compare by "
				"total, anchor or work");
		t->exposure[t->column[r]] = seconds;
	}
	return CP_OK;
}

/* Calls `mark` for each row of which a name matches. */
static enum cp_code matching(struct tables *t, const char *what, const char *regex,
	uint8_t *flat, uint8_t *cum, struct cp_error *err)
{
	struct cp_diff *diff = t->diff;
	struct cpi_regex *rx = NULL;
	enum cp_code code = cpi_regex_new(diff->env, what, cpi_text(regex), 0, &rx, err);

	for (size_t i = 0; !code && i < diff->name.n; i++)
		if (cpi_regex_match(rx, diff->name.v[i])) {
			flat[diff->row_of.v[i]] = 1;
			if (cum)
				cum[diff->row_of.v[i]] = 1;
		}
	if (!code)
		code = cpi_regex_status(rx, err);
	cpi_regex_free(rx);
	return code;
}

/* Functions that the user says did not change. */
static enum cp_code by_regex(struct tables *t, struct cp_error *err)
{
	enum cp_code code = matching(t, "anchor", t->diff->anchor, t->anchor, NULL, err);

	for (size_t r = 0; !code && r < t->n_runs; r++) {
		double sum = 0;

		for (size_t i = 0; i < t->n_rows; i++)
			sum += t->anchor[i] ? t->value[i * t->n_runs + r] : 0;
		if (!(sum > 0))
			code = cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"a capture has no samples in functions that match the "
				"anchor");
	}
	return code;
}

static enum cp_code exposures(
	struct tables *t, struct cpi_compare *c, struct cp_error *err)
{
	const struct cp_diff_options *o = &t->diff->options;
	bool empty = false;

	for (size_t r = 0; r < t->n_runs; r++) {
		t->exposure[r] = 1;
		empty |= !(t->total[r] > 0);
		if (empty && (o->scale == CP_SCALE_TOTAL || o->scale == CP_SCALE_ANCHOR))
			return cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET,
				"a capture has no samples to scale by");
	}
	c->basis = CPI_BASIS_GIVEN;
	if (t->diff->exposure) {
		memcpy(t->exposure, t->diff->exposure, t->n_runs * sizeof *t->exposure);
		c->total_alone = t->diff->anchored;
		c->exposure_var =
			t->diff->anchored ? t->diff->exposure + t->n_runs : NULL;
		return CP_OK;
	}
	switch (o->scale) {
	case CP_SCALE_TIME:
		return by_time(t, err);
	case CP_SCALE_TOTAL:
		c->basis = CPI_BASIS_TOTAL;
		return CP_OK;
	case CP_SCALE_WORK:
		if (!(o->work[0] > 0) || !(o->work[1] > 0))
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"the units of work must be positive numbers");
		for (size_t r = 0; r < t->n_runs; r++)
			t->exposure[r] = o->work[r >= t->n_before];
		return CP_OK;
	case CP_SCALE_ANCHOR:
		c->basis = CPI_BASIS_ANCHOR;
		return t->diff->anchor ? by_regex(t, err) : (c->choose = true, CP_OK);
	case CP_SCALE_AUTO:
		if (!t->diff->census && !empty) {
			c->basis = CPI_BASIS_ANCHOR;
			c->choose = true;
		}
		return CP_OK;
	default:
		return CP_OK;
	}
}

static enum cp_verdict public_verdict(const struct tables *t, enum cpi_verdict v)
{
	static const enum cp_verdict of[] = {
		[CPI_UNTESTED] = CP_VERDICT_UNTESTED,
		[CPI_WITHIN] = CP_VERDICT_WITHIN,
		[CPI_MORE] = CP_VERDICT_MORE,
		[CPI_LESS] = CP_VERDICT_LESS,
		[CPI_SAME] = CP_VERDICT_SAME,
		[CPI_UNCLEAR] = CP_VERDICT_UNCLEAR,
		[CPI_WORSE] = CP_VERDICT_WORSE,
		[CPI_BETTER] = CP_VERDICT_BETTER,
		[CPI_NEW] = CP_VERDICT_NEW,
		[CPI_GONE] = CP_VERDICT_GONE,
	};

	return t->diff->census ? CP_VERDICT_UNTESTED : of[v];
}

static void value_of(const struct tables *t, const struct cpi_compare_row *from,
	struct cp_diff_value *out)
{
	bool census = t->diff->census;

	out->before = from->mean[0];
	out->after = from->mean[1];
	out->change = out->after - out->before;
	out->samples_before = from->samples[0];
	out->samples_after = from->samples[1];
	out->ratio = from->ratio;
	out->ratio_lo = census ? out->ratio : from->lo;
	out->ratio_hi = census ? out->ratio : from->hi;
	out->p = census ? NAN : from->p;
	out->adjusted = census ? NAN : from->adjusted;
	out->detectable = census ? NAN : from->detectable;
	out->error = census ? 0 : from->error;
	out->freedom = census ? INFINITY : from->df;
	out->verdict = public_verdict(t, from->verdict);
	out->needed = out->verdict == CP_VERDICT_UNCLEAR ? from->needed : 0;
}

/* Rows that a calibration knows have their own noise. */
static void calibrate(const struct tables *t, struct cpi_compare *c)
{
	const struct cp_diff_calibration *known = t->diff->calibration;

	if (t->diff->options.noise > 0)
		c->prior = (struct cpi_noise){t->diff->options.noise, 0, INFINITY, 0};
	if (t->diff->options.total_noise > 0)
		c->total_prior =
			(struct cpi_noise){t->diff->options.total_noise, 0, INFINITY, 0};
	if (!known)
		return;
	c->calibrated = true;
	c->prior = known->functions;
	c->total_prior = known->total;
	c->own = t->own;
	for (size_t i = 0; i < t->diff->name.n; i++)
		cpi_diff_calibration_find(known, t->diff->name.v[i],
			&t->own[t->diff->row_of.v[i]],
			&t->own[t->n_rows + t->diff->row_of.v[i]]);
}

static struct cpi_compare settings(struct tables *t)
{
	const struct cp_diff_options *o = &t->diff->options;
	struct cpi_compare c = {
		.n_runs = t->n_runs,
		.n_before = t->n_before,
		.n_rows = 2 * t->n_rows,
		.n_flat = t->n_rows,
		.value = t->value,
		.var = t->var,
		.total = t->total,
		.total_var = t->total_var,
		.exposure = t->exposure,
		.anchor = t->anchor,
		.prior = CPI_DIFF_PRIOR,
		.total_prior = CPI_DIFF_TOTAL_PRIOR,
		.erratic = t->diff->erratic,
		.threshold = o->min_change,
		.least_share = LEAST_SHARE,
		.q = o->q,
		.confidence = 0.95,
		.fdr = o->fdr == CP_FDR_BH   ? CPI_STAT_BH
		       : o->fdr == CP_FDR_BY ? CPI_STAT_BY
					     : CPI_STAT_HOLM,
	};

	calibrate(t, &c);
	return c;
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

static double factor_of(const struct tables *t)
{
	double after = 0, before = 0;

	for (size_t r = 0; r < t->n_runs; r++)
		*(r < t->n_before ? &before : &after) += t->exposure[r];
	return before / (double)t->n_before / after * (double)(t->n_runs - t->n_before);
}

static void summarise(struct tables *t, const struct cpi_compare *c,
	const struct cpi_compare_row *total)
{
	struct cp_diff_summary *s = &t->diff->summary;

	value_of(t, total, &s->total);
	s->total_before = s->total.before;
	s->total_after = s->total.after;
	s->samples_before = s->total.samples_before;
	s->samples_after = s->total.samples_after;
	s->factor = factor_of(t);
	t->diff->noise = c->noise[0];
	s->noise = c->noise[0].sigma;
	s->noise_cum = c->noise[1].sigma;
	s->noise_small =
		sqrt(c->noise[0].sigma * c->noise[0].sigma + c->noise[0].grain / 0.01);
	s->noise_total = c->total_prior.sigma;
	s->calibrated = c->calibrated;
	s->erratic = c->erratic;
	s->tested = c->tested;
	s->no_anchor = c->no_anchor;
	s->steady = c->unscaled;
	s->by_cum = t->diff->by_cum;
	s->census = t->diff->census;
	if (s->scale == CP_SCALE_AUTO)
		s->scale = c->basis == CPI_BASIS_ANCHOR || s->anchor_paths
				   ? CP_SCALE_ANCHOR
			   : c->basis == CPI_BASIS_TOTAL ? CP_SCALE_TOTAL
							 : CP_SCALE_NONE;
	for (size_t i = 0; i < t->n_rows; i++)
		s->anchor_functions += c->choose && t->anchor[i];
}

/*
 * Where functions do not agree, call paths may: memcpy that doubled for one caller only
 * is half of it as before. For single pairs, whose tree has a column for each capture.
 */
static enum cp_code anchor_of_paths(
	struct tables *t, struct cpi_compare *c, bool *ret_found, struct cp_error *err)
{
	const struct cpi_tree *tree = &t->diff->tree;
	struct cpi_mem *mem = &t->diff->env->mem;
	size_t n = tree->n;
	double *value = cpi_alloc_array(mem, 5 * n, sizeof *value);
	size_t *order = cpi_alloc_array(mem, n, sizeof *order);
	uint8_t *anchor = cpi_alloc_zero(mem, n);
	struct cpi_compare paths = *c;
	enum cp_code code = value && order && anchor ? CP_OK : cpi_error_memory(err);

	*ret_found = false;
	for (size_t i = 0; !code && i < n; i++)
		for (int k = 0; k < 2; k++) {
			value[2 * i + k] = (double)tree->self[k][i] * t->diff->tree_one;
			value[2 * (n + i) + k] =
				value[2 * i + k] * t->total_var[k] / t->total[k];
		}
	if (!code) {
		paths.value = value;
		paths.var = value + 2 * n;
		paths.n_flat = n;
		paths.anchor = anchor;
		*ret_found =
			cpi_compare_anchor(&paths, c->prior.sigma, value + 4 * n, order);
	}
	for (size_t i = 0; *ret_found && i < n; i++)
		for (int k = 0; k < 2; k++)
			t->exposure[k] = (i ? t->exposure[k] : 0) +
					 (anchor[i] ? value[2 * i + k] : 0);
	cpi_free(mem, value, 5 * n * sizeof *value);
	cpi_free(mem, order, n * sizeof *order);
	cpi_free(mem, anchor, n);
	return code;
}

static enum cp_code compare(struct tables *t, struct cpi_compare *c,
	struct cpi_compare_row *total, struct cp_error *err)
{
	struct cp_diff *diff = t->diff;
	bool paths = false;
	enum cp_code code = cpi_compare(diff->env, c, t->result, total, err);

	if (code || !c->no_anchor || t->n_runs != 2 || !(diff->tree_one > 0))
		return code;
	code = anchor_of_paths(t, c, &paths, err);
	if (code || !paths)
		return code;
	c->basis = CPI_BASIS_GIVEN;
	c->choose = c->no_anchor = false;
	c->total_alone = true;
	code = cpi_compare(diff->env, c, t->result, total, err);
	diff->summary.anchor_paths = true;
	return code;
}

/* A label's values are measured against what the functions were: see label.c. */
static enum cp_code hand_on(
	const struct tables *t, const struct cpi_compare *c, struct cp_error *err)
{
	struct cp_diff *by = t->diff->by;
	double *exposure;

	if (!by)
		return CP_OK;
	if (c->basis == CPI_BASIS_TOTAL) {
		by->options.scale = CP_SCALE_TOTAL;
		return CP_OK;
	}
	exposure = cpi_arena_new(&by->bytes, double, 2 * t->n_runs);
	if (!exposure)
		return cpi_error_memory(err);
	for (size_t r = 0; r < t->n_runs; r++) {
		exposure[r] = t->exposure[r];
		exposure[t->n_runs + r] =
			t->exposure[r] * t->total_var[r] / fmax(t->total[r], 1e-300);
	}
	by->exposure = exposure;
	by->anchored = c->basis == CPI_BASIS_ANCHOR || c->total_alone;
	return CP_OK;
}

enum cp_code cpi_diff_test(struct cp_diff *diff, size_t n_rows, struct cp_error *err)
{
	struct tables t;
	struct cpi_compare c;
	struct cpi_compare_row total;
	enum cp_code code = tables_init(&t, diff, n_rows) ? name_rows(diff, n_rows, err)
							  : cpi_error_memory(err);

	if (!code) {
		fill(&t);
		c = settings(&t);
		code = exposures(&t, &c, err);
	}
	if (!code && diff->planned) {
		c.planned = t.planned;
		code = matching(
			&t, "planned", diff->planned, t.planned, t.planned + n_rows, err);
	}
	if (!code)
		code = compare(&t, &c, &total, err);
	if (!code)
		code = hand_on(&t, &c, err);
	for (size_t i = 0; !code && i < n_rows; i++) {
		value_of(&t, &t.result[i], &diff->row.v[i].flat);
		value_of(&t, &t.result[n_rows + i], &diff->row.v[i].cum);
		diff->row.v[i].planned = t.planned[i];
	}
	if (!code)
		summarise(&t, &c, &total);
	tables_release(&t);
	return code;
}
