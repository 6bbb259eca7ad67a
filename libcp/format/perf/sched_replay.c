/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/sched.h"

/*
 * The life of each thread out of what was recorded of it. A thread is on a CPU, off it,
 * or not told of yet. Two sources may tell of one change (sched_switch, and the record
 * that --switch-events asks for): the one that comes first counts.
 *
 * What is not recorded is not guessed. A capture of some threads (without -a) has
 * sched_switch only where one of these leaves: then the return is somewhere before the
 * thread's next sign of life, and the interval is told apart (EDGE_UNSEEN). So are those
 * that end in a gap of a whole machine's capture.
 */

static struct sched_thread *thread_get(struct perf_sched *s, int32_t tid)
{
	uint64_t hash = cpi_hash_u64((uint32_t)tid);
	struct cpi_probe probe = cpi_index_find(&s->threads, hash);
	struct sched_thread row = {.tid = tid, .pid = -1};

	for (uint32_t i; (i = cpi_index_next(&s->threads, &probe));)
		if (s->thread.v[i - 1].tid == tid)
			return &s->thread.v[i - 1];
	if (!cpi_vec_push(&s->b->env->mem, &s->thread, row) ||
		!cpi_index_add(
			&s->b->env->mem, &s->threads, hash, (uint32_t)s->thread.n)) {
		cpi_builder_fail(&s->b->b, CP_ERROR_MEMORY, "out of memory");
		return NULL;
	}
	return &s->thread.v[s->thread.n - 1];
}

/* ---- intervals ---- */

/* The interval since it left, in two when it is known when it was woken. */
static void close_interval(
	struct perf_sched *s, struct sched_thread *t, uint64_t time, enum sched_edge edge)
{
	struct sched_span span = {.from = t->since,
		.to = time,
		.state = t->state,
		.edge = edge,
		.waker = t->waker,
		.first = true};

	if (time < t->since) {
		s->counts.backwards++;
		return;
	}
	if (edge == EDGE_SEEN && s->last_lost > t->since)
		span.edge = EDGE_LOST;
	s->counts.intervals++;
	s->counts.edge[span.edge]++;
	s->counts.no_stack += !t->row;
	if (t->woken && t->wake >= t->since && t->wake <= time && t->state != 'R') {
		span.to = t->wake;
		perf_sched_charge(s, t, &span);
		span.from = t->wake;
		span.to = time;
		span.state = 'R';
		span.first = false;
	}
	perf_sched_charge(s, t, &span);
}

/* Comes to a CPU. */
static void arrive(struct sched_thread *t, const struct sched_event *e)
{
	t->where = SCHED_ON;
	t->since = e->time;
	t->source = e->source;
	t->woken = false;
	t->waker = 0;
	t->cpu = e->cpu;
}

static void run_until(struct perf_sched *s, struct sched_thread *t, uint64_t time)
{
	if (t->where != SCHED_ON || time < t->since)
		return;
	t->running += perf_sched_clip(s, t->since, time);
	t->since = time;
}

/* The first that is heard of it is that it runs. */
static void appear(struct perf_sched *s, struct sched_thread *t,
	const struct sched_event *e, bool seen)
{
	struct sched_span span = {.from = t->birth,
		.to = e->time,
		.state = 'R',
		.edge = EDGE_NEW,
		.first = true};

	if (t->where != SCHED_UNKNOWN)
		return;
	if (t->born && t->pid != -1 && seen && t->birth <= e->time) {
		s->counts.intervals++;
		s->counts.edge[EDGE_NEW]++;
		perf_sched_charge(s, t, &span);
	} else if (!t->born && seen && e->time > s->first) {
		t->begin = e->time;
	}
	arrive(t, e);
	if (t->born && !seen && t->birth <= e->time)
		t->since = t->birth;
}

/* The process is known at last: so is whose time before its first return that was. */
static void know(struct perf_sched *s, struct sched_thread *t, int32_t pid)
{
	struct sched_span span = {
		.from = s->first, .state = '?', .edge = EDGE_BEGIN, .first = true};

	if (pid == -1 || (!pid && t->tid))
		return;
	t->pid = pid;
	if (!t->begin)
		return;
	span.to = t->begin;
	t->begin = 0;
	s->counts.intervals++;
	s->counts.edge[EDGE_BEGIN]++;
	perf_sched_charge(s, t, &span);
}

void perf_sched_known(struct perf_sched *s, int32_t pid, int32_t tid)
{
	struct sched_thread *t = tid > 0 && pid > 0 ? thread_get(s, tid) : NULL;

	if (t && t->pid == -1)
		t->pid = pid;
}

