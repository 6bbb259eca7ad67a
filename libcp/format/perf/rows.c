/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/sched.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * The hot path: millions of samples, of which few have a call chain not seen before. A
 * chain seen before costs one hash of its bytes and one row. What remains then is waiting
 * for memory, twice: for the index's slot and for the row (a fifth of all time on a
 * capture of 1.9M samples with 110,000 rows). So samples queue up: their slots are asked
 * for when they enter, their rows when the queue is full, and both are there when used.
 */

static void out_of_memory(struct perf_build *b)
{
	cpi_builder_fail(&b->b, CP_ERROR_MEMORY, "out of memory");
}

static bool leaf_wanted(const struct perf_build *b)
{
	const struct cp_profile *p = b->b.p;
	cp_mapping mapping;

	if (!b->o->n_dsos)
		return true;
	if (!b->frame.n || b->b.code)
		return false;
	mapping = p->location.v[b->frame.v[0].i].mapping;
	return perf_filter_dso(
		&b->filter, cpi_profile_text(p, p->mapping.v[mapping.i].path));
}

static uint32_t add_row(struct perf_build *b, const struct perf_sample *s,
	const struct perf_sitter *sitter, uint32_t event, const struct perf_unwound *user,
	XXH128_hash_t key)
{
	struct perf_row row = {.low = key.low64, .high = key.high64, .event = event};

	perf_chain_resolve(b, s, &sitter->seat, user);
	row.wanted = leaf_wanted(b);
	if (row.wanted) {
		row.stack = cpi_builder_stack(&b->b, b->frame.v, (uint32_t)b->frame.n);
		row.labels = perf_sample_labels(b, sitter, s, event);
	}
	if (b->row.n >= UINT32_MAX || !cpi_vec_push(&b->env->mem, &b->row, row) ||
		!cpi_index_add(
			&b->env->mem, &b->rows, key.low64, (uint32_t)b->row.n - 1)) {
		out_of_memory(b);
		return 0;
	}
	return (uint32_t)b->row.n - 1;
}

/* Everything that decides stack, labels and event. */
static XXH128_hash_t row_key(struct perf_build *b, const struct perf_sample *s,
	const struct perf_sitter *sitter, uint32_t event, const struct perf_unwound *user)
{
	XXH128_hash_t key = cpi_hash128(s->chain, (size_t)s->n_chain * 8);
	uint64_t seed = sitter->seed ^ s->ip * 0x9e3779b97f4a7c15ULL;

	seed += ((uint64_t)event << 4 | (uint64_t)s->exact_ip << 3 | s->cpumode) *
		0xc2b2ae3d27d4eb4fULL;
	if (b->labels & (CP_LABEL_CPU | CP_LABEL_CGROUP | CP_LABEL_TIMESTAMP_NS))
		seed = cpi_hash_mix(seed, perf_sample_labels_key(b, s));
	if (s->n_branch)
		seed = cpi_hash_mix(seed, cpi_hash(s->branch, (size_t)s->n_branch * 24));
	if (b->f->deferred.n) {
		const struct perf_deferred *d = perf_deferred_find(b->f, s);

		/* The cookie differs from sample to sample, the user chain does not. */
		if (d) {
			key = cpi_hash128(s->chain, (size_t)(s->n_chain - 2) * 8);
			seed = cpi_hash_mix(seed, cpi_hash(d->ips, (size_t)d->n * 8) + 1);
		}
	}
	if (b->leaf_callers)
		seed = cpi_hash_mix(seed, perf_leaf_caller(b, s, &sitter->seat));
	if (s->regs && !user)
		seed = cpi_hash_mix(seed, perf_user_ip(b, s));
	if (user) {
		seed = cpi_hash_mix(
			seed, cpi_hash(user->ips, user->n * sizeof *user->ips));
		seed = cpi_hash_mix(
			seed, cpi_hash(user->exact, user->n) + user->truncated);
	}
	key.low64 = cpi_hash_mix(key.low64, seed);
	key.high64 += seed;
	return key;
}

static uint32_t find_row(const struct perf_build *b, XXH128_hash_t key)
{
	struct cpi_probe probe = cpi_index_find(&b->rows, key.low64);

	for (uint32_t i; (i = cpi_index_next(&b->rows, &probe));)
		if (b->row.v[i].low == key.low64 && b->row.v[i].high == key.high64)
			return i;
	return 0;
}

static void count(
	struct perf_build *b, uint32_t i, const struct perf_sample *s, uint64_t weight)
{
	struct perf_row *row = &b->row.v[i];
	bool counted = i && row->wanted && !s->uncounted;

