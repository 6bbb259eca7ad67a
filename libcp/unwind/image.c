/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of the images that stacks lead through. */
#include "unwind/image.h"

#include <elf.h>

enum { SECTIONS = 4 };

void cpi_unwind_images_init(struct cpi_unwind_images *images, struct cpi_env *env,
	cpi_unwind_open_fn *open, void *arg)
{
	*images = (struct cpi_unwind_images){.env = env, .open = open, .arg = arg};
	pthread_mutex_init(&images->lock, NULL);
	cpi_arena_init(&images->arena, &env->mem);
}

void cpi_unwind_images_release(struct cpi_unwind_images *images)
{
	for (size_t i = 0; i < images->row.n; i++)
		if (images->row.v[i]) {
			cpi_cfi_free(images->env, images->row.v[i]->cfi);
			cpi_cfi_free(images->env, images->row.v[i]->more);
		}
	cpi_unwind_jit_release(images);
	cpi_vec_release(&images->env->mem, &images->row);
	cpi_arena_release(&images->arena);
	pthread_mutex_destroy(&images->lock);
}

/* Adds a section of the file to the list when it has bytes. */
static void add_section(struct cpi_env *env, struct cpi_elf *elf, const char *name,
	bool debug_frame, struct cpi_cfi_section *section, unsigned *n)
{
	uint32_t i = cpi_elf_find(elf, name);
	struct cpi_cfi_section row = {.debug_frame = debug_frame};
	struct cp_error err;

	if (!i || *n == SECTIONS)
		return;
	if (cpi_elf_section_bytes(elf, i, &row.bytes, &row.n, &err))
		cpi_diag_damage(&env->diag, "cfi", &err);
	if (!row.n)
		return;
	row.address = cpi_elf_section(elf, i)->address;
	section[(*n)++] = row;
}

/* The span of link-time addresses with code; false: there is none. */
static bool code_span(const struct cpi_elf *elf, uint64_t *ret_low, uint64_t *ret_high)
{
	uint64_t low = UINT64_MAX, high = 0;

	for (uint32_t i = 0; i < cpi_elf_header(elf)->n_segments; i++) {
		const struct cpi_elf_segment *s = cpi_elf_segment(elf, i);

		if (s->type != PT_LOAD || !(s->flags & PF_X) ||
			s->memory_size > UINT64_MAX - s->address)
			continue;
		if (s->address < low)
			low = s->address;
		if (s->address + s->memory_size > high)
			high = s->address + s->memory_size;
	}
	*ret_low = low;
	*ret_high = high;
	return low < high;
}

/* Where perf thinks that the image begins. */
static uint64_t first_page(const struct cpi_elf *elf)
{
	for (uint32_t i = 0; i < cpi_elf_header(elf)->n_segments; i++)
		if (cpi_elf_segment(elf, i)->type == PT_LOAD)
			return cpi_elf_segment(elf, i)->address & ~4095ULL;
	return 0;
}

static const struct cpi_cfi_machine *machine_of(const struct cpi_elf_header *header)
{
	if (header->machine == EM_X86_64 && header->is64)
		return &cpi_cfi_x86_64;
	if (header->machine == EM_386 && !header->is64)
		return &cpi_cfi_i386;
	if (header->machine == EM_AARCH64 && header->is64)
		return &cpi_cfi_aarch64;
	return NULL;
}

static enum cp_code compile(struct cpi_unwind_images *images,
	const struct cpi_unwind_image *image, const struct cpi_elf *elf,
	const struct cpi_cfi_section *section, unsigned n, struct cpi_cfi **ret_cfi,
	struct cp_error *err)
{
	const struct cpi_elf_header *header = cpi_elf_header(image->elf);
	const struct cpi_cfi_machine *machine = machine_of(header);
	uint64_t low, high;

	if (!n || !machine || !code_span(image->elf, &low, &high))
		return CP_OK;
	return cpi_cfi_compile(images->env, machine, section, n, header->swap, low, high,
		cpi_elf_name(elf), ret_cfi, err);
}

