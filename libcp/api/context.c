/* SPDX-License-Identifier: Apache-2.0 */
#include "api/context.h"

#include <stdlib.h>

void cpi_options_copy(void *to, size_t ours, const void *from)
{
	size_t theirs = 0;

	memset(to, 0, ours);
	if (from)
		memcpy(&theirs, from, sizeof theirs);
	if (theirs)
		memcpy(to, from, theirs < ours ? theirs : ours);
	memcpy(to, &ours, sizeof ours);
}

struct cp_context *cp_context_new(const struct cp_context_options *options)
{
	struct cp_context *context = malloc(sizeof *context);
	struct cp_context_options full;

	if (!context)
		return NULL;
	cpi_options_copy(&full, sizeof full, options);
	cpi_env_init(&context->env, &full);
	return context;
}

void cp_context_free(struct cp_context *context)
{
	if (!context)
		return;
	cpi_env_release(&context->env);
	free(context);
}

void cp_context_flush_diagnostics(struct cp_context *context)
{
	cpi_diag_flush(&context->env.diag);
}

uint64_t cp_context_warnings(const struct cp_context *context)
{
	return context->env.diag.total;
}

uint64_t cp_context_peak_memory(const struct cp_context *context)
{
	return atomic_load(&context->env.mem.peak);
}

bool cp_context_fault(struct cp_context *context, const void *address)
{
	return cpi_guard_fault(&context->env.guard, address);
}

uint64_t cp_context_memory_limit(const struct cp_context *context, bool *ret_reached)
{
	*ret_reached = atomic_load(&context->env.mem.reached);
	return context->env.limits.memory;
}
