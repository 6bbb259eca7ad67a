/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_DIFF_H
#define CP_DIFF_H

/*
 * What really changed between two sides of captures, and what is only noise.
 *
 *	cp_diff_new → cp_diff_add for each capture → cp_diff_finish → rows
 *
 * Captures are added one at a time and may be freed at once; memory grows with the number
 * of functions. Functions are compared by name across builds: clone suffixes, lambda
 * numbers and Rust hashes are put aside.
 *
 * Method. A function's samples are counts with variance μ + σ²μ²: sampling, and the
 * work's own variation from run to run. Several captures show σ; one capture a side has no
 * degrees of freedom for it and takes it from a prior, which was measured over programs
 * (README, "How sure is cpdiff?"), or on this program (cp_diff_calibration). Small counts
 * are tested exactly. Work is taken to be of fixed size: functions are measured against
 * those that did not change (the anchor), and the total is judged by itself. Flat values,
 * cumulative values and the total are one family of tests (Holm), so that one real change
 * does not bring an innocent function along. A verdict takes a significant difference and
 * an estimate beyond min_change. Functions below 0.5 % of the profile are not tested.
 */

#include <cp/profile.h>
#include <cp/write.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cp_diff_side { CP_BEFORE, CP_AFTER };

/* What one capture's values are divided by before they are compared. */
enum cp_diff_scale {
	CP_SCALE_AUTO,  /* the anchor; shares where none holds; nothing where it is steady */
	CP_SCALE_NONE,
	CP_SCALE_TIME,  /* the capture's duration: for services, not for work of fixed size */
	CP_SCALE_TOTAL, /* its total: shares are compared */
	CP_SCALE_ANCHOR, /* functions that did not change: a regex, or most functions */
	CP_SCALE_WORK   /* numbers given by the user */
};

/* What many tests together keep below q: any false one, or their share among the true. */
enum cp_diff_fdr { CP_FDR_HOLM, CP_FDR_BH, CP_FDR_BY };

struct cp_diff_calibration;

struct cp_diff_options {
	size_t size; /* sizeof(struct cp_diff_options) */
	enum cp_diff_scale scale;
	const char *anchor;      /* CP_SCALE_ANCHOR: regex of function names, or NULL */
	double work[2];          /* CP_SCALE_WORK: units of work before and after */
	double noise;            /* run-to-run σ of functions, 0.08 = 8 %; 0 = the default */
	double total_noise;      /* … of the total; 0 = the default */
	const struct cp_diff_calibration *calibration; /* instead of both; kept by the caller */
	const char *planned;     /* regex of functions named in advance: tests of their own */
	enum cp_diff_fdr fdr;
	double q;                /* 0 = 0.05 */
	double min_change;       /* relative change that matters; 0 = 0.05 */
	const char *sample_type; /* name or index; NULL = each profile's default */
	bool exact_names;        /* compare names as they are */
	bool tree;               /* keep call paths, for the format "tree" */
	const char *acknowledged; /* regex of functions that gates pass over; NULL: none */
	/*
	 * Also compares the values of this label, such as "comm" or "route": cp_diff_by.
	 * "thread" is the label comm, else tid, where there is none of that name.
	 */
	const char *by;
};

enum cp_verdict {
	CP_VERDICT_UNTESTED, /* too small to matter, or nothing that can be tested */
	CP_VERDICT_WITHIN,   /* one capture a side: within the stated noise */
	CP_VERDICT_MORE,     /* one capture a side: more than the stated noise explains */
	CP_VERDICT_LESS,
	CP_VERDICT_SAME,     /* several: the interval lies inside min_change */
	CP_VERDICT_UNCLEAR,
	CP_VERDICT_WORSE, /* larger after */
	CP_VERDICT_BETTER,
	CP_VERDICT_NEW,
	CP_VERDICT_GONE,
	CP_VERDICT_MOVED /* renamed, inlined or split: see cp_diff_row.partner */
};

/* One function, by flat or by cumulative values. Values are per capture, scaled. */
struct cp_diff_value {
	double before, after; /* in the sample type's unit, after scaling; mean of the side */
	double change;        /* after - before */
	double ratio, ratio_lo, ratio_hi; /* after : before; 95 % interval */
	double p, adjusted;
	double samples_before, samples_after; /* effective numbers, all captures of the side */
	double detectable; /* smallest ratio these samples could have shown */
	double needed;     /* unclear: so many times the captures would decide; else 0 */
	double error, freedom; /* standard error of ln ratio, and its degrees of freedom */
	enum cp_verdict verdict;
};

