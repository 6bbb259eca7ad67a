/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: jitdump. */
#include "object/jit/jit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t address[] = {0, 0x1000, 0x1010, 0x103f, 0x2000, 0x2009, 0x2011,
		0x5000, 0x5018, 0x7f0000000000, UINT64_MAX};
	struct cpi_symbol symbol[11] = {{{0}}};
	struct cpi_jit_line line[11] = {{{0}}};
	struct cpi_jit_codes codes;
	struct cpi_env env;
	uint64_t bad;

	cpi_env_init(&env, NULL);
	(void)cpi_jitdump_resolve(&env, data, size, 0, address, 11, symbol, line, &bad, NULL);
	(void)cpi_jitdump_resolve(&env, data, size, 2, address, 11, symbol, line, &bad, NULL);
	if (!cpi_jitdump_codes(&env, data, size, &codes, NULL)) {
		for (size_t i = 0; i < codes.n; i++)
			if (!codes.v[i].size || !codes.v[i].layer ||
				codes.v[i].layer > CPI_JIT_LAYERS ||
				(i && codes.v[i].time < codes.v[i - 1].time) ||
				(codes.v[i].unwinding &&
					(codes.v[i].unwinding < data ||
						codes.v[i].unwinding + codes.v[i].unwinding_n >
							data + size)))
				__builtin_trap();
		cpi_jit_codes_release(&env, &codes);
	}
	for (unsigned i = 0; i < 11; i++)
		if (symbol[i].name.n > size || line[i].file.n > size)
			__builtin_trap();
	if (env.mem.used)
		__builtin_trap();
	cpi_env_release(&env);
	return 0;
}
