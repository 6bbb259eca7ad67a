/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trace events with CPU profiles among them: "CpuProfile", which holds a whole one, and
 * "Profile" with "ProfileChunk"s, which come from another thread, in any order. Several
 * processes use the same id, so a profile is known by process and id.
 */
#include "base/sort.h"
#include "format/v8/v8.h"

struct begin { /* "Profile" */
	int64_t pid, tid, start;
	struct cp_text id; /* as it stands in the file */
	bool known;        /* …and not only its pieces */
};

struct chunk { /* "ProfileChunk" */
	int64_t ts;
	struct cpi_jr data;
	uint32_t of; /* row of `begin` */
};

struct whole { /* "CpuProfile" */
	int64_t pid, tid;
	struct cpi_jr profile;
};

struct trace {
	struct cpi_json_reader r;
	struct v8_tasks tasks;
	CPI_VEC(struct begin) begin;
	CPI_VEC(struct chunk) chunk;
	CPI_VEC(struct whole) whole;
	CPI_VEC(uint32_t) order;
};

struct event {
	struct cpi_jr name, pid, tid, ts, id, args;
	struct cp_text title;
	int64_t process, thread, micros;
};

/* The member of the event's args by this name, or of args.data. */
static struct cpi_jr argument(struct trace *t, struct cpi_jr args, const char *name)
{
	struct cpi_jr value = args;
	const struct cpi_json_member member = {name, &value};

	if (!cpi_jr_absent(&args))
		cpi_json_members(&t->r, &args, &member, 1);
	return value;
}

static uint32_t begin_of(struct trace *t, int64_t pid, struct cp_text id)
{
	struct begin row = {.pid = pid, .tid = INT64_MIN, .id = id};

	/* A trace has a handful of profiles. */
	for (uint32_t i = 0; i < t->begin.n; i++)
		if (t->begin.v[i].pid == pid && cpi_text_equal(t->begin.v[i].id, id))
			return i;
	if (t->begin.n == 4096) {
		cpi_builder_fail(
			&t->r.b, CP_ERROR_LIMIT, "the trace has more than 4096 profiles");
		return 0;
	}
	cpi_json_fine(&t->r, cpi_vec_push(&t->r.env->mem, &t->begin, row));
	return (uint32_t)t->begin.n - 1;
}

static struct cp_text raw(struct cpi_jr value)
{
	return (struct cp_text){(const char *)value.at, (size_t)(value.end - value.at)};
}

static void profile_event(struct trace *t, const struct event *e)
{
	uint32_t row = begin_of(t, e->process, raw(e->id));
	int64_t start = e->micros;

	if (t->r.b.code)
		return;
	cpi_v8_micros(argument(t, argument(t, e->args, "data"), "startTime"), &start);
	t->begin.v[row].tid = e->thread;
	t->begin.v[row].start = start;
	t->begin.v[row].known = true;
}

static void chunk_event(struct trace *t, const struct event *e)
{
	struct chunk chunk = {e->micros, argument(t, e->args, "data"),
		begin_of(t, e->process, raw(e->id))};

	if (!t->r.b.code && !cpi_jr_absent(&chunk.data))
		cpi_json_fine(&t->r, cpi_vec_push(&t->r.env->mem, &t->chunk, chunk));
}

static void whole_event(struct trace *t, const struct event *e)
{
	struct whole whole = {e->process, e->thread,
		argument(t, argument(t, e->args, "data"), "cpuProfile")};

	if (!cpi_jr_absent(&whole.profile))
		cpi_json_fine(&t->r, cpi_vec_push(&t->r.env->mem, &t->whole, whole));
}

static void name_event(struct trace *t, const struct event *e)
{
	struct cpi_jr name = argument(t, e->args, "name");
	struct v8_task task = {e->process, e->thread, {"", 0}};

	if (*e->title.p == 'p')
		task.tid = INT64_MIN;
	if (!cpi_jr_absent(&name) && cpi_jr_text(&name, &task.name) && task.name.n)
		cpi_json_fine(
			&t->r, cpi_vec_push(&t->r.env->mem, &t->tasks.task, task));
}

