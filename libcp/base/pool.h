/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_POOL_H
#define CPI_POOL_H

#include <stddef.h>

#include "base/env.h"

/*
 * Runs job(arg, i, worker) for every i in [0, n), spread over env->threads threads of
 * which the caller is one; returns when all are done. `worker` is in [0, env->threads),
 * for per-thread scratch. Jobs are handed out in increasing order of i but finish in any
 * order: a deterministic result is the job's duty (write to slot i, merge afterwards).
 * With one thread, one job, or when no thread can be started, the caller runs the rest.
 */
typedef void cpi_job_fn(void *arg, size_t i, unsigned worker);

void cpi_pool_run(struct cpi_env *env, size_t n, cpi_job_fn *job, void *arg);

#endif
