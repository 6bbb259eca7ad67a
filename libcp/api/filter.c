/* SPDX-License-Identifier: Apache-2.0 */
/* Filters, for programs. */
#include "api/context.h"
#include "op/filter/filter.h"

enum cp_code cp_profile_filter(struct cp_context *context,
	const struct cp_profile *profile, const struct cp_filter_options *options,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct cp_filter_options full;
	struct cp_profile *filtered = NULL;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (code)
		return code;
	cpi_diag_begin(&context->env.diag);
	code = cpi_filter(&context->env, profile, &full, &filtered, err);
	code = cpi_diag_end(&context->env.diag, code, err);
	if (!code)
		*ret_profile = filtered;
	else
		cp_profile_free(filtered);
	return code;
}
