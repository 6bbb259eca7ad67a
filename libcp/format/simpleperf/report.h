/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_SIMPLEPERF_REPORT_H
#define CPI_SIMPLEPERF_REPORT_H

/*
 * What Android's `simpleperf report-sample --protobuf` writes, version 1:
 *
 *	"SIMPLEPERF", u16 version, then records, each with its size in a u32 before it and
 *	a protobuf message of one member; a size of 0 ends them
 *
 *	1 sample   time 1, thread 2, frames 3 (address in the file 1, file 2, symbol 3 or
 *	           −1), count of events 4, event 5; leaf first
 *	2 lost     samples 1, of them lost 2
 *	3 file     id 1, path 2, symbols 3, the same mangled 4
 *	4 thread   id 1, of process 2, name 3
 *	5 about    names of events 1, package 2
 *	6 switch   of a thread, onto a processor or off it; not read
 *
 * What samples refer to stands behind them, and a mapping is as long as what samples reach
 * of it, so records are walked three times.
 *
 *	simpleperf.c  row of the table, samples
 *	tables.c      files, threads, events
 */

#include "base/hash.h"
#include "codec/protobuf.h"
#include "format/format.h"
#include "model/builder.h"

enum simpleperf_record {
	SIMPLEPERF_SAMPLE = 1,
	SIMPLEPERF_LOST,
	SIMPLEPERF_FILE,
	SIMPLEPERF_THREAD,
	SIMPLEPERF_ABOUT
};

struct simpleperf_symbol {
	struct cp_text name, mangled;
	cp_function function; /* made when a frame asks for it */
};

struct simpleperf_file {
	uint64_t id;
	struct cp_text path;
	uint32_t first, n;  /* of `symbol` */
	uint64_t low, high; /* addresses that samples have in it */
	cp_mapping mapping;
};

struct simpleperf_thread {
	uint64_t id;
	cp_labels labels;
};

struct simpleperf {
	struct cpi_env *env;
	const struct cpi_source *source;
	const struct cp_read_options *options; /* never NULL */
	struct cpi_builder b;
	CPI_VEC(struct simpleperf_file) file;
	CPI_VEC(struct simpleperf_symbol) symbol;
	CPI_VEC(struct simpleperf_thread) thread;
	CPI_VEC(struct cp_text) event;
	struct cpi_index files, threads; /* by id */
	struct cp_text package;
	CPI_VEC(cp_location) path; /* scratch */
	CPI_VEC(int64_t) value;    /* scratch, two for each event: samples, events */
	uint64_t samples, seen, lost;
	uint64_t first_time, last_time;
};

bool cpi_simpleperf_fine(struct simpleperf *s, bool memory);
void cpi_simpleperf_warn(struct simpleperf *s, const char *kind, const void *at,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The next record's message; false at the end, which damage is, too. */
bool cpi_simpleperf_next(
	struct simpleperf *s, struct cpi_cursor *c, struct pb_field *ret, bool tell);

/* tables.c: one record each. */
void cpi_simpleperf_file(struct simpleperf *s, const struct pb_field *record);
void cpi_simpleperf_thread(struct simpleperf *s, const struct pb_field *record);
void cpi_simpleperf_about(struct simpleperf *s, const struct pb_field *record);
/* NULL: no such row. */
struct simpleperf_file *cpi_simpleperf_find_file(struct simpleperf *s, uint64_t id);
/* A thread that is not described has its number as its name's only label. */
cp_labels cpi_simpleperf_labels(struct simpleperf *s, uint64_t thread);
/* Sample types, when all events are known. */
void cpi_simpleperf_types(struct simpleperf *s);
/* Mappings, when all addresses are. */
void cpi_simpleperf_mappings(struct simpleperf *s);
cp_function cpi_simpleperf_function(
	struct simpleperf *s, const struct simpleperf_file *file, int64_t symbol);
void cpi_simpleperf_release(struct simpleperf *s);

#endif
