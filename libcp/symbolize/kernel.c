/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel, its modules and BPF programs. One list of names (kallsyms) covers them all,
 * so they are one job: it is read once.
 */
#include <stdlib.h>

#include "base/error.h"
#include "object/kernel/kernel.h"
#include "symbolize/image.h"

struct kernel {
	struct cpi_image *const *image;
	size_t n;
	struct cpi_image *core; /* the kernel proper, or NULL */
	const struct cpi_search *search;
	const struct cpi_blob *list; /* kallsyms */
	bool verified;
	uint64_t slide; /* run-time addresses of the capture minus those of the list */
	struct cp_text path;
};

/*
 * perf records where the kernel's reference symbol was; address randomisation moves
 * it.
 */
static uint64_t slide_of(const struct cpi_image *core, uint64_t linked)
{
	uint64_t at = core->offset ? core->offset : core->start;

	return linked ? at - linked : 0;
}

static void find_slide(struct kernel *kernel)
{
	uint64_t linked;

	if (!kernel->core || !kernel->core->offset)
		return;
	if (cpi_kallsyms_value(kernel->list->bytes, kernel->list->n, "_text", &linked) ||
		cpi_kallsyms_value(
			kernel->list->bytes, kernel->list->n, "_stext", &linked))
		kernel->slide = slide_of(kernel->core, linked);
}

static int by_value(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return a < b ? -1 : a > b;
}

/* Run-time addresses are the keys; the list may stem from another boot. */
static uint64_t listed(
	const struct kernel *kernel, const struct cpi_image *image, uint64_t key)
{
	return image->sought.kind == CPI_IMAGE_KERNEL ? key - kernel->slide : key;
}

static bool rows_without_files(struct kernel *kernel)
{
	struct cpi_env *env = kernel->search->env;

	for (size_t i = 0; i < kernel->n; i++) {
		struct cpi_image *image = kernel->image[i];
		bool *has, fine;

		if (image->unique)
			continue;
		has = cpi_alloc_array(&env->mem, image->n, sizeof *has);
		if (has)
			memset(has, true, image->n);
		fine = has && cpi_image_set_addresses(image, env, image->key, has);
		cpi_free(&env->mem, has, image->n * sizeof *has);
		if (!fine)
			return false;
	}
	return true;
}

/* The image's names out of the kernel's; both are sorted by their own addresses. */
static void take(struct kernel *kernel, struct cpi_image *image, const uint64_t *address,
	size_t n, const struct cpi_symbol *symbol)
{
	for (size_t i = 0; i < image->n; i++) {
		uint64_t key = listed(kernel, image, image->key[i]);
		const uint64_t *at = bsearch(&key, address, n, sizeof *address, by_value);
		uint32_t row = image->unique[i];

		if (at && row && symbol[at - address].name.p &&
			!image->symbol[row - 1].name.p) {
			image->symbol[row - 1] = symbol[at - address];
			image->found.unverified |= !kernel->verified;
			if (!image->found.file.n)
				image->found.file = kernel->path;
		}
	}
}

static enum cp_code read_list(struct kernel *kernel, struct cp_error *err)
{
	struct cpi_env *env = kernel->search->env;
	struct cpi_symbol *symbol = NULL;
	uint64_t *address = NULL;
	size_t n = 0, unique = 0;
	enum cp_code code = CP_ERROR_MEMORY;

	for (size_t i = 0; i < kernel->n; i++)
		n += kernel->image[i]->n;
	address = cpi_alloc_array(&env->mem, n, sizeof *address);
	symbol = cpi_alloc_zero(&env->mem, n * sizeof *symbol);
	if (address && symbol && rows_without_files(kernel)) {
		size_t at = 0;

		for (size_t i = 0; i < kernel->n; i++)
			for (size_t k = 0; k < kernel->image[i]->n; k++)
				address[at++] = listed(kernel, kernel->image[i],
					kernel->image[i]->key[k]);
		qsort(address, n, sizeof *address, by_value);
		for (size_t i = 0; i < n; i++)
			if (!unique || address[unique - 1] != address[i])
				address[unique++] = address[i];
		code = cpi_kallsyms_resolve(env, kernel->list->bytes, kernel->list->n,
			address, unique, symbol, NULL);
		for (size_t i = 0; i < kernel->n && !code; i++)
			take(kernel, kernel->image[i], address, unique, symbol);
	}
	cpi_free(&env->mem, address, n * sizeof *address);
	cpi_free(&env->mem, symbol, n * sizeof *symbol);
	return code == CP_ERROR_MEMORY ? cpi_error_memory(err) : CP_OK;
}

