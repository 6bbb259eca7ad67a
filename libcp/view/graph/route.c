/* SPDX-License-Identifier: Apache-2.0 */
/* Heights of ranks, the distance between them, and the knots of arcs. */
#include <stdlib.h>

#include "view/graph/parts.h"

enum { LEAST_GAP = 46, MOST_GAP = 150, SLOPE = 9, PORT = 12, CORNER = 8, MARGIN = 12 };

struct router {
	struct cpi_sketch *s;
	int32_t *top, *bottom;   /* of ranks */
	int32_t *leave, *arrive; /* by link: where along its boxes' borders */
	uint32_t *list;
};

static int32_t gap_below(const struct cpi_sketch *s, uint32_t rank)
{
	int64_t sum = 0, n = 0, gap;

	/* Links that go far to the side need height, or they lie on each other. */
	for (uint32_t i = s->rank_first[rank]; i < s->rank_first[rank + 1]; i++) {
		const struct cpi_cell *cell = &s->cell.v[s->order[i]];

		for (uint32_t k = 0; k < cell->n_down; k++, n++)
			sum += abs(s->cell.v[s->near.v[cell->down + k].cell].x - cell->x);
	}
	gap = LEAST_GAP + (n ? sum / n / SLOPE : 0);
	return (int32_t)(gap > MOST_GAP ? MOST_GAP : gap);
}

static void heights(struct router *r)
{
	struct cpi_sketch *s = r->s;
	int32_t y = MARGIN;

	for (uint32_t k = 0; k < s->n_ranks; k++) {
		int32_t h = 0;

		for (uint32_t i = s->rank_first[k]; i < s->rank_first[k + 1]; i++) {
			const struct cpi_cell *cell = &s->cell.v[s->order[i]];

			if (cell->box != CPI_NO_BOX && s->layout->box[cell->box].h > h)
				h = s->layout->box[cell->box].h;
		}
		r->top[k] = y;
		r->bottom[k] = y += h;
		if (k + 1 < s->n_ranks)
			y += gap_below(s, k);
	}
	s->layout->height = y + MARGIN;
}

/* To the right of MARGIN, and how wide it all is. */
static void move_right(struct cpi_sketch *s)
{
	int32_t least = INT32_MAX, most = 0;

	for (size_t i = 0; i < s->cell.n; i++) {
		const struct cpi_cell *cell = &s->cell.v[i];

		if (cell->x - cell->w / 2 < least)
			least = cell->x - cell->w / 2;
	}
	for (size_t i = 0; i < s->cell.n; i++) {
		struct cpi_cell *cell = &s->cell.v[i];

		cell->x += MARGIN - least;
		if (cell->x + (cell->w + 1) / 2 > most)
			most = cell->x + (cell->w + 1) / 2;
	}
	s->layout->width = most + MARGIN;
}

/* The cell a link has next to one of its ends. */
static uint32_t beside(const struct cpi_sketch *s, uint32_t link, bool lower)
{
	const struct cpi_link *e = &s->link.v[link];
	uint32_t dummies = s->layout->box[e->to].rank - s->layout->box[e->from].rank - 1;

	if (!dummies)
		return lower ? e->from : e->to;
	return lower ? e->first_cell + dummies - 1 : e->first_cell;
}

struct fan {
	const struct cpi_sketch *s;
	bool lower;
};

static int by_place(const void *a, const void *b, void *arg)
{
	const struct fan *fan = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	uint32_t x = fan->s->cell.v[beside(fan->s, i, fan->lower)].pos;
	uint32_t y = fan->s->cell.v[beside(fan->s, j, fan->lower)].pos;

	return x != y ? (x > y) - (x < y) : (i > j) - (i < j);
}

/* Links meet a box side by side, in the order of where they come from. */
static void spread(struct router *r, uint32_t box, uint32_t n, bool lower)
{
	struct fan fan = {r->s, lower};
	int32_t x = r->s->cell.v[box].x, w = r->s->cell.v[box].w - 2 * CORNER;
	int32_t *to = lower ? r->arrive : r->leave;

	if (n)
		qsort_r(r->list, n, sizeof *r->list, by_place, &fan);
	if (w < 0)
		w = 0;
	for (uint32_t i = 0; i < n; i++) {
		int64_t all = (int64_t)PORT * (n - 1);

		if (all > w)
			all = w;
		to[r->list[i]] = n < 2 ? x : (int32_t)(x - all / 2 + all * i / (n - 1));
	}
}

static void ports(
	struct router *r, const uint32_t *first, const uint32_t *link, bool lower)
{
	for (uint32_t i = 0; i < r->s->layout->n_boxes; i++) {
		uint32_t n = first[i + 1] - first[i];

		if (n)
			memcpy(r->list, link + first[i], n * sizeof *link);
		spread(r, i, n, lower);
	}
}

