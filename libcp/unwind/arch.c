/* SPDX-License-Identifier: Apache-2.0 */
/* Registers and conventions of the architectures. */
#include "unwind/arch.h"

#include "base/text.h"

/* PERF_SAMPLE_REGS_ABI_… */
enum { ABI_32 = 1, ABI_64 = 2 };

static bool is(struct cp_text machine, const char *name)
{
	return cpi_text_equal(machine, cpi_text(name));
}

static bool is_x86_32(struct cp_text machine)
{
	return machine.n == 4 && machine.p[0] == 'i' && machine.p[2] == '8' &&
		machine.p[3] == '6';
}

const struct cpi_unwind_arch *cpi_unwind_arch_find(struct cp_text machine, uint64_t abi)
{
	if (is(machine, "x86_64") || is(machine, "amd64"))
		return abi == ABI_64 ? &cpi_unwind_x86_64
			: abi == ABI_32 ? &cpi_unwind_i386 : NULL;
	if (is_x86_32(machine))
		return abi == ABI_32 ? &cpi_unwind_i386 : NULL;
	/* A 32-bit ARM task has other registers and no DWARF tables. */
	if (is(machine, "aarch64") || is(machine, "arm64"))
		return abi == ABI_64 ? &cpi_unwind_aarch64 : NULL;
	return NULL;
}
