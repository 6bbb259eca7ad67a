/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_PROFILE_H
#define CPI_PROFILE_H

/*
 * The profile's columns, for the library itself. Readers go through model/builder.h.
 *
 * Stacks are whole sequences in one column (frames), not a tree of parents. The workload
 * that decided it: a pprof of 1M samples of depth 40 is 40M frames; interning a sequence
 * costs one hash of 160 bytes where a tree costs 40 dependent look-ups, and reports and
 * writers read sequences forward. Views that need a tree build one (op/tree/tree.h).
 */

#include <cp/profile.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/text.h"
#include "base/vec.h"

struct cpi_string_row {
	const char *p; /* NUL after it */
	uint32_t n;
};

struct cp_profile {
	struct cpi_env *env;
	struct cpi_arena bytes; /* of the strings */
	CPI_VEC(struct cpi_string_row) string;
	CPI_VEC(struct cp_mapping_row) mapping;
	CPI_VEC(struct cp_function_row) function;
	CPI_VEC(struct cp_location_row) location;
	CPI_VEC(struct cp_line_row) line;
	/*
	 * Stack i is frame[stack_end[i - 1]] … frame[stack_end[i] - 1]; stack_end[0] is
	 * 0.
	 */
	CPI_VEC(cp_location) frame;
	CPI_VEC(uint64_t) stack_end;
	/* Label sets, in the same way. */
	CPI_VEC(struct cp_label) label;
	CPI_VEC(uint64_t) labels_end;
	CPI_VEC(struct cp_value_type) sample_type;
	/* Samples by column; value has sample_type.n entries a sample. */
	CPI_VEC(cp_stack) sample_stack;
	CPI_VEC(cp_labels) sample_labels;
	CPI_VEC(int64_t) value;
	CPI_VEC(int64_t) time; /* empty, or one a sample */
	CPI_VEC(cp_string) comment;
	struct cp_profile_header header;
};

/* All tables hold their "none" row except line, frame, label and the sample columns. */

static inline struct cp_text cpi_profile_text(const struct cp_profile *p, cp_string id)
{
	const struct cpi_string_row *row = &p->string.v[id.i];

	return (struct cp_text){row->p, row->n};
}

static inline uint32_t cpi_profile_n_samples(const struct cp_profile *p)
{
	return (uint32_t)p->sample_stack.n;
}

static inline const cp_location *cpi_profile_frames(
	const struct cp_profile *p, cp_stack id, uint32_t *ret_n)
{
	uint64_t from = id.i ? p->stack_end.v[id.i - 1] : 0;

	*ret_n = id.i ? (uint32_t)(p->stack_end.v[id.i] - from) : 0;
	return id.i ? p->frame.v + from : p->frame.v; /* which may be null */
}

static inline const struct cp_label *cpi_profile_label_set(
	const struct cp_profile *p, cp_labels id, uint32_t *ret_n)
{
	uint64_t from = id.i ? p->labels_end.v[id.i - 1] : 0;

	*ret_n = id.i ? (uint32_t)(p->labels_end.v[id.i] - from) : 0;
	return id.i ? p->label.v + from : p->label.v;
}

static inline bool cpi_label_is_string(const struct cp_label *label)
{
	return label->str.i != 0;
}

/* Index of the sample type to show by default: the header's, else the last. */
uint32_t cpi_profile_default_type(const struct cp_profile *p);
/*
 * The type that a view shows if none is asked for: the default one, or if all its values
 * are 0 the first that has any; of "x:samples" and "x", which count the same samples, x.
 */
uint32_t cpi_profile_shown_type(const struct cp_profile *p);
/* The same, and says so where it is not the default type. */
uint32_t cpi_profile_show_type(struct cpi_env *env, const struct cp_profile *p);
/*
 * The type a user means: a name (pprof's prefix "inuse_" may be too much) or an index
 * from 0; NULL and "" are the default one. CP_ERROR_ARGUMENT lists what there is.
 */
enum cp_code cpi_profile_find_type(const struct cp_profile *p, const char *name,
	uint32_t *ret_type, struct cp_error *err);
/* All of it once more, row for row. NULL when out of memory. */
struct cp_profile *cpi_profile_copy(struct cpi_env *env, const struct cp_profile *p);

#endif
