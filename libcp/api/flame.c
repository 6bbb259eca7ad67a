/* SPDX-License-Identifier: Apache-2.0 */
#include "api/context.h"
#include "view/flame.h"

#include <errno.h>

struct target {
	cp_write_fn *fn;
	void *arg;
};

static enum cp_code hand_on(void *arg, const void *bytes, size_t n, struct cp_error *err)
{
	struct target *target = arg;

	errno = target->fn(target->arg, bytes, n);
	return errno ? cpi_error_system(err, "write the output", NULL) : CP_OK;
}

enum cp_code cp_flame_write(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_profile *before, const struct cp_flame_options *options,
	cp_write_fn *fn, void *arg, struct cp_error *err)
{
	struct target target = {fn, arg};
	struct cp_flame_options full;
	struct cpi_sink sink;
	enum cp_code code;

	cpi_options_copy(&full, sizeof full, options);
	cpi_sink_callback(&sink, &context->env.mem, hand_on, &target);
	code = cpi_flame_write(&context->env, profile, before, &full, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return code;
}

const char *cp_flame_palette_at(size_t i)
{
	return cpi_flame_palette_at(i);
}
