/* SPDX-License-Identifier: Apache-2.0 */
#include "object/dwarf.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/pool.h"
#include "object/dwarf_const.h"
#include "object/dwarf_parts.h"
#include "object/dwarf_split.h"

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

/* One resolve call while it runs. */
struct resolution {
	struct cpi_env *env;
	const uint64_t *address;
	size_t n;
	uint32_t *unit;  /* by address: unit index + 1 */
	uint32_t *skip;  /* by address: the next address without a unit, as far as known */
	struct cpi_dwarf_query *query; /* by unit, then address */
	struct cpi_dwarf_job *job;
	size_t n_jobs;
	struct cpi_dwarf_scope *scope; /* by place */
	size_t n_scopes;
	CPI_VEC(size_t) group; /* first scope of each unit */
	struct cpi_dwarf_result *result;
	atomic_bool failed;
};

enum cp_code cpi_dwarf_open(struct cpi_env *env, struct cpi_elf *elf,
	const struct cpi_dwarf_options *options, struct cpi_dwarf **ret_dw, struct cp_error *err)
{
	struct cpi_dwarf *dw = cpi_alloc_zero(&env->mem, sizeof *dw);
	enum cp_code code = CP_OK;

	if (!dw)
		return cpi_error_memory(err);
	dw->env = env;
	cpi_dwarf_splits_init(&dw->splits, env, options);
	if (options && options->alt)
		code = cpi_dwarf_file_open(env, options->alt, NULL, CPI_DW_LINKED, &dw->alt, err);
	if (!code)
		code = cpi_dwarf_file_open(env, elf, dw->alt, CPI_DW_LINKED, &dw->file, err);
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
	return dw->file->n_units > 0;
}

/* The first address from i on that has no unit yet; paths are halved as they are walked. */
static size_t next_free(struct resolution *r, size_t i)
{
	while (r->skip[i] != i) {
		r->skip[i] = r->skip[r->skip[i]];
		i = r->skip[i];
	}
	return i;
}

static size_t first_from(const uint64_t *address, size_t n, uint64_t value)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (address[mid] < value)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * Units in order of their offsets, each taking what none took before: the linker keeps the
 * first copy of a COMDAT function, and lets the entries of the others point to it, too.
 */
static void claim_range(struct resolution *r, uint32_t unit, uint64_t low, uint64_t high)
{
	for (size_t i = next_free(r, first_from(r->address, r->n, low));
		i < r->n && r->address[i] < high; i = next_free(r, i)) {
		r->unit[i] = unit + 1;
		r->skip[i] = (uint32_t)i + 1;
	}
}

static enum cp_code find_units(
	struct resolution *r, const struct cpi_dwarf_file *file, struct cp_error *err)
{
	struct cpi_dwarf_ranges ranges = {0};

	for (uint32_t u = 0; u < file->n_units; u++) {
		const struct cpi_dwarf_unit *unit = &file->unit[u];
		uint64_t low, high;

		if (unit->no_code || unit->kind == DW_UT_type ||
			!cpi_dwarf_ranges_start(
				&ranges, unit, &unit->low, &unit->high, &unit->ranges))
			continue;
		while (cpi_dwarf_ranges_next(&ranges, &low, &high))
			claim_range(r, u, low, high);
		if (!cpi_dwarf_spend(&file->budget->ranges, ranges.used))
			return cpi_error(err, CP_ERROR_LIMIT, unit->start,
				"units share range lists beyond reason");
		ranges.used = 0;
	}
	for (size_t i = 0; i < file->arange.n; i++)
		claim_range(r, file->arange.v[i].unit, file->arange.v[i].low,
			file->arange.v[i].high);
	return CP_OK;
}

/* One job for each unit with addresses; its queries stand together, ascending. */
static enum cp_code make_jobs(
	struct resolution *r, const struct cpi_dwarf_file *file, struct cp_error *err)
{
	struct cpi_mem *mem = &r->env->mem;
	uint32_t *count = cpi_alloc_zero(mem, (file->n_units + 1) * sizeof *count);
	size_t at = 0;

