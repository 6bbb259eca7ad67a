/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DIAG_H
#define CPI_DIAG_H

/*
 * The one channel for damage that can be skipped. It is reported where it is met, with
 * its place, and counted; the caller sees the first few of each kind, then one line
 * "… and 17 more". Reporting never fails and never ends anything: whoever reports goes
 * on. Whether damage makes an operation fail is decided in one place, where the public
 * function ends (cpi_diag_end), so that no caller on the way can lose or change it.
 */

#include <cp/context.h>
#include <cp/error.h>

#include <pthread.h>
#include <stdarg.h>

enum { CPI_DIAG_KINDS = 64, CPI_DIAG_SHOWN = 3 };

/* Where a piece of damage lies. What is unknown is NULL, CP_NO_RECORD or CP_NO_OFFSET. */
struct cpi_place {
	const char *source;  /* the file: an input's name or a path, not escaped */
	const char *section; /* of an ELF file, in which `offset` counts */
	const char *record;  /* what the format calls its records: "MMAP2", "line" */
	uint64_t number;     /* of the record */
	uint64_t offset;     /* in the decompressed bytes of the source or section */
};

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
	unsigned depth; /* public functions that are running, one in another */
	unsigned muted;
	uint64_t total;        /* warnings, all kinds */
	struct cp_error first; /* warning of the outermost function; code 0: none */
};

void cpi_diag_init(struct cpi_diag *diag, cp_diagnostic_fn *fn, void *arg, bool strict);
void cpi_diag_release(struct cpi_diag *diag);

/* A place that is only known by its file and, or CP_NO_OFFSET, by a byte. */
static inline struct cpi_place cpi_place_at(const char *source, uint64_t offset)
{
	return (struct cpi_place){
		.source = source, .number = CP_NO_RECORD, .offset = offset};
}

static inline struct cpi_place cpi_place_record(
	const char *source, const char *record, uint64_t number, uint64_t offset)
{
	return (struct cpi_place){source, NULL, record, number, offset};
}

/*
 * Reports one piece of damage. `kind` is a short constant name of the class ("mmap2",
 * "truncated"), by which reports are counted. Thread-safe.
 */
void cpi_diag_warn(struct cpi_diag *diag, const char *kind, const struct cpi_place *place,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* … for those who know the place and have the words from their caller. */
void cpi_diag_warn_list(struct cpi_diag *diag, const char *kind,
	const struct cpi_place *place, const char *format, va_list args)
	__attribute__((format(printf, 4, 0)));
/* The same of an error that ended a part only; its place is what `what` tells. */
void cpi_diag_damage(
	struct cpi_diag *diag, const char *kind, const struct cp_error *what);
/* A remark that is no damage. `place` may be NULL. */
void cpi_diag_note(struct cpi_diag *diag, const char *kind, const struct cpi_place *place,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Says how many reports of each kind were not shown, and forgets the counts. */
void cpi_diag_flush(struct cpi_diag *diag);

/* While muted nothing is said or counted: what is read will be read once more. */
void cpi_diag_mute(struct cpi_diag *diag, bool mute);

/*
 * Around the work of every public function that may meet damage. When the context is
 * strict and the work succeeded with warnings, the outermost end gives CP_ERROR_CORRUPT
 * and the first of them; else it gives `code`, of which `err` tells.
 */
void cpi_diag_begin(struct cpi_diag *diag);
enum cp_code cpi_diag_end(struct cpi_diag *diag, enum cp_code code, struct cp_error *err);

#endif
