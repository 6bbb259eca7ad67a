/* SPDX-License-Identifier: Apache-2.0 */
/* An expression, a zero byte, a profile: as focus, tagfocus and the profile's own. */
#include "api.h"

static void filter(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_filter_options *options)
{
	struct cp_profile *made = NULL;
	struct cp_error err;

	if (!cp_profile_filter(context, profile, options, &made, &err) &&
		cp_profile_check(made, &err))
		abort();
	cp_profile_free(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = memchr(data, 0, size < 200 ? size : 200);
	const char *text = (const char *)data;
	struct cp_context *context;
	struct cp_profile *profile;

	if (!zero)
		return 0;
	context = fuzz_context();
	profile = fuzz_read(context, zero + 1, size - (size_t)(zero + 1 - data));
	if (profile) {
		const struct cp_filter_options ways[] = {
			{.size = sizeof *ways, .focus = text, .drop_frames = true},
			{.size = sizeof *ways, .hide = text, .granularity = CP_BY_LINE},
			{.size = sizeof *ways, .show_from = text, .prune_from = text},
			{.size = sizeof *ways, .tagfocus = text, .taghide = text},
			{.size = sizeof *ways, .tagroot = text, .tagleaf = text},
		};

		for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
			filter(context, profile, &ways[i]);
	}
	cp_profile_free(profile);
	fuzz_context_end(context);
	return 0;
}
