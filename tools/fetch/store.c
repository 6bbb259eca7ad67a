/* SPDX-License-Identifier: Apache-2.0 */
/* store.c: the file of an answer, under a name that says how far it is. */
#include "fetch/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LAST_NUMBER = 9999 };

char *fetch_store_word(const char *text, size_t n)
{
	char *word = strndup(text, n);

	for (char *p = word; p && *p; p++)
		if (!((*p | 32) >= 'a' && (*p | 32) <= 'z') &&
			!(*p >= '0' && *p <= '9') && !strchr("._+-", *p))
			*p = '_';
	return word;
}

/* As `mkdir -p`, with pprof's rights. */
static bool make_folder(const char *dir)
{
	char *path = strdup(dir);
	bool ok = path;

	for (char *p = path; ok && p;) {
		p = strchr(p + 1, '/');
		if (p)
			*p = 0;
		ok = !mkdir(path, 0755) || errno == EEXIST || errno == EISDIR ||
		     errno == EROFS;
		if (p)
			*p = '/';
	}
	free(path);
	return ok;
}

/* A name of our own making, so that the rights are those of any new file. */
static bool open_temporary(struct fetch_store *s)
{
	for (int i = 0; i < 100; i++) {
		uint32_t random;

		if (getrandom(&random, sizeof random, 0) != sizeof random)
			return false;
		free(s->path);
		if (asprintf(&s->path, "%s%s.%08x.part", s->dir, s->stem, random) < 0) {
			s->path = NULL;
			errno = ENOMEM;
			return false;
		}
		s->fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (s->fd >= 0 || errno != EEXIST)
			break;
	}
	if (s->fd < 0) {
		free(s->path);
		s->path = NULL;
	}
	return s->fd >= 0;
}

static bool open_in(struct fetch_store *s, const char *dir)
{
	free(s->dir);
	s->dir = NULL;
	if (asprintf(&s->dir, "%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/") < 0) {
		s->dir = NULL;
		errno = ENOMEM;
		return false;
	}
	return open_temporary(s);
}

/* The folder of -o's file, which is there already; a link's target is what is replaced.
 */
static bool open_beside(struct fetch_store *s, const char *file)
{
	struct stat st;
	bool exists = !stat(file, &st);
	const char *slash;
	char *dir;
	bool ok;

	if (exists && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return false;
	}
	if (exists && access(file, W_OK))
		return false;
	s->file = !lstat(file, &st) && S_ISLNK(st.st_mode) && exists
			  ? realpath(file, NULL)
			  : strdup(file);
	if (!s->file)
		return false;
	slash = strrchr(s->file, '/');
	dir = slash ? strndup(s->file, (size_t)(slash - s->file) + 1) : strdup("./");
	ok = dir && open_in(s, dir);
	if (ok && !slash) {
		/* Names are told as they were given, without "./". */
		memmove(s->path, s->path + 2, strlen(s->path) - 1);
		s->dir[0] = 0;
	}
	free(dir);
	return ok;
}

/* In pprof's order; errno of the last when none will do. */
static bool open_somewhere(struct fetch_store *s)
{
	const char *home = getenv("HOME"), *tmp = getenv("TMPDIR"),
		   *own = getenv("PPROF_TMPDIR");
	char *in_home = NULL;
	bool ok = false;

	if (own && *own)
		ok = make_folder(own) && open_in(s, own);
	if (!ok && home && *home && asprintf(&in_home, "%s/pprof", home) >= 0) {
		ok = make_folder(in_home) && open_in(s, in_home);
		free(in_home);
	}
	if (!ok) {
		tmp = tmp && *tmp ? tmp : "/tmp";
		ok = make_folder(tmp) && open_in(s, tmp);
	}
	return ok;
}

bool fetch_store_open(struct fetch_store *s, const char *file, const char *dir,
	const char *host, const char *kind, char *message, size_t size)
{
	char *h = fetch_store_word(host, 80), *k = fetch_store_word(kind, 40);
	bool ok;

	*s = (struct fetch_store){.fd = -1};
	for (char *p = h; p && (p = strchr(p, '_'));)
		*p = '-';
	ok = h && k && asprintf(&s->stem, "cpget.%s.%s", h, k) >= 0;
	free(h);
	free(k);
	if (!ok) {
		snprintf(message, size, "out of memory");
		return false;
	}
	if (file)
		ok = open_beside(s, file);
	else if (dir)
		ok = make_folder(dir) && open_in(s, dir);
	else
		ok = open_somewhere(s);
	if (!ok)
		snprintf(message, size, "cannot write %s: %s%s",
			file     ? file
			: dir    ? dir
			: s->dir ? s->dir
				 : "anywhere",
			strerror(errno), fetch_store_advice(errno));
	return ok;
}

