/* SPDX-License-Identifier: Apache-2.0 */
/* Two profiles become one. */
#include <cp/merge.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context), *q = NULL;
	struct cp_merge *merge;
	struct cp_error err;

	OPTIONS(cp_merge_options, options);
	OPTIONS(cp_merge_input, input);
	options.types = CP_MERGE_UNION;
	options.max_stacks = 1000;
	MUST(!cp_merge_new(context, &options, &merge, &err));
	MUST(!cp_merge_add(merge, p, NULL, &err));
	input.weight = 2;
	MUST(!cp_merge_add(merge, p, &input, &err));
	MUST(!cp_merge_skip(merge, "truncated", 2, &err));
	input.size = 0;
	MUST(cp_merge_add(merge, p, &input, &err) == CP_ERROR_ARGUMENT);
	MUST(!cp_merge_finish(merge, &q, &err));
	MUST(cp_profile_sample_values(q, 0)[0] == 9);
	MUST(!strcmp(cp_profile_comment(q, cp_profile_counts(q).comments - 1).p,
		"cpmerge: left out (truncated): 2"));
	cp_profile_free(q);
	options.size = 0;
	MUST(cp_merge_new(context, &options, &merge, &err) == CP_ERROR_ARGUMENT);
	cp_merge_free(NULL);
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
