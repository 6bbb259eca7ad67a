/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ENV_H
#define CPI_ENV_H

/*
 * What every operation needs from the context it runs in, and all that the layers below
 * api/ know of it.
 */

#include "base/diag.h"
#include "base/error.h"
#include "base/guard.h"
#include "base/mem.h"

struct cpi_env {
	struct cpi_mem mem;
	struct cpi_diag diag;
	struct cpi_guard guard;
	struct cp_limits limits; /* defaults filled in */
	unsigned threads;        /* at least 1 */
	cp_progress_fn *progress;
	void *progress_arg;
	int64_t started; /* seconds of CLOCK_MONOTONIC */
};

/* Fills defaults; `options` may be NULL. */
void cpi_env_init(struct cpi_env *env, const struct cp_context_options *options);
void cpi_env_release(struct cpi_env *env);

/*
 * Asks the caller's progress callback: CP_ERROR_CANCELLED when it wants to stop; and the
 * clock, if there is a limit on time.
 */
enum cp_code cpi_env_progress(struct cpi_env *env, double done, struct cp_error *err);

#endif
