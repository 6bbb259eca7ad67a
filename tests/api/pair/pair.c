/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of another libcp's time; see run.py. ADDED: its structs have a member more,
 * which it sets. Else their last member is not there.
 */
#include <cp/read.h>
#include <cp/write.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_error err;
	static struct text text;

	OPTIONS(cp_context_options, options);
	OPTIONS(cp_write_options, write);
	write.root = CP_ROOT_NONE;
	MUST(!cp_profile_write(context, p, "folded", &write, use_write, &text, &err));
#if ADDED
	write.cp_added = 1;
	MUST(cp_profile_write(context, p, "folded", &write, use_write, &text, &err) ==
		CP_ERROR_ARGUMENT);
	MUST(strstr(err.message, "does not know"));
	options.cp_added = 1;
	MUST(!cp_context_new(&options));
	options.cp_added = 0;
#endif
	cp_profile_free(p);
	cp_context_free(context);
	context = cp_context_new(&options);
	MUST(context);
	cp_context_free(context);
	return 0;
}
