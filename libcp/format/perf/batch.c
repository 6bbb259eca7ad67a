/* SPDX-License-Identifier: Apache-2.0 */
/* Captured stacks unwound in batches, on all threads, counted in their order. */
#include "format/perf/build.h"

#include "base/pool.h"

/*
 * Unwinding a captured stack costs a hundred times what reading it does, so samples that
 * have one are gathered and unwound on all threads; what comes out is counted in the
 * order of the file. Inflated samples are copied, so a batch also ends at some bytes.
 */
enum { BATCH = 256, COPIED = 8 << 20 };

/*
 * Frames a stack: a dump has no more than words, and the largest one that perf accepts
 * has 8,191. Recursion in small frames does get near that.
 */
enum { SHALLOW = 128, DEEP = 65536 / 8 + 1 };

struct waiting {
	struct perf_sample s;
	struct perf_sitter sitter; /* a copy: the table may grow */
	struct cpi_unwind_sample in;
	uint64_t regs[64];
	uint32_t event;
	uint64_t weight;
	unsigned n;
	enum cpi_unwind_end end;
};

struct perf_batch {
	struct perf_build *b;
	struct cpi_arena copies;
	uint32_t n;
	struct waiting sample[BATCH];
	/* A stack after the other; pages that no deep one touches are never made real. */
	size_t depth;
	uint64_t *ips;
	bool *exact;
};

static size_t depth_for(const struct perf_file *f)
{
	size_t depth = SHALLOW;

	for (size_t i = 0; i < f->event.n; i++) {
		const struct perf_attr *attr = &f->event.v[i].attr;
		size_t words = attr->stack_user / 8 + 1;

		if (attr->sample_type & PERF_SAMPLE_STACK_USER && words > depth)
			depth = words;
	}
	return depth < DEEP ? depth : DEEP;
}

enum cp_code perf_batch_init(struct perf_build *b, struct cp_error *err)
{
	struct perf_batch *batch;
	bool captured = false;

	for (size_t i = 0; i < b->f->event.n; i++)
		captured |=
			(b->f->event.v[i].attr.sample_type & PERF_SAMPLE_STACK_USER) != 0;
	if (!b->unwinder || !captured)
		return CP_OK;
	batch = b->batch = cpi_alloc(&b->env->mem, sizeof *batch);
	if (!batch)
		return cpi_error_memory(err);
	batch->b = b;
	batch->n = 0;
	cpi_arena_init(&batch->copies, &b->env->mem);
	batch->depth = depth_for(b->f);
	batch->ips = cpi_alloc(&b->env->mem, BATCH * batch->depth * sizeof *batch->ips);
	batch->exact =
		cpi_alloc(&b->env->mem, BATCH * batch->depth * sizeof *batch->exact);
	if (!batch->ips || !batch->exact)
		return cpi_error_memory(err);
	if (b->unwinder->start)
		b->unwinder->start(b->unwinder->arg, perf_machine(b->f),
			b->f->big_endian, b->compat);
	return CP_OK;
}

void perf_batch_release(struct perf_build *b)
{
	struct perf_batch *batch = b->batch;

	if (!batch)
		return;
	cpi_arena_release(&batch->copies);
	cpi_free(&b->env->mem, batch->ips, BATCH * batch->depth * sizeof *batch->ips);
	cpi_free(&b->env->mem, batch->exact, BATCH * batch->depth * sizeof *batch->exact);
	cpi_free(&b->env->mem, batch, sizeof *batch);
	b->batch = NULL;
}

bool perf_batch_wants(const struct perf_build *b, const struct perf_sample *s)
{
	return b->batch && s->regs && s->stack;
}

static const uint8_t *keep(struct perf_batch *batch, const uint8_t *bytes, size_t n)
{
	const uint8_t *copy;

	if (!bytes)
		return NULL;
	copy = (const uint8_t *)cpi_arena_copy(&batch->copies, bytes, n);
	if (!copy)
		cpi_builder_fail(&batch->b->b, CP_ERROR_MEMORY, "out of memory");
	return copy;
}

/* Inside execve the registers still belong to the memory before it. */
static uint32_t stack_root(const struct perf_build *b, const struct waiting *w)
{
	const struct perf_seat *seat = &w->sitter.seat;

	if (seat->before_exec && w->s.cpumode == PERF_CPU_KERNEL &&
		!perf_space_at(&b->tasks.spaces, seat->root, perf_user_ip(b, &w->s)))
		return seat->before_exec;
	return seat->root;
}

