/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FILE_H
#define CPI_FILE_H

/*
 * Whole files as contiguous bytes, without anonymous memory in proportion. A stream goes
 * to memory while it is small and to an unnamed temporary file (then mapped) when it is
 * not. A regular file is mapped where a fault in it is no danger (base/guard.h), and read
 * as a stream elsewhere.
 */

#include "base/env.h"

struct cpi_blob {
	const uint8_t *bytes;
	size_t n;
	enum { CPI_BLOB_BORROWED, CPI_BLOB_HEAP, CPI_BLOB_MAPPED } kind;
	size_t room;   /* of the heap block */
	int64_t mtime; /* seconds since the epoch; 0 = not a file */
	struct cpi_guard_row *guard; /* of a mapped file */
};

/* Maps or reads a regular file. Pipes and devices are spooled. `path` "-" is standard
 * input. */
enum cp_code cpi_file_read(struct cpi_env *env, const char *path,
	struct cpi_blob *ret_blob, struct cp_error *err);
/* The same for a regular file that is open; `path` is for errors. */
enum cp_code cpi_file_read_fd(struct cpi_env *env, int fd, const char *path,
	struct cpi_blob *ret_blob, struct cp_error *err);

/*
 * Asked once about the first MiB of a pipe or device: false ends the reading there, and
 * the blob is what was read.
 */
struct cpi_look {
	bool (*worth_it)(void *arg, const uint8_t *bytes, size_t n);
	void *arg;
};
enum cp_code cpi_file_read_looking(struct cpi_env *env, const char *path,
	const struct cpi_look *look, struct cpi_blob *ret_blob, struct cp_error *err);

void cpi_blob_release(struct cpi_env *env, struct cpi_blob *blob);

/* The context of errors that are the temporary file's. */
#define CPI_SPOOLING "temporary file"

/* Bytes that arrive piece by piece. */
struct cpi_spool {
	struct cpi_env *env;
	uint8_t *buf;
	size_t n, room; /* in buf */
	int fd;         /* -1 while everything fits in memory */
	uint64_t total;
};

void cpi_spool_init(struct cpi_spool *spool, struct cpi_env *env);
enum cp_code cpi_spool_add(
	struct cpi_spool *spool, const void *bytes, size_t n, struct cp_error *err);
/* Ends the spool in both cases. */
enum cp_code cpi_spool_finish(
	struct cpi_spool *spool, struct cpi_blob *ret_blob, struct cp_error *err);
void cpi_spool_release(struct cpi_spool *spool);

#endif
