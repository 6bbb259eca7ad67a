/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting by 64-bit keys, byte by byte. */
#include "base/radix.h"

#include <string.h>

/* One pass: distributes `from` into `to` by byte `shift / 8` of the keys. */
static void pass(const uint32_t *from, uint32_t *to, size_t n, const uint64_t *key,
	unsigned shift, const size_t *count)
{
	size_t at[256];

	at[0] = 0;
	for (unsigned i = 1; i < 256; i++)
		at[i] = at[i - 1] + count[i - 1];
	for (size_t i = 0; i < n; i++)
		to[at[key[from[i]] >> shift & 255]++] = from[i];
}

bool cpi_radix_sort(struct cpi_mem *mem, uint32_t *order, size_t n, const uint64_t *key)
{
	uint32_t *spare, *from = order, *to;
	uint64_t any = 0, all = ~0ULL;

	for (size_t i = 0; i < n; i++) {
		any |= key[order[i]];
		all &= key[order[i]];
	}
	if (any == all || n < 2)
		return true;
	spare = to = cpi_alloc_array(mem, n, sizeof *spare);
	if (!spare)
		return false;
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t count[256] = {0};
		uint32_t *t = from;

		if (!((any ^ all) >> shift & 255))
			continue;
		for (size_t i = 0; i < n; i++)
			count[key[from[i]] >> shift & 255]++;
		pass(from, to, n, key, shift, count);
		from = to;
		to = t;
	}
	if (from != order)
		memcpy(order, from, n * sizeof *order);
	cpi_free(mem, spare, n * sizeof *spare);
	return true;
}
