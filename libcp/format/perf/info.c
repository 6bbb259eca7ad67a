/* SPDX-License-Identifier: Apache-2.0 */
/* What a capture is, without making a profile of it. */
#include "base/sort.h"
#include "format/perf/perf.h"

#include <stdio.h>
#include <stdlib.h>

#include "format/perf/parts.h"

struct seen {
	int32_t pid, tid;
};

/* The result with all it borrows from. */
struct whole {
	struct perf_info info; /* first: the caller's pointer is ours */
	struct perf_file f;
	CPI_VEC(struct perf_info_event) event;
	CPI_VEC(struct perf_info_records) type;
	CPI_VEC(struct perf_info_image) image;
	CPI_VEC(struct perf_info_task) task;
	CPI_VEC(struct perf_info_damage) damage;
	CPI_VEC(struct seen) thread;
	struct cpi_index tasks, threads;
};

static bool add_events(struct whole *w)
{
	for (size_t i = 0; i < w->f.event.n; i++) {
		const struct perf_event *e = &w->f.event.v[i];
		struct perf_info_event row = {
			.name = perf_name(&w->f, e->name),
			.period = e->attr.period,
			.frequency = e->attr.flags & PERF_FLAG_FREQ,
			.clock = e->clock,
			.dummy = e->dummy,
			.sample_type = e->attr.sample_type,
			.lost = e->lost,
		};

		if (!cpi_vec_push(&w->f.env->mem, &w->event, row))
			return false;
	}
	return true;
}

static bool add_types(struct whole *w)
{
	const struct perf_counts *counts = &w->f.counts;
	struct perf_info_records row = {0};

	for (uint32_t i = 0; i < PERF_RECORD_TYPES; i++) {
		row = (struct perf_info_records){perf_record_name(i), i, counts->type[i]};
		if (row.n && !cpi_vec_push(&w->f.env->mem, &w->type, row))
			return false;
	}
	row = (struct perf_info_records){NULL, PERF_RECORD_TYPES, counts->user_other};
	return !row.n || cpi_vec_push(&w->f.env->mem, &w->type, row);
}

static bool add_images(struct whole *w)
{
	uint32_t known = 0;

	for (size_t i = 1; i < w->f.map.n; i++) {
		const struct perf_map *map = &w->f.map.v[i];
		struct perf_info_image row = {perf_name(&w->f, map->name),
			perf_name(&w->f, map->build_id), map->kind};

		/* Images are numbered in order of appearance. */
		if (map->image <= known)
			continue;
		known = map->image;
		if (!cpi_vec_push(&w->f.env->mem, &w->image, row))
			return false;
	}
	return true;
}

static bool add_damage(struct whole *w)
{
	for (size_t i = 0; i < w->f.damage.n; i++) {
		struct perf_info_damage row = {
			w->f.damage.v[i].offset, perf_name(&w->f, w->f.damage.v[i].text)};

		if (!cpi_vec_push(&w->f.env->mem, &w->damage, row))
			return false;
	}
	return true;
}

/* ---- tasks ---- */

static struct perf_info_task *task_get(struct whole *w, int32_t pid)
{
	uint64_t hash = cpi_hash_u64((uint32_t)pid);
	struct cpi_probe probe = cpi_index_find(&w->tasks, hash);
	struct perf_info_task row = {.pid = pid, .unnamed = true};

	for (uint32_t i; (i = cpi_index_next(&w->tasks, &probe));)
		if (w->task.v[i - 1].pid == pid)
			return &w->task.v[i - 1];
	if (!cpi_vec_push(&w->f.env->mem, &w->task, row) ||
		!cpi_index_add(&w->f.env->mem, &w->tasks, hash, (uint32_t)w->task.n))
		return NULL;
	return &w->task.v[w->task.n - 1];
}

/* A child is called as its parent until it says otherwise. */
static bool name_child(struct whole *w, const struct perf_state *s)
{
	struct perf_info_task *parent = task_get(w, s->ppid), *child;
	struct cp_text comm;

	if (!parent)
		return false;
	comm = parent->comm;
	child = task_get(w, s->pid);
	if (child) {
		child->comm = comm;
		child->unnamed = true;
	}
	return child;
}

static int by_time(void *arg, uint32_t a, uint32_t b)
{
	const struct perf_state *state = arg;

	if (state[a].time != state[b].time)
		return state[a].time < state[b].time ? -1 : 1;
	return (a > b) - (a < b);
}

