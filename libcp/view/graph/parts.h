/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_GRAPH_PARTS_H
#define CPI_VIEW_GRAPH_PARTS_H

/* The stages of the layout, in their order: ranks, cells, order, place, route. */

#include "view/graph/layout.h"

/* An arc without its direction: from the upper to the lower box, parallel ones in one. */
struct cpi_link {
	uint32_t from, to, weight;
	uint32_t first_cell; /* of its dummies, one for each rank it passes */
};

#define CPI_NO_BOX UINT32_MAX

/* What has a place in a rank: a box, or a link that passes. */
struct cpi_cell {
	uint32_t box; /* CPI_NO_BOX: a link passes */
	uint32_t rank, pos;
	int32_t w, x;
	uint32_t up, n_up, down, n_down; /* neighbours, in near */
};

struct cpi_near {
	uint32_t cell, weight;
	uint32_t pos; /* of the cell, as of when these were sorted last */
};

struct cpi_sketch {
	struct cpi_layout *layout;
	struct cpi_mem *mem;
	CPI_VEC(struct cpi_link) link;
	uint32_t *link_of;             /* by arc; UINT32_MAX: from a box to itself */
	bool *upwards;                 /* by arc: runs against its link */
	CPI_VEC(struct cpi_cell) cell; /* boxes first, by number */
	CPI_VEC(struct cpi_near) near;
	uint32_t *order;      /* cells by rank, then position */
	uint32_t *rank_first; /* n_ranks + 1 of them, in order */
	uint32_t n_ranks;
	size_t ranks_room;
	uint64_t steps; /* done so far, for the budget */
};

/* cycles.c: links out of arcs. */
enum cp_code cpi_layout_links(struct cpi_sketch *sketch, struct cp_error *err);
/* rank.c: boxes get ranks. */
enum cp_code cpi_layout_ranks(struct cpi_sketch *sketch, struct cp_error *err);
/* order.c */
enum cp_code cpi_layout_cells(struct cpi_sketch *sketch, struct cp_error *err);
enum cp_code cpi_layout_order(struct cpi_sketch *sketch, struct cp_error *err);
/* place.c: x of cells, then all of y and the knots. */
enum cp_code cpi_layout_place(struct cpi_sketch *sketch, struct cp_error *err);
enum cp_code cpi_layout_route(struct cpi_sketch *sketch, struct cp_error *err);

#endif
