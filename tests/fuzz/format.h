/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_FORMAT_H
#define FUZZ_FORMAT_H

/*
 * A format's reader on any bytes: an error, or a profile that keeps the model's rules; and
 * its writer, where it has one, on whatever was read: what it writes, it reads.
 */
#include <stdlib.h>

#include "format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct cp_profile *fuzz_read(struct cpi_env *env,
	const struct cpi_format *format, const void *data, size_t size, struct cp_error *err)
{
	struct cpi_source source = {.n_parts = 1, .part[0] = {data, size, false}};
	struct cp_profile *p;

	(void)format->detect(&source);
	if (format->read(env, &source, NULL, NULL, &p, err))
		return NULL;
	if (cp_profile_check(p, err))
		abort();
	return p;
}

static inline void fuzz_format(const struct cpi_format *format, const uint8_t *data, size_t size)
{
	struct cp_context_options limits = {
		.size = sizeof limits, .limits.memory = 512u << 20, .limits.stack_depth = 4096};
	struct cpi_env env;
	struct cp_error err;
	struct cp_profile *p;

	cpi_env_init(&env, &limits);
	p = fuzz_read(&env, format, data, size, &err);
	if (p && format->write) {
		struct cpi_sink sink;

		cpi_sink_memory(&sink, &env.mem);
		if (!format->write(&env, p, NULL, &sink, &err)) {
			struct cp_profile *again = fuzz_read(&env, format, sink.buf, sink.n, &err);

			/* Nothing but zeros leaves nothing to read. */
			if (!again && err.code != CP_ERROR_EMPTY && err.code != CP_ERROR_LIMIT)
				abort();
			cp_profile_free(again);
		}
		cpi_sink_release(&sink);
	}
	cp_profile_free(p);
	if (env.mem.used)
		abort();
	cpi_env_release(&env);
}

#define FUZZ_FORMAT(FORMAT) \
	extern const struct cpi_format FORMAT; \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
	{ \
		fuzz_format(&FORMAT, data, size); \
		return 0; \
	}

#endif
