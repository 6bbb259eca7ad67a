/* SPDX-License-Identifier: Apache-2.0 */
/* Scaling, for programs. */
#include "api/context.h"
#include "op/scale.h"

enum cp_code cp_profile_scale(struct cp_context *context,
	const struct cp_profile *profile, const double *ratio, uint32_t n,
	bool pprof_compat, struct cp_profile **ret_profile, struct cp_error *err)
{
	enum cp_code code = cpi_context_check(context, err);

	if (code)
		return code;
	return cpi_scale(
		&context->env, profile, ratio, n, pprof_compat, ret_profile, err);
}

enum cp_code cp_profile_normalize(struct cp_context *context,
	const struct cp_profile *profile, const struct cp_profile *base,
	bool pprof_compat, struct cp_profile **ret_profile, struct cp_error *err)
{
	enum cp_code code = cpi_context_check(context, err);

	if (code)
		return code;
	return cpi_normalize(
		&context->env, profile, base, pprof_compat, ret_profile, err);
}
