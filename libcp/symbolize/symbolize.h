/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_SYMBOLIZE_H
#define CPI_SYMBOLIZE_H

#include <cp/symbolize.h>

#include "model/profile.h"

/*
 * Completes *profile with functions and lines; behind cp_profile_symbolize, which says
 * what its arguments mean. On failure the profile is as it was.
 */
enum cp_code cpi_symbolize(struct cpi_env *env, struct cp_profile **profile,
	const struct cp_symbolize_options *options, struct cp_symbol_report **ret_report,
	struct cp_error *err);

#endif
