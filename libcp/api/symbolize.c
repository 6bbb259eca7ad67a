/* SPDX-License-Identifier: Apache-2.0 */
#include "api/context.h"
#include "symbolize/symbolize.h"

enum cp_code cp_profile_symbolize(struct cp_context *context, struct cp_profile **profile,
	const struct cp_symbolize_options *options, struct cp_symbol_report **ret_report,
	struct cp_error *err)
{
	struct cp_symbolize_options full;

	cpi_options_copy(&full, sizeof full, options);
	return cpi_symbolize(&context->env, profile, &full, ret_report, err);
}
