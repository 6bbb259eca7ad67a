/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/sched.h"

#include <stdio.h>

/*
 * Intervals become rows: the stack the thread left with, its labels, and these:
 *
 *	state      S, D, R (preempted, or woken and waiting for a CPU), … as the kernel
 *	           writes it; S|D where only PERF_RECORD_SWITCH tells; ? unknown
 *	waker      command of the thread that ended the wait, or [interrupt]
 *	waker_pid  its process
 *	waker_tid  the thread itself, where threads are told apart (--labels tid)
 *	syscall    the system call it waited in, where the capture traces them
 *	edge       why the interval is not known in full; absent where it is
 *
 * Where nobody recorded a stack there is one frame that says so.
 */

static const char *const edge_names[EDGE_KINDS] = {
	[EDGE_BEGIN] = "begin",
	[EDGE_NEW] = "new",
	[EDGE_END] = "end",
	[EDGE_LOST] = "lost",
	[EDGE_UNSEEN] = "unseen",
};

static void out_of_memory(struct perf_sched *s)
{
	cpi_builder_fail(&s->b->b, CP_ERROR_MEMORY, "out of memory");
}

uint64_t perf_sched_clip(const struct perf_sched *s, uint64_t from, uint64_t to)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->b->filter.time.n; i++) {
		const struct perf_range *span = &s->b->filter.time.v[i];
		uint64_t a = from > span->from ? from : span->from;
		uint64_t b = to < span->to ? to : span->to;

		sum += a < b ? b - a : 0;
	}
	return sum;
}

/* ---- wakers ---- */

static bool same_waker(const struct sched_waker *a, const struct sched_waker *b)
{
	return a->pid == b->pid && a->tid == b->tid && a->comm == b->comm &&
	       a->row == b->row && a->interrupt == b->interrupt;
}

uint32_t perf_sched_waker(struct perf_sched *s, const struct sched_event *e)
{
	struct sched_waker row = {.pid = e->pid,
		.tid = e->tid,
		.comm = e->comm,
		.row = s->off_wake ? e->row : 0,
		.interrupt = e->interrupt};
	struct cpi_mem *mem = &s->b->env->mem;
	struct cpi_probe probe;
	uint64_t hash;

	if (row.interrupt)
		row = (struct sched_waker){.row = row.row, .interrupt = true};
	hash = cpi_hash_mix((uint64_t)(uint32_t)row.tid << 32 | row.comm,
		(uint64_t)row.row << 1 | row.interrupt);
	probe = cpi_index_find(&s->wakers, hash);
	for (uint32_t i; (i = cpi_index_next(&s->wakers, &probe));)
		if (same_waker(&s->waker.v[i], &row))
			return i;
	if (!cpi_vec_push(mem, &s->waker, row) ||
		!cpi_index_add(mem, &s->wakers, hash, (uint32_t)s->waker.n - 1)) {
		out_of_memory(s);
		return 0;
	}
	return (uint32_t)s->waker.n - 1;
}

/* ---- labels and stacks ---- */

static cp_location named(struct perf_build *b, const char *text)
{
	cp_string name = cpi_builder_str(&b->b, text);
	struct cp_function_row function = {.name = name, .system_name = name};
	struct cp_line_row line = {.function = cpi_builder_function(&b->b, &function)};

	return cpi_builder_location(&b->b, (cp_mapping){0}, 0, false, &line, 1);
}

/* "--", and above it the waker's stack from its leaf to its root. */
static cp_stack with_waker(struct perf_sched *s, cp_stack stack, uint32_t waker)
{
	struct perf_build *b = s->b;
	const struct cp_profile *p = b->b.p;
	uint32_t row = s->waker.v[waker].row, n, m;
	const cp_location *frames;

	if (!row || !b->row.v[row].stack.i)
		return stack;
	b->frame.n = 0;
	(void)cpi_profile_frames(p, b->row.v[row].stack, &m);
	(void)cpi_profile_frames(p, stack, &n);
	if (!cpi_vec_reserve(&b->env->mem, &b->frame, (size_t)n + m + 1)) {
		out_of_memory(s);
		return stack;
	}
	frames = cpi_profile_frames(p, b->row.v[row].stack, &m);
	while (m)
		b->frame.v[b->frame.n++] = frames[--m];
	b->frame.v[b->frame.n++] = named(b, "--");
	frames = cpi_profile_frames(p, stack, &n);
	for (uint32_t i = 0; i < n; i++)
		b->frame.v[b->frame.n++] = frames[i];
	return cpi_builder_stack(&b->b, b->frame.v, (uint32_t)b->frame.n);
}

static void text_label(struct perf_build *b, struct cp_label *label, uint32_t *n,
	const char *key, struct cp_text text)
{
	label[(*n)++] = (struct cp_label){.key = cpi_builder_str(&b->b, key),
		.str = cpi_builder_string(&b->b, text)};
}

static void number_label(struct perf_build *b, struct cp_label *label, uint32_t *n,
	const char *key, const char *unit, int64_t number)
{
	label[(*n)++] = (struct cp_label){.key = cpi_builder_str(&b->b, key),
		.unit = cpi_builder_str(&b->b, unit),
		.num = number};
}

