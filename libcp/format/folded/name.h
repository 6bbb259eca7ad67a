/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_FOLDED_NAME_H
#define CPI_FORMAT_FOLDED_NAME_H

/* How names are spelled in folded text. */

#include "format/format.h"

/*
 * Appends a name so that the line keeps its structure: ';' becomes ':', control bytes
 * other than TAB become \xNN.
 */
void cpi_folded_escape(struct cpi_sink *sink, struct cp_text name);

/*
 * Appends the frames that `perf script --no-inline | stackcollapse-perf.pl` makes of a
 * location, separated by ';' and without one at the end; may be none. `java`: the command
 * name starts with "java". The rules, bugs included, are listed in folded/name.c.
 */
void cpi_folded_perf_frame(struct cpi_sink *sink, const struct cp_profile *p,
	cp_location location, bool java, bool annotate);

/*
 * Appends what stackcollapse-perf.pl makes of a command name; false when it would drop
 * the sample.
 */
bool cpi_folded_perf_comm(struct cpi_sink *sink, struct cp_text comm);

#endif
