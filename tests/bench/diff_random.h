/* SPDX-License-Identifier: Apache-2.0 */
/* Seeded draws for simulated captures: the same numbers everywhere. */
#ifndef CPI_DIFF_RANDOM_H
#define CPI_DIFF_RANDOM_H

#include <math.h>
#include <stdint.h>

struct diff_random {
	uint64_t state;
};

static inline struct diff_random diff_random_start(uint64_t seed)
{
	return (struct diff_random){seed * 0x9e3779b97f4a7c15ULL + 1};
}

static inline double diff_uniform(struct diff_random *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (double)(r->state >> 11) / 9007199254740992.0;
}

static inline double diff_normal(struct diff_random *r)
{
	double u = diff_uniform(r), v = diff_uniform(r);

	return sqrt(-2 * log(u > 0 ? u : 1e-300)) * cos(2 * M_PI * v);
}

static inline double diff_poisson(struct diff_random *r, double mean)
{
	double limit = exp(-mean), product = diff_uniform(r), k = 0;

	if (mean > 500)
		return fmax(0, floor(mean + sqrt(mean) * diff_normal(r) + 0.5));
	for (; product > limit; k++)
		product *= diff_uniform(r);
	return k;
}

/* A factor with mean 1. */
static inline double diff_log_normal(struct diff_random *r, double sigma)
{
	return exp(sigma * diff_normal(r) - sigma * sigma / 2);
}

/* `rows` parts of a profile: 21, 7 and 2.5 %, the others of falling size; they sum to 1.
 */
static inline void diff_shares(double *share, int rows)
{
	double rest = 1 - .21 - .07 - .025, sum = 0;

	share[0] = .21;
	share[1] = .07;
	share[2] = .025;
	for (int i = 3; i < rows; i++)
		sum += share[i] = pow(.9, i);
	for (int i = 3; i < rows; i++)
		share[i] *= rest / sum;
}

#endif
