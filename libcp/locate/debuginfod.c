/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads by elfutils' library, which is opened when they are asked for. */
#include "locate/debuginfod.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/library.h"

/* The interface of elfutils since 0.180 (2020); <elfutils/debuginfod.h> there. */
#define LIBRARY "libdebuginfod.so.1"

typedef struct debuginfod_client client_t;
typedef int find_fn(client_t *client, const unsigned char *id, int id_n, char **path);
typedef int progress_fn(client_t *client, long done, long total);

/*
 * A server that sends without end must not fill the disk; the largest debug files known,
 * of web browsers, have 3 GB. DEBUGINFOD_MAXSIZE sets a lower limit.
 */
static const long most_bytes = sizeof(long) > 4 ? (long)(8ULL << 30) : LONG_MAX;

/* Questions in a row that no server answered before none is asked any more. */
enum { MOST_FAILURES = 3 };

struct cpi_debuginfod {
	struct cpi_env *env;
	client_t *(*begin)(void);
	void (*end)(client_t *client);
	find_fn *find[2]; /* by enum cpi_debuginfod_kind */
	void (*set_progress)(client_t *client, progress_fn *fn);
	const char *(*get_url)(client_t *client);
	/*
	 * One question at a time: a handle is for one thread, and keeps its
	 * connections.
	 */
	pthread_mutex_t lock;
	client_t *client;
	unsigned failures;
	bool too_large, gave_up;
};

/* The callback has no argument of ours; it runs on the thread that asks. */
static _Thread_local struct cpi_debuginfod *asking;

static int progress(client_t *client, long done, long total)
{
	struct cpi_debuginfod *d = asking;

	(void)client;
	d->too_large = done > most_bytes || total > most_bytes;
	return d->too_large ||
	       cpi_env_progress(
		       d->env, total > 0 ? (double)done / (double)total : -1, NULL);
}

static bool load(struct cpi_debuginfod *d)
{
	const struct cpi_library_function functions[] = {
		{"debuginfod_begin", &d->begin},
		{"debuginfod_end", &d->end},
		{"debuginfod_find_executable", &d->find[CPI_DEBUGINFOD_EXECUTABLE]},
		{"debuginfod_find_debuginfo", &d->find[CPI_DEBUGINFOD_DEBUGINFO]},
		{"debuginfod_set_progressfn", &d->set_progress},
		{"debuginfod_get_url", &d->get_url},
	};

	/*
	 * It stays loaded: the HTTP and TLS libraries behind it do not survive a
	 * dlclose.
	 */
	return cpi_library_open(LIBRARY, functions, sizeof functions / sizeof *functions);
}

enum cp_code cpi_debuginfod_new(
	struct cpi_env *env, struct cpi_debuginfod **ret_client, struct cp_error *err)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct cpi_debuginfod *d;
	enum cp_code code = CP_OK;

	if (!urls || !urls[strspn(urls, " \t")])
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"debuginfod: DEBUGINFOD_URLS names no server to download from");
	d = cpi_alloc_zero(&env->mem, sizeof *d);
	if (!d)
		return cpi_error_memory(err);
	d->env = env;
	pthread_mutex_init(&d->lock, NULL);
	if (!load(d))
		code = cpi_error(err, CP_ERROR_SYSTEM, CP_NO_OFFSET,
			"debuginfod: the library for downloads, " LIBRARY
			", is not installed, or older than elfutils 0.180");
	else if (!(d->client = d->begin()))
		code = cpi_error_memory(err);
	if (code) {
		cpi_debuginfod_free(d);
		return code;
	}
	d->set_progress(d->client, progress);
	*ret_client = d;
	return CP_OK;
}

void cpi_debuginfod_free(struct cpi_debuginfod *d)
{
	if (!d)
		return;
	if (d->client)
		d->end(d->client);
	pthread_mutex_destroy(&d->lock);
	cpi_free(&d->env->mem, d, sizeof *d);
}

/* `why` is an errno; "not found" is an answer like any other. */
static void count_failure(struct cpi_debuginfod *d, int why, const char *id)
{
	if (why == ENOENT) {
		d->failures = 0;
		return;
	}
	d->failures++;
	d->gave_up = why == ETIMEDOUT || why == ETIME || d->failures == MOST_FAILURES;
	cpi_diag_note(&d->env->diag, "debuginfod", NULL, "debuginfod: build id %s: %s%s",
		id, d->too_large ? "the file is too large" : strerror(why),
		d->gave_up ? "; no server is asked any more" : "");
}

static bool ask(struct cpi_debuginfod *d, enum cpi_debuginfod_kind kind, const char *id,
	char *path, size_t path_size, char *url, size_t url_size)
{
	char *where = NULL;
	const char *from;
	bool fits;
	int fd;

	asking = d;
	d->too_large = false;
	/* A length of 0 says that the id is in hexadecimal. */
	fd = d->find[kind](d->client, (const unsigned char *)id, 0, &where);
	asking = NULL;
	if (fd < 0) {
		count_failure(d, -fd, id);
		return false;
	}
	d->failures = 0;
	close(fd);
	from = d->get_url(d->client);
	snprintf(url, url_size, "%s", from ? from : "");
	fits = where && (size_t)snprintf(path, path_size, "%s", where) < path_size;
	free(where);
	return fits;
}

bool cpi_debuginfod_find(struct cpi_debuginfod *d, enum cpi_debuginfod_kind kind,
	const char *id, char *path, size_t path_size, char *url, size_t url_size)
{
	bool found;

	pthread_mutex_lock(&d->lock);
	found = !d->gave_up && ask(d, kind, id, path, path_size, url, url_size);
	pthread_mutex_unlock(&d->lock);
	return found;
}
