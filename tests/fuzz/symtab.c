/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: symtab. */
#include "object/symtab/symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { N = 512 };
	static uint64_t address[N];
	struct cpi_symbol symbol[N] = {{{0}}};
	struct cpi_env env;
	struct cpi_elf *elf;
	struct cpi_arena names;
	size_t n = 0;

	cpi_env_init(&env, NULL);
	if (cpi_elf_open(&env, data, size, &elf, NULL)) {
		cpi_env_release(&env);
		return 0;
	}
	/* Around every section's beginning, in order. */
	for (uint32_t i = 0; i < cpi_elf_header(elf)->n_sections && n + 16 < N; i++)
		for (unsigned k = 0; k < 16; k++) {
			uint64_t at = cpi_elf_section(elf, i)->address + 7 * k;

			if (!n || at > address[n - 1])
				address[n++] = at;
		}
	cpi_arena_init(&names, &env.mem);
	(void)cpi_symtab_resolve(&env, elf, address, n, symbol, NULL);
	(void)cpi_plt_resolve(&env, elf, address, n, symbol, &names, NULL);
	for (size_t i = 0; i < n; i++)
		if (symbol[i].name.p && symbol[i].name.n > size + 4)
			__builtin_trap();
	cpi_elf_close(elf);
	cpi_arena_release(&names);
	if (env.mem.used)
		__builtin_trap();
	cpi_env_release(&env);
	return 0;
}
