/* SPDX-License-Identifier: Apache-2.0 */
#include "format/perf/parts.h"

/*
 * States in order of time, replayed once: the result says for any thread and epoch how it
 * was called and what its process had mapped. A fork hands on the parent's command and
 * memory as they are at that time, an exec begins with empty memory, and a number that is
 * used again simply gets later changes; exits change nothing, because samples of a
 * task's last moments may come after them.
 */

/* ---- timelines ---- */

static bool change(struct perf_file *f, struct perf_timeline *t, uint32_t owner,
	uint32_t epoch, uint32_t value)
{
	struct perf_change row = {owner, epoch, value};

	return cpi_vec_push(&f->env->mem, &t->change, row);
}

/* Groups the changes by owner, in time order. */
static bool freeze(struct perf_file *f, struct perf_timeline *t, size_t owners)
{
	struct cpi_mem *mem = &f->env->mem;
	struct perf_change *sorted = cpi_alloc_array(mem, t->change.cap, sizeof *sorted);

	if (!sorted)
		return false;
	if (!cpi_vec_reserve(mem, &t->first, owners + 2)) {
		cpi_free(mem, sorted, t->change.cap * sizeof *sorted);
		return false;
	}
	memset(t->first.v, 0, (owners + 2) * sizeof *t->first.v);
	for (size_t i = 0; i < t->change.n; i++)
		t->first.v[t->change.v[i].owner + 2]++;
	for (size_t i = 2; i < owners + 2; i++)
		t->first.v[i] += t->first.v[i - 1];
	for (size_t i = 0; i < t->change.n; i++)
		sorted[t->first.v[t->change.v[i].owner + 1]++] = t->change.v[i];
	t->first.n = owners + 1;
	cpi_free(mem, t->change.v, t->change.cap * sizeof *sorted);
	t->change.v = sorted;
	return true;
}

/* The owner's value at an epoch, and narrows [from, to) to where it stays that. */
static uint32_t value_at(const struct perf_timeline *t, uint32_t owner, uint32_t epoch,
	uint32_t *from, uint32_t *to)
{
	uint32_t lo = t->first.v[owner], hi = t->first.v[owner + 1];
	const uint32_t first = lo, end = hi;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (t->change.v[mid].epoch <= epoch)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < end && t->change.v[lo].epoch < *to)
		*to = t->change.v[lo].epoch;
	if (lo == first)
		return 0;
	if (t->change.v[lo - 1].epoch > *from)
		*from = t->change.v[lo - 1].epoch;
	return t->change.v[lo - 1].value;
}

/* ---- tables of tasks ---- */

static uint32_t task_find(const struct perf_task_table *table, int32_t id)
{
	struct cpi_probe probe =
		cpi_index_find(&table->index, cpi_hash_u64((uint32_t)id));

	for (uint32_t i; (i = cpi_index_next(&table->index, &probe));)
		if (table->task.v[i - 1].id == id)
			return i - 1;
	return UINT32_MAX;
}

/* NULL when out of memory. */
static struct perf_task *task_get(
	struct perf_file *f, struct perf_task_table *table, int32_t id)
{
	uint32_t i = task_find(table, id);
	struct perf_task row = {.id = id};

	if (i != UINT32_MAX)
		return &table->task.v[i];
	if (!cpi_vec_push(&f->env->mem, &table->task, row) ||
		!cpi_index_add(&f->env->mem, &table->index, cpi_hash_u64((uint32_t)id),
			(uint32_t)table->task.n))
		return NULL;
	return &table->task.v[table->task.n - 1];
}

static void timeline_release(struct perf_file *f, struct perf_timeline *t)
{
	cpi_vec_release(&f->env->mem, &t->change);
	cpi_vec_release(&f->env->mem, &t->first);
}

static void table_release(struct perf_file *f, struct perf_task_table *table)
{
	struct cpi_mem *mem = &f->env->mem;

	cpi_vec_release(mem, &table->task);
	cpi_index_release(mem, &table->index);
	timeline_release(f, &table->time);
}