/* How a function's cost came to bear another name. */
enum cp_diff_move {
	CP_MOVE_NONE,
	CP_MOVE_RENAMED, /* gone, and new under the same caller */
	CP_MOVE_INLINED, /* gone, and in its caller or in what it called */
	CP_MOVE_SPLIT    /* a new function took a part of one that is still there */
};

struct cp_diff_row {
	struct cp_text name; /* as the first capture has it */
	struct cp_diff_value flat, cum;
	/*
	 * CP_VERDICT_MOVED: where it went, or came from. Several rows may name one partner;
	 * `net` is after : before of that whole group, with its interval.
	 */
	const struct cp_diff_row *partner;
	enum cp_diff_move move;
	double net, net_lo, net_hi;
	double moved_before, moved_after; /* of the group, in the row that others name */
	bool planned; /* matches cp_diff_options.planned */
};

/* What was compared, and how. */
struct cp_diff_summary {
	size_t n_before, n_after; /* captures */
	struct cp_text type, unit;
	enum cp_diff_scale scale;
	double factor; /* what the after side was multiplied by */
	double total_before, total_after; /* per capture, scaled */
	double samples_before, samples_after;
	double seconds_before, seconds_after; /* mean durations; 0 = unknown */
	/* Variation from run to run: found (several captures) or assumed. */
	double noise, noise_cum, noise_total;
	double noise_small; /* … of a function of 1 %: what is assumed grows as they shrink */
	bool calibrated;      /* … measured on this program before */
	double q, min_change;
	size_t tested;        /* distinct tests of flat and cumulative values and the total */
	bool census;          /* values are no samples: nothing is tested */
	bool erratic;         /* sums of few large events: one capture a side tests nothing */
	bool no_anchor;       /* no set of functions kept its proportions: shares */
	bool steady;          /* the anchor did not vary: compared as measured */
	size_t anchor_functions;
	bool anchor_paths;    /* call paths are the anchor, where functions do not agree */
	bool by_cum;          /* this type is read by cumulative values: goroutines, locks */
	struct cp_diff_value total; /* the whole profile as one row */
	/*
	 * The call path that explains the change of the total, outermost function first
	 * (at most CP_DIFF_PATH; longer ones lose their outermost), and how much of the
	 * change of all paths in its direction it is. n_path 0: none stands out.
	 */
	const struct cp_text *path;
	size_t n_path;
	double path_before, path_after, path_share;
	/* A call that went from one caller to another; empty: none of 0.5 % and more. */
	struct cp_text moved, moved_from, moved_to;
	double moved_before, moved_after;
};

struct cp_diff;

enum { CP_DIFF_PATH = 64 };

enum cp_code cp_diff_new(struct cp_context *context, const struct cp_diff_options *options,
	struct cp_diff **ret_diff, struct cp_error *err);
void cp_diff_free(struct cp_diff *diff);
/* `name` (copied) is for messages; NULL allowed. */
enum cp_code cp_diff_add(struct cp_diff *diff, enum cp_diff_side side,
	const struct cp_profile *profile, const char *name, struct cp_error *err);
/* Computes; at least one capture a side. May be called once. */
enum cp_code cp_diff_finish(struct cp_diff *diff, struct cp_error *err);

const struct cp_diff_summary *cp_diff_summary(const struct cp_diff *diff);
/* Rows in order of decreasing absolute change of the flat value, then by name. */
size_t cp_diff_count(const struct cp_diff *diff);
const struct cp_diff_row *cp_diff_row(const struct cp_diff *diff, size_t i);
/*
 * The same comparison with the values of options.by for functions ("(none)": samples
 * without the label; flat and cumulative are one), which belongs to `diff` and takes
 * everything but cp_diff_add and cp_diff_finish. Its values are a family of tests of their
 * own. NULL without options.by.
 */
const struct cp_diff *cp_diff_by(const struct cp_diff *diff);

/*
 * Change points: instead of cp_diff_finish, of captures that were all added in their order
 * (the side does not matter; six at least). The steps belong to the diff: those of the
 * total first, then by decreasing size.
 */
struct cp_series;

struct cp_series_step {
	struct cp_text name; /* empty: the total */
	size_t at;           /* the first capture of the new level, from 0; a drift's start */
	bool drift;          /* no step: a line from `at` on fits better */
	double ratio, ratio_lo, ratio_hi; /* after : before; a drift's whole way; may be 0
					     or INFINITY */
	double p;            /* corrected for all functions and places */
};

