/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where cells stand in their ranks. Each wants to be where its neighbours are on average;
 * the places of one rank that come nearest to that, by least squares, and keep the order
 * and the distances are found exactly (pool adjacent violators). Ranks are done one after
 * the other, down and up, and then what can be straight is made straight.
 */
#include "view/graph/parts.h"

enum { SWEEPS = 24, BOX_GAP = 22, MIXED_GAP = 14, DUMMY_GAP = 8 };

/* Cells that touch and so move together. */
struct pool {
	int64_t sum, weight; /* of wanted places, less the offset of each cell */
	uint32_t first;
};

struct placer {
	struct cpi_sketch *s;
	struct pool *pool;
	int64_t *offset; /* of cells of one rank, from its first */
};

static struct cpi_cell *cell_at(const struct cpi_sketch *s, uint32_t at)
{
	return &s->cell.v[s->order[at]];
}

static int32_t distance(const struct cpi_cell *a, const struct cpi_cell *b)
{
	unsigned dummies = (a->box == CPI_NO_BOX) + (b->box == CPI_NO_BOX);

	return (a->w + b->w + 1) / 2 + (dummies == 2     ? DUMMY_GAP
					       : dummies ? MIXED_GAP
							 : BOX_GAP);
}

static int64_t rounded(int64_t sum, int64_t n)
{
	int64_t twice = 2 * sum + n;

	return twice >= 0 ? twice / (2 * n) : -((-twice + 2 * n - 1) / (2 * n));
}

/* Adds up where the neighbours of one side are. */
static void wish(const struct cpi_sketch *s, uint32_t first, uint32_t n, int64_t *sum,
	int64_t *weight)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct cpi_near *near = &s->near.v[first + i];

		*sum += (int64_t)s->cell.v[near->cell].x * near->weight;
		*weight += near->weight;
	}
}

static void place_rank(struct placer *p, uint32_t rank, bool up, bool down)
{
	struct cpi_sketch *s = p->s;
	uint32_t first = s->rank_first[rank], n = s->rank_first[rank + 1] - first;
	size_t pools = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct cpi_cell *cell = cell_at(s, first + i);
		struct pool now = {.first = i};

		p->offset[i] =
			i ? p->offset[i - 1] + distance(cell_at(s, first + i - 1), cell)
			  : 0;
		if (up)
			wish(s, cell->up, cell->n_up, &now.sum, &now.weight);
		if (down)
			wish(s, cell->down, cell->n_down, &now.sum, &now.weight);
		/* Without a wish it stays, but yields to all others. */
		if (!now.weight) {
			now.sum = cell->x;
			now.weight = 1;
		} else {
			now.sum *= 16;
			now.weight *= 16;
		}
		now.sum -= p->offset[i] * now.weight;
		while (pools && (__int128)p->pool[pools - 1].sum * now.weight >
					(__int128)now.sum * p->pool[pools - 1].weight) {
			pools--;
			now.sum += p->pool[pools].sum;
			now.weight += p->pool[pools].weight;
			now.first = p->pool[pools].first;
		}
		p->pool[pools++] = now;
	}
	for (size_t k = 0; k < pools; k++) {
		uint32_t end = k + 1 < pools ? p->pool[k + 1].first : n;
		int64_t x = rounded(p->pool[k].sum, p->pool[k].weight);

		for (uint32_t i = p->pool[k].first; i < end; i++)
			cell_at(s, first + i)->x = (int32_t)(x + p->offset[i]);
	}
}

/* Packed, each rank around 0. */
static void begin(struct cpi_sketch *s)
{
	for (uint32_t r = 0; r < s->n_ranks; r++) {
		uint32_t first = s->rank_first[r], end = s->rank_first[r + 1];
		int32_t x = 0;

		for (uint32_t i = first; i < end; i++) {
			if (i > first)
				x += distance(cell_at(s, i - 1), cell_at(s, i));
			cell_at(s, i)->x = x;
		}
		for (uint32_t i = first; i < end; i++)
			cell_at(s, i)->x -= x / 2;
	}
}

/* How far a cell may go to the left and right. */
static void room(const struct cpi_sketch *s, const struct cpi_cell *cell, int32_t *least,
	int32_t *most)
{
	uint32_t at = s->rank_first[cell->rank] + cell->pos;

	if (cell->pos) {
		const struct cpi_cell *left = cell_at(s, at - 1);
		int32_t x = left->x + distance(left, cell);

		*least = x > *least ? x : *least;
	}
	if (at + 1 < s->rank_first[cell->rank + 1]) {
		const struct cpi_cell *right = cell_at(s, at + 1);
		int32_t x = right->x - distance(cell, right);

		*most = x < *most ? x : *most;
	}
}

/*
 * Dummies of one link, from `first` on, to one vertical line as long as there is one that
 * they all can reach; then the next line.
 */
static void straighten(struct cpi_sketch *s, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0, end; i < n; i = end) {
		int32_t least = INT32_MIN, most = INT32_MAX;
		int64_t sum = 0;
		int32_t x;

		for (end = i; end < n; end++) {
			const struct cpi_cell *cell = &s->cell.v[first + end];
			int32_t l = least, m = most;

			room(s, cell, &l, &m);
			if (l > m)
				break;
			least = l;
			most = m;
			sum += cell->x;
		}
		/* A cell between two that stand too near: left where it is. */
		if (end == i) {
			end++;
			continue;
		}
		x = (int32_t)rounded(sum, end - i);
		x = x < least ? least : x > most ? most : x;
		for (uint32_t k = i; k < end; k++)
			s->cell.v[first + k].x = x;
	}
}

