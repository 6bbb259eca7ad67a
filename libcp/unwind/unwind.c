/* SPDX-License-Identifier: Apache-2.0 */
/* Captured stacks to call chains, on several threads. */
#include "unwind/unwind.h"

#include "unwind/report.h"

/*
 * The first word that a dump lacks lies behind it by less than one frame; an address
 * farther away is on another stack, or garbage.
 */
#define STACK_REACH (16ULL << 20)

static struct cpi_unwind_worker *worker_of(struct cpi_unwind *u, unsigned number)
{
	/* Its own slot: no other thread looks at it before the workers have ended. */
	if (!u->worker[number])
		u->worker[number] =
			cpi_alloc_zero(&u->env->mem, sizeof *u->worker[number]);
	return u->worker[number];
}

/* Sets worker->space to the number of the sample's address space. */
static void enter_space(struct cpi_unwind *u, struct cpi_unwind_worker *w,
	const struct cpi_unwind_sample *s)
{
	struct cpi_mem *mem = &u->env->mem;
	struct cpi_unwind_space *last = w->space ? &w->spaces.v[w->space - 1] : NULL;
	uint64_t hash = cpi_hash_mix(s->epoch, s->pid);
	struct cpi_probe probe;
	uint32_t id;

	if (last && last->pid == s->pid && last->epoch == s->epoch)
		return;
	probe = cpi_index_find(&w->space_index, hash);
	while ((id = cpi_index_next(&w->space_index, &probe)))
		if (w->spaces.v[id - 1].pid == s->pid &&
			w->spaces.v[id - 1].epoch == s->epoch)
			break;
	if (!id && cpi_vec_push(mem, &w->spaces,
			   (struct cpi_unwind_space){s->epoch, s->pid})) {
		id = (uint32_t)w->spaces.n;
		if (!cpi_index_add(mem, &w->space_index, hash, id)) {
			w->spaces.n--;
			id = 0;
		}
	}
	w->space = id;
}

static bool read_regs(struct cpi_unwind_walk *walk)
{
	const struct cpi_unwind_arch *arch = walk->arch;
	const struct cpi_unwind_sample *s = walk->sample;
	const struct cpi_cfi_machine *m = arch->machine;
	bool has_pc = false;
	unsigned at = 0;

	walk->regs.known = 0;
	for (unsigned i = 0; i < 64 && s->regs_mask >> i; i++) {
		uint64_t x;

		if (!(s->regs_mask >> i & 1))
			continue;
		x = s->regs[at++];
		if (m->word == 4)
			x = (uint32_t)x;
		if (i == arch->pc) {
			walk->regs.pc = x;
			has_pc = true;
		}
		if (i < arch->n_regs && arch->dwarf[i] != 0xff) {
			walk->regs.v[arch->dwarf[i]] = x;
			walk->regs.known |= 1ULL << arch->dwarf[i];
		}
	}
	return has_pc && walk->regs.known >> m->sp & 1;
}

static enum cpi_unwind_end end_of(
	const struct cpi_unwind_walk *walk, enum cpi_unwind_next next)
{
	const struct cpi_unwind_sample *s = walk->sample;
	uint64_t past = walk->beyond - walk->stack.start;

	if (next == CPI_NEXT_LAST)
		return CPI_UNWIND_DONE;
	if (next != CPI_NEXT_BEYOND)
		return CPI_UNWIND_BROKEN;
	/* Where a frame pointer was only taken for one the size of a dump means nothing. */
	return !walk->guessed && s->stack_n >= s->stack_asked && past >= s->stack_n &&
			       past < STACK_REACH
		? CPI_UNWIND_TRUNCATED
		: CPI_UNWIND_MISSING;
}

static void count(struct cpi_unwind *u, const struct cpi_unwind_walk *walk,
	enum cpi_unwind_end end, unsigned frames)
{
	struct cpi_unwind_worker *w = walk->worker;
	const struct cpi_unwind_sample *s = walk->sample;
	struct cpi_unwind_thread *thread = cpi_unwind_thread_of(
		&u->env->mem, &w->threads, s->pid, s->tid, walk->stack.start);
	uint64_t sp = walk->regs.v[walk->arch->machine->sp];

	w->samples++;
	w->frames += frames;
	w->truncated += end == CPI_UNWIND_TRUNCATED;
	if (end == CPI_UNWIND_MISSING || end == CPI_UNWIND_BROKEN)
		++*(walk->generated			? &w->generated
			: walk->guessed			? &w->guessed
			: end == CPI_UNWIND_MISSING	? &w->missing
							: &w->broken);
	if (s->stack_asked > w->asked)
		w->asked = s->stack_asked;
	if (!thread)
		return;
	if (end == CPI_UNWIND_DONE && sp > thread->top)
		thread->top = sp;
	if (end == CPI_UNWIND_TRUNCATED) {
		uint64_t need =
			walk->beyond - walk->stack.start + walk->arch->machine->word;

		if (walk->stack.start < thread->bottom)
			thread->bottom = walk->stack.start;
		if (need > thread->beyond)
			thread->beyond = need;
	}
}