	if (i && s->ticket)
		perf_sched_settle(b, s->ticket, i,
			counted && b->o->keep_time ? b->timed.n + 1 : 0);
	if (!counted)
		return;
	b->kept++;
	row->n++;
	if (__builtin_add_overflow(row->weight, weight, &row->weight) ||
		row->weight > INT64_MAX)
		cpi_builder_fail(
			&b->b, CP_ERROR_LIMIT, "a sum of weights exceeds 63 bits");
	if (b->o->keep_time) {
		struct perf_timed timed = {s->time, weight, i};

		if (!cpi_vec_push(&b->env->mem, &b->timed, timed))
			out_of_memory(b);
	}
}

void perf_row_count(struct perf_build *b, const struct perf_sample *s,
	const struct perf_sitter *sitter, uint32_t event, uint64_t weight,
	const struct perf_unwound *user)
{
	XXH128_hash_t key = row_key(b, s, sitter, event, user);
	uint32_t i = find_row(b, key);

	count(b, i ? i : add_row(b, s, sitter, event, user, key), s, weight);
}

void perf_row_queue(struct perf_build *b, const struct perf_sitter *sitter,
	uint32_t event, uint64_t weight)
{
	struct perf_queued *q = &b->queue[b->queued];
	XXH128_hash_t key = row_key(b, &q->s, sitter, event, NULL);

	q->low = key.low64;
	q->high = key.high64;
	q->weight = weight;
	q->event = event;
	q->time = b->now;
	if (b->rows.slot)
		__builtin_prefetch(&b->rows.slot[cpi_index_find(&b->rows, q->low).at]);
	if (++b->queued == PERF_QUEUE)
		perf_rows_flush(b);
}

static void count_queued(struct perf_build *b, const struct perf_queued *q)
{
	XXH128_hash_t key = {.low64 = q->low, .high64 = q->high};
	uint32_t i = find_row(b, key);
	const struct perf_sitter *sitter;

	if (!i) {
		/* Its seat may have been given away while it waited. */
		sitter = perf_sitter_find(b, &q->s, q->time);
		i = sitter ? add_row(b, &q->s, sitter, q->event, NULL, key) : 0;
	}
	count(b, i, &q->s, q->weight);
}

void perf_rows_flush(struct perf_build *b)
{
	for (unsigned i = 0; i < b->queued; i++) {
		struct cpi_probe probe = cpi_index_find(&b->rows, b->queue[i].low);
		uint32_t id = cpi_index_next(&b->rows, &probe);

		__builtin_prefetch(&b->row.v[id], 1);
	}
	for (unsigned i = 0; i < b->queued && !b->b.code; i++)
		count_queued(b, &b->queue[i]);
	b->queued = 0;
}

/* ---- the end: sample types and samples ---- */

static void add_types(
	struct perf_build *b, const struct perf_event *e, bool alone, unsigned nth)
{
	struct cp_text name = perf_name(b->f, e->name);
	cp_string count = cpi_builder_str(&b->b, "count");
	cp_string unit = e->clock ? cpi_builder_str(&b->b, "nanoseconds") : count;
	struct cpi_sink text;
	cp_string type;

	cpi_sink_memory(&text, &b->env->mem);
	cpi_sink_bytes(&text, name.p, name.n);
	if (nth)
		cpi_sink_printf(&text, "#%u", nth + 1);
	type = cpi_builder_string(&b->b, (struct cp_text){(char *)text.buf, text.n});
	cpi_sink_str(&text, ":samples");
	if (text.code)
		out_of_memory(b);
	cpi_builder_sample_type(&b->b,
		alone ? cpi_builder_str(&b->b, "samples")
		      : cpi_builder_string(
				&b->b, (struct cp_text){(char *)text.buf, text.n}),
		count, 0);
	cpi_builder_sample_type(&b->b, type, unit, 0);
	cpi_sink_release(&text);
}

/* How many wanted events before this one have its name; names are few and interned. */
static unsigned nth_of_name(const struct perf_build *b, size_t event)
{
	unsigned nth = 0;

	for (size_t i = 0; i < event; i++)
		nth += b->event_wanted[i] &&
		       b->f->event.v[i].name == b->f->event.v[event].name;
	return nth;
}

/* The first of an event's two types; those of waits come behind all. */
static uint32_t add_all_types(struct perf_build *b, uint32_t *column)
{
	uint32_t n = 0, wanted = 0;

	perf_sched_join(b);
	for (size_t i = 0; i < b->f->event.n; i++)
		wanted += b->event_wanted[i];
	for (size_t i = 0; i < b->f->event.n; i++) {
		if (!b->event_wanted[i] || (b->off_joined && b->f->event.v[i].off_cpu))
			continue;
		column[i] = 2 * n++;
		add_types(b, &b->f->event.v[i], wanted == 1, nth_of_name(b, i));
	}
	perf_sched_types(b, 2 * n);
	return 2 * n + b->off_types;
}

