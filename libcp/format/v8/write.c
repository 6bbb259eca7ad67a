/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .cpuprofile. A sample lasts until the next one, so what a stack costs is the time between
 * it and the sample behind it. Samples that have times are written with them. Nodes are
 * numbered from 1 without gaps, parents first: Firefox takes an id for a row.
 */
#include "base/sort.h"
#include "codec/json.h"
#include "format/flat.h"
#include "format/v8/v8.h"

enum { START = 1000000 }; /* µs; Firefox drops a sample at time 0 */

struct node {
	uint32_t frame, parent; /* parent: row, 0 for "(root)" */
	uint32_t child, sibling; /* rows; 0: none */
	uint32_t hits;
};

struct sample {
	uint32_t node;
	int64_t value, time;
};

struct writer {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cpi_flat flat;
	struct cpi_json json;
	struct cpi_sink text;
	CPI_VEC(struct node) node; /* 0 is "(root)" */
	struct cpi_index calls;
	CPI_VEC(struct sample) sample;
	CPI_VEC(uint32_t) order;
	uint32_t type;
	bool times, nanos; /* samples have times; values are nanoseconds */
};

/* The callee `frame` of a node; 0: out of memory. */
static uint32_t callee(struct writer *w, uint32_t parent, uint32_t frame)
{
	struct cpi_mem *mem = &w->env->mem;
	uint64_t hash = cpi_hash_u64((uint64_t)parent << 32 | frame);
	struct cpi_probe probe = cpi_index_find(&w->calls, hash);
	struct node node = {.frame = frame, .parent = parent,
		.sibling = w->node.v[parent].child};
	uint32_t row = (uint32_t)w->node.n;

	for (uint32_t id; (id = cpi_index_next(&w->calls, &probe));)
		if (w->node.v[id].parent == parent && w->node.v[id].frame == frame)
			return id;
	if (!cpi_vec_push(mem, &w->node, node) ||
		!cpi_index_add(mem, &w->calls, hash, row))
		return 0;
	w->node.v[parent].child = row;
	return row;
}

static bool add(struct writer *w, uint64_t at, uint32_t n, int64_t value, int64_t time)
{
	uint32_t node = 0;
	struct sample sample;

	for (uint32_t i = n; i-- > 0;) {
		node = callee(w, node, w->flat.sequence.v[at + i]);
		if (!node)
			return false;
	}
	w->node.v[node].hits++;
	sample = (struct sample){node, value, time};
	return cpi_vec_push(&w->env->mem, &w->sample, sample);
}

static enum cp_code negative(struct cp_error *err)
{
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"a .cpuprofile cannot show negative values, as differences have them");
}

static enum cp_code by_stack(struct writer *w, struct cp_error *err)
{
	for (size_t row = 0; row < w->flat.row.n; row++) {
		const struct cpi_flat_row *r = &w->flat.row.v[row];
		int64_t x = w->flat.value.v[row * w->p->sample_type.n + w->type];

		if (x < 0)
			return negative(err);
		if (x && !add(w, r->at, r->n, x, 0))
			return cpi_error_memory(err);
	}
	return CP_OK;
}

static int earlier(void *arg, uint32_t a, uint32_t b)
{
	const struct writer *w = arg;
	int64_t x = w->sample.v[a].time, y = w->sample.v[b].time;

	return x < y ? -1 : x > y;
}

static enum cp_code by_time(struct writer *w, struct cp_error *err)
{
	for (uint32_t i = 0; i < cpi_profile_n_samples(w->p); i++) {
		int64_t x = w->p->value.v[(size_t)i * w->p->sample_type.n + w->type];
		size_t at = w->flat.sequence.n;
		uint32_t n;

		if (x < 0)
			return negative(err);
		if (!cpi_flat_stack(&w->flat, w->p->sample_stack.v[i], &n) ||
			!add(w, at, n, x, w->p->time.v[i]))
			return cpi_error_memory(err);
		w->flat.sequence.n = at;
	}
	return CP_OK;
}

static void call_frame(struct writer *w, const struct node *node, bool root)
{
	const struct cpi_flat_frame *f = root ? NULL : &w->flat.frame.v[node->frame];

	cpi_json_key(&w->json, "callFrame");
	cpi_json_begin(&w->json, '{', true);
	cpi_json_key(&w->json, "functionName");
	w->text.n = 0;
	if (root)
		cpi_sink_str(&w->text, "(root)");
	else
		cpi_flat_name(&w->text, &w->flat, node->frame);
	cpi_json_text(&w->json, (struct cp_text){(const char *)w->text.buf, w->text.n});
	cpi_json_key(&w->json, "scriptId");
	cpi_json_str(&w->json, "0");
	cpi_json_key(&w->json, "url");
	cpi_json_text(&w->json, root ? CPI_TEXT("") : cpi_profile_text(w->p, f->file));
	cpi_json_key(&w->json, "lineNumber");
	cpi_json_i64(&w->json, root || f->start_line <= 0 ? -1 : f->start_line - 1);
	cpi_json_key(&w->json, "columnNumber");
	cpi_json_i64(&w->json, root || f->column <= 0 ? -1 : f->column - 1);
	cpi_json_end(&w->json, '}');
}

static void nodes(struct writer *w)
{
	cpi_json_key(&w->json, "nodes");
	cpi_json_begin(&w->json, '[', false);
	for (uint32_t row = 0; row < w->node.n; row++) {
		const struct node *node = &w->node.v[row];

		cpi_json_begin(&w->json, '{', true);
		cpi_json_key(&w->json, "id");
		cpi_json_u64(&w->json, (uint64_t)row + 1);
		call_frame(w, node, !row);
		cpi_json_key(&w->json, "hitCount");
		cpi_json_u64(&w->json, node->hits);
		cpi_json_key(&w->json, "children");
		cpi_json_begin(&w->json, '[', true);
		for (uint32_t child = node->child; child; child = w->node.v[child].sibling)
			cpi_json_u64(&w->json, (uint64_t)child + 1);
		cpi_json_end(&w->json, ']');
		cpi_json_end(&w->json, '}');
	}
	cpi_json_end(&w->json, ']');
}