static void waker_labels(
	struct perf_sched *s, uint32_t waker, struct cp_label *label, uint32_t *n)
{
	struct perf_build *b = s->b;
	const struct sched_waker *w = &s->waker.v[waker];
	char buf[24];

	if (w->interrupt) {
		text_label(b, label, n, "waker", CPI_TEXT("[interrupt]"));
		return;
	}
	snprintf(buf, sizeof buf, ":%d", w->tid);
	text_label(b, label, n, "waker",
		w->comm  ? perf_name(b->f, w->comm)
		: w->tid ? cpi_text(buf)
			 : CPI_TEXT("swapper"));
	if (w->pid > 0)
		number_label(b, label, n, "waker_pid", "pid", w->pid);
	if (w->tid > 0 && b->labels & CP_LABEL_TID)
		number_label(b, label, n, "waker_tid", "tid", w->tid);
}

enum { BASE_LABELS = 16, MORE_LABELS = 8 };

static cp_labels labels_of(struct perf_sched *s, const struct sched_row *r)
{
	struct perf_build *b = s->b;
	struct cp_label label[BASE_LABELS + MORE_LABELS];
	char state[2] = {r->state, 0};
	const struct cp_label *base;
	uint32_t n;

	if (b->o->labels & CP_LABEL_NONE)
		return r->base;
	base = cpi_profile_label_set(b->b.p, r->base, &n);
	if (n > BASE_LABELS)
		n = BASE_LABELS;
	memcpy(label, base, n * sizeof *label);
	if (!r->running)
		text_label(b, label, &n, "state",
			r->state == SCHED_BLOCKED ? CPI_TEXT("S|D") : cpi_text(state));
	if (edge_names[r->edge])
		text_label(b, label, &n, "edge", cpi_text(edge_names[r->edge]));
	if (r->waker)
		waker_labels(s, r->waker, label, &n);
	if (r->syscall)
		text_label(b, label, &n, "syscall", perf_name(b->f, r->syscall));
	return cpi_builder_labels(&b->b, label, n);
}

/* ---- rows ---- */

static uint32_t row_get(struct perf_sched *s, const struct sched_row *key)
{
	struct cpi_mem *mem = &s->b->env->mem;
	uint64_t hash = cpi_hash_mix((uint64_t)key->stack.i << 32 | key->base.i,
		(uint64_t)key->waker << 32 | key->syscall << 1 | key->running);
	struct sched_row row = *key;
	struct cpi_probe probe;

	hash = cpi_hash_mix(hash, (uint64_t)(uint8_t)key->state << 8 | key->edge);
	probe = cpi_index_find(&s->rows, hash);
	for (uint32_t i; (i = cpi_index_next(&s->rows, &probe));) {
		const struct sched_row *r = &s->row.v[i - 1];

		if (r->stack.i == key->stack.i && r->base.i == key->base.i &&
			r->waker == key->waker && r->syscall == key->syscall &&
			r->state == key->state && r->edge == key->edge &&
			r->running == key->running)
			return i;
	}
	row.labels = labels_of(s, &row);
	if (!cpi_vec_push(mem, &s->row, row) ||
		!cpi_index_add(mem, &s->rows, hash, (uint32_t)s->row.n)) {
		out_of_memory(s);
		return 0;
	}
	return (uint32_t)s->row.n;
}

static void count(struct perf_sched *s, const struct sched_row *key, uint64_t from,
	uint64_t n, uint64_t length)
{
	uint32_t i = row_get(s, key);
	struct sched_timed timed = {from, n, length, i};
	struct sched_row *r;

	if (!i)
		return;
	r = &s->row.v[i - 1];
	r->n += n;
	if (__builtin_add_overflow(r->time, length, &r->time) || r->time > INT64_MAX)
		cpi_builder_fail(
			&s->b->b, CP_ERROR_LIMIT, "a sum of waits exceeds 63 bits");
	if (s->b->o->keep_time && !cpi_vec_push(&s->b->env->mem, &s->timed, timed))
		out_of_memory(s);
}

/* A row without recorded stack: the thread's labels, if it passes the filters. */
static bool bare_row(struct perf_sched *s, const struct sched_thread *t, uint64_t time,
	const char *frame, struct sched_row *row)
{
	struct perf_build *b = s->b;
	struct perf_sample sample = {
		.pid = t->pid, .tid = t->tid, .cpu = t->cpu, .time = time};
	const struct perf_sitter *sitter;
	cp_location location;

	s->counts.nobody += t->pid == -1;
	if (t->pid == -1 || b->o->n_dsos || !perf_filter_task(&b->filter, &sample))
		return false;
	sitter = perf_sitter_find(b, &sample, time);
	if (!sitter || !sitter->wanted)
		return false;
	location = named(b, frame);
	row->stack = cpi_builder_stack(&b->b, &location, 1);
	row->base = sitter->labels;
	return true;
}

void perf_sched_charge(
	struct perf_sched *s, const struct sched_thread *t, const struct sched_span *span)
{
	struct perf_build *b = s->b;
	struct sched_row key = {.state = span->state,
		.edge = span->edge,
		.waker = span->waker,
		.syscall = t->syscall};
	uint64_t length = perf_sched_clip(s, span->from, span->to);

