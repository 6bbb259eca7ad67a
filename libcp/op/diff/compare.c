/* SPDX-License-Identifier: Apache-2.0 */
/* From a table of values to verdicts: one formula for one capture a side and for many. */
#include "op/diff/compare.h"

#include <math.h>

#include "base/hash.h"

/* Below so many samples a binomial law is summed, above it a normal one stands for it. */
#define EXACT 400.0
/* Parts of the profile above this one have no larger part of the error rate. */
#define LARGEST 0.25

/* What is known of one row before its test. */
struct known {
	struct cpi_side side[2];
	double sampling; /* variance of ln ratio from sampling, both sides and exposures
			  */
	double variance; /* … and from run to run */
	double df;
	double phi;    /* variance over what sampling and the common σ would give */
	double spread; /* variance of ln ratio beyond counting alone, under φ = 1 */
	double less;   /* counts are so many times as sure as plain ones (composition) */
};

static double count_of(const struct cpi_side *s)
{
	return s->var > 0 ? s->v * s->v / s->var : 0;
}

/* Value of one sample; a side without any has the profile's. */
static double weight_of(const struct cpi_compare *c, const struct cpi_side side[2], int k)
{
	double v[2] = {0}, var[2] = {0};

	if (side[k].v > 0)
		return side[k].var / side[k].v;
	for (size_t r = 0; r < c->n_runs; r++) {
		v[r >= c->n_before] += c->total[r];
		var[r >= c->n_before] += c->total_var[r];
	}
	if (!(v[k] > 0) || !(var[!k] > 0) || !(side[!k].v > 0))
		return 1;
	return side[!k].var / side[!k].v * (var[k] / v[k]) / (var[!k] / v[!k]);
}

/* Sampling and run-to-run variance without φ; ln ratio of empty sides gets half one. */
static void variances(const struct cpi_compare *c, double sigma, struct known *k)
{
	double plain = 0, runs = 0;

	k->sampling = 0;
	for (int s = 0; s < 2; s++) {
		double n = count_of(&k->side[s]);
		struct cpi_side side = k->side[s];

		if (!(n > 0)) {
			double w = weight_of(c, k->side, s);

			side.v = w / 2;
			side.var = w * w / 2;
			n = 0.5;
		}
		plain += 1 / n;
		k->sampling += cpi_side_sampling(&side);
		runs += side.runs;
	}
	k->less = fmin(1, k->sampling / plain);
	k->spread = fmax(0, k->sampling - plain) + sigma * sigma * runs;
	k->variance = k->sampling + sigma * sigma * runs;
}

/*
 * The prior, and what the row's own captures add to it. Of few captures too little is
 * known for that; what was assumed before any of them counts like (4/d)² captures more.
 */
static void dispersion(const struct cpi_compare *c, size_t row,
	const struct cpi_noise *noise, double assumed, struct known *k)
{
	double d = 0, phi = 1, before = 0, alike = noise->scale > 0 ? noise->scale : 1;
	double sum;

	if (!cpi_compare_single(c))
		phi = cpi_noise_pearson(c, row, noise->sigma, &d);
	if (d > 0 && assumed > 0)
		before = 16 / (d * d);
	k->df = noise->df + d + before;
	sum = isinf(noise->df) ? 1 : noise->df * alike + d * phi;
	if (!isinf(noise->df) && before > 0)
		sum += before * fmax(alike, assumed / k->variance);
	k->phi = isinf(k->df) || !(k->df > 0) ? alike : sum / k->df;
	/* Nothing varies less than its sampling, which needs no estimate. */
	if (k->phi * k->variance < k->sampling && d > 0) {
		k->phi = k->sampling / k->variance;
		k->df = INFINITY;
	}
	k->variance *= k->phi;
}

static double log_ratio(const struct known *k)
{
	const struct cpi_side *b = &k->side[0], *a = &k->side[1];

	return log(a->v / a->e * b->e / b->v);
}

