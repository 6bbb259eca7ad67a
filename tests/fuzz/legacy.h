/* SPDX-License-Identifier: Apache-2.0 */
/* A legacy reader on any bytes: an error, or a profile that keeps the model's rules. */
#include <stdlib.h>

#include "format/legacy/legacy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_format(const struct cpi_format *format, const uint8_t *data, size_t size)
{
	struct cpi_source source = {.n_parts = 1, .part[0] = {data, size}};
	struct cp_profile *p;
	struct cpi_env env;
	struct cp_error err;

	cpi_env_init(&env, NULL);
	(void)format->detect(&source);
	if (!format->read(&env, &source, NULL, NULL, &p, &err)) {
		if (cp_profile_check(p, &err))
			abort();
		cp_profile_free(p);
	}
	if (env.mem.used)
		abort();
	cpi_env_release(&env);
}

#define FUZZ_LEGACY(FORMAT) \
	extern const struct cpi_format FORMAT; \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
	{ \
		fuzz_format(&FORMAT, data, size); \
		return 0; \
	}
