/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_GRAPH_LAYOUT_H
#define CPI_VIEW_GRAPH_LAYOUT_H

/*
 * Layered drawing of a directed graph (Sugiyama; Gansner, Koutsofios, North and Vo, "A
 * Technique for Drawing Directed Graphs", 1993). All coordinates are whole numbers and
 * all ties are broken by the order of boxes and arcs, so that a graph is drawn the same
 * everywhere. What a graph may cost is counted in steps, not in time, for the same
 * reason.
 */

#include "base/env.h"
#include <string.h>

#include "base/vec.h"

enum { CPI_LAYOUT_BOXES = 10000, CPI_LAYOUT_ARCS = 200000 };

struct cpi_layout_box {
	int32_t w, h;
	int64_t importance; /* decides from where cycles are walked */
	/* Out: */
	int32_t x, y; /* the centre */
	uint32_t rank;
};

struct cpi_layout_arc {
	uint32_t from, to;
	uint32_t weight; /* 1 … 1000: how short and straight it should be */
	/* Out: its knots, from its start to its end. */
	uint32_t first_knot, n_knots; /* none: an arc from a box to itself */
};

/*
 * Between two knots a curve leaves and arrives vertically, its control points at half of
 * the height. Knots lie on the borders of ranks, so that no curve meets a box.
 */
struct cpi_layout_knot {
	int32_t x, y;
};

struct cpi_layout {
	struct cpi_env *env;
	struct cpi_layout_box *box;
	size_t n_boxes;
	struct cpi_layout_arc *arc;
	size_t n_arcs;
	/* Out: */
	CPI_VEC(struct cpi_layout_knot) knot;
	int32_t width, height;
	uint64_t crossings;
	uint32_t n_ranks;
};

/* Fills what is out. CP_ERROR_LIMIT above CPI_LAYOUT_BOXES or CPI_LAYOUT_ARCS. */
enum cp_code cpi_layout_run(struct cpi_layout *layout, struct cp_error *err);
void cpi_layout_release(struct cpi_layout *layout);

#endif
