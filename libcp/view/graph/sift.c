/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of one rank change places: neighbours with each other, and one past many. */
#include <stdlib.h>

#include "view/graph/order.h"

enum {
	TURNS = 8, /* over all cells, each by itself */
	REACH = 60 /* places it may move in one turn */
};

static int by_position(const void *a, const void *b)
{
	uint32_t x = ((const struct cpi_near *)a)->pos;
	uint32_t y = ((const struct cpi_near *)b)->pos;

	return (x > y) - (x < y);
}

/* They mostly stand right already. */
void cpi_order_sort_side(struct cpi_sketch *s, uint32_t first, uint32_t n)
{
	enum { SMALL = 64 };
	struct cpi_near *near = s->near.v + first;

	s->steps += n;
	for (uint32_t i = 0; i < n; i++)
		near[i].pos = s->cell.v[near[i].cell].pos;
	if (n > SMALL) {
		qsort(near, n, sizeof *near, by_position);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		struct cpi_near x = near[i];
		uint32_t k = i;

		for (; k && near[k - 1].pos > x.pos; k--)
			near[k] = near[k - 1];
		near[k] = x;
	}
}

static void sort_sides(struct cpi_sketch *s, struct cpi_cell *cell)
{
	cpi_order_sort_side(s, cell->up, cell->n_up);
	cpi_order_sort_side(s, cell->down, cell->n_down);
}

/*
 * How many crossings it saves on one side to exchange two neighbours, `a` to the left of
 * `b`: pairs of links that cross now less those that would.
 */
static int64_t saved(
	const struct cpi_near *a, uint32_t n, const struct cpi_near *b, uint32_t m)
{
	int64_t sum = 0;
	uint32_t below = 0, upto = 0;

	if (n == 1 && m == 1)
		return (a->pos > b->pos) - (a->pos < b->pos);
	for (uint32_t i = 0; i < n && m; i++) {
		while (below < m && b[below].pos < a[i].pos)
			below++;
		while (upto < m && b[upto].pos <= a[i].pos)
			upto++;
		sum += (int64_t)below - (m - upto);
	}
	return sum;
}

static inline int64_t gain(
	struct cpi_sketch *s, const struct cpi_cell *a, const struct cpi_cell *b)
{
	const struct cpi_near *near = s->near.v;

	s->steps += a->n_up + b->n_up + a->n_down + b->n_down;
	return saved(near + a->up, a->n_up, near + b->up, b->n_up) +
	       saved(near + a->down, a->n_down, near + b->down, b->n_down);
}

/* One pass over a rank; true when something was exchanged for less. */
static bool exchange(struct cpi_sorter *o, uint32_t rank, bool equal)
{
	struct cpi_sketch *s = o->s;
	uint32_t *order = s->order + s->rank_first[rank], n = cpi_order_width(s, rank);
	bool better = false;

	for (uint32_t i = 0; i < n; i++)
		sort_sides(s, &s->cell.v[order[i]]);
	for (uint32_t i = 0; i + 1 < n; i++) {
		struct cpi_cell *a = &s->cell.v[order[i]], *b = &s->cell.v[order[i + 1]];
		int64_t less = gain(s, a, b);
		uint32_t swap = order[i];

		if (less < 0 || (!less && !(equal && (a->n_up | a->n_down))))
			continue;
		better |= less > 0;
		order[i] = order[i + 1];
		order[i + 1] = swap;
		b->pos = i;
		a->pos = i + 1;
	}
	return better;
}

void cpi_order_move(struct cpi_sketch *s, uint32_t *order, uint32_t from, uint32_t to)
{
	uint32_t cell = order[from];

	for (; from < to; from++)
		order[from] = order[from + 1], s->cell.v[order[from]].pos = from;
	for (; from > to; from--)
		order[from] = order[from - 1], s->cell.v[order[from]].pos = from;
	order[to] = cell;
	s->cell.v[cell].pos = to;
}

/* Where a cell crosses least, up to REACH places away; true when that is elsewhere. */
static bool sift(struct cpi_sorter *o, uint32_t rank, uint32_t cell)
{
	struct cpi_sketch *s = o->s;
	uint32_t *order = s->order + s->rank_first[rank], n = cpi_order_width(s, rank);
	const struct cpi_cell *c = &s->cell.v[cell];
	uint32_t at = c->pos, best = at;
	int64_t most = 0, sum = 0;

	for (uint32_t i = at + 1; i < n && i <= at + REACH; i++) {
		sum += gain(s, c, &s->cell.v[order[i]]);
		if (sum > most)
			most = sum, best = i;
	}
	sum = 0;
	for (uint32_t i = at; i-- && i + REACH >= at;) {
		sum += gain(s, &s->cell.v[order[i]], c);
		if (sum > most)
			most = sum, best = i;
	}
	if (best != at)
		cpi_order_move(s, order, at, best);
	return best != at;
}

bool cpi_order_sift(struct cpi_sorter *o, uint32_t cell)
{
	struct cpi_sketch *s = o->s;
	uint32_t rank = s->cell.v[cell].rank;

	for (uint32_t i = 0; i < cpi_order_width(s, rank); i++)
		sort_sides(s, cpi_order_at(s, rank, i));
	return sift(o, rank, cell);
}

/* Every cell of every rank is tried everywhere, until none wants to move. */
void cpi_order_sift_all(struct cpi_sorter *o)
{
	struct cpi_sketch *s = o->s;
	bool again = true;

	for (unsigned turn = 0; again && turn < TURNS; turn++) {
		again = false;
		for (uint32_t k = 0; k < s->n_ranks && s->steps < o->budget; k++) {
			uint32_t r = turn & 1 ? s->n_ranks - 1 - k : k;
			uint32_t n = cpi_order_width(s, r);

			memcpy(o->work, s->order + s->rank_first[r], n * sizeof *o->work);
			for (uint32_t i = 0; i < n; i++)
				sort_sides(s, &s->cell.v[o->work[i]]);
			for (uint32_t i = 0; i < n; i++)
				again |= sift(o, r, o->work[i]);
		}
	}
}

/* Ranks next to one that has changed are tried again. */
void cpi_order_transpose(struct cpi_sorter *o, bool equal)
{
	struct cpi_sketch *s = o->s;
	bool again = true;

	for (uint32_t r = 0; r < s->n_ranks; r++)
		o->seen[r] = true;
	for (unsigned turn = 0; again && turn < 20 && s->steps < o->budget; turn++) {
		again = false;
		for (uint32_t r = 0; r < s->n_ranks; r++) {
			if (!o->seen[r])
				continue;
			o->seen[r] = false;
			if (!exchange(o, r, equal && !turn))
				continue;
			again = o->seen[r] = true;
			if (r)
				o->seen[r - 1] = true;
			if (r + 1 < s->n_ranks)
				o->seen[r + 1] = true;
		}
	}
}
