/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_PERF_SCAN_H
#define CPI_PERF_SCAN_H

/* Pass 1 of the perf.data reader: what its files share. */

#include "format/perf/parts.h"

struct perf_scanner {
	struct perf_file *f;
	uint64_t last_time; /* of the records so far; stands in for those without one */
};

/* What a record's trailer tells; zeros where it does not. */
struct perf_trailer {
	uint32_t event, size; /* bytes at the end of the record */
	uint32_t cpu;
	int32_t pid, tid;
	uint64_t time;
	bool timed;
};

struct perf_trailer perf_read_trailer(
	const struct perf_scanner *s, const struct perf_record *r);
/* The rest of the record up to its trailer, as a NUL-terminated name; false: no end. */
bool perf_read_name(
	struct cpi_cursor *c, const struct perf_trailer *t, struct cp_text *ret_name);
/* Bytes that outlive the record: the input's own, or a copy of inflated ones. */
const uint8_t *perf_scan_keep(
	struct perf_scanner *s, const struct perf_record *r, const uint8_t *p, size_t n);
/* Reports the record as damage: "MMAP2 record 12: WHAT". */
void perf_bad_record(
	struct perf_scanner *s, const struct perf_record *r, const char *what);

/* One small function per kind of record. */
typedef enum cp_code perf_on_record(
	struct perf_scanner *s, const struct perf_record *r, struct cp_error *err);

/* perf/states.c */
perf_on_record perf_on_mmap, perf_on_mmap2, perf_on_ksymbol, perf_on_comm, perf_on_fork,
	perf_on_cgroup, perf_on_deferred;
/* perf/meta.c */
perf_on_record perf_on_lost, perf_on_lost_samples, perf_on_throttle, perf_on_attr,
	perf_on_event_type, perf_on_event_update, perf_on_id_index, perf_on_build_id,
	perf_on_aux_info, perf_on_tracing_data,
	perf_on_feature;

#endif