/* A box with one long link below or above goes over or under its line, if it can. */
static void follow(struct cpi_sketch *s, struct cpi_cell *cell)
{
	const struct cpi_near *near = s->near.v;
	int32_t least = INT32_MIN, most = INT32_MAX, x;

	if (cell->n_up == 1)
		x = s->cell.v[near[cell->up].cell].x;
	else if (cell->n_down == 1 && !cell->n_up)
		x = s->cell.v[near[cell->down].cell].x;
	else
		return;
	room(s, cell, &least, &most);
	if (least <= most)
		cell->x = x < least ? least : x > most ? most : x;
}

/* Numbers the connected parts, by their first cell; `stack` has room for all cells. */
static uint32_t number_parts(const struct cpi_sketch *s, uint32_t *part, uint32_t *stack)
{
	uint32_t parts = 0;

	for (size_t i = 0; i < s->cell.n; i++)
		part[i] = UINT32_MAX;
	for (uint32_t i = 0; i < s->layout->n_boxes; i++) {
		size_t n = 0;

		if (part[i] != UINT32_MAX)
			continue;
		stack[n++] = i;
		part[i] = parts;
		while (n) {
			const struct cpi_cell *cell = &s->cell.v[stack[--n]];

			/* Neighbours above and below stand side by side in the list. */
			for (uint32_t k = 0; k < cell->n_up + cell->n_down; k++) {
				uint32_t to = s->near.v[cell->up + k].cell;

				if (part[to] != UINT32_MAX)
					continue;
				part[to] = parts;
				stack[n++] = to;
			}
		}
		parts++;
	}
	return parts;
}

/*
 * Nothing draws unconnected parts together: each moves left as far as those beside it let
 * it, all of its cells at once.
 */
static void gather(
	struct cpi_sketch *s, const uint32_t *part, uint32_t parts, int32_t *slack)
{
	int32_t edge = INT32_MAX;

	for (size_t i = 0; i < s->cell.n; i++)
		if (s->cell.v[i].x - s->cell.v[i].w / 2 < edge)
			edge = s->cell.v[i].x - s->cell.v[i].w / 2;
	for (uint32_t i = 0; i < parts; i++)
		slack[i] = INT32_MAX;
	for (size_t at = 0; at < s->cell.n; at++) {
		const struct cpi_cell *cell = cell_at(s, (uint32_t)at);
		const struct cpi_cell *left =
			cell->pos ? cell_at(s, (uint32_t)at - 1) : NULL;
		uint32_t own = part[s->order[at]];
		int32_t room_left = cell->x - cell->w / 2 - edge;

		if (left && part[s->order[at - 1]] == own)
			continue;
		if (left)
			room_left = cell->x - left->x - distance(left, cell);
		if (room_left < slack[own])
			slack[own] = room_left;
	}
	/* One part only: two at once could be each other's neighbours. */
	for (uint32_t i = 0; i < parts; i++)
		if (slack[i] > 0) {
			for (size_t k = 0; k < s->cell.n; k++)
				if (part[k] == i)
					s->cell.v[k].x -= slack[i];
			return;
		}
}

static bool gather_parts(struct cpi_sketch *s)
{
	enum { MOST = 200 }; /* moves; each looks at all cells */
	size_t size = s->cell.n * sizeof(uint32_t);
	uint32_t *part = cpi_alloc(s->mem, size), *work = cpi_alloc(s->mem, size);
	bool fine = part && work;

	if (fine) {
		uint32_t parts = number_parts(s, part, work);

		for (unsigned i = 0; parts > 1 && i < MOST; i++)
			gather(s, part, parts, (int32_t *)work);
	}
	cpi_free(s->mem, part, size);
	cpi_free(s->mem, work, size);
	return fine;
}

enum cp_code cpi_layout_place(struct cpi_sketch *s, struct cp_error *err)
{
	size_t n = s->cell.n;
	struct placer p = {.s = s,
		.pool = cpi_alloc_array(s->mem, n, sizeof *p.pool),
		.offset = cpi_alloc_array(s->mem, n, sizeof *p.offset)};
	bool fine = p.pool && p.offset;

	if (fine)
		begin(s);
	for (unsigned i = 0; fine && i < SWEEPS; i++) {
		/* At first towards one side only: whole subtrees move that way. */
		bool both = i >= SWEEPS / 3;

		for (uint32_t r = 0; r < s->n_ranks; r++)
			place_rank(&p, i & 1 ? s->n_ranks - 1 - r : r, both || !(i & 1),
				both || (i & 1));
	}
	for (unsigned i = 0; fine && i < 3; i++) {
		for (size_t k = 0; k < s->link.n; k++) {
			const struct cpi_link *e = &s->link.v[k];

			straighten(s, e->first_cell,
				s->layout->box[e->to].rank -
					s->layout->box[e->from].rank - 1);
		}
		for (size_t k = 0; k < s->layout->n_boxes; k++)
			follow(s, &s->cell.v[k]);
	}
	fine = fine && gather_parts(s);
	cpi_free(s->mem, p.pool, n * sizeof *p.pool);
	cpi_free(s->mem, p.offset, n * sizeof *p.offset);
	return fine ? CP_OK : cpi_error_memory(err);
}