	s->counts.cut += span->first && length < span->to - span->from;
	if (!length && span->to > span->from)
		return;
	if (t->row && span->edge != EDGE_BEGIN && span->edge != EDGE_NEW) {
		if (!b->row.v[t->row].wanted)
			return;
		key.stack = b->row.v[t->row].stack;
		key.base = b->row.v[t->row].labels;
	} else if (!bare_row(s, t, span->from,
			   span->edge == EDGE_NEW     ? "[new thread]"
			   : span->edge == EDGE_BEGIN ? "[before the first record]"
						      : "[stack not recorded]",
			   &key)) {
		return;
	}
	if (key.waker && s->off_wake)
		key.stack = with_waker(s, key.stack, key.waker);
	count(s, &key, span->from, span->first, length);
}

/* ---- time on CPU ---- */

static bool add_wall(struct perf_sched *s, void *vec, size_t at, uint64_t time)
{
	CPI_VEC(uint64_t) *wall = vec;

	if (at >= wall->n) {
		if (!cpi_vec_reserve(&s->b->env->mem, wall, at + 1 - wall->n))
			return false;
		memset(wall->v + wall->n, 0, (at + 1 - wall->n) * sizeof *wall->v);
		wall->n = at + 1;
	}
	wall->v[at] += time;
	return true;
}

void perf_sched_share(
	struct perf_sched *s, struct sched_thread *t, const struct sched_event *e)
{
	if (!e->row || !s->b->row.v[e->row].wanted)
		return;
	if (!add_wall(s, &s->row_wall, e->row, t->running) ||
		(e->timed && !add_wall(s, &s->timed_wall, e->timed - 1, t->running)))
		out_of_memory(s);
	t->running = 0;
}

void perf_sched_rest(struct perf_sched *s, struct sched_thread *t, uint64_t time)
{
	struct sched_row key = {.running = true};

	if (s->wall && t->running && bare_row(s, t, time, "[running, no sample]", &key))
		count(s, &key, time, 0, t->running);
	t->running = 0;
}

/* ---- the end ---- */

/* perf's own --off-cpu events are the same kind of time, if nothing else measured it. */
static bool joins(const struct perf_build *b)
{
	if (b->compat || (b->sched && b->sched->row.n))
		return false;
	for (size_t i = 0; i < b->f->event.n; i++)
		if (b->f->event.v[i].off_cpu && b->event_wanted[i])
			return true;
	return false;
}

void perf_sched_types(struct perf_build *b, uint32_t at)
{
	bool waits = b->sched && b->sched->row.n;
	cp_string off, ns;

	b->off_at = at;
	if (!waits && !b->off_joined)
		return;
	off = cpi_builder_str(&b->b, "off-cpu");
	ns = cpi_builder_str(&b->b, "nanoseconds");
	cpi_builder_sample_type(&b->b, off, ns, 0);
	cpi_builder_sample_type(&b->b, off, cpi_builder_str(&b->b, "count"), 0);
	b->off_types = 2;
	if (b->off_running == UINT32_MAX ||
		(!waits && !b->f->event.v[b->off_running].clock))
		return;
	cpi_builder_sample_type(&b->b, cpi_builder_str(&b->b, "wall"), ns, 0);
	b->off_types = 3;
}

void perf_sched_join(struct perf_build *b)
{
	b->off_joined = joins(b);
	b->off_running = b->sched        ? b->sched->sample_event
			 : b->off_joined ? perf_sched_running(b)
					 : UINT32_MAX;
}

static uint64_t wall_of(
	const struct perf_build *b, uint32_t event, bool timed, size_t i, uint64_t weight)
{
	const struct perf_sched *s = b->sched;

	if (b->off_types < 3)
		return 0;
	if (b->off_joined && (b->f->event.v[event].off_cpu || event == b->off_running))
		return weight;
	if (!s || event != b->off_running)
		return 0;
	if (timed)
		return i < s->timed_wall.n ? s->timed_wall.v[i] : 0;
	return i < s->row_wall.n ? s->row_wall.v[i] : 0;
}

void perf_sched_values(const struct perf_build *b, uint32_t event, bool timed, size_t i,
	uint64_t n, uint64_t weight, int64_t *values)
{
	bool joined = b->off_joined && b->f->event.v[event].off_cpu;

	if (!b->off_types)
		return;
	values[b->off_at] = joined ? (int64_t)weight : 0;
	values[b->off_at + 1] = joined ? (int64_t)n : 0;
	if (b->off_types == 3)
		values[b->off_at + 2] = (int64_t)wall_of(b, event, timed, i, weight);
}

void perf_sched_wait_values(const struct perf_build *b, const struct sched_row *row,
	uint64_t n, uint64_t length, int64_t *values)
{
	values[b->off_at] = row->running ? 0 : (int64_t)length;
	values[b->off_at + 1] = (int64_t)n;
	if (b->off_types == 3)
		values[b->off_at + 2] = (int64_t)length;
}
