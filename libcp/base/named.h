/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_NAMED_H
#define CPI_NAMED_H

/*
 * Files that an input names. Its author may be a stranger, who must not make us read what
 * has no end, block, or act on a device; so only regular files are opened, and none of a
 * file system through which the kernel talks (procfs, sysfs, …), whatever links lead
 * there. What a user names himself goes through base/file.h.
 */

#include "base/file.h"

struct cpi_named {
	int fd;
	uint64_t size;
	int64_t mtime; /* seconds since the epoch */
};

/*
 * Opens `path`; without a `root` as it is, else below that directory, which neither ".."
 * nor links leave: there they mean what they mean to a process whose root it is. False
 * when nothing is there (*ret_why NULL), or it was refused: then *ret_why is a
 * predicate ("is no regular file").
 */
bool cpi_named_open(const char *root, const char *path, struct cpi_named *ret_named,
	const char **ret_why);
void cpi_named_close(struct cpi_named *named);

/* Its first bytes, by which the caller decides whether to read more; how many. */
size_t cpi_named_begin(const struct cpi_named *named, void *buf, size_t n);
/* All of it; `path` is for errors. */
enum cp_code cpi_named_read(struct cpi_env *env, const struct cpi_named *named,
	const char *path, struct cpi_blob *ret_blob, struct cp_error *err);

/* The path without "." and "..", as far as it goes without looking at files. */
void cpi_named_clean(const char *path, char *clean, size_t size);
/*
 * As openat2 with RESOLVE_IN_ROOT does it, for kernels that lack that: follows links
 * below `root` by hand. A file descriptor, or -1 with errno.
 */
int cpi_named_walk(int root, const char *path, int flags);

#endif
