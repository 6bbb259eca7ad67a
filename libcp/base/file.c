/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files in memory, mapped or read. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

/* Spools beyond this go to a temporary file. */
enum { SPOOL_MEMORY = 64 << 20, READ_STEP = 1 << 18, LOOK_AT = 1 << 20 };

void cpi_blob_release(struct cpi_env *env, struct cpi_blob *blob)
{
	if (blob->kind == CPI_BLOB_HEAP)
		cpi_free(&env->mem, (void *)blob->bytes, blob->room);
	else if (blob->kind == CPI_BLOB_MAPPED && blob->n)
		munmap((void *)blob->bytes, blob->n);
	cpi_guard_remove(&env->guard, blob->guard);
	*blob = (struct cpi_blob){0};
}

static enum cp_code map(
	int fd, size_t n, const char *path, struct cpi_blob *blob, struct cp_error *err)
{
	void *p;

	blob->kind = CPI_BLOB_MAPPED;
	blob->bytes = (const uint8_t *)"";
	blob->n = n;
	if (!n)
		return CP_OK;
	p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return cpi_error_system(err, "map", path);
	blob->bytes = p;
	return CP_OK;
}

/* What a pipe has given so far: an error at the limit, *ret_enough when nobody knows it. */
static enum cp_code look_at_stream(const struct cpi_spool *spool,
	const struct cpi_look *look, bool *ret_enough, struct cp_error *err)
{
	struct cpi_env *env = spool->env;

	if (spool->total > env->limits.stream)
		return cpi_limit_error(err, env->limits.stream, "stream",
			"the stream has more than %llu bytes",
			(unsigned long long)env->limits.stream);
	*ret_enough = look && spool->fd < 0 && spool->n >= LOOK_AT &&
		      !look->worth_it(look->arg, spool->buf, spool->n);
	return cpi_env_progress(env, -1, err);
}

static enum cp_code spool_fd(struct cpi_env *env, int fd, const char *path,
	const struct cpi_look *look, struct cpi_blob *blob, struct cp_error *err)
{
	struct cpi_spool spool;
	enum cp_code code = CP_OK;
	char *step = cpi_alloc(&env->mem, READ_STEP);
	bool looked = false, enough = false;
	ssize_t n;

	if (!step)
		return cpi_error_memory(err);
	cpi_spool_init(&spool, env);
	while (!code && !enough && (n = read(fd, step, READ_STEP)) != 0) {
		if (n > 0)
			code = cpi_spool_add(&spool, step, (size_t)n, err);
		else if (errno != EINTR)
			code = cpi_error_system(err, "read", path);
		if (!code)
			code = look_at_stream(
				&spool, looked ? NULL : look, &enough, err);
		looked = spool.total >= LOOK_AT;
	}
	cpi_free(&env->mem, step, READ_STEP);
	if (!code)
		return cpi_spool_finish(&spool, blob, err);
	cpi_spool_release(&spool);
	return code;
}

/* Reads n bytes, or what there is on file systems that do not know their sizes. */
static enum cp_code read_regular(struct cpi_env *env, int fd, size_t n, const char *path,
	struct cpi_blob *blob, struct cp_error *err)
{
	struct cpi_spool spool;
	char *step = cpi_alloc(&env->mem, READ_STEP);
	enum cp_code code = step ? CP_OK : cpi_error_memory(err);
	struct stat st;

	cpi_spool_init(&spool, env);
	if (!code && n <= SPOOL_MEMORY) {
		spool.buf = cpi_alloc(&env->mem, n);
		spool.room = spool.buf ? n : 0;
		code = spool.buf ? CP_OK : cpi_error_memory(err);
	}
	while (!code && spool.total < n) {
		size_t left = n - spool.total;
		ssize_t got = pread(fd, step, left < READ_STEP ? left : READ_STEP,
			(off_t)spool.total);

		if (got > 0)
			code = cpi_spool_add(&spool, step, (size_t)got, err);
		else if (!got)
			break;
		else if (errno != EINTR)
			code = cpi_error_system(err, "read", path);
	}
	cpi_free(&env->mem, step, READ_STEP);
	if (!code && spool.total < n && !fstat(fd, &st) && (size_t)st.st_size < n)
		code = cpi_guard_shrank(&env->guard, path, err);
	if (!code)
		return cpi_spool_finish(&spool, blob, err);
	cpi_spool_release(&spool);
	return code;
}

static enum cp_code map_or_read(struct cpi_env *env, int fd, size_t n, const char *path,
	struct cpi_blob *blob, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	if (!env->guard.on || !n)
		return read_regular(env, fd, n, path, blob, err);
	errno = 0;
	code = map(fd, n, path, blob, err);
	if (code)
		/* /sys/kernel/notes and its like can be read only. */
		return errno == ENODEV ? read_regular(env, fd, n, path, blob, err) : code;
	blob->guard = cpi_guard_add(&env->guard, blob->bytes, n, fd, path);
	if (blob->guard)
		return CP_OK;
	cpi_blob_release(env, blob);
	return cpi_error_memory(err);
}

