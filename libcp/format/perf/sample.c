/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/parts.h"

/*
 * A sample's fields stand in one order, each only if its event asked for it. Up to the
 * period they have fixed places (struct perf_layout); what follows varies in length and
 * is walked, but no further than the last field that is used.
 *
 * perf record --off-cpu measures in BPF how long threads waited. What its event then says
 * itself is about the thread that came next; the sample that is meant lies in RAW:
 *
 *	u32 pid, tid; u64 period; u64 nr, ips[nr]; u64 cgroup
 *
 * Before perf 6.16, and for short waits since then, it writes samples of the usual form at
 * its end, which have no time.
 */

static bool read_values(
	struct cpi_cursor *c, uint64_t format, perf_read_fn *each, void *arg)
{
	uint64_t n = 1;

	if (format & PERF_FORMAT_GROUP) {
		n = cpi_cursor_u64(c);
		if (format & PERF_FORMAT_TOTAL_TIME_ENABLED)
			cpi_cursor_skip(c, 8);
		if (format & PERF_FORMAT_TOTAL_TIME_RUNNING)
			cpi_cursor_skip(c, 8);
		n = cpi_cursor_claim(c, n, 8);
	}
	for (uint64_t i = 0; i < n && cpi_cursor_ok(c); i++) {
		uint64_t value = cpi_cursor_u64(c), id = 0;

		if (!(format & PERF_FORMAT_GROUP)) {
			if (format & PERF_FORMAT_TOTAL_TIME_ENABLED)
				cpi_cursor_skip(c, 8);
			if (format & PERF_FORMAT_TOTAL_TIME_RUNNING)
				cpi_cursor_skip(c, 8);
		}
		if (format & PERF_FORMAT_ID)
			id = cpi_cursor_u64(c);
		if (format & PERF_FORMAT_LOST)
			cpi_cursor_skip(c, 8);
		if (each && cpi_cursor_ok(c) && !each(arg, id, value))
			return false;
	}
	return cpi_cursor_ok(c);
}

bool perf_read_values(const struct perf_file *f, const struct perf_sample *s,
	perf_read_fn *each, void *arg)
{
	struct cpi_cursor c = perf_cursor(f, s->read, s->read_n);

	return read_values(&c, f->event.v[s->event].attr.read_format, each, arg);
}

static void read_chain(struct cpi_cursor *c, struct perf_sample *s)
{
	s->n_chain = (uint32_t)cpi_cursor_claim(c, cpi_cursor_u64(c), 8);
	s->chain = cpi_cursor_bytes(c, (size_t)s->n_chain * 8);
}

static void read_branches(
	struct cpi_cursor *c, const struct perf_attr *attr, struct perf_sample *s)
{
	uint64_t n = cpi_cursor_u64(c);

	if (attr->branch_type & PERF_BRANCH_HW_INDEX)
		cpi_cursor_skip(c, 8);
	s->n_branch = (uint32_t)cpi_cursor_claim(c, n, 24);
	s->branch = cpi_cursor_bytes(c, (size_t)s->n_branch * 24);
	if (attr->branch_type & PERF_BRANCH_COUNTERS)
		cpi_cursor_skip(c, (size_t)s->n_branch * 8);
}

/*
 * Registers: an ABI, and unless that is 0 (a kernel thread) a word per bit of the
 * mask.
 */
static const uint8_t *read_regs(struct cpi_cursor *c, uint64_t mask, uint64_t *ret_abi)
{
	*ret_abi = cpi_cursor_u64(c);
	if (!*ret_abi)
		return NULL;
	return cpi_cursor_bytes(c, (size_t)__builtin_popcountll(mask) * 8);
}

/* Stack: the size asked for, as many bytes, and how many of them are real. */
static void read_stack(struct cpi_cursor *c, struct perf_sample *s)
{
	uint64_t n = cpi_cursor_u64(c), real;

	if (!n)
		return;
	n = cpi_cursor_claim(c, n, 1);
	s->stack = cpi_cursor_bytes(c, n);
	real = cpi_cursor_u64(c);
	s->stack_asked = n;
	s->stack_n = real < n ? real : n;
}

/* Takes over what RAW says; false when that is no such sample. */
static bool read_off_cpu(struct cpi_cursor raw, struct perf_sample *s)
{
	int32_t pid = (int32_t)cpi_cursor_u32(&raw), tid = (int32_t)cpi_cursor_u32(&raw);
	uint64_t period = cpi_cursor_u64(&raw);
	uint32_t n = (uint32_t)cpi_cursor_claim(&raw, cpi_cursor_u64(&raw), 8);
	const uint8_t *chain = cpi_cursor_bytes(&raw, (size_t)n * 8);
	uint64_t cgroup = cpi_cursor_u64(&raw);

	if (!cpi_cursor_ok(&raw))
		return false;
	s->pid = pid;
	s->tid = tid;
	s->period = period;
	s->chain = chain;
	s->n_chain = n;
	s->cgroup = cgroup;
	s->cpumode = PERF_CPU_USER;
	s->ip = 0;
	return true;
}

