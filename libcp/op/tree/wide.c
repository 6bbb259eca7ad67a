/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wide part of a tree alone, for a first look: a node that has less than a share of
 * everything counts as its parent's own.
 *
 * The workload: a million stacks whose tree has five million nodes, of which some
 * thousand can be seen. Stacks go down a frame at a time, so a node's whole weight is
 * known before anything below it is made, and they stay behind where it gets narrow.
 * Neighbours that are one so far go as one run, which parts where they do: their common
 * beginnings are measured once, and sums of values make a run's weight a subtraction.
 */
#include "op/tree/add.h"

/* Neighbouring stacks that are the same up to here: kept[first] … kept[last - 1]. */
struct run {
	uint32_t first, last, node;
	uint32_t level, step; /* next: of the locations from the root, of its frames */
};

struct run_vec {
	struct run *v;
	size_t n, cap;
};

struct seeking {
	struct tree_adding *a;
	uint32_t type, n;
	uint32_t *kept; /* samples with a value */
	uint32_t *same; /* by kept: locations that are those of the one before, at the
			   root's side */
	int64_t *sum;   /* by kept: of the values before it; n + 1 */
	struct run_vec now, next;
	CPI_VEC(int64_t) weight; /* by node */
};

/* A stack's location, counted from the root; none behind its end. */
static cp_location location_at(const struct seeking *s, uint32_t kept, uint32_t level)
{
	const struct tree_adding *a = s->a;
	uint32_t n;
	const cp_location *frame =
		cpi_profile_frames(a->p, a->p->sample_stack.v[s->kept[kept]], &n);

	if (level >= n)
		return (cp_location){0};
	return frame[a->tree->options.reverse ? level : n - 1 - level];
}

static uint32_t measure(const struct seeking *s, uint32_t sample, uint32_t before)
{
	const struct cp_profile *p = s->a->p;
	uint32_t n, m, same = 0;
	const cp_location *x = cpi_profile_frames(p, p->sample_stack.v[sample], &n);
	const cp_location *y = cpi_profile_frames(p, p->sample_stack.v[before], &m);
	uint32_t most = n < m ? n : m;

	if (s->a->tree->options.reverse)
		while (same < most && x[same].i == y[same].i)
			same++;
	else
		while (same < most && x[n - 1 - same].i == y[m - 1 - same].i)
			same++;
	return same;
}

/* What is not drawn stays out. */
static bool keep(struct seeking *s, uint32_t samples)
{
	const struct cp_profile *p = s->a->p;
	int64_t total = 0;

	for (uint32_t i = 0; i < samples; i++) {
		int64_t value = p->value.v[(size_t)i * p->sample_type.n + s->type];

		s->a->tree->negative += value < 0;
		if (value <= 0)
			continue;
		s->kept[s->n] = i;
		s->same[s->n] = s->n ? measure(s, i, s->kept[s->n - 1]) : 0;
		s->sum[s->n++] = total;
		if (__builtin_add_overflow(total, value, &total)) {
			(void)cpi_error(s->a->err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"a sum of sample values exceeds 64 bits");
			return false;
		}
	}
	s->sum[s->n] = total;
	return true;
}

/* The run stays where it is. */
static bool settle(struct seeking *s, const struct run *run, uint32_t node)
{
	struct cpi_tree *tree = s->a->tree;

	tree->samples[s->a->column] += run->last - run->first - 1;
	return cpi_tree_count(s->a, node, s->sum[run->last] - s->sum[run->first]);
}

/* Moves a run to a child, where its weight is added. */
static bool go(struct seeking *s, struct run run, struct tree_step step)
{
	struct tree_adding *a = s->a;
	struct cpi_mem *mem = &a->tree->env->mem;

	if (!cpi_tree_descend(a, &run.node, step) ||
		!cpi_tree_meet_line(a, run.node, step.line))
		return false;
	while (s->weight.n <= run.node)
		if (!cpi_vec_push(mem, &s->weight, 0))
			return cpi_tree_out_of_memory(a);
	/* Below the sum of all values, which was seen to fit. */
	s->weight.v[run.node] += s->sum[run.last] - s->sum[run.first];
	return cpi_vec_push(mem, &s->next, run) || cpi_tree_out_of_memory(a);
}

