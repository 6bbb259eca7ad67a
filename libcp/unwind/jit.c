/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated code has no file; a compiler that means well leaves call frame information for
 * each function in its jitdump. A process has tens of thousands of functions, of which few
 * are met: a table is made of one when an address in it is.
 */
#include <stdlib.h>

#include "object/jit/jit.h"
#include "unwind/image.h"

/* Functions that overlap at an address, at most: those behind hide the others. */
enum { MOST_LOOKED_AT = 4096 };

struct function {
	uint64_t start, limit;
	uint64_t reach; /* the highest limit of this one and those that start before it */
	uint32_t layer;
	bool tried;
	const uint8_t *bytes;
	size_t n;
	struct cpi_cfi *cfi;
};

struct cpi_unwind_jit {
	uint32_t pid;
	struct cp_text path;
	bool layered; /* times tell which of two functions was there */
	struct function *function; /* by start */
	size_t n;
};

static int by_start(const void *pa, const void *pb)
{
	const struct function *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->layer > b->layer) - (a->layer < b->layer);
}

/* False: out of memory. */
static bool take_codes(struct cpi_unwind_images *images, struct cpi_unwind_jit *jit,
	const struct cpi_jit_codes *codes)
{
	uint64_t reach = 0;

	jit->layered = !codes->other_clock;
	jit->function = cpi_arena_new(&images->arena, struct function, codes->n + 1);
	if (!jit->function)
		return false;
	for (size_t i = 0; i < codes->n; i++) {
		const struct cpi_jit_code *c = &codes->v[i];

		jit->function[i] = (struct function){.start = c->start,
			.limit = c->start + c->size,
			.layer = c->layer,
			.bytes = c->unwinding,
			.n = c->unwinding_n};
	}
	jit->n = codes->n;
	if (jit->n > 1)
		qsort(jit->function, jit->n, sizeof *jit->function, by_start);
	for (size_t i = 0; i < jit->n; i++) {
		if (jit->function[i].limit > reach)
			reach = jit->function[i].limit;
		jit->function[i].reach = reach;
	}
	return true;
}

/* A dump that is not there is remembered as one without functions. */
static struct cpi_unwind_jit *open_dump(struct cpi_unwind_images *images, uint32_t pid,
	struct cp_text path, struct cp_error *err)
{
	struct cpi_unwind_jit *jit = cpi_arena_new(&images->arena, struct cpi_unwind_jit, 1);
	char *copy = cpi_arena_copy(&images->arena, path.n ? path.p : "", path.n);
	struct cpi_jit_codes codes = {0};
	const uint8_t *bytes;
	bool fine = jit && copy;
	size_t n;

	if (fine)
		*jit = (struct cpi_unwind_jit){.pid = pid, .path = {copy, path.n}};
	if (fine && images->jitdump && images->jitdump(images->arg, pid, path, &bytes, &n)) {
		enum cp_code code =
			cpi_jitdump_codes(images->env, bytes, n, &codes, err);

		fine = code != CP_ERROR_MEMORY && take_codes(images, jit, &codes);
		cpi_jit_codes_release(images->env, &codes);
	}
	if (fine && cpi_vec_push(&images->env->mem, &images->jit, jit))
		return jit;
	(void)cpi_error_memory(err);
	return NULL;
}

static struct cpi_unwind_jit *dump_of(struct cpi_unwind_images *images, uint32_t pid,
	struct cp_text path, struct cp_error *err)
{
	for (size_t i = 0; i < images->jit.n; i++)
		if (images->jit.v[i]->pid == pid &&
			cpi_text_equal(images->jit.v[i]->path, path))
			return images->jit.v[i];
	return open_dump(images, pid, path, err);
}

/*
 * The function at an address. A map of one layer has its range and is of that layer; the
 * area around it shows what was there first, or, without times, what was there last.
 */
static struct function *function_at(
	struct cpi_unwind_jit *jit, const struct cpi_unwind_map *map, uint64_t address)
{
	struct function *best = NULL;
	size_t lo = 0, hi = jit->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (jit->function[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (unsigned n = 0; lo-- > 0 && jit->function[lo].reach > address &&
			     n < MOST_LOOKED_AT; n++) {
		struct function *f = &jit->function[lo];

		if (f->limit <= address)
			continue;
		if (f->start == map->start && f->limit == map->limit &&
			f->layer == map->offset)
			return f;
		if (!best || (f->layer < best->layer) == jit->layered)
			best = f;
	}
	return best;
}

static enum cp_code compile(struct cpi_unwind_images *images,
	const struct cpi_cfi_machine *machine, bool swap, struct function *f,
	struct cp_error *err)
{
	struct cpi_cfi_section section = {.bytes = f->bytes,
		.n = f->n,
		.address = f->start + ((f->limit - f->start + 7) & ~7ULL)};

	f->tried = true;
	if (!f->n || f->limit - f->start >= UINT32_MAX)
		return CP_OK;
	return cpi_cfi_compile(images->env, machine, &section, 1, swap, f->start,
		f->limit, "generated code", &f->cfi, err);
}

const struct cpi_cfi *cpi_unwind_jit_table(struct cpi_unwind_images *images,
	const struct cpi_cfi_machine *machine, bool swap,
	const struct cpi_unwind_map *map, uint32_t pid, uint64_t address)
{
	const struct cpi_cfi *cfi = NULL;
	struct cpi_unwind_jit *jit;
	struct function *f;
	struct cp_error err;
	enum cp_code code = CP_OK;

	if (!cpi_jit_dump_number(map->path))
		return NULL;
	pthread_mutex_lock(&images->lock);
	jit = dump_of(images, pid, map->path, &err);
	f = jit ? function_at(jit, map, address) : NULL;
	if (!jit)
		code = err.code;
	else if (f && !f->tried)
		code = compile(images, machine, swap, f, &err);
	if (f)
		cfi = f->cfi;
	if (code && !images->code) {
		images->code = code;
		images->error = err;
	}
	pthread_mutex_unlock(&images->lock);
	return cfi;
}

void cpi_unwind_jit_release(struct cpi_unwind_images *images)
{
	for (size_t i = 0; i < images->jit.n; i++)
		for (size_t k = 0; k < images->jit.v[i]->n; k++)
			cpi_cfi_free(images->env, images->jit.v[i]->function[k].cfi);
	cpi_vec_release(&images->env->mem, &images->jit);
}
