/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ERROR_H
#define CPI_ERROR_H

#include <cp/error.h>

/*
 * Fills `err` (may be NULL) and returns `code`, so that a failure is one statement:
 *
 *	return cpi_error(err, CP_ERROR_CORRUPT, offset, "attr size %u is below 64", size);
 */
enum cp_code cpi_error(struct cp_error *err, enum cp_code code, uint64_t offset,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Names the place of an error already set; keeps a context that is there. */
void cpi_error_context(struct cp_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void cpi_error_record(struct cp_error *err, uint64_t record);
/* Says which file it is about, and in which of its sections; either may be NULL. */
void cpi_error_place(struct cp_error *err, const char *source, const char *section);

enum cp_code cpi_error_memory(struct cp_error *err);
/* Uses errno; `what` is "open", "read", …; `path` may be NULL. */
enum cp_code cpi_error_system(struct cp_error *err, const char *what, const char *path);

#endif
