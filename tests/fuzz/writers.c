/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every writer, report and picture of whatever can be read; what a format writes and reads
 * must be readable again.
 */
#include "api.h"

static void formats(struct cp_context *context, const struct cp_profile *profile)
{
	const struct cp_format *format;
	struct cp_error err;

	for (size_t i = 0; (format = cp_format_at(i)); i++) {
		struct fuzz_text text = {0};
		struct cp_profile *again;

		if (!format->writes)
			continue;
		if (!cp_profile_write(context, profile, format->name, NULL, fuzz_collect,
			    &text, &err) &&
			format->reads && !strcmp(format->name, "pprof")) {
			again = fuzz_read(context, text.p, text.n);
			if (!again)
				abort();
			cp_profile_free(again);
		}
		free(text.p);
	}
}

static void reports(struct cp_context *context, const struct cp_profile *profile)
{
	static const char *const rows[][2] = {{"top", "text"}, {"top", "json"},
		{"top", "csv"}, {"tree", "text"}, {"traces", "text"}, {"tags", "text"},
		{"tags", "csv"}, {"comments", "text"}, {"dot", "text"}};
	const struct cp_report_options options = {
		.size = sizeof options, .node_count = 50, .node_fraction = -1};
	struct cp_error err;
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		(void)cp_report_write(context, profile, rows[i][0], rows[i][1], &options,
			fuzz_sum, &sum, &err);
}

static void pictures(struct cp_context *context, const struct cp_profile *profile)
{
	struct cp_flame_options options = {.size = sizeof options};
	struct cp_flame *flame;
	struct cp_error err;
	unsigned sum = 0;

	if (cp_flame_new(context, &options, &flame, &err))
		return;
	if (!cp_flame_add(flame, profile, CP_FLAME_AFTER, &err))
		(void)cp_flame_write(flame, fuzz_sum, &sum, &err);
	cp_flame_free(flame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_context *context = fuzz_context();
	struct cp_profile *profile = fuzz_read(context, data, size);

	if (profile) {
		formats(context, profile);
		reports(context, profile);
		pictures(context, profile);
	}
	cp_profile_free(profile);
	fuzz_context_end(context);
	return 0;
}
