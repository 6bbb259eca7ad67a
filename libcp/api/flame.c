/* SPDX-License-Identifier: Apache-2.0 */
/* Flame graphs, for programs. */
#include "api/context.h"
#include "view/flame/flame.h"

struct cp_flame {
	struct cpi_flame flame;
};

enum cp_code cp_flame_new(struct cp_context *context,
	const struct cp_flame_options *options, struct cp_flame **ret_flame,
	struct cp_error *err)
{
	struct cp_flame *flame;
	struct cp_flame_options full;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (code)
		return code;
	flame = cpi_alloc_zero(&context->env.mem, sizeof *flame);
	if (!flame)
		return cpi_error_memory(err);
	code = cpi_flame_init(&flame->flame, &context->env, &full, err);
	if (code)
		cp_flame_free(flame);
	else
		*ret_flame = flame;
	return code;
}

enum cp_code cp_flame_add(struct cp_flame *flame, const struct cp_profile *profile,
	enum cp_flame_side side, struct cp_error *err)
{
	struct cpi_diag *diag = &flame->flame.env->diag;

	cpi_diag_begin(diag);
	return cpi_diag_end(diag, cpi_flame_add(&flame->flame, profile, side, err), err);
}

void cp_flame_scale(struct cp_flame *flame, enum cp_flame_scale scale, double factor,
	const char *note)
{
	cpi_flame_scale(&flame->flame, scale, factor, note);
}

enum cp_code cp_flame_write(
	struct cp_flame *flame, cp_write_fn *fn, void *arg, struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	struct cpi_sink sink;
	enum cp_code code;

	cpi_diag_begin(&flame->flame.env->diag);
	cpi_target_sink(&sink, flame->flame.env, &target, NULL);
	code = cpi_flame_write(&flame->flame, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return cpi_diag_end(&flame->flame.env->diag, code, err);
}

enum cp_code cp_flame_write_data(struct cp_flame *flame, uint32_t most,
	uint64_t *ret_left_out, cp_write_fn *fn, void *arg, struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	struct cpi_sink sink;
	enum cp_code code;

	cpi_diag_begin(&flame->flame.env->diag);
	cpi_target_sink(&sink, flame->flame.env, &target, NULL);
	code = cpi_flame_write_data(&flame->flame, most, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	if (!code && ret_left_out)
		*ret_left_out = flame->flame.left_out + flame->flame.tree.pruned;
	return cpi_diag_end(&flame->flame.env->diag, code, err);
}

struct cp_text cp_flame_asset(enum cp_flame_asset which, const char **ret_hash)
{
	const struct cpi_asset *asset =
		which == CP_FLAME_STYLE ? &cpi_asset_style : &cpi_asset_page;

	if (ret_hash)
		*ret_hash = asset->hash;
	return (struct cp_text){asset->bytes, asset->n};
}

void cp_flame_free(struct cp_flame *flame)
{
	struct cpi_mem *mem;

	if (!flame)
		return;
	mem = &flame->flame.env->mem;
	cpi_flame_release(&flame->flame);
	cpi_free(mem, flame, sizeof *flame);
}

const char *cp_flame_palette_at(size_t i)
{
	return cpi_flame_palette_at(i);
}