/* Two-sided p of "no change". */
static double p_of(const struct cpi_compare *c, const struct known *k)
{
	double x = count_of(&k->side[0]), y = count_of(&k->side[1]), p, e[2];

	if (!(x + y > 0) || k->variance <= 1e-9)
		return 1;
	if (x + y > EXACT && x > 0 && y > 0)
		return 2 * cpi_stat_student_tail(
				   fabs(log_ratio(k)) / sqrt(k->variance), k->df);
	for (int s = 0; s < 2; s++)
		e[s] = k->side[s].e / weight_of(c, k->side, s);
	p = cpi_stat_conditional(
		x / k->less, y / k->less, e[1] / (e[0] + e[1]), k->spread);
	if (isinf(k->df) && k->phi == 1)
		return p;
	return 2 * cpi_stat_student_tail(
			   -cpi_stat_normal_quantile(p / 2) / sqrt(k->phi), k->df);
}

static void interval(const struct cpi_compare *c, const struct known *k, double t,
	struct cpi_compare_row *row)
{
	double x = count_of(&k->side[0]), y = count_of(&k->side[1]);
	double half = t * sqrt(k->variance), factor;

	if (x >= 10 && y >= 10) {
		row->lo = row->ratio * exp(-half);
		row->hi = row->ratio * exp(half);
		return;
	}
	factor = weight_of(c, k->side, 1) / k->side[1].e * k->side[0].e /
		 weight_of(c, k->side, 0);
	cpi_stat_logit_interval(
		x, y, fmax(0, k->variance - k->sampling), t, &row->lo, &row->hi);
	row->lo *= factor;
	row->hi *= factor;
}

static void measure(const struct cpi_compare *c, const struct known *k, double t,
	struct cpi_compare_row *row)
{
	const struct cpi_side *b = &k->side[0], *a = &k->side[1];

	row->samples[0] = count_of(b);
	row->samples[1] = count_of(a);
	row->mean[0] = b->v / (double)c->n_before;
	row->mean[1] = a->e > 0 ? a->v * (b->e / a->e) / (double)c->n_before : 0;
	row->ratio = b->v > 0 ? row->mean[1] / row->mean[0] : a->v > 0 ? INFINITY : 1;
	row->p = 1;
	row->lo = 0;
	row->hi = INFINITY;
	row->df = k->df;
	row->error = sqrt(k->variance);
	if (!(b->e > 0) || !(a->e > 0) || !(b->v + a->v > 0))
		return;
	row->p = fmin(1, p_of(c, k));
	interval(c, k, t, row);
}

/* The quantile of the last freedom asked for: most rows have the same. */
struct quantile {
	double p, df, t;
};

static double student(struct quantile *q, double p, double df)
{
	if (q->p != p || q->df != df)
		*q = (struct quantile){p, df, cpi_stat_student_quantile(p, df)};
	return q->t;
}

static double share_of(const struct cpi_compare *c, size_t row)
{
	double v[2] = {0}, all[2] = {0};

	for (size_t r = 0; r < c->n_runs; r++) {
		v[r >= c->n_before] += c->value[row * c->n_runs + r];
		all[r >= c->n_before] += c->total[r];
	}
	return fmax(all[0] > 0 ? v[0] / all[0] : 0, all[1] > 0 ? v[1] / all[1] : 0);
}

static bool enough(const struct cpi_compare *c, size_t row)
{
	double v[2] = {0}, var[2] = {0}, n = 0;

	for (size_t r = 0; r < c->n_runs; r++) {
		v[r >= c->n_before] += c->value[row * c->n_runs + r];
		var[r >= c->n_before] += c->var[row * c->n_runs + r];
	}
	for (int k = 0; k < 2; k++)
		n += var[k] > 0 ? v[k] * v[k] / var[k] : 0;
	return n >= CPI_COMPARE_LEAST;
}

static double sigma_of(
	const struct cpi_compare *c, size_t row, const struct cpi_noise *noise)
{
	return sqrt(noise->sigma * noise->sigma +
		    noise->grain / fmax(share_of(c, row), c->least_share));
}

