/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_OP_SCALE_H
#define CPI_OP_SCALE_H

#include <cp/scale.h>

#include "model/builder.h"

/* <cp/scale.h> with an environment instead of a context. */
enum cp_code cpi_scale(struct cpi_env *env, const struct cp_profile *p,
	const double *ratio, uint32_t n, bool compat, struct cp_profile **ret_profile,
	struct cp_error *err);
enum cp_code cpi_normalize(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_profile *base, bool compat, struct cp_profile **ret_profile,
	struct cp_error *err);

#endif
