/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ARENA_H
#define CPI_ARENA_H

/*
 * Many small blocks with one owner and one death. Blocks are never freed one by one;
 * cpi_arena_rewind keeps the largest chunk, so that a loop that fills and rewinds an
 * arena stops allocating after its first turns.
 */

#include "base/mem.h"

struct cpi_arena_chunk;

struct cpi_arena {
	struct cpi_mem *mem;
	struct cpi_arena_chunk *head;
	char *next, *end;
	size_t bytes; /* total size of the chunks */
};

void cpi_arena_init(struct cpi_arena *arena, struct cpi_mem *mem);
void cpi_arena_release(struct cpi_arena *arena);
void cpi_arena_rewind(struct cpi_arena *arena);

void *cpi_arena_slow(struct cpi_arena *arena, size_t size, size_t align);

/* `align` is a power of two, at most 16. NULL when out of memory. */
static inline void *cpi_arena_alloc(struct cpi_arena *arena, size_t size, size_t align)
{
	uintptr_t at = ((uintptr_t)arena->next + align - 1) & ~(uintptr_t)(align - 1);

	if (at <= (uintptr_t)arena->end && size <= (uintptr_t)arena->end - at && at) {
		arena->next = (char *)at + size;
		return (void *)at;
	}
	return cpi_arena_slow(arena, size, align);
}

/* A copy of n bytes with a NUL after them. */
char *cpi_arena_copy(struct cpi_arena *arena, const void *bytes, size_t n);

#define cpi_arena_new(arena, T, n) \
	((T *)((n) > SIZE_MAX / sizeof(T) \
		? NULL : cpi_arena_alloc((arena), (n) * sizeof(T), _Alignof(T))))

#endif