/* `timed`: i is a timed sample's number, else a row's. */
static void set_values(const struct perf_build *b, const uint32_t *column,
	const struct perf_row *row, bool timed, size_t i, uint64_t n, uint64_t weight,
	int64_t *values)
{
	uint32_t at = column[row->event];

	if (at != UINT32_MAX) {
		values[at] = (int64_t)n;
		values[at + 1] = (int64_t)weight;
	}
	perf_sched_values(b, row->event, timed, i, n, weight, values);
}

struct table {
	const uint32_t *column;
	int64_t *values;
	uint32_t types;
};

static void clear(const struct table *t)
{
	memset(t->values, 0, t->types * sizeof *t->values);
}

static void add_sums(struct perf_build *b, const struct table *t)
{
	for (size_t i = 1; i < b->row.n && !b->b.code; i++) {
		const struct perf_row *row = &b->row.v[i];

		if (!row->n || !b->event_wanted[row->event])
			continue;
		clear(t);
		set_values(b, t->column, row, false, i, row->n, row->weight, t->values);
		cpi_builder_sample_sum(&b->b, row->stack, row->labels, t->values);
	}
	for (size_t i = 0; b->sched && i < b->sched->row.n && !b->b.code; i++) {
		const struct sched_row *row = &b->sched->row.v[i];

		clear(t);
		perf_sched_wait_values(b, row, row->n, row->time, t->values);
		cpi_builder_sample_sum(&b->b, row->stack, row->labels, t->values);
	}
}

/* A timed sample, or (from the number of these on) a wait. */
struct moment {
	uint64_t time;
	size_t i;
};

static int by_time(const void *x, const void *y)
{
	const struct moment *a = x, *b = y;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return (a->i > b->i) - (a->i < b->i);
}

static void add_moment(
	struct perf_build *b, const struct table *t, const struct moment *moment)
{
	size_t i = moment->i;
	int64_t time = (int64_t)moment->time;

	clear(t);
	if (i < b->timed.n) {
		const struct perf_timed *timed = &b->timed.v[i];
		const struct perf_row *row = &b->row.v[timed->row];

		if (!b->event_wanted[row->event])
			return;
		set_values(b, t->column, row, true, i, 1, timed->weight, t->values);
		cpi_builder_sample(&b->b, row->stack, row->labels, t->values, time);
	} else {
		const struct sched_timed *timed = &b->sched->timed.v[i - b->timed.n];
		const struct sched_row *row = &b->sched->row.v[timed->row - 1];

		perf_sched_wait_values(b, row, timed->n, timed->length, t->values);
		cpi_builder_sample(&b->b, row->stack, row->labels, t->values, time);
	}
}

static void add_timed(struct perf_build *b, const struct table *t)
{
	size_t waits = b->sched ? b->sched->timed.n : 0, n = b->timed.n + waits;
	struct moment *order = cpi_alloc_array(&b->env->mem, n, sizeof *order);

	if (!order) {
		out_of_memory(b);
		return;
	}
	for (size_t i = 0; i < n; i++)
		order[i] = (struct moment){
			i < b->timed.n ? b->timed.v[i].time
				       : b->sched->timed.v[i - b->timed.n].time,
			i};
	qsort(order, n, sizeof *order, by_time);
	for (size_t i = 0; i < n && !b->b.code; i++)
		add_moment(b, t, &order[i]);
	cpi_free(&b->env->mem, order, n * sizeof *order);
}

void perf_rows_finish(struct perf_build *b)
{
	size_t n = b->f->event.n, room = 2 * n + PERF_OFF_TYPES;
	uint32_t *column = cpi_alloc_array(&b->env->mem, n, sizeof *column);
	struct table t = {column,
		cpi_alloc_zero(&b->env->mem, room * sizeof *t.values), 0};

	if (!column || !t.values) {
		out_of_memory(b);
	} else {
		memset(column, 0xff, n * sizeof *column);
		t.types = add_all_types(b, column);
		if (b->o->keep_time && b->f->timed)
			add_timed(b, &t);
		else
			add_sums(b, &t);
	}
	if (column)
		cpi_free(&b->env->mem, column, n * sizeof *column);
	if (t.values)
		cpi_free(&b->env->mem, t.values, room * sizeof *t.values);
}
