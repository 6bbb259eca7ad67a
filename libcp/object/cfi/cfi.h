/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_CFI_H
#define CPI_CFI_H

/*
 * Call frame information (DWARF 5 §6.4, .eh_frame of the Linux Standard Base) of one
 * image, for unwinding captured stacks.
 *
 * The workload: millions of return addresses in a few dozen images, each asked "where
 * are the caller's stack pointer, frame pointer and program counter?". More than 99.9 %
 * of all rows in real objects answer "CFA is sp or fp plus a constant; the return address
 * and the frame pointer are in fixed slots", so an image is compiled once into a sorted
 * table of (pc, 4-byte rule), 8 bytes a row. Rows that say anything else are marked
 * complex and interpreted when they are met, with all registers (cpi_cfi_step).
 *
 * Everything here is bytes from strangers: damage ends a section or drops one entry.
 */

#include <string.h>

#include "base/env.h"

/* DWARF register numbers up to AArch64's 34 (RA_SIGN_STATE). */
enum { CPI_CFI_REGS = 36 };

struct cpi_cfi_machine {
	uint8_t word;       /* bytes of a register and of a stack slot */
	uint8_t sp, fp, ra; /* DWARF numbers; ra is the return-address column */
	bool link;          /* ra is a real register that a leaf need not save */
};

extern const struct cpi_cfi_machine cpi_cfi_x86_64, cpi_cfi_i386, cpi_cfi_aarch64;

struct cpi_cfi_section {
	const uint8_t *bytes;
	size_t n;
	uint64_t address; /* link-time */
	bool debug_frame; /* else .eh_frame */
};

struct cpi_cfi;

/*
 * Compiles the entries of all sections whose addresses lie in [low, high), which must be
 * less than 4 GiB apart. Where entries overlap, the earlier section wins at equal starts
 * and a later start cuts an earlier entry. The sections' bytes are borrowed until
 * cpi_cfi_free. Damage is a warning of kind "cfi" about the file `source` (or NULL).
 */
enum cp_code cpi_cfi_compile(struct cpi_env *env, const struct cpi_cfi_machine *machine,
	const struct cpi_cfi_section *sections, unsigned n_sections, bool swap,
	uint64_t low, uint64_t high, const char *source, struct cpi_cfi **ret_cfi,
	struct cp_error *err);
void cpi_cfi_free(struct cpi_env *env, struct cpi_cfi *cfi);
/* Rows in the table; 0: this image has no usable entries. */
size_t cpi_cfi_rows(const struct cpi_cfi *cfi);

/*
 * A rule in 32 bits: kind 3, upward 1, fp slot 7, ra slot 7, CFA offset in words 14.
 *
 * CFA = sp or fp + offset. A slot of 0 means "still in its register"; slot s is at
 * CFA - s words, or with `upward` at sp or fp + (s - 1) words. x86 saves near the CFA,
 * AArch64 near the stack pointer however large the frame: each fits into 7 bits only in
 * its own direction.
 */
enum cpi_cfi_kind {
	CPI_CFI_GAP, /* no entry covers this address */
	CPI_CFI_SP,
	CPI_CFI_FP,
	CPI_CFI_PLT,     /* sp + word, + word more when (pc & 15) >= the offset field */
	CPI_CFI_COMPLEX, /* needs cpi_cfi_step */
	CPI_CFI_END      /* the outermost frame */
};

typedef uint32_t cpi_cfi_rule;

enum { CPI_CFI_SLOTS = 1 << 7, CPI_CFI_OFFSETS = 1 << 14 };

static inline cpi_cfi_rule cpi_cfi_rule_make(
	enum cpi_cfi_kind kind, bool upward, unsigned fp, unsigned ra, unsigned offset)
{
	return (uint32_t)kind | (uint32_t)upward << 3 | fp << 4 | ra << 11 | offset << 18;
}

static inline enum cpi_cfi_kind cpi_cfi_rule_kind(cpi_cfi_rule rule)
{
	return (enum cpi_cfi_kind)(rule & 7);
}

static inline bool cpi_cfi_rule_upward(cpi_cfi_rule rule)
{
	return rule >> 3 & 1;
}

static inline unsigned cpi_cfi_rule_fp(cpi_cfi_rule rule)
{
	return rule >> 4 & (CPI_CFI_SLOTS - 1);
}

static inline unsigned cpi_cfi_rule_ra(cpi_cfi_rule rule)
{
	return rule >> 11 & (CPI_CFI_SLOTS - 1);
}

static inline unsigned cpi_cfi_rule_offset(cpi_cfi_rule rule)
{
	return rule >> 18;
}

/* The rule at a link-time address. */
cpi_cfi_rule cpi_cfi_find(const struct cpi_cfi *cfi, uint64_t address);

/* The captured end of a stack: n bytes from address `start`. */
struct cpi_cfi_stack {
	const uint8_t *bytes;
	uint64_t start;
	size_t n;
	bool swap; /* captured in the other byte order */
	/*
	 * Answers for addresses that the dump does not hold; NULL: nothing does. With it
	 * slots below the stack pointer are read, too, as unwinders do that know no
	 * better.
	 */
	bool (*elsewhere)(void *arg, uint64_t address, uint64_t *ret_x);
	void *arg;
};

static inline bool cpi_cfi_stack_holds(
	const struct cpi_cfi_stack *stack, uint64_t address, unsigned word)
{
	return stack->n >= word && address - stack->start <= stack->n - word;
}

/* One word of the stack; false when it is not in the dump. `word` is 4 or 8. */
static inline bool cpi_cfi_load(const struct cpi_cfi_stack *stack, uint64_t address,
	unsigned word, uint64_t *ret_x)
{
	uint32_t half;

	if (!cpi_cfi_stack_holds(stack, address, word))
		return stack->elsewhere && stack->elsewhere(stack->arg, address, ret_x);
	if (word == 8) {
		memcpy(ret_x, stack->bytes + (address - stack->start), 8);
		if (stack->swap)
			*ret_x = __builtin_bswap64(*ret_x);
		return true;
	}
	memcpy(&half, stack->bytes + (address - stack->start), 4);
	*ret_x = stack->swap ? __builtin_bswap32(half) : half;
	return true;
}

struct cpi_cfi_regs {
	uint64_t v[CPI_CFI_REGS]; /* by DWARF number */
	uint64_t known;           /* bit per register */
	uint64_t pc;
};

enum cpi_cfi_result {
	CPI_CFI_OK,
	CPI_CFI_NONE,    /* no entry covers the address */
	CPI_CFI_LAST,    /* the return address is undefined: the outermost frame */
	CPI_CFI_BEYOND,  /* needs memory that is not in the dump */
	CPI_CFI_UNKNOWN, /* needs a register whose value is not known */
	CPI_CFI_BAD      /* damaged, or over a limit */
};

/*
 * Unwinds one frame by interpreting the entry at a link-time address: the caller's
 * registers replace `regs` (untouched on failure), regs->pc is the return address,
 * *ret_signal tells whether this was a signal frame. *steps grows by the instructions
 * that were run, some ten for real entries; for the caller's limit.
 */
enum cpi_cfi_result cpi_cfi_step(const struct cpi_cfi *cfi, uint64_t address,
	const struct cpi_cfi_stack *stack, struct cpi_cfi_regs *regs, bool *ret_signal,
	uint64_t *steps);

#endif
