/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to the five functions with the most of the profile, largest first. */
#include <cp/cp.h>

#include "use.h"

static int print(void *arg, const void *bytes, size_t n)
{
	return fwrite(bytes, 1, n, (FILE *)arg) == n ? 0 : 5; /* EIO */
}

/* The example of ARCHITECTURE.md, which reads a file. */
static int top_five(const char *path, struct cp_error *err)
{
	struct cp_report_options options = {sizeof options};
	struct cp_symbolize_options symbols = {sizeof symbols};
	struct cp_context *context = cp_context_new(NULL);
	struct cp_input *input = NULL;
	struct cp_profile *profile = NULL;
	enum cp_code code = cp_input_open(context, path, &input, err);

	options.node_count = 5;
	options.compact = true;
	if (!code)
		code = cp_profile_read(context, input, NULL, &symbols, &profile, err);
	if (!code)
		code = cp_report_write(
			context, profile, "top", "text", &options, print, stdout, err);
	cp_profile_free(profile);
	cp_input_free(input);
	cp_context_free(context);
	return code;
}

int main(void)
{
	struct cp_error err;
	struct cp_time_span span;
	struct cp_gate gate;

	/* Names that C++ must be able to write. */
	span.unit = CP_TIME_NANOS;
	gate.what = CP_GATE_TOTAL;
	MUST(span.unit == CP_TIME_NANOS && gate.what == CP_GATE_TOTAL);
	MUST(top_five("/nonexistent/file", &err) == CP_ERROR_SYSTEM);
	return 0;
}
