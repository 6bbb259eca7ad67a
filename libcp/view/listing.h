/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_LISTING_H
#define CPI_VIEW_LISTING_H

/* What pages with lines of code or instructions share. */

#include <stddef.h>

struct cpi_source_asset {
	const char *bytes;
	size_t n;
	const char *hash; /* for a content security policy */
};
extern const struct cpi_source_asset cpi_source_asset_style;

#endif
