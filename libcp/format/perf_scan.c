/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf.h"

/*
 * Pass 1: every record's header, and the bodies of those that change what later samples
 * mean. Only this pass reports damage.
 */
struct scan {
	struct perf_file *f;
	uint64_t last_time; /* of the records so far; stands in for those without one */
};

typedef enum cp_code on_record(
	struct scan *s, const struct perf_record *r, struct cp_error *err);

static enum cp_code bad(struct scan *s, const struct perf_record *r, const char *what,
	struct cp_error *err)
{
	const char *name = perf_record_name(r->type);

	return perf_damaged(s->f, err, name, r->offset, "%s record %llu: %s", name,
		(unsigned long long)r->number, what);
}

/* An event's id out of a sample or a trailer; all events keep it in the same place. */
static bool record_id(const struct perf_file *f, const struct perf_record *r, uint64_t *ret_id)
{
	const struct perf_layout *l = &f->event.v[0].layout;
	uint16_t at;

	if (r->type == PERF_RECORD_SAMPLE) {
		at = l->identifier != PERF_ABSENT ? l->identifier : l->id;
		if (at == PERF_ABSENT || at + 8u > r->n)
			return false;
		*ret_id = perf_u64(r->body + at, f->swap);
		return true;
	}
	at = l->end_identifier != PERF_ABSENT ? l->end_identifier : l->end_id;
	if (at == PERF_ABSENT || at > r->n)
		return false;
	*ret_id = perf_u64(r->body + r->n - at, f->swap);
	return true;
}

uint32_t perf_record_event(const struct perf_file *f, const struct perf_record *r)
{
	uint64_t id;
	uint32_t event;

	if (f->event.n == 1)
		return 0;
	if (!f->event.n)
		return UINT32_MAX;
	if (r->type != PERF_RECORD_SAMPLE && !f->event.v[0].trailers)
		return 0;
	if (!record_id(f, r, &id) || !id) /* perf's own records have id 0 */
		return 0;
	event = perf_id_event(f, id);
	return event == UINT32_MAX && !f->mixed_layout ? 0 : event;
}

/* What a record's trailer tells; zeros where it does not. */
struct trailer {
	uint32_t event, size; /* bytes at the end of the record */
	int32_t tid;
	uint64_t time;
	bool timed;
};

static struct trailer read_trailer(const struct scan *s, const struct perf_record *r)
{
	const struct perf_file *f = s->f;
	struct trailer t = {.event = perf_record_event(f, r)};
	const struct perf_layout *l;

	if (t.event == UINT32_MAX || !f->event.v[t.event].trailers)
		return t;
	l = &f->event.v[t.event].layout;
	if (l->end_size > r->n)
		return t;
	t.size = l->end_size;
	if (l->end_tid != PERF_ABSENT)
		t.tid = (int32_t)perf_u32(r->body + r->n - l->end_tid + 4, f->swap);
	if (l->end_time != PERF_ABSENT) {
		t.time = perf_u64(r->body + r->n - l->end_time, f->swap);
		t.timed = true;
	}
	return t;
}

/*
 * The place of a state in the order of time. perf's own records have time 0 or ~0 and
 * come first. In captures without any times the record's number is its time, and where
 * only MMAPs and COMMs lack one, the time of what stands before them.
 */
static uint64_t state_time(
	struct scan *s, const struct perf_record *r, const struct trailer *t, uint64_t own)
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

static enum cp_code push_state(struct scan *s, const struct perf_state *state,
	struct cp_error *err)
{
	if (!cpi_vec_push(&s->f->env->mem, &s->f->state, *state))
		return cpi_error_memory(err);
	return CP_OK;
}

/* The rest of the record up to its trailer, as a NUL-terminated name. */
static bool read_name(struct cpi_cursor *c, const struct trailer *t, struct cp_text *ret_name)
{
	size_t left = cpi_cursor_left(c);
	size_t room = left > t->size ? left - t->size : 0;

	ret_name->p = (const char *)c->at;
	ret_name->n = strnlen(ret_name->p, room);
	return cpi_cursor_ok(c) && ret_name->n < room;
}

/*
 * Kernels before 3.14 reported themselves from 0 or from a wrong place far below their
 * text; the reference symbol's address, kept as the offset, tells where it begins.
 */
