/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_APPLY_H
#define CPI_APPLY_H

#include "model/profile.h"
#include "symbolize/image.h"

struct cpi_images {
	struct cpi_image *v;
	size_t n, cap;
};

/*
 * Writes the images' frames into the profile; on failure it is as it was. `replace` says
 * that they may stand in for others, whose functions go when nothing else has them.
 */
enum cp_code cpi_apply(struct cpi_env *env, struct cp_profile *p,
	const struct cpi_images *images, bool replace, struct cp_error *err);
/*
 * Says which of the user's binaries belong to no image of the profile, and which there
 * are.
 */
void cpi_images_note_strangers(
	const struct cpi_search *search, const struct cpi_images *images);

#endif
