/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: gopclntab. */
#include "object/go/go.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { N = 16 };
	uint64_t address[N];
	struct cpi_env env;
	struct cpi_elf *elf;
	struct cpi_go_result r;

	cpi_env_init(&env, NULL);
	if (!cpi_elf_open(&env, data, size, &elf, NULL)) {
		for (unsigned i = 0; i < N; i++)
			address[i] = 0x400ffc + 7 * i;
		if (cpi_gopclntab_any(elf) &&
			!cpi_gopclntab_resolve(&env, elf, address, N, &r, NULL)) {
			for (size_t i = 0; i < r.n_frames; i++)
				if (r.frame[i].function.n + r.frame[i].file.n > 2 * size)
					__builtin_trap();
			cpi_go_result_release(&r);
		}
		cpi_elf_close(elf);
	}
	if (env.mem.used)
		__builtin_trap();
	cpi_env_release(&env);
	return 0;
}
