/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_SQLITE_H
#define CPI_FORMAT_SQLITE_H

/*
 * A profile as an SQLite database. The schema is schema.sql's, whose remarks are its
 * documentation and are in every database.
 *
 *	sqlite.c  the tables, row by row
 *	paths.c   stacks as a tree, so that common callers stand once
 */

#include "format/format.h"

#define CPI_SQLITE_FORMAT                                                                \
	{                                                                                \
		.name = "sqlite",                                                        \
		.description =                                                           \
			"SQLite database: samples, stacks, frames, labels, views",       \
		.extensions = ".sqlite .sqlite3 .db", .writes = true, .binary = true,    \
		.losses = "bytes of names that are no text are shown as \\xNN"           \
	}

extern const struct cpi_format cpi_format_sqlite;

/* One entry of the table `stacks`: a frame, and the entry of its caller. */
struct cpi_path {
	uint32_t parent, frame; /* 0: none */
};

/*
 * All stacks as paths from the root. Frames are numbered from 1: each line of a location,
 * and each location without one, in order.
 */
struct cpi_paths {
	CPI_VEC(struct cpi_path) path; /* entry 0 is none */
	uint32_t *stack;               /* path of each stack's leaf */
	uint32_t *first;               /* frame of each location's innermost line */
};

bool cpi_paths_init(
	struct cpi_paths *paths, struct cpi_mem *mem, const struct cp_profile *p);
void cpi_paths_release(
	struct cpi_paths *paths, struct cpi_mem *mem, const struct cp_profile *p);

#endif
