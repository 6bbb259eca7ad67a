/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_SOURCE_H
#define CP_SOURCE_H

/*
 * Source with what each line cost: functions that match a regex, the costliest first; for
 * each its lines with flat value (spent in the line itself) and cumulative value (and in
 * what it calls), and below a line what was inlined into it, line by line, to any depth.
 * Values are those of the report "list". A profile of differences (cp_profile_scale, cpdiff)
 * gives the difference of each line.
 *
 * Files are looked for as recorded (if that is allowed), below source_path's folders with
 * ever more of the leading folders cut off, in Go's module cache and sources, and in
 * /usr/src/debug. Only regular text files of at most 16 MiB are read, without waiting for
 * them. What was not shown, why not and what would help is told by the function's row.
 */

#include <cp/report.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialise and set what you need. */
struct cp_source_options {
	size_t size; /* sizeof(struct cp_source_options) */
	/*
	 * regex (required), sample_type, mean, unit, divide_by, total, source_path, trim_path.
	 * source_path NULL: the current folder.
	 */
	const struct cp_report_options *report;
	/*
	 * A profile names files. Its recorded paths are opened only with this; without it,
	 * only what lies below the folders named above: for servers, whose readers must not
	 * see other files by way of a crafted profile.
	 */
	bool recorded_paths;
	/*
	 * Asked for a recorded path that recorded_paths does not allow: is it trusted for
	 * another reason, as the line table of an image of the right build? NULL: never.
	 */
	bool (*trusted)(void *arg, struct cp_text path);
	void *trusted_arg;
};

/* A line that was inlined into the line above that is one level less deep. */
struct cp_source_line {
	int64_t line;
	int64_t flat, cum;
	uint32_t depth;       /* 0: a line of the function */
	struct cp_text text;  /* without the end of line; n = 0 also where there is no file */
	struct cp_text name, file; /* of an inlined function, as recorded; else n = 0 */
};

enum cp_source_status {
	CP_SOURCE_SHOWN,
	CP_SOURCE_NO_FILE_NAME, /* the profile has none */
	CP_SOURCE_NOT_FOUND,
	CP_SOURCE_REFUSED /* there, but not opened or not shown: see note */
};

struct cp_source_function {
	struct cp_text name, file; /* as recorded */
	const char *path;          /* where it was found; NULL: nowhere */
	enum cp_source_status status;
	const char *note; /* what went wrong, where was looked, what would help; or NULL */
	bool newer;       /* the file was changed after the profile was taken */
	int64_t flat, cum;
	const struct cp_source_line *line; /* by line; all between the first and last if shown */
	size_t n_lines;
};

struct cp_source_rows {
	const struct cp_source_function *function; /* by cumulative value, then name */
	size_t n_functions;
	struct cp_text type, unit;
	int64_t total;
};

struct cp_source;

/* CP_ERROR_EMPTY when no function matches. The profile must outlive the source. */
enum cp_code cp_source_new(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_source_options *options, struct cp_source **ret_source,
	struct cp_error *err);
const struct cp_source_rows *cp_source_rows(const struct cp_source *source);
/* "text", "html" (one file) or "json" ("schema": "libcp.source", "version": 1). */
enum cp_code cp_source_write(const struct cp_source *source, const char *format,
	cp_write_fn *fn, void *arg, struct cp_error *err);
/* NULL is fine. */
void cp_source_free(struct cp_source *source);

#ifdef __cplusplus
}
#endif
#endif
