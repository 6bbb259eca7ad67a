/* SPDX-License-Identifier: Apache-2.0 */
/* Mapped files that may shrink: who they are, and what a fault in one of them becomes. */
#include "base/guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

struct cpi_guard_row {
	struct cpi_guard_row *next, *next_unused;
	atomic_uintptr_t from;
	atomic_size_t n; /* 0: not mapped any more */
	atomic_bool shrank;
	dev_t device;
	ino_t inode;
	char path[256]; /* cut where it is longer */
};

void cpi_guard_init(struct cpi_guard *guard, bool on)
{
	memset(guard, 0, sizeof *guard);
	guard->on = on;
	pthread_mutex_init(&guard->lock, NULL);
}

void cpi_guard_release(struct cpi_guard *guard)
{
	struct cpi_guard_row *row = atomic_load(&guard->rows), *next;

	for (; row; row = next) {
		next = row->next;
		free(row);
	}
	pthread_mutex_destroy(&guard->lock);
}

/* Under the lock. */
static struct cpi_guard_row *take_row(struct cpi_guard *guard)
{
	struct cpi_guard_row *row = guard->unused;

	if (row) {
		guard->unused = row->next_unused;
		return row;
	}
	row = calloc(1, sizeof *row);
	if (row) {
		row->next = atomic_load(&guard->rows);
		atomic_store(&guard->rows, row);
	}
	return row;
}

static void give_row(struct cpi_guard *guard, struct cpi_guard_row *row)
{
	row->next_unused = guard->unused;
	guard->unused = row;
}

struct cpi_guard_row *cpi_guard_add(
	struct cpi_guard *guard, const void *p, size_t n, int fd, const char *path)
{
	struct cpi_guard_row *row;
	struct stat st = {0};

	if (fd >= 0)
		(void)fstat(fd, &st);
	pthread_mutex_lock(&guard->lock);
	row = take_row(guard);
	pthread_mutex_unlock(&guard->lock);
	if (row) {
		memset(row->path, 0, sizeof row->path);
		memcpy(row->path, path, strnlen(path, sizeof row->path - 1));
		row->device = st.st_dev;
		row->inode = st.st_ino;
		atomic_store(&row->from, (uintptr_t)p);
		atomic_store(&row->n, n);
	}
	return row;
}

/* What shrinks within its last page raises no fault: that page ends in zeros. */
static bool is_shorter(const struct cpi_guard_row *row)
{
	struct stat st;

	return row->n && !stat(row->path, &st) && st.st_dev == row->device &&
	       st.st_ino == row->inode && (size_t)st.st_size < row->n;
}

void cpi_guard_remove(struct cpi_guard *guard, struct cpi_guard_row *row)
{
	if (!row)
		return;
	pthread_mutex_lock(&guard->lock);
	if (is_shorter(row))
		atomic_store(&row->shrank, true);
	atomic_store(&row->n, 0);
	/* Else it waits until somebody asked. */
	if (!row->shrank)
		give_row(guard, row);
	pthread_mutex_unlock(&guard->lock);
}

bool cpi_guard_fault(struct cpi_guard *guard, const void *address)
{
	uintptr_t page = (uintptr_t)address & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

	for (struct cpi_guard_row *row = atomic_load(&guard->rows); row;
		row = row->next) {
		uintptr_t from = atomic_load(&row->from),
			  end = from + atomic_load(&row->n);

		if ((uintptr_t)address < from || (uintptr_t)address >= end)
			continue;
		/* All behind a file's end has no page either. */
		if (mmap((void *)page, end - page, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			return false;
		atomic_store(&row->shrank, true);
		return true;
	}
	return false;
}

/* `path` NULL: the caller names it. */
static enum cp_code shrank(struct cp_error *err, const char *path)
{
	char name[128] = "";

	if (path)
		cpi_text_printable(name, sizeof name, cpi_text(path));
	return cpi_error(err, CP_ERROR_CHANGED, CP_NO_OFFSET,
		"%s%sthe file shrank while it was read", name, path ? ": " : "");
}

enum cp_code cpi_guard_shrank(
	struct cpi_guard *guard, const char *path, struct cp_error *err)
{
	struct cpi_guard_row *row = cpi_guard_add(guard, NULL, 0, -1, path);

	if (!row)
		return cpi_error_memory(err);
	atomic_store(&row->shrank, true);
	return shrank(err, NULL);
}

enum cp_code cpi_guard_check(
	struct cpi_guard *guard, const char *input, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	pthread_mutex_lock(&guard->lock);
	for (struct cpi_guard_row *row = atomic_load(&guard->rows); row;
		row = row->next) {
		bool named = input && !strcmp(input, row->path);

		if (!row->shrank && !is_shorter(row))
			continue;
		code = shrank(code ? NULL : err, named ? NULL : row->path);
		/* What is still in use goes on to have zeros for an end. */
		if (!row->n) {
			atomic_store(&row->shrank, false);
			give_row(guard, row);
		}
	}
	pthread_mutex_unlock(&guard->lock);
	return code;
}