static bool name_in_order(struct whole *w, const uint32_t *order)
{
	for (size_t i = 0; i < w->f.state.n; i++) {
		const struct perf_state *s = &w->f.state.v[order[i]];
		struct perf_info_task *task;

		if (s->kind == PERF_STATE_FORK && s->pid != s->ppid && !name_child(w, s))
			return false;
		if (s->kind != PERF_STATE_COMM || s->pid != s->tid)
			continue;
		task = task_get(w, s->pid);
		if (!task)
			return false;
		task->comm = perf_name(&w->f, s->what);
		task->unnamed = false;
	}
	return true;
}

/* Records of several processors do not stand in the order of time. */
static bool name_tasks(struct whole *w)
{
	struct cpi_mem *mem = &w->f.env->mem;
	size_t n = w->f.state.n;
	uint32_t *order = cpi_alloc_array(mem, n, sizeof *order);
	bool fine = order;

	for (size_t i = 0; fine && i < n; i++)
		order[i] = (uint32_t)i;
	fine = fine && cpi_sort_rows(mem, order, n, by_time, w->f.state.v) &&
	       name_in_order(w, order);
	cpi_free(mem, order, n * sizeof *order);
	return fine;
}

/* Processes that are neither named nor sampled are of no interest. */
static void drop_silent(struct whole *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->task.n; i++)
		if (!w->task.v[i].unnamed || w->task.v[i].samples)
			w->task.v[kept++] = w->task.v[i];
	w->task.n = kept;
}

/* True, and *ret_new, for a thread met for the first time; false when out of memory. */
static bool thread_new(struct whole *w, int32_t pid, int32_t tid, bool *ret_new)
{
	uint64_t hash = cpi_hash_u64((uint64_t)(uint32_t)pid << 32 | (uint32_t)tid);
	struct cpi_probe probe = cpi_index_find(&w->threads, hash);
	struct seen row = {pid, tid};

	*ret_new = false;
	for (uint32_t i; (i = cpi_index_next(&w->threads, &probe));)
		if (w->thread.v[i - 1].pid == pid && w->thread.v[i - 1].tid == tid)
			return true;
	*ret_new = true;
	return cpi_vec_push(&w->f.env->mem, &w->thread, row) &&
	       cpi_index_add(&w->f.env->mem, &w->threads, hash, (uint32_t)w->thread.n);
}

static enum cp_code count_sample(
	struct whole *w, const struct perf_record *r, struct cp_error *err)
{
	uint32_t event = perf_record_event(&w->f, r);
	struct perf_info_task *task;
	struct perf_sample s;
	bool new;

	if (event == UINT32_MAX) {
		w->info.unknown_events++;
		return CP_OK;
	}
	if (!perf_sample_decode(&w->f, r, event, &s)) {
		perf_sample_short(&w->f, r);
		return CP_OK;
	}
	w->event.v[event].samples++;
	w->event.v[event].by_cpumode[s.cpumode]++;
	if (w->f.event.v[event].layout.tid == PERF_ABSENT)
		return CP_OK;
	task = task_get(w, s.pid);
	if (!task || !thread_new(w, s.pid, s.tid, &new))
		return cpi_error_memory(err);
	task->samples++;
	task->threads += new;
	return CP_OK;
}

static enum cp_code count_samples(struct whole *w, struct cp_error *err)
{
	struct perf_stream stream;
	struct perf_record r;
	enum cp_code code = CP_OK;

	perf_stream_init(&stream, &w->f, false);
	while (!code && perf_stream_next(&stream, &r, err)) {
		if (r.type == PERF_RECORD_SAMPLE)
			code = count_sample(w, &r, err);
		if (!code && !(r.number & 0xffff))
			code = cpi_env_progress(
				w->f.env, 0.25 + 0.75 * perf_stream_share(&stream), err);
	}
	if (!code)
		code = stream.code;
	perf_stream_release(&stream);
	return code;
}

