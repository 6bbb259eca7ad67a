/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/parts.h"

#include <stdio.h>

/*
 * Events: decoding their attrs, finding the event of an id, where the fields of their
 * records are, and how they are called when the file does not say.
 */

/* Bitfields stand at the other end of the word in big-endian writers' files. */
static uint64_t flags_in_order(uint64_t flags, bool big_endian)
{
	uint64_t out = 0;

	if (!big_endian)
		return flags;
	for (unsigned i = 0; i < 64; i++)
		out |= (flags >> (63 - i) & 1) << i;
	/* precise_ip is a number of two bits, bits 15 and 16. */
	return (out & ~PERF_FLAG_PRECISE) | (out & 1ULL << 15) << 1 |
	       (out & 1ULL << 16) >> 1;
}

void perf_attr_decode(
	const struct perf_file *f, const uint8_t *bytes, size_t n, struct perf_attr *attr)
{
	struct cpi_cursor c = perf_cursor(f, bytes, n);

	/* What an older writer does not have reads as zero: the cursor is sticky. */
	memset(attr, 0, sizeof *attr);
	attr->type = cpi_cursor_u32(&c);
	(void)cpi_cursor_u32(&c); /* size: the caller knows */
	attr->config = cpi_cursor_u64(&c);
	attr->period = cpi_cursor_u64(&c);
	attr->sample_type = cpi_cursor_u64(&c);
	attr->read_format = cpi_cursor_u64(&c);
	attr->flags = flags_in_order(cpi_cursor_u64(&c), f->big_endian);
	cpi_cursor_skip(&c, 8); /* wakeup, breakpoint type */
	attr->config1 = cpi_cursor_u64(&c);
	attr->config2 = cpi_cursor_u64(&c);
	attr->branch_type = cpi_cursor_u64(&c);
	attr->regs_user = cpi_cursor_u64(&c);
	attr->stack_user = cpi_cursor_u32(&c);
	attr->clock = cpi_cursor_u32(&c);
	attr->regs_intr = cpi_cursor_u64(&c);
}

uint32_t perf_id_event(const struct perf_file *f, uint64_t id)
{
	struct cpi_probe probe = cpi_index_find(&f->ids, cpi_hash_u64(id));

	for (uint32_t i; (i = cpi_index_next(&f->ids, &probe));)
		if (f->id.v[i - 1].id == id)
			return f->id.v[i - 1].event;
	return UINT32_MAX;
}

enum cp_code perf_id_add(
	struct perf_file *f, uint64_t id, uint32_t event, struct cp_error *err)
{
	struct perf_id row = {id, event};

	if (perf_id_event(f, id) != UINT32_MAX)
		return CP_OK;
	if (!cpi_vec_push(&f->env->mem, &f->id, row) ||
		!cpi_index_add(
			&f->env->mem, &f->ids, cpi_hash_u64(id), (uint32_t)f->id.n))
		return cpi_error_memory(err);
	return CP_OK;
}

static uint16_t take(uint64_t type, uint64_t bit, uint16_t *at)
{
	uint16_t field = *at;

	if (!(type & bit))
		return PERF_ABSENT;
	*at += 8;
	return field;
}

/* A field of the trailer ends `at` bytes before the record's end. */
static uint16_t take_back(uint64_t type, uint64_t bit, uint16_t *at)
{
	if (!(type & bit))
		return PERF_ABSENT;
	*at += 8;
	return *at;
}

static void lay_out(struct perf_layout *l, uint64_t type)
{
	uint16_t at = 0;

	l->identifier = take(type, PERF_SAMPLE_IDENTIFIER, &at);
	l->ip = take(type, PERF_SAMPLE_IP, &at);
	l->tid = take(type, PERF_SAMPLE_TID, &at);
	l->time = take(type, PERF_SAMPLE_TIME, &at);
	l->addr = take(type, PERF_SAMPLE_ADDR, &at);
	l->id = take(type, PERF_SAMPLE_ID, &at);
	l->stream_id = take(type, PERF_SAMPLE_STREAM_ID, &at);
	l->cpu = take(type, PERF_SAMPLE_CPU, &at);
	l->period = take(type, PERF_SAMPLE_PERIOD, &at);
	l->fixed = at;
	at = 0;
	l->end_identifier = take_back(type, PERF_SAMPLE_IDENTIFIER, &at);
	l->end_cpu = take_back(type, PERF_SAMPLE_CPU, &at);
	(void)take_back(type, PERF_SAMPLE_STREAM_ID, &at);
	l->end_id = take_back(type, PERF_SAMPLE_ID, &at);
	l->end_time = take_back(type, PERF_SAMPLE_TIME, &at);
	l->end_tid = take_back(type, PERF_SAMPLE_TID, &at);
	l->end_size = at;
}

