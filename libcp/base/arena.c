/* SPDX-License-Identifier: Apache-2.0 */
/* Many small blocks with one owner, cut from chunks. */
#include "base/arena.h"

#include <string.h>

struct cpi_arena_chunk {
	struct cpi_arena_chunk *older;
	size_t size; /* of the whole chunk, this header included */
	_Alignas(16) char data[];
};

enum { FIRST_CHUNK = 4096, LARGEST_STEP = 1 << 20 };

void cpi_arena_init(struct cpi_arena *arena, struct cpi_mem *mem)
{
	memset(arena, 0, sizeof *arena);
	arena->mem = mem;
}

static void drop(struct cpi_arena *arena, struct cpi_arena_chunk *chunk)
{
	while (chunk) {
		struct cpi_arena_chunk *older = chunk->older;

		arena->bytes -= chunk->size;
		cpi_free(arena->mem, chunk, chunk->size);
		chunk = older;
	}
}

void cpi_arena_release(struct cpi_arena *arena)
{
	drop(arena, arena->head);
	arena->head = NULL;
	arena->next = arena->end = NULL;
}

static void use(struct cpi_arena *arena, struct cpi_arena_chunk *chunk)
{
	arena->next = chunk->data;
	arena->end = (char *)chunk + chunk->size;
}

void cpi_arena_rewind(struct cpi_arena *arena)
{
	struct cpi_arena_chunk *head = arena->head;

	if (!head)
		return;
	drop(arena, head->older);
	head->older = NULL;
	use(arena, head);
}

void *cpi_arena_slow(struct cpi_arena *arena, size_t size, size_t align)
{
	struct cpi_arena_chunk *chunk;
	size_t want, step = arena->bytes;

	if (size > SIZE_MAX / 2)
		return NULL;
	/* Doubling keeps the number of chunks logarithmic; the cap keeps waste small. */
	if (step < FIRST_CHUNK)
		step = FIRST_CHUNK;
	if (step > LARGEST_STEP)
		step = LARGEST_STEP;
	want = sizeof *chunk + size + align;
	if (want < step)
		want = step;
	chunk = cpi_alloc(arena->mem, want);
	if (!chunk)
		return NULL;
	chunk->size = want;
	chunk->older = arena->head;
	arena->head = chunk;
	arena->bytes += want;
	use(arena, chunk);
	return cpi_arena_alloc(arena, size, align);
}

char *cpi_arena_copy(struct cpi_arena *arena, const void *bytes, size_t n)
{
	char *p = n < SIZE_MAX ? cpi_arena_alloc(arena, n + 1, 1) : NULL;

	if (!p)
		return NULL;
	if (n)
		memcpy(p, bytes, n);
	p[n] = 0;
	return p;
}
