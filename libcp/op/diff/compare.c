/* SPDX-License-Identifier: Apache-2.0 */
#include "op/diff/compare.h"

#include <math.h>

static double sum(const double *v, size_t from, size_t to)
{
	double s = 0;

	for (size_t i = from; i < to; i++)
		s += v[i];
	return s;
}

/* The row's share of everything, where the table is a composition. */
static double share_of(const struct cpi_compare *c, const double *count)
{
	if (!c->totals)
		return 0;
	return fmin(1, sum(count, 0, c->n_runs) / sum(c->exposure, 0, c->n_runs));
}

static bool single(const struct cpi_compare *c)
{
	return c->n_runs < 3;
}

static bool enough(const struct cpi_compare *c, size_t i)
{
	return sum(c->count + i * c->n_runs, 0, c->n_runs) >= CPI_COMPARE_LEAST;
}

/* Every tested row's own dispersion into own[]; the common one into c. */
static void dispersions(struct cpi_compare *c, double *own, double *scratch)
{
	struct cpi_stat_runs runs = {c->n_runs, c->n_before, c->exposure};
	double d = (double)c->n_runs - 2;
	size_t n = 0;

	c->df = INFINITY;
	c->common_phi = c->phi > 0 ? fmax(1, c->phi) : 1;
	if (single(c))
		return;
	c->df = c->alone ? d : CPI_STAT_PRIOR_DF + d;
	for (size_t i = 0; i < c->n_rows; i++) {
		const double *count = c->count + i * c->n_runs;
		double composed = fmax(1e-9, 1 - share_of(c, count));

		own[i] = cpi_stat_dispersion(&runs, count) / composed;
		/* Below about one sample a run, X² says nothing about a spread. */
		if (sum(count, 0, c->n_runs) >= 2.0 * (double)c->n_runs)
			scratch[n++] = own[i];
	}
	if (!(c->phi > 0))
		c->common_phi = cpi_stat_common_dispersion(scratch, n, d, scratch);
}

static void measure(const struct cpi_compare *c, size_t i, double own, double t,
	struct cpi_compare_row *row)
{
	const double *count = c->count + i * c->n_runs;
	double share = share_of(c, count);

	row->phi = c->common_phi;
	if (single(c)) {
		row->ratio = cpi_stat_pair(count[0], count[1], c->exposure[0],
			c->exposure[1], row->phi, share, c->confidence);
		return;
	}
	/*
	 * Shrunk up, never down: where work varies by a share of itself, dispersion grows
	 * with the samples, and what most functions share says little of the largest
	 * ones.
	 */
	row->phi = c->alone ? fmax(own, c->common_phi)
			    : fmax(own, cpi_stat_shrink(own, (double)c->n_runs - 2,
						c->common_phi));
	row->ratio = cpi_stat_several(
		&(struct cpi_stat_runs){c->n_runs, c->n_before, c->exposure}, count,
		row->phi, c->df, c->threshold, share, t);
}

/* Without a change, both sides share the samples as they share the exposure. */
static double detectable(const struct cpi_compare *c, size_t i, double phi, double z)
{
	const double *count = c->count + i * c->n_runs;
	double n = sum(count, 0, c->n_runs), e1 = sum(c->exposure, 0, c->n_before);
	double e = sum(c->exposure, 0, c->n_runs), share = share_of(c, count);

	return cpi_stat_detectable(n * e1 / e, n * (e - e1) / e,
		phi * fmax(1e-9, 1 - share), z, single(c) ? 0 : c->threshold);
}

static enum cpi_verdict verdict(const struct cpi_compare *c,
	const struct cpi_compare_row *row, bool before, bool after)
{
	if (single(c))
		return row->adjusted <= c->q ? CPI_BEYOND : CPI_WITHIN;
	if (row->adjusted <= c->q) {
		if (!before || !after)
			return before ? CPI_GONE : CPI_NEW;
		return row->ratio.ratio > 1 ? CPI_WORSE : CPI_BETTER;
	}
	if (row->ratio.lo >= 1 / (1 + c->threshold) && row->ratio.hi <= 1 + c->threshold)
		return CPI_SAME;
	return CPI_UNCLEAR;
}

enum cp_code cpi_compare(struct cpi_env *env, struct cpi_compare *c,
	struct cpi_compare_row *row, struct cp_error *err)
{
	size_t n = c->n_rows, m = 0;
	double *own = cpi_alloc_array(&env->mem, n, sizeof *own);
	double *p = cpi_alloc_array(&env->mem, n, sizeof *p);
	size_t *order = cpi_alloc_array(&env->mem, n, sizeof *order);
	enum cp_code code = own && p && order ? CP_OK : cpi_error_memory(err);
	double t, z;

	if (code)
		goto out;
	dispersions(c, own, p);
	t = single(c) ? 0 : cpi_stat_student_quantile((1 + c->confidence) / 2, c->df);
	for (size_t i = 0; i < n; i++) {
		measure(c, i, own[i], t, &row[i]);
		if (enough(c, i))
			p[m++] = row[i].ratio.p;
	}
	c->tested = m;
	cpi_stat_adjust(p, m, c->fdr, order);
	z = cpi_stat_detectable_z(c->df, m, c->q);
	m = 0;
	for (size_t i = 0; i < n; i++) {
		const double *count = c->count + i * c->n_runs;

		row[i].adjusted = enough(c, i) ? p[m++] : 1;
		row[i].detectable = detectable(c, i, row[i].phi, z);
		row[i].verdict = enough(c, i)
			? verdict(c, &row[i], sum(count, 0, c->n_before) > 0,
				  sum(count, c->n_before, c->n_runs) > 0)
			: CPI_UNTESTED;
	}
out:
	cpi_free(&env->mem, own, n * sizeof *own);
	cpi_free(&env->mem, p, n * sizeof *p);
	cpi_free(&env->mem, order, n * sizeof *order);
	return code;
}
