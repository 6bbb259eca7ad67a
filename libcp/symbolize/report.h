/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_REPORT_H
#define CPI_REPORT_H

#include "symbolize/apply.h"

/* How each image fared; `image_of` gives by mapping its image's number + 1, or 0. */
enum cp_code cpi_report_new(struct cpi_env *env, const struct cp_profile *p,
	const struct cpi_images *images, const uint32_t *image_of,
	struct cp_symbol_report **ret_report, struct cp_error *err);

#endif
