/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of a profile, by image. */
#include "symbolize/image.h"

#include <elf.h>
#include <stdlib.h>

#include "base/error.h"

void cpi_image_init(struct cpi_image *image, struct cpi_env *env)
{
	memset(image, 0, sizeof *image);
	cpi_found_init(&image->found, env);
}

void cpi_image_release(struct cpi_image *image, struct cpi_env *env)
{
	struct cpi_mem *mem = &env->mem;

	cpi_dwarf_result_free(image->lines);
	cpi_dwarf_close(image->dwarf);
	cpi_go_result_release(&image->go);
	cpi_free(mem, image->jit_line, image->n_ranked * sizeof *image->jit_line);
	cpi_vec_release(mem, &image->span);
	cpi_vec_release(mem, &image->place);
	cpi_vec_release(mem, &image->frame);
	cpi_free(mem, image->key, image->n * sizeof *image->key);
	cpi_free(mem, image->run, image->n * sizeof *image->run);
	cpi_free(mem, image->ranked, image->n * sizeof *image->ranked);
	cpi_free(mem, image->unique, image->n * sizeof *image->unique);
	cpi_free(mem, image->address, image->n_ranked * sizeof *image->address);
	cpi_free(mem, image->symbol, image->n_ranked * sizeof *image->symbol);
	cpi_found_release(&image->found, env);
}

/* A file is mapped in few ways, whatever a profile of many processes holds. */
enum { MOST_SPANS = 64 };

bool cpi_image_add_span(
	struct cpi_image *image, struct cpi_env *env, uint64_t offset, uint64_t size)
{
	struct cpi_span span = {offset, size};

	for (size_t i = 0; i < image->span.n; i++)
		if (image->span.v[i].offset == offset && image->span.v[i].size == size)
			return true;
	return image->span.n == MOST_SPANS ||
	       cpi_vec_push(&env->mem, &image->span, span);
}

static int by_key(const void *pa, const void *pb)
{
	const struct cpi_wanted_place *a = pa, *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->location < b->location ? -1 : a->location > b->location;
}

bool cpi_image_sort(struct cpi_image *image, struct cpi_env *env)
{
	size_t n = 0;

	if (image->place.n > 1)
		qsort(image->place.v, image->place.n, sizeof *image->place.v, by_key);
	for (size_t i = 0; i < image->place.n; i++) {
		if (i && image->place.v[i].key != image->place.v[i - 1].key)
			n++;
		image->place.v[i].slot = (uint32_t)n;
	}
	image->n = image->place.n ? n + 1 : 0;
	image->key = cpi_alloc_array(&env->mem, image->n, sizeof *image->key);
	image->run = cpi_alloc_zero(&env->mem, image->n * sizeof *image->run);
	if (!image->key || !image->run)
		return false;
	for (size_t i = 0; i < image->place.n; i++)
		image->key[image->place.v[i].slot] = image->place.v[i].key;
	return true;
}

static int by_address(const void *pa, const void *pb)
{
	const struct cpi_ranked *a = pa, *b = pb;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

bool cpi_image_set_addresses(struct cpi_image *image, struct cpi_env *env,
	const uint64_t *address, const bool *has)
{
	struct cpi_mem *mem = &env->mem;
	size_t n = 0, unique = 0;

	image->ranked = cpi_alloc_array(mem, image->n, sizeof *image->ranked);
	image->unique = cpi_alloc_zero(mem, image->n * sizeof *image->unique);
	if (!image->ranked || !image->unique)
		return false;
	for (size_t i = 0; i < image->n; i++)
		if (has[i])
			image->ranked[n++] = (struct cpi_ranked){address[i], (uint32_t)i};
	/* Segments nearly always keep the file's order; then this is a check. */
	for (size_t i = 1; i < n; i++)
		if (image->ranked[i].address < image->ranked[i - 1].address) {
			qsort(image->ranked, n, sizeof *image->ranked, by_address);
			break;
		}
	image->n_ranked = n;
	image->address = cpi_alloc_array(mem, n, sizeof *image->address);
	image->symbol = cpi_alloc_zero(mem, n * sizeof *image->symbol);
	if (!image->address || !image->symbol)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!i || image->ranked[i].address != image->ranked[i - 1].address)
			image->address[unique++] = image->ranked[i].address;
		image->unique[image->ranked[i].slot] = (uint32_t)unique;
	}
	image->n_addresses = unique;
	return true;
}

/* Does the mapping show this segment, from its first page to its last? */
static bool shows(const struct cpi_span *span, const struct cpi_elf_segment *segment,
	uint64_t *ret_first)
{
	uint64_t end = segment->address + segment->memory_size;

	/* Pages of 4, 16 and 64 KiB. */
	for (uint64_t page = 4096; page <= 65536; page *= 4) {
		*ret_first = segment->address & ~(page - 1);
		if (span->size == ((end + page - 1) & ~(page - 1)) - *ret_first)
			return true;
	}
	return false;
}

/*
 * For a separate debug file whose program headers lost their file positions (objcopy
 * --only-keep-debug): a mapping of the size of an executable segment is of that one.
 * Where two say different things of an address, or none does, it stays without a name.
 */
