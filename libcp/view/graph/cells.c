/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the ranks: boxes, and a dummy wherever a link passes a rank. */
#include "view/graph/parts.h"

/* Dummies at most: chains of links across hundreds of ranks are cut off here. */
enum { MOST_CELLS = 400000, DUMMY_WIDTH = 4 };

/* A step of a link from one rank to the next. */
struct step {
	uint32_t upper, lower, weight;
};

/* The n-th cell of a link, ends included. */
static uint32_t cell_of(const struct cpi_link *e, uint32_t n, uint32_t length)
{
	return !n ? e->from : n == length ? e->to : e->first_cell + n - 1;
}

/* Long links are kept straight rather than short ones, as Graphviz does. */
static uint32_t stiffness(const struct cpi_sketch *s, uint32_t a, uint32_t b)
{
	unsigned dummies =
		(s->cell.v[a].box == CPI_NO_BOX) + (s->cell.v[b].box == CPI_NO_BOX);

	return dummies == 2 ? 8 : dummies == 1 ? 2 : 1;
}

static enum cp_code make_cells(struct cpi_sketch *s, struct cp_error *err)
{
	struct cpi_layout *l = s->layout;
	uint64_t n = l->n_boxes;

	for (size_t i = 0; i < s->link.n; i++)
		n += l->box[s->link.v[i].to].rank - l->box[s->link.v[i].from].rank - 1;
	if (n > MOST_CELLS)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"the call graph is too large to be drawn; --nodecount, "
			"--nodefraction or --focus leave less of it");
	if (!cpi_vec_reserve(s->mem, &s->cell, n))
		return cpi_error_memory(err);
	for (size_t i = 0; i < l->n_boxes; i++)
		s->cell.v[s->cell.n++] = (struct cpi_cell){
			.box = (uint32_t)i, .rank = l->box[i].rank, .w = l->box[i].w};
	for (size_t i = 0; i < s->link.n; i++) {
		struct cpi_link *e = &s->link.v[i];

		e->first_cell = (uint32_t)s->cell.n;
		for (uint32_t r = l->box[e->from].rank + 1; r < l->box[e->to].rank; r++)
			s->cell.v[s->cell.n++] = (struct cpi_cell){
				.box = CPI_NO_BOX, .rank = r, .w = DUMMY_WIDTH};
	}
	return CP_OK;
}

/* Calls for every step of every link. */
static void each_step(struct cpi_sketch *s, void (*fn)(struct cpi_sketch *, struct step))
{
	for (size_t i = 0; i < s->link.n; i++) {
		const struct cpi_link *e = &s->link.v[i];
		uint32_t length =
			s->layout->box[e->to].rank - s->layout->box[e->from].rank;

		for (uint32_t k = 0; k < length; k++) {
			uint32_t a = cell_of(e, k, length), b = cell_of(e, k + 1, length);

			fn(s, (struct step){
				      a, b, stiffness(s, a, b) * (1 + e->weight / 10)});
		}
	}
}

static void count_step(struct cpi_sketch *s, struct step step)
{
	s->cell.v[step.upper].n_down++;
	s->cell.v[step.lower].n_up++;
}

static void add_step(struct cpi_sketch *s, struct step step)
{
	struct cpi_cell *upper = &s->cell.v[step.upper], *lower = &s->cell.v[step.lower];

	s->near.v[upper->down + upper->n_down++] =
		(struct cpi_near){step.lower, step.weight, 0};
	s->near.v[lower->up + lower->n_up++] =
		(struct cpi_near){step.upper, step.weight, 0};
}

static bool make_near(struct cpi_sketch *s)
{
	size_t n = 0;

	each_step(s, count_step);
	for (size_t i = 0; i < s->cell.n; i++)
		n += s->cell.v[i].n_up + s->cell.v[i].n_down;
	if (!cpi_vec_reserve(s->mem, &s->near, n))
		return false;
	for (size_t i = 0, at = 0; i < s->cell.n; i++) {
		struct cpi_cell *cell = &s->cell.v[i];

		cell->up = (uint32_t)at;
		cell->down = (uint32_t)(at += cell->n_up);
		at += cell->n_down;
		cell->n_up = cell->n_down = 0;
	}
	s->near.n = n;
	each_step(s, add_step);
	return true;
}

enum cp_code cpi_layout_cells(struct cpi_sketch *s, struct cp_error *err)
{
	enum cp_code code = make_cells(s, err);

	if (code)
		return code;
	s->order = cpi_alloc_array(s->mem, s->cell.n, sizeof *s->order);
	s->rank_first = cpi_alloc_zero(s->mem, (s->n_ranks + 1) * sizeof *s->rank_first);
	if (!s->order || !s->rank_first || !make_near(s))
		return cpi_error_memory(err);
	for (size_t i = 0; i < s->cell.n; i++)
		s->rank_first[s->cell.v[i].rank + 1]++;
	for (size_t i = 0; i < s->n_ranks; i++)
		s->rank_first[i + 1] += s->rank_first[i];
	return CP_OK;
}
