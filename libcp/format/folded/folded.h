/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_FOLDED_H
#define CPI_FORMAT_FOLDED_H

/* The parts of the folded format: folded.c (row of the table), the reader, the writer. */

#include "format/format.h"

int cpi_folded_detect(const struct cpi_source *source);
enum cp_code cpi_folded_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const struct cpi_unwinder *unwinder,
	struct cp_profile **ret_profile, struct cp_error *err);
enum cp_code cpi_folded_write(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err);

#endif
