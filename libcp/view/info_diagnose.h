/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_INFO_DIAGNOSE_H
#define CPI_VIEW_INFO_DIAGNOSE_H

#include <cp/info.h>

#include "model/profile.h"

/* Never fails: a finding that cannot be made is left out. */
void cpi_diagnose(const struct cp_profile *p, const struct cp_symbol_report *report,
	cp_finding_fn *fn, void *arg);

/* The number after a comment "perf: KEY N", or 0. */
uint64_t cpi_comment_number(const struct cp_profile *p, const char *key);

#endif
