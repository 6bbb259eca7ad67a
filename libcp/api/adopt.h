/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_API_ADOPT_H
#define CPI_API_ADOPT_H

#include <cp/symbolize.h>

#include "model/profile.h"

/*
 * Texts without a memory map (Go's debug=1) have one mapping of everything, of no file:
 * makes it that of the program that the user gave, if that is linked to where it runs and
 * some address lies in its code. Replaces *profile.
 */
enum cp_code cpi_adopt_program(struct cpi_env *env, struct cp_profile **profile,
	const struct cp_symbolize_options *options, struct cp_error *err);

#endif
