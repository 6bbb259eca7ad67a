/* SPDX-License-Identifier: Apache-2.0 */
#include "base/env.h"

#include <string.h>
#include <unistd.h>

#define OR(value, otherwise) ((value) ? (value) : (otherwise))

void cpi_env_init(struct cpi_env *env, const struct cp_context_options *options)
{
	static const struct cp_context_options none = {.size = sizeof none};
	const struct cp_context_options *o = options ? options : &none;
	long processors;

	memset(env, 0, sizeof *env);
	env->limits = o->limits;
	env->limits.inflated = OR(o->limits.inflated, 64ULL << 30);
	env->limits.ratio = OR(o->limits.ratio, 2000);
	env->limits.stack_depth = OR(o->limits.stack_depth, 1u << 20);
	env->limits.string_length = OR(o->limits.string_length, 16u << 20);
	env->limits.regex_steps = OR(o->limits.regex_steps, 1000000);
	env->threads = o->threads;
	if (!env->threads) {
		processors = sysconf(_SC_NPROCESSORS_ONLN);
		env->threads = processors > 0 ? (unsigned)processors : 1;
	}
	if (env->threads > 256)
		env->threads = 256;
	env->progress = o->progress;
	env->progress_arg = o->progress_arg;
	cpi_mem_init(&env->mem, (size_t)o->limits.memory);
	cpi_guard_init(&env->guard, o->map_files);
	cpi_diag_init(&env->diag, o->diagnostic, o->diagnostic_arg, o->strict);
}

void cpi_env_release(struct cpi_env *env)
{
	cpi_diag_release(&env->diag);
	cpi_guard_release(&env->guard);
}

enum cp_code cpi_env_progress(struct cpi_env *env, double done, struct cp_error *err)
{
	if (env->progress && env->progress(done, env->progress_arg))
		return cpi_error(err, CP_ERROR_CANCELLED, CP_NO_OFFSET, "cancelled");
	return CP_OK;
}
