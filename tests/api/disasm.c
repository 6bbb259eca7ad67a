/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions are asked for, of a profile that has none: an error, and a located one. */
#include <cp/disasm.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_disasm *disasm = NULL;
	struct cp_error err;

	OPTIONS(cp_report_options, report);
	OPTIONS(cp_disasm_options, options);
	report.regex = "nothing has this name";
	options.report = &report;
	MUST(cp_disasm_new(context, p, &options, &disasm, &err) && *err.message);
	MUST(!disasm);
	report.size = 0;
	MUST(cp_disasm_new(context, p, &options, &disasm, &err) == CP_ERROR_ARGUMENT);
	MUST(strstr(err.message, "size"));
	cp_disasm_free(disasm);
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
