/* SPDX-License-Identifier: Apache-2.0 */
#include "api/context.h"
#include "view/report/report.h"

enum cp_code cp_report_write(struct cp_context *context, const struct cp_profile *profile,
	const char *report, const char *format, const struct cp_report_options *options,
	cp_write_fn *fn, void *arg, struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	const struct cp_write_options raw = {.size = sizeof raw, .one_mapping = true};
	struct cp_report_options full;
	struct cpi_sink sink;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (code)
		return code;
	if (!strcmp(report, "raw") && strcmp(format, "text"))
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"the report raw cannot be written as %.20s", format);
	if (!strcmp(report, "raw"))
		return cp_profile_write(context, profile, "raw", &raw, fn, arg, err);
	cpi_diag_begin(&context->env.diag);
	cpi_target_sink(&sink, &context->env, &target, profile);
	sink.csv_raw = full.csv_raw;
	code = cpi_report_write(
		&context->env, profile, report, format, &full, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	/* Of a source file. */
	if (!code)
		code = cpi_guard_check(&context->env.guard, NULL, err);
	cpi_sink_release(&sink);
	return cpi_diag_end(&context->env.diag, code, err);
}
