/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPMERGE_H
#define CPMERGE_H

/*
 * The parts of cpmerge:
 *
 *	cpmerge.c             options, what comes out
 *	cpmerge_inputs.c      which files, their weights and labels
 *	cpmerge_add.c         one input after the other
 *	cpmerge_ahead.c       files read on several threads
 *	cpmerge_stream.c      several profiles in one file or pipe
 *	cpmerge_duplicates.c  what was there before
 *	cpmerge_skipped.c     what was left out
 */

#include <cp/merge.h>

#include "common/filters.h"
#include "common/main.h"
#include "common/options.h"
#include "cpmerge_duplicates.h"
#include "cpmerge_skipped.h"

/* What to do about the same bytes twice. */
enum cpmerge_twice { TWICE_COUNT, TWICE_SKIP };

struct cpmerge {
	struct symbol_options symbols;
	struct capture_options capture;
	struct filter_options filters;
	struct opt_list labels, weights, lists;
	const char *label_file_name;
	int types; /* enum cp_merge_types */
	int twice; /* enum cpmerge_twice */
	bool pgo, skip_bad, nul, canonical;
	const char *delimited; /* NULL: no; "": both ways; "in", "out" */
	const char *skipped_file, *max_bad;
	int64_t max_stacks;
	int64_t level;
	bool level_seen;

	struct cp_merge_label *label; /* the last one is the file's name, if asked for */
	size_t n_labels;
	struct cp_merge *merge;
	struct cp_profile *result;
	struct skipped skipped;
	struct duplicates *duplicates;
	uint64_t n_duplicates;
};

/* Inputs, or the output, are length-prefixed messages. */
static inline bool cpmerge_streams_in(const struct cpmerge *self)
{
	return self->delimited && self->delimited[0] != 'o';
}

/* Says so; the exit status. */
int cpmerge_no_memory(struct tool *tool);
/* The list of inputs; the split labels; TOOL_GO or the exit status. */
int cpmerge_inputs(struct tool *tool, struct cpmerge *self);
int cpmerge_labels(struct tool *tool, struct cpmerge *self);
double cpmerge_weight(const struct cpmerge *self, const char *path);

/* Reads all inputs into self->merge. TOOL_GO or the exit status. */
int cpmerge_add(
	struct tool *tool, struct cpmerge *self, const struct cp_read_options *read);

#endif
