/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop over one sample's frames.
 *
 * Most frames need three registers: program counter, stack and frame pointer. The first
 * walk keeps only these (and what an interpreted frame gives). Where an entry asks for
 * another one that was lost that way, the sample is walked again with all registers, each
 * frame interpreted; this is about ten times slower and happens to less than one sample
 * in a thousand.
 */
#include "unwind/walk.h"

/* Kinds of rules that only the cache knows; the image's number stands above them. */
enum { NO_TABLE = 6, UNMAPPED = 7 };

/*
 * Instructions a sample that has to be interpreted: enough for as many frames as a dump
 * holds, while damage costs a few milliseconds.
 */
enum { MOST_STEPS = 1 << 18 };

static bool known(const struct cpi_unwind_walk *w, unsigned reg)
{
	return w->regs.known >> reg & 1;
}

/* What is known about an address. */
struct entry {
	const struct cpi_cfi *table; /* that has the rule; where it is a gap: any */
	cpi_cfi_rule rule;
	uint64_t link; /* the link-time address */
};

/* Of generated code: by what its compiler left in a jitdump. */
static bool jit_entry_at(struct cpi_unwind_walk *w, uint64_t address,
	const struct cpi_unwind_map *map, struct entry *ret)
{
	ret->table = cpi_unwind_jit_table(w->images, w->arch->machine, w->stack.swap, map,
		w->sample->pid, address);
	ret->link = address;
	ret->rule = ret->table ? cpi_cfi_find(ret->table, address) : CPI_CFI_GAP;
	return ret->rule != CPI_CFI_GAP;
}

/* False: there is no table. */
static bool entry_at(struct cpi_unwind_walk *w, uint64_t address,
	const struct cpi_unwind_map *map, struct entry *ret)
{
	struct cpi_unwind_image *image;
	const struct cpi_cfi *more;

	if (map->kind == CP_MAP_JIT)
		return jit_entry_at(w, address, map, ret);
	image = cpi_unwind_image_of(w->images, map);
	if (!image || !image->elf || image->machine != w->arch->elf_machine ||
		image->is64 != w->arch->elf64 ||
		!cpi_elf_address_of(
			image->elf, address - map->start + map->offset, &ret->link))
		return false;
	ret->table = image->cfi;
	ret->rule = image->cfi ? cpi_cfi_find(image->cfi, ret->link) : CPI_CFI_GAP;
	more = ret->rule == CPI_CFI_GAP ? cpi_unwind_image_more(w->images, image, map)
					: NULL;
	if (more) {
		ret->table = more;
		ret->rule = cpi_cfi_find(more, ret->link);
	}
	return ret->table;
}

static __attribute__((noinline)) cpi_cfi_rule rule_slow(
	struct cpi_unwind_walk *w, uint64_t address)
{
	struct cpi_unwind_map map;
	struct entry entry;

	if (!w->map_at(w->reader, w->sample, address, &map))
		return UNMAPPED;
	/* Else it has frame pointers or nothing; it is no failure of ours. */
	if (map.kind == CP_MAP_JIT)
		return entry_at(w, address, &map, &entry) ? entry.rule : NO_TABLE;
	if (!entry_at(w, address, &map, &entry))
		return NO_TABLE | map.image << 3;
	return entry.rule == CPI_CFI_GAP ? CPI_CFI_GAP | map.image << 3 : entry.rule;
}

static inline cpi_cfi_rule rule_at(struct cpi_unwind_walk *w, uint64_t address)
{
	struct cpi_unwind_worker *worker = w->worker;
	uint64_t hash = (address ^ (uint64_t)worker->space << 32) * 0x9e3779b97f4a7c15ULL;
	struct cpi_unwind_cached *entry = &worker->cache[hash >> 51];

	_Static_assert(CPI_UNWIND_CACHE == 1 << (64 - 51),
		"the hash's top bits index the cache");
	if (entry->address != address || entry->space != worker->space)
		*entry = (struct cpi_unwind_cached){
			address, worker->space, rule_slow(w, address)};
	return entry->rule;
}

