/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_HASH_H
#define CPI_HASH_H

/*
 * Hashing and the index behind every interned table.
 *
 * cpi_index maps hashes to 32-bit row ids (0 is "none"); the rows live with its owner,
 * who compares them. A slot is 8 bytes: the id, and 32 bits of the hash, which give the
 * home position, spare nearly all row comparisons (a million rows share a 32-bit hash
 * about 100 times in all) and let the index grow without hashing a row again. Output
 *never depends on slot order: rows are numbered by first use.
 *
 *	struct cpi_probe probe = cpi_index_find(&index, hash);
 *	for (uint32_t id; (id = cpi_index_next(&index, &probe));)
 *		if (rows_equal(&table[id], key))
 *			return id;
 *	… append the row, then cpi_index_add(mem, &index, hash, new_id)
 */

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"

static inline uint64_t cpi_hash(const void *bytes, size_t n)
{
	return XXH3_64bits(bytes, n);
}

/* Finaliser of MurmurHash3: every input bit reaches every output bit. */
static inline uint64_t cpi_hash_u64(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

static inline uint64_t cpi_hash_mix(uint64_t h, uint64_t x)
{
	return cpi_hash_u64(h ^ (x + 0x9e3779b97f4a7c15ULL + (h << 6) + (h >> 2)));
}

struct cpi_index {
	uint64_t *slot; /* folded hash << 32 | id; 0 = free */
	uint32_t mask;  /* number of slots - 1; a power of two minus one */
	uint32_t n;
};

struct cpi_probe {
	uint32_t at, tag;
};

static inline struct cpi_probe cpi_index_find(
	const struct cpi_index *index, uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash ^ hash >> 32);

	return (struct cpi_probe){tag & index->mask, tag};
}

/* Asks for the memory that cpi_index_find and _next of this hash will touch first. */
static inline void cpi_index_prefetch(const struct cpi_index *index, uint64_t hash)
{
	if (index->slot)
		__builtin_prefetch(&index->slot[cpi_index_find(index, hash).at]);
}

/* The next id whose tag agrees, or 0 when the key is not there. */
static inline uint32_t cpi_index_next(
	const struct cpi_index *index, struct cpi_probe *probe)
{
	if (!index->slot)
		return 0;
	for (;;) {
		uint64_t slot = index->slot[probe->at];

		if (!slot)
			return 0;
		probe->at = (probe->at + 1) & index->mask;
		if ((uint32_t)(slot >> 32) == probe->tag)
			return (uint32_t)slot;
	}
}

/* Adds an id the caller knows is absent. False when out of memory. */
bool cpi_index_add(
	struct cpi_mem *mem, struct cpi_index *index, uint64_t hash, uint32_t id);
void cpi_index_release(struct cpi_mem *mem, struct cpi_index *index);

#endif