static void prepare(struct perf_batch *batch, struct waiting *w)
{
	const struct perf_attr *attr = &batch->b->f->event.v[w->s.event].attr;
	int n = __builtin_popcountll(attr->regs_user);

	for (int i = 0; i < n; i++)
		w->regs[i] = perf_u64(w->s.regs + 8 * i, batch->b->f->swap);
	w->in = (struct cpi_unwind_sample){
		.abi = w->s.abi,
		.regs_mask = attr->regs_user,
		.regs = w->regs,
		.stack = w->s.stack,
		.stack_n = w->s.stack_n,
		.stack_asked = w->s.stack_asked,
		.pid = (uint32_t)w->s.pid,
		.tid = (uint32_t)w->s.tid,
		.epoch = stack_root(batch->b, w),
	};
}

void perf_batch_add(struct perf_build *b, const struct perf_sample *s,
	const struct perf_sitter *sitter, uint32_t event, uint64_t weight)
{
	struct perf_batch *batch = b->batch;
	struct waiting *w = &batch->sample[batch->n];

	w->s = *s;
	w->sitter = *sitter;
	w->event = event;
	w->weight = weight;
	w->n = 0;
	if (s->inflated) {
		w->s.chain = keep(batch, s->chain, (size_t)s->n_chain * 8);
		w->s.branch = keep(batch, s->branch, (size_t)s->n_branch * 24);
		w->s.stack = keep(batch, s->stack, s->stack_n);
	}
	if (b->b.code)
		return;
	prepare(batch, w);
	if (++batch->n == BATCH || batch->copies.bytes > COPIED)
		perf_batch_flush(b);
}

bool perf_batch_map_at(void *reader, const struct cpi_unwind_sample *sample,
	uint64_t address, struct cpi_unwind_map *ret_map)
{
	const struct perf_build *b = reader;
	uint32_t id = perf_space_at(&b->tasks.spaces, (uint32_t)sample->epoch, address);
	const struct perf_map *map = &b->f->map.v[id];

	if (!id || (map->data && !b->compat))
		return false;
	*ret_map = (struct cpi_unwind_map){
		.start = map->start,
		.limit = map->limit,
		.offset = map->pgoff,
		.image = map->image,
		.path = perf_name(b->f, map->name),
		.build_id = perf_name(b->f, map->build_id),
		.kind = map->kind,
		.first = b->compat ? perf_space_first(&b->tasks.spaces, b->f->map.v,
					     (uint32_t)sample->epoch, map->image)
				   : 0,
	};
	return true;
}

static void unwind_one(void *arg, size_t i, unsigned worker)
{
	struct perf_batch *batch = arg;
	struct waiting *w = &batch->sample[i];
	const struct cpi_unwinder *unwinder = batch->b->unwinder;

	w->end = CPI_UNWIND_DONE;
	w->n = unwinder->unwind(unwinder->arg, worker, &w->in, perf_batch_map_at,
		batch->b, batch->ips + i * batch->depth, batch->exact + i * batch->depth,
		(unsigned)batch->depth, &w->end);
}

static cp_location truncated_root(struct perf_build *b)
{
	cp_string name = cpi_builder_str(&b->b, "[truncated stack]");
	struct cp_function_row function = {.name = name, .system_name = name};
	struct cp_line_row line = {.function = cpi_builder_function(&b->b, &function)};

	return cpi_builder_location(&b->b, (cp_mapping){0}, 0, false, &line, 1);
}

void perf_batch_flush(struct perf_build *b)
{
	struct perf_batch *batch = b->batch;

	if (!batch || !batch->n)
		return;
	cpi_pool_run(b->env, batch->n, unwind_one, batch);
	for (uint32_t i = 0; i < batch->n && !b->b.code; i++) {
		struct waiting *w = &batch->sample[i];
		struct perf_unwound user = {batch->ips + i * batch->depth,
			batch->exact + i * batch->depth, w->n,
			(w->end == CPI_UNWIND_TRUNCATED ||
				w->end == CPI_UNWIND_MISSING) &&
				!b->compat};

		if (user.truncated && !b->truncated_root.i)
			b->truncated_root = truncated_root(b);
		b->truncated += w->end == CPI_UNWIND_TRUNCATED;
		perf_row_count(b, &w->s, &w->sitter, w->event, w->weight, &user);
	}
	batch->n = 0;
	cpi_arena_rewind(&batch->copies);
}
