/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/scan.h"

/* Pass 1: records that change what later samples mean. */

/*
 * The place of a state in the order of time. perf's own records have time 0 or ~0 and
 * come first. In captures without any times the record's number is its time, and where
 * only MMAPs and COMMs lack one, the time of what stands before them.
 */
static uint64_t state_time(struct perf_scanner *s, const struct perf_record *r,
	const struct perf_trailer *t, uint64_t own)
{
	uint64_t time = t->timed ? t->time : own;

	if (!s->f->timed)
		return r->number;
	if (!t->timed && !own)
		return s->last_time;
	if (time == UINT64_MAX)
		return 0;
	s->last_time = time ? time : s->last_time;
	return time;
}

static enum cp_code push_state(
	struct perf_scanner *s, const struct perf_state *state, struct cp_error *err)
{
	if (!cpi_vec_push(&s->f->env->mem, &s->f->state, *state))
		return cpi_error_memory(err);
	return CP_OK;
}

/* A distribution's kernel has 20 to 40 MiB of data behind 20 MiB of text. */
enum { BEHIND_TEXT = 64 << 20 };

/*
 * Kernels before 3.14 reported themselves from 0 or from a wrong place far below their
 * text; the reference symbol's address, kept as the offset, tells where it begins.
 */
static void clamp_kernel(struct perf_map *map)
{
	const uint64_t upper_half = 1ULL << 63;

	if (map->pgoff >= upper_half && map->start < upper_half &&
		map->pgoff < map->limit)
		map->start = map->pgoff & ~0xfffULL;
	/*
	 * The record ends with _etext. Every idle task's stack begins in start_kernel, in
	 * the section for initialization, which lies behind the data.
	 */
	if (map->start >= upper_half && map->limit < UINT64_MAX - BEHIND_TEXT)
		map->limit += BEHIND_TEXT;
}

static enum cp_code add_map(struct perf_scanner *s, const struct perf_record *r,
	struct perf_map *map, uint64_t size, struct cp_text name,
	const struct perf_trailer *t, struct cp_error *err)
{
	struct perf_file *f = s->f;
	uint8_t cpumode = r->misc & PERF_MISC_CPUMODE;
	bool guest = cpumode == PERF_CPU_GUEST_KERNEL;
	bool kernel = map->pid == -1 || cpumode == PERF_CPU_KERNEL || guest;
	struct perf_state state = {.kind = PERF_STATE_MAP, .pid = kernel ? -1 : map->pid};

	if (!size)
		return CP_OK;
	if (guest) {
		state.pid = perf_guest(map->pid);
		map->kind = CP_MAP_GUEST;
	}
	if (r->misc & PERF_MISC_MAP_TIMEOUT && r->type != PERF_RECORD_KSYMBOL) {
		/* perf gave up on a slow /proc/PID/maps in the middle of this line. */
		cpi_diag_note(&f->env->diag, "maps", NULL,
			"perf could not read all mappings of process %d", map->pid);
		return CP_OK;
	}
	map->limit = map->start + size;
	if (map->limit < map->start) /* up to the end of memory */
		map->limit = UINT64_MAX;
	if (!map->kind)
		map->kind = perf_map_kind(name, kernel);
	if (map->kind == CP_MAP_KERNEL)
		clamp_kernel(map);
	state.time = state_time(s, r, t, 0);
	state.what = (uint32_t)f->map.n;
	if (!perf_names_add(&f->names, name, &map->name) ||
		!cpi_vec_push(&f->env->mem, &f->map, *map))
		return cpi_error_memory(err);
	return push_state(s, &state, err);
}

enum cp_code perf_on_mmap(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct perf_trailer t = perf_read_trailer(s, r);
	struct perf_map map = {.pid = (int32_t)cpi_cursor_u32(&c),
		.data = r->misc & PERF_MISC_MMAP_DATA};
	struct cp_text name;
	uint64_t size;

	(void)cpi_cursor_u32(&c); /* tid */
	map.start = cpi_cursor_u64(&c);
	size = cpi_cursor_u64(&c);
	map.pgoff = cpi_cursor_u64(&c);
	if (!perf_read_name(&c, &t, &name)) {
		perf_bad_record(s, r, "its file name has no terminating zero");
		return CP_OK;
	}
	return add_map(s, r, &map, size, name, &t, err);
}

/*
 * Linux 3.12 to 3.15 wrote no protection and flags before the name, which is a path or a
 * word in brackets. The protection is a small number; perf inject writes a file's mode.
 */
static bool has_protection(const struct cpi_cursor *c)
{
	struct cpi_cursor ahead = *c;

	if (cpi_cursor_left(c) < 8 || c->at[0] < 0x20)
		return true;
	return c->at[0] != '/' && c->at[0] != '[' && cpi_cursor_u32(&ahead) < 0x10000;
}

enum cp_code perf_on_mmap2(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct perf_trailer t = perf_read_trailer(s, r);
	struct perf_map map = {.pid = (int32_t)cpi_cursor_u32(&c),
		.data = r->misc & PERF_MISC_MMAP_DATA};
	const uint8_t *id;
	struct cp_text name;
	uint64_t size;

	(void)cpi_cursor_u32(&c); /* tid */
	map.start = cpi_cursor_u64(&c);
	size = cpi_cursor_u64(&c);
	map.pgoff = cpi_cursor_u64(&c);
	id = cpi_cursor_bytes(&c, 24); /* build id, or device and inode */
	if (has_protection(&c))
		cpi_cursor_skip(&c, 8);
	if (!perf_read_name(&c, &t, &name)) {
		perf_bad_record(s, r, "its file name has no terminating zero");
		return CP_OK;
	}
	if (r->misc & PERF_MISC_MMAP_BUILD_ID && id[0] <= 20 &&
		!perf_build_id_name(s->f, id + 4, id[0], &map.build_id))
		return cpi_error_memory(err);
	return add_map(s, r, &map, size, name, &t, err);
}

