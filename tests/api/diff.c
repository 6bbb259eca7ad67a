/* SPDX-License-Identifier: Apache-2.0 */
/* A profile compared with itself; gates. */
#include <cp/diff.h>

#include "use.h"

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_diff *diff;
	struct cp_gate gate;
	struct cp_gate_result result;
	struct cp_error err;
	static struct text text;

	OPTIONS(cp_diff_options, options);
	MUST(!cp_diff_new(context, &options, &diff, &err));
	MUST(!cp_diff_add(diff, CP_BEFORE, p, "a", &err));
	MUST(!cp_diff_add(diff, CP_AFTER, p, "b", &err));
	MUST(!cp_diff_finish(diff, &err));
	MUST(cp_diff_summary(diff)->n_before == 1 && cp_diff_count(diff) > 0);
	MUST(cp_diff_row(diff, 0)->name.n);
	MUST(!cp_diff_by(diff));
	memset(&gate, 0, sizeof gate);
	gate.what = CP_GATE_TOTAL;
	gate.limit = 0.05;
	MUST(!cp_diff_gates(diff, &gate, 1, &result, &err));
	MUST(result.answer != CP_GATE_FAIL);
	MUST(cp_verdict_name(CP_VERDICT_SAME));
	OPTIONS(cp_diff_write_options, write);
	write.sort = CP_DIFF_BY_NAME;
	MUST(!cp_diff_write(context, diff, "json", &write, use_write, &text, &err));
	MUST(text.n && text.p[0] == '{');
	write.size = 0;
	MUST(cp_diff_write(context, diff, "json", &write, use_write, &text, &err) ==
		CP_ERROR_ARGUMENT);
	cp_diff_free(diff);
	options.size = 0;
	MUST(cp_diff_new(context, &options, &diff, &err) == CP_ERROR_ARGUMENT);
	cp_profile_free(p);
	cp_context_free(context);
	return 0;
}
