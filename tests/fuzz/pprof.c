/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader takes keeps the model's rules, and writing it is a fixed point. */
#include <stdlib.h>

#include "format/pprof/pprof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cp_profile *read(struct cpi_env *env, const void *data, size_t n)
{
	struct cpi_source source = {.n_parts = 1, .part[0] = {data, n}};
	struct cp_profile *p;
	struct cp_error err;

	(void)cpi_pprof_detect(&source);
	return cpi_pprof_read(env, &source, NULL, NULL, &p, &err) ? NULL : p;
}

static void write(struct cpi_env *env, const struct cp_profile *p, struct cpi_sink *sink)
{
	struct cp_error err;

	cpi_sink_memory(sink, &env->mem);
	if (cp_profile_check(p, &err) || cpi_pprof_encode(env, p, sink, &err))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpi_env env;
	struct cpi_sink one, two;
	struct cp_profile *p;

	cpi_env_init(&env, NULL);
	p = read(&env, data, size);
	if (p) {
		write(&env, p, &one);
		cp_profile_free(p);
		p = read(&env, one.buf, one.n);
		if (!p)
			abort();
		write(&env, p, &two);
		if (one.n != two.n || memcmp(one.buf, two.buf, one.n))
			abort();
		cp_profile_free(p);
		cpi_sink_release(&one);
		cpi_sink_release(&two);
	}
	if (env.mem.used)
		abort();
	cpi_env_release(&env);
	return 0;
}
