/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order within ranks, so that few links cross: weighted medians down and up in turn,
 * after each neighbours exchanged as long as that helps. Begun once from above and once
 * from below, since neither is better for all graphs.
 */
#include <stdlib.h>

#include "view/graph/parts.h"

enum {
	STARTS = 3,
	ROUNDS = 24,   /* of medians, for each beginning */
	PATIENCE = 10, /* rounds without a better order */
	TURNS = 8,     /* over all cells, each by itself */
	REACH = 60,    /* places it may move in one turn */
	BUDGET = 50000 /* steps for each box; 500 boxes take some 25M */
};

struct sorter {
	struct cpi_sketch *s;
	uint32_t *best;         /* the best order of this beginning */
	uint64_t least;         /* its crossings */
	int32_t *median;        /* by cell, times two; -1: it has no neighbour there */
	uint32_t *tree;         /* of counts, for crossings */
	uint32_t *work, *queue; /* as many numbers as there are cells */
	bool *met;              /* by cell */
	bool *seen;             /* by rank: to be tried again */
	uint64_t budget;        /* of steps */
	bool to_right;          /* equal medians change places in every other round */
};

static struct cpi_cell *cell_at(const struct cpi_sketch *s, uint32_t rank, uint32_t pos)
{
	return &s->cell.v[s->order[s->rank_first[rank] + pos]];
}

static uint32_t in_rank(const struct cpi_sketch *s, uint32_t rank)
{
	return s->rank_first[rank + 1] - s->rank_first[rank];
}

static void set_positions(struct cpi_sketch *s)
{
	for (uint32_t r = 0; r < s->n_ranks; r++)
		for (uint32_t i = 0; i < in_rank(s, r); i++)
			cell_at(s, r, i)->pos = i;
}

static int by_position(const void *a, const void *b)
{
	uint32_t x = ((const struct cpi_near *)a)->pos;
	uint32_t y = ((const struct cpi_near *)b)->pos;

	return (x > y) - (x < y);
}

/* Neighbours on one side by their position; they mostly stand right already. */
static void sort_side(struct cpi_sketch *s, uint32_t first, uint32_t n)
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
	sort_side(s, cell->up, cell->n_up);
	sort_side(s, cell->down, cell->n_down);
}

/* Links between a rank and the next that cross: inversions, by a tree of counts. */
static uint64_t crossings_below(struct sorter *o, uint32_t rank)
{
	struct cpi_sketch *s = o->s;
	uint32_t n = in_rank(s, rank + 1), all = 0;
	uint64_t sum = 0;

	memset(o->tree, 0, (n + 1) * sizeof *o->tree);
	for (uint32_t i = 0; i < in_rank(s, rank); i++) {
		const struct cpi_cell *cell = cell_at(s, rank, i);

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
		s->steps += cell->n_down;
	}
	return sum;
}

static uint64_t crossings(struct sorter *o)
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
	const struct sorter *o = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct cpi_cell *cell = o->s->cell.v;
	int order = (o->median[i] > o->median[j]) - (o->median[i] < o->median[j]);

	if (order)
		return order;
	order = (cell[i].pos > cell[j].pos) - (cell[i].pos < cell[j].pos);
	return o->to_right ? -order : order;
}

