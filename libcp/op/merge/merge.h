/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_OP_MERGE_H
#define CPI_OP_MERGE_H

/*
 * <cp/merge.h>, taken apart:
 *
 *	merge.c        one input after the other; header, samples
 *	merge/types.c  which columns the result has and in which units
 *	merge/rows.c   rows of an input to rows of the result
 *	merge/tally.c  counts that stand in comments and are summed up
 *	merge/finish.c what is done when all inputs are in
 *	merge/canonical.c  an order that does not depend on that of the inputs
 */

#include <cp/merge.h>

#include "model/builder.h"

/* A count that results carry in a comment, "cpmerge: WHAT: N". */
struct cpi_tally {
	char what[64];
	uint64_t n;
};

/* What inputs said of one mapping; the row that a canonical result has. */
struct cpi_merge_best {
	struct cp_mapping_row row; /* ids are the result's */
	bool seen, first;          /* first: it was some input's first */
};

struct cp_merge {
	struct cpi_env *env;
	struct cp_merge_options o;
	struct cpi_builder b;
	struct cpi_index mapping_keys;
	struct cpi_index location_keys; /* pprof_compat only */
	struct cpi_index comments;      /* string ids */
	CPI_VEC(struct cpi_tally) tally;
	CPI_VEC(struct cpi_merge_best) best; /* by mapping; canonical only */
	bool types_differ, periods_differ;   /* among the inputs */
	uint32_t n_inputs;
	enum cp_code failed; /* later adds and finish say so */
};

/* Which samples of a result come in which order; NULL: all, as they stand. */
struct cpi_merge_choice {
	const uint32_t *order; /* of samples */
	const bool *keep;      /* by stack; the others become one */
	cp_mapping first;      /* that comes first; 0: the first */
};

/* How the columns of an input become those of the result. */
struct cpi_merge_column {
	uint32_t from; /* column of the input; MERGE_ABSENT: 0 */
	double ratio;  /* input's values times this */
};

#define MERGE_ABSENT UINT32_MAX

struct cpi_merge_plan {
	struct cpi_mem *mem;
	struct cpi_merge_column *column; /* of the input, per new column */
	struct cpi_merge_column *kept;   /* of the result so far, per new column */
	struct cp_value_type *type;      /* new columns; ids are the result's */
	uint32_t n, n_kept;              /* n_kept of them were there before */
	uint32_t room;
	bool changes; /* the columns of the result change */
	double period_ratio, kept_period_ratio;
	cp_string period_unit; /* the result's id */
};

/* CP_ERROR_ARGUMENT when the input does not fit; changes nothing but strings. */
enum cp_code cpi_merge_plan(struct cp_merge *m, const struct cp_profile *p,
	struct cpi_merge_plan *ret_plan, struct cp_error *err);
void cpi_merge_plan_release(struct cpi_merge_plan *plan);
/* Brings the result's columns to the plan's. */
enum cp_code cpi_merge_recolumn(
	struct cp_merge *m, const struct cpi_merge_plan *plan, struct cp_error *err);
/* value * ratio, rounded; false when it exceeds 64 bits. */
bool cpi_merge_scale(int64_t value, double ratio, int64_t *ret);
/* One sample's values in new columns; false when one exceeds 64 bits. */
bool cpi_merge_values(const struct cpi_merge_column *column, uint32_t n, double weight,
	const int64_t *from, int64_t *to);
void cpi_merge_compat_zero(
	const struct cpi_merge_column *column, uint32_t n, int64_t *to);
enum cp_code cpi_merge_too_large(struct cp_error *err);

/* Rows of one input to rows of the result. */
struct cpi_merge_rows {
	struct cp_merge *m;
	struct cpi_builder_map map; /* strings, functions, label sets */
	uint32_t *mapping, *location, *stack, *labels; /* new ids; 0 = not yet */
	uint64_t *shift;          /* per mapping: added to addresses */
	cp_location *frame;       /* scratch for the deepest stack */
	struct cp_line_row *line; /* scratch for the longest chain */
	struct cp_label *label;   /* scratch for the largest set */
	uint32_t deepest, longest, most;
	const struct cp_merge_input *input;
};

bool cpi_merge_rows_init(struct cpi_merge_rows *rows, struct cp_merge *m,
	const struct cp_profile *p, const struct cp_merge_input *input);
void cpi_merge_rows_release(struct cpi_merge_rows *rows);
cp_mapping cpi_merge_mapping(struct cpi_merge_rows *rows, cp_mapping id);
/* The stack of one function "(other)". */
cp_stack cpi_merge_other(struct cpi_builder *b);
cp_stack cpi_merge_stack(struct cpi_merge_rows *rows, cp_stack id);
cp_labels cpi_merge_labels(struct cpi_merge_rows *rows, cp_labels id);

enum cp_code cpi_merge_new(struct cpi_env *env, const struct cp_merge_options *o,
	struct cp_merge **ret_merge, struct cp_error *err);
enum cp_code cpi_merge_add(struct cp_merge *m, const struct cp_profile *p,
	const struct cp_merge_input *input, struct cp_error *err);
/*
 * Merges the result so far into an empty one, which leaves all-zero samples and rows
 * without use behind and renumbers the others. `choice` may be NULL.
 */
enum cp_code cpi_merge_again(
	struct cp_merge *m, const struct cpi_merge_choice *choice, struct cp_error *err);
/* All columns have the same types on both sides, in the same order. */
bool cpi_merge_same_types(const struct cp_profile *a, const struct cp_profile *b);

/* Counts n more of WHAT; false when there are too many kinds, or the builder has failed. */
bool cpi_merge_tally_add(struct cp_merge *m, struct cp_text what, uint64_t n);
/* Takes a comment that is a count; false when it is none. */
bool cpi_merge_tally_take(struct cp_merge *m, struct cp_text comment);
/* Writes the counts into comments, in the order of their names. */
void cpi_merge_tally_write(struct cp_merge *m);
enum cp_code cpi_merge_skip(
	struct cp_merge *m, const char *reason, uint64_t n, struct cp_error *err);

/* Canonical merges: what one more input says of a mapping and of a text of the header. */
bool cpi_merge_best_mapping(struct cp_merge *m, cp_mapping id,
	const struct cp_mapping_row *row, bool first);
cp_string cpi_merge_smaller(const struct cp_profile *p, cp_string a, cp_string b);
/*
 * Brings what stands once into its canonical form, and finds the order of samples: n of
 * them into `order`, the mapping that comes first into *ret_first.
 */
enum cp_code cpi_merge_canonical(struct cp_merge *m, uint32_t *order,
	cp_mapping *ret_first, struct cp_error *err);

enum cp_code cpi_merge_finish(
	struct cp_merge *m, struct cp_profile **ret_profile, struct cp_error *err);

#endif