static unsigned unwind(void *arg, unsigned number, const struct cpi_unwind_sample *sample,
	cpi_unwind_map_fn *map_at, void *reader, uint64_t *ips, bool *ret_exact,
	unsigned max, enum cpi_unwind_end *ret_end)
{
	struct cpi_unwind *u = arg;
	struct cpi_unwind_worker *worker = worker_of(u, number);
	struct cpi_unwind_walk walk = {
		.images = &u->images,
		.worker = worker,
		.arch = cpi_unwind_arch_find(u->arch, sample->abi),
		.sample = sample,
		.map_at = map_at,
		.reader = reader,
	};
	enum cpi_unwind_next next;
	unsigned n;

	*ret_end = CPI_UNWIND_BROKEN;
	if (!worker)
		return cpi_unwind_no_memory(u);
	if (!walk.arch || !read_regs(&walk)) {
		worker->unsupported++;
		return 0;
	}
	enter_space(u, worker, sample);
	if (!worker->space)
		return cpi_unwind_no_memory(u);
	walk.stack = (struct cpi_cfi_stack){
		.bytes = sample->stack,
		.start = walk.regs.v[walk.arch->machine->sp],
		.n = sample->stack_n,
		.swap = u->swap,
	};
	n = (u->perf_compat ? cpi_unwind_perf_walk : cpi_unwind_walk)(
		&walk, ips, ret_exact, max, &next);
	*ret_end = end_of(&walk, next);
	count(u, &walk, *ret_end, n);
	return n;
}

static uint64_t leaf_caller(void *arg, const struct cpi_unwind_sample *sample,
	cpi_unwind_map_fn *map_at, void *reader, uint64_t pc, uint64_t lr)
{
	struct cpi_unwind *u = arg;
	struct cpi_unwind_walk walk = {
		.images = &u->images,
		.worker = worker_of(u, 0),
		.arch = cpi_unwind_arch_find(u->arch, sample->abi),
		.sample = sample,
		.map_at = map_at,
		.reader = reader,
	};

	if (!walk.worker)
		return cpi_unwind_no_memory(u);
	if (!walk.arch || !walk.arch->machine->link)
		return 0;
	enter_space(u, walk.worker, sample);
	if (!walk.worker->space)
		return cpi_unwind_no_memory(u);
	return cpi_unwind_leaf_caller(&walk, pc, lr);
}

static void start(void *arg, struct cp_text arch, bool big_endian, bool perf_compat)
{
	struct cpi_unwind *u = arg;
	size_t n = arch.n < sizeof u->arch_name ? arch.n : sizeof u->arch_name;

	memcpy(u->arch_name, arch.p, n);
	u->arch = (struct cp_text){u->arch_name, n};
	u->perf_compat = perf_compat;
	u->swap = big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

enum cp_code cpi_unwind_init(struct cpi_env *env, cpi_unwind_open_fn *open,
	cpi_unwind_jitdump_fn *jitdump, void *open_arg, struct cpi_unwinder *ret_unwinder, struct cp_error *err)
{
	struct cpi_unwind *u = cpi_alloc_zero(&env->mem, sizeof *u);

	if (!u)
		return cpi_error_memory(err);
	u->env = env;
	u->n_workers = env->threads;
	u->worker = cpi_alloc_zero(&env->mem, env->threads * sizeof *u->worker);
	if (!u->worker) {
		cpi_free(&env->mem, u, sizeof *u);
		return cpi_error_memory(err);
	}
	cpi_unwind_images_init(&u->images, env, open, open_arg);
	u->images.jitdump = jitdump;
	*ret_unwinder = (struct cpi_unwinder){
		.arg = u,
		.unwind = unwind,
		.start = start,
		.leaf_caller = leaf_caller,
		.finish = cpi_unwind_finish,
	};
	return CP_OK;
}

static void worker_free(struct cpi_mem *mem, struct cpi_unwind_worker *w)
{
	cpi_index_release(mem, &w->space_index);
	cpi_index_release(mem, &w->threads.index);
	cpi_vec_release(mem, &w->spaces);
	cpi_vec_release(mem, &w->threads.row);
	cpi_vec_release(mem, &w->by_pointer);
	cpi_free(mem, w, sizeof *w);
}

void cpi_unwind_release(struct cpi_unwinder *unwinder)
{
	struct cpi_unwind *u = unwinder->arg;
	struct cpi_mem *mem;

	if (!u)
		return;
	mem = &u->env->mem;
	for (unsigned i = 0; i < u->n_workers; i++)
		if (u->worker[i])
			worker_free(mem, u->worker[i]);
	cpi_free(mem, u->worker, u->n_workers * sizeof *u->worker);
	cpi_unwind_images_release(&u->images);
	cpi_free(mem, u, sizeof *u);
	*unwinder = (struct cpi_unwinder){0};
}
