/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FIREFOX_H
#define CPI_FIREFOX_H

/*
 * The Firefox profiler's processed format (docs-developer/CHANGELOG-formats.md there):
 * tables of columns joined by row numbers, a set per thread or, since version 56 and 60, one
 * shared by all. Which tables and columns are there tells more than the version, which
 * programs state wrongly: so each is taken where it stands.
 *
 *	firefox.c  row of the table
 *	read.c     the file: version, libraries, threads, their samples
 *	tables.c   columns of strings, functions, frames and stacks
 *	stacks.c   their rows to locations and stacks
 *	write.c    version 66: header, libraries, threads
 *	columns.c  …and the tables of that version
 */

#include "format/json_reader.h"

#define FIREFOX_NONE INT64_MIN /* null, absent, or flagged as not there */

enum { FIREFOX_OLDEST = 41, FIREFOX_NEWEST = 75 };

typedef CPI_VEC(int64_t) firefox_column;

struct firefox_tables {
	CPI_VEC(cp_string) string;
	firefox_column stack_frame, stack_parent; /* parent: row, or FIREFOX_NONE */
	firefox_column frame_func, frame_address, frame_lib, frame_line, frame_column,
		frame_depth; /* depth: > 0 is inlined into the frame of the parent stack */
	firefox_column func_name, func_file, func_line, func_resource, func_js;
	firefox_column resource_lib;
	CPI_VEC(cp_stack) stack; /* made when first met */
	CPI_VEC(uint8_t) made;
};

/* What becomes of a thread's samples. */
enum firefox_kind { FIREFOX_SAMPLES, FIREFOX_TIME, FIREFOX_BYTES, FIREFOX_JS, FIREFOX_NATIVE,
	FIREFOX_KINDS };

struct firefox_lib {
	cp_mapping mapping;
};

struct firefox {
	struct cpi_json_reader r;
	struct firefox_tables shared, own; /* own: the thread's */
	CPI_VEC(struct firefox_lib) lib;
	int column[FIREFOX_KINDS];
	uint32_t columns;
	bool times;
	CPI_VEC(cp_location) path; /* scratch */
	CPI_VEC(struct cp_line_row) line; /* scratch */
	uint64_t thread;                  /* number of the current one */
};

enum cp_code cpi_firefox_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err);
enum cp_code cpi_firefox_write(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err);

/* tables.c */
/* Reads the tables that are members of this object; those that are not stay empty. */
void cpi_firefox_tables(struct firefox *f, struct firefox_tables *tables, struct cpi_jr object);
void cpi_firefox_tables_release(struct firefox *f, struct firefox_tables *tables);
/* A column: whole numbers, FIREFOX_NONE for anything else. */
void cpi_firefox_column(struct firefox *f, struct cpi_jr list, firefox_column *ret);
static inline int64_t cpi_firefox_at(const firefox_column *column, int64_t row)
{
	return row >= 0 && (uint64_t)row < column->n ? column->v[row] : FIREFOX_NONE;
}

/* stacks.c: false when the row, or one it needs, is none of the table's. */
bool cpi_firefox_stack(struct firefox *f, int64_t row, cp_stack *ret);

#endif
