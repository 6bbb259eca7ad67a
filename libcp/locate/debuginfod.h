/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DEBUGINFOD_H
#define CPI_DEBUGINFOD_H

/*
 * Files by build id from the servers that DEBUGINFOD_URLS names, for callers who asked
 * for a download in so many words. elfutils' libdebuginfod does the asking; it is loaded
 * when it is first needed, so that nothing here depends on it or on the HTTP library
 * behind it, and a program that downloads nothing has no code in it that could. It
 * honours its variables (DEBUGINFOD_CACHE_PATH, _TIMEOUT, _MAXTIME, _MAXSIZE, …) and
 * keeps what it gets in its cache, where later runs find it without a server.
 */

#include "base/env.h"

struct cpi_debuginfod;

enum cpi_debuginfod_kind { CPI_DEBUGINFOD_EXECUTABLE, CPI_DEBUGINFOD_DEBUGINFO };

/*
 * CP_ERROR_ARGUMENT when no server is named, CP_ERROR_SYSTEM when the library is not
 * installed. No server is asked yet. To be freed.
 */
enum cp_code cpi_debuginfod_new(
	struct cpi_env *env, struct cpi_debuginfod **ret_client, struct cp_error *err);
void cpi_debuginfod_free(struct cpi_debuginfod *client);

/*
 * Asks for a file of this build id (lower-case hexadecimal) and writes where it lies now
 * to `path`, and where it came from to `url` ("": unknown, or it was in the cache
 * already). False when there is none. What comes is a stranger's: the caller checks its
 * build id. A server that does not answer is asked no more, and a note says so.
 * Thread-safe.
 */
bool cpi_debuginfod_find(struct cpi_debuginfod *client, enum cpi_debuginfod_kind kind,
	const char *id, char *path, size_t path_size, char *url, size_t url_size);

#endif
