/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/scan.h"

/* Pass 1: what perf says about events, and what was lost. */

/* Counts from a stranger: they stop at the largest number. */
static void add(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

enum cp_code perf_on_lost(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);
	uint64_t id = cpi_cursor_u64(&c), lost = cpi_cursor_u64(&c);
	uint32_t event = s->f->event.n == 1 ? 0 : perf_id_event(s->f, id);

	(void)err;
	if (!cpi_cursor_ok(&c)) {
		perf_bad_record(s, r, "it is too short");
		return CP_OK;
	}
	add(&s->f->counts.lost_records, lost);
	if (event < s->f->event.n)
		add(&s->f->event.v[event].lost, lost);
	return CP_OK;
}

enum cp_code perf_on_lost_samples(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct perf_trailer t = perf_read_trailer(s, r);
	struct perf_event *e = t.event < s->f->event.n ? &s->f->event.v[t.event] : NULL;
	uint64_t lost;

	(void)err;
	if (r->n < 8) {
		perf_bad_record(s, r, "it is too short");
		return CP_OK;
	}
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

enum cp_code perf_on_throttle(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	(void)r;
	(void)err;
	s->f->counts.throttled++;
	return CP_OK;
}

enum cp_code perf_on_attr(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct perf_file *f = s->f;
	struct cpi_cursor c = perf_cursor(f, r->body, r->n);
	struct perf_attr attr;
	uint32_t size, event;
	enum cp_code code;

	(void)cpi_cursor_u32(&c);
	size = cpi_cursor_u32(&c);
	size = size ? size : 64;
	if (r->n < 64 || size < 64 || size > r->n) {
		perf_bad_record(s, r, "its attr does not fit");
		return CP_OK;
	}
	perf_attr_decode(f, r->body, size, &attr);
	code = perf_event_add(f, &attr, &event, err);
	c = perf_cursor(f, r->body + size, r->n - size);
	while (!code && cpi_cursor_left(&c) >= 8)
		code = perf_id_add(f, cpi_cursor_u64(&c), event, err);
	return code;
}

/* u64 config and a name of 64 bytes, in pipes of perf before 3.x. */
enum cp_code perf_on_event_type(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct perf_file *f = s->f;
	struct cpi_cursor c = perf_cursor(f, r->body, r->n);
	uint64_t config = cpi_cursor_u64(&c);
	struct cp_text name = {
		(const char *)c.at, strnlen((const char *)c.at, cpi_cursor_left(&c))};

	if (f->counts.type[r->type] > PERF_EVENT_TYPES)
		return CP_OK;
	for (size_t i = 0; name.n && i < f->event.n; i++)
		if (f->event.v[i].attr.config == config && !f->event.v[i].name &&
			!perf_names_add(&f->names, name, &f->event.v[i].name))
			return cpi_error_memory(err);
	return CP_OK;
}

enum cp_code perf_on_event_update(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	enum { UPDATE_NAME = 2 };
	struct perf_file *f = s->f;
	struct cpi_cursor c = perf_cursor(f, r->body, r->n);
	uint64_t type = cpi_cursor_u64(&c), id = cpi_cursor_u64(&c);
	struct cp_text name = {
		(const char *)c.at, strnlen((const char *)c.at, cpi_cursor_left(&c))};
	uint32_t event = perf_id_event(f, id);

	if (!cpi_cursor_ok(&c) || type != UPDATE_NAME || event == UINT32_MAX || !name.n)
		return CP_OK;
	if (!perf_names_add(&f->names, name, &f->event.v[event].name))
		return cpi_error_memory(err);
	return CP_OK;
}

enum cp_code perf_on_id_index(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
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

/* A kind, as perf's enum auxtrace_type numbers them, and what that kind needs. */
enum cp_code perf_on_aux_info(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct cpi_cursor c = perf_cursor(s->f, r->body, r->n);

	(void)err;
	s->f->aux = cpi_cursor_u32(&c);
	return CP_OK;
}

const char *perf_aux_name(uint32_t kind)
{
	static const char *const name[] = {NULL, "Intel PT", "Intel BTS",
		"Arm CoreSight", "Arm SPE", "s390's CPU measurement", "HiSilicon PTT",
		"the VPA dispatch trace log"};

	return kind && kind < sizeof name / sizeof *name ? name[kind] : "a tracing unit";
}

enum cp_code perf_on_build_id(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	if (!perf_build_id_add(s->f, r->misc, perf_cursor(s->f, r->body, r->n), false))
		return cpi_error_memory(err);
	return CP_OK;
}

/*
 * An empty payload is no feature: it ends the list under the number of the first feature
 * the writer does not know.
 */
enum cp_code perf_on_feature(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	struct perf_file *f = s->f;
	struct cpi_cursor c = perf_cursor(f, r->body, r->n);
	uint64_t feature = cpi_cursor_u64(&c);

	if (!cpi_cursor_left(&c) || feature >= PERF_FEATURES)
		return CP_OK;
	if (feature == PERF_FEATURE_EVENT_DESC) {
		f->event_desc_n = (uint32_t)cpi_cursor_left(&c);
		f->event_desc = perf_scan_keep(s, r, c.at, f->event_desc_n);
		return f->event_desc ? CP_OK : cpi_error_memory(err);
	}
	f->feature[feature / 64] |= 1ULL << feature % 64;
	return perf_feature_decode(f, (unsigned)feature, c, err);
}

/* In a pipe; the record's own bytes are the size of what stands behind it. */
enum cp_code perf_on_tracing_data(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err)
{
	if (r->n < 4 || r->inflated)
		return CP_OK;
	return perf_trace_read(s->f, perf_cursor(s->f, r->body + r->n,
					     perf_u32(r->body, s->f->swap)))
		       ? CP_OK
		       : cpi_error_memory(err);
}
