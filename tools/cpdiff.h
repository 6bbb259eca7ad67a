/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_CPDIFF_H
#define CPT_CPDIFF_H

/* The parts of cpdiff: cpdiff.c parses and compares, the others are named below. */

#include <cp/diff.h>

#include "common/filters.h"
#include "common/main.h"
#include "common/options.h"

struct cpdiff {
	struct opt_list side[2]; /* CP_BEFORE, CP_AFTER */
	struct opt_list calibrate, series, lists, gates;
	const char *base, *scale, *work, *noise, *calibration, *min_change;
	struct cp_diff_calibration *known; /* of --calibration */
	struct cp_diff_options options;
	int fdr, sort, base_compat;
	int64_t rows;
	const char *acknowledged_file;
	char *acknowledged; /* one regex of all its lines; NULL: none */
	bool total_acknowledged;
	const char *keep, *record_options; /* of record */
	bool record;
	char folder[256]; /* for captures that are not kept; empty: none */
	bool rows_seen, cum, normalize, fail_unclear, csv_raw;
	struct symbol_options symbols;
	struct capture_options capture;
	struct filter_options filters;

	struct cp_read_options read;
	struct cp_gate *gate; /* with the regexes in `text` */
	size_t n_gate;
	char *text;
	struct {
		bool known;
		char what[5][160]; /* facts of the first capture, see cpdiff_sides.c */
	} first;
	struct {
		char zero[80], other[80]; /* the default type without a value; one that has some */
		bool valued; /* some capture has values of its default type */
	} types;
};

enum { CPDIFF_BASE_NONE, CPDIFF_BASE_SUBTRACT, CPDIFF_BASE_DIFF };

/* "5%", "0.05", "5 %"; false when it is none. */
bool cpdiff_percent(const char *text, double *ret_share);
/* Reads and filters one capture. TOOL_GO or the exit status. */
int cpdiff_read(struct tool *tool, struct cpdiff *self, const char *path,
	struct cp_profile **ret_profile);

/* cpdiff_sides.c: warns once of each thing in which a capture differs from the first. */
void cpdiff_compare_captures(struct tool *tool, struct cpdiff *self, const char *path,
	const struct cp_profile *profile);
/*
 * Where the captures have no value of their default type, but of another one, that is said,
 * and compared from then on: true.
 */
bool cpdiff_take_other_type(struct tool *tool, struct cpdiff *self);
/* What a side is called in headers: its file, or its first file "and N more". */
const char *cpdiff_side_name(const struct cpdiff *self, enum cp_diff_side side);

/* cpdiff_gates.c */
int cpdiff_parse_gates(struct tool *tool, struct cpdiff *self);
/* One line per gate on stderr; TOOL_DONE or TOOL_NO. */
int cpdiff_answer_gates(
	struct tool *tool, struct cpdiff *self, const struct cp_diff *diff);

/* cpdiff_acknowledged.c: reads what --acknowledged names. */
int cpdiff_load_acknowledged(struct tool *tool, struct cpdiff *self);

/* cpdiff_record.c: records both sides; what is not kept goes with the release. */
int cpdiff_record(struct tool *tool, struct cpdiff *self);
void cpdiff_record_release(struct cpdiff *self);

/* cpdiff_series.c */
int cpdiff_series(struct tool *tool, struct cpdiff *self);

/* cpdiff_calibrate.c */
int cpdiff_calibrate(struct tool *tool, struct cpdiff *self);
/* Reads what --calibration names. */
int cpdiff_load_calibration(struct tool *tool, struct cpdiff *self);

/* cpdiff_profile.c: answers that are profiles or pictures, not tables. */
const char *cpdiff_format(struct tool *tool, const struct cpdiff *self);
bool cpdiff_is_profile(const char *format);
int cpdiff_write_profile(struct tool *tool, struct cpdiff *self, const char *format);

/* cpdiff_flame.c: "svg" or "html", through the view that cpflame --diff uses. */
int cpdiff_write_flame(struct tool *tool, struct cpdiff *self, const char *format,
	struct cp_profile *const side[2]);

#endif
