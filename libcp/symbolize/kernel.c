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
	bool verified, given;
	uint64_t slide; /* run-time addresses of the capture minus those of the list */
	struct cp_text path;
	struct cpi_kallsyms_module *module; /* by image: where the list has it */
	struct cpi_blob modules; /* a guest's /proc/modules */
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

/*
 * Which symbol's address perf recorded stands behind the mapping's name:
 * "[kernel.kallsyms]_stext". Some captures do not say.
 */
static bool find_reference(const struct cpi_image *core,
	bool (*value_of)(const void *arg, const char *name, uint64_t *ret), const void *arg,
	uint64_t *ret_linked)
{
	struct cp_text name = core->sought.path;

	if (cpi_text_ends(name, CPI_TEXT("]_text")))
		return value_of(arg, "_text", ret_linked);
	if (cpi_text_ends(name, CPI_TEXT("]_stext")))
		return value_of(arg, "_stext", ret_linked);
	return value_of(arg, "_text", ret_linked) || value_of(arg, "_stext", ret_linked);
}

static bool in_list(const void *arg, const char *name, uint64_t *ret)
{
	const struct cpi_blob *list = arg;

	return cpi_kallsyms_value(list->bytes, list->n, name, ret);
}

static bool in_vmlinux(const void *arg, const char *name, uint64_t *ret)
{
	const struct cpi_found *found = arg;

	return cpi_symtab_value(found->debug.elf, name, ret);
}

