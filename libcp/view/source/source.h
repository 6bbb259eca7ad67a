/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_SOURCE_H
#define CPI_VIEW_SOURCE_H

/* Source with costs: count.c counts, find.c opens files, rows.c puts both together. */

#include <cp/source.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/sink.h"
#include "base/vec.h"
#include "model/profile.h"
#include "view/amount.h"

/*
 * A line of a function that matches (parent 0), or one that was inlined there. Node 0 is
 * none.
 */
struct cpi_source_node {
	uint32_t parent;
	uint32_t group; /* of functions of one name and file */
	int64_t line;
	int64_t flat, cum;
	uint32_t seen; /* last sample that counted it, plus one */
};

/* Functions of one name and file. Group 0 is none. */
struct cpi_source_group {
	cp_string name, file;
	int64_t start_line; /* the least known; 0: unknown */
	bool wanted;
	int64_t flat, cum; /* cum: once per sample, as lines */
	uint32_t seen;
};

struct cpi_listing {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cp_source_options options;
	struct cp_report_options report;
	struct cpi_amount amount;
	uint32_t type;
	struct cpi_arena bytes;
	CPI_VEC(struct cpi_source_group) group;
	CPI_VEC(struct cpi_source_node) node;
	uint32_t *group_of; /* by function */
	CPI_VEC(struct cp_source_function) function;
	CPI_VEC(struct cp_source_line) line;
	CPI_VEC(struct cpi_blob) file; /* texts are borrowed from these */
	struct cp_source_rows rows;
};

enum cp_code cpi_source_make(struct cpi_listing *s, struct cpi_env *env,
	const struct cp_profile *p, struct cp_error *err);
void cpi_source_release(struct cpi_listing *s);
enum cp_code cpi_source_write(const struct cpi_listing *s, const char *format,
	struct cpi_sink *sink, struct cp_error *err);

/* count.c: groups and nodes with their values. */
enum cp_code cpi_source_count(struct cpi_listing *s, struct cp_error *err);

/* find.c: fills path, status, note and newer of a row whose file is known. */
enum cp_code cpi_source_find(struct cpi_listing *s, struct cp_source_function *f,
	struct cpi_blob *ret_blob, struct cp_error *err);

typedef void cpi_source_fn(const struct cpi_listing *s, struct cpi_sink *sink);
cpi_source_fn cpi_source_text, cpi_source_html, cpi_source_json;

#endif
