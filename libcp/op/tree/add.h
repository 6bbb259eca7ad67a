/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_TREE_ADD_H
#define CPI_TREE_ADD_H

/* Adding a profile to a tree: tree/frame.c makes frames, tree/walk.c walks nodes. */

#include "op/tree/tree.h"

/* A frame on its way down the tree; the name is that of its row. */
struct tree_step {
	uint32_t frame, name;
	uint32_t line; /* where the sample, or its call, is; 0 = unknown */
};

/* A location's frames, outermost first: step[first] … step[first + n - 1]. */
struct tree_place {
	uint32_t first, n; /* n = 0: not yet made */
};

enum { TREE_LANES = 32, TREE_LANE_STEPS = 1 << 16 };

/* A stack on its way down. */
struct tree_lane {
	size_t first;   /* its steps, the root's side first: walk[first] … */
	uint32_t n;
	uint32_t same;  /* so many of them are those of the lane before */
	uint32_t node;  /* reached so far */
	uint64_t hash;  /* of the node and the next step's name */
	int64_t value;
};

/* What adding one profile needs besides the tree. */
struct tree_adding {
	struct cpi_tree *tree;
	const struct cp_profile *p;
	struct cp_error *err;
	unsigned column;
	struct tree_place *place; /* by location */
	CPI_VEC(struct tree_step) step;
	cp_labels labels; /* of the sample before, and its frame below the root */
	bool labels_seen;
	int64_t step_value, left; /* with options.most: see step_of() */
	bool lines; /* some frame has a line */
	uint32_t root_frame;
	struct tree_lane lane[TREE_LANES];
	unsigned lanes;
	CPI_VEC(struct tree_step) walk; /* the lanes' steps */
	CPI_VEC(uint32_t) open; /* flame charts: the last stack's nodes, root first */
};

/* All return false with *a->err set. */
bool cpi_tree_out_of_memory(struct tree_adding *a);
/* Makes the frames of a location. */
bool cpi_tree_make_place(struct tree_adding *a, cp_location location);
/* The frame below the root that names the task; 0 = none. */
bool cpi_tree_root_frame(
	struct tree_adding *a, enum cp_root root, cp_labels labels, uint32_t *ret_id);
/* … as a step; its frame is 0 when there is none. */
bool cpi_tree_find_root(
	struct tree_adding *a, cp_labels labels, struct tree_step *ret);
/* One step down from *node, found or new. */
bool cpi_tree_descend(struct tree_adding *a, uint32_t *node, struct tree_step step);
/* Widens the range of lines of the node just reached. */
bool cpi_tree_meet_line(struct tree_adding *a, uint32_t node, uint32_t line);
/* Counts a sample at its node. */
bool cpi_tree_count(struct tree_adding *a, uint32_t node, int64_t value);
/* Adds samples, in the order of their rows or as a flame chart wants them. */
bool cpi_tree_walk(struct tree_adding *a, uint32_t type);
/* The same without what is narrower than options.least. */
bool cpi_tree_walk_wide(struct tree_adding *a, uint32_t type);
bool cpi_tree_walk_chart(struct tree_adding *a, uint32_t type);

#endif
