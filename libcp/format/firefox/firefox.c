/* SPDX-License-Identifier: Apache-2.0 */
/* The Firefox profiler's row in the table of formats. */
#include "format/firefox/firefox.h"

#include "format/json_shape.h"

static int detect(const struct cpi_source *source)
{
	return cpi_json_shape(source) == CPI_JSON_FIREFOX ? 90 : 0;
}

const struct cpi_format cpi_format_firefox = {
	.public =
		{
			.name = "firefox",
			.description = "processed profile of profiler.firefox.com, as samply "
				       "writes it too",
			.extensions = "",
			.losses = "labels but pid, tid and thread, comments, all sample types "
				  "but one",
			.reads = true,
			.writes = true,
		},
	.detect = detect,
	.read = cpi_firefox_read,
	.write = cpi_firefox_write,
};