enum cp_code perf_event_add(struct perf_file *f, const struct perf_attr *attr,
	uint32_t *ret_event, struct cp_error *err)
{
	struct perf_event event = {.attr = *attr}, *first;

	lay_out(&event.layout, attr->sample_type);
	event.trailers = attr->flags & PERF_FLAG_SAMPLE_ID_ALL;
	event.clock =
		attr->type == PERF_TYPE_SOFTWARE && attr->config <= PERF_SW_TASK_CLOCK;
	*ret_event = (uint32_t)f->event.n;
	if (f->event.n >= PERF_EVENTS)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET, "more than %u events",
			(unsigned)PERF_EVENTS);
	if (!cpi_vec_push(&f->env->mem, &f->event, event))
		return cpi_error_memory(err);
	first = &f->event.v[0];
	f->timed |= event.layout.time != PERF_ABSENT;
	f->untimed_states |= !event.trailers;
	f->mixed_layout |= event.trailers != first->trailers ||
			   attr->sample_type != first->attr.sample_type;
	return CP_OK;
}

static const char *const hardware_names[] = {
	"cycles",
	"instructions",
	"cache-references",
	"cache-misses",
	"branches",
	"branch-misses",
	"bus-cycles",
	"stalled-cycles-frontend",
	"stalled-cycles-backend",
	"ref-cycles",
};

static const char *const software_names[] = {
	"cpu-clock",
	"task-clock",
	"page-faults",
	"context-switches",
	"cpu-migrations",
	"minor-faults",
	"major-faults",
	"alignment-faults",
	"emulation-faults",
	"dummy",
	"bpf-output",
	"cgroup-switches",
};

static void cache_name(char *buf, size_t size, uint64_t config)
{
	static const char *const cache[] = {
		"L1-dcache", "L1-icache", "LLC", "dTLB", "iTLB", "branch", "node"};
	static const char *const op[] = {"load", "store", "prefetch"};
	uint64_t c = config & 0xff, o = config >> 8 & 0xff, miss = config >> 16 & 0xff;

	if (c < 7 && o < 3 && miss < 2)
		snprintf(buf, size, "%s-%s%s", cache[c], op[o],
			miss     ? "-misses"
			: o == 2 ? "es"
				 : "s");
	else
		snprintf(buf, size, "cache:0x%llx", (unsigned long long)config);
}

static struct cp_text pmu_name(const struct perf_file *f, uint32_t type)
{
	for (size_t i = 0; i < f->pmu.n; i++)
		if (f->pmu.v[i].offset == type)
			return perf_name(f, (uint32_t)f->pmu.v[i].size);
	return CPI_TEXT("");
}

/* The name perf would give the event by its attr. */
static void derive_name(
	const struct perf_file *f, const struct perf_attr *attr, char *buf, size_t size)
{
	unsigned long long config = attr->config;
	struct cp_text pmu;

	if (attr->type == PERF_TYPE_HARDWARE &&
		(config & 0xffffffff) < sizeof hardware_names / sizeof *hardware_names)
		snprintf(buf, size, "%s", hardware_names[config & 0xffffffff]);
	else if (attr->type == PERF_TYPE_SOFTWARE &&
		 config < sizeof software_names / sizeof *software_names)
		snprintf(buf, size, "%s", software_names[config]);
	else if (attr->type == PERF_TYPE_HW_CACHE)
		cache_name(buf, size, config);
	else if (attr->type == PERF_TYPE_RAW)
		snprintf(buf, size, "r%llx", config);
	else if (attr->type == PERF_TYPE_TRACEPOINT)
		snprintf(buf, size, "tracepoint:%llu", config);
	else if (attr->type == PERF_TYPE_BREAKPOINT)
		snprintf(buf, size, "mem:0x%llx", (unsigned long long)attr->config1);
	else if ((pmu = pmu_name(f, attr->type)).n)
		snprintf(buf, size, "%.*s/config=0x%llx/", (int)(pmu.n & 0xff), pmu.p,
			config);
	else
		snprintf(buf, size, "event-%u:0x%llx", attr->type, config);
}

static bool is_dummy(const struct perf_file *f, const struct perf_event *e)
{
	return (e->attr.type == PERF_TYPE_SOFTWARE && e->attr.config == PERF_SW_DUMMY) ||
	       perf_event_called(f, e, CPI_TEXT("dummy"));
}

enum cp_code perf_events_settle(struct perf_file *f, struct cp_error *err)
{
	perf_trace_settle(f);
	for (size_t i = 0; i < f->event.n; i++) {
		struct perf_event *e = &f->event.v[i];
		char name[96];

		if (!e->name) {
			derive_name(f, &e->attr, name, sizeof name);
			if (!perf_names_add(&f->names, cpi_text(name), &e->name))
				return cpi_error_memory(err);
		}
		e->dummy = is_dummy(f, e);
		e->off_cpu = perf_event_called(f, e, CPI_TEXT("offcpu-time"));
		e->clock |= e->off_cpu;
	}
	return CP_OK;
}

bool perf_event_called(
	const struct perf_file *f, const struct perf_event *e, struct cp_text text)
{
	struct cp_text name = perf_name(f, e->name);

	if (cpi_text_equal(name, text))
		return true;
	/* "cycles:ppp" is called "cycles"; "sched:sched_switch" is not called "sched". */
	if (e->attr.type == PERF_TYPE_TRACEPOINT || !text.n)
		return false;
	return name.n > text.n && name.p[text.n] == ':' &&
	       !memcmp(name.p, text.p, text.n);
}
