/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A long link on its best way: with all else as it stands, the places of its dummies that
 * cross least are those of a shortest path, from rank to rank through the gaps between
 * the others. One dummy alone could not leave the line its neighbours hold.
 */
#include "view/graph/order.h"

/* Gap p of a rank is before its p-th cell, the link's own dummy not counted. */
struct thread {
	struct cpi_sketch *s;
	uint32_t own, n;     /* its dummies: taken out of their ranks */
	uint32_t first;      /* the rank of the first of them */
	uint32_t *cost;      /* by gap of the rank last reached */
	uint32_t *next_cost; /* by gap of the next */
	int32_t *row;        /* crossings from one gap to each gap of the next rank */
	uint32_t *from;      /* by dummy and gap: the best gap before */
	int64_t now;         /* crossings where it stood */
};

static uint32_t *rank_of(const struct thread *t, uint32_t rank, uint32_t *ret_n)
{
	const struct cpi_sketch *s = t->s;

	*ret_n = s->rank_first[rank + 1] - s->rank_first[rank];
	return s->order + s->rank_first[rank];
}

/* Out of or into its rank; the array keeps its length, its last place is free then. */
static void take_out(struct thread *t, uint32_t k)
{
	struct cpi_sketch *s = t->s;
	uint32_t n, *order = rank_of(t, t->first + k, &n);

	for (uint32_t i = s->cell.v[t->own + k].pos; i + 1 < n; i++) {
		order[i] = order[i + 1];
		s->cell.v[order[i]].pos = i;
	}
}

static void put_in(struct thread *t, uint32_t k, uint32_t pos)
{
	struct cpi_sketch *s = t->s;
	uint32_t n, *order = rank_of(t, t->first + k, &n);

	s->steps += n;
	for (uint32_t i = n - 1; i > pos; i--) {
		order[i] = order[i - 1];
		s->cell.v[order[i]].pos = i;
	}
	order[pos] = t->own + k;
	s->cell.v[t->own + k].pos = pos;
}

/*
 * From a box to each gap of the rank below or above: what crosses that is not from the
 * same box.
 */
static void from_box(
	struct thread *t, uint32_t box, uint32_t rank, bool below, uint32_t *cost)
{
	struct cpi_sketch *s = t->s;
	uint32_t n, *order = rank_of(t, rank, &n), pos = s->cell.v[box].pos;
	int64_t now = 0;

	/* By the other rank's cells: those of its links that end left or right of it. */
	for (uint32_t i = 0; i + 1 < n; i++) {
		const struct cpi_cell *cell = &s->cell.v[order[i]];
		uint32_t first = below ? cell->up : cell->down;
		uint32_t m = below ? cell->n_up : cell->n_down;

		for (uint32_t k = 0; k < m; k++)
			now += s->cell.v[s->near.v[first + k].cell].pos < pos;
		s->steps += 2 * m + 1;
	}
	for (uint32_t i = 0;; i++) {
		const struct cpi_cell *cell;
		uint32_t first, m;

		cost[i] = (uint32_t)now;
		if (i + 1 >= n)
			break;
		cell = &s->cell.v[order[i]];
		first = below ? cell->up : cell->down;
		m = below ? cell->n_up : cell->n_down;
		for (uint32_t k = 0; k < m; k++) {
			uint32_t at = s->cell.v[s->near.v[first + k].cell].pos;

			now += (at > pos) - (at < pos);
		}
	}
}

