/* SPDX-License-Identifier: Apache-2.0 */
#include "api/context.h"

#include <errno.h>

static enum cp_code hand_on(void *arg, const void *bytes, size_t n, struct cp_error *err)
{
	struct cpi_target *target = arg;

	errno = target->fn(target->arg, bytes, n);
	return errno ? cpi_error_system(err, "write the output", NULL) : CP_OK;
}

void cpi_target_sink(struct cpi_sink *sink, struct cpi_env *env, struct cpi_target *target)
{
	cpi_sink_callback(sink, &env->mem, hand_on, target);
}

enum cp_code cp_profile_write(struct cp_context *context, const struct cp_profile *profile,
	const char *format, const struct cp_write_options *options, cp_write_fn *fn,
	void *arg, struct cp_error *err)
{
	const struct cpi_format *row = cpi_format_find(format);
	struct cpi_target target = {fn, arg};
	struct cp_write_options full;
	struct cpi_sink sink;
	enum cp_code code;

	if (!row || !row->write)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"\"%s\" is not a format libcp writes", format);
	cpi_options_copy(&full, sizeof full, options);
	cpi_target_sink(&sink, &context->env, &target);
	code = row->write(&context->env, profile, &full, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return code;
}

const struct cp_format *cp_format_at(size_t i)
{
	for (size_t at = 0; cpi_formats[at]; at++)
		if (at == i)
			return &cpi_formats[at]->public;
	return NULL;
}
