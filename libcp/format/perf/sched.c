/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduler events into the order of time. */
#include "format/perf/sched.h"

#include "format/perf/scan.h"

/*
 * From the records of a capture to a queue in order of time. Within a buffer they are in
 * order, and perf writes buffer after buffer; each FINISHED_ROUND says that nothing older
 * than what the round before it ended with will come.
 */
enum { SCHED_QUEUE = 1 << 15 }; /* fewer are not worth a round */

static void out_of_memory(struct perf_build *b)
{
	cpi_builder_fail(&b->b, CP_ERROR_MEMORY, "out of memory");
}

/* ---- whether there is anything to tell ---- */

static bool is_switch(const struct perf_event *e)
{
	return e->trace.kind == PERF_TRACE_SWITCH || e->trace.kind == PERF_TRACE_SLEPT ||
	       e->trace.kind == PERF_TRACE_WAITED;
}

/* Samples of what runs: of a clock, else of cycles. */
uint32_t perf_sched_running(const struct perf_build *b)
{
	uint32_t found = UINT32_MAX;

	for (uint32_t i = 0; i < b->f->event.n; i++) {
		const struct perf_event *e = &b->f->event.v[i];

		if (!b->event_wanted[i] || e->off_cpu || e->layout.time == PERF_ABSENT)
			continue;
		if (e->clock)
			return i;
		if (found == UINT32_MAX &&
			(perf_event_called(b->f, e, CPI_TEXT("cycles")) ||
				(e->attr.type == PERF_TYPE_HARDWARE && !e->attr.config)))
			found = i;
	}
	return found;
}

enum cp_code perf_sched_init(struct perf_build *b, struct cp_error *err)
{
	const struct perf_counts *counts = &b->f->counts;
	bool asked =
		!b->o->n_events && (counts->type[PERF_RECORD_SWITCH] ||
					   counts->type[PERF_RECORD_SWITCH_CPU_WIDE]);
	struct perf_sched *s;

	for (size_t i = 0; i < b->f->event.n; i++)
		asked |= b->event_wanted[i] && is_switch(&b->f->event.v[i]);
	if (b->compat || !b->f->timed || !asked)
		return CP_OK;
	s = b->sched = cpi_alloc_zero(&b->env->mem, sizeof *s);
	if (!s || !cpi_vec_push(&b->env->mem, &s->waker, (struct sched_waker){0}))
		return cpi_error_memory(err);
	s->b = b;
	s->sample_event = perf_sched_running(b);
	s->wall = s->sample_event != UINT32_MAX;
	s->off_wake = b->o->off_wake;
	return CP_OK;
}

void perf_sched_release(struct perf_build *b)
{
	struct cpi_mem *mem = &b->env->mem;
	struct perf_sched *s = b->sched;

	if (!s)
		return;
	cpi_vec_release(mem, &s->queue);
	cpi_vec_release(mem, &s->order);
	cpi_vec_release(mem, &s->spare);
	cpi_vec_release(mem, &s->thread);
	cpi_index_release(mem, &s->threads);
	cpi_vec_release(mem, &s->cpu);
	cpi_vec_release(mem, &s->waker);
	cpi_index_release(mem, &s->wakers);
	cpi_vec_release(mem, &s->row);
	cpi_index_release(mem, &s->rows);
	cpi_vec_release(mem, &s->timed);
	cpi_vec_release(mem, &s->row_wall);
	cpi_vec_release(mem, &s->timed_wall);
	cpi_free(mem, s, sizeof *s);
	b->sched = NULL;
}

bool perf_sched_wants(const struct perf_build *b, const struct perf_event *e)
{
	return b->sched && e->trace.kind;
}

/* ---- in ---- */

static void enqueue(struct perf_build *b, const struct sched_event *e)
{
	struct perf_sched *s = b->sched;

	if (e->time > s->newest)
		s->newest = e->time;
	if (!cpi_vec_push(&b->env->mem, &s->queue, *e))
		out_of_memory(b);
}

static int32_t field(const struct perf_build *b, const struct perf_sample *s,
	struct perf_field which, int32_t otherwise)
{
	return which.size ? (int32_t)perf_trace_value(which, s->raw, s->raw_n, b->f->swap)
			  : otherwise;
}

/*
 * The sample is of the thread that goes. One that exits has no number any more (-1) but
 * in the tracepoint; other numbers differ in a container, where those of the tracepoint
 * are the machine's and nobody can tell who comes next.
 */
