/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_JSON_H
#define CPI_FORMAT_JSON_H

/*
 * Profiles as JSON for scripts. tables.c writes one object with the model's tables, by
 * which nothing is lost; lines.c writes a line for each sample, with names in place of
 * ids.
 */

#include "codec/json.h"
#include "format/format.h"

enum cp_code cpi_json_tables_write(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err);
enum cp_code cpi_json_lines_write(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err);

/* An object of labels: strings, numbers, {"value", "unit"}; an array where a key has
 * several. */
void cpi_json_labels(struct cpi_json *json, const struct cp_profile *p, cp_labels labels);

#endif
