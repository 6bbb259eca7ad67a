/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_PERF_SCRIPT_LINE_H
#define CPI_FORMAT_PERF_SCRIPT_LINE_H

/* The two kinds of lines in the text of `perf script`. */

#include "base/text.h"

/*
 * "COMM [PID/]TID [CPU] TIME: PERIOD EVENT: REST"; CPU, TIME and PERIOD may be
 * missing.
 */
struct script_head {
	struct cp_text comm;
	int64_t pid, tid;
	bool has_pid;
	int64_t cpu;    /* -1 = not said */
	int64_t time;   /* nanoseconds, or CP_NO_TIME */
	int64_t period; /* 0 = not said */
	struct cp_text event;
	struct cp_text rest;
};

/* "ADDRESS SYMBOL+0xOFFSET (IMAGE)". */
struct script_frame {
	uint64_t address;
	struct cp_text symbol; /* without offset; "[unknown]" when perf had none */
	struct cp_text image;  /* "inlined" for a function inlined into the next frame */
};

bool cpi_script_head(struct cp_text line, struct script_head *ret_head);
bool cpi_script_frame(struct cp_text line, struct script_frame *ret_frame);
/* "ADDRESS SYMBOL"; anything that begins with a hexadecimal number looks like it. */
bool cpi_script_bare_frame(struct cp_text line, struct script_frame *ret_frame);
/* Lines that options of perf add below a frame: "FILE:LINE", "[IMAGE][ADDRESS]". */
bool cpi_script_source(struct cp_text line);

#endif