static enum cp_code compile_main(struct cpi_unwind_images *images,
	struct cpi_unwind_image *image, struct cp_error *err)
{
	const struct cpi_elf_header *header = cpi_elf_header(image->elf);
	struct cpi_cfi_section section[SECTIONS];
	unsigned n = 0;
	enum cp_code code;

	image->machine = header->machine;
	image->is64 = header->is64;
	image->base = first_page(image->elf);
	image->indexed = cpi_elf_find(image->elf, ".eh_frame_hdr") ||
		cpi_elf_find(image->elf, ".debug_frame");
	image->why = "its machine is not supported";
	if (!machine_of(header))
		return CP_OK;
	image->why = "it has no call frame information";
	add_section(images->env, image->elf, ".eh_frame", false, section, &n);
	add_section(images->env, image->elf, ".debug_frame", true, section, &n);
	code = compile(images, image, image->elf, section, n, &image->cfi, err);
	if (!code && image->cfi && cpi_cfi_rows(image->cfi))
		image->why = NULL;
	return code;
}

static enum cp_code compile_more(struct cpi_unwind_images *images,
	struct cpi_unwind_image *image, const struct cpi_unwind_map *map,
	struct cp_error *err)
{
	struct cpi_elf *debug = images->open(images->arg, map, true);
	struct cpi_cfi_section section[SECTIONS];
	unsigned n = 0;

	if (debug && debug != image->elf)
		add_section(images->env, debug, ".debug_frame", true, section, &n);
	return compile(images, image, debug, section, n, &image->more, err);
}

static enum cp_code fill(struct cpi_unwind_images *images, struct cpi_unwind_image *image,
	const struct cpi_unwind_map *map, struct cp_error *err)
{
	char name[256];

	cpi_text_printable(name, sizeof name, map->path);
	image->name = cpi_arena_copy(&images->arena, name, strlen(name));
	if (!image->name)
		return cpi_error_memory(err);
	image->why = "no file of its build was found";
	if (images->open)
		image->elf = images->open(images->arg, map, false);
	return image->elf ? compile_main(images, image, err) : CP_OK;
}

static struct cpi_unwind_image *add(
	struct cpi_unwind_images *images, const struct cpi_unwind_map *map)
{
	struct cpi_unwind_image *image =
		cpi_arena_new(&images->arena, struct cpi_unwind_image, 1);
	struct cp_error err;
	enum cp_code code;

	if (!image) {
		code = cpi_error_memory(&err);
	} else {
		*image = (struct cpi_unwind_image){0};
		code = fill(images, image, map, &err);
		images->row.v[map->image] = image;
	}
	if (code && !images->code) {
		images->code = code;
		images->error = err;
	}
	return image;
}

struct cpi_unwind_image *cpi_unwind_image_of(
	struct cpi_unwind_images *images, const struct cpi_unwind_map *map)
{
	struct cpi_mem *mem = &images->env->mem;
	struct cpi_unwind_image *image = NULL;

	/*
	 * One lock for look-up and compilation: a worker that waits for a table would
	 * need it next, and all tables of a capture take some ten milliseconds in all.
	 */
	pthread_mutex_lock(&images->lock);
	while (images->row.n <= map->image && cpi_vec_push(mem, &images->row, NULL))
		;
	if (images->row.n <= map->image) {
		if (!images->code)
			images->code = cpi_error_memory(&images->error);
	} else {
		image = images->row.v[map->image];
		if (!image)
			image = add(images, map);
	}
	pthread_mutex_unlock(&images->lock);
	return image;
}

const struct cpi_cfi *cpi_unwind_image_more(struct cpi_unwind_images *images,
	struct cpi_unwind_image *image, const struct cpi_unwind_map *map)
{
	struct cp_error err;
	enum cp_code code;

	pthread_mutex_lock(&images->lock);
	if (!image->more_tried) {
		image->more_tried = true;
		code = images->open && image->elf ? compile_more(images, image, map, &err)
						  : CP_OK;
		if (code && !images->code) {
			images->code = code;
			images->error = err;
		}
	}
	pthread_mutex_unlock(&images->lock);
	return image->more;
}
