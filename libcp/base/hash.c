/* SPDX-License-Identifier: Apache-2.0 */
/* The index's slow paths, and the run's key. */
#include "base/hash.h"

#include <sys/auxv.h>

enum { FIRST_SLOTS = 16 };

struct cpi_hash_key cpi_hash_key;

/*
 * The kernel gives every program 16 random bytes at its start, so that asking for some
 * can neither fail nor wait; the C library makes stack guards of them, so they are hashed.
 */
__attribute__((constructor)) static void make_key(void)
{
	const void *random = (const void *)getauxval(AT_RANDOM);
	XXH128_hash_t key = XXH3_128bits(random ? random : "", random ? 16 : 0);

	cpi_hash_key.seed = key.low64;
	cpi_hash_key.odd = key.high64 | 1;
	XXH3_generateSecret_fromSeed(cpi_hash_key.secret, key.low64);
}

static void place(struct cpi_index *index, uint64_t slot)
{
	uint32_t at = (uint32_t)(slot >> 32) & index->mask;

	while (index->slot[at])
		at = (at + 1) & index->mask;
	index->slot[at] = slot;
}

static bool grow(struct cpi_mem *mem, struct cpi_index *index)
{
	struct cpi_index old = *index;
	size_t slots = old.slot ? ((size_t)old.mask + 1) * 2 : FIRST_SLOTS;

	index->slot = cpi_alloc_zero(mem, slots * sizeof *index->slot);
	if (!index->slot) {
		index->slot = old.slot;
		return false;
	}
	index->mask = (uint32_t)(slots - 1);
	if (!old.slot)
		return true;
	for (size_t i = 0; i <= old.mask; i++)
		if (old.slot[i])
			place(index, old.slot[i]);
	cpi_free(mem, old.slot, ((size_t)old.mask + 1) * sizeof *old.slot);
	return true;
}

bool cpi_index_add(
	struct cpi_mem *mem, struct cpi_index *index, uint64_t hash, uint32_t id)
{
	/* Linear probing stays short below 5/8 full. */
	if (!index->slot || index->n >= ((uint64_t)index->mask + 1) * 5 / 8)
		if (index->mask == UINT32_MAX || !grow(mem, index))
			return false;
	place(index, (uint64_t)cpi_hash_tag(hash) << 32 | id);
	index->n++;
	return true;
}

void cpi_index_release(struct cpi_mem *mem, struct cpi_index *index)
{
	if (index->slot)
		cpi_free(mem, index->slot,
			((size_t)index->mask + 1) * sizeof *index->slot);
	*index = (struct cpi_index){0};
}