	if (!count)
		return cpi_error_memory(err);
	for (size_t i = 0; i < r->n; i++)
		if (r->unit[i] && !count[r->unit[i]]++)
			r->n_jobs++;
	r->query = cpi_alloc_zero(mem, r->n * sizeof *r->query);
	r->job = cpi_alloc_zero(mem, r->n_jobs * sizeof *r->job);
	if (r->query && r->job) {
		struct cpi_dwarf_job *job = r->job;

		/* Turns counts into the place of each unit's next query. */
		for (uint32_t u = 1; u <= file->n_units; u++) {
			uint32_t n = count[u];

			count[u] = (uint32_t)at;
			if (!n)
				continue;
			job->unit = &file->unit[u - 1];
			job->query = r->query + at;
			job++->n = n;
			at += n;
		}
		for (size_t i = 0; i < r->n; i++)
			if (r->unit[i])
				r->query[count[r->unit[i]]++] = (struct cpi_dwarf_query){
					.address = r->address[i], .index = (uint32_t)i};
	}
	cpi_free(mem, count, (file->n_units + 1) * sizeof *count);
	return r->query && r->job ? CP_OK : cpi_error_memory(err);
}

static void run_job(void *arg, size_t i, unsigned worker)
{
	struct resolution *r = arg;

	cpi_dwarf_job_run(r->env, &r->job[i], &r->result->worker[worker]);
}

/* Reports each unit's damage, in the order of units. */
static enum cp_code report(struct resolution *r, struct cp_error *err)
{
	for (size_t i = 0; i < r->n_jobs; i++) {
		const struct cp_error *damage = &r->job[i].damage;
		enum cp_code code = CP_OK;

		if (r->job[i].code)
			return cpi_error_memory(err);
		if (damage->code)
			code = cpi_diag_warn(&r->env->diag, err, "dwarf", damage->offset,
				"%s", damage->message);
		if (code)
			return code;
	}
	return CP_OK;
}

static int by_place(const void *a, const void *b)
{
	const struct cpi_dwarf_place *x = &((const struct cpi_dwarf_scope *)a)->place;
	const struct cpi_dwarf_place *y = &((const struct cpi_dwarf_scope *)b)->place;

	if (x->unit != y->unit)
		return (uintptr_t)x->unit < (uintptr_t)y->unit ? -1 : 1;
	return (x->die > y->die) - (x->die < y->die);
}

static void run_scopes(void *arg, size_t i, unsigned worker)
{
	struct resolution *r = arg;
	struct cpi_dwarf_worker *w = &r->result->worker[worker];
	size_t first = r->group.v[i];
	size_t end = i + 1 < r->group.n ? r->group.v[i + 1] : r->n_scopes;

	cpi_dwarf_abbrevs_trim(&r->env->mem, &w->cache);
	/* Damage here was met, and reported, when the entries were read before. */
	if (cpi_dwarf_scopes(&w->cache, r->scope + first, end - first, &w->arena, NULL) ==
		CP_ERROR_MEMORY)
		atomic_store(&r->failed, true);
}

/* Completes names with their scopes, each unit of declarations once. */
static enum cp_code name_scopes(struct resolution *r, struct cp_error *err)
{
	struct cpi_mem *mem = &r->env->mem;
	size_t at = 0;

	for (size_t i = 0; i < r->n_jobs; i++)
		r->n_scopes += r->job[i].scope.n;
	r->scope = cpi_alloc_array(mem, r->n_scopes, sizeof *r->scope);
	if (!r->scope)
		return cpi_error_memory(err);
	for (size_t i = 0; i < r->n_jobs; i++) {
		if (r->job[i].scope.n)
			memcpy(r->scope + at, r->job[i].scope.v,
				r->job[i].scope.n * sizeof *r->scope);
		at += r->job[i].scope.n;
	}
	if (at)
		qsort(r->scope, at, sizeof *r->scope, by_place);
	for (size_t i = 0; i < at; i++)
		if (!i || r->scope[i].place.unit != r->scope[i - 1].place.unit)
			if (!cpi_vec_push(mem, &r->group, i))
				return cpi_error_memory(err);
	cpi_pool_run(r->env, r->group.n, run_scopes, r);
	return atomic_load(&r->failed) ? cpi_error_memory(err) : CP_OK;
}

/* Lays the jobs' frames out by address. */
static enum cp_code gather(struct resolution *r, struct cp_error *err)
{
	struct cpi_dwarf_result *result = r->result;
	struct cpi_mem *mem = &r->env->mem;
	uint32_t at = 0;

