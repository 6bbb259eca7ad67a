/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86-64, and i386 for 32-bit tasks. perf numbers the registers of both alike
 * (arch/x86/include/uapi/asm/perf_regs.h): AX BX CX DX SI DI BP SP IP FLAGS CS SS DS ES
 * FS GS R8 … R15.
 */
#include "unwind/arch.h"

#include <elf.h>

#define NONE 0xff

const struct cpi_unwind_arch cpi_unwind_x86_64 = {
	.machine = &cpi_cfi_x86_64,
	.elf_machine = EM_X86_64,
	.elf64 = true,
	.n_regs = 24,
	.pc = 8,
	.dwarf = {0, 3, 2, 1, 4, 5, 6, 7, 16, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 8,
		9, 10, 11, 12, 13, 14, 15},
	.address_bits = {UINT64_MAX},
};

const struct cpi_unwind_arch cpi_unwind_i386 = {
	.machine = &cpi_cfi_i386,
	.elf_machine = EM_386,
	.elf64 = false,
	.n_regs = 9,
	.pc = 8,
	.dwarf = {0, 3, 1, 2, 6, 7, 5, 4, 8},
	.address_bits = {UINT32_MAX},
};
