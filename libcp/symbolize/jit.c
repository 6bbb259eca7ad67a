/* SPDX-License-Identifier: Apache-2.0 */
/* Code made at run time: names from the files its compiler left. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "object/perfmap.h"
#include "symbolize/image.h"

static enum cp_code read_map(struct cpi_image *image, const struct cpi_search *search,
	const char *path, bool *ret_found, struct cp_error *err)
{
	struct cpi_blob blob;
	struct stat st;
	size_t bad;
	enum cp_code code;
	char *copy;

	*ret_found = false;
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return CP_OK;
	copy = cpi_arena_copy(&image->arena, path, strlen(path));
	if (!copy)
		return cpi_error_memory(err);
	if (cpi_file_read(search->env, path, &blob, NULL)) {
		image->unreadable = cpi_text(copy);
		return CP_OK;
	}
	/* The blob lives on with the image: names are borrowed from it. */
	image->list = blob;
	image->file = cpi_text(copy);
	image->unverified = true;
	*ret_found = true;
	code = cpi_perfmap_resolve(search->env, blob.bytes, blob.n, image->address,
		image->n_addresses, image->symbol, &bad, err);
	if (!code && bad)
		cpi_diag_note(&search->env->diag, "perf-map", "%s: %zu lines are of another form",
			copy, bad);
	return code;
}

enum cp_code cpi_jit_symbols(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	const struct cp_symbolize_options *o = search->options;
	bool *has = cpi_alloc_array(&search->env->mem, image->n, sizeof *has), found = false;
	enum cp_code code = CP_OK;
	char path[4096];

	if (has)
		memset(has, true, image->n);
	if (!has || !cpi_image_set_addresses(image, search->env, image->key, has))
		code = cpi_error_memory(err);
	cpi_free(&search->env->mem, has, image->n * sizeof *has);
	for (size_t i = 0; i <= o->n_map_dirs && !found && !code; i++) {
		const char *dir = i < o->n_map_dirs ? o->map_dirs[i] : "/tmp";

		if (!image->pid)
			break;
		snprintf(path, sizeof path, "%s%s/perf-%u.map",
			i == o->n_map_dirs && o->symfs ? o->symfs : "", dir, image->pid);
		code = read_map(image, search, path, &found, err);
	}
	return code;
}
