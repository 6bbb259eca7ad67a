/* SPDX-License-Identifier: Apache-2.0 */
/* Both lists of names in text: kallsyms and perf maps. */
#include "object/kernel/kernel.h"
#include "object/jit/jit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t address[] = {0, 1, 0x1000, 0x1040, 0x1100, 0xffffffff81000010,
		0xffffffff81000150, 0xffffffffc0000010, UINT64_MAX};
	struct cpi_symbol symbol[9] = {{{0}}}, jit[9] = {{{0}}};
	struct cp_text module[9] = {{0}};
	struct cpi_kallsyms_module row[2] = {{.name = {"xfs", 3}}, {.name = {"a-b", 3}}};
	struct cpi_env env;
	uint64_t value;
	size_t bad;

	cpi_env_init(&env, NULL);
	(void)cpi_kallsyms_resolve(&env, data, size, address, 9, symbol, module, NULL);
	(void)cpi_kallsyms_any(data, size);
	(void)cpi_kallsyms_modules(&env, data, size, row, 2);
	(void)cpi_kallsyms_value(data, size, "_text", &value);
	(void)cpi_perfmap_resolve(&env, data, size, address, 9, jit, &bad, NULL);
	for (unsigned i = 0; i < 9; i++)
		if (symbol[i].name.n > size || jit[i].name.n > size)
			__builtin_trap();
	if (env.mem.used)
		__builtin_trap();
	cpi_env_release(&env);
	return 0;
}
