/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_LIMITS_H
#define CPI_LIMITS_H

/* The limits of <cp/context.h>: their defaults, and how reaching one is said. */

#include <cp/context.h>

/* What is 0 and has a default that is a number gets it. */
void cpi_limits_fill(struct cp_limits *limits);

/*
 * Fills `err` (may be NULL) with the sentence, then " (limit NAME)", by which programs
 * know what to offer; returns CP_ERROR_LIMIT.
 */
enum cp_code cpi_limit_error(struct cp_error *err, uint64_t offset, const char *name,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* How many bytes a process of this machine had better not pass. */
uint64_t cpi_limits_machine(void);

#endif
