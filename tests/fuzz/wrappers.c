/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an input: wrappers in wrappers, detection, and whatever reader follows. */
#include "api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_context *context = fuzz_context();

	cp_profile_free(fuzz_read(context, data, size));
	fuzz_context_end(context);
	return 0;
}