static void read_rest(
	struct cpi_cursor *c, const struct perf_event *e, struct perf_sample *s)
{
	const struct perf_attr *attr = &e->attr;
	uint64_t type = attr->sample_type, abi;
	struct cpi_cursor raw = *c;

	if (type & PERF_SAMPLE_RAW) {
		uint32_t n = cpi_cursor_u32(c);

		raw.at = c->at;
		cpi_cursor_skip(c, n);
		if (cpi_cursor_ok(c))
			raw.end = c->at;
		if (cpi_cursor_ok(c) && e->off_cpu && read_off_cpu(raw, s))
			return;
		if (cpi_cursor_ok(c)) {
			s->raw = raw.at;
			s->raw_n = n;
		}
	}
	if (type & PERF_SAMPLE_BRANCH_STACK)
		read_branches(c, attr, s);
	if (type & PERF_SAMPLE_REGS_USER)
		s->regs = read_regs(c, attr->regs_user, &s->abi);
	if (type & PERF_SAMPLE_STACK_USER)
		read_stack(c, s);
	if (!(type & PERF_SAMPLE_CGROUP))
		return;
	if (type & (PERF_SAMPLE_WEIGHT | PERF_SAMPLE_WEIGHT_STRUCT))
		cpi_cursor_skip(c, 8);
	if (type & PERF_SAMPLE_DATA_SRC)
		cpi_cursor_skip(c, 8);
	if (type & PERF_SAMPLE_TRANSACTION)
		cpi_cursor_skip(c, 8);
	if (type & PERF_SAMPLE_REGS_INTR)
		(void)read_regs(c, attr->regs_intr, &abi);
	if (type & PERF_SAMPLE_PHYS_ADDR)
		cpi_cursor_skip(c, 8);
	s->cgroup = cpi_cursor_u64(c);
}

/* Fields behind the chain that are looked at. */
#define REST_USED                                                                        \
	(PERF_SAMPLE_BRANCH_STACK | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER |     \
		PERF_SAMPLE_CGROUP)

static void read_fixed(
	const struct perf_layout *l, const uint8_t *p, bool swap, struct perf_sample *s)
{
	if (l->ip != PERF_ABSENT)
		s->ip = perf_u64(p + l->ip, swap);
	if (l->tid != PERF_ABSENT) {
		s->pid = (int32_t)perf_u32(p + l->tid, swap);
		s->tid = (int32_t)perf_u32(p + l->tid + 4, swap);
	}
	if (l->time != PERF_ABSENT)
		s->time = perf_u64(p + l->time, swap);
	if (l->cpu != PERF_ABSENT)
		s->cpu = perf_u32(p + l->cpu, swap);
	if (l->period != PERF_ABSENT)
		s->period = perf_u64(p + l->period, swap);
}

bool perf_sample_decode(const struct perf_file *f, const struct perf_record *r,
	uint32_t event, struct perf_sample *s)
{
	const struct perf_event *e = &f->event.v[event];
	uint64_t type = e->attr.sample_type;
	struct cpi_cursor c;

	memset(s, 0, sizeof *s);
	s->event = event;
	s->inflated = r->inflated;
	s->cpumode = r->misc & PERF_MISC_CPUMODE;
	s->exact_ip = r->misc & PERF_MISC_EXACT_IP;
	if (r->n < e->layout.fixed)
		return false;
	read_fixed(&e->layout, r->body, f->swap, s);
	c = perf_cursor(f, r->body, r->n);
	cpi_cursor_skip(&c, e->layout.fixed);
	if (type & PERF_SAMPLE_READ) {
		s->read = c.at;
		s->read_n = (uint32_t)cpi_cursor_left(&c);
		read_values(&c, e->attr.read_format, NULL, NULL);
	}
	if (type & PERF_SAMPLE_CALLCHAIN)
		read_chain(&c, s);
	if (type & REST_USED ||
		((e->off_cpu || e->trace.kind) && type & PERF_SAMPLE_RAW))
		read_rest(&c, e, s);
	return cpi_cursor_ok(&c);
}

void perf_sample_short(struct perf_file *f, const struct perf_record *r)
{
	perf_damaged(f, "SAMPLE", perf_spot_of(r, "SAMPLE"),
		"it is shorter than what it holds");
}
