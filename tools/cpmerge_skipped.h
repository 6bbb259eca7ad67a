/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPMERGE_SKIPPED_H
#define CPMERGE_SKIPPED_H

/* What was left out of a merge and why: the file of --skipped, and --max-bad. */

#include <cp/merge.h>

#include "common/main.h"

struct skipped_row {
	char *input, *member; /* member: of an archive; or NULL */
	uint64_t message;     /* of a stream, from 1; 0: none */
	char *reason;         /* "truncated" */
	char *text;           /* a sentence */
};

struct skipped {
	struct skipped_row *row;
	size_t n, room;
	uint64_t inputs;     /* seen so far, those left out too */
	uint64_t duplicates; /* of the rows; nothing is wrong with these */
	bool no_memory;
};

/* `member` may be NULL. */
void skipped_add(struct skipped *skipped, const char *input, const char *member,
	uint64_t message, const char *reason, const char *text);
void skipped_release(struct skipped *skipped);

/* Tells the merge, whose result says the counts. TOOL_GO or the exit status. */
int skipped_tell(
	struct tool *tool, const struct skipped *skipped, struct cp_merge *merge);
/* Writes the file, whole or not at all. TOOL_GO or the exit status. */
int skipped_write(struct tool *tool, const struct skipped *skipped, const char *path);

/* What --max-bad allows. */
struct most_bad {
	bool given, share;
	double x; /* inputs, or percent of them */
};
/* "3" or "2.5%"; false when it is neither. */
bool most_bad_parse(const char *text, struct most_bad *ret);
/* TOOL_GO, or says how many more were left out than allowed. */
int skipped_judge(
	struct tool *tool, const struct skipped *skipped, const struct most_bad *most);

#endif
