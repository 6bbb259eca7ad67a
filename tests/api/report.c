/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for people and for programs. */
#include <cp/report.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_error err;
	int64_t total = 0;
	static struct text text;

	OPTIONS(cp_report_options, options);
	MUST(!cp_report_total(p, NULL, false, &total, &err) && total == 4);
	MUST(!cp_report_write(
		context, p, "top", "csv", &options, use_write, &text, &err));
	MUST(strstr(text.p, "work") && strstr(text.p, ",3,3,"));
	options.size = 0;
	MUST(cp_report_write(context, p, "top", "csv", &options, use_write, &text,
		     &err) == CP_ERROR_ARGUMENT);
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
