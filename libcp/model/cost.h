/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_COST_H
#define CPI_COST_H

/*
 * What a profile will cost whoever unrolls it. Its own rows are paid for by the input's
 * bytes, but stacks share locations, samples share stacks, and a location may have many
 * lines: 223 bytes can hold a stack of 250,000 locations of 250,000 lines each.
 */

#include "model/profile.h"

/* CP_ERROR_LIMIT when the frames of all samples, or of all stacks, are too many. */
enum cp_code cpi_profile_frames_check(
	struct cpi_env *env, const struct cp_profile *p, struct cp_error *err);

/* Bytes that may be written of a profile: the caller's limit or the default. */
uint64_t cpi_profile_output_limit(const struct cpi_env *env, const struct cp_profile *p);

#endif
