/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions, paths and callers. Stacks are equal here when their functions are; values
 * are compared by size, so that what a difference took away counts as much as what it
 * added.
 */
#include "view/summary/rows.h"

#include "base/sort.h"

static uint64_t size_of(int64_t x)
{
	return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

static bool add(struct cpi_summary *s, int64_t *sum, int64_t x)
{
	s->overflow |= __builtin_add_overflow(*sum, x, sum);
	return !s->overflow;
}

/* flat and cum; a function counts once in a stack, however often it stands there. */
static bool count(struct cpi_summary *s)
{
	struct cpi_flat *flat = &s->flat;
	CPI_VEC(uint32_t) last = {0}; /* row + 1 that a frame was last seen in */
	bool fine = cpi_vec_reserve(&s->env->mem, &s->frame, flat->frame.n) &&
		    cpi_vec_reserve(&s->env->mem, &last, flat->frame.n);

	for (uint32_t i = 0; fine && i < flat->frame.n; i++) {
		s->frame.v[s->frame.n++] = (struct cpi_summary_row){.frame = i};
		last.v[last.n++] = 0;
	}
	for (size_t row = 0; fine && row < flat->row.n; row++) {
		const uint32_t *frame = flat->sequence.v + flat->row.v[row].at;
		int64_t x = cpi_summary_value(s, row);

		for (uint32_t i = 0; i < flat->row.v[row].n; i++) {
			struct cpi_summary_row *f = &s->frame.v[frame[i]];

			if (i == 0)
				fine &= add(s, &f->flat, x);
			if (last.v[frame[i]] != row + 1)
				fine &= add(s, &f->cum, x);
			last.v[frame[i]] = (uint32_t)row + 1;
		}
		if (flat->row.v[row].n && !flat->frame.v[frame[0]].name.bracket)
			fine &= add(s, &s->named, x);
	}
	cpi_vec_release(&s->env->mem, &last);
	return fine;
}

static bool heavier(const struct cpi_summary_row *a, const struct cpi_summary_row *b)
{
	if (size_of(a->flat) != size_of(b->flat))
		return size_of(a->flat) > size_of(b->flat);
	return size_of(a->cum) > size_of(b->cum);
}

/* Keeps the first of the list; those that come later stand behind their equals. */
static void top(struct cpi_summary *s)
{
	for (size_t i = 0; i < s->frame.n; i++) {
		const struct cpi_summary_row *row = &s->frame.v[i];
		uint32_t at = s->n_top;

		if (!row->flat && !row->cum)
			continue;
		while (at && heavier(row, &s->top[at - 1]))
			at--;
		if (at == CPI_SUMMARY_TOP)
			continue;
		if (s->n_top < CPI_SUMMARY_TOP)
			s->n_top++;
		memmove(&s->top[at + 1], &s->top[at],
			(s->n_top - 1 - at) * sizeof *s->top);
		s->top[at] = *row;
	}
}

static void paths(struct cpi_summary *s)
{
	for (uint32_t row = 0; row < s->flat.row.n; row++) {
		uint64_t x = size_of(cpi_summary_value(s, row));
		uint32_t at = s->n_paths;

		while (at && x > size_of(cpi_summary_value(s, s->path[at - 1])))
			at--;
		if (!x || at == CPI_SUMMARY_PATHS)
			continue;
		if (s->n_paths < CPI_SUMMARY_PATHS)
			s->n_paths++;
		memmove(&s->path[at + 1], &s->path[at],
			(s->n_paths - 1 - at) * sizeof *s->path);
		s->path[at] = row;
	}
}

/* Who called the leafward one of a function's frames, summed over all stacks. */
static bool callers_of(struct cpi_summary *s, struct cpi_summary_row *of, int64_t *sum)
{
	memset(sum, 0, s->frame.n * sizeof *sum);
	for (size_t row = 0; row < s->flat.row.n; row++) {
		const struct cpi_flat_row *r = &s->flat.row.v[row];
		const uint32_t *frame = s->flat.sequence.v + r->at;
		uint32_t i = 0;

		while (i < r->n && frame[i] != of->frame)
			i++;
		if (i + 1 < r->n &&
			!add(s, &sum[frame[i + 1]], cpi_summary_value(s, row)))
			return false;
	}
	for (uint32_t i = 0; i < s->frame.n; i++) {
		uint32_t at = of->n_callers;

		while (at && size_of(sum[i]) > size_of(of->caller[at - 1].value))
			at--;
		if (!sum[i] || at == CPI_SUMMARY_CALLERS)
			continue;
		if (of->n_callers < CPI_SUMMARY_CALLERS)
			of->n_callers++;
		memmove(&of->caller[at + 1], &of->caller[at],
			(of->n_callers - 1 - at) * sizeof *of->caller);
		of->caller[at] = (struct cpi_summary_caller){i, sum[i]};
	}
	return true;
}

struct leaf_line {
	int64_t line, value;
};

static int by_line(void *arg, uint32_t a, uint32_t b)
{
	const struct leaf_line *l = arg;

	return l[a].line < l[b].line ? -1 : l[a].line > l[b].line;
}

/* Sums over equal lines; the largest one's line goes to *ret_line. */
static bool hottest(
	struct cpi_summary *s, const struct leaf_line *l, size_t n, int64_t *ret_line)
{
	CPI_VEC(uint32_t) order = {0};
	uint64_t most = 0;
	int64_t sum = 0;
	bool fine = cpi_vec_reserve(&s->env->mem, &order, n);

	for (uint32_t i = 0; fine && i < n; i++)
		order.v[order.n++] = i;
	fine = fine &&
	       cpi_sort_rows(&s->env->mem, order.v, n, by_line, (void *)(uintptr_t)l);
	for (size_t i = 0; fine && i < n; i++) {
		if (i && l[order.v[i]].line != l[order.v[i - 1]].line)
			sum = 0;
		fine = add(s, &sum, l[order.v[i]].value);
		if (size_of(sum) > most) {
			most = size_of(sum);
			*ret_line = l[order.v[i]].line;
		}
	}
	cpi_vec_release(&s->env->mem, &order);
	return fine;
}

/* The line of `row` that cost most at the leaf, of the costs by location. */
static bool line_of(
	struct cpi_summary *s, struct cpi_summary_row *row, const int64_t *cost)
{
	const struct cp_profile *p = s->p;
	CPI_VEC(struct leaf_line) l = {0};
	bool fine = true;

	for (size_t i = 1; fine && i < p->location.n; i++) {
		uint32_t at = s->flat.of_location.v[i];
		const struct cp_location_row *location = &p->location.v[i];

		if (!at || !cost[i] || s->flat.list.v[at] != row->frame ||
			!location->n_lines)
			continue;
		fine = cpi_vec_push(&s->env->mem, &l,
			(struct leaf_line){
				p->line.v[location->first_line].line, cost[i]});
	}
	fine = fine && hottest(s, l.v, l.n, &row->line);
	cpi_vec_release(&s->env->mem, &l);
	return fine;
}

static bool lines(struct cpi_summary *s)
{
	const struct cp_profile *p = s->p;
	CPI_VEC(int64_t) cost = {0}; /* by location */
	bool fine = cpi_vec_reserve(&s->env->mem, &cost, p->location.n);

	if (fine)
		memset(cost.v, 0, p->location.n * sizeof *cost.v);
	for (uint32_t i = 0; fine && i < cpi_profile_n_samples(p); i++) {
		uint32_t n;
		const cp_location *frame =
			cpi_profile_frames(p, p->sample_stack.v[i], &n);

		if (n)
			fine = add(s, &cost.v[frame->i],
				p->value.v[(size_t)i * p->sample_type.n + s->type]);
	}
	for (uint32_t k = 0; fine && k < s->n_top; k++)
		fine = line_of(s, &s->top[k], cost.v);
	cpi_vec_release(&s->env->mem, &cost);
	return fine;
}

static bool callers(struct cpi_summary *s)
{
	CPI_VEC(int64_t) sum = {0};
	bool fine = cpi_vec_reserve(&s->env->mem, &sum, s->frame.n);

	for (uint32_t i = 0; fine && i < s->n_top && i < CPI_SUMMARY_CALLED; i++)
		fine = callers_of(s, &s->top[i], sum.v);
	cpi_vec_release(&s->env->mem, &sum);
	return fine;
}

enum cp_code cpi_summary_init(struct cpi_summary *s, struct cpi_env *env,
	const struct cp_profile *p, uint32_t type, struct cp_error *err)
{
	enum cp_code code;

	s->p = p;
	s->env = env;
	s->type = type;
	code = cpi_flat_init(&s->flat, env, p, false, false, err);
	if (code)
		return code;
	if (count(s)) {
		top(s);
		paths(s);
		if (lines(s) && callers(s))
			return CP_OK;
	}
	return s->overflow ? cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				     "the sum of a function exceeds 64 bits")
			   : cpi_error_memory(err);
}

void cpi_summary_release(struct cpi_summary *s)
{
	if (!s->env)
		return;
	cpi_vec_release(&s->env->mem, &s->frame);
	cpi_flat_release(&s->flat);
}
