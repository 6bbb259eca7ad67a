/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts and their options, and how structs of options of other versions are taken. */
#include "api/context.h"

#include <stdlib.h>

#include <cpi_version.h> /* made by meson */

/* A size beyond this is no struct's but whatever stood in an uninitialised one. */
enum { LARGEST_OPTIONS = 4096 };

enum cp_code cpi_options_copy(
	void *to, size_t ours, const void *from, struct cp_error *err)
{
	const uint8_t *bytes = from;
	size_t theirs = sizeof theirs;

	memset(to, 0, ours);
	if (from)
		memcpy(&theirs, from, sizeof theirs);
	if (theirs < sizeof theirs || theirs > LARGEST_OPTIONS)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"a struct of options has a size of %zu; set its member `size` to "
			"sizeof of the struct",
			theirs);
	for (size_t i = ours; i < theirs; i++)
		if (bytes[i])
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"an option is set that libcp %s does not know",
				cp_version());
	if (from)
		memcpy(to, from, theirs < ours ? theirs : ours);
	memcpy(to, &ours, sizeof ours);
	return CP_OK;
}

enum cp_code cpi_context_check(const struct cp_context *context, struct cp_error *err)
{
	return context ? CP_OK
		       : cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				 "there is no context");
}

enum cp_code cpi_options_take(const struct cp_context *context, void *to, size_t ours,
	const void *from, struct cp_error *err)
{
	enum cp_code code = cpi_context_check(context, err);

	return code ? code : cpi_options_copy(to, ours, from, err);
}

const char *cp_version(void)
{
	return CPI_VERSION;
}

struct cp_context *cp_context_new(const struct cp_context_options *options)
{
	struct cp_context *context;
	struct cp_context_options full;

	if (cpi_options_copy(&full, sizeof full, options, NULL))
		return NULL;
	context = malloc(sizeof *context);
	if (context)
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