/* ---- replay ---- */

struct replay {
	struct perf_tasks *t;
	struct perf_file *f;
	uint32_t epoch, owners;
	uint32_t owner_epoch; /* owners made before this epoch may not be used any more */
};

static bool set_value(struct replay *p, struct perf_task_table *table,
	struct perf_task *task, uint32_t value)
{
	task->now = value;
	return change(
		p->f, &table->time, (uint32_t)(task - table->task.v), p->epoch, value);
}

static bool replay_map(struct replay *p, const struct perf_state *s)
{
	struct perf_task_table *table = &p->t->processes;
	struct perf_task *process = task_get(p->f, table, s->pid);
	uint32_t root;

	if (!process)
		return false;
	/* What a sample of an earlier epoch may look at stays as it is. */
	if (process->owner < p->owner_epoch || !process->owner)
		process->owner = ++p->owners;
	root = process->now;
	return perf_space_map(&p->t->spaces, &root, &p->f->map.v[s->what], s->what,
		       process->owner) &&
	       set_value(p, table, process, root);
}

static bool replay_comm(struct replay *p, const struct perf_state *s)
{
	struct perf_task *thread = task_get(p->f, &p->t->threads, s->tid);

	return thread && set_value(p, &p->t->threads, thread, s->what);
}

/*
 * The kernel throws all memory away while the task is still inside execve: samples of the
 * rest of that call have a user part from the memory before.
 */
static bool replay_exec(struct replay *p, const struct perf_state *s)
{
	struct perf_task *process = task_get(p->f, &p->t->processes, s->pid);

	if (!process || p->t->keep_on_exec)
		return process != NULL;
	return change(p->f, &p->t->before_exec,
		       (uint32_t)(process - p->t->processes.task.v), p->epoch,
		       process->now) &&
	       set_value(p, &p->t->processes, process, 0);
}

static bool fork_memory(struct replay *p, const struct perf_state *s)
{
	struct perf_task_table *table = &p->t->processes;
	uint32_t parent = task_find(table, s->ppid), root = 0;
	struct perf_task *child;

	if (parent != UINT32_MAX && !s->what) {
		root = table->task.v[parent].now;
		table->task.v[parent].owner = 0; /* shared from here on */
	}
	child = task_get(p->f, table, s->pid);
	if (!child)
		return false;
	child->owner = 0;
	return set_value(p, table, child, root);
}

static bool replay_fork(struct replay *p, const struct perf_state *s)
{
	uint32_t parent = task_find(&p->t->threads, s->ptid);
	uint32_t comm = parent == UINT32_MAX ? 0 : p->t->threads.task.v[parent].now;
	struct perf_task *thread = task_get(p->f, &p->t->threads, s->tid);

	if (!thread || !set_value(p, &p->t->threads, thread, comm))
		return false;
	return s->pid == s->ppid || s->pid == -1 || fork_memory(p, s);
}

static bool (*const replays[])(struct replay *p, const struct perf_state *s) = {
	[PERF_STATE_MAP] = replay_map,
	[PERF_STATE_COMM] = replay_comm,
	[PERF_STATE_FORK] = replay_fork,
	[PERF_STATE_EXEC] = replay_exec,
};

static bool replay_all(struct replay *p)
{
	for (size_t i = 0; i < p->f->state.n; i++) {
		const struct perf_state *s = &p->f->state.v[i];

		if (!i || s->time != p->f->state.v[i - 1].time) {
			if (!cpi_vec_push(&p->f->env->mem, &p->t->epoch_time, s->time))
				return false;
			p->epoch++;
			p->owner_epoch = p->owners + 1;
		}
		if (!replays[s->kind](p, s))
			return false;
	}
	return true;
}

