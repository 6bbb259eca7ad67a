/* SPDX-License-Identifier: Apache-2.0 */
/* Opens files that an input names, and nothing that is more than a file. */
#include "base/named.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MOST_LINKS = 40 };

static bool is_prefix(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

/* Removes the last component of out[0, n) with its slash. */
static size_t up(const char *out, size_t n)
{
	while (n && out[--n] != '/')
		;
	return n;
}

void cpi_named_clean(const char *path, char *clean, size_t size)
{
	bool absolute = *path == '/';
	size_t n = 0;

	while (*path) {
		size_t part;

		path += strspn(path, "/");
		part = strcspn(path, "/");
		if (part == 2 && !memcmp(path, "..", 2) && (n || absolute)) {
			n = up(clean, n);
		} else if (part && !(part == 1 && *path == '.')) {
			if (part + 2 > size - n)
				break;
			if (n || absolute)
				clean[n++] = '/';
			memcpy(clean + n, path, part);
			n += part;
		}
		path += part;
	}
	if (!n)
		clean[n++] = absolute ? '/' : '.';
	clean[n] = 0;
}

/* Through these the kernel talks: to read is to ask, to wait, or to act. */
static bool is_kernels(const struct statfs *fs)
{
	static const unsigned long magic[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC,
		DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC, BPF_FS_MAGIC, EFIVARFS_MAGIC, PSTOREFS_MAGIC,
		SELINUX_MAGIC, SMACK_MAGIC, DEVPTS_SUPER_MAGIC, BINDERFS_SUPER_MAGIC,
		NSFS_MAGIC, RDTGROUP_SUPER_MAGIC,
		/* configfs, fusectl, mqueue, rpc_pipefs, nfsd, binfmt_misc */
		0x62656570, 0x65735543, 0x19800202, 0x67596969, 0x6e667364, 0x42494e4d};

	for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
		if ((unsigned long)fs->f_type == magic[i])
			return true;
	return false;
}

/* What is left to walk, with a link's target put in front of it. */
static bool put_in_front(char *left, const char *target, size_t n, const char *rest)
{
	size_t rest_n = strlen(rest);

	if (n + 1 + rest_n >= PATH_MAX)
		return false;
	memmove(left + n + 1, rest, rest_n + 1);
	memcpy(left, target, n);
	left[n] = '/';
	return true;
}

int cpi_named_walk(int root, const char *path, int flags)
{
	char done[PATH_MAX] = ".", left[PATH_MAX], target[PATH_MAX];
	size_t n = 1;
	unsigned links = 0;

	if ((size_t)snprintf(left, sizeof left, "%s", path) >= sizeof left)
		goto too_long;
	for (char *at = left; *(at += strspn(at, "/"));) {
		size_t part = strcspn(at, "/"), before = n;
		ssize_t length;

		if (part == 2 && !memcmp(at, "..", 2)) {
			n = n > 1 ? up(done, n) : n;
			done[n] = 0;
			at += part;
			continue;
		}
		if (part + 2 > sizeof done - n)
			goto too_long;
		n += (size_t)sprintf(done + n, "/%.*s", (int)part, at);
		at += part;
		length = readlinkat(root, done, target, sizeof target);
		if (length < 0)
			continue; /* no link; what is not there is said by the open */
		if (++links > MOST_LINKS) {
			errno = ELOOP;
			return -1;
		}
		if (!put_in_front(left, target, (size_t)length, at))
			goto too_long;
		n = *target == '/' ? 1 : before;
		done[n] = 0;
		at = left;
	}
	return openat(root, done, flags | O_NOFOLLOW);
too_long:
	errno = ENAMETOOLONG;
	return -1;
}

static int open_below(int root, const char *path, int flags)
{
	struct open_how how = {.flags = (unsigned)flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof how);

	/* EPERM: a sandbox that does not know the call. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return cpi_named_walk(root, path, flags);
	return (int)fd;
}

static int open_at(int root, const char *path, int flags)
{
	flags |= O_CLOEXEC;
	return root < 0 ? open(path, flags) : open_below(root, path, flags);
}

/* What it is, without opening it: to open a device may act on it. */
static bool look(int root, const char *path, struct stat *st, struct statfs *fs)
{
	int fd, failed;

	if (root < 0)
		return !stat(path, st) && (!S_ISREG(st->st_mode) || !statfs(path, fs));
	fd = open_at(root, path, O_PATH);
	if (fd < 0)
		return false;
	failed = fstat(fd, st) || fstatfs(fd, fs);
	close(fd);
	return !failed;
}

static bool refused(int root, const char *path, struct stat *st, const char **ret_why)
{
	struct statfs fs;

	if (!look(root, path, st, &fs)) {
		if (errno == EACCES || errno == ELOOP)
			*ret_why = errno == EACCES ? "may not be read"
						   : "is a link without end";
		return true;
	}
	if (S_ISDIR(st->st_mode))
		return true;
	if (!S_ISREG(st->st_mode))
		*ret_why = "is no regular file";
	else if (is_kernels(&fs))
		*ret_why = "is a file of the running kernel";
	return *ret_why;
}

static bool open_regular(
	int root, const char *path, struct cpi_named *ret_named, const char **ret_why)
{
	struct stat before, st;
	int fd;

	if (refused(root, path, &before, ret_why))
		return false;
	fd = open_at(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		*ret_why = "may not be read";
		return false;
	}
	if (fstat(fd, &st) || st.st_dev != before.st_dev || st.st_ino != before.st_ino) {
		*ret_why = "was replaced while it was opened";
		close(fd);
		return false;
	}
	*ret_named = (struct cpi_named){fd, (uint64_t)st.st_size, st.st_mtime};
	return true;
}

bool cpi_named_open(const char *root, const char *path, struct cpi_named *ret_named,
	const char **ret_why)
{
	char clean[PATH_MAX];
	int fd = -1;
	bool fine;

	*ret_why = NULL;
	cpi_named_clean(path, clean, sizeof clean);
	if (!root || !*root) {
		/* Not even asked for; what leads there by links is seen by its kind. */
		if (is_prefix(clean, "/proc") || is_prefix(clean, "/sys")) {
			*ret_why = "is a file of the running kernel";
			return false;
		}
		return open_regular(-1, path, ret_named, ret_why);
	}
	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	fine = open_regular(fd, clean + (*clean == '/'), ret_named, ret_why);
	close(fd);
	return fine;
}

void cpi_named_close(struct cpi_named *named)
{
	close(named->fd);
	named->fd = -1;
}

size_t cpi_named_begin(const struct cpi_named *named, void *buf, size_t n)
{
	ssize_t got = pread(named->fd, buf, n, 0);

	return got > 0 ? (size_t)got : 0;
}

enum cp_code cpi_named_read(struct cpi_env *env, const struct cpi_named *named,
	const char *path, struct cpi_blob *ret_blob, struct cp_error *err)
{
	return cpi_file_read_fd(env, named->fd, path, ret_blob, err);
}
