/* SPDX-License-Identifier: Apache-2.0 */
/* pprof's protobuf as one of the formats. */
#include "format/pprof/pprof.h"

const struct cpi_format cpi_format_pprof = {
	.public =
		{
			.name = "pprof",
			.description =
				"profile.proto, as go tool pprof reads and writes it",
			.extensions = ".pb.gz .pb .pprof .pgo .prof",
			.losses = "times of single samples; decimals are rounded; kinds "
				  "of mappings",
			.reads = true,
			.writes = true,
			.binary = true,
		},
	.detect = cpi_pprof_detect,
	.read = cpi_pprof_read,
	.write = cpi_pprof_write,
};