	result->first = cpi_alloc_zero(mem, (r->n + 1) * sizeof *result->first);
	if (!result->first)
		return cpi_error_memory(err);
	result->n = r->n;
	for (size_t i = 0; i < r->n_jobs; i++)
		for (size_t q = 0; q < r->job[i].n; q++)
			result->first[r->job[i].query[q].index] = r->job[i].query[q].row.line;
	for (size_t i = 0; i <= r->n; i++) {
		uint32_t n = result->first[i];

		result->first[i] = at;
		if (n > UINT32_MAX - at)
			return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET, "too many frames");
		at += n;
	}
	result->frame = cpi_alloc_array(mem, at, sizeof *result->frame);
	if (!result->frame)
		return cpi_error_memory(err);
	result->n_frames = at;
	for (size_t i = 0; i < r->n_jobs; i++) {
		const struct cpi_dwarf_job *job = &r->job[i];

		for (size_t q = 0; q < job->n; q++)
			if (job->query[q].row.line)
				memcpy(result->frame + result->first[job->query[q].index],
					job->frame.v + job->query[q].node,
					job->query[q].row.line * sizeof *result->frame);
	}
	return CP_OK;
}

static enum cp_code attach_splits(
	struct resolution *r, struct cpi_dwarf *dw, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	for (size_t i = 0; i < r->n_jobs && !code; i++)
		code = cpi_dwarf_splits_attach(
			&dw->splits, &dw->file->unit[r->job[i].unit - dw->file->unit], err);
	return code;
}

static enum cp_code resolve(struct resolution *r, struct cpi_dwarf *dw, struct cp_error *err)
{
	const struct cpi_dwarf_file *file = dw->file;
	struct cpi_mem *mem = &r->env->mem;
	enum cp_code code;

	r->unit = cpi_alloc_zero(mem, r->n * sizeof *r->unit);
	r->skip = cpi_alloc_array(mem, r->n + 1, sizeof *r->skip);
	if (!r->unit || !r->skip)
		return cpi_error_memory(err);
	for (size_t i = 0; i <= r->n; i++)
		r->skip[i] = (uint32_t)i;
	code = find_units(r, file, err);
	if (!code)
		code = make_jobs(r, file, err);
	if (!code)
		code = attach_splits(r, dw, err);
	if (code)
		return code;
	cpi_pool_run(r->env, r->n_jobs, run_job, r);
	code = report(r, err);
	if (!code)
		code = name_scopes(r, err);
	if (!code)
		code = gather(r, err);
	return code;
}

static void release(struct resolution *r)
{
	struct cpi_mem *mem = &r->env->mem;

	for (size_t i = 0; r->job && i < r->n_jobs; i++) {
		cpi_vec_release(mem, &r->job[i].frame);
		cpi_vec_release(mem, &r->job[i].scope);
	}
	if (r->job)
		cpi_free(mem, r->job, r->n_jobs * sizeof *r->job);
	if (r->query)
		cpi_free(mem, r->query, r->n * sizeof *r->query);
	if (r->unit)
		cpi_free(mem, r->unit, r->n * sizeof *r->unit);
	if (r->skip)
		cpi_free(mem, r->skip, (r->n + 1) * sizeof *r->skip);
	if (r->scope)
		cpi_free(mem, r->scope, r->n_scopes * sizeof *r->scope);
	cpi_vec_release(mem, &r->group);
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
	struct resolution r = {.env = dw->env, .address = address, .n = n};
	enum cp_code code;

	if (n >= UINT32_MAX)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET, "too many addresses");
	r.result = new_result(dw->env);
	if (!r.result)
		return cpi_error_memory(err);
	code = resolve(&r, dw, err);
	for (unsigned i = 0; i < r.result->n_workers; i++)
		cpi_dwarf_abbrevs_release(&dw->env->mem, &r.result->worker[i].cache);
	release(&r);
	if (code)
		cpi_dwarf_result_free(r.result);
	else
		*ret_result = r.result;
	return code;
}

struct cpi_dwarf_run cpi_dwarf_result_get(const struct cpi_dwarf_result *result, size_t i)
{
	if (i >= result->n)
		return (struct cpi_dwarf_run){NULL, 0};
	return (struct cpi_dwarf_run){
		result->frame + result->first[i], result->first[i + 1] - result->first[i]};
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
