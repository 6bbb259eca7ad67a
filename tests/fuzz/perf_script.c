/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: perf script. */
#include <stdlib.h>

#include "format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cpi_format *format = cpi_format_find("perf-script");
	struct cpi_source source = {.n_parts = 1, .part[0] = {data, size, false}};
	struct cp_read_options options = {.labels = (1u << 8) - 1};
	struct cpi_env env;
	struct cp_profile *p;
	struct cp_error err;

	cpi_env_init(&env, NULL);
	(void)format->detect(&source);
	for (int turn = 0; turn < 2; turn++) {
		options.keep_time = turn;
		if (format->read(&env, &source, &options, NULL, &p, &err))
			continue;
		if (cp_profile_check(p, &err))
			abort();
		cp_profile_free(p);
	}
	if (env.mem.used)
		abort();
	cpi_env_release(&env);
	return 0;
}
