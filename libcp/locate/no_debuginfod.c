/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of debuginfod.c in static programs, which cannot load a library. */
#include "locate/debuginfod.h"

#include "base/error.h"

enum cp_code cpi_debuginfod_new(
	struct cpi_env *env, struct cpi_debuginfod **ret_client, struct cp_error *err)
{
	(void)env, (void)ret_client;
	return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
		"debuginfod: this is a static program, which cannot load the library for "
		"downloads");
}

void cpi_debuginfod_free(struct cpi_debuginfod *d)
{
	(void)d;
}

bool cpi_debuginfod_find(struct cpi_debuginfod *d, enum cpi_debuginfod_kind kind,
	const char *id, char *path, size_t path_size, char *url, size_t url_size)
{
	(void)d, (void)kind, (void)id;
	(void)path, (void)path_size, (void)url, (void)url_size;
	return false;
}
