/* SPDX-License-Identifier: Apache-2.0 */
/* Reports and tables of any view, for programs. */
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

enum cp_code cp_report_rows(struct cp_context *context, const struct cp_profile *profile,
	const char *report, const struct cp_report_options *options,
	struct cp_table **ret_table, struct cp_error *err)
{
	struct cp_report_options full;
	struct cp_table *table = NULL;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (code)
		return code;
	cpi_diag_begin(&context->env.diag);
	code = cpi_report_rows(&context->env, profile, report, &full, &table, err);
	if (!code)
		code = cpi_guard_check(&context->env.guard, NULL, err);
	code = cpi_diag_end(&context->env.diag, code, err);
	if (code)
		cp_table_free(table);
	else
		*ret_table = table;
	return code;
}

enum cp_code cp_table_write(const struct cp_table *table, const char *format,
	cp_write_fn *fn, void *arg, struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	struct cpi_sink sink;
	enum cp_code code;

	cpi_target_sink(&sink, table->env, &target, NULL);
	code = cpi_table_print(table, format, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return code;
}
