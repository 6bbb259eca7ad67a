/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order within ranks, so that few links cross: weighted medians down and up in turn,
 * after each neighbours exchanged as long as that helps. Begun from above and from below,
 * since neither is better for all graphs; the best is then made better (kick.c).
 */
#include <stdlib.h>

#include "view/graph/order.h"

enum {
	STARTS = 3,
	ROUNDS = 24,   /* of medians, for each beginning */
	PATIENCE = 10, /* rounds without a better order */
	/* Steps for each box; 500 boxes take 16M. */
	BUDGET = 32000,
	START_BUDGET = 12000 /* of them, for what is done with all beginnings */
};

void cpi_order_positions(struct cpi_sketch *s)
{
	for (uint32_t r = 0; r < s->n_ranks; r++)
		for (uint32_t i = 0; i < cpi_order_width(s, r); i++)
			cpi_order_at(s, r, i)->pos = i;
}

/* Links between a rank and the next that cross: inversions, by a tree of counts. */
static uint64_t crossings_below(struct cpi_sorter *o, uint32_t rank)
{
	struct cpi_sketch *s = o->s;
	uint32_t n = cpi_order_width(s, rank + 1), all = 0;
	uint64_t sum = 0;

	memset(o->tree, 0, (n + 1) * sizeof *o->tree);
	for (uint32_t i = 0; i < cpi_order_width(s, rank); i++) {
		const struct cpi_cell *cell = cpi_order_at(s, rank, i);

		for (uint32_t k = 0; k < cell->n_down; k++) {
			uint32_t pos = s->cell.v[s->near.v[cell->down + k].cell].pos;
			uint32_t before = 0;

			for (uint32_t at = pos + 1; at; at &= at - 1)
				before += o->tree[at];
			sum += all - before;
		}
		for (uint32_t k = 0; k < cell->n_down; k++, all++) {
			uint32_t pos = s->cell.v[s->near.v[cell->down + k].cell].pos;

			for (uint32_t at = pos + 1; at <= n; at += at & -at)
				o->tree[at]++;
		}
		s->steps += 2 * cell->n_down + 1;
	}
	return sum;
}

uint64_t cpi_order_crossings(struct cpi_sorter *o)
{
	uint64_t sum = 0;

	for (uint32_t r = 0; r + 1 < o->s->n_ranks; r++)
		sum += crossings_below(o, r);
	return sum;
}

/* The place between a cell's neighbours that has as many links to its left as right. */
static int32_t median(const struct cpi_sketch *s, uint32_t first, uint32_t n)
{
	const struct cpi_near *near = s->near.v + first;
	int64_t left, right, a, b;
	uint32_t m = n / 2;

	if (!n)
		return -1;
	if (n & 1)
		return (int32_t)near[m].pos * 2;
	a = near[m - 1].pos;
	b = near[m].pos;
	if (n == 2)
		return (int32_t)(a + b);
	/* Between the two middle ones, nearer to the side that is packed more densely. */
	left = a - near[0].pos;
	right = near[n - 1].pos - b;
	if (left + right == 0)
		return (int32_t)(a + b);
	return (int32_t)(2 * (a * right + b * left) / (left + right));
}

static int by_median(const void *a, const void *b, void *arg)
{
	const struct cpi_sorter *o = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct cpi_cell *cell = o->s->cell.v;
	int order = (o->median[i] > o->median[j]) - (o->median[i] < o->median[j]);

	if (order)
		return order;
	order = (cell[i].pos > cell[j].pos) - (cell[i].pos < cell[j].pos);
	return o->to_right ? -order : order;
}

/* Cells without neighbours on that side keep their places, the others are sorted. */
static void sort_rank(struct cpi_sorter *o, uint32_t rank, bool by_upper)
{
	struct cpi_sketch *s = o->s;
	uint32_t *order = s->order + s->rank_first[rank];
	uint32_t n = cpi_order_width(s, rank), some = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct cpi_cell *cell = &s->cell.v[order[i]];
		uint32_t first = by_upper ? cell->up : cell->down;
		uint32_t count = by_upper ? cell->n_up : cell->n_down;

		cpi_order_sort_side(s, first, count);
		o->median[order[i]] = median(s, first, count);
		if (count)
			o->work[some++] = order[i];
	}
	if (some)
		qsort_r(o->work, some, sizeof *o->work, by_median, o);
	for (uint32_t i = 0, k = 0; i < n; i++) {
		if (o->median[order[i]] >= 0)
			order[i] = o->work[k++];
	}
	for (uint32_t i = 0; i < n; i++)
		s->cell.v[order[i]].pos = i;
	s->steps += n * 4;
}

