/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_LIST_CACHE_H
#define CPI_LIST_CACHE_H

/*
 * A copy of /proc/kallsyms, which the kernel makes anew for every reader (0.1 s). It lies
 * in the user's cache folder under the number of this boot and a hash of the modules that
 * are loaded, and the one of another boot, or of other modules, goes when it is written.
 */

#include <limits.h>

#include "base/file.h"

struct cpi_list_cache {
	char dir[PATH_MAX];
	char name[80]; /* of the file in it */
};

/* False where there is no cache folder, or the boot has no number. */
bool cpi_list_cache_init(struct cpi_list_cache *cache, struct cpi_env *env);
/*
 * The path of the copy, to be opened. False: there is none, or it is not this user's
 * alone to write.
 */
bool cpi_list_cache_find(const struct cpi_list_cache *cache, char *path, size_t size);
/* Keeps a copy, whole or not at all. That it could not be kept harms nobody. */
void cpi_list_cache_keep(
	const struct cpi_list_cache *cache, const uint8_t *bytes, size_t n);

#endif
