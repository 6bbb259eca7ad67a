/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_UNWIND_ARCH_H
#define CPI_UNWIND_ARCH_H

/* What differs between machines: register numbers and a few habits. */

#include "format/format.h"
#include "object/cfi/cfi.h"

enum cpi_unwind_next {
	CPI_NEXT_OK,
	CPI_NEXT_LAST,   /* the outermost frame was reached */
	CPI_NEXT_BEYOND, /* at `beyond`, which the dump does not hold */
	CPI_NEXT_STUCK   /* no way on */
};

struct cpi_unwind_arch {
	const struct cpi_cfi_machine *machine;
	uint16_t elf_machine; /* EM_… */
	bool elf64;
	uint8_t n_regs; /* perf's register numbers below this are known */
	uint8_t pc;     /* perf's number of the program counter */
	uint8_t dwarf[40]; /* by perf's number; 0xff: none */
	/*
	 * Bits that an address has when nothing is signed into it, tried one after the
	 * other on return addresses; ends with 0.
	 */
	uint64_t address_bits[3];
	/*
	 * Leaves a signal handler by the kernel's own layout instead of the trampoline's
	 * call frame information; NULL: that is complete.
	 */
	bool (*sigreturn)(const struct cpi_cfi_stack *stack, struct cpi_cfi_regs *regs);
};

extern const struct cpi_unwind_arch cpi_unwind_x86_64, cpi_unwind_i386,
	cpi_unwind_aarch64;

/* By the capture's `uname -m` and the sample's ABI; NULL: not supported. */
const struct cpi_unwind_arch *cpi_unwind_arch_find(struct cp_text machine, uint64_t abi);

#endif
