/* SPDX-License-Identifier: Apache-2.0 */
/* Names for a profile that was read before, for programs. */
#include "api/context.h"
#include "symbolize/symbolize.h"

enum cp_code cp_profile_symbolize(struct cp_context *context,
	const struct cp_profile *profile, const struct cp_symbolize_options *options,
	struct cp_profile **ret_profile, struct cp_symbol_report **ret_report,
	struct cp_error *err)
{
	struct cp_symbolize_options full;
	struct cp_symbol_report *report = NULL;
	struct cp_profile *copy;
	struct cpi_env *env;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (code)
		return code;
	env = &context->env;
	copy = cpi_profile_copy(env, profile);
	if (!copy)
		return cpi_error_memory(err);
	cpi_diag_begin(&env->diag);
	code = cpi_symbolize(env, &copy, &full, ret_report ? &report : NULL, err);
	code = cpi_diag_end(&env->diag, code, err);
	if (code) {
		cp_symbol_report_free(report);
		cp_profile_free(copy);
		return code;
	}
	*ret_profile = copy;
	if (ret_report)
		*ret_report = report;
	return CP_OK;
}
