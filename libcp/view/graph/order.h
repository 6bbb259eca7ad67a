/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_GRAPH_ORDER_H
#define CPI_VIEW_GRAPH_ORDER_H

/* What finds the order within ranks: medians, exchanges, threads and kicks. */

#include "view/graph/parts.h"

struct cpi_sorter {
	struct cpi_sketch *s;
	uint32_t *best;         /* the best order so far */
	uint64_t least;         /* its crossings */
	int32_t *median;        /* by cell, times two; -1: it has no neighbour there */
	uint32_t *tree;         /* of counts, for crossings */
	uint32_t *work, *queue; /* as many numbers as there are cells */
	uint32_t *thread;       /* four times as many */
	bool *met;              /* by cell */
	bool *seen;             /* by rank: to be tried again */
	uint64_t budget;        /* of steps */
	bool to_right;          /* equal medians change places in every other round */
};

static inline struct cpi_cell *cpi_order_at(
	const struct cpi_sketch *s, uint32_t rank, uint32_t pos)
{
	return &s->cell.v[s->order[s->rank_first[rank] + pos]];
}

static inline uint32_t cpi_order_width(const struct cpi_sketch *s, uint32_t rank)
{
	return s->rank_first[rank + 1] - s->rank_first[rank];
}

/* order.c: of all cells, from their order; and how many links cross. */
void cpi_order_positions(struct cpi_sketch *s);
uint64_t cpi_order_crossings(struct cpi_sorter *o);
/* The present order becomes the best where less crosses, or the best is taken back. */
void cpi_order_keep(struct cpi_sorter *o);
void cpi_order_back(struct cpi_sorter *o);

/* sift.c: neighbours on one side by their position. */
void cpi_order_sort_side(struct cpi_sketch *s, uint32_t first, uint32_t n);
/* A cell of a rank from one place to another; those between make room. */
void cpi_order_move(struct cpi_sketch *s, uint32_t *order, uint32_t from, uint32_t to);
/* One cell to where it crosses least; true when that is elsewhere. */
bool cpi_order_sift(struct cpi_sorter *o, uint32_t cell);
void cpi_order_sift_all(struct cpi_sorter *o);
/* Neighbours change places as long as that helps; once for nothing, if `equal`. */
void cpi_order_transpose(struct cpi_sorter *o, bool equal);

/*
 * thread.c: the long links of a box, or of all with CPI_NO_BOX, to where they cross
 * least; true when some moved.
 */
bool cpi_order_thread(struct cpi_sorter *o, uint32_t box);
/* kick.c: boxes elsewhere by chance, and back again where that does not help. */
void cpi_order_kick(struct cpi_sorter *o);

#endif
