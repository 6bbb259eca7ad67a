/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_INFO_WAITS_H
#define CPI_VIEW_INFO_WAITS_H

#include "base/sink.h"
#include "model/profile.h"

/* States and edges are few; of a stranger's profile the last row is of all others. */
enum { WAIT_SUMS = 40 };

struct wait_sum {
	struct cp_text state, edge; /* labels; empty: none */
	double time;                /* nanoseconds */
	uint64_t n;
};

struct wait_sums {
	struct wait_sum row[WAIT_SUMS];
	size_t n; /* 0: the profile has no waits */
};

void cpi_info_waits(const struct cp_profile *p, struct wait_sums *ret);
void cpi_info_waits_text(const struct cp_profile *p, struct cpi_sink *sink);

/* Comments that count what no row has, and how they are said; up to NULL. */
struct wait_unknown {
	const char *key, *words;
};
extern const struct wait_unknown cpi_wait_unknown[];

#endif
