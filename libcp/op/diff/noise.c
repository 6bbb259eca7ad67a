/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much rows vary from run to run: one coefficient of variation that most rows share,
 * and how far single rows differ from it. After the empirical Bayes methods of genomics
 * (Smyth 2004; Robinson and Smyth 2008), whose tables have our shape: many rows, few
 * columns, most rows unchanged.
 */
#include <math.h>

#include "op/diff/compare.h"

/* A run's exposure for one row: without the row itself where it is part of the anchor. */
static double exposure_of(
	const struct cpi_compare *c, size_t row, size_t run, double *ret_var)
{
	double e = c->exposure[run], own = c->value[row * c->n_runs + run];

	*ret_var = 0;
	if (c->basis == CPI_BASIS_GIVEN) {
		*ret_var = c->exposure_var ? c->exposure_var[run] : 0;
		return e;
	}
	*ret_var = e * c->total_var[run] / c->total[run];
	/* One that is all of the anchor has nothing else to be measured by. */
	if (c->basis == CPI_BASIS_ANCHOR && row < c->n_flat && c->anchor[row] &&
		own < e) {
		*ret_var *= (e - own) / e;
		e -= own;
	}
	return e;
}

void cpi_noise_sides(const struct cpi_compare *c, size_t row, struct cpi_side side[2])
{
	double squares[2] = {0}, outside[2] = {0};

	side[0] = side[1] = (struct cpi_side){0};
	for (size_t r = 0; r < c->n_runs; r++) {
		struct cpi_side *s = &side[r >= c->n_before];
		double var, e = exposure_of(c, row, r, &var);

		s->v += c->value[row * c->n_runs + r];
		s->var += c->var[row * c->n_runs + r];
		s->e += e;
		s->e_var += var;
		squares[r >= c->n_before] += e * e;
		outside[r >= c->n_before] += c->total[r] - c->exposure[r];
	}
	for (int k = 0; k < 2; k++) {
		struct cpi_side *s = &side[k];

		s->runs = s->e > 0 ? squares[k] / (s->e * s->e) : 1;
		/* At least so much of a cumulative value, or a label's, lies in the anchor. */
		if (c->basis == CPI_BASIS_TOTAL)
			s->inside = 1;
		else if (s->v > 0 && (c->basis == CPI_BASIS_ANCHOR ? row >= c->n_flat
								    : !!c->exposure_var))
			s->inside = fmax(0, 1 - outside[k] / s->v);
	}
}

/* Variance of ln(v : e): two Poisson counts of which one holds a part of the other. */
double cpi_side_sampling(const struct cpi_side *s)
{
	double v = s->v > 0 ? s->var / (s->v * s->v) : 0;
	double e = s->e > 0 ? s->e_var / (s->e * s->e) : 0;

	return fmax(v + (1 - 2 * s->inside) * e, 1e-12);
}

/* A row's side, as one of its captures sees it. */
struct rate {
	double rate, weight; /* value per exposure; value of one sample */
	double runs;         /* captures that have an exposure */
	double inside;
};

static void rates(const struct cpi_compare *c, size_t row, struct rate rate[2])
{
	struct cpi_side side[2];

	cpi_noise_sides(c, row, side);
	for (int k = 0; k < 2; k++)
		rate[k] = (struct rate){side[k].e > 0 ? side[k].v / side[k].e : 0,
			side[k].v > 0 ? side[k].var / side[k].v : 0,
			k ? (double)(c->n_runs - c->n_before) : (double)c->n_before,
			side[k].inside};
}

/* Sampling variance of one capture's ln(value : exposure), by its expectation. */
static double sampling_of(const struct cpi_compare *c, size_t row, size_t run,
	const struct rate *rate, double *ret_z2)
{
	double var, e = exposure_of(c, row, run, &var), mu = e * rate->rate, off;

	*ret_z2 = NAN;
	if (!(mu > 0) || !(rate->weight > 0))
		return NAN;
	off = c->value[row * c->n_runs + run] / mu - 1;
	*ret_z2 = off * off;
	return fmax(rate->weight / mu + (1 - 2 * rate->inside) * var / (e * e), 1e-12);
}

double cpi_noise_pearson(
	const struct cpi_compare *c, size_t row, double sigma, double *ret_d)
{
	struct rate rate[2];
	double x2 = 0;

	rates(c, row, rate);
	*ret_d = 0;
	for (int k = 0; k < 2; k++)
		*ret_d += rate[k].rate > 0 ? rate[k].runs - 1 : 0;
	for (size_t r = 0; r < c->n_runs; r++) {
		double z2, s = sampling_of(c, row, r, &rate[r >= c->n_before], &z2);

		if (!isnan(s))
			x2 += z2 / (s + sigma * sigma);
	}
	return *ret_d > 0 ? x2 / *ret_d : 1;
}

