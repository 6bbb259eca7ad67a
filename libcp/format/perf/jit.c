/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/build.h"

#include <stdlib.h>

#include "object/jit/jit.h"

/*
 * Compilers at run time that write a jitdump map its first page as code, so that the
 * capture tells where it is: a mapping called …/jit-PID.dump, by the process's own number
 * (in a container not the one perf knows it by). The process's generated code is given
 * that name, so that its names are found by it, later and on other machines, too.
 *
 * Where the dump is there and its clock is the capture's (perf record -k mono), code that
 * was laid over other code becomes a mapping of its own from that moment on: the offset
 * of these rows is the layer (object/jit/jit.h), 0 where time is of no help. Programs
 * seldom use code memory again, so this adds few mappings; perf inject --jit makes one
 * for each function.
 */

/* Dumps of one capture; each is read, and hostile ones could name one file many times. */
enum { MOST_DUMPS = 4096 };

struct dump {
	int32_t pid;
	uint32_t name, image;
	uint32_t span; /* a map with the range of all its code, where one is needed */
	bool layered;
	struct cpi_jit_codes codes;
};

struct area {
	uint32_t dump, map;
	uint64_t start;
};

struct jit {
	struct perf_file *f;
	const struct cpi_unwinder *reader;
	CPI_VEC(struct dump) dump;
	struct cpi_index by_pid;
	CPI_VEC(struct area) area; /* generated code of those processes */
};

/* Memory that a compiler may write code to; the heap and stacks are others' as well. */
static bool may_hold_code(const struct jit *j, const struct perf_map *map)
{
	struct cp_text name = perf_name(j->f, map->name);

	return map->kind == CP_MAP_JIT && !map->data && name.n &&
		!cpi_text_starts(name, CPI_TEXT("[heap]")) &&
		!cpi_text_starts(name, CPI_TEXT("[stack"));
}

static uint32_t dump_of(const struct jit *j, int32_t pid)
{
	struct cpi_probe probe = cpi_index_find(&j->by_pid, cpi_hash_u64((uint32_t)pid));

	for (uint32_t i; (i = cpi_index_next(&j->by_pid, &probe));)
		if (j->dump.v[i - 1].pid == pid)
			return i;
	return 0;
}

/* perf record -k mono, the clock of jitdump's times. */
static bool same_clock(const struct perf_file *f)
{
	for (size_t i = 0; i < f->event.n; i++)
		if (!(f->event.v[i].attr.flags & PERF_FLAG_USE_CLOCKID) ||
			f->event.v[i].attr.clock != PERF_CLOCK_MONOTONIC)
			return false;
	return f->timed;
}

static bool used_again(const struct cpi_jit_codes *codes)
{
	for (size_t i = 0; i < codes->n; i++)
		if (codes->v[i].layer > 1)
			return true;
	return false;
}

static enum cp_code read_dump(struct jit *j, struct dump *d, struct cp_error *err)
{
	const uint8_t *bytes;
	size_t n;
	enum cp_code code;

	if (!j->reader || !j->reader->jitdump ||
		!j->reader->jitdump(j->reader->jitdump_arg, (uint32_t)d->pid,
			perf_name(j->f, d->name), &bytes, &n))
		return CP_OK;
	code = cpi_jitdump_codes(j->f->env, bytes, n, &d->codes, err);
	d->layered = !code && !d->codes.other_clock && same_clock(j->f);
	if (!code && !d->layered && used_again(&d->codes))
		cpi_diag_note(&j->f->env->diag, "jitdump", NULL,
			"process %d used the memory of its generated code again, and the "
			"capture's "
			"clock cannot tell when; next time: perf record -k mono",
			d->pid);
	/* What is damaged is said by who looks for names in it. */
	return code == CP_ERROR_MEMORY ? code : CP_OK;
}

static enum cp_code find_dumps(struct jit *j, struct cp_error *err)
{
	struct cpi_mem *mem = &j->f->env->mem;
	enum cp_code code = CP_OK;

	for (size_t i = 1; i < j->f->map.n && !code; i++) {
		const struct perf_map *map = &j->f->map.v[i];
		struct dump d = {.pid = map->pid, .name = map->name, .image = map->image};

		if (map->kind != CP_MAP_USER || map->data || j->dump.n == MOST_DUMPS ||
			!cpi_jit_dump_number(perf_name(j->f, map->name)) || dump_of(j, map->pid))
			continue;
		if (!cpi_vec_push(mem, &j->dump, d) ||
			!cpi_index_add(mem, &j->by_pid, cpi_hash_u64((uint32_t)d.pid),
				(uint32_t)j->dump.n))
			return cpi_error_memory(err);
		code = read_dump(j, &j->dump.v[j->dump.n - 1], err);
	}
	return code;
}

