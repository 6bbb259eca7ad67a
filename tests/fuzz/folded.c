/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader takes keeps the model's rules; written twice it is the same text. */
#include <stdlib.h>

#include "format/folded/folded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cp_profile *read(struct cpi_env *env, const void *data, size_t n)
{
	struct cpi_source source = {.n_parts = 1, .part[0] = {data, n, false}};
	struct cp_profile *p;
	struct cp_error err;

	(void)cpi_folded_detect(&source);
	return cpi_folded_read(env, &source, NULL, NULL, &p, &err) ? NULL : p;
}

/* False when a sum does not fit into 64 bits. */
static bool write(struct cpi_env *env, const struct cp_profile *p, struct cpi_sink *sink)
{
	struct cp_write_options options = {.root = CP_ROOT_NONE};
	struct cp_error err;

	cpi_sink_memory(sink, &env->mem);
	if (cp_profile_check(p, &err))
		abort();
	return !cpi_folded_write(env, p, &options, sink, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpi_env env;
	struct cpi_sink one, two;
	struct cp_profile *p;

	cpi_env_init(&env, NULL);
	p = read(&env, data, size);
	if (p) {
		bool single = p->sample_type.n == 1, fits = write(&env, p, &one);

		cp_profile_free(p);
		p = fits && single ? read(&env, one.buf, one.n) : NULL;
		if (p) {
			if (p->sample_type.n != 1 || !write(&env, p, &two) || one.n != two.n ||
				memcmp(one.buf, two.buf, one.n))
				abort();
			cpi_sink_release(&two);
		}
		cp_profile_free(p);
		cpi_sink_release(&one);
	}
	if (env.mem.used)
		abort();
	cpi_env_release(&env);
	return 0;
}