static bool mapped(struct cpi_unwind_walk *w, uint64_t address)
{
	return (rule_at(w, address) & 7) != UNMAPPED;
}

static enum cpi_unwind_next beyond(struct cpi_unwind_walk *w, uint64_t address)
{
	w->beyond = address;
	return CPI_NEXT_BEYOND;
}

/*
 * The caller's registers by a plain rule. A template: called with constants, once for
 * each machine.
 */
static inline __attribute__((always_inline)) enum cpi_unwind_next plain(
	struct cpi_unwind_walk *w, cpi_cfi_rule rule, unsigned word, unsigned sp_reg,
	unsigned fp_reg, unsigned link)
{
	struct cpi_cfi_regs *r = &w->regs;
	enum cpi_cfi_kind kind = cpi_cfi_rule_kind(rule);
	unsigned fp_slot = cpi_cfi_rule_fp(rule), ra_slot = cpi_cfi_rule_ra(rule);
	uint64_t sp = r->v[sp_reg], base = kind == CPI_CFI_FP ? r->v[fp_reg] : sp;
	uint64_t cfa = base + (uint64_t)cpi_cfi_rule_offset(rule) * word, at, ra;

	if (kind == CPI_CFI_PLT)
		cfa = sp + word + ((r->pc & 15) >= cpi_cfi_rule_offset(rule) ? word : 0);
	if (cfa <= sp && !(link && cfa == sp && !ra_slot))
		return CPI_NEXT_STUCK;
	at = link ? base + (uint64_t)(ra_slot - 1) * word
		  : cfa - (uint64_t)ra_slot * word;
	if (link && !ra_slot) {
		if (!known(w, link))
			return CPI_NEXT_STUCK;
		ra = r->v[link];
	} else if (!cpi_cfi_load(&w->stack, at, word, &ra)) {
		return beyond(w, at);
	}
	at = link ? base + (uint64_t)(fp_slot - 1) * word
		  : cfa - (uint64_t)fp_slot * word;
	/*
	 * Below the stack pointer: the epilogue has popped it, the register is the
	 * caller's.
	 */
	if (fp_slot && at >= sp && !cpi_cfi_load(&w->stack, at, word, &r->v[fp_reg])) {
		r->known &= ~(1ULL << fp_reg);
		w->beyond = at;
	}
	r->known = (r->known & 1ULL << fp_reg) | 1ULL << sp_reg;
	r->v[sp_reg] = cfa;
	r->pc = ra;
	return CPI_NEXT_OK;
}

/*
 * The first of the next words on the stack that is a code address becomes the return
 * address of an x86 leaf.
 */
static enum cpi_unwind_next leaf_search(struct cpi_unwind_walk *w, unsigned words)
{
	const struct cpi_cfi_machine *m = w->arch->machine;
	uint64_t sp = w->regs.v[m->sp], ra;

	for (unsigned i = 0; i < words; i++, sp += m->word) {
		if (!cpi_cfi_load(&w->stack, sp, m->word, &ra))
			break;
		if (ra && mapped(w, ra - 1)) {
			w->regs.pc = ra;
			w->regs.v[m->sp] = sp + m->word;
			return CPI_NEXT_OK;
		}
	}
	return CPI_NEXT_STUCK;
}

/* The return address of a function that has not made a frame. */
static enum cpi_unwind_next leaf_guess(struct cpi_unwind_walk *w)
{
	const struct cpi_cfi_machine *m = w->arch->machine;
	struct cpi_cfi_regs *r = &w->regs;
	uint64_t ra, sp = r->v[m->sp];

	if (!w->exact)
		return CPI_NEXT_STUCK;
	if (m->link) {
		if (!known(w, m->ra))
			return CPI_NEXT_STUCK;
		ra = r->v[m->ra];
		if (!mapped(w, (ra & w->arch->address_bits[0]) - 1))
			return CPI_NEXT_STUCK;
		r->pc = ra;
		r->known &= ~(1ULL << m->ra);
		return CPI_NEXT_OK;
	}
	if (!cpi_cfi_load(&w->stack, sp, m->word, &ra))
		return beyond(w, sp);
	return leaf_search(w, 2);
}