/* How much a row says about σ²: the slope of its expected X² there. */
static double slope(const struct cpi_compare *c, size_t row, double sigma)
{
	struct rate rate[2];
	double sum = 0, n = 0;

	rates(c, row, rate);
	for (size_t r = 0; r < c->n_runs; r++) {
		double z2, s = sampling_of(c, row, r, &rate[r >= c->n_before], &z2);

		if (!isnan(s)) {
			sum += 1 / (s + sigma * sigma);
			n++;
		}
	}
	return n > 0 ? sum / n : 0;
}

/* Rows this far above the rest are their own, and say nothing about the others. */
static double most_phi(double d)
{
	double z = 2.33, cube = 1 - 2 / (9 * d) + z * sqrt(2 / (9 * d));

	return cube * cube * cube; /* chi-square's 99 % by Wilson and Hilferty, over d */
}

/* The score of σ²: above 0 where the rows vary more than σ says. */
static double score(const struct cpi_compare *c, size_t from, size_t to,
	const uint8_t *use, double sigma, double *ret_weight)
{
	double sum = 0, weight = 0;

	for (size_t i = from; i < to; i++) {
		double d, phi, g;

		if (!use[i])
			continue;
		phi = cpi_noise_pearson(c, i, sigma, &d);
		if (!(d > 0))
			continue;
		g = slope(c, i, sigma);
		sum += d * (fmin(phi, most_phi(d)) - 1) * g;
		weight += d * g * g / 2;
	}
	*ret_weight = weight;
	return sum;
}

/* σ by the score's root; the prior stands for a few degrees of freedom of its own. */
static double common_sigma(
	const struct cpi_compare *c, size_t from, size_t to, const uint8_t *use)
{
	double lo = 0, hi = 4, weight, z, given = c->prior.sigma;
	double prior_weight =
		given > 0 ? (c->calibrated ? 20 : 0.5) / pow(given, 4) / 2 : 0;

	if (score(c, from, to, use, 0, &weight) <= 0)
		hi = 0;
	for (int i = 0; i < 40 && hi > 0; i++) {
		double mid = (lo + hi) / 2;

		*(score(c, from, to, use, mid, &weight) > 0 ? &lo : &hi) = mid;
	}
	lo = (lo + hi) / 2;
	score(c, from, to, use, lo, &weight);
	if (!(weight + prior_weight > 0))
		return given;
	/*
	 * A σ² within its own standard error of 0 changes no test that could show it, but
	 * always taken for real it would cost power where there is none.
	 */
	z = lo * lo * sqrt(weight);
	lo = z > 1 ? lo * sqrt(1 - 1 / (z * z)) : 0;
	return sqrt((weight * lo * lo + prior_weight * given * given) /
		    (weight + prior_weight));
}

struct cpi_noise cpi_noise_estimate(const struct cpi_compare *c, size_t from, size_t to,
	const uint8_t *use, double *phi)
{
	struct cpi_noise noise = c->prior;
	double sum = 0, squares = 0, within = 0, n = 0, excess;
	double mean_d = (double)c->n_runs - 2;

	if (cpi_compare_single(c))
		return noise;
	noise.grain = 0;
	noise.sigma = c->erratic ? 0 : common_sigma(c, from, to, use);
	/* Logarithms of chi-squares: their spread beyond chance is that between rows. */
	for (size_t i = from; i < to; i++) {
		double d, least;

		if (!use[i])
			continue;
		phi[i - from] = cpi_noise_pearson(c, i, noise.sigma, &d);
		if (!(d > 0))
			continue;
		/* Rounded counts may not vary at all; chance has a floor, too. */
		least = 0.02 / d;
		excess = log(fmax(phi[i - from], least)) - cpi_stat_digamma(d / 2) +
			 log(d / 2);
		sum += excess;
		squares += excess * excess;
		within += cpi_stat_trigamma(d / 2);
		n++;
	}
	/* Too few to say how alike rows are: each mostly speaks for itself. */
	if (n < 4) {
		noise.df = 2;
		return noise;
	}
	excess = (squares - sum * sum / n) / (n - 1) -
		 within / n * (1 + sqrt(0.5 / (n - 1)));
	noise.df = excess > 1e-3 ? 2 * cpi_stat_trigamma_inverse(excess) : INFINITY;
	/* What few captures say of how alike rows are is not much. */
	noise.df = fmin(noise.df, mean_d * mean_d);
	if (sum / n > sqrt((squares / n) / n))
		noise.scale =
			exp(sum / n + log(noise.df / 2) - cpi_stat_digamma(noise.df / 2));
	noise.scale = fmax(1, noise.scale);
	return noise;
}
