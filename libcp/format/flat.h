/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FLAT_H
#define CPI_FLAT_H

/*
 * A profile as formats without addresses see it: frames are functions by name and file
 * (and first line, where it is wanted), inlined ones are frames like any other, and samples
 * with the same frames are one row. Frames and rows stand in order of first use.
 */

#include "base/hash.h"
#include "model/name.h"
#include "model/profile.h"

struct cpi_flat_frame {
	struct cpi_name name;
	cp_string file;
	int64_t start_line; /* 0 when unknown, or not wanted */
	int64_t column;     /* of the first line that was met; for writers that have it */
	cp_mapping mapping; /* of the first place that was met */
};

struct cpi_flat_row {
	uint64_t at; /* first frame, in `sequence`, leaf first */
	uint32_t n;
	cp_labels labels; /* none unless labels are kept apart */
};

struct cpi_flat {
	struct cpi_env *env;
	const struct cp_profile *p;
	bool start_lines, labels;
	CPI_VEC(struct cpi_flat_frame) frame;
	struct cpi_index frames;
	CPI_VEC(uint32_t) of_location; /* index + 1 in `list` of count and frames */
	CPI_VEC(uint32_t) list;
	CPI_VEC(uint32_t) sequence;
	CPI_VEC(struct cpi_flat_row) row;
	struct cpi_index rows;
	CPI_VEC(int64_t) value; /* sums by row and sample type */
};

/*
 * Fills `flat`. Functions differ by first line with `start_lines`; samples with different
 * labels are apart with `labels`. Sums beyond 64 bits are CP_ERROR_LIMIT. To be released in
 * either case.
 */
enum cp_code cpi_flat_init(struct cpi_flat *flat, struct cpi_env *env,
	const struct cp_profile *p, bool start_lines, bool labels, struct cp_error *err);
void cpi_flat_release(struct cpi_flat *flat);

/*
 * Appends the frames of a stack to flat->sequence, leaf first; how many goes to *ret_n.
 * False when out of memory.
 */
bool cpi_flat_stack(struct cpi_flat *flat, cp_stack stack, uint32_t *ret_n);

/* Appends the name as text of a frame, brackets included. */
static inline void cpi_flat_name(
	struct cpi_sink *sink, const struct cpi_flat *flat, uint32_t frame)
{
	cpi_name_append(sink, flat->frame.v[frame].name);
}

#endif
