/* SPDX-License-Identifier: Apache-2.0 */
/* AArch64: perf's register numbers are DWARF's: X0 … X29, LR 30, SP 31, PC 32. */
#include "unwind/arch.h"

#include <elf.h>

/*
 * struct rt_sigframe (arch/arm64/kernel/signal.c): 128 bytes of siginfo, then the
 * ucontext, whose mcontext is 176 bytes in: fault address, X0 … X30, SP, PC.
 */
enum { MCONTEXT_REGS = 128 + 176 + 8 };

/*
 * The vdso's trampoline describes only the frame record that the kernel pushed, which
 * loses LR, hence the caller of an interrupted leaf function.
 */
static bool sigreturn(const struct cpi_cfi_stack *stack, struct cpi_cfi_regs *regs)
{
	uint64_t at = regs->v[31] + MCONTEXT_REGS;
	struct cpi_cfi_regs old = *regs;

	regs->known = 0;
	for (unsigned i = 0; i <= 31; i++) {
		if (!cpi_cfi_load(stack, at + 8 * i, 8, &regs->v[i])) {
			*regs = old;
			return false;
		}
		regs->known |= 1ULL << i;
	}
	if (!cpi_cfi_load(stack, at + 8 * 32, 8, &regs->pc)) {
		*regs = old;
		return false;
	}
	return true;
}

const struct cpi_unwind_arch cpi_unwind_aarch64 = {
	.machine = &cpi_cfi_aarch64,
	.elf_machine = EM_AARCH64,
	.elf64 = true,
	.n_regs = 33,
	.pc = 32,
	.dwarf = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
		20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 0xff},
	/*
	 * Pointer authentication uses what the address space leaves: 48 or 39 bits of
	 * it.
	 */
	.address_bits = {(1ULL << 48) - 1, (1ULL << 39) - 1},
	.sigreturn = sigreturn,
};
