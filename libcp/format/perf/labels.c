/* SPDX-License-Identifier: Apache-2.0 */
/* Seats: what a thread was over a span of time. */
#include "format/perf/build.h"

#include <stdio.h>

static void push(struct perf_build *b, struct cp_label *label, uint32_t *n,
	const char *key, struct cp_text str)
{
	label[*n] = (struct cp_label){.key = cpi_builder_str(&b->b, key),
		.str = cpi_builder_string(&b->b, str)};
	*n += str.n != 0;
}

/* Every number has a unit: pprof drops a number 0 without one. */
static void push_number(struct perf_build *b, struct cp_label *label, uint32_t *n,
	const char *key, const char *unit, int64_t num)
{
	label[(*n)++] = (struct cp_label){.key = cpi_builder_str(&b->b, key),
		.unit = cpi_builder_str(&b->b, unit),
		.num = num};
}

/* A task without a name goes by its number, as in perf; the idle task has never one. */
static struct cp_text comm_text(
	const struct perf_build *b, uint32_t comm, int32_t tid, char *buf, size_t size)
{
	if (comm)
		return perf_name(b->f, comm);
	if (!tid)
		return CPI_TEXT("swapper");
	snprintf(buf, size, ":%d", tid);
	return cpi_text(buf);
}

/* Labels that stay the same for a thread's seat. */
static uint32_t seat_labels(
	struct perf_build *b, const struct perf_seat *seat, struct cp_label *label)
{
	char buf[16];
	uint32_t n = 0;

	if (b->labels & CP_LABEL_COMM)
		push(b, label, &n, "comm",
			comm_text(b, seat->comm, seat->tid, buf, sizeof buf));
	if (b->labels & CP_LABEL_PROCESS_COMM)
		push(b, label, &n, "process_comm",
			comm_text(b, seat->process_comm, seat->pid, buf, sizeof buf));
	if (b->labels & CP_LABEL_PID)
		push_number(b, label, &n, "pid", "pid", seat->pid);
	if (b->labels & CP_LABEL_TID)
		push_number(b, label, &n, "tid", "tid", seat->tid);
	return n;
}

#define OF_SAMPLE                                                                        \
	(CP_LABEL_CPU | CP_LABEL_CGROUP | CP_LABEL_TIMESTAMP_NS | CP_LABEL_EVENT)

static struct cp_text cgroup_path(const struct perf_file *f, uint64_t id)
{
	return perf_name(f, f->cgroup.v[perf_cgroup_find(f, id)].name);
}

cp_labels perf_sample_labels(struct perf_build *b, const struct perf_sitter *sitter,
	const struct perf_sample *s, uint32_t event)
{
	struct cp_label label[8];
	uint64_t type = b->f->event.v[s->event].attr.sample_type;
	uint32_t n;

	if (!(b->labels & OF_SAMPLE))
		return sitter->labels;
	n = seat_labels(b, &sitter->seat, label);
	if (b->labels & CP_LABEL_EVENT)
		push(b, label, &n, "event", perf_name(b->f, b->f->event.v[event].name));
	if ((b->labels & CP_LABEL_CGROUP) && (type & PERF_SAMPLE_CGROUP))
		push(b, label, &n, "cgroup", cgroup_path(b->f, s->cgroup));
	if ((b->labels & CP_LABEL_CPU) && (type & PERF_SAMPLE_CPU))
		push_number(b, label, &n, "cpu", "cpu", s->cpu);
	if ((b->labels & CP_LABEL_TIMESTAMP_NS) && (type & PERF_SAMPLE_TIME))
		push_number(
			b, label, &n, "timestamp_ns", "nanoseconds", (int64_t)s->time);
	return cpi_builder_labels(&b->b, label, n);
}

