/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_ANSWER_H
#define CPT_ANSWER_H

/* In which format a tool answers: --to, else the ending of -o's name. */

#include "common/main.h"

/*
 * Of the formats that hold profiles; `fallback` without --to and -o. NULL (after saying
 * why) when there is none; the exit status is then TOOL_USAGE.
 */
const struct cp_format *tool_output_format(struct tool *tool, const char *fallback);
/* By name; NULL when there is none. */
const struct cp_format *tool_find_format(const char *name);

/* A format of a tool's own; a list of them ends with one without name. */
struct answer {
	const char *name;
	const char *endings; /* space-separated, ".json" */
};

/*
 * The name of one of the answers, the first without --to and for a file without an
 * ending; NULL after saying what is wrong.
 */
const char *tool_answer(struct tool *tool, const struct answer *answers);

#endif
