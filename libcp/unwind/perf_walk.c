/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sample's frames as perf finds them with libunwind 1.6 on x86-64, faults included,
 * so that --perf-compat says what `perf script` says. See ARCHITECTURE.md for the
 * evidence.
 *
 * - Memory outside of the dump, and the dump's last word, is read from the file that is
 *   mapped there. Where something is mapped that has no bytes ([stack], [heap]) the read
 *   "succeeds" with 0: the return address 0 is printed as ffffffffffffffff, then all
 *   ends. Where nothing is mapped, it ends at once.
 * - An image is at the lowest address at which something of it was ever mapped, since
 *   perf forgets no mapping, not at exec either. Where a process inherited a lower one,
 *   the search for an entry fails.
 * - Without .eh_frame_hdr or .debug_frame, and in generated code, all ends.
 * - Without an entry: by frame pointer, after which the stack pointer is taken to be 16
 *   more than before, whatever the frame pointer said.
 */
#include "unwind/walk.h"

#include <elf.h>

enum { RAX = 0, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, RIP = 16 };

/* Instructions a sample: 127 frames of real entries need 3,000. */
enum { MOST_STEPS = 1 << 17 };

struct perf_walk {
	struct cpi_unwind_walk *w;
	bool before;  /* the rule is that of the byte before pc */
	/* a trampoline was left that has no entry: pc is no return address */
	bool resumed;
};

/* The file's bytes at an offset; 0 where it has none. */
static void read_file(const struct cpi_elf *elf, uint64_t offset, uint64_t *ret_x)
{
	size_t n;
	const uint8_t *bytes = cpi_elf_bytes(elf, &n);

	if (n >= 8 && offset <= n - 8)
		memcpy(ret_x, bytes + offset, 8);
}

/* False when nothing is mapped there. */
static bool read_mapped(void *arg, uint64_t address, uint64_t *ret_x)
{
	struct cpi_unwind_walk *w = arg;
	const struct cpi_unwind_image *image;
	struct cpi_unwind_map map;

	*ret_x = 0;
	if (address - w->stack.start < w->sample->stack_n + (1ULL << 30))
		w->beyond = address;
	if (address + 8 < address || !w->map_at(w->reader, w->sample, address, &map))
		return false;
	image = cpi_unwind_image_of(w->images, &map);
	if (image && image->elf)
		read_file(image->elf, address - map.start + map.offset, ret_x);
	return true;
}

static bool load(struct cpi_unwind_walk *w, uint64_t address, uint64_t *ret_x)
{
	return cpi_cfi_load(&w->stack, address, 8, ret_x);
}

/* mov $15, %rax; syscall */
static bool at_trampoline(struct cpi_unwind_walk *w)
{
	uint64_t code[2];

	return load(w, w->regs.pc, &code[0]) && load(w, w->regs.pc + 8, &code[1]) &&
		code[0] == 0x0f0000000fc0c748 && (code[1] & 0xff) == 5;
}

/* jmp *x(%rip); push x; jmp x */
static bool at_plt(struct cpi_unwind_walk *w)
{
	uint64_t code[2];

	return load(w, w->regs.pc, &code[0]) && load(w, w->regs.pc + 8, &code[1]) &&
		(code[0] & 0xffff) == 0x25ff && (code[0] >> 48 & 0xff) == 0x68 &&
		(code[1] >> 24 & 0xff) == 0xe9;
}

static enum cpi_cfi_result by_table(struct perf_walk *p)
{
	struct cpi_unwind_walk *w = p->w;
	uint64_t address = w->regs.pc - p->before, link;
	const struct cpi_unwind_image *image;
	struct cpi_unwind_map map;
	enum cpi_cfi_result result;
	bool signal;

