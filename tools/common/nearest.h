/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_NEAREST_H
#define CPT_NEAREST_H

/* "Did you mean …?" */

#include "common/opt.h"

/* The nearest of the n names, or NULL when none is near. */
const char *opt_nearest(const char *word, const char *const *names, size_t n);
/* The option whose name is nearest to what was typed, or NULL when none is near. */
const struct opt *opt_nearest_option(const struct opt_group *groups, const char *typed);

#endif
