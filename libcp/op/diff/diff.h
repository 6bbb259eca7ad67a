/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DIFF_H
#define CPI_DIFF_H

/*
 * The parts behind <cp/diff.h>: diff/table.c turns a profile into counts per function,
 * diff/match.c joins names across builds, diff/test.c scales and tests with compare.c,
 * diff/moved.c finds cost that only changed its name, diff/cause.c the path that explains
 * the change, diff/label.c breaks it down by a label, diff/gate.c answers gates,
 * diff/calibration.c keeps what a program's own captures say of its noise.
 */

#include <cp/diff.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/sink.h"
#include "base/vec.h"
#include "model/profile.h"
#include "op/diff/compare.h"
#include "op/tree/tree.h"

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
};

/* What cp_diff_series found. */
struct cp_series {
	size_t captures, tested;
	CPI_VEC(struct cp_series_step) step;
};

struct cp_diff {
	struct cpi_env *env;
	struct cp_diff_options options;
	char *anchor; /* copy of options.anchor */
	char *sample_type, *planned, *acknowledged;
	const struct cp_diff_calibration *calibration; /* options.calibration */
	struct cpi_arena bytes;
	CPI_VEC(struct cp_text) name; /* rows before they are joined */
	struct cpi_index names;
	CPI_VEC(struct cpi_diff_run) run;
	struct cp_text type, unit;
	bool census, erratic, by_cum; /* as <cp/diff.h> says of the summary */
	struct cpi_tree tree; /* column 0 before, 1 after */
	double tree_one;      /* what a value of 1 means there; 0: no tree */
	CPI_VEC(struct cp_text) path; /* summary.path */
	/* After cp_diff_finish: */
	CPI_VEC(struct cp_diff_row) row; /* in order of first use */
	CPI_VEC(const struct cp_diff_row *) order; /* largest change first */
	CPI_VEC(uint32_t) caller[2]; /* per row and side: the main caller's row */
	CPI_VEC(uint32_t) row_of;    /* per name: its row */
	struct cp_diff_summary summary;
	struct cpi_noise noise; /* of functions' flat values, as found or assumed */
	struct cp_series series;
	bool finished;
	/* options.by: the same captures by the label's values; NULL: not asked for. */
	struct cp_diff *by;
	/* In such a diff: the label, whether a sample had it, and what captures are measured
	 * against, those before first; NULL: as the options say. */
	struct cp_text label;
	bool label_met, anchored;
	const double *exposure;
};

/* `options` is complete; strings are copied. */
enum cp_code cpi_diff_new(struct cpi_env *env, const struct cp_diff_options *options,
	struct cp_diff **ret_diff, struct cp_error *err);

static inline bool cpi_diff_has_tree(const struct cp_diff *diff)
{
	return diff->options.tree;
}

/* What captures of one program said of its noise. Immutable once made. */
struct cp_diff_calibration {
	struct cpi_env *env;
	struct cpi_arena bytes;
	struct cpi_noise functions, total;
	struct cp_text type, unit;
	double captures, samples; /* measured on: how many, of how many samples each */
	CPI_VEC(struct cp_text) name;
	CPI_VEC(struct cpi_noise) own; /* flat and cumulative noise of each name */
	struct cpi_index index;
};

/* A function's own noise into *ret_flat and *ret_cum; both stay as they are if unknown. */
void cpi_diff_calibration_find(const struct cp_diff_calibration *known,
	struct cp_text name, struct cpi_noise *ret_flat, struct cpi_noise *ret_cum);

/* The parts of cp_diff_calibration_* that know no context. */
enum cp_code cpi_diff_calibration_make(const struct cp_diff *diff,
	struct cp_diff_calibration **ret_known, struct cp_error *err);
void cpi_diff_calibration_write(
	const struct cp_diff_calibration *known, struct cpi_sink *sink);
enum cp_code cpi_diff_calibration_read(struct cpi_env *env, struct cp_text text,
	struct cp_diff_calibration **ret_known, struct cp_error *err);

/*
 * By how many standard errors the tree's sums at one node differ, after more than before;
 * infinite in a census.
 */
double cpi_diff_surprise(const struct cp_diff *diff, int64_t before, int64_t after);

/* Finds the path that explains the change: summary.path. */
enum cp_code cpi_diff_cause(struct cp_diff *diff, struct cp_error *err);

/* The row of a name, added when new; UINT32_MAX when out of memory. */
uint32_t cpi_diff_name_row(struct cp_diff *diff, struct cp_text name);

/* Scans one profile into `run`, and by its labels into `by_run` where options.by asks. */
enum cp_code cpi_diff_scan(struct cp_diff *diff, const struct cp_profile *profile,
	struct cpi_diff_run *run, struct cpi_diff_run *by_run, struct cp_error *err);

/* Adds a cell to `run` for each value of by->label; ret_cell[label set] is its own. */
enum cp_code cpi_diff_label_cells(struct cp_diff *by, const struct cp_profile *profile,
	struct cpi_diff_run *run, uint32_t *ret_cell, struct cp_error *err);
/* Tests diff->by, once the functions were. */
enum cp_code cpi_diff_label_finish(struct cp_diff *diff, struct cp_error *err);

/* Sorts finished rows into `order`. */
enum cp_code cpi_diff_order(struct cp_diff *diff, struct cp_error *err);

/*
 * Gives every name its row. Names with one canonical form share one when some of them are
 * on one side only and together they have both: a clone that came or went belongs to its
 * function. Fills row_of and *ret_rows.
 */
enum cp_code cpi_diff_match(struct cp_diff *diff, size_t *ret_rows, struct cp_error *err);

/* Scales, tests, and fills rows, callers and the rest of the summary. */
enum cp_code cpi_diff_test(struct cp_diff *diff, size_t n_rows, struct cp_error *err);

/* Finds functions that were renamed, inlined or split, and what is net of that. */
enum cp_code cpi_diff_moved(struct cp_diff *diff, struct cp_error *err);

#endif