	if (!w->map_at(w->reader, w->sample, address, &map))
		return CPI_CFI_BAD;
	image = cpi_unwind_image_of(w->images, &map);
	if (!image || !image->elf || !image->indexed || w->steps > MOST_STEPS)
		return CPI_CFI_BAD;
	if (!image->cfi ||
		!cpi_elf_address_of(
			image->elf, address - map.start + map.offset, &link) ||
		map.first - image->base != address - link)
		return CPI_CFI_NONE;
	w->regs.v[RIP] = w->regs.pc;
	w->regs.known |= 1ULL << RIP;
	result = cpi_cfi_step(
		image->cfi, link, &w->stack, &w->regs, &signal, &w->steps);
	if (result == CPI_CFI_OK)
		p->before = !signal;
	return result;
}

/* rt_sigreturn's ucontext is on top of the stack, its registers are 40 bytes in. */
static bool leave_signal(struct perf_walk *p)
{
	static const uint8_t order[] = {
		8, 9, 10, 11, 12, 13, 14, 15, RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP};
	struct cpi_cfi_regs *r = &p->w->regs;
	uint64_t at = r->v[RSP] + 40;

	r->known = 0;
	for (unsigned i = 0; i < sizeof order; i++)
		if (load(p->w, at + 8 * i, &r->v[order[i]]))
			r->known |= 1ULL << order[i];
	p->before = false;
	p->resumed = true;
	return r->known >> RSP & 1 && load(p->w, at + 8 * sizeof order, &r->pc);
}

/* For want of an entry. False: this was the last frame. */
static bool by_pointer(struct perf_walk *p)
{
	struct cpi_cfi_regs *r = &p->w->regs;
	uint64_t sp = r->v[RSP], fp = r->v[RBP], up;

	if (at_trampoline(p->w))
		return leave_signal(p);
	if (at_plt(p->w)) {
		r->v[RSP] = sp + 8;
		return load(p->w, sp, &r->pc);
	}
	if (!(r->known >> RBP & 1) || !fp || fp < sp || fp - sp > 0x4000 ||
		!load(p->w, fp, &up) || !load(p->w, fp + 8, &r->pc))
		return false;
	r->v[RBP] = up;
	r->v[RSP] = sp + 16;
	r->known = 1ULL << RBP | 1ULL << RSP;
	p->before = true;
	return true;
}

/* Why it ended, for the count of truncated stacks. */
static enum cpi_unwind_next why(
	const struct cpi_unwind_walk *w, enum cpi_cfi_result result)
{
	if (result == CPI_CFI_LAST)
		return CPI_NEXT_LAST;
	return w->beyond && (result == CPI_CFI_BEYOND || result == CPI_CFI_UNKNOWN ||
				    !w->regs.pc)
		? CPI_NEXT_BEYOND
		: CPI_NEXT_STUCK;
}

static bool step(struct perf_walk *p, enum cpi_unwind_next *ret_next)
{
	struct cpi_cfi_regs *r = &p->w->regs;
	uint64_t pc = r->pc, sp = r->v[RSP];
	enum cpi_cfi_result result = by_table(p);

	p->resumed = false;
	*ret_next = why(p->w, result);
	return (result == CPI_CFI_OK || (result == CPI_CFI_NONE && by_pointer(p))) &&
		(r->pc != pc || r->v[RSP] != sp);
}

unsigned cpi_unwind_perf_walk(struct cpi_unwind_walk *w, uint64_t *ips, bool *ret_exact,
	unsigned max, enum cpi_unwind_next *ret_next)
{
	struct perf_walk p = {.w = w};
	unsigned n = 0;

	*ret_next = CPI_NEXT_STUCK;
	if (w->arch->elf_machine == EM_AARCH64)
		return cpi_unwind_walk(w, ips, ret_exact, max, ret_next);
	/* Debian's perf has no libunwind for the registers of 32-bit tasks. */
	if (w->arch != &cpi_unwind_x86_64 || !w->stack.n || !max)
		return 0;
	/* perf's check refuses the last word. */
	w->stack.n--;
	w->stack.elsewhere = read_mapped;
	w->stack.arg = w;
	ips[n] = w->regs.pc;
	ret_exact[n++] = true;
	while (n < max && n < CPI_UNWIND_PERF_DEPTH && step(&p, ret_next)) {
		ret_exact[n] = !w->regs.pc || p.resumed;
		ips[n++] = w->regs.pc ? w->regs.pc : UINT64_MAX;
	}
	return n;
}
