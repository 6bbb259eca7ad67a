/* SPDX-License-Identifier: Apache-2.0 */
/* A symbolized profile is a new one. */
#include <cp/symbolize.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context), *q = NULL;
	struct cp_symbol_report *report = NULL;
	struct cp_error err;

	OPTIONS(cp_symbolize_options, options);
	options.demangle = CP_DEMANGLE_FULL;
	MUST(!cp_profile_symbolize(context, p, &options, &q, &report, &err));
	MUST(q != p && cp_profile_counts(q).samples == cp_profile_counts(p).samples);
	MUST(!cp_profile_check(q, &err));
	for (size_t i = 0; i < cp_symbol_report_count(report); i++)
		MUST(cp_symbol_report_image(report, i));
	cp_symbol_report_free(report);
	cp_profile_free(q);
	q = NULL;
	MUST(!cp_profile_symbolize(context, p, NULL, &q, NULL, &err));
	cp_profile_free(q);
	options.size = 0;
	MUST(cp_profile_symbolize(context, p, &options, &q, NULL, &err) ==
		CP_ERROR_ARGUMENT);
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