static void set_exposures(struct cpi_compare *c)
{
	if (c->basis == CPI_BASIS_GIVEN)
		return;
	for (size_t r = 0; r < c->n_runs; r++)
		c->exposure[r] = c->basis == CPI_BASIS_TOTAL ? c->total[r] : 0;
	for (size_t i = 0; c->basis == CPI_BASIS_ANCHOR && i < c->n_flat; i++)
		for (size_t r = 0; c->anchor[i] && r < c->n_runs; r++)
			c->exposure[r] += c->value[i * c->n_runs + r];
}

/* The total as a table of one row, against what is given or nothing. */
static void test_total(struct cpi_compare *c, double *one, struct cpi_compare_row *row)
{
	struct cpi_compare total = *c;
	struct known k = {0};
	struct cpi_noise noise = c->total_prior;
	double t;

	total.value = c->total;
	total.var = c->total_var;
	total.n_rows = total.n_flat = 1;
	total.basis = CPI_BASIS_GIVEN;
	total.exposure_var = NULL;
	if (c->basis != CPI_BASIS_GIVEN || c->total_alone) {
		for (size_t r = 0; r < c->n_runs; r++)
			one[r] = 1;
		total.exposure = one;
	}
	/* Several captures say themselves how far totals vary; no row shares it. */
	if (!cpi_compare_single(c) && !c->calibrated)
		noise = (struct cpi_noise){0};
	cpi_noise_sides(&total, 0, k.side);
	variances(&total, noise.sigma, &k);
	dispersion(&total, 0, &noise, 0, &k);
	t = cpi_stat_student_quantile((1 + c->confidence) / 2, k.df);
	measure(&total, &k, t, row);
}

static bool changed(const struct cpi_compare *c, const struct cpi_compare_row *row)
{
	return row->adjusted <= c->q && fabs(log(row->ratio)) > log1p(c->threshold);
}

static enum cpi_verdict verdict(
	const struct cpi_compare *c, const struct cpi_compare_row *row)
{
	if (cpi_compare_single(c))
		return !changed(c, row) ? CPI_WITHIN
		       : row->ratio > 1 ? CPI_MORE
					: CPI_LESS;
	if (changed(c, row)) {
		if (row->ratio == 0 || isinf(row->ratio))
			return row->ratio == 0 ? CPI_GONE : CPI_NEW;
		return row->ratio > 1 ? CPI_WORSE : CPI_BETTER;
	}
	if (row->lo >= 1 / (1 + c->threshold) && row->hi <= 1 + c->threshold)
		return CPI_SAME;
	return CPI_UNCLEAR;
}

/*
 * How many times the captures it takes: the standard error falls with their root, until
 * the interval (with `crit` errors, as many tests ask) keeps clear of 1, or the plain one
 * lies inside the threshold, whichever the estimate is nearer to.
 */
static double needed(const struct cpi_compare *c, const struct cpi_compare_row *row,
	double crit, double t)
{
	double off = fabs(log(row->ratio)), tau = log1p(c->threshold), times;

	if (!isfinite(off))
		return 2;
	times = off > tau ? crit * row->error / off
			  : t * row->error / fmax(tau - off, tau / 4);
	return fmax(1, times * times);
}

static double detectable(
	const struct cpi_compare *c, const struct cpi_compare_row *row, double crit)
{
	double power = 0.8416; /* the normal quantile of 0.8 */

	if (!isfinite(row->error) || row->samples[0] + row->samples[1] <= 0)
		return INFINITY;
	return exp(fmax(
		(crit + power) * row->error, log1p(c->threshold) + power * row->error));
}

/* All that one comparison allocates. */
struct work {
	uint8_t *use;   /* rows that are tested */
	uint32_t *same; /* per row: an earlier one with the same values, or itself */
	double *phi, *p, *weight;
	size_t *order;
	double *one;
};

