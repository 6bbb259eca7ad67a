/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_SCALE_H
#define CP_SCALE_H

/* Profiles with other values: rates instead of sums, two captures of different length. */

#include <cp/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes *ret_profile, whose values of type i are those of `profile` times ratio[i],
 * rounded half away from zero. `n` must be the number of sample types. Samples that come
 * to nothing are left out, unless all ratios are 1. With `pprof_compat` a sample also goes
 * when only values whose ratio is 1 are left, as in pprof's ScaleN. CP_ERROR_LIMIT when a
 * value exceeds 64 bits.
 */
enum cp_code cp_profile_scale(struct cp_context *context, const struct cp_profile *profile,
	const double *ratio, uint32_t n, bool pprof_compat, struct cp_profile **ret_profile,
	struct cp_error *err);

/*
 * Scales each sample type to the sum it has in `base`, as pprof's -normalize does; a type
 * whose sum is 0 gets 0 throughout. CP_ERROR_ARGUMENT when the two have not the same
 * sample types, or period types, in the same order and units.
 */
enum cp_code cp_profile_normalize(struct cp_context *context,
	const struct cp_profile *profile, const struct cp_profile *base, bool pprof_compat,
	struct cp_profile **ret_profile, struct cp_error *err);

#ifdef __cplusplus
}
#endif
#endif
