/* SPDX-License-Identifier: Apache-2.0 */
/* A whole lookup: addresses in, functions and lines out. */
#include "object/dwarf/dwarf.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/pool.h"
#include "object/dwarf/resolve.h"

struct cpi_dwarf {
	struct cpi_env *env;
	struct cpi_dwarf_file *file, *alt;
	struct cpi_dwarf_splits splits;
};

struct cpi_dwarf_result {
	struct cpi_env *env;
	struct cpi_dwarf_worker *worker; /* their arenas hold strings and functions */
	unsigned n_workers;
	struct cpi_dwarf_frame *frame;
	size_t n_frames;
	uint32_t *first; /* by address: its first frame; n + 1 of them */
	size_t n;
};

/* Of compressed .debug_info: the larger, the fewer the times that threads wait. */
enum { WINDOW = 16 << 20 };

/* Units asked for an address, one after the other, until one knows a function there. */
enum { MOST_ROUNDS = 8 };

/* Completes names with scopes that are declared in other units. */
struct naming {
	struct cpi_dwarf_resolution *r;
	struct cpi_dwarf_scope *scope; /* by place */
	size_t n;
	CPI_VEC(size_t) group; /* first scope of each unit */
	atomic_bool failed;
};

enum cp_code cpi_dwarf_open(struct cpi_env *env, struct cpi_elf *elf,
	const struct cpi_dwarf_options *options, struct cpi_dwarf **ret_dw,
	struct cp_error *err)
{
	struct cpi_dwarf *dw = cpi_alloc_zero(&env->mem, sizeof *dw);
	size_t window = options && options->window ? options->window : WINDOW;
	enum cp_code code = CP_OK;

	if (!dw)
		return cpi_error_memory(err);
	dw->env = env;
	cpi_dwarf_splits_init(&dw->splits, env, options);
	if (options && options->alt)
		code = cpi_dwarf_file_open(
			env, options->alt, NULL, CPI_DW_LINKED, 0, &dw->alt, err);
	if (!code)
		code = cpi_dwarf_file_open(
			env, elf, dw->alt, CPI_DW_LINKED, window, &dw->file, err);
	if (code)
		cpi_dwarf_close(dw);
	else
		*ret_dw = dw;
	return code;
}

void cpi_dwarf_close(struct cpi_dwarf *dw)
{
	if (!dw)
		return;
	cpi_dwarf_splits_release(&dw->splits);
	cpi_dwarf_file_close(dw->file);
	cpi_dwarf_file_close(dw->alt);
	cpi_free(&dw->env->mem, dw, sizeof *dw);
}

bool cpi_dwarf_any(const struct cpi_dwarf *dw)
{
	return dw->file->n_units > 0 || dw->file->listing;
}

/* Reports each unit's damage, in the order of units. */
static enum cp_code report(struct cpi_dwarf_resolution *r, struct cp_error *err)
{
	for (const struct cpi_dwarf_batch *b = r->first; b; b = b->next) {
		for (size_t i = 0; i < b->job.n; i++) {
			if (b->job.v[i].code)
				return cpi_error_memory(err);
			if (b->job.v[i].damage)
				cpi_diag_damage(
					&r->env->diag, "dwarf", b->job.v[i].damage);
		}
	}
	return CP_OK;
}

static void run_scopes(void *arg, size_t i, unsigned worker)
{
	struct naming *naming = arg;
	struct cpi_dwarf_worker *w = &naming->r->worker[worker];
	size_t first = naming->group.v[i];
	size_t end = i + 1 < naming->group.n ? naming->group.v[i + 1] : naming->n;

	cpi_dwarf_abbrevs_trim(&naming->r->env->mem, &w->cache);
	/* Damage here was met, and reported, when the entries were read before. */
	if (cpi_dwarf_scopes(&w->cache, naming->scope + first, end - first, &w->arena,
		    NULL) == CP_ERROR_MEMORY)
		atomic_store(&naming->failed, true);
}

static bool group_scopes(struct naming *naming)
{
	struct cpi_mem *mem = &naming->r->env->mem;

	if (naming->n)
		qsort(naming->scope, naming->n, sizeof *naming->scope,
			cpi_dwarf_scope_compare);
	for (size_t i = 0; i < naming->n; i++)
		if (!i || naming->scope[i].place.unit != naming->scope[i - 1].place.unit)
			if (!cpi_vec_push(mem, &naming->group, i))
				return false;
	return true;
}