static void find_slide(struct kernel *kernel)
{
	uint64_t linked;

	if (kernel->core && kernel->core->offset &&
		find_reference(kernel->core, in_list, kernel->list, &linked))
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

/*
 * A list of another boot has modules elsewhere, and others where these are. One that was
 * moved as a whole has none where it was; and all code of a module lies where it is mapped.
 */
static bool is_of_this_boot(const struct kernel *kernel, size_t i)
{
	const struct cpi_image *image = kernel->image[i];
	const struct cpi_kallsyms_module *module = &kernel->module[i];

	return !kernel->slide && module->low <= module->high &&
		module->low >= image->start && module->high < image->limit;
}

/* May a line with this tag name code of the image? */
static bool is_whose(const struct kernel *kernel, size_t i, struct cp_text tag)
{
	const struct cpi_image *image = kernel->image[i];

	switch (image->sought.kind) {
	case CPI_IMAGE_KERNEL:
		return !tag.n || cpi_text_starts(tag, CPI_TEXT("__builtin__"));
	case CPI_IMAGE_BPF:
		return !kernel->slide && cpi_text_equal(tag, CPI_TEXT("bpf"));
	default:
		return cpi_module_same(tag, kernel->module[i].name) &&
			is_of_this_boot(kernel, i);
	}
}

struct names {
	uint64_t *address; /* ascending */
	struct cpi_symbol *symbol;
	struct cp_text *tag;
	size_t n, unique;
};

/* An image's names out of the kernel's; both are sorted by their own addresses. */
static void take(struct kernel *kernel, size_t i, const struct names *names)
{
	struct cpi_image *image = kernel->image[i];

	for (size_t k = 0; k < image->n; k++) {
		uint64_t key = listed(kernel, image, image->key[k]);
		const uint64_t *at = bsearch(&key, names->address, names->unique,
			sizeof *at, by_value);
		size_t from = at ? (size_t)(at - names->address) : 0;
		uint32_t row = image->unique[k];

		if (!at || !row || !names->symbol[from].name.p ||
			image->symbol[row - 1].name.p ||
			!is_whose(kernel, i, names->tag[from]))
			continue;
		image->symbol[row - 1] = names->symbol[from];
		image->found.unverified |= !kernel->verified;
		image->found.given |= kernel->given;
		if (!image->found.file.n)
			image->found.file = kernel->path;
	}
}

static bool find_modules(struct kernel *kernel)
{
	for (size_t i = 0; i < kernel->n; i++)
		if (kernel->image[i]->sought.kind == CPI_IMAGE_MODULE)
			kernel->module[i].name =
				cpi_module_name(kernel->image[i]->sought.path);
	if (!cpi_kallsyms_modules(kernel->search->env, kernel->list->bytes,
		    kernel->list->n, kernel->module, kernel->n))
		return false;
	for (size_t i = 0; i < kernel->n && kernel->modules.n; i++) {
		uint64_t base;

		if (cpi_modules_base(kernel->modules.bytes, kernel->modules.n,
			    kernel->module[i].name, &base) &&
			base != kernel->image[i]->start)
			kernel->module[i].low = UINT64_MAX;
	}
	return true;
}

static void collect(const struct kernel *kernel, struct names *names)
{
	size_t n = 0;

	for (size_t i = 0; i < kernel->n; i++)
		for (size_t k = 0; k < kernel->image[i]->n; k++)
			names->address[n++] = listed(
				kernel, kernel->image[i], kernel->image[i]->key[k]);
	qsort(names->address, n, sizeof *names->address, by_value);
	for (size_t i = 0; i < n; i++)
		if (!names->unique ||
			names->address[names->unique - 1] != names->address[i])
			names->address[names->unique++] = names->address[i];
}

static enum cp_code read_list(struct kernel *kernel, struct cp_error *err)
{
	struct cpi_mem *mem = &kernel->search->env->mem;
	struct names names = {.n = 0};
	enum cp_code code = CP_ERROR_MEMORY;

	for (size_t i = 0; i < kernel->n; i++)
		names.n += kernel->image[i]->n;
	names.address = cpi_alloc_array(mem, names.n, sizeof *names.address);
	names.symbol = cpi_alloc_zero(mem, names.n * sizeof *names.symbol);
	names.tag = cpi_alloc_zero(mem, names.n * sizeof *names.tag);
	kernel->module = cpi_alloc_zero(mem, kernel->n * sizeof *kernel->module);
	if (names.address && names.symbol && names.tag && kernel->module &&
		rows_without_files(kernel) && find_modules(kernel)) {
		collect(kernel, &names);
		code = cpi_kallsyms_resolve(kernel->search->env, kernel->list->bytes,
			kernel->list->n, names.address, names.unique, names.symbol,
			names.tag, NULL);
		for (size_t i = 0; i < kernel->n && !code; i++)
			take(kernel, i, &names);
	}
	cpi_free(mem, names.address, names.n * sizeof *names.address);
	cpi_free(mem, names.symbol, names.n * sizeof *names.symbol);
	cpi_free(mem, names.tag, names.n * sizeof *names.tag);
	cpi_free(mem, kernel->module, kernel->n * sizeof *kernel->module);
	return code == CP_ERROR_MEMORY ? cpi_error_memory(err) : CP_OK;
}

/* Names are borrowed from the list: the first image keeps it. */
static enum cp_code names_from_list(struct kernel *kernel, struct cp_error *err)
{
	struct cpi_found *found = &kernel->image[0]->found;
	enum cp_code code;
	const struct cpi_sought nobody = {.kind = CPI_IMAGE_KERNEL,
		.path = {"", 0}, .guest = kernel->image[0]->sought.guest};

	if (!cpi_locate_kallsyms(kernel->search,
		    kernel->core ? &kernel->core->sought : &nobody, found,
		    &kernel->verified))
		return CP_OK;
	kernel->list = &found->list;
	kernel->path = found->list_path;
	kernel->given = found->given;
	find_slide(kernel);
	if (kernel->image[0]->sought.guest)
		(void)cpi_locate_guest_modules(kernel->search, &kernel->modules);
	code = read_list(kernel, err);
	cpi_blob_release(kernel->search->env, &kernel->modules);
	return code;
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
	enum cp_code code;

	if (image->sought.kind == CPI_IMAGE_MODULE) {
		if (!cpi_locate_module(kernel->search, &image->sought, found))
			return found->dropped ? cpi_error_memory(err) : CP_OK;
	} else if (image->sought.kind == CPI_IMAGE_KERNEL) {
		if (!cpi_locate_vmlinux(kernel->search, &image->sought, found))
			return found->dropped ? cpi_error_memory(err) : CP_OK;
		(void)find_reference(image, in_vmlinux, found, &linked);
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

/* Else its names would only be missing, as if nothing could be done. */
static void note_guest(const struct kernel *kernel)
{
	const struct cp_symbolize_options *o = kernel->search->options;

	if (kernel->image[0]->sought.guest && !o->guest_kallsyms && !o->guest_vmlinux)
		cpi_diag_note(&kernel->search->env->diag, "guest", NULL,
			"there is code of a virtual machine's kernel, whose symbols were "
			"not given: its kallsyms (--guestkallsyms) or its vmlinux "
			"(--guestvmlinux) name it");
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
	if (code || all_named(&kernel))
		return code;
	note_guest(&kernel);
	return names_from_list(&kernel, err);
}
