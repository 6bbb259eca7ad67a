/* SPDX-License-Identifier: Apache-2.0 */
/* The source of a profile, as JSON. */
#include <cp/source.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_source *source;
	struct cp_error err;
	static struct text text;

	OPTIONS(cp_report_options, report);
	OPTIONS(cp_source_options, options);
	report.regex = "work";
	options.report = &report;
	MUST(!cp_source_new(context, p, &options, &source, &err));
	MUST(cp_source_rows(source));
	MUST(!cp_source_write(source, "json", use_write, &text, &err));
	MUST(strstr(text.p, "libcp.source"));
	cp_source_free(source);
	report.size = 0;
	MUST(cp_source_new(context, p, &options, &source, &err) == CP_ERROR_ARGUMENT);
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