bool fetch_store_write(struct fetch_store *s, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n && !s->error) {
		ssize_t wrote = write(s->fd, p, n);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			s->error = errno;
			break;
		}
		p += wrote;
		n -= (size_t)wrote;
		s->bytes += (uint64_t)wrote;
	}
	return !s->error;
}

bool fetch_store_rewind(struct fetch_store *s)
{
	if (ftruncate(s->fd, 0) || lseek(s->fd, 0, SEEK_SET))
		s->error = errno;
	s->bytes = 0;
	return !s->error;
}

/* One rename that replaces nothing; false and EEXIST when the name is taken. */
static bool move(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	/* File systems that cannot say "only if it is free" can link, or neither. */
	if (!link(from, to)) {
		unlink(from);
		return true;
	}
	if (errno == EEXIST || access(to, F_OK) == 0) {
		errno = EEXIST;
		return false;
	}
	return !rename(from, to);
}

char *fetch_store_move(
	const char *from, const char *dir, const char *prefix, const char *suffix)
{
	for (int i = 1; i <= LAST_NUMBER; i++) {
		char *to;

		if (asprintf(&to, "%s%s%03d%s", dir, prefix, i, suffix) < 0)
			return NULL;
		if (move(from, to))
			return to;
		free(to);
		if (errno != EEXIST)
			return NULL;
	}
	return NULL;
}

static bool take_path(struct fetch_store *s, char *path)
{
	if (!path) {
		s->error = s->error ? s->error : errno;
		return false;
	}
	free(s->path);
	s->path = path;
	return true;
}

static bool rename_finished(struct fetch_store *s, bool complete)
{
	const char *base = s->file ? strrchr(s->file, '/') : NULL;
	const char *ending = complete ? "answer" : "partial";
	char *prefix, *moved, first[24];

	if (s->file && complete && move(s->path, s->file))
		return take_path(s, strdup(s->file));
	base = base ? base + 1 : s->file;
	if (base) {
		/* FILE.partial, else FILE.001.partial and so on. */
		snprintf(first, sizeof first, ".%s", ending);
		if (asprintf(&moved, "%s%s", s->file, first) < 0)
			return take_path(s, NULL);
		if (move(s->path, moved))
			return take_path(s, moved);
		free(moved);
	}
	if (asprintf(&prefix, "%s.", base ? base : s->stem) < 0)
		return take_path(s, NULL);
	snprintf(first, sizeof first, ".%s", ending);
	moved = fetch_store_move(s->path, s->dir, prefix, first);
	free(prefix);
	return take_path(s, moved);
}

bool fetch_store_finish(struct fetch_store *s, bool complete)
{
	if (s->fd < 0)
		return !s->error;
	if (!s->bytes && (!complete || s->error)) {
		fetch_store_drop(s);
		return !s->error;
	}
	/* Some special file systems cannot sync, and have nothing to. */
	if (fsync(s->fd) && errno != EINVAL && !s->error)
		s->error = errno;
	if (close(s->fd) && !s->error)
		s->error = errno;
	s->fd = -1;
	rename_finished(s, complete && !s->error);
	/* The name, too, before anything looks at what has it. */
	fetch_store_settle(s);
	return !s->error;
}

void fetch_store_drop(struct fetch_store *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	if (s->path)
		unlink(s->path);
	free(s->path);
	s->path = NULL;
}

bool fetch_store_name(struct fetch_store *s, const char *prefix, const char *suffix)
{
	char *path;

	if (s->file) {
		if (!strcmp(s->path, s->file))
			return true;
		if (rename(s->path, s->file)) {
			s->error = errno;
			return false;
		}
		return take_path(s, strdup(s->file));
	}
	path = fetch_store_move(s->path, s->dir, prefix, suffix);
	return take_path(s, path);
}

char *fetch_store_place(const struct fetch_store *s, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s", s->file ? "" : "in ",
		s->file             ? s->file
		: s->dir && *s->dir ? s->dir
				    : ".");
	return buf;
}

const char *fetch_store_advice(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return "; make room there (df -h), or choose another disk: --dir FOLDER, "
		       "-o FILE";
	case EFBIG:
		return "; the shell limits files' sizes: ulimit -f unlimited";
	case EACCES:
	case EPERM:
	case EROFS:
	case ENOTDIR:
	case EISDIR:
		return "; choose another place: --dir FOLDER, -o FILE";
	case ENOENT:
		return "; that folder has to be there (mkdir -p)";
	default:
		return "";
	}
}

void fetch_store_settle(const struct fetch_store *s)
{
	int fd = open(
		s->dir && *s->dir ? s->dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

void fetch_store_release(struct fetch_store *s)
{
	if (s->fd >= 0)
		fetch_store_drop(s);
	free(s->dir);
	free(s->stem);
	free(s->file);
	free(s->path);
	*s = (struct fetch_store){.fd = -1};
}
