/* SPDX-License-Identifier: Apache-2.0 */
/* Finds inputs that were there before, by 128 bits of hash under a random key. */
#include "cpmerge_duplicates.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct seen {
	XXH128_hash_t hash;
	uint64_t number; /* of the input, plus 1; 0 = free */
};

struct duplicates {
	uint64_t seed;
	uint64_t *size; /* of files that have another's size, sorted */
	size_t n_sizes;
	struct seen *slot; /* open addressing; a power of two, at most half full */
	size_t mask, n;
};

static int by_size(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sizes that occur more than once. */
static bool list_sizes(struct duplicates *d, const struct opt_list *inputs)
{
	size_t n = 0, kept = 0;

	d->size = malloc((inputs->n + 1) * sizeof *d->size);
	if (!d->size)
		return false;
	for (size_t i = 0; i < inputs->n; i++) {
		struct stat st;

		if (!stat(inputs->v[i], &st) && S_ISREG(st.st_mode))
			d->size[n++] = (uint64_t)st.st_size;
	}
	qsort(d->size, n, sizeof *d->size, by_size);
	for (size_t i = 1; i < n; i++)
		if (d->size[i] == d->size[i - 1] &&
			(!kept || d->size[kept - 1] != d->size[i]))
			d->size[kept++] = d->size[i];
	d->n_sizes = kept;
	return true;
}

struct duplicates *duplicates_new(const struct opt_list *inputs)
{
	struct duplicates *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	/* Nobody shall make two different inputs look the same; without a key, still
	 * rare. */
	if (getrandom(&d->seed, sizeof d->seed, 0) < 0)
		d->seed = 0;
	d->mask = 63;
	d->slot = calloc(d->mask + 1, sizeof *d->slot);
	if (d->slot && list_sizes(d, inputs))
		return d;
	duplicates_free(d);
	return NULL;
}

void duplicates_free(struct duplicates *d)
{
	if (!d)
		return;
	free(d->size);
	free(d->slot);
	free(d);
}

static struct seen *find(struct seen *slot, size_t mask, XXH128_hash_t hash)
{
	size_t at = (size_t)hash.low64 & mask;

	while (slot[at].number && !XXH128_isEqual(slot[at].hash, hash))
		at = (at + 1) & mask;
	return &slot[at];
}

/* Without memory for more, later ones are not told apart from new ones. */
static bool grow(struct duplicates *d)
{
	size_t mask = 2 * d->mask + 1;
	struct seen *slot = calloc(mask + 1, sizeof *slot);

	if (!slot)
		return false;
	for (size_t i = 0; i <= d->mask; i++)
		if (d->slot[i].number)
			*find(slot, mask, d->slot[i].hash) = d->slot[i];
	free(d->slot);
	d->slot = slot;
	d->mask = mask;
	return true;
}

static uint64_t look_up(struct duplicates *d, XXH128_hash_t hash, uint64_t number)
{
	struct seen *seen;

	if (2 * d->n > d->mask && !grow(d))
		return UINT64_MAX;
	seen = find(d->slot, d->mask, hash);
	if (seen->number)
		return seen->number - 1;
	*seen = (struct seen){hash, number + 1};
	d->n++;
	return UINT64_MAX;
}

uint64_t duplicates_bytes(
	struct duplicates *d, const void *bytes, size_t n, uint64_t number)
{
	return look_up(d, XXH3_128bits_withSeed(bytes, n, d->seed), number);
}

uint64_t duplicates_file(struct duplicates *d, const char *path, uint64_t number)
{
	uint8_t part[1 << 14];
	XXH3_state_t state;
	uint64_t size;
	struct stat st;
	ssize_t n;
	int fd;

	if (!d->n_sizes || stat(path, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return UINT64_MAX;
	size = (uint64_t)st.st_size;
	if (!bsearch(&size, d->size, d->n_sizes, sizeof size, by_size))
		return UINT64_MAX;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return UINT64_MAX;
	XXH3_INITSTATE(&state);
	XXH3_128bits_reset_withSeed(&state, d->seed);
	/* Read, not mapped: a file that shrinks meanwhile is only another file. */
	while ((n = read(fd, part, sizeof part)) > 0)
		XXH3_128bits_update(&state, part, (size_t)n);
	close(fd);
	return look_up(d, XXH3_128bits_digest(&state), number);
}