static bool work_init(struct work *w, struct cpi_mem *mem, const struct cpi_compare *c)
{
	size_t n = c->n_rows;

	w->use = cpi_alloc_zero(mem, n);
	w->same = cpi_alloc_array(mem, n, sizeof *w->same);
	w->phi = cpi_alloc_array(mem, n, sizeof *w->phi);
	w->p = cpi_alloc_array(mem, n + 1, sizeof *w->p);
	w->weight = cpi_alloc_array(mem, n + 1, sizeof *w->weight);
	w->order = cpi_alloc_array(mem, n + 1, sizeof *w->order);
	w->one = cpi_alloc_array(mem, c->n_runs, sizeof *w->one);
	return w->use && w->same && w->phi && w->p && w->weight && w->order && w->one;
}

static void work_release(struct work *w, struct cpi_mem *mem, const struct cpi_compare *c)
{
	size_t n = c->n_rows;

	cpi_free(mem, w->use, n);
	cpi_free(mem, w->same, n * sizeof *w->same);
	cpi_free(mem, w->phi, n * sizeof *w->phi);
	cpi_free(mem, w->p, (n + 1) * sizeof *w->p);
	cpi_free(mem, w->weight, (n + 1) * sizeof *w->weight);
	cpi_free(mem, w->order, (n + 1) * sizeof *w->order);
	cpi_free(mem, w->one, c->n_runs * sizeof *w->one);
}

static bool equal_values(const struct cpi_compare *c, const double *a, const double *b)
{
	return !memcmp(a, b, c->n_runs * sizeof *a);
}

/*
 * A function that calls nothing has equal flat and cumulative values, a chain of wrappers
 * equal cumulative ones: these are one hypothesis, and count once among the tests.
 * Rows that equal the total (main) are marked UINT32_MAX: the total's test is theirs.
 */
static enum cp_code find_same(struct cpi_env *env, const struct cpi_compare *c,
	struct work *w, struct cp_error *err)
{
	struct cpi_index index = {0};
	size_t bytes = c->n_runs * sizeof *c->value;
	bool fine = true;

	for (size_t i = 0; fine && i < c->n_rows; i++) {
		const double *v = c->value + i * c->n_runs;
		struct cpi_probe probe;
		uint64_t hash;

		w->same[i] = (uint32_t)i;
		if (!w->use[i])
			continue;
		if (equal_values(c, v, c->total)) {
			w->same[i] = UINT32_MAX;
			continue;
		}
		hash = cpi_hash((const char *)v, bytes);
		probe = cpi_index_find(&index, hash);
		for (uint32_t id; (id = cpi_index_next(&index, &probe));)
			if (equal_values(c, v, c->value + (size_t)(id - 1) * c->n_runs)) {
				w->same[i] = id - 1;
				break;
			}
		if (w->same[i] == i)
			fine = cpi_index_add(&env->mem, &index, hash, (uint32_t)i + 1);
	}
	cpi_index_release(&env->mem, &index);
	return fine ? CP_OK : cpi_error_memory(err);
}

static void test_rows(struct cpi_compare *c, const struct work *w,
	const struct cpi_compare_row *total, struct cpi_compare_row *row)
{
	struct quantile q = {0};

	for (size_t i = 0; i < c->n_rows; i++) {
		struct cpi_noise noise = c->noise[i >= c->n_flat];
		struct known k;
		double assumed;
		bool known;

		if (w->same[i] == UINT32_MAX) {
			row[i] = *total;
			continue;
		}
		known = c->own && c->own[i].df > 0;
		if (known)
			noise = c->own[i];
		cpi_noise_sides(c, i, k.side);
		variances(c, sigma_of(c, i, &c->prior), &k);
		assumed = known ? 0 : k.variance;
		noise.sigma = sigma_of(c, i, &noise);
		variances(c, noise.sigma, &k);
		dispersion(c, i, &noise, assumed, &k);
		measure(c, &k, student(&q, (1 + c->confidence) / 2, k.df), &row[i]);
		if (w->same[i] != i)
			row[i] = row[w->same[i]];
	}
}

static bool planned(const struct cpi_compare *c, size_t i)
{
	return c->planned && c->planned[i];
}

/*
 * A test's part of the family's error rate. What a function can show grows with the root
 * of its samples, and a change of a large one is worth more: so do its chances. Both
 * sides' samples together say nothing of their difference, so no rate suffers.
 */
