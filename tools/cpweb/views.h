/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_VIEWS_H
#define CPW_VIEWS_H

/*
 * Views that were computed, by the parameters that make them. The first request for one
 * queues its job, the others wait for the same; a few threads do the jobs. Bodies are
 * kept compressed, the last used first, up to a limit.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cpweb/request.h"

struct MHD_Connection;
struct MHD_Response;
struct web;

enum { VIEWS_QUEUE = 32 };

/* What a view function makes. */
struct answer_body {
	int status;
	const char *type; /* "text/html; charset=utf-8", constant */
	char *save_as;    /* a file name for downloads; NULL: shown */
	struct buf body;
	bool transient; /* not kept: a failure that may pass */
};

typedef void view_fn(
	struct web *web, const struct request *request, struct answer_body *answer);

enum view_state { VIEW_QUEUED, VIEW_RUNNING, VIEW_DONE };

struct waiter {
	struct waiter *next;
	struct MHD_Connection *connection;
};

struct view {
	struct view *next;  /* all of them, last used first */
	struct view *after; /* in the queue */
	char *key;
	struct request request;
	unsigned char client[16];
	enum view_state state;
	unsigned users;
	bool dropped; /* freed with its last user */
	struct waiter *waiters;

	int status;
	const char *type;
	char *save_as;
	bool transient;
	char etag[40];
	void *bytes; /* compressed, as gzip, when `plain` is larger */
	size_t n, plain;
	struct MHD_Response *response; /* with `bytes`, for clients that take gzip */
};

struct views {
	struct web *web;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct view *all;
	struct view *queue, **queue_end;
	unsigned queued;
	size_t bytes;
	pthread_t *thread;
	size_t threads;
	bool ending;
	uint64_t computed; /* views made so far */
};

bool views_start(struct views *views, struct web *web);
/* Waits for the jobs that run; nothing waits any more afterwards. */
void views_stop(struct views *views);
/* After the last connection is gone. */
void views_release(struct views *views);

/*
 * The view of a request whose parameters and files make `key`, which takes over the
 * request when it is new. NULL: the queue is full, or memory is. The caller has a use of
 * it until views_leave.
 */
struct view *views_find(struct views *views, const char *key, struct request *request,
	const unsigned char client[16]);
/*
 * True when the view is there. Else the connection is suspended and resumed when it is;
 * only from the connection's own thread.
 */
bool views_wait(
	struct views *views, struct view *view, struct MHD_Connection *connection);
void views_leave(struct views *views, struct view *view);

/* Compresses for HTTP; NULL when out of memory. */
void *gzip_bytes(const void *bytes, size_t n, size_t *ret_n);
/* The reverse, for clients that take no gzip; n bytes come out. */
void *gunzip_bytes(const void *bytes, size_t n, size_t plain);

#endif