/* Names are borrowed from the list: the first image keeps it. */
static enum cp_code names_from_list(struct kernel *kernel, struct cp_error *err)
{
	struct cpi_found *found = &kernel->image[0]->found;

	if (!cpi_locate_kallsyms(kernel->search,
		    kernel->core ? &kernel->core->sought : NULL, found,
		    &kernel->verified))
		return CP_OK;
	kernel->list = &found->list;
	kernel->path = found->list_path;
	find_slide(kernel);
	return read_list(kernel, err);
}

/* Run-time addresses to those of vmlinux, or to places in a module. */
static enum cp_code set_addresses(struct kernel *kernel, struct cpi_image *image,
	uint64_t slide, struct cp_error *err)
{
	struct cpi_env *env = kernel->search->env;
	uint64_t *address = cpi_alloc_array(&env->mem, image->n, sizeof *address);
	bool *has = cpi_alloc_array(&env->mem, image->n, sizeof *has),
	     fine = address && has;

	for (size_t i = 0; i < image->n && fine; i++) {
		address[i] = image->key[i] - slide;
		has[i] = true;
	}
	fine = fine && cpi_image_set_addresses(image, env, address, has);
	cpi_free(&env->mem, address, image->n * sizeof *address);
	cpi_free(&env->mem, has, image->n * sizeof *has);
	return fine ? CP_OK : cpi_error_memory(err);
}

/* Names (and later lines) from files, where there are any. */
static enum cp_code names_from_file(
	struct kernel *kernel, struct cpi_image *image, struct cp_error *err)
{
	struct cpi_found *found = &image->found;
	uint64_t linked = 0, slide = image->start - image->offset;
	struct cpi_elf *elf;
	enum cp_code code;

	if (image->sought.kind == CPI_IMAGE_MODULE) {
		if (!cpi_locate_module(kernel->search, &image->sought, found))
			return found->dropped ? cpi_error_memory(err) : CP_OK;
	} else if (image->sought.kind == CPI_IMAGE_KERNEL) {
		if (!cpi_locate_vmlinux(kernel->search, &image->sought, found))
			return found->dropped ? cpi_error_memory(err) : CP_OK;
		elf = found->debug.elf;
		if (!cpi_symtab_value(elf, "_text", &linked))
			(void)cpi_symtab_value(elf, "_stext", &linked);
		slide = slide_of(image, linked);
		found->unverified = !image->sought.build_id.n;
	} else {
		return CP_OK;
	}
	code = set_addresses(kernel, image, slide, err);
	if (!code)
		code = cpi_image_symbols(image, kernel->search, err);
	found->file = found->main.elf ? found->main.path : found->debug.path;
	found->url = found->main.elf ? found->main.url : found->debug.url;
	return code;
}

static bool all_named(const struct kernel *kernel)
{
	for (size_t i = 0; i < kernel->n; i++) {
		const struct cpi_image *image = kernel->image[i];

		for (size_t k = 0; k < image->n; k++)
			if (!image->unique || !image->unique[k] ||
				!image->symbol[image->unique[k] - 1].name.p)
				return false;
	}
	return true;
}

enum cp_code cpi_kernel_symbols(struct cpi_image *const *image, size_t n,
	const struct cpi_search *search, struct cp_error *err)
{
	struct kernel kernel = {.image = image, .n = n, .search = search};
	enum cp_code code = CP_OK;

	for (size_t i = 0; i < n && !kernel.core; i++)
		if (image[i]->sought.kind == CPI_IMAGE_KERNEL)
			kernel.core = image[i];
	for (size_t i = 0; i < n && !code; i++)
		code = names_from_file(&kernel, image[i], err);
	return code || all_named(&kernel) ? code : names_from_list(&kernel, err);
}