static void clamp_kernel(struct perf_map *map)
{
	const uint64_t upper_half = 1ULL << 63;

	if (map->pgoff >= upper_half && map->start < upper_half && map->pgoff < map->limit)
		map->start = map->pgoff & ~0xfffULL;
}

static enum cp_code add_map(struct scan *s, const struct perf_record *r, struct perf_map *map,
	uint64_t size, struct cp_text name, const struct trailer *t, struct cp_error *err)
{
	struct perf_file *f = s->f;
	uint8_t cpumode = r->misc & PERF_MISC_CPUMODE;
	bool kernel = map->pid == -1 || cpumode == PERF_CPU_KERNEL;
	struct perf_state state = {.kind = PERF_STATE_MAP, .pid = kernel ? -1 : map->pid};

	if (!size || cpumode == PERF_CPU_GUEST_KERNEL)
		return CP_OK;
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

static enum cp_code on_mmap(struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct trailer t = read_trailer(s, r);
	struct perf_map map = {.pid = (int32_t)cpi_cursor_u32(&c),
		.data = r->misc & PERF_MISC_MMAP_DATA};
	struct cp_text name;
	uint64_t size;

	(void)cpi_cursor_u32(&c); /* tid */
	map.start = cpi_cursor_u64(&c);
	size = cpi_cursor_u64(&c);
	map.pgoff = cpi_cursor_u64(&c);
	if (!read_name(&c, &t, &name))
		return bad(s, r, "its file name has no terminating zero", err);
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

static enum cp_code on_mmap2(struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct trailer t = read_trailer(s, r);
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
	if (!read_name(&c, &t, &name))
		return bad(s, r, "its file name has no terminating zero", err);
	if (r->misc & PERF_MISC_MMAP_BUILD_ID && id[0] <= 20 &&
		!perf_build_id_name(s->f, id + 4, id[0], &map.build_id))
		return cpi_error_memory(err);
	return add_map(s, r, &map, size, name, &t, err);
}

static enum cp_code on_ksymbol(
	struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct trailer t = read_trailer(s, r);
	struct perf_map map = {.pid = -1, .kind = CP_MAP_BPF};
	struct cp_text name;
	uint64_t size;
	uint16_t flags;

	map.start = cpi_cursor_u64(&c);
	size = cpi_cursor_u32(&c);
	(void)cpi_cursor_u16(&c); /* BPF or out of line */
	flags = cpi_cursor_u16(&c);
	if (!read_name(&c, &t, &name))
		return bad(s, r, "its symbol has no terminating zero", err);
	/* Nothing runs there after it is unregistered, until the next one covers it. */
	if (flags & 1)
		return CP_OK;
	return add_map(s, r, &map, size, name, &t, err);
}

static enum cp_code on_comm(struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct trailer t = read_trailer(s, r);
	struct perf_state state = {.kind = PERF_STATE_COMM};
	struct cp_text name;

	state.pid = (int32_t)cpi_cursor_u32(&c);
	state.tid = (int32_t)cpi_cursor_u32(&c);
	if (!read_name(&c, &t, &name))
		return bad(s, r, "its name has no terminating zero", err);
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

static enum cp_code on_fork(struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct trailer t = read_trailer(s, r);
	struct perf_state state = {.kind = PERF_STATE_FORK};
	uint64_t time;

	state.pid = (int32_t)cpi_cursor_u32(&c);
	state.ppid = (int32_t)cpi_cursor_u32(&c);
	state.tid = (int32_t)cpi_cursor_u32(&c);
	state.ptid = (int32_t)cpi_cursor_u32(&c);
	time = cpi_cursor_u64(&c);
	if (!cpi_cursor_ok(&c))
		return bad(s, r, "it is too short", err);
	state.time = state_time(s, r, &t, time);
	/* Made up by perf from /proc: the task's own MMAPs follow, nothing is inherited. */
	state.what = (r->misc & PERF_MISC_FORK_EXEC) || !time || time == UINT64_MAX;
	return push_state(s, &state, err);
}

/* Counts from a stranger: they stop at the largest number. */
static void add(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

static enum cp_code on_lost(struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	uint64_t id = cpi_cursor_u64(&c), lost = cpi_cursor_u64(&c);
	uint32_t event = s->f->event.n == 1 ? 0 : perf_id_event(s->f, id);

	if (!cpi_cursor_ok(&c))
		return bad(s, r, "it is too short", err);
	add(&s->f->counts.lost_records, lost);
	if (event < s->f->event.n)
		add(&s->f->event.v[event].lost, lost);
	return CP_OK;
}

static enum cp_code on_lost_samples(
	struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct trailer t = read_trailer(s, r);
	struct perf_event *e = t.event < s->f->event.n ? &s->f->event.v[t.event] : NULL;
	uint64_t lost;

	if (r->n < 8)
		return bad(s, r, "it is too short", err);
	lost = perf_u64(r->body, s->f->swap);
	if (r->misc & PERF_MISC_LOST_SAMPLES_BPF) {
		add(&s->f->counts.lost_bpf, lost);
		if (e)
			add(&e->lost_bpf, lost);
		return CP_OK;
	}
	add(&s->f->counts.lost_samples, lost);
	if (e)
		add(&e->lost, lost);
	return CP_OK;
}

static enum cp_code on_throttle(
	struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	(void)r;
	(void)err;
	s->f->counts.throttled++;
	return CP_OK;
}

static enum cp_code on_cgroup(struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	struct trailer t = read_trailer(s, r);
	struct perf_cgroup row = {.id = cpi_cursor_u64(&c)};
	struct perf_file *f = s->f;
	struct cp_text name;

	if (!read_name(&c, &t, &name))
		return bad(s, r, "its path has no terminating zero", err);
	if (!perf_names_add(&f->names, name, &row.name) ||
		!cpi_vec_push(&f->env->mem, &f->cgroup, row) ||
		!cpi_index_add(&f->env->mem, &f->cgroups, cpi_hash_u64(row.id),
			(uint32_t)f->cgroup.n - 1))
		return cpi_error_memory(err);
	return CP_OK;
}

static enum cp_code on_sample(struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct perf_file *f = s->f;
	uint32_t event;
	uint16_t at;
	uint64_t time;

	(void)err;
	if (!f->scan_samples && !f->untimed_states)
		return CP_OK;
	event = perf_record_event(f, r);
	if (event == UINT32_MAX)
		return CP_OK;
	at = f->event.v[event].layout.time;
	if (at == PERF_ABSENT || at + 8u > r->n)
		return CP_OK;
	time = perf_u64(r->body + at, f->swap);
	s->last_time = time;
	if (time < f->counts.first_time)
		f->counts.first_time = time;
	if (time > f->counts.last_time)
		f->counts.last_time = time;
	return CP_OK;
}

/* Bytes that outlive the record: the input's own, or a copy of inflated ones. */
static const uint8_t *keep(struct scan *s, const struct perf_record *r, const uint8_t *p, size_t n)
{
	if (!r->inflated)
		return p;
	return (const uint8_t *)cpi_arena_copy(&s->f->chains, p, n);
}

static enum cp_code on_deferred(
	struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct perf_file *f = s->f;
	struct cpi_cursor c = perf_cursor(f, r->body, r->n);
	struct trailer t = read_trailer(s, r);
	struct perf_deferred row = {.cookie = cpi_cursor_u64(&c), .tid = (uint32_t)t.tid};
	const uint8_t *ips;

	row.time = state_time(s, r, &t, 0);
	row.n = (uint32_t)cpi_cursor_claim(&c, cpi_cursor_u64(&c), 8);
	ips = cpi_cursor_bytes(&c, (size_t)row.n * 8);
	if (!cpi_cursor_ok(&c))
		return bad(s, r, "its call chain is longer than the record", err);
	row.ips = keep(s, r, ips, (size_t)row.n * 8);
	if (!row.ips || !cpi_vec_push(&f->env->mem, &f->deferred, row) ||
		!cpi_index_add(&f->env->mem, &f->deferreds,
			cpi_hash_mix(row.cookie, row.tid), (uint32_t)f->deferred.n - 1))
		return cpi_error_memory(err);
	return CP_OK;
}

static enum cp_code on_attr(struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct perf_file *f = s->f;
	struct cpi_cursor c = perf_cursor(f, r->body, r->n);
	struct perf_attr attr;
	uint32_t size, event;
	enum cp_code code;

	(void)cpi_cursor_u32(&c);
	size = cpi_cursor_u32(&c);
	size = size ? size : 64;
	if (r->n < 64 || size < 64 || size > r->n)
		return bad(s, r, "its attr does not fit", err);
	perf_attr_decode(f, r->body, size, &attr);
	code = perf_event_add(f, &attr, &event, err);
	c = perf_cursor(f, r->body + size, r->n - size);
	while (!code && cpi_cursor_left(&c) >= 8)
		code = perf_id_add(f, cpi_cursor_u64(&c), event, err);
	return code;
}

/* u64 config and a name of 64 bytes, in pipes of perf before 3.x. */
static enum cp_code on_event_type(
	struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct perf_file *f = s->f;
	struct cpi_cursor c = perf_cursor(f, r->body, r->n);
	uint64_t config = cpi_cursor_u64(&c);
	struct cp_text name = {(const char *)c.at, strnlen((const char *)c.at, cpi_cursor_left(&c))};

	for (size_t i = 0; name.n && i < f->event.n; i++)
		if (f->event.v[i].attr.config == config && !f->event.v[i].name &&
			!perf_names_add(&f->names, name, &f->event.v[i].name))
			return cpi_error_memory(err);
	return CP_OK;
}

static enum cp_code on_event_update(
	struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	enum { UPDATE_NAME = 2 };
	struct perf_file *f = s->f;
	struct cpi_cursor c = perf_cursor(f, r->body, r->n);
	uint64_t type = cpi_cursor_u64(&c), id = cpi_cursor_u64(&c);
	struct cp_text name = {(const char *)c.at, strnlen((const char *)c.at, cpi_cursor_left(&c))};
	uint32_t event = perf_id_event(f, id);

	if (!cpi_cursor_ok(&c) || type != UPDATE_NAME || event == UINT32_MAX || !name.n)
		return CP_OK;
	if (!perf_names_add(&f->names, name, &f->event.v[event].name))
		return cpi_error_memory(err);
	return CP_OK;
}

static enum cp_code on_id_index(
	struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	size_t n = cpi_cursor_claim(&c, cpi_cursor_u64(&c), 32);

	for (size_t i = 0; i < n; i++) {
		uint64_t id = cpi_cursor_u64(&c), event = cpi_cursor_u64(&c);
		enum cp_code code = CP_OK;

		cpi_cursor_skip(&c, 16); /* cpu, tid */
		if (event < s->f->event.n)
			code = perf_id_add(s->f, id, (uint32_t)event, err);
		if (code)
			return code;
	}
	return CP_OK;
}

static enum cp_code on_build_id(
	struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	if (!perf_build_id_add(s->f, r->misc, perf_cursor(s->f, r->body, r->n), false))
		return cpi_error_memory(err);
	return CP_OK;
}

/*
 * An empty payload is no feature: it ends the list under the number of the first feature
 * the writer does not know.
 */
static enum cp_code on_feature(struct scan *s, const struct perf_record *r, struct cp_error *err)
{
	struct perf_file *f = s->f;
	struct cpi_cursor c = perf_cursor(f, r->body, r->n);
	uint64_t feature = cpi_cursor_u64(&c);

	if (!cpi_cursor_left(&c) || feature >= PERF_FEATURES)
		return CP_OK;
	if (feature == PERF_FEATURE_EVENT_DESC) {
		f->event_desc_n = (uint32_t)cpi_cursor_left(&c);
		f->event_desc = keep(s, r, c.at, f->event_desc_n);
		return f->event_desc ? CP_OK : cpi_error_memory(err);
	}
	f->feature[feature / 64] |= 1ULL << feature % 64;
	return perf_feature_decode(f, (unsigned)feature, c, err);
}

static const struct {
	const char *name;
	on_record *on;
} kinds[PERF_RECORD_TYPES] = {
	[PERF_RECORD_MMAP] = {"MMAP", on_mmap},
	[PERF_RECORD_LOST] = {"LOST", on_lost},
	[PERF_RECORD_COMM] = {"COMM", on_comm},
	[PERF_RECORD_EXIT] = {"EXIT", NULL},
	[PERF_RECORD_THROTTLE] = {"THROTTLE", on_throttle},
	[6] = {"UNTHROTTLE", NULL},
	[PERF_RECORD_FORK] = {"FORK", on_fork},
	[8] = {"READ", NULL},
	[PERF_RECORD_SAMPLE] = {"SAMPLE", on_sample},
	[PERF_RECORD_MMAP2] = {"MMAP2", on_mmap2},
	[11] = {"AUX", NULL},
	[12] = {"ITRACE_START", NULL},
	[PERF_RECORD_LOST_SAMPLES] = {"LOST_SAMPLES", on_lost_samples},
	[14] = {"SWITCH", NULL},
	[15] = {"SWITCH_CPU_WIDE", NULL},
	[PERF_RECORD_NAMESPACES] = {"NAMESPACES", NULL},
	[PERF_RECORD_KSYMBOL] = {"KSYMBOL", on_ksymbol},
	[18] = {"BPF_EVENT", NULL},
	[PERF_RECORD_CGROUP] = {"CGROUP", on_cgroup},
	[20] = {"TEXT_POKE", NULL},
	[21] = {"AUX_OUTPUT_HW_ID", NULL},
	[PERF_RECORD_CALLCHAIN_DEFERRED] = {"CALLCHAIN_DEFERRED", on_deferred},
	[PERF_RECORD_HEADER_ATTR] = {"HEADER_ATTR", on_attr},
	[PERF_RECORD_HEADER_EVENT_TYPE] = {"HEADER_EVENT_TYPE", on_event_type},
	[PERF_RECORD_HEADER_TRACING_DATA] = {"HEADER_TRACING_DATA", NULL},
	[PERF_RECORD_HEADER_BUILD_ID] = {"HEADER_BUILD_ID", on_build_id},
	[68] = {"FINISHED_ROUND", NULL},
	[PERF_RECORD_ID_INDEX] = {"ID_INDEX", on_id_index},
	[70] = {"AUXTRACE_INFO", NULL},
	[PERF_RECORD_AUXTRACE] = {"AUXTRACE", NULL},
	[72] = {"AUXTRACE_ERROR", NULL},
	[73] = {"THREAD_MAP", NULL},
	[74] = {"CPU_MAP", NULL},
	[75] = {"STAT_CONFIG", NULL},
	[76] = {"STAT", NULL},
	[77] = {"STAT_ROUND", NULL},
	[PERF_RECORD_EVENT_UPDATE] = {"EVENT_UPDATE", on_event_update},
	[79] = {"TIME_CONV", NULL},
	[PERF_RECORD_HEADER_FEATURE] = {"HEADER_FEATURE", on_feature},
	[PERF_RECORD_COMPRESSED] = {"COMPRESSED", NULL},
	[82] = {"FINISHED_INIT", NULL},
	[PERF_RECORD_COMPRESSED2] = {"COMPRESSED2", NULL},
	[84] = {"BPF_METADATA", NULL},
	[85] = {"SCHEDSTAT_CPU", NULL},
	[86] = {"SCHEDSTAT_DOMAIN", NULL},
};

const char *perf_record_name(uint32_t type)
{
	return type < PERF_RECORD_TYPES ? kinds[type].name : NULL;
}

static enum cp_code scan_records(struct scan *s, struct perf_stream *stream, struct cp_error *err)
{
	struct perf_counts *counts = &s->f->counts;
	struct perf_record r;

	while (perf_stream_next(stream, &r, err)) {
		enum cp_code code = CP_OK;

		if (r.type < PERF_RECORD_TYPES) {
			counts->type[r.type]++;
			if (kinds[r.type].on)
				code = kinds[r.type].on(s, &r, err);
		} else {
			counts->user_other++;
		}
		if (!code && !(r.number & 0xffff))
			code = cpi_env_progress(s->f->env, perf_stream_share(stream) / 4, err);
		if (code)
			return code;
	}
	counts->records = stream->number;
	return stream->code;
}

enum cp_code perf_scan(struct perf_file *f, struct cp_error *err)
{
	struct scan s = {.f = f};
	struct perf_stream stream;
	enum cp_code code;

	perf_stream_init(&stream, f, true);
	f->counts.data_bytes = stream.total;
	code = scan_records(&s, &stream, err);
	perf_stream_release(&stream);
	if (!code && f->event_desc)
		code = perf_feature_decode(f, PERF_FEATURE_EVENT_DESC,
			perf_cursor(f, f->event_desc, f->event_desc_n), err);
	if (!code)
		code = perf_events_settle(f, err);
	if (!code)
		code = perf_build_ids_settle(f, err);
	if (!code)
		code = perf_images_settle(f, err);
	return code;
}
