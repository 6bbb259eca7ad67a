/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_FUZZ_API_H
#define CP_FUZZ_API_H

/* For targets that go through the public functions, with limits that keep a run short. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cp/cp.h>

#include "api/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct cp_context *fuzz_context(void)
{
	const struct cp_context_options options = {.size = sizeof options,
		.threads = 1,
		.limits.memory = 128 << 20,
		.limits.inflated = 8 << 20,
		.limits.frames = 1 << 20,
		.limits.output = 16 << 20,
		.limits.regex_total = 100000};
	struct cp_context *context = cp_context_new(&options);

	if (!context)
		abort();
	return context;
}

static inline void fuzz_context_end(struct cp_context *context)
{
	if (context->env.mem.used)
		abort();
	cp_context_free(context);
}

/* NULL when it is no profile. */
static inline struct cp_profile *fuzz_read(
	struct cp_context *context, const uint8_t *data, size_t size)
{
	struct cp_profile *profile = NULL;
	struct cp_input *input;
	struct cp_error err;

	if (cp_input_memory(context, data, size, "fuzz", &input, &err))
		return NULL;
	if (cp_profile_read(context, input, NULL, NULL, &profile, &err))
		profile = NULL;
	else if (cp_profile_check(profile, &err))
		abort();
	cp_input_free(input);
	return profile;
}

/* Bytes that are written are looked at, so that a sanitizer sees them. */
static inline int fuzz_sum(void *arg, const void *bytes, size_t n)
{
	unsigned *sum = arg;

	for (size_t i = 0; i < n; i++)
		*sum += ((const uint8_t *)bytes)[i];
	return 0;
}

struct fuzz_text {
	uint8_t *p;
	size_t n;
};

static inline int fuzz_collect(void *arg, const void *bytes, size_t n)
{
	struct fuzz_text *text = arg;
	uint8_t *p = realloc(text->p, text->n + n + 1);

	if (!p)
		abort();
	memcpy(p + text->n, bytes, n);
	text->p = p;
	text->n += n;
	return 0;
}

#endif