static bool from_debug_headers(const struct cpi_image *image, const struct cpi_elf *elf,
	uint64_t key, uint64_t *ret)
{
	const struct cpi_elf_header *header = cpi_elf_header(elf);
	bool any = false;

	for (uint32_t i = 0; i < header->n_segments; i++)
		for (size_t k = 0; k < image->span.n; k++) {
			const struct cpi_elf_segment *row = cpi_elf_segment(elf, i);
			const struct cpi_span *span = &image->span.v[k];
			uint64_t first, address;

			if (row->type != PT_LOAD || !(row->flags & PF_X) ||
				!shows(span, row, &first) || key < span->offset)
				continue;
			address = first + (key - span->offset);
			if (address - row->address >= row->memory_size)
				continue;
			if (any && *ret != address)
				return false;
			*ret = address;
			any = true;
		}
	return any;
}

/* Some tools leave the program headers of a debug file as they were in the program. */
static bool has_positions(const struct cpi_elf *elf)
{
	for (uint32_t i = 0; i < cpi_elf_header(elf)->n_segments; i++) {
		const struct cpi_elf_segment *row = cpi_elf_segment(elf, i);

		if (row->type == PT_LOAD && (row->flags & PF_X))
			return row->file_size == row->memory_size && row->file_size;
	}
	return false;
}

static bool address_of(const struct cpi_image *image, uint64_t key, uint64_t *ret)
{
	const struct cpi_elf *elf = image->found.main.elf;

	if (elf)
		return cpi_elf_address_of(elf, key, ret);
	elf = image->found.debug.elf;
	/* Positions that were kept are right; those that were lost may look so. */
	return has_positions(elf) ? cpi_elf_address_of(elf, key, ret)
				  : from_debug_headers(image, elf, key, ret);
}

enum cp_code cpi_image_addresses(
	struct cpi_image *image, struct cpi_env *env, struct cp_error *err)
{
	uint64_t *address = cpi_alloc_array(&env->mem, image->n, sizeof *address);
	bool *has = cpi_alloc_zero(&env->mem, image->n * sizeof *has);
	bool fine = address && has;

	for (size_t i = 0; fine && i < image->n; i++)
		has[i] = address_of(image, image->key[i], &address[i]);
	fine = fine && cpi_image_set_addresses(image, env, address, has);
	cpi_free(&env->mem, address, image->n * sizeof *address);
	cpi_free(&env->mem, has, image->n * sizeof *has);
	return fine ? CP_OK : cpi_error_memory(err);
}

/* Damage costs this image its names from there on; only memory ends the run. */
static bool fatal(enum cp_code code)
{
	return code == CP_ERROR_MEMORY;
}

/*
 * The old ABI of 64-bit PowerPC: symbols have the addresses of function descriptors,
 * which are not followed.
 */
static void note_descriptors(struct cpi_env *env, const struct cpi_object *object)
{
	struct cpi_place place = cpi_place_at(object->path.p, CP_NO_OFFSET);

	if (cpi_elf_header(object->elf)->machine == EM_PPC64 &&
		cpi_elf_find(object->elf, ".opd"))
		cpi_diag_note(&env->diag, "opd", &place,
			"its symbols are those of function descriptors (.opd), which "
			"are not "
			"followed: many addresses stay without a name");
}

/* A table that cannot be read: others may still know the names. */
static void damaged(struct cpi_image *image, struct cpi_env *env,
	const struct cpi_object *object, struct cp_error *why)
{
	image->found.unreadable = object->path;
	cpi_error_place(why, object->path.p, NULL);
	cpi_diag_damage(&env->diag, "symbols", why);
}

static enum cp_code read_table(struct cpi_image *image, struct cpi_env *env,
	struct cpi_object *object, struct cp_error *err)
{
	struct cp_error why;
	enum cp_code code;

	if (!object->elf)
		return CP_OK;
	note_descriptors(env, object);
	code = cpi_symtab_resolve(env, object->elf, image->address, image->n_addresses,
		image->symbol, &why);
	if (code && !fatal(code))
		damaged(image, env, object, &why);
	if (!fatal(code))
		return CP_OK;
	if (err)
		*err = why;
	return code;
}

/* Go's own table: names where all symbols are gone, lines where there is no DWARF. */
static enum cp_code read_go(
	struct cpi_image *image, struct cpi_env *env, struct cp_error *err)
{
	struct cpi_elf *elf = image->found.main.elf;
	struct cp_error why;
	enum cp_code code;

	if (!elf || !cpi_gopclntab_any(elf) || image->found.main.debug)
		return CP_OK;
	code = cpi_gopclntab_resolve(
		env, elf, image->address, image->n_addresses, &image->go, &why);
	if (code && !fatal(code))
		damaged(image, env, &image->found.main, &why);
	if (!fatal(code))
		return CP_OK;
	if (err)
		*err = why;
	return code;
}

enum cp_code cpi_image_symbols(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	struct cpi_env *env = search->env;
	/* A stripped file has .dynsym only; the full table is in the debug file. */
	struct cpi_object *order[3] = {
		&image->found.main, &image->found.debug, &image->found.mini};
	enum cp_code code = CP_OK;

	if (!image->n_addresses)
		return CP_OK;
	if (!image->found.main.symtab) {
		order[0] = &image->found.debug;
		order[1] = &image->found.mini;
		order[2] = &image->found.main;
	}
	for (unsigned i = 0; i < 3 && !code; i++)
		code = read_table(image, env, order[i], err);
	if (!code && image->found.main.elf) {
		code = cpi_plt_resolve(env, image->found.main.elf, image->address,
			image->n_addresses, image->symbol, &image->found.arena, err);
		if (!fatal(code))
			code = CP_OK;
	}
	/* perf knows no such table. */
	return code || search->options->perf_compat ? code : read_go(image, env, err);
}