/* ---- events ---- */

/* What a thread leaves with that both sources tell of, in whichever order. */
static void leave_again(struct sched_thread *t, const struct sched_event *e)
{
	if (!t->row)
		t->row = e->row;
	if (t->state == '?' || t->state == SCHED_BLOCKED)
		t->state = e->state;
}

/*
 * A thread leaves, or does something, that was away: its return was not recorded, and
 * came after the last switch on its CPU. In captures of whole machines, where switches
 * are but for few a chain on each CPU, that is when it was, as perf sched timehist has
 * it. Else all that is known is that it came before now.
 */
static uint64_t returned(const struct perf_sched *s, const struct sched_thread *t,
	const struct sched_event *e)
{
	uint64_t last = e->cpu < s->cpu.n ? s->cpu.v[e->cpu].time : 0;

	return last > t->since && s->linked > s->broken ? last : e->time;
}

/* Keeps what each processor did last. */
static void note_cpu(struct perf_sched *s, const struct sched_event *e)
{
	struct sched_cpu *cpu;

	if (e->cpu >= SCHED_CPUS)
		return;
	if (e->cpu >= s->cpu.n) {
		size_t more = e->cpu + 1 - s->cpu.n;

		if (!cpi_vec_reserve(&s->b->env->mem, &s->cpu, more)) {
			cpi_builder_fail(&s->b->b, CP_ERROR_MEMORY, "out of memory");
			return;
		}
		memset(s->cpu.v + s->cpu.n, 0, more * sizeof *s->cpu.v);
		s->cpu.n += more;
	}
	cpu = &s->cpu.v[e->cpu];
	if (cpu->time) {
		s->linked += cpu->next == e->tid;
		s->broken += cpu->next != e->tid;
	}
	*cpu = (struct sched_cpu){e->time, e->other};
}

static void on_out(struct perf_sched *s, const struct sched_event *e)
{
	struct sched_thread *t;
	bool dead = e->state == 'X' || e->state == 'Z';

	if (e->tid <= 0) {
		s->counts.idle += e->tid == 0;
		s->counts.wrong += e->tid < 0;
		return;
	}
	t = thread_get(s, e->tid);
	if (!t || t->where == SCHED_GONE)
		return;
	know(s, t, e->pid);
	if (t->where == SCHED_OFF && t->source != e->source && e->source != SCHED_STAT) {
		leave_again(t, e);
		return;
	}
	if (t->where == SCHED_OFF) {
		struct sched_event back = *e;

		back.time = returned(s, t, e);
		close_interval(s, t, back.time, EDGE_UNSEEN);
		arrive(t, &back);
	}
	appear(s, t, e, false);
	run_until(s, t, e->time);
	t->where = dead ? SCHED_GONE : SCHED_OFF;
	t->since = e->time;
	t->source = e->source;
	t->state = e->state;
	t->row = e->row;
	t->cpu = e->cpu;
	t->woken = false;
	if (dead)
		perf_sched_rest(s, t, e->time);
}

static void on_in(struct perf_sched *s, const struct sched_event *e, int32_t tid)
{
	struct sched_thread *t = tid > 0 ? thread_get(s, tid) : NULL;

	if (!t || t->where == SCHED_GONE)
		return;
	if (e->kind == SCHED_IN)
		know(s, t, e->pid);
	if (t->where == SCHED_ON && t->source == e->source) {
		/* It left and nobody saw it: which part of that time it ran is unknown.
		 */
		s->counts.in_twice++;
		arrive(t, e);
		return;
	}
	if (t->where == SCHED_ON)
		return;
	if (t->where == SCHED_OFF) {
		s->in_seen = true;
		s->counts.migrated += t->cpu != e->cpu && t->cpu != SCHED_NO_CPU &&
				      e->cpu != SCHED_NO_CPU;
		close_interval(s, t, e->time, EDGE_SEEN);
	}
	appear(s, t, e, true);
	arrive(t, e);
}

/*
 * The thread does something, so it runs. Where returns are recorded, a counter's
 * interrupt may come while it is leaving, which says nothing.
 */
static struct sched_thread *on_alive(struct perf_sched *s, const struct sched_event *e)
{
	struct sched_thread *t = e->tid > 0 ? thread_get(s, e->tid) : NULL;

	if (!t || t->where == SCHED_GONE)
		return NULL;
	know(s, t, e->pid);
	if (t->where == SCHED_OFF && !(s->in_seen && e->counter)) {
		struct sched_event back = *e;

		back.time = returned(s, t, e);
		close_interval(s, t, back.time, EDGE_UNSEEN);
		arrive(t, &back);
	}
	appear(s, t, e, false);
	return t;
}