/* Does a table say how to go on from there? */
static bool in_table(struct cpi_unwind_walk *w, uint64_t address)
{
	unsigned kind = rule_at(w, address) & 7;

	return kind != CPI_CFI_GAP && kind != NO_TABLE && kind != UNMAPPED;
}

/* x86: is the instruction before a return address a call? */
static bool after_call(struct cpi_unwind_walk *w, uint64_t ra)
{
	const struct cpi_unwind_image *image;
	struct cpi_unwind_map map;
	const uint8_t *code;
	uint64_t at;
	size_t n;

	if (w->arch->machine->link || !w->map_at(w->reader, w->sample, ra - 1, &map))
		return false;
	image = cpi_unwind_image_of(w->images, &map);
	code = image && image->elf ? cpi_elf_bytes(image->elf, &n) : NULL;
	at = ra - map.start + map.offset;
	if (!code || at < 7 || at > n)
		return false;
	code += at;
	return code[-5] == 0xe8 || (code[-2] == 0xff && (code[-1] & 0x38) == 0x10) ||
		(code[-3] == 0xff && (code[-2] & 0x38) == 0x10) ||
		(code[-6] == 0xff && (code[-5] & 0x38) == 0x10) ||
		(code[-7] == 0xff && (code[-6] & 0x38) == 0x10);
}

/*
 * The caller's registers by the frame record {caller's fp, return address} at fp. What a
 * record saved need not be a frame: start-up code is called by code that has other uses
 * for the register, and Go changes stacks below a frame.
 */
static enum cpi_unwind_next frame_pointer(struct cpi_unwind_walk *w)
{
	const struct cpi_cfi_machine *m = w->arch->machine;
	struct cpi_cfi_regs *r = &w->regs;
	uint64_t fp = r->v[m->fp], up, ra, ra_known;

	if (!known(w, m->fp))
		return leaf_guess(w);
	/* The kernel starts programs with 0. */
	if (!fp && (!w->exact || leaf_guess(w) != CPI_NEXT_OK))
		return CPI_NEXT_LAST;
	if (!fp)
		return CPI_NEXT_OK;
	if (fp < r->v[m->sp] || fp % m->word)
		return w->exact ? leaf_guess(w) : beyond(w, fp);
	if (!cpi_cfi_load(&w->stack, fp, m->word, &up) ||
		!cpi_cfi_load(&w->stack, fp + m->word, m->word, &ra))
		return leaf_guess(w) == CPI_NEXT_OK ? CPI_NEXT_OK
						    : beyond(w, fp + m->word);
	if (!ra)
		return CPI_NEXT_LAST;
	ra_known = ra & w->arch->address_bits[0];
	if (up && up <= fp ? !in_table(w, ra_known - 1) && !after_call(w, ra_known)
			   : !mapped(w, ra_known - 1))
		return leaf_guess(w);
	r->pc = ra;
	r->v[m->fp] = up;
	r->v[m->sp] = fp + 2u * m->word;
	/* AArch64 keeps the record at the frame's low end: where it ends is not known. */
	r->known = 1ULL << m->fp | (m->link ? 0 : 1ULL << m->sp);
	return CPI_NEXT_OK;
}

static enum cpi_unwind_next of_result(
	struct cpi_unwind_walk *w, enum cpi_cfi_result result)
{
	switch (result) {
	case CPI_CFI_OK:
		return CPI_NEXT_OK;
	case CPI_CFI_LAST:
		return CPI_NEXT_LAST;
	case CPI_CFI_BEYOND:
		return beyond(w, w->stack.start + w->stack.n);
	case CPI_CFI_NONE:
		return frame_pointer(w);
	default:
		return CPI_NEXT_STUCK;
	}
}

