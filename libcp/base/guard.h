/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_GUARD_H
#define CPI_GUARD_H

/*
 * Files that are mapped while they are read. A file that shrinks meanwhile turns its last
 * pages into SIGBUS. Signals are the program's, so files are mapped only in a context
 * whose program hands such a fault on to cpi_guard_fault; in others they are read.
 *
 * A fault puts zeros where the file was, and the operation that was reading fails when it
 * asks cpi_guard_check. Rows are added under a lock, never moved and never freed before
 * the guard is, so that the handler can walk them.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <cp/error.h>

struct cpi_guard_row;

struct cpi_guard {
	bool on; /* the program handles SIGBUS */
	pthread_mutex_t lock;
	_Atomic(struct cpi_guard_row *) rows;
	struct cpi_guard_row *unused;
};

void cpi_guard_init(struct cpi_guard *guard, bool on);
void cpi_guard_release(struct cpi_guard *guard);

/* Of the open file `fd`; the path is kept. NULL when out of memory. */
struct cpi_guard_row *cpi_guard_add(
	struct cpi_guard *guard, const void *p, size_t n, int fd, const char *path);
void cpi_guard_remove(struct cpi_guard *guard, struct cpi_guard_row *row);

/* From a signal handler: true when the address was in a file, and can be read now. */
bool cpi_guard_fault(struct cpi_guard *guard, const void *address);
/*
 * CP_ERROR_CHANGED when a file shrank while it was mapped: once, if it is not any more.
 * `input` is the file that the caller names beside the message, or NULL.
 */
enum cp_code cpi_guard_check(
	struct cpi_guard *guard, const char *input, struct cp_error *err);
/* Tells it of a file that shrank while it was read; returns that error. */
enum cp_code cpi_guard_shrank(
	struct cpi_guard *guard, const char *path, struct cp_error *err);

#endif