static int by_pid(const void *x, const void *y)
{
	const struct perf_info_task *a = x, *b = y;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

/* ---- the whole ---- */

static void copy_header(struct whole *w)
{
	const struct perf_file *f = &w->f;
	struct perf_info *info = &w->info;

	info->version = f->v1 ? 1 : 2;
	info->big_endian = f->big_endian;
	info->pipe = f->pipe;
	info->killed = f->killed;
	info->cut = f->cut;
	info->compressed = f->counts.type[PERF_RECORD_COMPRESSED] ||
			   f->counts.type[PERF_RECORD_COMPRESSED2];
	info->parts = f->source->n_parts;
	info->host = perf_name(f, f->hostname);
	info->release = perf_name(f, f->release);
	info->perf_version = perf_name(f, f->version);
	info->arch = perf_name(f, f->arch);
	info->cpu = perf_name(f, f->cpudesc);
	info->command_line = perf_name(f, f->cmdline);
	info->cpus_online = f->cpus_online;
	info->cpus_available = f->cpus_available;
	info->memory_kb = f->memory_kb;
}

static void copy_counts(struct whole *w)
{
	const struct perf_counts *counts = &w->f.counts;
	struct perf_info *info = &w->info;

	info->data_bytes = counts->data_bytes;
	info->inflated_bytes = counts->inflated_bytes;
	info->records = counts->records;
	info->first_time = counts->first_time;
	info->last_time = counts->last_time;
	if (w->f.clock_wall && info->first_time <= info->last_time)
		info->wall_nanos =
			(int64_t)(w->f.clock_wall - w->f.clock_time + info->first_time);
	info->samples = counts->type[PERF_RECORD_SAMPLE];
	info->lost_records = counts->lost_records;
	info->lost_samples = counts->lost_samples;
	info->lost_bpf = counts->lost_bpf;
	info->throttled = counts->throttled;
	info->damaged = counts->damaged;
}

static void lend(struct whole *w)
{
	struct perf_info *info = &w->info;

	info->event = w->event.v;
	info->n_events = w->event.n;
	info->type = w->type.v;
	info->n_types = w->type.n;
	info->image = w->image.v;
	info->n_images = w->image.n;
	info->task = w->task.v;
	info->n_tasks = w->task.n;
	info->damage = w->damage.v;
	info->n_damage = w->damage.n;
}

static enum cp_code fill(struct whole *w, struct cp_error *err)
{
	enum cp_code code;

	w->f.scan_samples = true;
	code = perf_scan(&w->f, err);
	if (code)
		return code;
	if (!add_events(w) || !add_types(w) || !add_images(w) || !name_tasks(w))
		return cpi_error_memory(err);
	code = count_samples(w, err);
	if (code)
		return code;
	if (w->f.damage_unlisted || !add_damage(w))
		return cpi_error_memory(err);
	copy_header(w);
	copy_counts(w);
	drop_silent(w);
	if (w->task.n)
		qsort(w->task.v, w->task.n, sizeof *w->task.v, by_pid);
	lend(w);
	return CP_OK;
}

enum cp_code perf_info_read(struct cpi_env *env, const struct cpi_source *source,
	struct perf_info **ret_info, struct cp_error *err)
{
	struct whole *w = cpi_alloc_zero(&env->mem, sizeof *w);
	enum cp_code code;

	if (!w)
		return cpi_error_memory(err);
	code = perf_file_open(&w->f, env, source, err);
	if (code) {
		cpi_free(&env->mem, w, sizeof *w);
		return code;
	}
	code = fill(w, err);
	if (code)
		perf_info_free(&w->info);
	else
		*ret_info = &w->info;
	return code;
}

void perf_info_free(struct perf_info *info)
{
	struct whole *w = (struct whole *)info;
	struct cpi_mem *mem;

	if (!info)
		return;
	mem = &w->f.env->mem;
	cpi_vec_release(mem, &w->event);
	cpi_vec_release(mem, &w->type);
	cpi_vec_release(mem, &w->image);
	cpi_vec_release(mem, &w->task);
	cpi_vec_release(mem, &w->damage);
	cpi_vec_release(mem, &w->thread);
	cpi_index_release(mem, &w->tasks);
	cpi_index_release(mem, &w->threads);
	perf_file_release(&w->f);
	cpi_free(mem, w, sizeof *w);
}

char *perf_info_sample_type(char *buf, size_t size, uint64_t sample_type)
{
	static const char *const name[] = {"IP", "TID", "TIME", "ADDR", "READ",
		"CALLCHAIN", "ID", "CPU", "PERIOD", "STREAM_ID", "RAW", "BRANCH_STACK",
		"REGS_USER", "STACK_USER", "WEIGHT", "DATA_SRC", "IDENTIFIER",
		"TRANSACTION", "REGS_INTR", "PHYS_ADDR", "AUX", "CGROUP",
		"DATA_PAGE_SIZE", "CODE_PAGE_SIZE", "WEIGHT_STRUCT"};
	size_t n = 0;

	if (size)
		*buf = 0;
	for (size_t i = 0; i < sizeof name / sizeof *name && n < size; i++)
		if (sample_type >> i & 1)
			n += (size_t)snprintf(
				buf + n, size - n, "%s%s", n ? "|" : "", name[i]);
	return buf;
}
