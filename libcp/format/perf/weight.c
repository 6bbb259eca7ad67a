/* SPDX-License-Identifier: Apache-2.0 */
/* What a sample weighs. */
#include "format/perf/build.h"

/*
 * What a sample stands for: its period if it says one, else its event's fixed period. A
 * frequency tells nothing about counts but, for the clocks, that there is a sample every
 * 1/frequency of a second.
 */
uint64_t perf_event_weight(const struct perf_event *e)
{
	if (!(e->attr.flags & PERF_FLAG_FREQ))
		return e->attr.period ? e->attr.period : 1;
	if (e->clock && e->attr.period && e->attr.period <= 1000000000)
		return 1000000000 / e->attr.period;
	return 1;
}

/*
 * stackcollapse-perf.pl looks for "TIME: PERIOD EVENT:" at the end of a line. A
 * tracepoint's fields follow its name, and samples without time have no colon before the
 * period: both count once, and are kept whatever the first event is.
 */
bool perf_event_unread(const struct perf_event *e)
{
	return e->attr.type == PERF_TYPE_TRACEPOINT || e->layout.time == PERF_ABSENT;
}

/*
 * Where samples have no period, perf script prints what the attr has, be it a
 * frequency.
 */
static uint64_t weight_compat(const struct perf_event *e, const struct perf_sample *s)
{
	if (perf_event_unread(e))
		return 1;
	return e->layout.period == PERF_ABSENT ? e->attr.period : s->period;
}

/*
 * {a,b}:S: only the leader samples, and each sample carries the counts of all members.
 * What a member counted since its last read is a sample of it, at the leader's stack. Ids
 * are per thread or per CPU; only inherited counters share one among threads.
 */
struct members {
	struct perf_build *b;
	struct perf_sample *s;
	const struct perf_sitter *sitter;
};

static struct perf_counter *counter_get(struct perf_build *b, uint64_t id, uint32_t tid)
{
	uint64_t hash = cpi_hash_mix(id, tid);
	struct cpi_probe probe = cpi_index_find(&b->counters, hash);
	struct perf_counter row = {.id = id, .tid = tid};

	for (uint32_t i; (i = cpi_index_next(&b->counters, &probe));)
		if (b->counter.v[i - 1].id == id && b->counter.v[i - 1].tid == tid)
			return &b->counter.v[i - 1];
	if (!cpi_vec_push(&b->env->mem, &b->counter, row) ||
		!cpi_index_add(
			&b->env->mem, &b->counters, hash, (uint32_t)b->counter.n)) {
		cpi_builder_fail(&b->b, CP_ERROR_MEMORY, "out of memory");
		return NULL;
	}
	return &b->counter.v[b->counter.n - 1];
}

static bool on_member(void *arg, uint64_t id, uint64_t value)
{
	struct members *m = arg;
	uint32_t event = perf_id_event(m->b->f, id);
	struct perf_counter *counter;
	uint64_t moved;

	if (event == UINT32_MAX) {
		m->b->unknown++;
		return true;
	}
	counter = counter_get(m->b, id,
		m->b->f->event.v[event].attr.flags & PERF_FLAG_INHERIT
			? (uint32_t)m->s->tid
			: 0);
	if (!counter)
		return false;
	moved = value - counter->value;
	counter->value = value;
	if (moved && m->b->event_wanted[event])
		perf_build_count(m->b, m->s, m->sitter, event, moved);
	return true;
}

/* Counters must be followed even where the sample itself is filtered out. */
void perf_weigh(
	struct perf_build *b, struct perf_sample *s, const struct perf_sitter *sitter)
{
	const struct perf_event *e = &b->f->event.v[s->event];
	struct members m = {b, s, sitter};

	if (e->attr.sample_type & PERF_SAMPLE_READ &&
		e->attr.read_format & PERF_FORMAT_ID) {
		(void)perf_read_values(b->f, s, on_member, &m);
		return;
	}
	if (!sitter || !b->event_wanted[s->event])
		return;
	if (b->compat)
		perf_build_count(b, s, sitter, s->event, weight_compat(e, s));
	else
		perf_build_count(b, s, sitter, s->event,
			e->layout.period != PERF_ABSENT ? s->period
							: perf_event_weight(e));
}
