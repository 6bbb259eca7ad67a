/* SPDX-License-Identifier: Apache-2.0 */
/* The database where libcp was built without SQLite: it is listed, and says what is
 * missing. */
#include "format/sqlite/sqlite.h"

static enum cp_code refuse(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	(void)env;
	(void)profile;
	(void)options;
	(void)sink;
	return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
		"this libcp was built without SQLite (Debian: libsqlite3-dev)");
}

const struct cpi_format cpi_format_sqlite = {
	.public = CPI_SQLITE_FORMAT, .write = refuse};