static const struct {
	const char *name;
	void (*take)(struct trace *t, const struct event *e);
} kinds[] = {
	{"Profile", profile_event},
	{"ProfileChunk", chunk_event},
	{"CpuProfile", whole_event},
	{"thread_name", name_event},
	{"process_name", name_event},
};

static void one_event(struct trace *t, struct cpi_jr *jr)
{
	struct event e = {.process = INT64_MIN, .thread = INT64_MIN};
	const struct cpi_json_member members[] = {{"name", &e.name}, {"pid", &e.pid},
		{"tid", &e.tid}, {"ts", &e.ts}, {"id", &e.id}, {"args", &e.args}};

	if (!cpi_json_members(&t->r, jr, members, 6) || cpi_jr_absent(&e.name) ||
		!cpi_jr_text(&e.name, &e.title))
		return;
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!cpi_text_equal(e.title, cpi_text(kinds[i].name)))
			continue;
		cpi_v8_number(e.pid, &e.process);
		cpi_v8_number(e.tid, &e.thread);
		cpi_v8_micros(e.ts, &e.micros);
		kinds[i].take(t, &e);
	}
}

/*
 * Chromium and others stop writing without closing the array; what came counts, and that
 * is no more than a remark.
 */
static void events(struct trace *t, struct cpi_jr list)
{
	if (cpi_jr_absent(&list) || !cpi_jr_array(&list))
		return;
	while (cpi_jr_element(&list) && !t->r.b.code)
		one_event(t, &list);
	cpi_json_damage(&t->r, &list);
}

static int by_time(void *arg, uint32_t a, uint32_t b)
{
	const struct chunk *x = &((struct trace *)arg)->chunk.v[a];
	const struct chunk *y = &((struct trace *)arg)->chunk.v[b];

	return x->ts < y->ts ? -1 : x->ts > y->ts;
}

struct piece {
	struct cpi_jr nodes, samples, deltas, lines, end;
};

static void parts_of(struct trace *t, struct cpi_jr data, struct piece *piece)
{
	struct cpi_jr profile;
	const struct cpi_json_member outer[] = {{"cpuProfile", &profile},
		{"timeDeltas", &piece->deltas}, {"lines", &piece->lines},
		{"endTime", &piece->end}};
	const struct cpi_json_member inner[] = {
		{"nodes", &piece->nodes}, {"samples", &piece->samples}};

	cpi_json_members(&t->r, &data, outer, 4);
	/* Its own startTime and endTime, where it has them, are of another clock. */
	cpi_json_members(&t->r, &profile, inner, 2);
}

/* An array's next whole number. */
static bool next(struct cpi_jr *list, int64_t *ret)
{
	return !cpi_jr_absent(list) && cpi_jr_element(list) && cpi_jr_i64(list, ret);
}

static void samples_of(struct trace *t, struct v8_samples *s, struct piece *piece)
{
	if (cpi_jr_absent(&piece->samples) || !cpi_jr_array(&piece->samples))
		return;
	if (!cpi_jr_absent(&piece->deltas) && !cpi_jr_array(&piece->deltas))
		piece->deltas.at = piece->deltas.end;
	if (!cpi_jr_absent(&piece->lines) && !cpi_jr_array(&piece->lines))
		piece->lines.at = piece->lines.end;
	while (cpi_jr_element(&piece->samples) && !t->r.b.code) {
		size_t offset = cpi_jr_offset(&piece->samples);
		int64_t id = INT64_MIN, delta = 0, line = 0;

		if (!cpi_jr_i64(&piece->samples, &id) && !cpi_jr_ok(&piece->samples))
			break;
		next(&piece->deltas, &delta);
		if (!next(&piece->lines, &line) || line < 0)
			line = 0;
		if (delta > INT64_MAX / 1000 || delta < INT64_MIN / 1000)
			delta = 0;
		cpi_v8_sample(s, id, delta * 1000, line, offset);
	}
	cpi_json_damage(&t->r, &piece->samples);
}

