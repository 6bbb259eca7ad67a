/* SPDX-License-Identifier: Apache-2.0 */
/* From addresses to names: all images, then each on all threads. */
#include "symbolize/symbolize.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/pool.h"
#include "locate/archive.h"
#include "symbolize/apply.h"
#include "model/name.h"
#include "symbolize/report.h"

/*
 * The run: group the profile's locations by image; then, all images at once, find files
 * and read symbol tables; then lines, image by image, each on all threads; then names;
 * last, on one thread and in the order of rows, write everything into the profile, so
 * that the result never depends on threads.
 */
struct run {
	struct cpi_env *env;
	struct cpi_search search;
	struct cpi_images images;
	struct cpi_index index; /* of images by what identifies them */
	CPI_VEC(struct cpi_image *) kernel, guest; /* these, their modules and BPF */
	enum cp_code *code; /* by image */
	bool failed;
};

static bool starts(struct cp_text text, const char *with)
{
	return cpi_text_starts(text, cpi_text(with));
}

/* Names of mappings in which programs keep code they make at run time. */
static bool is_generated(struct cp_text path)
{
	static const char *const prefix[] = {"//anon", "[anon", "/anon_hugepage",
		"anon_inode:", "/memfd:", "/dev/zero", "/SYSV", "[heap]", "[stack",
		"[uprobes]", "/dev/shm/"};

	for (unsigned i = 0; i < sizeof prefix / sizeof *prefix; i++)
		if (starts(path, prefix[i]))
			return true;
	return false;
}

static bool is_module_file(struct cp_text path)
{
	return cpi_text_ends(path, CPI_TEXT(".ko")) ||
	       cpi_text_ends(path, CPI_TEXT(".ko.xz")) ||
	       cpi_text_ends(path, CPI_TEXT(".ko.gz")) ||
	       cpi_text_ends(path, CPI_TEXT(".ko.zst"));
}

/* The profile's word where it has one, else what the path tells. */
static enum cpi_image_kind kind_of(const struct cp_mapping_row *row, struct cp_text path)
{
	switch (row->kind) {
	case CP_MAP_KERNEL:
		return CPI_IMAGE_KERNEL;
	case CP_MAP_MODULE:
		return CPI_IMAGE_MODULE;
	case CP_MAP_BPF:
		return CPI_IMAGE_BPF;
	case CP_MAP_JIT:
		return CPI_IMAGE_JIT;
	case CP_MAP_VDSO:
		return CPI_IMAGE_VDSO;
	case CP_MAP_GUEST:
		return starts(path, "[guest.kernel") ? CPI_IMAGE_KERNEL
						     : CPI_IMAGE_MODULE;
	default:
		break;
	}
	if (starts(path, "[kernel") || starts(path, "[[kernel") ||
		starts(path, "[guest.kernel"))
		return CPI_IMAGE_KERNEL;
	if (starts(path, "[vdso") || starts(path, "[vsyscall"))
		return CPI_IMAGE_VDSO;
	if (starts(path, "bpf_prog_"))
		return CPI_IMAGE_BPF;
	/* What has a build id is a file, wherever it was kept. */
	if ((is_generated(path) && !row->build_id.i) || cpi_jit_dump_number(path))
		return CPI_IMAGE_JIT;
	if (is_module_file(path) || (starts(path, "[") && row->start >> 63))
		return CPI_IMAGE_MODULE;
	return CPI_IMAGE_FILE;
}

static bool same_image(const struct cpi_image *a, const struct cpi_image *b)
{
	return a->sought.kind == b->sought.kind && a->sought.pid == b->sought.pid &&
	       a->layer == b->layer && a->sought.offset == b->sought.offset &&
	       cpi_text_equal(a->sought.path, b->sought.path) &&
	       cpi_text_equal(a->sought.build_id, b->sought.build_id);
}

#define GUEST_OF "[guest.kernel.kallsyms."

/* "[guest.kernel.kallsyms.1234]_text" is of the machine that process 1234 runs. */
static uint32_t guest_pid(struct cp_text path)
{
	uint64_t pid = 0;
	size_t i = sizeof GUEST_OF - 1;

	for (; i < path.n && path.p[i] >= '0' && path.p[i] <= '9' && pid < UINT32_MAX; i++)
		pid = pid * 10 + (uint64_t)(path.p[i] - '0');
	return pid < UINT32_MAX ? (uint32_t)pid : 0;
}

