/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

enum { FIRST_SLOTS = 16 };

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
	place(index, (hash ^ hash >> 32) << 32 | id);
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
