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
 * Method: a function's samples are counts; weighted samples have an effective count
 * (ΣV)²/Σ(v²/c). One capture a side: conditional binomial test with mid-p, which sees
 * sampling noise only. Several: quasi-Poisson rates with a dispersion shrunk towards what
 * all functions share, tested against a threshold. Multiple tests are corrected by false
 * discovery rate. Sources: Przyborowski & Wilenski 1940; Robinson & Smyth's shrunken
 * dispersions; McCarthy & Smyth's threshold test; Benjamini & Hochberg 1995.
 */

#include <cp/profile.h>
#include <cp/write.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cp_diff_side { CP_BEFORE, CP_AFTER };

/* What one capture's values are divided by before they are compared. */
enum cp_diff_scale {
	CP_SCALE_NONE,
	CP_SCALE_TIME,  /* the capture's duration */
	CP_SCALE_TOTAL, /* its total: shares are compared */
	CP_SCALE_ANCHOR, /* functions that did not change: a regex, or most functions */
	CP_SCALE_WORK   /* numbers given by the user */
};

enum cp_diff_fdr { CP_FDR_BH, CP_FDR_BY };

struct cp_diff_options {
	size_t size; /* sizeof(struct cp_diff_options) */
	enum cp_diff_scale scale;
	const char *anchor;      /* CP_SCALE_ANCHOR: regex of function names, or NULL */
	double work[2];          /* CP_SCALE_WORK: units of work before and after */
	double phi;              /* dispersion for all functions; 0 = estimated */
	enum cp_diff_fdr fdr;
	double q;                /* 0 = 0.05 */
	double min_change;       /* relative change that matters; 0 = 0.05 */
	const char *sample_type; /* name or index; NULL = each profile's default */
	bool exact_names;        /* compare names as they are */
	bool tree;               /* keep call paths, for the format "tree" */
};

enum cp_verdict {
	CP_VERDICT_UNTESTED, /* too few samples, or values that are no samples */
	CP_VERDICT_WITHIN,   /* one capture a side: within sampling noise */
	CP_VERDICT_BEYOND,   /* one capture a side: beyond sampling noise */
	CP_VERDICT_SAME,     /* several: the interval lies inside min_change */
	CP_VERDICT_UNCLEAR,
	CP_VERDICT_WORSE, /* larger after */
	CP_VERDICT_BETTER,
	CP_VERDICT_NEW,
	CP_VERDICT_GONE,
	CP_VERDICT_MOVED /* what one function lost its partner gained */
};

/* One function, by flat or by cumulative values. Values are per capture, scaled. */
struct cp_diff_value {
	double before, after; /* in the sample type's unit, after scaling; mean of the side */
	double change;        /* after - before */
	double ratio, ratio_lo, ratio_hi; /* after : before; 95 % interval */
	double p, adjusted;
	double samples_before, samples_after; /* effective numbers, all captures of the side */
	double detectable; /* smallest ratio these samples could have shown */
	double needed;     /* unclear: about this many times the samples would decide; else 0 */
	enum cp_verdict verdict;
};

struct cp_diff_row {
	struct cp_text name; /* as the first capture has it */
	struct cp_diff_value flat, cum;
	const struct cp_diff_row *partner; /* CP_VERDICT_MOVED: where it went, or came from */
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
	double phi;           /* dispersion used (common part) */
	bool phi_from_blocks; /* … estimated from blocks of time inside the captures */
	double q, min_change;
	size_t tested_flat, tested_cum;
	bool census;          /* values are no samples: nothing is tested */
	double anchor_spread; /* > 3: no stable set of functions; NAN without anchor */
	struct cp_diff_value total; /* the whole profile as one row */
	double global_p; /* of "nothing changed", all flat rows together */
};

struct cp_diff;

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

/* A question with yes or no for an answer, for CI. */
struct cp_gate {
	enum { CP_GATE_TOTAL, CP_GATE_FLAT, CP_GATE_CUM } what;
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
	size_t matched;      /* functions that were looked at */
};

/*
 * Decides n gates together. A gate fails for a function whose value grew by more than the
 * limit, by at least 0.5 % of the profile, and significantly.
 */
enum cp_code cp_diff_gates(const struct cp_diff *diff, const struct cp_gate *gate, size_t n,
	struct cp_gate_result *ret_result, struct cp_error *err);

/* How a diff is shown. Zero-initialise and set what you need. */
struct cp_diff_write_options {
	size_t size;          /* sizeof(struct cp_diff_write_options) */
	const char *before;   /* what the sides are called; NULL: "before", "after" */
	const char *after;
	uint32_t rows;        /* at most so many rows; 0 = the format's default */
	bool all_rows;        /* every row, whatever `rows` says */
	bool cum;             /* by cumulative instead of flat values */
	enum {
		CP_DIFF_BY_CHANGE,
		CP_DIFF_BY_RATIO,
		CP_DIFF_BY_AFTER,
		CP_DIFF_BY_P,
		CP_DIFF_BY_NAME
	} sort;
	uint32_t width; /* text: columns of the terminal; names are cut to fit; 0 = never */
	bool color;     /* text: worse and better in colour */
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
