/* SPDX-License-Identifier: Apache-2.0 */
/* Code made at run time: names from the files its compiler left. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "object/perfmap.h"
#include "symbolize/image.h"

/* Opens DIR/NAME-PID.SUFFIX; the blob lives with the image, names are borrowed from it. */
static bool open_beside(struct cpi_image *image, const struct cpi_search *search,
	const char *root, const char *dir, bool dump, struct cpi_blob *blob)
{
	char path[4096];
	struct cp_text kept;
	struct stat st;
	char *copy;

	if ((size_t)snprintf(path, sizeof path, "%s%s/%s-%u.%s", root, dir,
		    dump ? "jit" : "perf", image->pid, dump ? "dump" : "map") >= sizeof path ||
		stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	copy = cpi_arena_copy(&image->arena, path, strlen(path));
	if (!copy)
		return false;
	kept = cpi_text(copy);
	if (cpi_file_read(search->env, path, blob, NULL)) {
		image->unreadable = kept;
		return false;
	}
	image->file = kept;
	return true;
}

/* The user's directories, then where compilers put such files. */
static bool find_file(struct cpi_image *image, const struct cpi_search *search, bool dump,
	struct cpi_blob *blob)
{
	static const char *const usual[] = {"/tmp", "."};
	const struct cp_symbolize_options *o = search->options;

	for (size_t i = 0; i < o->n_map_dirs; i++)
		if (open_beside(image, search, "", o->map_dirs[i], dump, blob))
			return true;
	if (o->symfs)
		return open_beside(image, search, o->symfs, "/tmp", dump, blob);
	for (unsigned i = 0; i < (dump ? 2 : 1); i++)
		if (open_beside(image, search, "", usual[i], dump, blob))
			return true;
	return false;
}

/* Says more than a map: it comes first. */
static enum cp_code from_dump(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	struct cpi_env *env = search->env;
	uint64_t bad;
	enum cp_code code;

	if (!find_file(image, search, true, &image->dump))
		return CP_OK;
	image->jit_line = cpi_alloc_zero(&env->mem, image->n_ranked * sizeof *image->jit_line);
	if (!image->jit_line)
		return cpi_error_memory(err);
	code = cpi_jitdump_resolve(env, image->dump.bytes, image->dump.n, image->address,
		image->n_addresses, image->symbol, image->jit_line, &bad, NULL);
	if (code == CP_ERROR_MEMORY)
		return cpi_error_memory(err);
	if (code)
		image->unreadable = image->file;
	else if (bad != CP_NO_OFFSET)
		cpi_diag_note(&env->diag, "jitdump", "%s: the record at byte 0x%llx is damaged",
			image->file.p, (unsigned long long)bad);
	return CP_OK;
}

static enum cp_code from_map(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	size_t bad;

	if (!find_file(image, search, false, &image->list))
		return CP_OK;
	if (cpi_perfmap_resolve(search->env, image->list.bytes, image->list.n, image->address,
		    image->n_addresses, image->symbol, &bad, err))
		return CP_ERROR_MEMORY;
	if (bad)
		cpi_diag_note(&search->env->diag, "perf-map", "%s: %zu lines are of another form",
			image->file.p, bad);
	return CP_OK;
}

enum cp_code cpi_jit_symbols(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	bool *has = cpi_alloc_array(&search->env->mem, image->n, sizeof *has);
	enum cp_code code = CP_OK;

	if (has)
		memset(has, true, image->n);
	if (!has || !cpi_image_set_addresses(image, search->env, image->key, has))
		code = cpi_error_memory(err);
	cpi_free(&search->env->mem, has, image->n * sizeof *has);
	if (!image->pid)
		return code;
	if (!code)
		code = from_dump(image, search, err);
	if (!code)
		code = from_map(image, search, err);
	/* Neither says which run of which process it belongs to. */
	image->unverified = true;
	return code;
}