/* Each unit of declarations once. */
static enum cp_code name_scopes(struct cpi_dwarf_resolution *r, struct cp_error *err)
{
	struct cpi_mem *mem = &r->env->mem;
	struct naming naming = {.r = r};
	size_t at = 0;

	for (const struct cpi_dwarf_batch *b = r->first; b; b = b->next)
		for (size_t i = 0; i < b->job.n; i++)
			naming.n += b->job.v[i].scope.n;
	naming.scope = cpi_alloc_array(mem, naming.n, sizeof *naming.scope);
	if (!naming.scope)
		return cpi_error_memory(err);
	for (const struct cpi_dwarf_batch *b = r->first; b; b = b->next) {
		for (size_t i = 0; i < b->job.n; at += b->job.v[i++].scope.n)
			if (b->job.v[i].scope.n)
				memcpy(naming.scope + at, b->job.v[i].scope.v,
					b->job.v[i].scope.n * sizeof *naming.scope);
	}
	if (group_scopes(&naming))
		cpi_pool_run(r->env, naming.group.n, run_scopes, &naming);
	else
		atomic_store(&naming.failed, true);
	cpi_vec_release(mem, &naming.group);
	cpi_free(mem, naming.scope, naming.n * sizeof *naming.scope);
	return atomic_load(&naming.failed) ? cpi_error_memory(err) : CP_OK;
}

/* Lays the answers out by address. */
static enum cp_code gather(const struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_result *result, struct cp_error *err)
{
	struct cpi_mem *mem = &r->env->mem;
	uint32_t at = 0;

	result->first = cpi_alloc_array(mem, r->n + 1, sizeof *result->first);
	if (!result->first)
		return cpi_error_memory(err);
	result->n = r->n;
	for (size_t i = 0; i < r->n; i++) {
		result->first[i] = at;
		if (r->answer[i].n > UINT32_MAX - at)
			return cpi_error(
				err, CP_ERROR_LIMIT, CP_NO_OFFSET, "too many frames");
		at += r->answer[i].n;
	}
	result->first[r->n] = at;
	result->frame = cpi_alloc_array(mem, at, sizeof *result->frame);
	if (!result->frame)
		return cpi_error_memory(err);
	result->n_frames = at;
	for (size_t i = 0; i < r->n; i++)
		if (r->answer[i].n)
			memcpy(result->frame + result->first[i], r->answer[i].frame,
				r->answer[i].n * sizeof *result->frame);
	return CP_OK;
}

/* Lets every unit that is listed claim addresses, and runs those that got some. */
static enum cp_code ask_units(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_claims *claims, bool units, bool aranges, size_t *ret_jobs,
	struct cp_error *err)
{
	struct cpi_dwarf_batch *batch = cpi_dwarf_batch_add(r, err);
	enum cp_code code = batch ? CP_OK : CP_ERROR_MEMORY;

	for (uint32_t i = 0; units && i < r->file->n_units && !code; i++)
		code = cpi_dwarf_claim_unit(claims, r->file->unit[i], batch, err);
	if (!code && aranges)
		code = cpi_dwarf_claim_aranges(claims, r->file, batch, err);
	if (code)
		return code;
	*ret_jobs = batch->job.n;
	return r->file->window ? cpi_dwarf_stream_batch(r, batch, err)
			       : cpi_dwarf_batch_run(r, batch, 0, batch->job.n, err);
}

/*
 * One unit for each address that has no owner;
 * *ret_jobs = 0: there are none left to ask.
 */
static enum cp_code ask(
	struct cpi_dwarf_resolution *r, size_t *ret_jobs, struct cp_error *err)
{
	struct cpi_dwarf_claims claims;
	bool streams = r->file->window && r->file->listing;
	enum cp_code code;

	if (!cpi_dwarf_claims_init(&claims, r))
		code = cpi_error_memory(err);
	else if (!claims.n)
		code = CP_OK;
	else if (streams)
		code = cpi_dwarf_stream(r, &claims, err);
	else
		code = ask_units(r, &claims, true, true, ret_jobs, err);
	if (!code && streams && !atomic_load(&r->file->budget->wants_all)) {
		code = cpi_dwarf_listing_finish(r->file, err);
		if (!code)
			code = cpi_dwarf_bare_units(r->file, err);
		if (!code)
			code = ask_units(r, &claims, false, true, ret_jobs, err);
		*ret_jobs = 1;
	}
	cpi_dwarf_claims_release(&claims);
	return code;
}

