/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: one byte of choices, 64 bytes of stack, then a section of call frame information
 * at address 0x1000 for code below 0x1000. Each row is looked up and interpreted.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "object/cfi/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cpi_cfi_machine *const machines[] = {
		&cpi_cfi_x86_64, &cpi_cfi_i386, &cpi_cfi_aarch64, &cpi_cfi_x86_64};
	struct cp_context_options options = {.size = sizeof options, .threads = 1};
	struct cpi_cursor c = cpi_cursor_make(data, size, false);
	uint8_t choices = cpi_cursor_u8(&c);
	struct cpi_cfi_stack stack = {.bytes = cpi_cursor_bytes(&c, 64), .start = 0x10000, .n = 64};
	struct cpi_cfi_section section = {c.at, cpi_cursor_left(&c), 0x1000, choices & 4};
	struct cpi_cfi *cfi;
	struct cpi_env env;
	struct cp_error err;

	if (!cpi_cursor_ok(&c))
		return 0;
	options.limits.memory = 64 << 20;
	cpi_env_init(&env, &options);
	if (cpi_cfi_compile(&env, machines[choices & 3], &section, 1, choices & 8, 0, 0x1000, "it",
		    &cfi, &err) == CP_OK) {
		for (size_t i = 0; i < cfi->n_rows; i++) {
			struct cpi_cfi_regs regs = {.known = (1ULL << 33) - 1, .pc = cfi->pc[i]};
			bool signal;
			uint64_t steps = 0;

			/* Rows are sorted, and each is found at its own address. */
			if ((i && cfi->pc[i] <= cfi->pc[i - 1]) ||
				cpi_cfi_find(cfi, cfi->pc[i]) != cfi->rule[i])
				abort();
			for (int reg = 0; reg < 33; reg++)
				regs.v[reg] = 0x10000 + 4 * (uint64_t)reg;
			(void)cpi_cfi_step(cfi, cfi->pc[i], &stack, &regs, &signal, &steps);
		}
		cpi_cfi_free(&env, cfi);
	}
	if (env.mem.used)
		abort();
	cpi_env_release(&env);
	return 0;
}