/*
 * The process's generated code gets the dump's name; its first layer where there are
 * any.
 */
static bool name_areas(struct jit *j)
{
	for (uint32_t i = 1; i < j->f->map.n; i++) {
		struct perf_map *map = &j->f->map.v[i];
		uint32_t id = may_hold_code(j, map) ? dump_of(j, map->pid) : 0;
		struct area area = {id, i, map->start};

		if (!id)
			continue;
		map->name = j->dump.v[id - 1].name;
		map->image = j->dump.v[id - 1].image;
		map->pgoff = j->dump.v[id - 1].layered;
		if (!cpi_vec_push(&j->f->env->mem, &j->area, area))
			return false;
	}
	return true;
}

static int area_order(const void *pa, const void *pb)
{
	const struct area *a = pa, *b = pb;

	if (a->dump != b->dump)
		return a->dump < b->dump ? -1 : 1;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->map < b->map ? -1 : a->map > b->map;
}

/* The area that holds the whole function; 0: none does. */
static uint32_t area_around(
	const struct jit *j, uint32_t dump, const struct cpi_jit_code *code)
{
	size_t lo = 0, hi = j->area.n;
	const struct perf_map *map;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct area *area = &j->area.v[mid];

		if (area->dump < dump ||
			(area->dump == dump && area->start <= code->start))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || j->area.v[lo - 1].dump != dump)
		return 0;
	map = &j->f->map.v[j->area.v[lo - 1].map];
	return code->start + code->size <= map->limit ? j->area.v[lo - 1].map : 0;
}

/*
 * Memory that became executable by mprotect is in no record: then the rows have the range
 * of all the dump's code. This map is never in any memory, it only lends its range.
 */
static bool add_span(struct jit *j, struct dump *d)
{
	struct perf_map map = {.start = UINT64_MAX, .pid = d->pid, .name = d->name,
		.image = d->image, .kind = CP_MAP_JIT, .data = true};

	for (size_t i = 0; i < d->codes.n; i++) {
		uint64_t start = d->codes.v[i].start, limit = start + d->codes.v[i].size;

		map.start = start < map.start ? start : map.start;
		map.limit = limit > map.limit ? limit : map.limit;
	}
	d->span = (uint32_t)j->f->map.n;
	return cpi_vec_push(&j->f->env->mem, &j->f->map, map);
}

static bool add_code(struct jit *j, uint32_t id, const struct cpi_jit_code *code)
{
	struct dump *d = &j->dump.v[id - 1];
	uint32_t area = area_around(j, id, code);
	struct perf_map map = {.start = code->start, .limit = code->start + code->size,
		.pgoff = code->layer, .name = d->name, .image = d->image, .pid = d->pid,
		.kind = CP_MAP_JIT, .around = area};
	struct perf_state state = {
		.time = code->time, .kind = PERF_STATE_MAP, .pid = d->pid};

	/* The first code of a place is found without: the area is its first layer. */
	if (code->layer == 1 && area)
		return true;
	if (!area && !d->span && !add_span(j, d))
		return false;
	map.around = area ? area : d->span;
	state.what = (uint32_t)j->f->map.n;
	return cpi_vec_push(&j->f->env->mem, &j->f->map, map) &&
		cpi_vec_push(&j->f->env->mem, &j->f->state, state);
}

static bool add_layers(struct jit *j)
{
	if (j->area.n > 1)
		qsort(j->area.v, j->area.n, sizeof *j->area.v, area_order);
	for (uint32_t id = 1; id <= j->dump.n; id++) {
		const struct dump *d = &j->dump.v[id - 1];

		for (size_t i = 0; d->layered && i < d->codes.n; i++)
			if (!add_code(j, id, &d->codes.v[i]))
				return false;
	}
	return true;
}

enum cp_code perf_jit_add(
	struct perf_file *f, const struct cpi_unwinder *reader, struct cp_error *err)
{
	struct jit j = {.f = f, .reader = reader};
	struct cpi_mem *mem = &f->env->mem;
	enum cp_code code = find_dumps(&j, err);

	if (!code && j.dump.n && (!name_areas(&j) || !add_layers(&j)))
		code = cpi_error_memory(err);
	for (size_t i = 0; i < j.dump.n; i++)
		cpi_jit_codes_release(f->env, &j.dump.v[i].codes);
	cpi_vec_release(mem, &j.dump);
	cpi_vec_release(mem, &j.area);
	cpi_index_release(mem, &j.by_pid);
	return code;
}
