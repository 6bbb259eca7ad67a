/* SPDX-License-Identifier: Apache-2.0 */
/* What is in an input, and what could be better. */
#include <cp/info.h>
#include <cp/read.h>

#include "use.h"

static void find(const struct cp_finding *finding, void *arg)
{
	(void)arg;
	MUST(finding->kind && finding->text);
}

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_input *input;
	struct cp_error err;
	bool damaged = true;
	static struct text text;

	MUST(!cp_input_memory(context, "a;b 1\n", 6, "x", &input, &err));
	MUST(!cp_info_write(
		context, input, NULL, "json", &damaged, use_write, &text, &err));
	MUST(!damaged && strstr(text.p, "libcp.info"));
	cp_input_free(input);
	MUST(!cp_profile_diagnose(context, p, NULL, find, NULL, &err));
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
