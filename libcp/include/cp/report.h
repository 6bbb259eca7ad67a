/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_REPORT_H
#define CP_REPORT_H

/*
 * Numbers about a profile, with pprof's columns, counting rules, units and rounding:
 *
 *	top       functions by flat or cumulative value
 *	tree      every function with its callers and callees
 *	peek      the same, only functions that match a regex, nothing trimmed
 *	traces    every sample with its labels and stack
 *	list      annotated source of functions that match a regex
 *	tags      totals per label value
 *	comments  the profile's comments
 *	waits     the longest waits (off-cpu samples with times and the label tid), each
 *	          with what its waker waited for meanwhile; node_count of them, or 10
 *	raw       everything, as pprof -raw prints it
 *	dot       the call graph in Graphviz' language
 *	callgrind the call graph for KCachegrind and callgrind_annotate
 *
 * Filters and granularity come first, by cp_profile_filter. Ties that pprof orders by
 * chance have a fixed order here.
 */

#include <cp/filter.h>
#include <cp/profile.h>
#include <cp/table.h>
#include <cp/write.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cp_report_options {
	size_t size;             /* sizeof(struct cp_report_options) */
	const char *sample_type; /* name or index; NULL = default */
	bool mean;               /* divide by the first sample type */
	bool cum;                /* sort by cumulative value */
	int64_t node_count;      /* at most; 0 = all, -1 = the report's default */
	double node_fraction;    /* drop nodes below this share; negative = 0.005 */
	double edge_fraction;    /* drop edges below this share; negative = 0.001 */
	bool no_trim;            /* neither */
	bool drop_negative;
	bool columns;            /* columns tell frames apart */
	enum cp_granularity granularity; /* top, tree, peek, dot: coarser than the profile is */
	const char *unit;        /* "minimum" (the default), "auto" or a unit */
	double divide_by;        /* 0 = 1 */
	bool total_given;
	int64_t total;           /* what percentages are of, if given; else the profile's own */
	const struct cp_profile *original; /* before filters, for the units of labels; or NULL */
	const char *regex;       /* peek, list */
	/*
	 * Colon-separated. list: where source files are, NULL = the current folder; the others
	 * leave out what stands before a folder of this name.
	 */
	const char *source_path;
	const char *trim_path;   /* colon-separated prefixes of recorded names to leave out */
	bool compact;            /* no lines about the profile above the table */
	/* "focus=main": what was filtered, for the lines above the table; ends with NULL. */
	const char *const *filters;
	uint32_t width;          /* columns of the terminal; longer names are cut; 0 = never */
	bool color;
	/*
	 * csv: names as they are. Without this, those that a spreadsheet would run (they
	 * begin with = + - @ or a tab) get an apostrophe in front, and bytes that are no
	 * printable text become \xNN.
	 */
	bool csv_raw;
	/*
	 * top: the keys by which cp_profile_filter has grouped the frames (its group_by), so
	 * that each value is a column or member of its own; NULL: frames are functions.
	 */
	const char *group_by;
};

/*
 * What percentages are of: the sum of all values' magnitudes, or of the samples labelled
 * pprof::base where there are any; with `mean` divided by the sum of the first type.
 */
enum cp_code cp_report_total(const struct cp_profile *profile, const char *sample_type,
	bool mean, int64_t *ret_total, struct cp_error *err);

/*
 * Writes the report; `format` is "text", "json" (not list, dot, callgrind and raw), or
 * "csv" or "markdown" (top, tags, comments). JSON objects have "schema": "libcp.report"
 * and "version": 1.
 */
enum cp_code cp_report_write(struct cp_context *context, const struct cp_profile *profile,
	const char *report, const char *format, const struct cp_report_options *options,
	cp_write_fn *fn, void *arg, struct cp_error *err);

/*
 * The same as rows, which are what its JSON holds: "nodes" of top, tree and peek (with
 * "callers" and "callees" on them), "samples" of traces, "keys" and their "values" of
 * tags, "chains" of waits, "comments". CP_ERROR_ARGUMENT: dot, callgrind and raw, which
 * are formats, and list, whose rows cp/source.h gives.
 */
enum cp_code cp_report_rows(struct cp_context *context, const struct cp_profile *profile,
	const char *report, const struct cp_report_options *options,
	struct cp_table **ret_table, struct cp_error *err);

#ifdef __cplusplus
}
#endif
#endif
