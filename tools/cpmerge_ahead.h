/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPMERGE_AHEAD_H
#define CPMERGE_AHEAD_H

/*
 * Reads inputs on several threads and hands them out in the order in which they were
 * named, messages included, so that the answer does not depend on the number of threads.
 * Each thread holds one input at a time, ready or being read.
 */

#include "common/main.h"

struct ahead;

/*
 * Starts reading all inputs of the tool. NULL when it is not worth it (one thread, one
 * input) or not possible (a memory limit, no thread): then read with tool_read.
 */
struct ahead *ahead_new(struct tool *tool, const struct cp_read_options *read,
	const struct cp_symbolize_options *symbolize);
/*
 * As tool_read for the next input; its messages appear now. An archive is left to the
 * caller, who is told.
 */
int ahead_next(struct ahead *ahead, struct cp_profile **ret_profile, bool *ret_archive);
/* Ends, wherever it is. Profiles it handed out must be freed before. NULL is fine. */
void ahead_free(struct ahead *ahead);

#endif
