/* SPDX-License-Identifier: Apache-2.0 */
/* Units with addresses, spread over all threads. */
#include "base/error.h"
#include "base/pool.h"
#include "object/dwarf/resolve.h"

struct cpi_dwarf_batch *cpi_dwarf_batch_add(
	struct cpi_dwarf_resolution *r, struct cp_error *err)
{
	struct cpi_dwarf_batch *batch = cpi_alloc_zero(&r->env->mem, sizeof *batch);

	if (!batch) {
		cpi_error_memory(err);
		return NULL;
	}
	if (r->last)
		r->last->next = batch;
	else
		r->first = batch;
	r->last = batch;
	return batch;
}

void cpi_dwarf_batches_release(struct cpi_dwarf_resolution *r)
{
	struct cpi_mem *mem = &r->env->mem;

	while (r->first) {
		struct cpi_dwarf_batch *batch = r->first;

		for (size_t i = 0; i < batch->job.n; i++) {
			struct cpi_dwarf_job *job = &batch->job.v[i];

			cpi_vec_release(mem, &job->frame);
			cpi_vec_release(mem, &job->scope);
			cpi_free(mem, job->query, job->n * sizeof *job->query);
		}
		cpi_vec_release(mem, &batch->job);
		r->first = batch->next;
		cpi_free(mem, batch, sizeof *batch);
	}
	r->last = NULL;
}

enum cp_code cpi_dwarf_batch_prepare(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_batch *batch, size_t from, size_t to, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	for (size_t i = from; i < to && !code; i++)
		code = cpi_dwarf_splits_attach(r->splits, batch->job.v[i].unit, err);
	return code;
}

/* A later unit's answer counts when it knows a function, or nobody knew anything. */
static void take_answers(struct cpi_dwarf_resolution *r, const struct cpi_dwarf_job *job)
{
	/* A job that failed has no frames; the call ends with that. */
	for (size_t i = 0; i < job->n && !job->code; i++) {
		const struct cpi_dwarf_query *query = &job->query[i];
		struct cpi_dwarf_answer *answer = &r->answer[query->index];
		uint32_t n = query->row.line;

		answer->asked = query->asked;
		answer->owned = n && job->frame.v[query->node].function;
		if (!n || (answer->n && !answer->owned))
			continue;
		answer->frame = job->frame.v + query->node;
		answer->n = n;
	}
}

void cpi_dwarf_batch_answers(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_batch *batch, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		take_answers(r, &batch->job.v[i]);
}

struct running {
	struct cpi_dwarf_resolution *r;
	struct cpi_dwarf_job *job;
};

static void run_job(void *arg, size_t i, unsigned worker)
{
	struct running *running = arg;

	cpi_dwarf_job_run(
		running->r->env, &running->job[i], &running->r->worker[worker]);
}

enum cp_code cpi_dwarf_batch_run(struct cpi_dwarf_resolution *r,
	struct cpi_dwarf_batch *batch, size_t from, size_t to, struct cp_error *err)
{
	struct running running = {r, NULL};
	enum cp_code code = cpi_dwarf_batch_prepare(r, batch, from, to, err);

	if (code || from == to)
		return code;
	running.job = batch->job.v + from;
	cpi_pool_run(r->env, to - from, run_job, &running);
	cpi_dwarf_batch_answers(r, batch, from, to);
	return CP_OK;
}
