/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_INFO_H
#define CPI_VIEW_INFO_H

/* What cpinfo shows; info.c gathers, info/text.c and info/json.c write. */

#include <cp/info.h>

#include "base/sink.h"
#include "base/vec.h"
#include "format/perf/perf.h"
#include "model/profile.h"

struct cpi_finding {
	const char *kind, *text, *fix; /* in info->bytes */
};

struct cpi_label_key {
	cp_string key;
	uint64_t values; /* distinct */
	uint64_t samples; /* rows with it */
};

struct cpi_info {
	struct cpi_env *env;
	const char *name, *format;
	uint64_t bytes_in, bytes; /* of the file, and unwrapped */
	const struct perf_info *perf; /* NULL: no perf.data */
	const struct cp_profile *p;   /* NULL: no samples */
	const struct cp_symbol_report *report;
	const char *unreadable; /* why there is no profile */
	bool damaged, no_memory;
	struct cpi_arena arena;
	CPI_VEC(struct cpi_finding) finding;
	CPI_VEC(struct cpi_label_key) key;
	CPI_VEC(double) sum; /* per sample type */
};

enum cp_code cpi_info_init(struct cpi_info *info, struct cp_error *err);
void cpi_info_release(struct cpi_info *info);

void cpi_info_text(const struct cpi_info *info, struct cpi_sink *sink);
void cpi_info_json(const struct cpi_info *info, struct cpi_sink *sink);

/* "lines", "functions only", "none (no file)", … */
const char *cpi_info_status(enum cp_symbol_status status);
/* Nanoseconds since the epoch as "2026-01-31 12:00:00 UTC", into buf. */
char *cpi_info_time(char *buf, size_t size, int64_t nanos);

/* Never fails: a finding that cannot be made is left out. */
void cpi_diagnose(const struct cp_profile *p, const struct cp_symbol_report *report,
	cp_finding_fn *fn, void *arg);

/* The number after a comment "perf: KEY N", or 0. */
uint64_t cpi_comment_number(const struct cp_profile *p, const char *key);

#endif
