/* SPDX-License-Identifier: Apache-2.0 */
/* Sorted sets of addresses that somebody wants names for. */
#include "object/wanted.h"

#include <string.h>

bool cpi_wanted_init(
	struct cpi_env *env, struct cpi_wanted *w, const uint64_t *address, size_t n)
{
	uint64_t span = address[n - 1] - address[0];
	uint32_t most = 64, at = 0;

	memset(w, 0, sizeof *w);
	w->address = address;
	w->n = n;
	while (most < n * 4 && most < 1u << 16)
		most *= 2;
	while (span >> w->shift >= most)
		w->shift++;
	w->n_buckets = (uint32_t)(span >> w->shift) + 1;
	w->first = cpi_alloc_array(&env->mem, w->n_buckets + 1, sizeof *w->first);
	if (!w->first)
		return false;
	for (uint32_t b = 0; b < w->n_buckets; b++) {
		while (at < n && (address[at] - address[0]) >> w->shift < b)
			at++;
		w->first[b] = at;
	}
	w->first[w->n_buckets] = (uint32_t)n;
	return true;
}

void cpi_wanted_release(struct cpi_env *env, struct cpi_wanted *w)
{
	cpi_free(&env->mem, w->first, (w->n_buckets + 1) * sizeof *w->first);
}
