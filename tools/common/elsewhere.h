/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_ELSEWHERE_H
#define CPT_ELSEWHERE_H

#include <stddef.h>

/*
 * What takes the place of an option that pprof has and the tool that was asked has not;
 * NULL for other words. The name is n bytes without dashes in front.
 */
const char *opt_elsewhere(const char *name, size_t n);

#endif