static void on_switch(struct perf_build *b, const struct perf_sample *s,
	const struct perf_trace *t, struct sched_event *e)
{
	int32_t tid = field(b, s, t->tid, s->tid);

	e->kind = SCHED_SWITCH;
	e->other = field(b, s, t->other, -1);
	e->state = t->value.size ? perf_trace_state(t, perf_trace_value(t->value, s->raw,
							       s->raw_n, b->f->swap))
				 : '?';
	if (s->tid == -1) {
		e->tid = tid;
	} else if (tid != s->tid) {
		b->sched->counts.wrong++;
		e->other = -1;
	}
	if (!t->known)
		e->kind = SCHED_OUT;
}

static void on_trace(struct perf_build *b, const struct perf_sample *s,
	const struct perf_sitter *sitter, struct sched_event *e)
{
	const struct perf_trace *t = &b->f->event.v[s->event].trace;
	int64_t flags = perf_trace_value(t->flags, s->raw, s->raw_n, b->f->swap);

	e->source = SCHED_TRACE;
	e->interrupt = flags & (PERF_TRACE_HARDIRQ | PERF_TRACE_SOFTIRQ);
	e->other = field(b, s, t->tid, -1);
	e->comm = sitter ? sitter->seat.comm : 0;
	switch (t->kind) {
	case PERF_TRACE_SWITCH:
		on_switch(b, s, t, e);
		return;
	case PERF_TRACE_WAKE:
		e->kind = SCHED_WAKE;
		return;
	case PERF_TRACE_SLEPT:
	case PERF_TRACE_WAITED:
		e->kind = t->kind == PERF_TRACE_SLEPT ? SCHED_SLEPT : SCHED_WAITED;
		e->source = SCHED_STAT;
		e->state = t->state;
		e->amount = (uint64_t)perf_trace_value(
			t->value, s->raw, s->raw_n, b->f->swap);
		return;
	default:
		e->kind = SCHED_ALIVE;
		e->syscall = t->kind == PERF_TRACE_SYSCALL
				     ? perf_syscall_name(b->f, t, s->raw, s->raw_n)
				     : 0;
	}
}

void perf_sched_sample(
	struct perf_build *b, struct perf_sample *s, const struct perf_sitter *sitter)
{
	const struct perf_event *event = &b->f->event.v[s->event];
	struct sched_event e = {.time = s->time,
		.pid = s->pid,
		.tid = s->tid,
		.cpu = event->layout.cpu == PERF_ABSENT ? SCHED_NO_CPU : s->cpu,
		.counter = event->attr.type != PERF_TYPE_SOFTWARE};
	bool shares = s->event == b->sched->sample_event && !s->uncounted;

	if (event->layout.time == PERF_ABSENT || s->time == PERF_NO_TIME ||
		event->off_cpu)
		return;
	if (event->trace.kind)
		on_trace(b, s, sitter, &e);
	else
		e.kind = shares && sitter ? SCHED_SAMPLE : SCHED_ALIVE;
	if (event->trace.kind == PERF_TRACE_SWITCH || e.kind == SCHED_SAMPLE ||
		(b->sched->off_wake && e.kind == SCHED_WAKE))
		s->ticket = b->sched->base + b->sched->queue.n + 1;
	enqueue(b, &e);
}

static void on_fork(struct perf_build *b, const struct perf_record *r)
{
	struct cpi_cursor c = perf_cursor(b->f, r->body, r->n);
	struct sched_event e = {.kind = SCHED_FORK, .cpu = SCHED_NO_CPU};

	e.pid = (int32_t)cpi_cursor_u32(&c);
	(void)cpi_cursor_u32(&c);
	e.other = (int32_t)cpi_cursor_u32(&c);
	e.tid = (int32_t)cpi_cursor_u32(&c);
	e.time = cpi_cursor_u64(&c);
	if (r->type == PERF_RECORD_EXIT) {
		e.kind = SCHED_EXIT;
		e.tid = e.other;
	}
	/* Made up at the start of a capture, with time 0. */
	if (cpi_cursor_ok(&c) && e.time && !(r->misc & PERF_MISC_FORK_EXEC))
		enqueue(b, &e);
}

/* What perf makes up of the tasks that are there, without a time. */
static void on_there(struct perf_build *b, const struct perf_record *r)
{
	struct cpi_cursor c = perf_cursor(b->f, r->body, r->n);
	int32_t pid = (int32_t)cpi_cursor_u32(&c), tid = (int32_t)cpi_cursor_u32(&c);

	if (cpi_cursor_ok(&c))
		perf_sched_known(b->sched, pid, tid);
}

void perf_sched_settle(struct perf_build *b, uint64_t ticket, uint32_t row, size_t timed)
{
	struct perf_sched *s = b->sched;
	struct sched_event *e = &s->queue.v[ticket - 1 - s->base];

	e->row = row;
	e->timed = (uint32_t)timed;
}

