/* SPDX-License-Identifier: Apache-2.0 */
/* V8's rows in the table of formats. */
#include "format/v8/v8.h"

#include "format/json_shape.h"

static int is_cpu(const struct cpi_source *source)
{
	enum cpi_json_shape shape = cpi_json_shape(source);

	return shape == CPI_JSON_CPUPROFILE || shape == CPI_JSON_CPUPROFILE_OLD ? 90 : 0;
}

static int is_heap(const struct cpi_source *source)
{
	return cpi_json_shape(source) == CPI_JSON_HEAPPROFILE ? 90 : 0;
}

static int is_trace(const struct cpi_source *source)
{
	return cpi_json_shape(source) == CPI_JSON_TRACE ? 90 : 0;
}

const struct cpi_format cpi_format_cpuprofile = {
	.public =
		{
			.name = "cpuprofile",
			.description = "CPU profile of V8: DevTools, node --cpu-prof",
			.extensions = ".cpuprofile",
			.losses = "addresses, mappings, lines inside functions, labels, all "
				  "sample types but one",
			.reads = true,
			.writes = true,
		},
	.detect = is_cpu,
	.read = cpi_v8_read_cpu,
	.write = cpi_v8_write_cpu,
};

const struct cpi_format cpi_format_heapprofile = {
	.public =
		{
			.name = "heapprofile",
			.description = "heap profile of V8: DevTools, node --heap-prof",
			.extensions = ".heapprofile",
			.reads = true,
		},
	.detect = is_heap,
	.read = cpi_v8_read_heap,
};

const struct cpi_format cpi_format_chrome_trace = {
	.public =
		{
			.name = "chrome-trace",
			.description = "trace events of Chrome, Node or Hermes that hold CPU "
				       "profiles",
			.extensions = "",
			.reads = true,
		},
	.detect = is_trace,
	.read = cpi_v8_read_trace,
};
