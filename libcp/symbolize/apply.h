/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_APPLY_H
#define CPI_APPLY_H

#include "model/profile.h"
#include "symbolize/image.h"

struct cpi_images {
	struct cpi_image *v;
	size_t n, cap;
};

/* Writes the images' frames into the profile; on failure it is as it was. */
enum cp_code cpi_apply(struct cpi_env *env, struct cp_profile *p,
	const struct cpi_images *images, struct cp_error *err);

#endif
