/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_TIMES_H
#define CPT_TIMES_H

#include "common/main.h"

/*
 * The spans of --time: "FROM,TO", "10%-20%,30%-40%", "10%/1,10%/2", or several of these
 * separated by blanks. Replaces *ret_spans, which the caller frees. TOOL_GO or the exit
 * status.
 */
int time_spans_get(struct tool *tool, const char *text, struct cp_time_span **ret_spans,
	size_t *ret_n);

#endif