static double weight_in_family(const struct cpi_compare *c, size_t row)
{
	return sqrt(fmax(c->least_share, fmin(LARGEST, share_of(c, row))));
}

/* One family of all that was not asked for by name, with the total; one of the rest. */
static void adjust(struct cpi_compare *c, struct work *w, struct cpi_compare_row *total,
	struct cpi_compare_row *row)
{
	for (int named = 0; named < 2; named++) {
		size_t m = 0;

		for (size_t i = 0; i < c->n_rows; i++)
			if (w->use[i] && w->same[i] == i && planned(c, i) == named) {
				w->weight[m] = weight_in_family(c, i);
				w->p[m++] = row[i].p;
			}
		if (!named) {
			w->weight[m] = sqrt(LARGEST);
			w->p[m++] = total->p;
			c->tested = m;
			c->weight = 0;
			for (size_t i = 0; i < m; i++)
				c->weight += w->weight[i];
		}
		cpi_stat_adjust(w->p, named ? NULL : w->weight, m,
			named ? CPI_STAT_HOLM : c->fdr, w->order);
		m = 0;
		for (size_t i = 0; i < c->n_rows; i++)
			if (w->use[i] && w->same[i] == i && planned(c, i) == named)
				row[i].adjusted = w->p[m++];
		if (!named)
			total->adjusted = w->p[m];
	}
	for (size_t i = 0; i < c->n_rows; i++)
		if (w->same[i] != i)
			row[i].adjusted = w->same[i] == UINT32_MAX
						  ? total->adjusted
						  : row[w->same[i]].adjusted;
		else if (!w->use[i])
			row[i].adjusted = 1;
}

/* `part` is the test's of the error rate: 1 when it stands alone. */
static void judge(const struct cpi_compare *c, bool tested, double part,
	struct quantile q[2], struct cpi_compare_row *row)
{
	double crit = student(&q[0], 1 - c->q * fmin(1, part) / 2, row->df);
	double t = student(&q[1], (1 + c->confidence) / 2, row->df);

	row->detectable = detectable(c, row, crit);
	row->verdict = tested ? verdict(c, row) : CPI_UNTESTED;
	row->needed = row->verdict == CPI_UNCLEAR || row->verdict == CPI_WITHIN
			      ? needed(c, row, crit, t)
			      : 0;
}

/* Rows that turned out to have changed are no anchor. True when there were any. */
static bool leave_changed(struct cpi_compare *c, const struct cpi_compare_row *row)
{
	bool any = false;

	if (c->basis != CPI_BASIS_ANCHOR && !c->unscaled)
		return false;
	for (size_t i = 0; i < c->n_flat; i++)
		if (c->anchor[i] && changed(c, &row[i])) {
			c->anchor[i] = 0;
			any = true;
		}
	if (any && c->unscaled)
		c->basis = CPI_BASIS_ANCHOR;
	return any;
}

/*
 * Do the totals vary less than sampling alone would have it? Then the captures were ended
 * at a number of samples or a time: what one function takes is missing in all others.
 */
static bool ended_alike(const struct cpi_compare *c)
{
	double all = 0, var = 0, x2 = 0, n = (double)c->n_runs, d = n - 1, least;

	for (size_t r = 0; r < c->n_runs; r++) {
		all += c->total[r];
		var += c->total_var[r];
	}
	for (size_t r = 0; r < c->n_runs; r++)
		x2 += pow(c->total[r] - all / n, 2) / (var / n);
	/* Chi-square's 1 % by Wilson and Hilferty. */
	least = 1 - 2 / (9 * d) - 2.33 * sqrt(2 / (9 * d));
	/* Two or three captures may be that alike by chance. */
	return least > 0 && x2 <= d * least * least * least;
}

/*
 * Does the anchor vary between captures as sampling, and its rows' own noise, would have
 * it? Then the captures did the same work at the same speed, and scaling by the anchor
 * would only add its noise to every row's.
 */