/* Links by one of their ends, twice: from, then to. */
static bool all_ports(struct router *r)
{
	struct cpi_sketch *s = r->s;
	size_t n = s->layout->n_boxes, m = s->link.n, size = (n + 2) * sizeof(uint32_t);
	uint32_t *first = cpi_alloc(s->mem, size);
	uint32_t *link = cpi_alloc_array(s->mem, m, sizeof *link);

	for (int lower = 0; first && link && lower < 2; lower++) {
		memset(first, 0, size);
		for (size_t i = 0; i < m; i++)
			first[(lower ? s->link.v[i].to : s->link.v[i].from) + 2]++;
		for (size_t i = 0; i < n; i++)
			first[i + 2] += first[i + 1];
		for (size_t i = 0; i < m; i++) {
			uint32_t end = lower ? s->link.v[i].to : s->link.v[i].from;

			link[first[end + 1]++] = (uint32_t)i;
		}
		ports(r, first, link, lower);
	}
	cpi_free(s->mem, first, size);
	cpi_free(s->mem, link, m * sizeof *link);
	return first && link;
}

static bool add_knot(struct router *r, int32_t x, int32_t y)
{
	struct cpi_layout *l = r->s->layout;

	return cpi_vec_push(r->s->mem, &l->knot, (struct cpi_layout_knot){x, y});
}

/* From the upper box down; turned round for arcs that run upwards. */
static bool route(struct router *r, uint32_t link, bool upwards, uint32_t *ret_n)
{
	struct cpi_layout *l = r->s->layout;
	const struct cpi_link *e = &r->s->link.v[link];
	const struct cpi_layout_box *from = &l->box[e->from], *to = &l->box[e->to];
	size_t first = l->knot.n, last;
	int32_t x = r->leave[link], y = from->y + (from->h + 1) / 2;
	bool fine = add_knot(r, x, y);

	if (y < r->bottom[from->rank])
		fine = fine && add_knot(r, x, r->bottom[from->rank]);
	for (uint32_t k = from->rank + 1; fine && k < to->rank; k++) {
		x = r->s->cell.v[e->first_cell + (k - from->rank - 1)].x;
		fine = add_knot(r, x, r->top[k]) &&
		       (r->top[k] == r->bottom[k] || add_knot(r, x, r->bottom[k]));
	}
	x = r->arrive[link];
	y = to->y - to->h / 2;
	if (y > r->top[to->rank])
		fine = fine && add_knot(r, x, r->top[to->rank]);
	fine = fine && add_knot(r, x, y);
	last = l->knot.n;
	*ret_n = (uint32_t)(last - first);
	for (; upwards && fine && first + 1 < last; first++) {
		struct cpi_layout_knot swap = l->knot.v[first];

		l->knot.v[first] = l->knot.v[--last];
		l->knot.v[last] = swap;
	}
	return fine;
}

static bool run(struct router *r)
{
	struct cpi_sketch *s = r->s;
	struct cpi_layout *l = s->layout;

	heights(r);
	move_right(s);
	for (size_t i = 0; i < l->n_boxes; i++) {
		uint32_t rank = l->box[i].rank;

		l->box[i].x = s->cell.v[i].x;
		l->box[i].y = (r->top[rank] + r->bottom[rank]) / 2;
	}
	if (!all_ports(r))
		return false;
	for (size_t i = 0; i < l->n_arcs; i++) {
		struct cpi_layout_arc *arc = &l->arc[i];

		arc->first_knot = (uint32_t)l->knot.n;
		arc->n_knots = 0;
		if (s->link_of[i] != UINT32_MAX &&
			!route(r, s->link_of[i], s->upwards[i], &arc->n_knots))
			return false;
	}
	return true;
}

enum cp_code cpi_layout_route(struct cpi_sketch *s, struct cp_error *err)
{
	size_t ranks = (s->n_ranks + 1) * sizeof(int32_t),
	       links = s->link.n * sizeof(int32_t);
	struct router r = {.s = s,
		.top = cpi_alloc(s->mem, ranks),
		.bottom = cpi_alloc(s->mem, ranks),
		.leave = cpi_alloc(s->mem, links),
		.arrive = cpi_alloc(s->mem, links),
		.list = cpi_alloc(s->mem, links)};
	bool fine = r.top && r.bottom && r.leave && r.arrive && r.list && run(&r);

	cpi_free(s->mem, r.top, ranks);
	cpi_free(s->mem, r.bottom, ranks);
	cpi_free(s->mem, r.leave, links);
	cpi_free(s->mem, r.arrive, links);
	cpi_free(s->mem, r.list, links);
	return fine ? CP_OK : cpi_error_memory(err);
}
