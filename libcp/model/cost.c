/* SPDX-License-Identifier: Apache-2.0 */
/* Frames in all: counted only where a bound does not settle it. */
#include "model/cost.h"

#include "base/error.h"
#include "base/limits.h"

enum { INLINED = 16, FREE_STACKS = 4 << 20, FREE_SAMPLES = 256 << 20, A_SAMPLE = 256 };

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

struct count {
	const struct cp_profile *p;
	uint64_t longest; /* lines of a location, at least 1 */
	uint64_t deepest; /* locations of a stack */
	uint64_t most_stacks, most_samples;
};

static void bounds(struct count *c)
{
	const struct cp_profile *p = c->p;

	c->longest = 1;
	for (size_t i = 0; i < p->location.n; i++)
		if (p->location.v[i].n_lines > c->longest)
			c->longest = p->location.v[i].n_lines;
	for (size_t i = 1; i < p->stack_end.n; i++)
		if (p->stack_end.v[i] - p->stack_end.v[i - 1] > c->deepest)
			c->deepest = p->stack_end.v[i] - p->stack_end.v[i - 1];
}

static uint64_t stack_frames(const struct cp_profile *p, cp_stack stack)
{
	uint64_t frames = 0;
	uint32_t n;
	const cp_location *frame = cpi_profile_frames(p, stack, &n);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t lines = p->location.v[frame[i].i].n_lines;

		frames += lines ? lines : 1;
	}
	return frames;
}

static enum cp_code too_many(const char *where, uint64_t most, struct cp_error *err)
{
	return cpi_limit_error(err, CP_NO_OFFSET, "frames",
		"the %s have more than %llu frames, inlined ones included", where,
		(unsigned long long)most);
}

/* Exactly, with an early end: sums stay below 2^32 stacks of 2^52 frames. */
static enum cp_code count_stacks(const struct count *c, struct cp_error *err)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 1; i < c->p->stack_end.n && sum <= c->most_stacks; i++)
		sum = add(sum, stack_frames(c->p, (cp_stack){(uint32_t)i}));
	if (sum <= c->most_stacks)
		return CP_OK;
	(void)too_many("stacks", c->most_stacks, err);
	cpi_error_context(err, "stack %zu", i - 2);
	return CP_ERROR_LIMIT;
}

static enum cp_code count_samples(
	struct cpi_env *env, const struct count *c, struct cp_error *err)
{
	const struct cp_profile *p = c->p;
	uint64_t *frames = cpi_alloc_array(&env->mem, p->stack_end.n, sizeof *frames);
	uint64_t sum = 0;
	size_t i;

	if (!frames)
		return cpi_error_memory(err);
	for (i = 0; i < p->stack_end.n; i++)
		frames[i] = i ? stack_frames(p, (cp_stack){(uint32_t)i}) : 0;
	for (i = 0; i < p->sample_stack.n && sum <= c->most_samples; i++)
		sum = add(sum, frames[p->sample_stack.v[i].i]);
	cpi_free(&env->mem, frames, p->stack_end.n * sizeof *frames);
	if (sum <= c->most_samples)
		return CP_OK;
	(void)too_many("samples", c->most_samples, err);
	cpi_error_context(err, "sample %zu", i - 1);
	return CP_ERROR_LIMIT;
}

enum cp_code cpi_profile_frames_check(
	struct cpi_env *env, const struct cp_profile *p, struct cp_error *err)
{
	struct count c = {.p = p};
	uint64_t asked = env->limits.frames, rows = times(p->frame.n, INLINED);
	enum cp_code code = CP_OK;

	bounds(&c);
	c.most_stacks = asked ? asked : add(rows, FREE_STACKS);
	c.most_samples = asked ? asked
			       : add(rows, add(times(p->sample_stack.n, A_SAMPLE),
						FREE_SAMPLES));
	if (times(p->frame.n, c.longest) > c.most_stacks)
		code = count_stacks(&c, err);
	if (!code && times(times(p->sample_stack.n, c.deepest), c.longest) >
			     c.most_samples)
		code = count_samples(env, &c, err);
	return code;
}

uint64_t cpi_profile_output_limit(const struct cpi_env *env, const struct cp_profile *p)
{
	uint64_t rows = p->frame.n + p->sample_stack.n + p->location.n + p->string.n +
			p->line.n;

	return env->limits.output ? env->limits.output : add(times(rows, 1024), 1 << 30);
}
