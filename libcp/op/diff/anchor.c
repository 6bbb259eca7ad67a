/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work of fixed size has parts that a change does not touch. Their sum is what the
 * others are measured against: a share of the total would make a growing function shrink
 * all others.
 */
#include <math.h>
#include <stdlib.h>

#include "op/diff/compare.h"

/* Rows further than this many standard errors from the common ratio have changed. */
#define OUTSIDE 2.0

struct candidate {
	double side[2], count[2];
};

static struct candidate candidate_of(const struct cpi_compare *c, size_t row)
{
	struct candidate k = {{0}, {0}};
	double var[2] = {0};

	for (size_t r = 0; r < c->n_runs; r++) {
		int after = r >= c->n_before;

		k.side[after] += c->value[row * c->n_runs + r];
		var[after] += c->var[row * c->n_runs + r];
	}
	for (int s = 0; s < 2; s++)
		k.count[s] = var[s] > 0 ? k.side[s] * k.side[s] / var[s] : 0;
	return k;
}

/* Enough on both sides to have a ratio. */
static bool counts(const struct candidate *k)
{
	return k->side[0] > 0 && k->side[1] > 0 && k->count[0] >= 5 && k->count[1] >= 5;
}

struct totals {
	double side[2];
};

/* Its part of the profile, on the side where that is less. */
static double part_of(const struct candidate *k, const struct totals *t)
{
	return fmin(k->side[0] / t->side[0], k->side[1] / t->side[1]);
}

/* As precise as its ratio is: four that agree outweigh one that is as large as they. */
static double weight_of(const struct candidate *k, const struct totals *t)
{
	return sqrt(part_of(k, t));
}

static int by_key(const void *a, const void *b, void *arg)
{
	const double *key = arg;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;

	if (key[i] != key[j])
		return key[i] < key[j] ? -1 : 1;
	return (i > j) - (i < j);
}

/* The weighted median of ln(after : before), and the weight that has one at all. */
static double median(const struct cpi_compare *c, const struct totals *t, double *ln,
	size_t *order, double *ret_weight)
{
	size_t n = 0;
	double weight = 0, at = 0;

	for (size_t i = 0; i < c->n_flat; i++) {
		struct candidate k = candidate_of(c, i);

		ln[i] = NAN;
		if (!counts(&k))
			continue;
		ln[i] = log(k.side[1] / k.side[0]);
		order[n++] = i;
		weight += weight_of(&k, t);
	}
	*ret_weight = weight;
	if (n)
		qsort_r(order, n, sizeof *order, by_key, ln);
	for (size_t i = 0; i < n; i++) {
		struct candidate k = candidate_of(c, order[i]);

		at += weight_of(&k, t);
		if (at >= weight / 2)
			return ln[order[i]];
	}
	return NAN;
}

static double error_of(
	const struct cpi_compare *c, double sigma, const struct candidate *k)
{
	double runs = 1 / (double)c->n_before + 1 / (double)(c->n_runs - c->n_before);

	return sqrt(1 / k->count[0] + 1 / k->count[1] + sigma * sigma * runs);
}

/* Marks rows near `common`; returns their own ratio's logarithm, weight and part. */
static double choose(const struct cpi_compare *c, const struct totals *t, double sigma,
	const double *ln, double common, double *ret_weight, double *ret_part)
{
	double side[2] = {0};

	*ret_weight = *ret_part = 0;
	for (size_t i = 0; i < c->n_flat; i++) {
		struct candidate k;

		c->anchor[i] = 0;
		if (isnan(ln[i]))
			continue;
		k = candidate_of(c, i);
		if (fabs(ln[i] - common) > OUTSIDE * error_of(c, sigma, &k))
			continue;
		c->anchor[i] = 1;
		*ret_weight += weight_of(&k, t);
		*ret_part += part_of(&k, t);
		side[0] += k.side[0];
		side[1] += k.side[1];
	}
	return side[0] > 0 ? log(side[1] / side[0]) : common;
}

bool cpi_compare_anchor(struct cpi_compare *c, double sigma, double *ln, size_t *order)
{
	struct totals t = {{0}};
	double weight, chosen = 0, part = 0, common;
	size_t n = 0;

	for (size_t r = 0; r < c->n_runs; r++)
		t.side[r >= c->n_before] += c->total[r];
	if (!(t.side[0] > 0) || !(t.side[1] > 0))
		return false;
	common = median(c, &t, ln, order, &weight);
	if (isnan(common))
		return false;
	for (int turn = 0; turn < 8; turn++) {
		double next = choose(c, &t, sigma, ln, common, &chosen, &part);

		if (fabs(next - common) < 1e-9)
			break;
		common = next;
	}
	for (size_t i = 0; i < c->n_flat; i++)
		n += c->anchor[i];
	/* One alone has nobody to agree with, unless it is nearly all there is. */
	return chosen > (n > 1 ? 0.5 : 2.0 / 3) * weight && part >= 0.2;
}
