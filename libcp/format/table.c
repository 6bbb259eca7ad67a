/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all formats, and which one an input is. */
#include "format/format.h"

#include <sys/mman.h>
#include <unistd.h>

extern const struct cpi_format cpi_format_perf;
extern const struct cpi_format cpi_format_simpleperf;
extern const struct cpi_format cpi_format_pprof;
extern const struct cpi_format cpi_format_folded;
extern const struct cpi_format cpi_format_perf_script;
extern const struct cpi_format cpi_format_raw;
extern const struct cpi_format cpi_format_speedscope;
extern const struct cpi_format cpi_format_sqlite;
extern const struct cpi_format cpi_format_csv;
extern const struct cpi_format cpi_format_firefox;
extern const struct cpi_format cpi_format_jfr;
extern const struct cpi_format cpi_format_otlp;
extern const struct cpi_format cpi_format_otlp_json;
extern const struct cpi_format cpi_format_cpuprofile;
extern const struct cpi_format cpi_format_heapprofile;
extern const struct cpi_format cpi_format_chrome_trace;
extern const struct cpi_format cpi_format_callgrind;
extern const struct cpi_format cpi_format_json;
extern const struct cpi_format cpi_format_ndjson;
extern const struct cpi_format cpi_format_legacy_cpu;
extern const struct cpi_format cpi_format_legacy_heap;
extern const struct cpi_format cpi_format_legacy_jemalloc;
extern const struct cpi_format cpi_format_legacy_count;
extern const struct cpi_format cpi_format_legacy_goroutines;
extern const struct cpi_format cpi_format_legacy_thread;
extern const struct cpi_format cpi_format_legacy_contention;
extern const struct cpi_format cpi_format_legacy_java;
extern const struct cpi_format cpi_format_legacy_java_cpu;
extern const struct cpi_format cpi_format_legacy_symbols;

/* In the order in which --formats lists them. */
const struct cpi_format *const cpi_formats[] = {
	&cpi_format_perf,
	&cpi_format_simpleperf,
	&cpi_format_pprof,
	&cpi_format_folded,
	&cpi_format_perf_script,
	&cpi_format_raw,
	&cpi_format_sqlite,
	&cpi_format_speedscope,
	&cpi_format_firefox,
	&cpi_format_jfr,
	&cpi_format_otlp,
	&cpi_format_otlp_json,
	&cpi_format_cpuprofile,
	&cpi_format_heapprofile,
	&cpi_format_chrome_trace,
	&cpi_format_callgrind,
	&cpi_format_json,
	&cpi_format_ndjson,
	&cpi_format_csv,
	&cpi_format_legacy_cpu,
	&cpi_format_legacy_heap,
	&cpi_format_legacy_jemalloc,
	&cpi_format_legacy_count,
	&cpi_format_legacy_goroutines,
	&cpi_format_legacy_thread,
	&cpi_format_legacy_contention,
	&cpi_format_legacy_java,
	&cpi_format_legacy_java_cpu,
	&cpi_format_legacy_symbols,
	NULL,
};

/*
 * Below the first mark are guesses by one or two fields, which any text may seem to have;
 * below the second one is text with numbers, as JSON, too, may be.
 */
enum { GUESSED = 10, DOUBTFUL = 40 };

/* A guess yields to what the input surely is. */
static bool is_other(const struct cpi_source *source, int sure)
{
	char what[200];
	enum cpi_other other = cpi_format_other(source, what, sizeof what);

	return other == CPI_OTHER_SURE || (other == CPI_OTHER_TEXT && sure < GUESSED);
}

const struct cpi_format *cpi_format_detect(const struct cpi_source *source)
{
	const struct cpi_format *best = NULL;
	int surest = 0;

	for (size_t i = 0; cpi_formats[i]; i++) {
		int sure = cpi_formats[i]->detect ? cpi_formats[i]->detect(source) : 0;

		if (sure > surest) {
			surest = sure;
			best = cpi_formats[i];
		}
	}
	if (best && surest < DOUBTFUL && is_other(source, surest))
		return NULL;
	return best;
}

const struct cpi_format *cpi_format_find(const char *name)
{
	for (size_t i = 0; cpi_formats[i]; i++)
		if (!strcmp(cpi_formats[i]->public.name, name))
			return cpi_formats[i];
	return NULL;
}

void cpi_source_behind(
	const struct cpi_source *source, unsigned part, uint64_t from, uint64_t to)
{
	const struct cpi_bytes *bytes = &source->part[part];
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	/* Mappings start on a page; part.data is where the mapping does. */
	if (!bytes->mapped || to > bytes->n || (uintptr_t)bytes->data % page)
		return;
	from -= from % page;
	to -= to % page;
	if (from < to)
		(void)madvise((void *)(uintptr_t)(bytes->data + from), to - from,
			MADV_DONTNEED);
}