static void in_pieces(struct trace *t, uint32_t row)
{
	const struct begin *begin = &t->begin.v[row];
	struct v8_nodes nodes;
	struct v8_samples s;
	int64_t end = 0;

	cpi_v8_nodes_init(&nodes, &t->r);
	cpi_v8_samples_begin(
		&s, &nodes, cpi_v8_labels(&t->tasks, begin->pid, begin->tid), begin->start);
	for (size_t i = 0; i < t->order.n && !t->r.b.code; i++) {
		const struct chunk *chunk = &t->chunk.v[t->order.v[i]];
		struct piece piece;

		if (chunk->of != row)
			continue;
		parts_of(t, chunk->data, &piece);
		cpi_v8_nodes_add(&nodes, piece.nodes);
		cpi_v8_nodes_connect(&nodes);
		samples_of(t, &s, &piece);
		cpi_v8_micros(piece.end, &end);
	}
	cpi_v8_samples_end(&s, end);
	cpi_v8_nodes_release(&nodes);
}

static void profiles(struct trace *t, struct cpi_jr frames, struct cpi_jr samples)
{
	struct cpi_json_reader *r = &t->r;

	cpi_v8_types(r, true);
	for (uint32_t i = 0; i < t->chunk.n && !r->b.code; i++)
		cpi_json_fine(r, cpi_vec_push(&r->env->mem, &t->order, i));
	if (r->b.code ||
		!cpi_json_fine(r, cpi_sort_rows(&r->env->mem, t->order.v, t->order.n,
					  by_time, t)))
		return;
	for (size_t i = 0; i < t->whole.n && !r->b.code; i++)
		cpi_v8_cpu_profile(r, t->whole.v[i].profile,
			cpi_v8_labels(&t->tasks, t->whole.v[i].pid, t->whole.v[i].tid));
	for (uint32_t i = 0; i < t->begin.n && !r->b.code; i++)
		in_pieces(t, i);
	if (!cpi_jr_absent(&frames) && !cpi_jr_absent(&samples))
		cpi_v8_frames(&t->tasks, frames, samples);
}

static void number_label(struct cpi_builder *b, struct cp_label *label, uint32_t *n,
	const char *key, int64_t num)
{
	if (num == INT64_MIN)
		return;
	label[(*n)++] = (struct cp_label){.key = cpi_builder_str(b, key),
		.unit = cpi_builder_str(b, key), .num = num};
}

static void name_label(struct v8_tasks *tasks, struct cp_label *label, uint32_t *n,
	const char *key, int64_t pid, int64_t tid)
{
	for (size_t i = tasks->task.n; i-- > 0;) {
		const struct v8_task *task = &tasks->task.v[i];

		if (task->pid != pid || task->tid != tid)
			continue;
		label[(*n)++] = (struct cp_label){
			.key = cpi_builder_str(&tasks->r->b, key),
			.str = cpi_builder_string(&tasks->r->b, task->name)};
		return;
	}
}

cp_labels cpi_v8_labels(struct v8_tasks *tasks, int64_t pid, int64_t tid)
{
	struct cp_label label[4];
	uint32_t n = 0;

	number_label(&tasks->r->b, label, &n, "pid", pid);
	number_label(&tasks->r->b, label, &n, "tid", tid);
	if (tid != INT64_MIN)
		name_label(tasks, label, &n, "thread", pid, tid);
	name_label(tasks, label, &n, "process", pid, INT64_MIN);
	return cpi_builder_labels(&tasks->r->b, label, n);
}

enum cp_code cpi_v8_read_trace(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct trace t = {0};
	struct cpi_jr top, list, frames, samples;
	const struct cpi_json_member members[] = {
		{"traceEvents", &list}, {"stackFrames", &frames}, {"samples", &samples}};

	(void)unwinder;
	cpi_json_reader_init(&t.r, env, source, options);
	t.tasks.r = &t.r;
	top = cpi_json_reader_top(&t.r);
	list = frames = samples = top;
	frames.at = frames.end;
	samples.at = samples.end;
	if (cpi_jr_peek(&top) == CPI_JR_OBJECT)
		cpi_json_members(&t.r, &top, members, 3);
	if (!t.r.b.code)
		events(&t, list);
	if (!t.r.b.code)
		profiles(&t, frames, samples);
	cpi_vec_release(&env->mem, &t.begin);
	cpi_vec_release(&env->mem, &t.chunk);
	cpi_vec_release(&env->mem, &t.whole);
	cpi_vec_release(&env->mem, &t.order);
	cpi_vec_release(&env->mem, &t.tasks.task);
	return cpi_json_reader_finish(&t.r, ret_profile, err);
}