/* Stable merge sort; nearly all captures are in order or in a few long runs. */
static bool sort_states(struct perf_file *f)
{
	size_t n = f->state.n, cap = f->state.cap;
	struct perf_state *from = f->state.v, *to, *spare;
	bool sorted = true;

	for (size_t i = 1; i < n && sorted; i++)
		sorted = from[i - 1].time <= from[i].time;
	if (sorted)
		return true;
	to = spare = cpi_alloc_array(&f->env->mem, cap, sizeof *spare);
	if (!spare)
		return false;
	for (size_t width = 1; width < n; width *= 2) {
		struct perf_state *t = from;

		for (size_t lo = 0; lo < n; lo += 2 * width) {
			size_t mid = lo + width < n ? lo + width : n;
			size_t hi = mid + width < n ? mid + width : n, i = lo, j = mid;

			for (size_t at = lo; at < hi; at++)
				to[at] = i == mid || (j < hi &&
							     from[j].time < from[i].time)
						 ? from[j++]
						 : from[i++];
		}
		from = to;
		to = t;
	}
	f->state.v = from;
	cpi_free(&f->env->mem, from == spare ? to : spare, cap * sizeof *spare);
	return true;
}

enum cp_code perf_tasks_build(struct perf_tasks *t, struct perf_file *f,
	bool keep_on_exec, struct cp_error *err)
{
	struct replay p = {.t = t, .f = f};

	memset(t, 0, sizeof *t);
	t->f = f;
	t->keep_on_exec = keep_on_exec;
	if (!sort_states(f) || !perf_spaces_init(&t->spaces, f) ||
		!task_get(f, &t->processes, -1) || !replay_all(&p) ||
		!freeze(f, &t->processes.time, t->processes.task.n) ||
		!freeze(f, &t->before_exec, t->processes.task.n) ||
		!freeze(f, &t->threads.time, t->threads.task.n)) {
		perf_tasks_release(t);
		return cpi_error_memory(err);
	}
	return CP_OK;
}

void perf_tasks_release(struct perf_tasks *t)
{
	perf_spaces_release(&t->spaces);
	cpi_vec_release(&t->f->env->mem, &t->epoch_time);
	table_release(t->f, &t->processes);
	table_release(t->f, &t->threads);
	timeline_release(t->f, &t->before_exec);
}

uint32_t perf_tasks_epoch(const struct perf_tasks *t, uint64_t time)
{
	size_t lo = 0, hi = t->epoch_time.n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (t->epoch_time.v[mid] <= time)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (uint32_t)lo;
}

static uint32_t value_of(const struct perf_timeline *t, uint32_t owner, uint32_t epoch,
	struct perf_seat *seat)
{
	return owner == UINT32_MAX ? 0
				   : value_at(t, owner, epoch, &seat->from, &seat->to);
}

static uint32_t comm_of(
	const struct perf_tasks *t, int32_t tid, uint32_t epoch, struct perf_seat *seat)
{
	return value_of(&t->threads.time, task_find(&t->threads, tid), epoch, seat);
}

static uint32_t guest_at(
	const struct perf_tasks *t, int32_t pid, uint32_t epoch, struct perf_seat *seat)
{
	uint32_t guest = task_find(&t->processes, perf_guest(pid));

	if (guest == UINT32_MAX)
		guest = task_find(&t->processes, perf_guest(0));
	return value_of(&t->processes.time, guest, epoch, seat);
}

void perf_tasks_seat(const struct perf_tasks *t, int32_t pid, int32_t tid, uint32_t epoch,
	struct perf_seat *seat)
{
	uint32_t process = pid == -1 ? UINT32_MAX : task_find(&t->processes, pid);

	memset(seat, 0, sizeof *seat);
	seat->pid = pid;
	seat->tid = tid;
	seat->to = UINT32_MAX;
	seat->kernel =
		value_of(&t->processes.time, task_find(&t->processes, -1), epoch, seat);
	seat->guest = guest_at(t, pid, epoch, seat);
	seat->root = value_of(&t->processes.time, process, epoch, seat);
	seat->before_exec = value_of(&t->before_exec, process, epoch, seat);
	seat->comm = comm_of(t, tid, epoch, seat);
	seat->process_comm = pid == tid ? seat->comm : comm_of(t, pid, epoch, seat);
}
