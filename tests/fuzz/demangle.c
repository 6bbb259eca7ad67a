/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: demangle. */
#include "object/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpi_env env;
	struct cpi_demangler d;
	struct cp_text name = {(const char *)data, size};

	cpi_env_init(&env, NULL);
	for (int mode = CP_DEMANGLE_TEMPLATES; mode <= CP_DEMANGLE_SIMPLE; mode++) {
		cpi_demangler_init(&d, &env, (enum cp_demangle)mode, mode == CP_DEMANGLE_NONE);
		if (cpi_demangle(&d, name).n > CPI_DEMANGLE_MOST_OUT + size)
			__builtin_trap();
		cpi_demangler_release(&d);
	}
	if (env.mem.used)
		__builtin_trap();
	cpi_env_release(&env);
	return 0;
}