static bool steady(const struct cpi_compare *c)
{
	double e[2] = {0}, all, var = 0, squares = 0, x2 = 0, z, relative;
	double n[2] = {(double)c->n_before, (double)(c->n_runs - c->n_before)};
	double d = (double)c->n_runs - 1;

	for (size_t r = 0; r < c->n_runs; r++) {
		e[r >= c->n_before] += c->exposure[r];
		var += c->exposure[r] * c->total_var[r] / c->total[r];
	}
	all = e[0] + e[1];
	for (size_t i = 0; i < c->n_flat; i++) {
		double part = 0;

		for (size_t r = 0; c->anchor[i] && r < c->n_runs; r++)
			part += c->value[i * c->n_runs + r] / all;
		squares += part * part;
	}
	/* Of one capture's anchor. */
	relative = var / all / (all / (d + 1)) +
		   c->noise[0].sigma * c->noise[0].sigma * squares;
	for (size_t r = 0; r < c->n_runs; r++)
		x2 += pow(c->exposure[r] / all * (d + 1) - 1, 2) / relative;
	z = log(e[1] / n[1] / (e[0] / n[0])) / sqrt(relative * (1 / n[0] + 1 / n[1]));
	return fabs(z) <= 2 && x2 <= d + 2 * sqrt(2 * d);
}

static void run(struct cpi_compare *c, struct work *w, struct cpi_compare_row *row,
	struct cpi_compare_row *total)
{
	set_exposures(c);
	c->noise[0] = cpi_noise_estimate(c, 0, c->n_flat, w->use, w->phi);
	c->unscaled = c->basis == CPI_BASIS_ANCHOR && !ended_alike(c) && steady(c);
	if (c->unscaled) {
		c->basis = CPI_BASIS_GIVEN;
		for (size_t r = 0; r < c->n_runs; r++)
			c->exposure[r] = 1;
		c->noise[0] = cpi_noise_estimate(c, 0, c->n_flat, w->use, w->phi);
	}
	c->noise[1] = cpi_noise_estimate(c, c->n_flat, c->n_rows, w->use, w->phi);
	test_rows(c, w, total, row);
	adjust(c, w, total, row);
}

/* An anchor is looked for with the noise that the captures show as shares. */
static void choose_anchor(struct cpi_compare *c, struct work *w)
{
	c->basis = CPI_BASIS_TOTAL;
	set_exposures(c);
	c->noise[0] = cpi_noise_estimate(c, 0, c->n_flat, w->use, w->phi);
	c->no_anchor = !cpi_compare_anchor(c, c->noise[0].sigma, w->p, w->order);
	c->basis = c->no_anchor ? CPI_BASIS_TOTAL : CPI_BASIS_ANCHOR;
}

enum cp_code cpi_compare(struct cpi_env *env, struct cpi_compare *c,
	struct cpi_compare_row *row, struct cpi_compare_row *ret_total,
	struct cp_error *err)
{
	struct work w;
	struct quantile q[2] = {{0}};
	bool blind = c->erratic && cpi_compare_single(c);
	enum cp_code code = CP_OK;

	if (!work_init(&w, &env->mem, c)) {
		work_release(&w, &env->mem, c);
		return cpi_error_memory(err);
	}
	for (size_t i = 0; i < c->n_rows; i++)
		w.use[i] = enough(c, i) &&
			   (planned(c, i) || share_of(c, i) >= c->least_share);
	code = find_same(env, c, &w, err);
	if (!code) {
		if (c->choose)
			choose_anchor(c, &w);
		test_total(c, w.one, ret_total);
		run(c, &w, row, ret_total);
		if (leave_changed(c, row))
			run(c, &w, row, ret_total);
		for (size_t i = 0; i < c->n_rows; i++)
			judge(c, w.use[i] && !blind,
				planned(c, i) ? 1 : weight_in_family(c, i) / c->weight, q,
				&row[i]);
		judge(c, !blind, sqrt(LARGEST) / c->weight, q, ret_total);
	}
	work_release(&w, &env->mem, c);
	return code;
}
