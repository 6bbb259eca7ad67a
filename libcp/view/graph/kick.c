/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out of an order that no single move makes better: a box is put elsewhere in its rank by
 * chance, its links are threaded anew and what they lead to goes where it crosses least.
 * What is no worse stays, all else is taken back. The numbers are the same each time.
 */
#include "view/graph/order.h"

enum {
	SETTLES = 20,  /* of threads and moves in turn */
	PATIENCE = 400 /* kicks that lead to nothing */
};

/* Below `n`; Knuth's linear congruences. */
static uint32_t chance(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((*seed >> 32) * n >> 32);
}

static void settle(struct cpi_sorter *o)
{
	for (unsigned i = 0; i < SETTLES && o->s->steps < o->budget; i++) {
		if (!cpi_order_thread(o, CPI_NO_BOX))
			break;
		cpi_order_sift_all(o);
	}
	cpi_order_keep(o);
}

/* The boxes a box has links to follow it. */
static void follow(struct cpi_sorter *o, uint32_t box)
{
	struct cpi_sketch *s = o->s;

	cpi_order_thread(o, box);
	for (size_t i = 0; i < s->link.n && s->steps < o->budget; i++) {
		const struct cpi_link *e = &s->link.v[i];
		uint32_t other = e->from == box ? e->to : e->from;

		if (e->from != box && e->to != box)
			continue;
		if (cpi_order_sift(o, other))
			cpi_order_thread(o, other);
	}
}

void cpi_order_kick(struct cpi_sorter *o)
{
	struct cpi_sketch *s = o->s;
	uint64_t seed = 1;

	settle(o);
	for (unsigned idle = 0; idle < PATIENCE && o->least; idle++) {
		uint32_t box = chance(&seed, (uint32_t)s->layout->n_boxes);
		uint32_t rank = s->cell.v[box].rank, n = cpi_order_width(s, rank);
		uint64_t before = o->least;

		s->steps += s->cell.n;
		if (s->steps >= o->budget)
			break;
		if (n < 2)
			continue;
		cpi_order_move(s, s->order + s->rank_first[rank], s->cell.v[box].pos,
			chance(&seed, n));
		follow(o, box);
		follow(o, box);
		cpi_order_keep(o);
		cpi_order_back(o);
		if (o->least < before)
			idle = 0;
	}
	cpi_order_back(o);
	settle(o);
	cpi_order_back(o);
}