/* Breadth first along the links, from above or from below. */
static void begin(struct cpi_sorter *o, bool from_above)
{
	struct cpi_sketch *s = o->s;
	uint32_t *next = o->work, *queue = o->queue;
	bool *met = o->met;

	memset(met, 0, s->cell.n);
	memcpy(next, s->rank_first, s->n_ranks * sizeof *next);
	for (uint32_t k = 0; k < s->n_ranks; k++) {
		uint32_t rank = from_above ? k : s->n_ranks - 1 - k;

		/* Boxes come first among the cells; dummies all hang from one. */
		for (size_t c = 0; c < s->layout->n_boxes; c++) {
			uint32_t n = 0;

			if (s->cell.v[c].rank != rank || met[c])
				continue;
			queue[n++] = (uint32_t)c;
			met[c] = true;
			for (uint32_t at = 0; at < n; at++) {
				const struct cpi_cell *cell = &s->cell.v[queue[at]];
				uint32_t m = from_above ? cell->n_down : cell->n_up;
				const struct cpi_near *near =
					s->near.v + (from_above ? cell->down : cell->up);

				s->order[next[cell->rank]++] = queue[at];
				for (uint32_t i = 0; i < m; i++) {
					if (met[near[i].cell])
						continue;
					met[near[i].cell] = true;
					queue[n++] = near[i].cell;
				}
			}
		}
	}
	cpi_order_positions(s);
}

void cpi_order_keep(struct cpi_sorter *o)
{
	uint64_t now = cpi_order_crossings(o);

	if (now > o->least)
		return;
	o->least = now;
	memcpy(o->best, o->s->order, o->s->cell.n * sizeof *o->best);
}

void cpi_order_back(struct cpi_sorter *o)
{
	memcpy(o->s->order, o->best, o->s->cell.n * sizeof *o->best);
	cpi_order_positions(o->s);
}

/* Medians to and fro, with exchanges after each; at last each cell by itself. */
static void improve(struct cpi_sorter *o, bool down_first)
{
	struct cpi_sketch *s = o->s;
	unsigned idle = 0;

	o->least = UINT64_MAX;
	cpi_order_keep(o);
	for (unsigned round = 0; round < ROUNDS && idle < PATIENCE && o->least; round++) {
		uint64_t before = o->least;
		bool down = (round & 1) != down_first;

		if (s->steps >= o->budget)
			break;
		o->to_right = round & 2;
		for (uint32_t k = 1; k < s->n_ranks; k++)
			sort_rank(o, down ? k : s->n_ranks - 1 - k, down);
		cpi_order_transpose(o, round & 1);
		cpi_order_keep(o);
		idle = o->least < before ? 0 : idle + 1;
	}
	cpi_order_back(o);
	cpi_order_sift_all(o);
	cpi_order_keep(o);
}

static void best_of_all(struct cpi_sorter *o, uint32_t *best)
{
	struct cpi_sketch *s = o->s;
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < STARTS; i++) {
		if (s->steps >= o->budget && i)
			break;
		begin(o, i != 1);
		improve(o, i != 2);
		if (o->least >= least)
			continue;
		least = o->least;
		memcpy(best, o->best, s->cell.n * sizeof *best);
	}
	o->least = least;
	memcpy(o->best, best, s->cell.n * sizeof *best);
	cpi_order_back(o);
	o->budget += (uint64_t)(BUDGET - START_BUDGET) * s->layout->n_boxes;
	cpi_order_kick(o);
	s->layout->crossings = o->least;
}

enum cp_code cpi_layout_order(struct cpi_sketch *s, struct cp_error *err)
{
	size_t n = s->cell.n, size = (n + 2 + s->n_ranks) * sizeof(uint32_t);
	uint32_t *block = cpi_alloc(s->mem, 10 * size), *best = NULL;
	struct cpi_sorter o = {.s = s, .least = UINT64_MAX};
	o.budget = s->steps + (uint64_t)START_BUDGET * s->layout->n_boxes;

	if (!block)
		return cpi_error_memory(err);
	o.best = block;
	o.median = (int32_t *)block + size / sizeof *block;
	o.tree = block + 2 * (size / sizeof *block);
	o.work = block + 3 * (size / sizeof *block);
	o.queue = block + 4 * (size / sizeof *block);
	best = block + 5 * (size / sizeof *block);
	o.thread = block + 6 * (size / sizeof *block);
	/* Not used at the same time. */
	o.met = (bool *)o.median;
	o.seen = (bool *)o.queue;
	if (n)
		best_of_all(&o, best);
	cpi_free(s->mem, block, 10 * size);
	return CP_OK;
}
