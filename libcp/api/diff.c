/* SPDX-License-Identifier: Apache-2.0 */
#include "api/context.h"
#include "op/diff/diff.h"
#include "view/diff/diff.h"

enum cp_code cp_diff_new(struct cp_context *context,
	const struct cp_diff_options *options, struct cp_diff **ret_diff,
	struct cp_error *err)
{
	struct cp_diff_options full;

	cpi_options_copy(&full, sizeof full, options);
	return cpi_diff_new(&context->env, &full, ret_diff, err);
}

enum cp_code cp_diff_write(struct cp_context *context, const struct cp_diff *diff,
	const char *format, const struct cp_diff_write_options *options, cp_write_fn *fn,
	void *arg, struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	struct cp_diff_write_options full;
	struct cpi_sink sink;
	enum cp_code code;

	cpi_options_copy(&full, sizeof full, options);
	cpi_diag_begin(&context->env.diag);
	cpi_target_sink(&sink, &context->env, &target);
	code = cpi_diff_write(&context->env, diff, format, &full, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return cpi_diag_end(&context->env.diag, code, err);
}
