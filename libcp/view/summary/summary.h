/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_SUMMARY_H
#define CPI_VIEW_SUMMARY_H

/*
 * A profile in Markdown on at most 8 KiB, for a chat or a program that reads on its own:
 * what was measured, how much of it has names, the functions that cost most, the heaviest
 * paths, and who calls the first five.
 */

#include "base/sink.h"
#include "model/profile.h"

enum { CPI_SUMMARY_BYTES = 8192 };

/* `sample_type` may be NULL: the one that is shown by default. */
enum cp_code cpi_summary_write(struct cpi_env *env, const struct cp_profile *p,
	const char *sample_type, struct cpi_sink *sink, struct cp_error *err);

#endif
