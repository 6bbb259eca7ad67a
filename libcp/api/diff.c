/* SPDX-License-Identifier: Apache-2.0 */
/* Differences, for programs. */
#include "api/context.h"
#include "op/diff/diff.h"
#include "view/diff/diff.h"

enum cp_code cp_diff_new(struct cp_context *context,
	const struct cp_diff_options *options, struct cp_diff **ret_diff,
	struct cp_error *err)
{
	struct cp_diff_options full;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	return code ? code : cpi_diff_new(&context->env, &full, ret_diff, err);
}

enum cp_code cp_diff_write(struct cp_context *context, const struct cp_diff *diff,
	const char *format, const struct cp_diff_write_options *options, cp_write_fn *fn,
	void *arg, struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	struct cp_diff_write_options full;
	struct cpi_sink sink;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (code)
		return code;
	cpi_diag_begin(&context->env.diag);
	cpi_target_sink(&sink, &context->env, &target, NULL);
	sink.csv_raw = full.csv_raw;
	code = cpi_diff_write(&context->env, diff, format, &full, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return cpi_diag_end(&context->env.diag, code, err);
}

enum cp_code cp_diff_calibration_make(const struct cp_diff *diff,
	struct cp_diff_calibration **ret_calibration, struct cp_error *err)
{
	return cpi_diff_calibration_make(diff, ret_calibration, err);
}

enum cp_code cp_diff_calibration_read(struct cp_context *context, const char *text,
	size_t n, struct cp_diff_calibration **ret_calibration, struct cp_error *err)
{
	return cpi_diff_calibration_read(
		&context->env, (struct cp_text){text, n}, ret_calibration, err);
}

enum cp_code cp_diff_calibration_write(struct cp_context *context,
	const struct cp_diff_calibration *calibration, cp_write_fn *fn, void *arg,
	struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	struct cpi_sink sink;
	enum cp_code code;

	cpi_target_sink(&sink, &context->env, &target, NULL);
	cpi_diff_calibration_write(calibration, &sink);
	code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return code;
}
