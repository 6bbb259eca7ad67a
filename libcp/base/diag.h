/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DIAG_H
#define CPI_DIAG_H

/*
 * Damage that can be skipped is reported here and counted; the caller sees the first few
 * of each kind, then one line "… and 17 more". In strict mode the first report becomes
 * the error of the running operation.
 */

#include <cp/context.h>
#include <cp/error.h>

#include <pthread.h>

enum { CPI_DIAG_KINDS = 64, CPI_DIAG_SHOWN = 3 };

struct cpi_diag {
	cp_diagnostic_fn *fn;
	void *arg;
	bool strict;
	pthread_mutex_t lock;
	struct {
		char kind[32];
		uint64_t n;
	} row[CPI_DIAG_KINDS];
	unsigned n_rows;
	uint64_t total; /* warnings, all kinds */
};

void cpi_diag_init(struct cpi_diag *diag, cp_diagnostic_fn *fn, void *arg, bool strict);
void cpi_diag_release(struct cpi_diag *diag);

/*
 * Reports one piece of damage. `kind` is a short constant name of the class ("mmap2",
 * "truncated"), by which reports are counted. Returns CP_OK, or CP_ERROR_CORRUPT with
 * `err` filled in strict mode: callers pass that on. Thread-safe. A message that begins
 * with "NAME record NUMBER: " gives that part away as the context.
 */
enum cp_code cpi_diag_warn(struct cpi_diag *diag, struct cp_error *err, const char *kind,
	uint64_t offset, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* A remark that is no damage: never an error, also in strict mode. */
void cpi_diag_note(struct cpi_diag *diag, const char *kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Says how many reports of each kind were not shown, and forgets the counts. */
void cpi_diag_flush(struct cpi_diag *diag);

#endif
