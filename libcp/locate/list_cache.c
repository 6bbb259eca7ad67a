/* SPDX-License-Identifier: Apache-2.0 */
/* The user's copy of the running kernel's list of symbols. */
#include "locate/list_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/text.h"

#define PREFIX "kallsyms-"

static bool set_folder(struct cpi_list_cache *cache)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	const char *base = xdg && *xdg == '/' ? xdg : home;
	int n;

	if (!base || *base != '/')
		return false;
	n = snprintf(cache->dir, sizeof cache->dir, "%s%s/libcp", base,
		base == xdg ? "" : "/.cache");
	return n > 0 && (size_t)n < sizeof cache->dir - sizeof cache->name - 16;
}

bool cpi_list_cache_init(struct cpi_list_cache *cache, struct cpi_env *env)
{
	struct cpi_blob boot, modules;
	uint64_t hash = 0;
	int n = 0;

	if (!set_folder(cache) ||
		cpi_file_read(env, "/proc/sys/kernel/random/boot_id", &boot, NULL))
		return false;
	/* A kernel without modules has no such file. */
	if (!cpi_file_read(env, "/proc/modules", &modules, NULL)) {
		hash = cpi_hash_fixed(modules.bytes, modules.n, 0);
		cpi_blob_release(env, &modules);
	}
	if (boot.n == 37) /* the number, and the end of its line */
		n = snprintf(cache->name, sizeof cache->name, PREFIX "%.36s-%016" PRIx64,
			(const char *)boot.bytes, hash);
	cpi_blob_release(env, &boot);
	return n > 0;
}

bool cpi_list_cache_find(const struct cpi_list_cache *cache, char *path, size_t size)
{
	struct stat st;
	int n = snprintf(path, size, "%s/%s", cache->dir, cache->name);

	return n > 0 && (size_t)n < size && !lstat(path, &st) && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* Those of other boots and modules. */
static void remove_older(const struct cpi_list_cache *cache)
{
	DIR *dir = opendir(cache->dir);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (cpi_text_starts(cpi_text(entry->d_name), CPI_TEXT(PREFIX)) &&
			strcmp(entry->d_name, cache->name) != 0)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static bool write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t did = write(fd, bytes, n);

		if (did < 0 && errno != EINTR)
			return false;
		bytes += did > 0 ? did : 0;
		n -= did > 0 ? (size_t)did : 0;
	}
	return true;
}

/* The folder and the one it lies in, which is ~/.cache. */
static bool make_folder(const struct cpi_list_cache *cache)
{
	char above[PATH_MAX];
	char *slash;

	snprintf(above, sizeof above, "%s", cache->dir);
	slash = strrchr(above, '/');
	*slash = 0;
	(void)mkdir(above, 0700);
	return !mkdir(cache->dir, 0700) || errno == EEXIST;
}

void cpi_list_cache_keep(
	const struct cpi_list_cache *cache, const uint8_t *bytes, size_t n)
{
	char path[PATH_MAX], temporary[PATH_MAX];
	bool fine;
	int fd;

	if (!make_folder(cache) ||
		(size_t)snprintf(path, sizeof path, "%s/%s", cache->dir, cache->name) >=
			sizeof path ||
		(size_t)snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >=
			sizeof temporary)
		return;
	fd = mkstemp(temporary);
	if (fd < 0)
		return;
	fine = write_all(fd, bytes, n);
	fine = !close(fd) && fine && !rename(temporary, path);
	if (fine)
		remove_older(cache);
	else
		(void)unlink(temporary);
}
