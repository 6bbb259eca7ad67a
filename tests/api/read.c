/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in memory become a profile. */
#include <cp/read.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_input *input;
	struct cp_profile *p = NULL;
	struct cp_error err;

	OPTIONS(cp_read_options, options);
	options.time.unit = CP_TIME_ALL;
	options.labels = CP_LABEL_DEFAULT;
	MUST(!cp_input_memory(context, "a;b 1\n", 6, NULL, &input, &err));
	MUST(!strcmp(cp_input_format(input), "folded"));
	MUST(!cp_profile_read(context, input, &options, NULL, &p, &err));
	MUST(cp_profile_counts(p).samples == 1);
	cp_profile_free(p);
	options.size = 0;
	MUST(cp_profile_read(context, input, &options, NULL, &p, &err) ==
		CP_ERROR_ARGUMENT);
	cp_input_free(input);
	MUST(cp_input_open(context, "/nonexistent/file", &input, &err) ==
		CP_ERROR_SYSTEM);
	cp_context_free(context);
	return 0;
}