static const struct sample *sample_at(const struct writer *w, size_t i)
{
	return &w->sample.v[w->order.v[i]];
}

/* How long before sample i the one in front of it was; i is n at the end. */
static int64_t delta(const struct writer *w, size_t i)
{
	if (!i)
		return 0;
	if (!w->times)
		return sample_at(w, i - 1)->value;
	if (i < w->order.n)
		return sample_at(w, i)->time - sample_at(w, i - 1)->time;
	return w->nanos ? sample_at(w, i - 1)->value : 0;
}

/* The end of the last sample in the unit of `decimals`; false: beyond 64 bits. */
static bool end_of(const struct writer *w, unsigned decimals, int64_t *ret)
{
	int64_t start = START;

	for (unsigned i = 0; i < decimals; i++)
		if (__builtin_mul_overflow(start, 10, &start))
			return false;
	*ret = start;
	for (size_t i = 1; i <= w->order.n; i++)
		if (__builtin_add_overflow(*ret, delta(w, i), ret))
			return false;
	return true;
}

/* What a value of the type is in µs: 10^-shift of them; bytes are none. */
static enum cp_code unit(const struct writer *w, int *ret_shift, struct cp_error *err)
{
	static const struct {
		const char *unit;
		int shift;
	} known[] = {{"nanoseconds", 3}, {"ns", 3}, {"microseconds", 0}, {"us", 0},
		{"milliseconds", -3}, {"ms", -3}, {"seconds", -6}, {"s", -6}};
	const struct cp_value_type *type = &w->p->sample_type.v[w->type];
	struct cp_text text = cpi_profile_text(w->p, type->unit);

	*ret_shift = type->decimals;
	for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
		if (cpi_text_equal(text, cpi_text(known[i].unit)))
			*ret_shift = known[i].shift + type->decimals;
	if (!cpi_text_equal(text, CPI_TEXT("bytes")))
		return CP_OK;
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"a .cpuprofile holds times, not bytes; choose another sample type");
}

static bool to_micros(struct writer *w, int shift)
{
	for (; shift < 0; shift++)
		for (size_t i = 0; i < w->sample.n; i++)
			if (__builtin_mul_overflow(
				    w->sample.v[i].value, 10, &w->sample.v[i].value))
				return false;
	return true;
}

static void write(struct writer *w, unsigned decimals, int64_t end)
{
	cpi_json_begin(&w->json, '{', false);
	nodes(w);
	cpi_json_key(&w->json, "startTime");
	cpi_json_i64(&w->json, START);
	cpi_json_key(&w->json, "endTime");
	cpi_json_decimal(&w->json, end, decimals);
	cpi_json_key(&w->json, "samples");
	cpi_json_begin(&w->json, '[', true);
	for (size_t i = 0; i < w->order.n; i++)
		cpi_json_u64(&w->json, (uint64_t)sample_at(w, i)->node + 1);
	cpi_json_u64(&w->json, 1); /* speedscope gives the last sample no time: the root */
	cpi_json_end(&w->json, ']');
	cpi_json_key(&w->json, "timeDeltas");
	cpi_json_begin(&w->json, '[', true);
	for (size_t i = 0; i <= w->order.n; i++)
		cpi_json_decimal(&w->json, delta(w, i), decimals);
	cpi_json_end(&w->json, ']');
	cpi_json_end(&w->json, '}');
	cpi_json_finish(&w->json);
}

static enum cp_code everything(struct writer *w, struct cp_error *err)
{
	int64_t end;
	int shift;
	enum cp_code code = unit(w, &shift, err);

	if (!code && !cpi_vec_push(&w->env->mem, &w->node, (struct node){0}))
		code = cpi_error_memory(err);
	if (!code)
		code = w->times ? by_time(w, err) : by_stack(w, err);
	for (uint32_t i = 0; i < w->sample.n && !code; i++)
		if (!cpi_vec_push(&w->env->mem, &w->order, i))
			code = cpi_error_memory(err);
	if (!code && w->times &&
		!cpi_sort_rows(&w->env->mem, w->order.v, w->order.n, earlier, w))
		code = cpi_error_memory(err);
	if (code)
		return code;
	w->nanos = shift == 3;
	if (w->times)
		shift = 3;
	else if (!to_micros(w, shift))
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"a time in microseconds exceeds 64 bits");
	if (!end_of(w, shift > 0 ? (unsigned)shift : 0, &end))
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"the sum of all times exceeds 64 bits");
	write(w, shift > 0 ? (unsigned)shift : 0, end);
	return w->text.code ? cpi_error_memory(err) : CP_OK;
}

enum cp_code cpi_v8_write_cpu(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	struct writer w = {.env = env, .p = profile, .times = profile->time.n > 0};
	enum cp_code code = cpi_flat_init(&w.flat, env, profile, true, false, err);

	cpi_json_init(&w.json, sink);
	cpi_sink_memory(&w.text, &env->mem);
	if (!code)
		code = cpi_profile_find_type(
			profile, options ? options->sample_type : NULL, &w.type, err);
	if (!code)
		code = everything(&w, err);
	cpi_vec_release(&env->mem, &w.node);
	cpi_index_release(&env->mem, &w.calls);
	cpi_vec_release(&env->mem, &w.sample);
	cpi_vec_release(&env->mem, &w.order);
	cpi_sink_release(&w.text);
	cpi_flat_release(&w.flat);
	return code;
}
