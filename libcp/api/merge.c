/* SPDX-License-Identifier: Apache-2.0 */
/* Merging, for programs. */
#include "api/context.h"
#include "op/merge/merge.h"

enum cp_code cp_merge_new(struct cp_context *context,
	const struct cp_merge_options *options, struct cp_merge **ret_merge,
	struct cp_error *err)
{
	struct cp_merge_options full;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	return code ? code : cpi_merge_new(&context->env, &full, ret_merge, err);
}

enum cp_code cp_merge_add(struct cp_merge *merge, const struct cp_profile *profile,
	const struct cp_merge_input *input, struct cp_error *err)
{
	struct cp_merge_input full;
	enum cp_code code = cpi_options_copy(&full, sizeof full, input, err);

	return code ? code : cpi_merge_add(merge, profile, &full, err);
}

enum cp_code cp_merge_skip(
	struct cp_merge *merge, const char *reason, uint64_t n, struct cp_error *err)
{
	return cpi_merge_skip(merge, reason, n, err);
}

enum cp_code cp_merge_finish(
	struct cp_merge *merge, struct cp_profile **ret_profile, struct cp_error *err)
{
	return cpi_merge_finish(merge, ret_profile, err);
}
