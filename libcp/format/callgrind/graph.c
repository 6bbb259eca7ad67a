/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which functions call each other in circles (Tarjan's strongly connected components,
 * with a stack of our own). Components come out callees first, which is the order that
 * sharing costs needs, backwards.
 */
#include "format/callgrind/callgrind.h"

enum { DONE = 1u << 31 };

struct walk {
	struct callgrind *c;
	uint32_t *order;        /* of a function's discovery, from 1 */
	uint32_t *lowest;       /* discovered among what it reaches and is open; DONE */
	uint32_t *next;         /* row to look at */
	CPI_VEC(uint32_t) path; /* functions being visited */
	CPI_VEC(uint32_t) open; /* visited, of no component yet */
	uint32_t seen;
};

/* Groups rows by function. */
static bool group(struct callgrind *c)
{
	struct callgrind_function *f = c->function.v;
	uint32_t at = 0;

	if (!cpi_callgrind_fine(
		    c, cpi_vec_reserve(&c->env->mem, &c->by_function, c->row.n)))
		return false;
	for (size_t i = 1; i < c->row.n; i++)
		f[c->row.v[i].function].n_rows++;
	for (size_t i = 0; i < c->function.n; i++) {
		f[i].first_row = at;
		at += f[i].n_rows;
		f[i].n_rows = 0;
	}
	for (size_t i = 1; i < c->row.n; i++) {
		struct callgrind_function *of = &f[c->row.v[i].function];

		c->by_function.v[of->first_row + of->n_rows++] = (uint32_t)i;
	}
	c->by_function.n = at;
	return true;
}

static bool enter(struct walk *w, uint32_t function)
{
	struct cpi_mem *mem = &w->c->env->mem;

	w->order[function] = w->lowest[function] = ++w->seen;
	w->next[function] = 0;
	return cpi_callgrind_fine(w->c, cpi_vec_push(mem, &w->path, function) &&
						cpi_vec_push(mem, &w->open, function));
}

/* Everything open from `function` on is a component. */
static bool close(struct walk *w, uint32_t function)
{
	struct callgrind *c = w->c;
	struct cpi_mem *mem = &c->env->mem;
	uint32_t member;

	if (!cpi_callgrind_fine(
		    c, cpi_vec_push(mem, &c->component, (uint32_t)c->member.n) &&
			       cpi_vec_push(mem, &c->cycle, 0)))
		return false;
	do {
		member = w->open.v[--w->open.n];
		w->lowest[member] |= DONE;
		c->function.v[member].component = (uint32_t)c->component.n - 1;
		if (!cpi_callgrind_fine(c, cpi_vec_push(mem, &c->member, member)))
			return false;
	} while (member != function);
	return true;
}

static void reached(struct walk *w, uint32_t from, uint32_t lowest)
{
	if (lowest < w->lowest[from])
		w->lowest[from] = lowest;
}

/* The next function that `function` calls and that has not been seen, or 0. */
static uint32_t unseen(struct walk *w, uint32_t function)
{
	const struct callgrind_function *f = &w->c->function.v[function];

	while (w->next[function] < f->n_rows) {
		uint32_t row = w->c->by_function.v[f->first_row + w->next[function]++];
		uint32_t callee = w->c->row.v[row].callee;

		if (!callee)
			continue;
		if (!w->order[callee])
			return callee;
		if (!(w->lowest[callee] & DONE))
			reached(w, function, w->order[callee]);
	}
	return 0;
}

static void visit(struct walk *w, uint32_t root)
{
	if (w->order[root] || !enter(w, root))
		return;
	while (w->path.n) {
		uint32_t function = w->path.v[w->path.n - 1];
		uint32_t callee = unseen(w, function);

		if (callee) {
			if (!enter(w, callee))
				return;
			continue;
		}
		w->path.n--;
		if (w->path.n)
			reached(w, w->path.v[w->path.n - 1], w->lowest[function]);
		if (w->lowest[function] == w->order[function] && !close(w, function))
			return;
	}
}

/* Circles are numbered callers first. */
static void number(struct callgrind *c)
{
	uint32_t n = 0;

	for (size_t i = c->cycle.n; i-- > 0;) {
		uint32_t end = i + 1 < c->component.n ? c->component.v[i + 1]
						      : (uint32_t)c->member.n;

		if (end - c->component.v[i] > 1)
			c->cycle.v[i] = ++n;
	}
}

void cpi_callgrind_graph(struct callgrind *c)
{
	struct cpi_mem *mem = &c->env->mem;
	size_t n = c->function.n;
	struct walk w = {.c = c};

	if (c->b.code || !group(c))
		return;
	w.order = cpi_alloc(mem, n * sizeof *w.order);
	w.lowest = cpi_alloc(mem, n * sizeof *w.lowest);
	w.next = cpi_alloc(mem, n * sizeof *w.next);
	if (cpi_callgrind_fine(c, w.order && w.lowest && w.next)) {
		memset(w.order, 0, n * sizeof *w.order);
		/* The file's first functions come out last, which is first backwards. */
		for (uint32_t i = (uint32_t)n; i-- > 1 && !c->b.code;)
			visit(&w, i);
		number(c);
		cpi_callgrind_fine(
			c, cpi_vec_push(mem, &c->component, (uint32_t)c->member.n));
	}
	cpi_free(mem, w.order, n * sizeof *w.order);
	cpi_free(mem, w.lowest, n * sizeof *w.lowest);
	cpi_free(mem, w.next, n * sizeof *w.next);
	cpi_vec_release(mem, &w.path);
	cpi_vec_release(mem, &w.open);
}
