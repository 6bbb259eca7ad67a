/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_JSON_SHAPE_H
#define CPI_JSON_SHAPE_H

/*
 * Which of the profile formats that are JSON an input is. Keys come in any order, and what
 * tells may stand behind 100 MB of numbers, so members are stepped over until one tells.
 */

#include "format/format.h"

enum cpi_json_shape {
	CPI_JSON_NONE, /* not JSON */
	CPI_JSON_OTHER,
	CPI_JSON_SPEEDSCOPE,
	CPI_JSON_FIREFOX,
	CPI_JSON_CPUPROFILE,
	CPI_JSON_CPUPROFILE_OLD, /* v8-profiler's tree under "head" */
	CPI_JSON_HEAPPROFILE,
	CPI_JSON_TRACE, /* trace events */
	CPI_JSON_OTLP,
	/* No reader has these; cpi_json_shape_name says what they are. */
	CPI_JSON_GECKO,
	CPI_JSON_PPROFUTILS,
	CPI_JSON_SAFARI,
	CPI_JSON_STACKPROF,
	CPI_JSON_DHAT,
	CPI_JSON_GHC,
	CPI_JSON_V8_LOG
};

enum cpi_json_shape cpi_json_shape(const struct cpi_source *source);
/* "a raw Gecko profile (open it in profiler.firefox.com and save it)"; never NULL. */
const char *cpi_json_shape_name(enum cpi_json_shape shape);

#endif
