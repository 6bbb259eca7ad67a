/* SPDX-License-Identifier: Apache-2.0 */
/* One job on all threads. */
#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>

struct batch {
	cpi_job_fn *job;
	void *arg;
	size_t n;
	atomic_size_t next;
};

struct worker {
	struct batch *batch;
	pthread_t thread;
	unsigned number;
};

static void work(struct batch *batch, unsigned number)
{
	size_t i;

	while ((i = atomic_fetch_add(&batch->next, 1)) < batch->n)
		batch->job(batch->arg, i, number);
}

static void *thread_main(void *arg)
{
	struct worker *self = arg;

	work(self->batch, self->number);
	return NULL;
}

void cpi_pool_run(struct cpi_env *env, size_t n, cpi_job_fn *job, void *arg)
{
	struct batch batch = {.job = job, .arg = arg, .n = n};
	unsigned threads = n < env->threads ? (unsigned)n : env->threads, started = 1;
	struct worker *worker = NULL;

	/*
	 * Threads are made per call: 20 µs each here, against batches of milliseconds. A
	 * standing pool would need a shutdown order and would survive in forks.
	 */
	if (threads > 1)
		worker = cpi_alloc_array(&env->mem, threads, sizeof *worker);
	for (; worker && started < threads; started++) {
		worker[started].batch = &batch;
		worker[started].number = started;
		if (pthread_create(
			    &worker[started].thread, NULL, thread_main, &worker[started]))
			break;
	}
	work(&batch, 0);
	for (unsigned i = 1; worker && i < started; i++)
		pthread_join(worker[i].thread, NULL);
	if (worker)
		cpi_free(&env->mem, worker, threads * sizeof *worker);
}
