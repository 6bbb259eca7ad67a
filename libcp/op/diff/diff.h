/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DIFF_H
#define CPI_DIFF_H

/*
 * The parts behind <cp/diff.h>: diff/table.c turns a profile into counts per function,
 * diff/match.c joins names across builds,
 * diff/test.c scales and tests, diff/moved.c finds
 * cost that only changed its name, diff/gate.c answers gates.
 */

#include <cp/diff.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include "model/profile.h"
#include "op/diff/compare.h"
#include "op/tree/tree.h"

/* Blocks of time inside one capture, for its own dispersion. */
enum { CPI_DIFF_BLOCKS = 20 };

/* One function in one capture. */
struct cpi_diff_cell {
	uint32_t row;
	double flat, flat_var; /* ΣV and Σ(v²/c) */
	double cum, cum_var;
	uint32_t caller; /* the row most flat samples were called from; UINT32_MAX none */
};

struct cpi_diff_run {
	enum cp_diff_side side;
	CPI_VEC(struct cpi_diff_cell) cell;
	double total, total_var;
	double seconds;
	double block_phi; /* 0 = no times */
	double block_rows;
};

struct cp_diff {
	struct cpi_env *env;
	struct cp_diff_options options;
	char *anchor; /* copy of options.anchor */
	char *sample_type;
	struct cpi_arena bytes;
	CPI_VEC(struct cp_text) name; /* rows before they are joined */
	struct cpi_index names;
	CPI_VEC(struct cpi_diff_run) run;
	struct cp_text type, unit;
	bool census;
	struct cpi_tree tree; /* with options.tree: column 0 before, 1 after */
	double tree_one;      /* what a value of 1 means there */
	double tree_weight;   /* value of one effective sample */
	/* After cp_diff_finish: */
	CPI_VEC(struct cp_diff_row) row; /* in order of first use */
	CPI_VEC(const struct cp_diff_row *) order; /* largest change first */
	CPI_VEC(uint32_t) caller[2]; /* per row and side: the main caller's row */
	CPI_VEC(uint32_t) row_of;    /* per name: its row */
	struct cp_diff_summary summary;
	bool finished;
};

/* `options` is complete; strings are copied. */
enum cp_code cpi_diff_new(struct cpi_env *env, const struct cp_diff_options *options,
	struct cp_diff **ret_diff, struct cp_error *err);

static inline bool cpi_diff_has_tree(const struct cp_diff *diff)
{
	return diff->options.tree;
}

/* The row of a name, added when new; UINT32_MAX when out of memory. */
uint32_t cpi_diff_name_row(struct cp_diff *diff, struct cp_text name);

/* Scans one profile into `run`. */
enum cp_code cpi_diff_scan(struct cp_diff *diff, const struct cp_profile *profile,
	struct cpi_diff_run *run, struct cp_error *err);

/*
 * Gives every name its row: names on both sides keep their own; of the others, those with
 * equal canonical names share one when together they have both sides. Fills row_of and
 * *ret_rows.
 */
enum cp_code cpi_diff_match(struct cp_diff *diff, size_t *ret_rows, struct cp_error *err);

/* Scales, tests, and fills rows, callers and the rest of the summary. */
enum cp_code cpi_diff_test(struct cp_diff *diff, size_t n_rows, struct cp_error *err);

/* Marks rows whose gain is another's loss. */
enum cp_code cpi_diff_moved(struct cp_diff *diff, struct cp_error *err);

#endif
