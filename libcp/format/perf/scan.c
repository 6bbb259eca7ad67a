/* SPDX-License-Identifier: Apache-2.0 */
/* The first pass: what changes the meaning of later samples. */
#include "format/perf/scan.h"

#include <stdlib.h>

/*
 * Pass 1: every record's header, and the bodies of those that change what later samples
 * mean. Only this pass reports damage.
 */
void perf_bad_record(
	struct perf_scanner *s, const struct perf_record *r, const char *what)
{
	const char *name = perf_record_name(r->type);

	perf_damaged(s->f, name, perf_spot_of(r, name), "%s", what);
}

/* An event's id out of a sample or a trailer; all events keep it in the same place. */
static bool record_id(
	const struct perf_file *f, const struct perf_record *r, uint64_t *ret_id)
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

struct perf_trailer perf_read_trailer(
	const struct perf_scanner *s, const struct perf_record *r)
{
	const struct perf_file *f = s->f;
	struct perf_trailer t = {.event = perf_record_event(f, r), .cpu = UINT32_MAX};
	const struct perf_layout *l;

	if (t.event == UINT32_MAX || !f->event.v[t.event].trailers)
		return t;
	l = &f->event.v[t.event].layout;
	if (l->end_size > r->n)
		return t;
	t.size = l->end_size;
	if (l->end_tid != PERF_ABSENT) {
		t.pid = (int32_t)perf_u32(r->body + r->n - l->end_tid, f->swap);
		t.tid = (int32_t)perf_u32(r->body + r->n - l->end_tid + 4, f->swap);
	}
	if (l->end_cpu != PERF_ABSENT)
		t.cpu = perf_u32(r->body + r->n - l->end_cpu, f->swap);
	if (l->end_time != PERF_ABSENT) {
		t.time = perf_u64(r->body + r->n - l->end_time, f->swap);
		t.timed = true;
	}
	return t;
}

/* The rest of the record up to its trailer, as a NUL-terminated name. */
bool perf_read_name(
	struct cpi_cursor *c, const struct perf_trailer *t, struct cp_text *ret_name)
{
	size_t left = cpi_cursor_left(c);
	size_t room = left > t->size ? left - t->size : 0;

	ret_name->p = (const char *)c->at;
	ret_name->n = strnlen(ret_name->p, room);
	return cpi_cursor_ok(c) && ret_name->n < room;
}

/* Bytes that outlive the record: the input's own, or a copy of inflated ones. */
const uint8_t *perf_scan_keep(
	struct perf_scanner *s, const struct perf_record *r, const uint8_t *p, size_t n)
{
	if (!r->inflated)
		return p;
	return (const uint8_t *)cpi_arena_copy(&s->f->chains, p, n);
}

static enum cp_code on_sample(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
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
	if (time == PERF_NO_TIME)
		return CP_OK;
	s->last_time = time;
	if (time < f->counts.first_time)
		f->counts.first_time = time;
	if (time > f->counts.last_time)
		f->counts.last_time = time;
	return CP_OK;
}