/* From the gaps of dummy k - 1 to those of dummy k. */
static void go_down(struct thread *t, uint32_t k, uint32_t *from)
{
	struct cpi_sketch *s = t->s;
	uint32_t n, m, links = 0, *upper = rank_of(t, t->first + k - 1, &n);

	rank_of(t, t->first + k, &m);
	memset(t->row, 0, m * sizeof *t->row);
	memset(t->next_cost, 0xff, m * sizeof *t->next_cost);
	/* Gap 0: every link of the upper rank is to its right. */
	for (uint32_t i = 0; i + 1 < n; i++) {
		const struct cpi_cell *cell = &s->cell.v[upper[i]];

		links += cell->n_down;
		for (uint32_t j = 0; j < cell->n_down; j++)
			t->row[s->cell.v[s->near.v[cell->down + j].cell].pos + 1]++;
	}
	for (uint32_t q = 1; q < m; q++)
		t->row[q] += t->row[q - 1];
	for (uint32_t p = 0; p < n; p++) {
		const struct cpi_cell *cell = &s->cell.v[upper[p]];

		if (p == s->cell.v[t->own + k - 1].pos)
			t->now += t->row[s->cell.v[t->own + k].pos];
		for (uint32_t q = 0; q < m; q++) {
			uint32_t sum = t->cost[p] + (uint32_t)t->row[q];

			if (sum < t->next_cost[q]) {
				t->next_cost[q] = sum;
				from[q] = p;
			}
		}
		/* The next gap has this cell's links to its left. */
		for (uint32_t j = 0; p + 1 < n && j < cell->n_down; j++) {
			uint32_t v = s->cell.v[s->near.v[cell->down + j].cell].pos;

			for (uint32_t q = 0; q <= v; q++)
				t->row[q]++;
			for (uint32_t q = v + 1; q < m; q++)
				t->row[q]--;
		}
	}
	s->steps += (uint64_t)n * m / 4;
}

/* Where it crosses least; true when that is less than where it stood. */
static bool find_way(struct thread *t, const struct cpi_link *e)
{
	struct cpi_sketch *s = t->s;
	uint32_t n, last = t->n - 1, best, *from = t->from, *swap;

	from_box(t, e->from, t->first, true, t->cost);
	t->now = t->cost[s->cell.v[t->own].pos];
	for (uint32_t k = 1; k <= last; k++) {
		rank_of(t, t->first + k, &n);
		go_down(t, k, from);
		from += n;
		swap = t->cost;
		t->cost = t->next_cost;
		t->next_cost = swap;
	}
	from_box(t, e->to, t->first + last, false, t->next_cost);
	t->now += t->next_cost[s->cell.v[t->own + last].pos];
	rank_of(t, t->first + last, &n);
	best = 0;
	for (uint32_t q = 0; q < n; q++) {
		t->cost[q] += t->next_cost[q];
		if (t->cost[q] < t->cost[best])
			best = q;
	}
	if (t->cost[best] >= t->now)
		return false;
	for (uint32_t k = last;; k--) {
		s->cell.v[t->own + k].pos = best;
		if (!k)
			return true;
		rank_of(t, t->first + k, &n);
		from -= n;
		best = from[best];
	}
}

/* What find_way takes, in steps as go_down counts them. */
static uint64_t price(const struct thread *t)
{
	const struct cpi_sketch *s = t->s;
	uint64_t sum = 0;

	for (uint32_t k = 1; k < t->n; k++) {
		uint32_t n, m, *upper = rank_of(t, t->first + k - 1, &n);
		uint64_t links = n;

		rank_of(t, t->first + k, &m);
		for (uint32_t i = 0; i < n; i++)
			links += s->cell.v[upper[i]].n_down;
		sum += links * (m + 12) / 4;
	}
	return sum;
}

static bool rethread(struct thread *t, const struct cpi_link *e, uint64_t budget)
{
	struct cpi_sketch *s = t->s;
	bool better;

	t->own = e->first_cell;
	t->first = s->layout->box[e->from].rank + 1;
	t->n = s->layout->box[e->to].rank - t->first;
	/* Ranks of thousands: one link alone could take longer than all may. */
	if (!t->n || (t->n > 1 && s->steps + price(t) > budget))
		return false;
	for (uint32_t k = 0; k < t->n; k++)
		take_out(t, k);
	better = find_way(t, e);
	for (uint32_t k = 0; k < t->n; k++)
		put_in(t, k, s->cell.v[t->own + k].pos);
	return better;
}

bool cpi_order_thread(struct cpi_sorter *o, uint32_t box)
{
	struct cpi_sketch *s = o->s;
	size_t n = s->cell.n + 1;
	struct thread t = {.s = s,
		.cost = o->thread,
		.next_cost = o->thread + n,
		.row = (int32_t *)o->thread + 2 * n,
		.from = o->thread + 3 * n};
	bool better = false;

	s->steps += s->link.n / 4;
	for (size_t i = 0; i < s->link.n && s->steps < o->budget; i++) {
		const struct cpi_link *e = &s->link.v[i];

		if (box == CPI_NO_BOX || e->from == box || e->to == box)
			better |= rethread(&t, e, o->budget);
	}
	return better;
}