/* ---- out, in order ---- */

/* Merges the runs that the buffers left; `spare` has room for as many. */
static void sort_keys(struct sched_key *v, struct sched_key *spare, size_t n)
{
	struct sched_key *from = v, *to = spare;
	size_t runs = 2;

	while (runs > 1) {
		size_t at = 0;

		for (runs = 0; at < n; runs++) {
			size_t mid = at + 1, end, i = at, j;

			while (mid < n && from[mid - 1].time <= from[mid].time)
				mid++;
			for (end = mid + (mid < n); end < n; end++)
				if (from[end - 1].time > from[end].time)
					break;
			for (j = mid; at < end; at++)
				to[at] = i == mid || (j < end &&
							     from[j].time < from[i].time)
						 ? from[j++]
						 : from[i++];
		}
		to = from;
		from = from == v ? spare : v;
	}
	if (from != v)
		memcpy(v, spare, n * sizeof *v);
}

/* The queue's events in order of time. NULL: there is none, or no memory. */
static const struct sched_key *queue_order(struct perf_build *b)
{
	struct perf_sched *s = b->sched;
	struct cpi_mem *mem = &b->env->mem;
	size_t n = s->queue.n;

	if (!n || b->b.code)
		return NULL;
	s->order.n = s->spare.n = 0;
	if (!cpi_vec_reserve(mem, &s->order, n) || !cpi_vec_reserve(mem, &s->spare, n)) {
		out_of_memory(b);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		s->order.v[i] = (struct sched_key){s->queue.v[i].time, (uint32_t)i};
	sort_keys(s->order.v, s->spare.v, n);
	return s->order.v;
}

/* Hands on all events up to `limit`; keeps the others, in order. */
static void drain(struct perf_build *b, uint64_t limit)
{
	struct perf_sched *s = b->sched;
	const struct sched_key *order;
	size_t n = s->queue.n;

	/* Tickets must be settled before their places move. */
	perf_rows_flush(b);
	perf_batch_flush(b);
	order = queue_order(b);
	if (!order)
		return;
	for (size_t i = 0; i < n && order[i].time <= limit && !b->b.code; i++) {
		s->counts.late += order[i].time < s->flushed;
		s->flushed = order[i].time;
		perf_sched_replay(s, &s->queue.v[order[i].i]);
	}
	/* The others stay as they stand, which keeps the runs. */
	s->base += n;
	for (size_t i = s->queue.n = 0; i < n; i++)
		if (s->queue.v[i].time > limit)
			s->queue.v[s->queue.n++] = s->queue.v[i];
}

static void on_round(struct perf_build *b)
{
	struct perf_sched *s = b->sched;

	if (s->queue.n >= SCHED_QUEUE && s->round)
		drain(b, s->round);
	s->round = s->newest;
}

void perf_sched_record(struct perf_build *b, const struct perf_record *r)
{
	struct perf_scanner scanner = {.f = b->f};
	struct perf_trailer t;
	struct sched_event e = {.source = SCHED_RECORD, .state = '?'};

	if (r->type == PERF_RECORD_FINISHED_ROUND)
		on_round(b);
	if (r->type == PERF_RECORD_FORK || r->type == PERF_RECORD_EXIT)
		on_fork(b, r);
	if (r->type != PERF_RECORD_SWITCH && r->type != PERF_RECORD_SWITCH_CPU_WIDE &&
		r->type != PERF_RECORD_LOST && r->type != PERF_RECORD_LOST_SAMPLES &&
		r->type != PERF_RECORD_COMM)
		return;
	t = perf_read_trailer(&scanner, r);
	if (r->type == PERF_RECORD_COMM && !t.time)
		on_there(b, r);
	if (!t.timed || !t.time)
		return;
	e.time = t.time;
	e.pid = t.pid;
	e.tid = t.tid;
	e.cpu = t.cpu;
	if (r->type == PERF_RECORD_COMM) {
		e.kind = SCHED_ALIVE;
	} else if (r->type == PERF_RECORD_LOST || r->type == PERF_RECORD_LOST_SAMPLES) {
		e.kind = SCHED_LOST;
	} else {
		e.kind = r->misc & PERF_MISC_SWITCH_OUT ? SCHED_OUT : SCHED_IN;
		e.state = r->misc & PERF_MISC_SWITCH_PREEMPT ? 'R' : SCHED_BLOCKED;
	}
	enqueue(b, &e);
}

void perf_sched_finish(struct perf_build *b)
{
	drain(b, UINT64_MAX);
	if (!b->b.code)
		perf_sched_end(b->sched);
}
