/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_SYMREPORT_H
#define CPT_SYMREPORT_H

/* What became of the symbols, for --symbols-report and for one line of warning. */

#include <cp/symbolize.h>

struct out;
struct tool;

/* One line for each image, largest loss first, to `out`. */
void symreport_print(struct out *out, const struct cp_profile *profile,
	const struct cp_symbol_report *report);

/* One line on stderr when more than 5 % of the frames of all samples have no name. */
void symreport_warn(struct tool *tool, const struct cp_profile *profile,
	const struct cp_symbol_report *report);

/* With -v: for each image, what its names came from. */
void symreport_verbose(struct tool *tool, const struct cp_profile *profile,
	const struct cp_symbol_report *report);

/*
 * Says whose names are not to be relied on: files that nothing vouches for, and those that
 * were passed over; and that a program is not here. For tools that do not look at the report themselves.
 */
void symreport_doubts(struct tool *tool, const char *input,
	const struct cp_profile *profile, const struct cp_symbol_report *report);

#endif