static const struct {
	const char *name;
	perf_on_record *on;
} kinds[PERF_RECORD_TYPES] = {
	[PERF_RECORD_MMAP] = {"MMAP", perf_on_mmap},
	[PERF_RECORD_LOST] = {"LOST", perf_on_lost},
	[PERF_RECORD_COMM] = {"COMM", perf_on_comm},
	[PERF_RECORD_EXIT] = {"EXIT", NULL},
	[PERF_RECORD_THROTTLE] = {"THROTTLE", perf_on_throttle},
	[6] = {"UNTHROTTLE", NULL},
	[PERF_RECORD_FORK] = {"FORK", perf_on_fork},
	[8] = {"READ", NULL},
	[PERF_RECORD_SAMPLE] = {"SAMPLE", on_sample},
	[PERF_RECORD_MMAP2] = {"MMAP2", perf_on_mmap2},
	[11] = {"AUX", NULL},
	[12] = {"ITRACE_START", NULL},
	[PERF_RECORD_LOST_SAMPLES] = {"LOST_SAMPLES", perf_on_lost_samples},
	[PERF_RECORD_SWITCH] = {"SWITCH", NULL},
	[PERF_RECORD_SWITCH_CPU_WIDE] = {"SWITCH_CPU_WIDE", NULL},
	[PERF_RECORD_NAMESPACES] = {"NAMESPACES", NULL},
	[PERF_RECORD_KSYMBOL] = {"KSYMBOL", perf_on_ksymbol},
	[18] = {"BPF_EVENT", NULL},
	[PERF_RECORD_CGROUP] = {"CGROUP", perf_on_cgroup},
	[20] = {"TEXT_POKE", NULL},
	[21] = {"AUX_OUTPUT_HW_ID", NULL},
	[PERF_RECORD_CALLCHAIN_DEFERRED] = {"CALLCHAIN_DEFERRED", perf_on_deferred},
	[PERF_RECORD_HEADER_ATTR] = {"HEADER_ATTR", perf_on_attr},
	[PERF_RECORD_HEADER_EVENT_TYPE] = {"HEADER_EVENT_TYPE", perf_on_event_type},
	[PERF_RECORD_HEADER_TRACING_DATA] = {"HEADER_TRACING_DATA", perf_on_tracing_data},
	[PERF_RECORD_HEADER_BUILD_ID] = {"HEADER_BUILD_ID", perf_on_build_id},
	[PERF_RECORD_FINISHED_ROUND] = {"FINISHED_ROUND", NULL},
	[PERF_RECORD_ID_INDEX] = {"ID_INDEX", perf_on_id_index},
	[PERF_RECORD_AUXTRACE_INFO] = {"AUXTRACE_INFO", perf_on_aux_info},
	[PERF_RECORD_AUXTRACE] = {"AUXTRACE", NULL},
	[72] = {"AUXTRACE_ERROR", NULL},
	[73] = {"THREAD_MAP", NULL},
	[74] = {"CPU_MAP", NULL},
	[75] = {"STAT_CONFIG", NULL},
	[76] = {"STAT", NULL},
	[77] = {"STAT_ROUND", NULL},
	[PERF_RECORD_EVENT_UPDATE] = {"EVENT_UPDATE", perf_on_event_update},
	[79] = {"TIME_CONV", NULL},
	[PERF_RECORD_HEADER_FEATURE] = {"HEADER_FEATURE", perf_on_feature},
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

static enum cp_code scan_records(
	struct perf_scanner *s, struct perf_stream *stream, struct cp_error *err)
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
			code = cpi_env_progress(
				s->f->env, perf_stream_share(stream) / 4, err);
		if (code)
			return code;
	}
	counts->records = stream->number;
	return stream->code;
}

static int by_deferred(const void *a, const void *b)
{
	return perf_deferred_order(a, b);
}

enum cp_code perf_scan(struct perf_file *f, struct cp_error *err)
{
	struct perf_scanner s = {.f = f};
	struct perf_stream stream;
	enum cp_code code;

	perf_stream_init(&stream, f, true);
	f->counts.data_bytes = stream.total;
	code = scan_records(&s, &stream, err);
	perf_stream_release(&stream);
	if (f->deferred.n)
		qsort(f->deferred.v, f->deferred.n, sizeof *f->deferred.v, by_deferred);
	if (!code && f->event_desc)
		code = perf_feature_decode(f, PERF_FEATURE_EVENT_DESC,
			perf_cursor(f, f->event_desc, f->event_desc_n), err);
	if (!code)
		code = perf_events_settle(f, err);
	if (!code) {
		perf_text_settle(f);
		code = perf_build_ids_settle(f, err);
	}
	if (!code)
		code = perf_images_settle(f, err);
	if (!code)
		perf_simpleperf_settle(f);
	return code;
}
