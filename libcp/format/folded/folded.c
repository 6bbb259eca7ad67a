/* SPDX-License-Identifier: Apache-2.0 */
/* Collapsed stacks, read and written. */
#include "format/folded/folded.h"

const struct cpi_format cpi_format_folded = {
	.public =
		{
			.name = "folded",
			.description = "collapsed stacks: frames joined by ';', a blank, "
				       "a count (or several that the first line names, "
				       "as pprofutils has it)",
			.extensions = ".folded .collapsed .txt",
			.losses =
				"addresses, files, lines, labels but the root's, all "
				"sample types but "
				"one; samples that sum to zero; ';' in names becomes ':'",
			.reads = true,
			.writes = true,
		},
	.detect = cpi_folded_detect,
	.read = cpi_folded_read,
	.write = cpi_folded_write,
};