enum cp_code cp_diff_series(
	struct cp_diff *diff, const struct cp_series **ret_series, struct cp_error *err);
size_t cp_series_captures(const struct cp_series *series);
/* Functions of 0.5 % and more in some capture, and the total. */
size_t cp_series_tested(const struct cp_series *series);
size_t cp_series_count(const struct cp_series *series);
const struct cp_series_step *cp_series_step(const struct cp_series *series, size_t i);

/*
 * What captures of one unchanged program say of its variation from run to run, for its
 * functions and for the total apart. It is made of a finished diff of the program with
 * itself, of two and more captures a side (ten and more in all are advised), and replaces
 * the default prior in later diffs (cp_diff_options.calibration).
 */
enum cp_code cp_diff_calibration_make(const struct cp_diff *diff,
	struct cp_diff_calibration **ret_calibration, struct cp_error *err);
/* As lines of text, and back; `text` need not end with a zero. */
enum cp_code cp_diff_calibration_write(struct cp_context *context,
	const struct cp_diff_calibration *calibration, cp_write_fn *fn, void *arg,
	struct cp_error *err);
enum cp_code cp_diff_calibration_read(struct cp_context *context, const char *text,
	size_t n, struct cp_diff_calibration **ret_calibration, struct cp_error *err);
void cp_diff_calibration_free(struct cp_diff_calibration *calibration);

/* Which values a gate looks at. */
enum cp_gate_kind { CP_GATE_TOTAL, CP_GATE_FLAT, CP_GATE_CUM };

/* A question with yes or no for an answer, for CI. This struct never grows. */
struct cp_gate {
	enum cp_gate_kind what;
	const char *regex; /* of function names; NULL for CP_GATE_TOTAL */
	double limit;      /* 0.05: fails above 5 % more */
};

enum cp_gate_answer { CP_GATE_PASS, CP_GATE_FAIL, CP_GATE_UNCLEAR };

struct cp_gate_result {
	enum cp_gate_answer answer;
	struct cp_text name; /* the function that decided; empty for the total */
	double ratio;        /* its ratio */
	double p;            /* corrected for all gates' tests (Holm) */
	double detectable;   /* ratio it could have shown */
	double captures;     /* unclear: so many a side would decide */
	size_t matched;      /* functions that were looked at, or are acknowledged */
};

/*
 * Decides n gates together. A gate fails for a function whose value grew by more than the
 * limit, by at least 0.5 % of the profile, and significantly. With one capture a side and
 * neither a calibration nor a given noise, nothing is known that could decide: unclear.
 */
enum cp_code cp_diff_gates(const struct cp_diff *diff, const struct cp_gate *gate, size_t n,
	struct cp_gate_result *ret_result, struct cp_error *err);

/* The order of a diff's rows. */
enum cp_diff_sort {
	CP_DIFF_BY_CHANGE,
	CP_DIFF_BY_RATIO,
	CP_DIFF_BY_AFTER,
	CP_DIFF_BY_P,
	CP_DIFF_BY_NAME
};

/* How a diff is shown. Zero-initialise and set what you need. */
struct cp_diff_write_options {
	size_t size;          /* sizeof(struct cp_diff_write_options) */
	const char *before;   /* what the sides are called; NULL: "before", "after" */
	const char *after;
	uint32_t rows;        /* at most so many rows; 0 = the format's default */
	bool all_rows;        /* every row, whatever `rows` says */
	bool cum;             /* by cumulative instead of flat values */
	enum cp_diff_sort sort;
	uint32_t width; /* text: columns of the terminal; names are cut to fit; 0 = never */
	bool color;     /* text: worse and better in colour */
	bool csv_raw;   /* csv: names as they are; see struct cp_report_options */
};

/*
 * Writes "text", "markdown" (at most 15 rows, the verdict first), "csv" (every row, both
 * flat and cumulative) or "json" (the same with the summary; "schema": "libcp.diff",
 * "version": 1; docs: cpdiff(1)), or "tree": the call paths along which the change flows
 * (with cp_diff_options.tree).
 */
enum cp_code cp_diff_write(struct cp_context *context, const struct cp_diff *diff,
	const char *format, const struct cp_diff_write_options *options, cp_write_fn *fn,
	void *arg, struct cp_error *err);

/* "worse", "beyond sampling noise", …; never NULL. */
const char *cp_verdict_name(enum cp_verdict verdict);

#ifdef __cplusplus
}
#endif
#endif
