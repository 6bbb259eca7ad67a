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
	CPI_VEC(struct waiting) sample;
	/*
	 * Room for `stacks` of `depth` frames, one after the other; pages that no deep one
	 * touches are never made real.
	 */
	size_t stacks, depth;
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
	batch = b->batch = cpi_alloc_zero(&b->env->mem, sizeof *batch);
	if (!batch)
		return cpi_error_memory(err);
	batch->b = b;
	cpi_arena_init(&batch->copies, &b->env->mem);
	batch->depth = depth_for(b->f);
	if (b->unwinder->start)
		b->unwinder->start(b->unwinder->arg, perf_machine(b->f),
			b->f->big_endian, b->compat);
	return CP_OK;
}

static void free_stacks(struct perf_batch *batch)
{
	struct cpi_mem *mem = &batch->b->env->mem;
	size_t frames = batch->stacks * batch->depth;

	cpi_free(mem, batch->ips, frames * sizeof *batch->ips);
	cpi_free(mem, batch->exact, frames * sizeof *batch->exact);
	batch->ips = NULL;
	batch->exact = NULL;
}

/* A small capture pays for the samples it has. */
static bool room_for_stacks(struct perf_batch *batch)
{
	struct cpi_mem *mem = &batch->b->env->mem;
	size_t frames = batch->sample.n * batch->depth;

	if (batch->stacks >= batch->sample.n)
		return true;
	free_stacks(batch);
	batch->stacks = batch->sample.n;
	batch->ips = cpi_alloc(mem, frames * sizeof *batch->ips);
	batch->exact = cpi_alloc(mem, frames * sizeof *batch->exact);
	if (batch->ips && batch->exact)
		return true;
	cpi_builder_fail(&batch->b->b, CP_ERROR_MEMORY, "out of memory");
	return false;
}

void perf_batch_release(struct perf_build *b)
{
	struct perf_batch *batch = b->batch;

	if (!batch)
		return;
	cpi_arena_release(&batch->copies);
	cpi_vec_release(&b->env->mem, &batch->sample);
	free_stacks(batch);
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
	struct waiting *w;

	if (!cpi_vec_reserve(&b->env->mem, &batch->sample, 1)) {
		cpi_builder_fail(&b->b, CP_ERROR_MEMORY, "out of memory");
		return;
	}
	w = &batch->sample.v[batch->sample.n];
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
	if (++batch->sample.n == BATCH || batch->copies.bytes > COPIED)
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
	struct waiting *w = &batch->sample.v[i];
	const struct cpi_unwinder *unwinder = batch->b->unwinder;

	w->in.regs = w->regs; /* not before: the samples move while they are gathered */
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

	if (!batch || !batch->sample.n || !room_for_stacks(batch))
		return;
	cpi_pool_run(b->env, batch->sample.n, unwind_one, batch);
	for (size_t i = 0; i < batch->sample.n && !b->b.code; i++) {
		struct waiting *w = &batch->sample.v[i];
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
	batch->sample.n = 0;
	cpi_arena_rewind(&batch->copies);
}
