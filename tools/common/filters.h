/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_FILTERS_H
#define CPT_FILTERS_H

/* The options that choose frames and samples, with pprof's names and meaning. */

#include <cp/filter.h>

#include "common/main.h"

/* Initialise with FILTER_OPTIONS_INIT. */
struct filter_options {
	const char *focus, *ignore, *hide, *show, *show_from, *prune_from;
	const char *tagfocus, *tagignore, *tagshow, *taghide, *tagroot, *tagleaf;
	const char *sample_index;
	int granularity; /* enum cp_granularity, or FILTER_GRANULARITY_DEFAULT */
	bool noinlines;
};

#define FILTER_GRANULARITY_DEFAULT (-1)
#define FILTER_OPTIONS_INIT {.granularity = FILTER_GRANULARITY_DEFAULT}

extern const struct opt filter_rows[];
#define OPT_GROUP_FILTERS(OPTIONS) {"Filters", filter_rows, (OPTIONS)}

/* `granularity` is what the tool does when the user does not say. */
void filter_options_get(const struct filter_options *options,
	enum cp_granularity granularity, struct cp_filter_options *ret);
enum { FILTER_LINES = 10, FILTER_LINE_ROOM = 128 };

/* "focus=main" of each option given, as far as it fits; `ret` ends with NULL. */
void filter_options_lines(const struct filter_options *options,
	char text[][FILTER_LINE_ROOM], const char *ret[FILTER_LINES]);
/* True when the options ask for nothing that would change a profile. */
bool filter_options_idle(const struct cp_filter_options *options);

/*
 * Replaces *profile by what the filter leaves, and warns when that is nothing; `where`
 * (may be NULL) is the file. TOOL_GO or the exit status.
 */
int tool_filter(struct tool *tool, const struct cp_filter_options *options,
	const char *where, struct cp_profile **profile);
/* The warning alone. */
void tool_warn_empty(
	struct tool *tool, const char *where, const struct cp_profile *profile);

#endif
