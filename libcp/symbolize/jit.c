/* SPDX-License-Identifier: Apache-2.0 */
/* Code made at run time: names from the files its compiler left. */
#include "base/error.h"
#include "object/jit/jit.h"
#include "symbolize/image.h"

/* Says more than a map: it comes first. */
static enum cp_code from_dump(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	struct cpi_env *env = search->env;
	struct cpi_found *found = &image->found;
	struct cpi_place place;
	uint64_t bad;
	enum cp_code code;

	if (!cpi_locate_jitdump(search, &image->sought, found))
		return CP_OK;
	image->jit_line =
		cpi_alloc_zero(&env->mem, image->n_ranked * sizeof *image->jit_line);
	if (!image->jit_line)
		return cpi_error_memory(err);
	code = cpi_jitdump_resolve(env, found->dump.bytes, found->dump.n, image->layer,
		image->address, image->n_addresses, image->symbol, image->jit_line, &bad,
		NULL);
	if (code == CP_ERROR_MEMORY)
		return cpi_error_memory(err);
	if (code)
		found->unreadable = found->file;
	place = cpi_place_at(found->file.p, bad);
	if (!code && bad != CP_NO_OFFSET)
		cpi_diag_warn(&env->diag, "jitdump", &place,
			"a record is damaged; what follows it is not read");
	return CP_OK;
}

static enum cp_code from_map(
	struct cpi_image *image, const struct cpi_search *search, struct cp_error *err)
{
	struct cpi_found *found = &image->found;
	struct cpi_place place;
	size_t bad;

	if (!cpi_locate_perfmap(search, &image->sought, found))
		return CP_OK;
	if (cpi_perfmap_resolve(search->env, found->list.bytes, found->list.n,
		    image->address, image->n_addresses, image->symbol, &bad, err))
		return CP_ERROR_MEMORY;
	place = cpi_place_at(found->file.p, CP_NO_OFFSET);
	if (bad)
		cpi_diag_note(&search->env->diag, "perf-map", &place,
			"%zu lines are of another form", bad);
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
	if (!image->sought.pid && !image->sought.inner)
		return code;
	if (!code)
		code = from_dump(image, search, err);
	if (!code)
		code = from_map(image, search, err);
	/* Neither says which run of which process it belongs to. */
	image->found.unverified = true;
	return code;
}