/* The caller's registers by interpreting the entry; all that are known survive. */
static enum cpi_unwind_next interpret(
	struct cpi_unwind_walk *w, uint64_t address, bool *ret_signal, bool *ret_unknown)
{
	const struct cpi_cfi_machine *m = w->arch->machine;
	struct cpi_cfi_regs old;
	struct cpi_unwind_map map;
	struct entry entry;
	enum cpi_cfi_result result;

	if (!known(w, m->sp))
		return frame_pointer(w);
	if (w->steps++ >= MOST_STEPS || !w->map_at(w->reader, w->sample, address, &map) ||
		!entry_at(w, address, &map, &entry))
		return CPI_NEXT_STUCK;
	if (!m->link) {
		w->regs.v[m->ra] = w->regs.pc;
		w->regs.known |= 1ULL << m->ra;
	}
	old = w->regs;
	result = cpi_cfi_step(entry.table, entry.link, &w->stack, &w->regs, ret_signal,
		&w->steps);
	*ret_unknown = result == CPI_CFI_UNKNOWN;
	if (result == CPI_CFI_OK && *ret_signal && w->arch->sigreturn) {
		struct cpi_cfi_regs whole = old;

		if (w->arch->sigreturn(&w->stack, &whole))
			w->regs = whole;
	}
	/*
	 * A handler may have run on a stack of its own; nothing else jumps down. A leaf
	 * may hold its return address in a register on x86, too: vfork does.
	 */
	if (result == CPI_CFI_OK && !*ret_signal &&
		(w->regs.v[m->sp] < old.v[m->sp] ||
			(w->regs.v[m->sp] == old.v[m->sp] && !m->link && !w->exact)))
		return CPI_NEXT_STUCK;
	return of_result(w, result);
}

static enum cpi_unwind_next plain_of(struct cpi_unwind_walk *w, cpi_cfi_rule rule)
{
	const struct cpi_unwind_arch *arch = w->arch;
	unsigned base = cpi_cfi_rule_kind(rule) == CPI_CFI_FP ? arch->machine->fp
							       : arch->machine->sp;

	if (!known(w, base))
		return base == arch->machine->sp ? frame_pointer(w) : CPI_NEXT_BEYOND;
	if (arch == &cpi_unwind_x86_64)
		return plain(w, rule, 8, 7, 6, 0);
	if (arch == &cpi_unwind_aarch64)
		return plain(w, rule, 8, 31, 29, 30);
	return plain(w, rule, 4, 4, 5, 0);
}

/* A frame without a table, or in a gap of one. */
static void count_pointer(struct cpi_unwind_walk *w, cpi_cfi_rule rule)
{
	struct cpi_mem *mem = &w->images->env->mem;
	uint32_t image = rule >> 3;
	struct cpi_unwind_pointed *row;

	while (w->worker->by_pointer.n <= image)
		if (!cpi_vec_push(mem, &w->worker->by_pointer,
			    (struct cpi_unwind_pointed){0}))
			return;
	row = &w->worker->by_pointer.v[image];
	row->frames += (rule & 7) == NO_TABLE;
	row->gaps += (rule & 7) == CPI_CFI_GAP;
}

/*
 * Hand-written code may push without saying so (memcpy of i386's C library does): where
 * that makes the leaf's return address one that lies nowhere, it is looked for in the
 * next two words, before the stack is given up.
 */
static void unsaid_push(struct cpi_unwind_walk *w)
{
	if (!w->arch->machine->link && w->regs.pc && !mapped(w, w->regs.pc - 1))
		(void)leaf_search(w, 2);
}

struct frame {
	uint64_t address; /* whose rule it is */
	cpi_cfi_rule rule;
	bool full;    /* interpret every frame */
	bool signal;  /* it was a signal frame */
	bool unknown; /* a register was missing */
};

static enum cpi_unwind_next next(struct cpi_unwind_walk *w, struct frame *f)
{
	enum cpi_unwind_next result;

