/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles made by a program, and what the builder does not take. */
#include <cp/build.h>

#include "use.h"

/* One thing that is wrong; finish must say so. */
static void refuse(struct cp_context *context, int what, const char *why)
{
	struct cp_builder *b;
	struct cp_profile *p = NULL;
	struct cp_value_type type;
	struct cp_function_row row;
	cp_stack stack = {9};
	cp_labels none = {0};
	cp_location location = {0};
	int64_t value = 1;
	struct cp_error err;

	MUST(!cp_builder_new(context, &b, &err));
	memset(&type, 0, sizeof type);
	memset(&row, 0, sizeof row);
	type.type = cp_builder_str(b, "x");
	cp_builder_sample_type(b, &type);
	if (what == 0)
		cp_builder_sample(b, stack, none, &value, 1, CP_NO_TIME);
	stack.i = 0;
	if (what == 1)
		cp_builder_sample(b, stack, none, &value, 0, CP_NO_TIME);
	cp_builder_sample(b, stack, none, &value, 1, CP_NO_TIME);
	if (what == 2)
		cp_builder_sample(b, stack, none, &value, 1, 5);
	if (what == 3)
		cp_builder_sample_type(b, &type);
	row.name.i = 100;
	if (what == 4)
		MUST(!cp_builder_function(b, &row).i);
	if (what == 5)
		MUST(!cp_builder_stack(b, &location, 1).i);
	MUST(cp_builder_finish(b, &p, &err) == CP_ERROR_ARGUMENT);
	MUST(!p && strstr(err.message, why));
}

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_builder *b;

	MUST(!cp_profile_check(p, NULL));
	MUST(cp_profile_counts(p).samples == 2);
	cp_profile_free(p);
	refuse(context, 0, "stack");
	refuse(context, 1, "values");
	refuse(context, 2, "time");
	refuse(context, 3, "behind a sample");
	refuse(context, 4, "string");
	refuse(context, 5, "no location");
	MUST(!cp_builder_new(context, &b, NULL));
	cp_builder_free(b);
	MUST(cp_builder_new(NULL, &b, NULL) == CP_ERROR_ARGUMENT);
	cp_context_free(context);
	return 0;
}
