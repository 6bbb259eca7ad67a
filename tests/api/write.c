/* SPDX-License-Identifier: Apache-2.0 */
/* A profile becomes bytes. */
#include <cp/write.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_error err;
	static struct text text;

	OPTIONS(cp_write_options, options);
	options.root = CP_ROOT_NONE;
	MUST(!cp_profile_write(context, p, "folded", &options, use_write, &text, &err));
	MUST(!strcmp(text.p, "main;idle 1\nmain;work 3\n"));
	MUST(cp_profile_write(context, p, "nothing", &options, use_write, &text, &err) ==
		CP_ERROR_ARGUMENT);
	options.size = 0;
	MUST(cp_profile_write(context, p, "folded", &options, use_write, &text, &err) ==
		CP_ERROR_ARGUMENT);
	MUST(cp_format_at(0)->name);
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
