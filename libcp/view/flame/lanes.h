/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FLAME_LANES_H
#define CPI_FLAME_LANES_H

#include "view/flame/flame.h"

/*
 * A flame chart of samples with times: threads on one axis, a lane for each. A wait has
 * its whole span; a sample stands for the time before it, up to what came before.
 */
enum lane_kind {
	LANE_RUNS,
	LANE_BLOCKED, /* S, D, … */
	LANE_READY,   /* R: has no CPU */
	LANE_UNKNOWN, /* ?: before the first record */
	LANE_KINDS
};

struct lane_box {
	int64_t from, to; /* nanoseconds of the capture's clock */
	int64_t value;
	uint32_t row; /* of cpi_lanes.row */
	uint8_t kind; /* enum lane_kind */
};

/* One thread. */
struct lane {
	uint32_t name; /* the tree's frame; 0: nobody says */
	int64_t tid;
	size_t first, n; /* boxes */
	bool waits;      /* some of them are: what is between them runs */
	int64_t time[LANE_KINDS], total;
};

struct lane_row {
	uint32_t parent, frame;
};

struct cpi_lanes {
	struct cpi_flame *flame;
	CPI_VEC(struct lane) lane;
	CPI_VEC(struct lane_box) box;
	CPI_VEC(struct lane_row) row; /* of the tree, while it still had them */
	CPI_VEC(uint32_t) shown;      /* lanes, in order */
	int64_t from, to;
	bool waits; /* any lane has some */
};

/* A frame that is drawn: neighbours of one name are one. */
struct lane_frame {
	int64_t from, to, value;
	int64_t ran;           /* so much of this time on a CPU */
	uint32_t frame, depth; /* depth: 0 is the lane's own */
};

typedef bool lane_frame_fn(void *arg, const struct lane_frame *frame);
/* Calls `each` for a lane's frames, as they end. False: out of memory, or `each` said so.
 */
bool cpi_lanes_each(
	struct cpi_lanes *lanes, const struct lane *lane, lane_frame_fn *each, void *arg);

#endif