enum cp_code perf_on_ksymbol(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct perf_trailer t = perf_read_trailer(s, r);
	struct perf_map map = {.pid = -1, .kind = CP_MAP_BPF};
	struct cp_text name;
	uint64_t size;
	uint16_t flags;

	map.start = cpi_cursor_u64(&c);
	size = cpi_cursor_u32(&c);
	(void)cpi_cursor_u16(&c); /* BPF or out of line */
	flags = cpi_cursor_u16(&c);
	if (!perf_read_name(&c, &t, &name)) {
		perf_bad_record(s, r, "its symbol has no terminating zero");
		return CP_OK;
	}
	/* Nothing runs there after it is unregistered, until the next one covers it. */
	if (flags & 1)
		return CP_OK;
	return add_map(s, r, &map, size, name, &t, err);
}

enum cp_code perf_on_comm(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct perf_trailer t = perf_read_trailer(s, r);
	struct perf_state state = {.kind = PERF_STATE_COMM};
	struct cp_text name;

	state.pid = (int32_t)cpi_cursor_u32(&c);
	state.tid = (int32_t)cpi_cursor_u32(&c);
	if (!perf_read_name(&c, &t, &name)) {
		perf_bad_record(s, r, "its name has no terminating zero");
		return CP_OK;
	}
	state.time = state_time(s, r, &t, 0);
	if (!perf_names_add(&s->f->names, name, &state.what))
		return cpi_error_memory(err);
	if (r->misc & PERF_MISC_COMM_EXEC) {
		struct perf_state exec = state;
		enum cp_code code;

		exec.kind = PERF_STATE_EXEC;
		code = push_state(s, &exec, err);
		if (code)
			return code;
	}
	return push_state(s, &state, err);
}

enum cp_code perf_on_fork(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct perf_trailer t = perf_read_trailer(s, r);
	struct perf_state state = {.kind = PERF_STATE_FORK};
	uint64_t time;

	state.pid = (int32_t)cpi_cursor_u32(&c);
	state.ppid = (int32_t)cpi_cursor_u32(&c);
	state.tid = (int32_t)cpi_cursor_u32(&c);
	state.ptid = (int32_t)cpi_cursor_u32(&c);
	time = cpi_cursor_u64(&c);
	if (!cpi_cursor_ok(&c)) {
		perf_bad_record(s, r, "it is too short");
		return CP_OK;
	}
	state.time = state_time(s, r, &t, time);
	/* Made up by perf from /proc: the task's own MMAPs follow, none is inherited. */
	state.what = (r->misc & PERF_MISC_FORK_EXEC) || !time || time == UINT64_MAX;
	return push_state(s, &state, err);
}

uint32_t perf_cgroup_find(const struct perf_file *f, uint64_t id)
{
	struct cpi_probe probe = cpi_index_find(&f->cgroups, cpi_hash_u64(id));

	for (uint32_t i; (i = cpi_index_next(&f->cgroups, &probe));)
		if (f->cgroup.v[i].id == id)
			return i;
	return 0;
}

enum cp_code perf_on_cgroup(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct perf_trailer t = perf_read_trailer(s, r);
	struct perf_cgroup row = {.id = cpi_cursor_u64(&c)};
	struct perf_file *f = s->f;
	struct cp_text name;

	if (!perf_read_name(&c, &t, &name)) {
		perf_bad_record(s, r, "its path has no terminating zero");
		return CP_OK;
	}
	/* perf tells of the same group again and again. */
	if (perf_cgroup_find(f, row.id))
		return CP_OK;
	if (!perf_names_add(&f->names, name, &row.name) ||
		!cpi_vec_push(&f->env->mem, &f->cgroup, row) ||
		!cpi_index_add(&f->env->mem, &f->cgroups, cpi_hash_u64(row.id),
			(uint32_t)f->cgroup.n - 1))
		return cpi_error_memory(err);
	return CP_OK;
}

enum cp_code perf_on_deferred(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct perf_file *f = s->f;
	struct cpi_cursor c = perf_cursor(f, r->body, r->n);
	struct perf_trailer t = perf_read_trailer(s, r);
	struct perf_deferred row = {.cookie = cpi_cursor_u64(&c), .tid = (uint32_t)t.tid};
	const uint8_t *ips;

	row.time = state_time(s, r, &t, 0);
	row.n = (uint32_t)cpi_cursor_claim(&c, cpi_cursor_u64(&c), 8);
	ips = cpi_cursor_bytes(&c, (size_t)row.n * 8);
	if (!cpi_cursor_ok(&c)) {
		perf_bad_record(s, r, "its call chain is longer than the record");
		return CP_OK;
	}
	row.ips = perf_scan_keep(s, r, ips, (size_t)row.n * 8);
	if (!row.ips || !cpi_vec_push(&f->env->mem, &f->deferred, row))
		return cpi_error_memory(err);
	return CP_OK;
}
