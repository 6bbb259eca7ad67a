/* SPDX-License-Identifier: Apache-2.0 */
/* speedscope's row in the table of formats. */
#include "format/speedscope/speedscope.h"

#include "format/json_shape.h"

static int detect(const struct cpi_source *source)
{
	return cpi_json_shape(source) == CPI_JSON_SPEEDSCOPE ? 90 : 0;
}

const struct cpi_format cpi_format_speedscope = {
	.public =
		{
			.name = "speedscope",
			.description = "JSON of speedscope.app, and of the many profilers "
				       "that write it",
			.extensions = ".speedscope.json",
			.losses = "addresses, mappings, lines inside functions, labels",
			.reads = true,
			.writes = true,
		},
	.detect = detect,
	.read = cpi_speedscope_read,
	.write = cpi_speedscope_write,
};