enum cp_code cpi_file_read_fd(struct cpi_env *env, int fd, const char *path,
	struct cpi_blob *ret_blob, struct cp_error *err)
{
	struct cpi_blob blob = {0};
	enum cp_code code;
	struct stat st;

	if (fstat(fd, &st))
		return cpi_error_system(err, "read", path);
	code = map_or_read(env, fd, (size_t)st.st_size, path, &blob, err);
	blob.mtime = st.st_mtime;
	if (!code)
		*ret_blob = blob;
	return code;
}

enum cp_code cpi_file_read(struct cpi_env *env, const char *path,
	struct cpi_blob *ret_blob, struct cp_error *err)
{
	return cpi_file_read_looking(env, path, NULL, ret_blob, err);
}

enum cp_code cpi_file_read_looking(struct cpi_env *env, const char *path,
	const struct cpi_look *look, struct cpi_blob *ret_blob, struct cp_error *err)
{
	bool standard = !strcmp(path, "-");
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct cpi_blob blob = {0};
	enum cp_code code;
	struct stat st;

	if (fd < 0)
		return cpi_error_system(err, "open", path);
	if (fstat(fd, &st))
		code = cpi_error_system(err, "read", path);
	else if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		code = cpi_error_system(err, "read", path);
	} else if (S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0 && st.st_size > 0)
		code = cpi_file_read_fd(env, fd, path, &blob, err);
	else /* files of /proc say size 0 and still have bytes */
		code = spool_fd(env, fd, standard ? "standard input" : path, look, &blob,
			err);
	if (!code && S_ISREG(st.st_mode))
		blob.mtime = st.st_mtime;
	if (!standard)
		close(fd);
	if (!code)
		*ret_blob = blob;
	return code;
}

void cpi_spool_init(struct cpi_spool *spool, struct cpi_env *env)
{
	*spool = (struct cpi_spool){.env = env, .fd = -1};
}

void cpi_spool_release(struct cpi_spool *spool)
{
	cpi_free(&spool->env->mem, spool->buf, spool->room);
	if (spool->fd >= 0)
		close(spool->fd);
	cpi_spool_init(spool, spool->env);
}

static int unnamed_file(void)
{
	const char *dir = getenv("TMPDIR");
	char path[512];
	int fd;

	if (!dir || !*dir)
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	/* Not every file system has O_TMPFILE. */
	if ((size_t)snprintf(path, sizeof path, "%s/cp-XXXXXX", dir) >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

/* The context tells "no room here" from "the input cannot be read". */
static enum cp_code temporary_failed(struct cp_error *err, const char *what)
{
	const char *dir = getenv("TMPDIR");
	enum cp_code code = cpi_error_system(err, what, dir && *dir ? dir : "/tmp");

	cpi_error_context(err, CPI_SPOOLING);
	return code;
}

static enum cp_code spill(
	struct cpi_spool *spool, const void *bytes, size_t n, struct cp_error *err)
{
	const char *p = bytes;

	while (n) {
		ssize_t done = write(spool->fd, p, n);

		if (done < 0 && errno != EINTR)
			return temporary_failed(err, "write");
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return CP_OK;
}

enum cp_code cpi_spool_add(
	struct cpi_spool *spool, const void *bytes, size_t n, struct cp_error *err)
{
	struct cpi_mem *mem = &spool->env->mem;
	enum cp_code code;

	spool->total += n;
	if (spool->fd >= 0)
		return spill(spool, bytes, n, err);
	if (spool->n + n > SPOOL_MEMORY) {
		spool->fd = unnamed_file();
		if (spool->fd < 0)
			return temporary_failed(err, "create");
		code = spill(spool, spool->buf, spool->n, err);
		cpi_free(mem, spool->buf, spool->room);
		spool->buf = NULL;
		spool->n = spool->room = 0;
		return code ? code : spill(spool, bytes, n, err);
	}
	if (spool->room - spool->n < n) {
		size_t room =
			spool->room * 2 < spool->n + n ? spool->n + n : spool->room * 2;
		uint8_t *p = cpi_resize(mem, spool->buf, spool->room, room);

		if (!p)
			return cpi_error_memory(err);
		spool->buf = p;
		spool->room = room;
	}
	if (n)
		memcpy(spool->buf + spool->n, bytes, n);
	spool->n += n;
	return CP_OK;
}

enum cp_code cpi_spool_finish(
	struct cpi_spool *spool, struct cpi_blob *ret_blob, struct cp_error *err)
{
	struct cpi_blob blob = {0};
	enum cp_code code = CP_OK;

	if (spool->fd >= 0) {
		code = map(
			spool->fd, (size_t)spool->total, "a temporary file", &blob, err);
	} else {
		blob.kind = CPI_BLOB_HEAP;
		blob.bytes = spool->buf ? spool->buf : (const uint8_t *)"";
		blob.n = spool->n;
		blob.room = spool->room;
		if (!spool->buf)
			blob.kind = CPI_BLOB_BORROWED;
		spool->buf = NULL;
		spool->room = 0;
	}
	cpi_spool_release(spool);
	if (!code)
		*ret_blob = blob;
	return code;
}
