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

/*
 * What a run hashes with, from the kernel's random bytes (hash.c). An input's author who
 * knew it could choose names or numbers that all fall into one slot, and one who did not
 * could still do so with XXH3 as it comes: half of a name then has no effect. Nothing that
 * is written depends on it.
 */
struct cpi_hash_key {
	uint64_t seed, odd;
	uint8_t secret[192]; /* XXH3's, made of the seed, for more than 240 bytes */
};
extern struct cpi_hash_key cpi_hash_key;

static inline uint64_t cpi_hash(const void *bytes, size_t n)
{
	return XXH3_64bits_withSecretandSeed(bytes, n, cpi_hash_key.secret,
		sizeof cpi_hash_key.secret, cpi_hash_key.seed);
}

/* Where equal hashes mean equal bytes, with nobody comparing. */
static inline XXH128_hash_t cpi_hash128(const void *bytes, size_t n)
{
	return XXH3_128bits_withSecretandSeed(bytes, n, cpi_hash_key.secret,
		sizeof cpi_hash_key.secret, cpi_hash_key.seed);
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
	return cpi_hash_u64(h ^ (x + cpi_hash_key.odd + (h << 6) + (h >> 2)));
}

/* The same in every run and on every machine: for what is seen, as colours are. */
static inline uint64_t cpi_hash_fixed(const void *bytes, size_t n, uint64_t salt)
{
	uint64_t h = XXH3_64bits(bytes, n);

	return cpi_hash_u64(h ^ (salt + 0x9e3779b97f4a7c15ULL + (h << 6) + (h >> 2)));
}

/*
 * The 32 bits that an index keeps of a hash. Numbers are hashed by functions that can be
 * turned round, so hashes may have been chosen; the key keeps them apart.
 */
static inline uint32_t cpi_hash_tag(uint64_t hash)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 product =
		(unsigned __int128)(hash ^ cpi_hash_key.seed) * cpi_hash_key.odd;

	return (uint32_t)((uint64_t)product ^ (uint64_t)(product >> 64));
#else
	return (uint32_t)cpi_hash_u64(hash ^ cpi_hash_key.seed);
#endif
}

struct cpi_index {
	uint64_t *slot; /* cpi_hash_tag << 32 | id; 0 = free */
	uint32_t mask;  /* number of slots - 1; a power of two minus one */
	uint32_t n;
};

struct cpi_probe {
	uint32_t at, tag;
};

static inline struct cpi_probe cpi_index_find(
	const struct cpi_index *index, uint64_t hash)
{
	uint32_t tag = cpi_hash_tag(hash);

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