/* One frame further, for stacks that have it in common. */
static bool step_on(struct seeking *s, struct run run)
{
	struct tree_adding *a = s->a;
	cp_location location = location_at(s, run.first, run.level);
	const struct tree_place *place = &a->place[location.i];
	uint32_t at;

	if (!location.i)
		return settle(s, &run, run.node);
	if (!place->n && !cpi_tree_make_place(a, location))
		return false;
	at = a->tree->options.reverse ? place->n - 1 - run.step : run.step;
	if (++run.step == place->n) {
		run.level++;
		run.step = 0;
	}
	return go(s, run, a->step.v[place->first + at]);
}

/* Parts a run where its stacks part. */
static bool part(struct seeking *s, struct run run)
{
	struct run piece = run;

	for (uint32_t i = run.first + 1; !run.step && i < run.last; i++) {
		if (s->same[i] > run.level)
			continue;
		piece.last = i;
		if (!step_on(s, piece))
			return false;
		piece.first = i;
	}
	piece.last = run.last;
	return step_on(s, piece);
}

/* Runs in nodes that turned out narrow stay with the parent. */
static bool leave_narrow(struct seeking *s, double least)
{
	struct cpi_tree *tree = s->a->tree;
	size_t n = 0;

	for (size_t i = 0; i < s->next.n; i++) {
		const struct run *run = &s->next.v[i];

		if ((double)s->weight.v[run->node] >= least) {
			s->next.v[n++] = *run;
			continue;
		}
		tree->pruned = true;
		if (!settle(s, run, tree->row.v[run->node].parent))
			return false;
	}
	s->next.n = n;
	return true;
}

/* Everybody at the root, or at the frame of the task. */
static bool begin(struct seeking *s)
{
	struct tree_adding *a = s->a;
	struct tree_step step = {0}, root;
	struct run run = {0};

	for (uint32_t i = 0; i <= s->n; i++) {
		if (i < s->n &&
			!cpi_tree_find_root(a, a->p->sample_labels.v[s->kept[i]], &root))
			return false;
		if (i && (i == s->n || root.frame != step.frame)) {
			run.last = i;
			if (step.frame ? !go(s, run, step)
				       : !cpi_vec_push(&a->tree->env->mem, &s->next, run))
				return step.frame ? false : cpi_tree_out_of_memory(a);
			run.first = i;
		}
		step = root;
	}
	return true;
}

static bool seek(struct seeking *s)
{
	double least = (double)s->sum[s->n] * s->a->tree->options.least;

	if (!begin(s))
		return false;
	while (s->next.n) {
		struct run_vec spent = s->now;

		s->now = s->next;
		s->next = spent;
		s->next.n = 0;
		for (size_t i = 0; i < s->now.n; i++)
			if (!part(s, s->now.v[i]))
				return false;
		if (!leave_narrow(s, least))
			return false;
	}
	return true;
}

bool cpi_tree_walk_wide(struct tree_adding *a, uint32_t type)
{
	struct cpi_mem *mem = &a->tree->env->mem;
	uint32_t n = cpi_profile_n_samples(a->p);
	struct seeking s = {.a = a, .type = type};
	bool ok;

	s.kept = cpi_alloc_array(mem, n, sizeof *s.kept);
	s.same = cpi_alloc_array(mem, n, sizeof *s.same);
	s.sum = cpi_alloc_array(mem, (size_t)n + 1, sizeof *s.sum);
	ok = s.kept && s.same && s.sum ? keep(&s, n) : cpi_tree_out_of_memory(a);
	ok = ok && (!s.n || seek(&s));
	cpi_free(mem, s.kept, n * sizeof *s.kept);
	cpi_free(mem, s.same, n * sizeof *s.same);
	cpi_free(mem, s.sum, ((size_t)n + 1) * sizeof *s.sum);
	cpi_vec_release(mem, &s.now);
	cpi_vec_release(mem, &s.next);
	cpi_vec_release(mem, &s.weight);
	return ok;
}
