/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The older form of samples among trace events, which Hermes writes: `stackFrames`, a tree
 * by id whose nodes name their parents, and `samples`, each with a thread, a time and a
 * frame. A sample lasts until the next one of its thread; the last one for no time.
 */
#include "base/sort.h"
#include "format/v8/v8.h"

struct row {
	int64_t pid, tid, at;
	uint32_t node;
};

struct reader {
	struct v8_tasks *tasks;
	struct v8_nodes nodes;
	CPI_VEC(struct row) row;
	CPI_VEC(uint32_t) order;
};

static bool number_of(struct cp_text text, int64_t *ret)
{
	struct cpi_jr value;
	uint64_t x;

	cpi_jr_init(&value, (const uint8_t *)text.p, text.n, NULL);
	if (cpi_jr_peek(&value) != CPI_JR_NUMBER || !cpi_jr_u64_or_text(&value, &x))
		return false;
	*ret = (int64_t)x;
	return true;
}

/* Ids are the members' names, nearly always numbers; others are known by their hash. */
static int64_t id_of(struct cp_text text)
{
	int64_t x;

	return number_of(text, &x) ? x
				   : (int64_t)(cpi_hash(text.n ? text.p : "", text.n) | 1ULL << 63);
}

static bool id_in(struct cpi_jr value, int64_t *ret)
{
	struct cp_text text;

	if (cpi_jr_absent(&value))
		return false;
	if (cpi_jr_peek(&value) != CPI_JR_TEXT)
		return cpi_jr_i64(&value, ret);
	if (!cpi_jr_text(&value, &text))
		return false;
	*ret = id_of(text);
	return true;
}

static void add_frames(struct reader *f, struct cpi_jr frames)
{
	struct cpi_json_reader *r = f->tasks->r;
	struct cpi_mem *mem = &r->env->mem;
	struct cp_text key;

	if (!cpi_jr_object(&frames))
		return;
	while (cpi_jr_key(&frames, &key) && !r->b.code) {
		struct cpi_jr name, parent;
		const struct cpi_json_member members[] = {
			{"name", &name}, {"parent", &parent}};
		struct v8_node node = {.id = id_of(key), .name = {"", 0}};
		uint32_t row = (uint32_t)f->nodes.node.n;
		int64_t up;

		if (!cpi_json_members(r, &frames, members, 2))
			continue;
		if (!cpi_jr_absent(&name))
			cpi_jr_text(&name, &node.name);
		if (cpi_v8_node(&f->nodes, node.id) || row > UINT32_MAX - 2)
			continue;
		if (!cpi_json_fine(r,
			    cpi_vec_push(mem, &f->nodes.node, node) &&
				    cpi_index_add(mem, &f->nodes.ids,
					    cpi_hash_u64((uint64_t)node.id), row)))
			return;
		/* Parents are looked up when all are there: kept in `hits` until then. */
		if (id_in(parent, &up)) {
			f->nodes.node.v[row].hits = up;
			f->nodes.node.v[row].counted = true;
		}
	}
	cpi_json_damage(r, &frames);
	for (size_t row = 1; row < f->nodes.node.n; row++)
		if (f->nodes.node.v[row].counted)
			f->nodes.node.v[row].parent =
				cpi_v8_node(&f->nodes, f->nodes.node.v[row].hits);
}

static void add_samples(struct reader *f, struct cpi_jr samples)
{
	struct cpi_json_reader *r = f->tasks->r;

	if (!cpi_jr_array(&samples))
		return;
	for (uint64_t i = 0; cpi_jr_element(&samples) && !r->b.code; i++) {
		struct cpi_jr pid, tid, ts, frame;
		const struct cpi_json_member members[] = {
			{"pid", &pid}, {"tid", &tid}, {"ts", &ts}, {"sf", &frame}};
		struct row row = {INT64_MIN, INT64_MIN, 0, 0};
		size_t offset = cpi_jr_offset(&samples);
		int64_t id;

		if (!cpi_json_members(r, &samples, members, 4))
			continue;
		cpi_v8_number(pid, &row.pid);
		cpi_v8_number(tid, &row.tid);
		if (id_in(frame, &id))
			row.node = cpi_v8_node(&f->nodes, id);
		if (!row.node || !cpi_v8_micros(ts, &row.at))
			cpi_json_warn(r, "v8-sample", offset,
				"sample %llu has no time, or a frame that is not there",
				(unsigned long long)i);
		else
			cpi_json_fine(r, cpi_vec_push(&r->env->mem, &f->row, row));
	}
	cpi_json_damage(r, &samples);
}

static int by_thread(void *arg, uint32_t a, uint32_t b)
{
	const struct row *x = &((struct reader *)arg)->row.v[a];
	const struct row *y = &((struct reader *)arg)->row.v[b];

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void count(struct reader *f)
{
	struct cpi_json_reader *r = f->tasks->r;
	const struct row *before = NULL;
	cp_labels labels = {0};

	for (size_t i = 0; i < f->order.n && !r->b.code; i++) {
		const struct row *row = &f->row.v[f->order.v[i]];
		const struct row *next =
			i + 1 < f->order.n ? &f->row.v[f->order.v[i + 1]] : row;
		int64_t values[2] = {1, 0};
		cp_stack stack = cpi_v8_stack(&f->nodes, row->node, 0);

		if (!before || before->pid != row->pid || before->tid != row->tid)
			labels = cpi_v8_labels(f->tasks, row->pid, row->tid);
		before = row;
		if (next->pid == row->pid && next->tid == row->tid &&
			__builtin_sub_overflow(next->at, row->at, &values[1]))
			cpi_builder_fail(
				&r->b, CP_ERROR_LIMIT, "a time is beyond 64 bits");
		if (r->options->keep_time)
			cpi_builder_sample(&r->b, stack, labels, values, row->at);
		else
			cpi_builder_sample_sum(&r->b, stack, labels, values);
		r->samples++;
	}
}

void cpi_v8_frames(struct v8_tasks *tasks, struct cpi_jr frames, struct cpi_jr samples)
{
	struct cpi_json_reader *r = tasks->r;
	struct reader f = {.tasks = tasks};

	cpi_v8_nodes_init(&f.nodes, r);
	add_frames(&f, frames);
	if (!r->b.code)
		add_samples(&f, samples);
	for (uint32_t i = 0; i < f.row.n && !r->b.code; i++)
		cpi_json_fine(r, cpi_vec_push(&r->env->mem, &f.order, i));
	if (!r->b.code && cpi_json_fine(r, cpi_sort_rows(&r->env->mem, f.order.v, f.order.n,
					       by_thread, &f)))
		count(&f);
	cpi_vec_release(&r->env->mem, &f.row);
	cpi_vec_release(&r->env->mem, &f.order);
	cpi_v8_nodes_release(&f.nodes);
}