/* Cells without neighbours on that side keep their places, the others are sorted. */
static void sort_rank(struct sorter *o, uint32_t rank, bool by_upper)
{
	struct cpi_sketch *s = o->s;
	uint32_t *order = s->order + s->rank_first[rank], n = in_rank(s, rank), some = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct cpi_cell *cell = &s->cell.v[order[i]];
		uint32_t first = by_upper ? cell->up : cell->down;
		uint32_t count = by_upper ? cell->n_up : cell->n_down;

		sort_side(s, first, count);
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
static bool exchange(struct sorter *o, uint32_t rank, bool equal)
{
	struct cpi_sketch *s = o->s;
	uint32_t *order = s->order + s->rank_first[rank], n = in_rank(s, rank);
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

/* Moves a cell of a rank from one place to another; those between make room. */
static void move(struct cpi_sketch *s, uint32_t *order, uint32_t from, uint32_t to)
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
static bool sift(struct sorter *o, uint32_t rank, uint32_t cell)
{
	struct cpi_sketch *s = o->s;
	uint32_t *order = s->order + s->rank_first[rank], n = in_rank(s, rank);
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
		move(s, order, at, best);
	return best != at;
}

/* Every cell of every rank is tried everywhere, until none wants to move. */
static void sift_all(struct sorter *o)
{
	struct cpi_sketch *s = o->s;
	bool again = true;

	for (unsigned turn = 0; again && turn < TURNS; turn++) {
		again = false;
		for (uint32_t k = 0; k < s->n_ranks && s->steps < o->budget; k++) {
			uint32_t r = turn & 1 ? s->n_ranks - 1 - k : k, n = in_rank(s, r);

			memcpy(o->work, s->order + s->rank_first[r], n * sizeof *o->work);
			for (uint32_t i = 0; i < n; i++)
				sort_sides(s, &s->cell.v[o->work[i]]);
			for (uint32_t i = 0; i < n; i++)
				again |= sift(o, r, o->work[i]);
		}
	}
}

/* Ranks next to one that has changed are tried again. */
static void transpose(struct sorter *o, bool equal)
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

/* Breadth first along the links, from above or from below. */
static void begin(struct sorter *o, bool from_above)
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
	set_positions(s);
}

static void keep_better(struct sorter *o)
{
	uint64_t now = crossings(o);

	if (now >= o->least)
		return;
	o->least = now;
	memcpy(o->best, o->s->order, o->s->cell.n * sizeof *o->best);
}

/* Medians to and fro, with exchanges after each; at last each cell by itself. */
static void improve(struct sorter *o, bool down_first)
{
	struct cpi_sketch *s = o->s;
	unsigned idle = 0;

	o->least = UINT64_MAX;
	keep_better(o);
	for (unsigned round = 0; round < ROUNDS && idle < PATIENCE && o->least; round++) {
		uint64_t before = o->least;
		bool down = (round & 1) != down_first;

		if (s->steps >= o->budget)
			break;
		o->to_right = round & 2;
		for (uint32_t k = 1; k < s->n_ranks; k++)
			sort_rank(o, down ? k : s->n_ranks - 1 - k, down);
		transpose(o, round & 1);
		keep_better(o);
		idle = o->least < before ? 0 : idle + 1;
	}
	memcpy(s->order, o->best, s->cell.n * sizeof *o->best);
	set_positions(s);
	sift_all(o);
	keep_better(o);
}

static void best_of_all(struct sorter *o, uint32_t *best)
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
	memcpy(s->order, best, s->cell.n * sizeof *best);
	set_positions(s);
	s->layout->crossings = least;
}

enum cp_code cpi_layout_order(struct cpi_sketch *s, struct cp_error *err)
{
	size_t n = s->cell.n, size = (n + 2 + s->n_ranks) * sizeof(uint32_t);
	uint32_t *block = cpi_alloc(s->mem, 6 * size), *best = NULL;
	struct sorter o = {.s = s, .least = UINT64_MAX};
	o.budget = s->steps + (uint64_t)BUDGET * s->layout->n_boxes;

	if (!block)
		return cpi_error_memory(err);
	o.best = block;
	o.median = (int32_t *)block + size / sizeof *block;
	o.tree = block + 2 * (size / sizeof *block);
	o.work = block + 3 * (size / sizeof *block);
	o.queue = block + 4 * (size / sizeof *block);
	best = block + 5 * (size / sizeof *block);
	/* Not used at the same time. */
	o.met = (bool *)o.median;
	o.seen = (bool *)o.queue;
	if (n)
		best_of_all(&o, best);
	cpi_free(s->mem, block, 6 * size);
	return CP_OK;
}