uint64_t perf_sample_labels_key(const struct perf_build *b, const struct perf_sample *s)
{
	uint64_t key = 0;

	if (b->labels & CP_LABEL_CPU)
		key = cpi_hash_mix(key, s->cpu);
	if (b->labels & CP_LABEL_CGROUP)
		key = cpi_hash_mix(key, s->cgroup);
	if (b->labels & CP_LABEL_TIMESTAMP_NS)
		key = cpi_hash_mix(key, s->time);
	return key;
}

static uint64_t task_hash(int32_t pid, int32_t tid)
{
	return cpi_hash_u64((uint64_t)(uint32_t)pid << 32 | (uint32_t)tid);
}

static uint32_t sitter_index(struct perf_build *b, int32_t pid, int32_t tid)
{
	uint64_t hash = task_hash(pid, tid);
	struct cpi_probe probe = cpi_index_find(&b->sitters, hash);
	struct perf_sitter row = {.seat = {.pid = pid, .tid = tid}};

	for (uint32_t i; (i = cpi_index_next(&b->sitters, &probe));)
		if (b->sitter.v[i - 1].seat.pid == pid &&
			b->sitter.v[i - 1].seat.tid == tid)
			return i - 1;
	/* from = to = 0: no epoch is in it, so it is filled below. */
	if (!cpi_vec_push(&b->env->mem, &b->sitter, row) ||
		!cpi_index_add(&b->env->mem, &b->sitters, hash, (uint32_t)b->sitter.n)) {
		cpi_builder_fail(&b->b, CP_ERROR_MEMORY, "out of memory");
		return UINT32_MAX;
	}
	return (uint32_t)b->sitter.n - 1;
}

static void sit(struct perf_build *b, struct perf_sitter *sitter, uint32_t epoch)
{
	struct cp_label label[8];
	char buf[16];
	uint32_t n;

	perf_tasks_seat(
		&b->tasks, sitter->seat.pid, sitter->seat.tid, epoch, &sitter->seat);
	sitter->wanted = perf_filter_comm(&b->filter,
		comm_text(b, sitter->seat.comm, sitter->seat.tid, buf, sizeof buf));
	sitter->labels = (cp_labels){0};
	if (sitter->wanted) {
		n = seat_labels(b, &sitter->seat, label);
		sitter->labels = cpi_builder_labels(&b->b, label, n);
	}
	sitter->seed =
		cpi_hash_mix((uint64_t)sitter->seat.root << 32 | sitter->seat.kernel,
			(uint64_t)sitter->seat.before_exec << 32 | sitter->labels.i);
	if (sitter->seat.guest)
		sitter->seed = cpi_hash_mix(sitter->seed, sitter->seat.guest);
}

/* The epoch of a time; times of neighbours in the file mostly share it. */
static uint32_t epoch_at(struct perf_build *b, uint64_t time)
{
	const struct perf_tasks *t = &b->tasks;
	uint32_t epoch;

	if (time >= b->window_from && time < b->window_to)
		return b->window_epoch;
	epoch = perf_tasks_epoch(t, time);
	b->window_from = epoch ? t->epoch_time.v[epoch - 1] : 0;
	b->window_to = epoch < t->epoch_time.n ? t->epoch_time.v[epoch] : UINT64_MAX;
	b->window_epoch = epoch;
	return epoch;
}

const struct perf_sitter *perf_sitter_find(
	struct perf_build *b, const struct perf_sample *s, uint64_t time)
{
	uint32_t epoch = epoch_at(b, time);
	struct perf_sitter *sitter;

	if (b->last_sitter < b->sitter.n) {
		sitter = &b->sitter.v[b->last_sitter];
		if (sitter->seat.tid == s->tid && sitter->seat.pid == s->pid &&
			epoch >= sitter->seat.from && epoch < sitter->seat.to)
			return sitter;
	}
	b->last_sitter = sitter_index(b, s->pid, s->tid);
	if (b->last_sitter == UINT32_MAX)
		return NULL;
	sitter = &b->sitter.v[b->last_sitter];
	if (epoch < sitter->seat.from || epoch >= sitter->seat.to)
		sit(b, sitter, epoch);
	return sitter;
}
