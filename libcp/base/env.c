/* SPDX-License-Identifier: Apache-2.0 */
/* What all operations of a context share. */
#include "base/env.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"

static int64_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void cpi_env_init(struct cpi_env *env, const struct cp_context_options *options)
{
	static const struct cp_context_options none = {.size = sizeof none};
	const struct cp_context_options *o = options ? options : &none;
	long processors;

	memset(env, 0, sizeof *env);
	env->limits = o->limits;
	cpi_limits_fill(&env->limits);
	env->started = seconds_now();
	env->threads = o->threads;
	if (!env->threads) {
		processors = sysconf(_SC_NPROCESSORS_ONLN);
		env->threads = processors > 0 ? (unsigned)processors : 1;
	}
	if (env->threads > 256)
		env->threads = 256;
	env->progress = o->progress;
	env->progress_arg = o->progress_arg;
	cpi_mem_init(&env->mem,
		env->limits.memory < SIZE_MAX ? (size_t)env->limits.memory : SIZE_MAX);
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
	if (env->limits.seconds && seconds_now() - env->started >= env->limits.seconds)
		return cpi_limit_error(err, CP_NO_OFFSET, "seconds",
			"the input takes more than %u s", env->limits.seconds);
	return CP_OK;
}