static void on_wake(struct perf_sched *s, const struct sched_event *e)
{
	struct sched_thread *t = e->other > 0 ? thread_get(s, e->other) : NULL;

	if (!t || t->where != SCHED_OFF || e->time < t->since)
		return;
	if (e->kind == SCHED_SLEPT && (t->state == SCHED_BLOCKED || e->state == 'D'))
		t->state = e->state;
	if (t->woken)
		return;
	t->woken = true;
	t->wake = e->time;
	t->waker = perf_sched_waker(s, e);
}

/* Without sched_switch, all that is known of a wait is how long it was. */
static void on_stat(struct perf_sched *s, const struct sched_event *e)
{
	struct sched_thread *t = e->other > 0 ? thread_get(s, e->other) : NULL;
	struct sched_span span = {.from = e->time - e->amount,
		.to = e->time,
		.state = e->state,
		.edge = EDGE_SEEN,
		.first = true};

	if (!t || t->where != SCHED_UNKNOWN)
		return;
	if (e->amount > e->time) {
		s->counts.backwards++;
		return;
	}
	if (e->kind == SCHED_SLEPT)
		span.waker = perf_sched_waker(s, e);
	s->counts.intervals++;
	s->counts.no_stack++;
	perf_sched_charge(s, t, &span);
}

static void on_new(struct perf_sched *s, const struct sched_event *e)
{
	struct sched_thread *t = e->other > 0 ? thread_get(s, e->other) : NULL;

	if (!t)
		return;
	if (t->where == SCHED_OFF)
		s->counts.reused++;
	/* It may be told of a little before the record of its birth is made. */
	if (t->where != SCHED_UNKNOWN && t->where != SCHED_GONE && !t->exiting)
		perf_sched_rest(s, t, e->time);
	*t = (struct sched_thread){
		.tid = e->other, .pid = e->pid, .born = true, .birth = e->time};
}

static void on_end(struct perf_sched *s, const struct sched_event *e)
{
	struct sched_thread *t = on_alive(s, e);

	if (!t)
		return;
	run_until(s, t, e->time);
	t->exiting = true;
}

static void on_sample(struct perf_sched *s, const struct sched_event *e)
{
	struct sched_thread *t = on_alive(s, e);

	if (!t || t->where != SCHED_ON)
		return;
	run_until(s, t, e->time);
	perf_sched_share(s, t, e);
}

/*
 * perf hears of new tasks and names from when it opens its events, which is before it lets
 * them count: who waited then is not known yet.
 */
static bool begins(const struct sched_event *e)
{
	return e->kind != SCHED_FORK && e->kind != SCHED_EXIT && e->kind != SCHED_LOST &&
	       (e->kind != SCHED_ALIVE || e->source != SCHED_RECORD);
}

void perf_sched_replay(struct perf_sched *s, const struct sched_event *e)
{
	struct sched_thread *t;

	if (!s->any && begins(e)) {
		s->first = e->time;
		s->any = true;
	}
	if (e->time > s->last)
		s->last = e->time;
	switch ((enum sched_kind)e->kind) {
	case SCHED_SWITCH:
		on_out(s, e);
		on_in(s, e, e->other);
		note_cpu(s, e);
		break;
	case SCHED_OUT:
		on_out(s, e);
		break;
	case SCHED_IN:
		on_in(s, e, e->tid);
		break;
	case SCHED_WAKE:
		on_wake(s, e);
		break;
	case SCHED_SLEPT:
		on_wake(s, e);
		on_stat(s, e);
		break;
	case SCHED_WAITED:
		on_stat(s, e);
		break;
	case SCHED_SAMPLE:
		on_sample(s, e);
		break;
	case SCHED_ALIVE:
		t = on_alive(s, e);
		if (t && e->source == SCHED_TRACE)
			t->syscall = e->syscall;
		break;
	case SCHED_FORK:
		on_new(s, e);
		break;
	case SCHED_EXIT:
		on_end(s, e);
		break;
	case SCHED_LOST:
		s->last_lost = e->time;
		break;
	}
}

void perf_sched_end(struct perf_sched *s)
{
	for (size_t i = 0; i < s->thread.n && !s->b->b.code; i++) {
		struct sched_thread *t = &s->thread.v[i];

		if (t->where == SCHED_OFF && !t->exiting && s->last > t->since)
			close_interval(s, t, s->last, EDGE_END);
		if (t->where == SCHED_ON && !t->exiting && s->in_seen)
			run_until(s, t, s->last);
		if (t->where != SCHED_GONE)
			perf_sched_rest(s, t, s->last);
	}
}
