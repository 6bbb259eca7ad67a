/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_WANTED_H
#define CPI_WANTED_H

/*
 * A sorted set of addresses that somebody wants names for. Tables of symbols are much
 * larger than what a profile touches of them, so they are read once, in their own order,
 * and asked about each row: is there a wanted address here? A table of where each stretch
 * of addresses begins in the set answers that in a few nanoseconds.
 */

#include "base/env.h"

struct cpi_wanted {
	const uint64_t *address; /* borrowed; strictly increasing */
	size_t n;
	unsigned shift;
	uint32_t *first; /* by (address - address[0]) >> shift, and one more */
	uint32_t n_buckets;
};

/* n > 0. False when out of memory; release in any case. */
bool cpi_wanted_init(
	struct cpi_env *env, struct cpi_wanted *w, const uint64_t *address, size_t n);
void cpi_wanted_release(struct cpi_env *env, struct cpi_wanted *w);

/* Index of the first wanted address at or after `start`; n when there is none. */
static inline size_t cpi_wanted_from(const struct cpi_wanted *w, uint64_t start)
{
	uint64_t b;
	size_t lo, hi;

	if (start <= w->address[0])
		return 0;
	b = (start - w->address[0]) >> w->shift;
	if (b >= w->n_buckets)
		return w->n;
	lo = w->first[b];
	hi = w->first[b + 1];
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (w->address[mid] < start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

#endif
