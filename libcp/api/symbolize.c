/* SPDX-License-Identifier: Apache-2.0 */
#include "api/context.h"
#include "symbolize/symbolize.h"

enum cp_code cp_profile_symbolize(struct cp_context *context, struct cp_profile **profile,
	const struct cp_symbolize_options *options, struct cp_symbol_report **ret_report,
	struct cp_error *err)
{
	struct cp_symbolize_options full;
	struct cp_symbol_report *report = NULL;
	enum cp_code code;

	cpi_options_copy(&full, sizeof full, options);
	cpi_diag_begin(&context->env.diag);
	code = cpi_symbolize(
		&context->env, profile, &full, ret_report ? &report : NULL, err);
	code = cpi_diag_end(&context->env.diag, code, err);
	if (!code && ret_report)
		*ret_report = report;
	else
		cp_symbol_report_free(report);
	return code;
}