	/* Images have numbers from 1 on. */
	w->generated = f->rule == NO_TABLE;
	w->guessed |= (f->rule & 7) == NO_TABLE && f->rule != NO_TABLE;
	switch (f->rule & 7) {
	case CPI_CFI_SP:
	case CPI_CFI_FP:
	case CPI_CFI_PLT:
		if (!f->full)
			return plain_of(w, f->rule);
		/* fall through */
	case CPI_CFI_COMPLEX:
		return interpret(w, f->address, &f->signal, &f->unknown);
	case CPI_CFI_END:
		return CPI_NEXT_LAST;
	case UNMAPPED:
		return leaf_guess(w);
	case NO_TABLE:
	case CPI_CFI_GAP:
		result = frame_pointer(w);
		/* The outermost frame of start-up code has no entry, either. */
		if ((f->rule & 7) == NO_TABLE || result == CPI_NEXT_OK)
			count_pointer(w, f->rule);
		return result;
	default:
		return frame_pointer(w);
	}
}

/* Takes the signature out of a return address. */
static void strip(struct cpi_unwind_walk *w)
{
	const uint64_t *bits = w->arch->address_bits;
	uint64_t pc = w->regs.pc;

	w->regs.pc = pc & bits[0];
	for (unsigned i = 1; bits[i] && !mapped(w, w->regs.pc - 1); i++)
		if ((pc & bits[i]) != w->regs.pc && mapped(w, (pc & bits[i]) - 1))
			w->regs.pc = pc & bits[i];
}

static unsigned walk(struct cpi_unwind_walk *w, bool full, uint64_t *ips, bool *ret_exact,
	unsigned max, enum cpi_unwind_next *ret_next, bool *ret_unknown)
{
	unsigned n = 0;

	w->guessed = false;
	*ret_unknown = false;
	*ret_next = CPI_NEXT_OK;
	while (n < max) {
		struct frame f = {.address = w->regs.pc - !w->exact, .full = full};

		f.rule = rule_at(w, f.address);
		/*
		 * In a system call: after its instruction, which may be an entry's
		 * last.
		 */
		if ((f.rule & 7) == CPI_CFI_GAP && w->exact)
			f.rule = rule_at(w, --f.address);
		/* What lies nowhere is no frame, but the leaf's address is a fact. */
		if ((f.rule & 7) == UNMAPPED && n) {
			*ret_next = CPI_NEXT_STUCK;
			break;
		}
		ips[n] = w->regs.pc;
		ret_exact[n++] = w->exact;
		*ret_next = next(w, &f);
		if (*ret_next != CPI_NEXT_OK) {
			*ret_unknown = f.unknown;
			break;
		}
		if (w->exact && cpi_cfi_rule_kind(f.rule) == CPI_CFI_SP)
			unsaid_push(w);
		w->exact = f.signal;
		if (!f.signal)
			strip(w);
		if (!w->regs.pc) {
			*ret_next = CPI_NEXT_LAST;
			break;
		}
	}
	return n;
}

unsigned cpi_unwind_walk(struct cpi_unwind_walk *w, uint64_t *ips, bool *ret_exact,
	unsigned max, enum cpi_unwind_next *ret_next)
{
	struct cpi_cfi_regs leaf = w->regs;
	bool unknown;
	unsigned n;

	w->exact = true;
	n = walk(w, false, ips, ret_exact, max, ret_next, &unknown);
	if (!unknown || n < 2)
		return n;
	w->regs = leaf;
	w->exact = true;
	w->steps = 0;
	return walk(w, true, ips, ret_exact, max, ret_next, &unknown);
}

uint64_t cpi_unwind_leaf_caller(struct cpi_unwind_walk *w, uint64_t pc, uint64_t lr)
{
	cpi_cfi_rule rule = rule_at(w, pc);
	enum cpi_cfi_kind kind = cpi_cfi_rule_kind(rule);

	if ((kind != CPI_CFI_SP && kind != CPI_CFI_FP) || cpi_cfi_rule_ra(rule))
		return 0;
	w->regs.pc = lr;
	strip(w);
	return w->regs.pc && mapped(w, w->regs.pc - 1) ? w->regs.pc : 0;
}