/* The image of a mapping row, made when it is new; 0: out of memory. */
static uint32_t image_of(struct run *run, const struct cp_profile *p, uint32_t mapping)
{
	const struct cp_mapping_row *row = &p->mapping.v[mapping];
	struct cpi_image image;
	struct cpi_probe probe;
	uint64_t hash;

	cpi_image_init(&image, run->env);
	image.sought.path = cpi_profile_text(p, row->path);
	image.sought.build_id = cpi_profile_text(p, row->build_id);
	image.sought.kind = kind_of(row, image.sought.path);
	image.sought.pid = image.sought.kind == CPI_IMAGE_JIT ? row->pid : 0;
	if (image.sought.kind == CPI_IMAGE_JIT)
		image.sought.inner = cpi_jit_dump_number(image.sought.path);
	if (image.sought.inner && row->offset <= CPI_JIT_LAYERS)
		image.layer = (uint32_t)row->offset;
	if (starts(image.sought.path, GUEST_OF))
		image.sought.pid = guest_pid(image.sought.path);
	if (cpi_archive_holds(image.sought.path))
		image.sought.offset = row->offset;
	image.sought.guest = row->kind == CP_MAP_GUEST ||
		starts(image.sought.path, "[guest.kernel");
	image.mapping.i = mapping;
	image.start = row->start;
	image.limit = row->limit;
	image.offset = row->offset;
	hash = cpi_hash_mix(
		cpi_hash_mix((uint64_t)row->path.i << 32 | row->build_id.i, image.sought.offset),
		(uint64_t)image.sought.kind << 56 | (uint64_t)image.layer << 32 |
			image.sought.pid);
	probe = cpi_index_find(&run->index, hash);
	for (uint32_t id; (id = cpi_index_next(&run->index, &probe));)
		if (same_image(&run->images.v[id - 1], &image))
			return id;
	if (!cpi_vec_push(&run->env->mem, &run->images, image) ||
		!cpi_index_add(
			&run->env->mem, &run->index, hash, (uint32_t)run->images.n))
		return 0;
	return (uint32_t)run->images.n;
}

/* The image of a mapping that was not met before; 0: out of memory. */
static uint32_t add_mapping(struct run *run, const struct cp_profile *p, uint32_t mapping)
{
	const struct cp_mapping_row *row = &p->mapping.v[mapping];
	uint32_t id = image_of(run, p, mapping);

	if (!id || !cpi_image_add_span(&run->images.v[id - 1], run->env, row->offset,
			   row->limit - row->start))
		return 0;
	return id;
}

static uint64_t key_of(const struct cpi_image *image, const struct cp_mapping_row *row,
	uint64_t address)
{
	if (image->sought.kind == CPI_IMAGE_FILE || image->sought.kind == CPI_IMAGE_VDSO)
		return address - row->start + row->offset;
	return address;
}

/* Has lines that are worth more than what a file could say. */
static bool is_named(const struct cp_profile *p, const struct cp_location_row *row)
{
	const struct cp_line_row *line = p->line.v + row->first_line;
	struct cp_text hidden = CPI_TEXT(CPI_NAME_HIDDEN);

	return row->n_lines &&
	       !(row->n_lines == 1 &&
		       cpi_text_equal(hidden, cpi_profile_text(p,
						      p->function.v[line->function.i].name)));
}

/* Fills images and the image of each mapping; false when out of memory. */
static bool group(struct run *run, const struct cp_profile *p, uint32_t *image_of_mapping)
{
	for (uint32_t i = 1; i < p->location.n; i++) {
		const struct cp_location_row *row = &p->location.v[i];
		uint32_t *id = &image_of_mapping[row->mapping.i];
		struct cpi_wanted_place place = {.location = i};

		if (!row->mapping.i)
			continue;
		if (!*id && !(*id = add_mapping(run, p, row->mapping.i)))
			return false;
		if (is_named(p, row) && !run->search.options->resymbolize)
			continue;
		place.key = key_of(&run->images.v[*id - 1], &p->mapping.v[row->mapping.i],
			row->address);
		if (!cpi_vec_push(&run->env->mem, &run->images.v[*id - 1].place, place))
			return false;
	}
	for (size_t i = 0; i < run->images.n; i++) {
		struct cpi_image *image = &run->images.v[i];
		bool kernel = image->sought.kind == CPI_IMAGE_KERNEL ||
			      image->sought.kind == CPI_IMAGE_MODULE ||
			      image->sought.kind == CPI_IMAGE_BPF;

		if (!cpi_image_sort(image, run->env))
			return false;
		if (!kernel || !image->n)
			continue;
		if (image->sought.guest
				? !cpi_vec_push(&run->env->mem, &run->guest, image)
				: !cpi_vec_push(&run->env->mem, &run->kernel, image))
			return false;
	}
	return true;
}

/* One image's files and symbol tables. */
static enum cp_code symbols_of(struct run *run, struct cpi_image *image)
{
	struct cpi_env *env = run->env;
	enum cp_code code;

