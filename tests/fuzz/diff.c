/* SPDX-License-Identifier: Apache-2.0 */
/* Two folded profiles behind a byte that says where the first ends, compared and written. */
#include "api.h"

static void write(struct cp_context *context, const struct cp_diff *diff)
{
	static const char *const forms[] = {"text", "markdown", "csv", "json"};
	const struct cp_diff_write_options options = {.size = sizeof options};
	struct cp_error err;
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		(void)cp_diff_write(
			context, diff, forms[i], &options, fuzz_sum, &sum, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cp_diff_options options = {.size = sizeof options};
	struct cp_profile *side[2];
	struct cp_context *context;
	struct cp_diff *diff = NULL;
	struct cp_error err;
	size_t first;

	if (size < 2)
		return 0;
	first = (size - 1) * data[0] / 256;
	context = fuzz_context();
	side[0] = fuzz_read(context, data + 1, first);
	side[1] = fuzz_read(context, data + 1 + first, size - 1 - first);
	if (side[0] && side[1] && !cp_diff_new(context, &options, &diff, &err)) {
		if (!cp_diff_add(diff, CP_BEFORE, side[0], NULL, &err) &&
			!cp_diff_add(diff, CP_AFTER, side[1], NULL, &err) &&
			!cp_diff_finish(diff, &err))
			write(context, diff);
		cp_diff_free(diff);
	}
	cp_profile_free(side[0]);
	cp_profile_free(side[1]);
	fuzz_context_end(context);
	return 0;
}
