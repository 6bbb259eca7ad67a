/* SPDX-License-Identifier: Apache-2.0 */
#include "api/context.h"
#include "op/filter/filter.h"

enum cp_code cp_profile_filter(struct cp_context *context,
	const struct cp_profile *profile, const struct cp_filter_options *options,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	struct cp_filter_options full;

	cpi_options_copy(&full, sizeof full, options);
	return cpi_filter(&context->env, profile, &full, ret_profile, err);
}