	if (!image->n)
		return CP_OK;
	if (image->sought.kind == CPI_IMAGE_JIT)
		return cpi_jit_symbols(image, &run->search, NULL);
	if (image->sought.kind != CPI_IMAGE_FILE && image->sought.kind != CPI_IMAGE_VDSO)
		return CP_OK;
	code = cpi_locate_file(&run->search, &image->sought, &image->found, NULL);
	if (!code && (image->found.main.elf || image->found.debug.elf)) {
		code = cpi_image_addresses(image, env, NULL);
		if (!code)
			code = cpi_image_symbols(image, &run->search, NULL);
	}
	return code;
}

/* The kernel and its relatives are one more job, behind the images'; guests' another. */
static void symbols_job(void *arg, size_t i, unsigned worker)
{
	struct run *run = arg;

	(void)worker;
	if (i < run->images.n)
		run->code[i] = symbols_of(run, &run->images.v[i]);
	else if (i == run->images.n)
		run->code[i] = cpi_kernel_symbols(
			run->kernel.v, run->kernel.n, &run->search, NULL);
	else
		run->code[i] = cpi_kernel_symbols(
			run->guest.v, run->guest.n, &run->search, NULL);
}

static void frames_job(void *arg, size_t i, unsigned worker)
{
	struct run *run = arg;

	(void)worker;
	run->code[i] = cpi_image_frames(&run->images.v[i], &run->search, NULL);
}

/* Jobs fail for want of memory only. */
static bool all_well(const struct run *run)
{
	for (size_t i = 0; i < run->images.n + 2; i++)
		if (run->code[i])
			return false;
	return true;
}

static enum cp_code resolve(struct run *run, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	cpi_pool_run(run->env, run->images.n + 2, symbols_job, run);
	for (size_t i = 0; i < run->images.n && all_well(run) && !code; i++) {
		if (!run->search.options->no_inlines)
			run->code[i] =
				cpi_image_lines(&run->images.v[i], &run->search, NULL);
		code = cpi_env_progress(run->env, (double)(i + 1) / run->images.n, err);
	}
	if (!code && all_well(run))
		cpi_pool_run(run->env, run->images.n, frames_job, run);
	if (!code && !all_well(run))
		code = cpi_error_memory(err);
	return code;
}

static enum cp_code work(struct run *run, struct cp_profile *p,
	uint32_t *image_of_mapping, struct cp_symbol_report **ret_report,
	struct cp_error *err)
{
	struct cp_symbol_report *report = NULL;
	enum cp_code code;

	if (!group(run, p, image_of_mapping))
		return cpi_error_memory(err);
	cpi_images_note_strangers(&run->search, &run->images);
	run->code =
		cpi_alloc_zero(&run->env->mem, (run->images.n + 2) * sizeof *run->code);
	if (!run->code)
		return cpi_error_memory(err);
	code = resolve(run, err);
	if (!code)
		code = cpi_guard_check(&run->env->guard, NULL, err);
	if (!code && ret_report)
		code = cpi_report_new(
			run->env, p, &run->images, image_of_mapping, &report, err);
	if (!code)
		code = cpi_apply(
			run->env, p, &run->images, run->search.options->resymbolize, err);
	if (!code && ret_report)
		*ret_report = report;
	else
		cp_symbol_report_free(report);
	return code;
}

enum cp_code cpi_symbolize(struct cpi_env *env, struct cp_profile **profile,
	const struct cp_symbolize_options *options, struct cp_symbol_report **ret_report,
	struct cp_error *err)
{
	static const struct cp_symbolize_options none = {.size = sizeof none};
	struct run run = {.env = env};
	struct cp_profile *p = *profile;
	uint32_t *image_of_mapping;
	enum cp_code code;

	code = cpi_search_init(&run.search, env, options ? options : &none, p, err);
	if (code)
		return code;
	image_of_mapping =
		cpi_alloc_zero(&env->mem, p->mapping.n * sizeof *image_of_mapping);
	if (image_of_mapping)
		code = work(&run, p, image_of_mapping, ret_report, err);
	else
		code = cpi_error_memory(err);
	for (size_t i = 0; i < run.images.n; i++)
		cpi_image_release(&run.images.v[i], env);
	if (run.code)
		cpi_free(&env->mem, run.code, (run.images.n + 2) * sizeof *run.code);
	cpi_search_release(&run.search);
	cpi_vec_release(&env->mem, &run.images);
	cpi_vec_release(&env->mem, &run.kernel);
	cpi_vec_release(&env->mem, &run.guest);
	cpi_index_release(&env->mem, &run.index);
	cpi_free(&env->mem, image_of_mapping, p->mapping.n * sizeof *image_of_mapping);
	return code;
}
