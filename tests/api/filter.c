/* SPDX-License-Identifier: Apache-2.0 */
/* Samples left out, and which values a user means. */
#include <cp/filter.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context), *q = NULL;
	struct cp_error err;
	uint32_t type;

	OPTIONS(cp_filter_options, options);
	options.ignore = "idle";
	options.granularity = CP_BY_FUNCTION;
	MUST(!cp_profile_filter(context, p, &options, &q, &err));
	MUST(cp_profile_counts(q).samples == 1);
	cp_profile_free(q);
	options.size = 0;
	MUST(cp_profile_filter(context, p, &options, &q, &err) == CP_ERROR_ARGUMENT);
	MUST(strstr(err.message, "size"));
	MUST(!cp_profile_find_sample_type(p, "", &type, &err) && type == 0);
	MUST(!cp_profile_find_sample_type(p, "samples", &type, &err));
	MUST(cp_profile_find_sample_type(p, "cpu", &type, &err) == CP_ERROR_ARGUMENT);
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