static enum cp_code ask_all(struct cpi_dwarf_resolution *r, struct cp_error *err)
{
	enum cp_code code = CP_OK;
	size_t jobs = 1;

	for (unsigned i = 0; i < MOST_ROUNDS && jobs && !code; i++) {
		jobs = 0;
		code = ask(r, &jobs, err);
		if (code || !r->file->window ||
			!atomic_load(&r->file->budget->wants_all))
			continue;
		/* Its units do not stand alone: from the start, with all there is. */
		cpi_dwarf_batches_release(r);
		memset(r->answer, 0, r->n * sizeof *r->answer);
		code = cpi_dwarf_file_fill(r->file, err);
		jobs = 1;
		i = 0;
	}
	return code;
}

static enum cp_code resolve(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_result *result, struct cp_error *err)
{
	enum cp_code code;

	r->answer = cpi_alloc_zero(&r->env->mem, r->n * sizeof *r->answer);
	if (!r->answer)
		return cpi_error_memory(err);
	code = ask_all(r, err);
	if (!code)
		code = report(r, err);
	if (!code)
		code = name_scopes(r, err);
	if (!code)
		code = gather(r, result, err);
	return code;
}

static struct cpi_dwarf_result *new_result(struct cpi_env *env)
{
	struct cpi_dwarf_result *result = cpi_alloc_zero(&env->mem, sizeof *result);

	if (!result)
		return NULL;
	result->env = env;
	result->n_workers = env->threads;
	result->worker =
		cpi_alloc_zero(&env->mem, result->n_workers * sizeof *result->worker);
	if (!result->worker) {
		cpi_free(&env->mem, result, sizeof *result);
		return NULL;
	}
	for (unsigned i = 0; i < result->n_workers; i++)
		cpi_arena_init(&result->worker[i].arena, &env->mem);
	return result;
}

enum cp_code cpi_dwarf_resolve(struct cpi_dwarf *dw, const uint64_t *address, size_t n,
	struct cpi_dwarf_result **ret_result, struct cp_error *err)
{
	struct cpi_dwarf_resolution r = {.env = dw->env, .file = dw->file,
		.splits = &dw->splits, .address = address, .n = n};
	struct cpi_dwarf_result *result;
	enum cp_code code;

	if (n >= UINT32_MAX)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET, "too many addresses");
	result = new_result(dw->env);
	if (!result)
		return cpi_error_memory(err);
	r.worker = result->worker;
	code = resolve(&r, result, err);
	for (unsigned i = 0; i < result->n_workers; i++)
		cpi_dwarf_abbrevs_release(&dw->env->mem, &result->worker[i].cache);
	cpi_dwarf_batches_release(&r);
	cpi_free(&dw->env->mem, r.answer, n * sizeof *r.answer);
	if (code)
		cpi_dwarf_result_free(result);
	else
		*ret_result = result;
	return code;
}

struct cpi_dwarf_run cpi_dwarf_result_get(const struct cpi_dwarf_result *result, size_t i)
{
	if (i >= result->n)
		return (struct cpi_dwarf_run){NULL, 0};
	return (struct cpi_dwarf_run){result->frame + result->first[i],
		result->first[i + 1] - result->first[i]};
}

void cpi_dwarf_result_free(struct cpi_dwarf_result *result)
{
	struct cpi_mem *mem;

	if (!result)
		return;
	mem = &result->env->mem;
	for (unsigned i = 0; i < result->n_workers; i++) {
		cpi_arena_release(&result->worker[i].arena);
		cpi_dwarf_abbrevs_release(mem, &result->worker[i].cache);
	}
	cpi_free(mem, result->worker, result->n_workers * sizeof *result->worker);
	if (result->frame)
		cpi_free(mem, result->frame, result->n_frames * sizeof *result->frame);
	if (result->first)
		cpi_free(mem, result->first, (result->n + 1) * sizeof *result->first);
	cpi_free(mem, result, sizeof *result);
}
