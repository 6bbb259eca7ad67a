/* SPDX-License-Identifier: Apache-2.0 */
/* One computation for each view, on a few threads, kept for whoever asks again. */
#include "cpweb/views.h"

#include <errno.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <malloc.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpweb/page.h"
#include "cpweb/web.h"

/* Bodies of views that nobody looks at right now are kept up to here. */
static const size_t most_bytes = 64 << 20;
enum { MOST_VIEWS = 2000, WORTH_GZIP = 512, MOST_FREE = 64 << 20 };

void *gzip_bytes(const void *bytes, size_t n, size_t *ret_n)
{
	/* Level 6 for what fits in a few packets; large data is worth less time. */
	struct libdeflate_compressor *c =
		libdeflate_alloc_compressor(n < 1 << 20 ? 6 : 2);
	size_t room = c ? libdeflate_gzip_compress_bound(c, n) : 0;
	void *out = c ? malloc(room) : NULL;
	void *fit;

	*ret_n = out ? libdeflate_gzip_compress(c, bytes, n, out, room) : 0;
	libdeflate_free_compressor(c);
	if (!*ret_n) {
		free(out);
		return NULL;
	}
	fit = realloc(out, *ret_n);
	return fit ? fit : out;
}

void *gunzip_bytes(const void *bytes, size_t n, size_t plain)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	void *out = d ? malloc(plain ? plain : 1) : NULL;
	bool ok = out && libdeflate_gzip_decompress(d, bytes, n, out, plain, NULL) ==
				 LIBDEFLATE_SUCCESS;

	libdeflate_free_decompressor(d);
	if (ok)
		return out;
	free(out);
	return NULL;
}

static void view_free(struct view *view)
{
	request_release(&view->request);
	free(view->key);
	if (view->response)
		MHD_destroy_response(view->response);
	free(view->save_as);
	free(view->bytes);
	free(view);
}

/* The cache ----------------------------------------------------------------------------
 */

static struct view **find_place(struct views *views, const char *key)
{
	struct view **at = &views->all;

	while (*at && strcmp((*at)->key, key))
		at = &(*at)->next;
	return at;
}

static void unlink_view(struct views *views, struct view **at)
{
	struct view *view = *at;

	*at = view->next;
	views->bytes -= view->n;
	view->dropped = true;
	if (!view->users)
		view_free(view);
}

/* Lets go of what was not used for longest until the rest fits. */
static void sweep(struct views *views)
{
	for (;;) {
		struct view **last = NULL;
		size_t n = 0;

		for (struct view **at = &views->all; *at; at = &(*at)->next, n++)
			if (!(*at)->users && (*at)->state == VIEW_DONE)
				last = at;
		if (!last || (views->bytes <= most_bytes && n <= MOST_VIEWS))
			return;
		unlink_view(views, last);
	}
}

static struct view *view_new(struct views *views, const char *key,
	struct request *request, const unsigned char client[16])
{
	struct view *view = calloc(1, sizeof *view);

	if (!view)
		return NULL;
	view->key = strdup(key);
	if (!view->key) {
		free(view);
		return NULL;
	}
	view->request = *request;
	request->text = NULL;
	request->location = (struct buf){0};
	memcpy(view->client, client, sizeof view->client);
	view->users = 1;
	view->next = views->all;
	views->all = view;
	*views->queue_end = view;
	views->queue_end = &view->after;
	views->queued++;
	return view;
}

struct view *views_find(struct views *views, const char *key, struct request *request,
	const unsigned char client[16])
{
	struct view **at, *view;

	pthread_mutex_lock(&views->lock);
	at = find_place(views, key);
	view = *at;
	if (view) {
		*at = view->next;
		view->next = views->all;
		views->all = view;
		view->users++;
	} else if (views->queued < VIEWS_QUEUE && !views->ending) {
		view = view_new(views, key, request, client);
		/* The one that is kept for it has one more user: the queue. */
		if (view) {
			view->users++;
			pthread_cond_signal(&views->work);
		}
	}
	pthread_mutex_unlock(&views->lock);
	return view;
}

bool views_wait(struct views *views, struct view *view, struct MHD_Connection *connection)
{
	struct waiter *waiter;
	bool done;

	pthread_mutex_lock(&views->lock);
	done = view->state == VIEW_DONE;
	waiter = done ? NULL : malloc(sizeof *waiter);
	if (waiter) {
		*waiter = (struct waiter){view->waiters, connection};
		view->waiters = waiter;
		MHD_suspend_connection(connection);
	}
	pthread_mutex_unlock(&views->lock);
	return done || !waiter;
}

static void leave(struct views *views, struct view *view)
{
	if (!--view->users && view->dropped)
		view_free(view);
	else if (!view->users && view->state == VIEW_DONE && view->transient)
		unlink_view(views, find_place(views, view->key));
}

void views_leave(struct views *views, struct view *view)
{
	pthread_mutex_lock(&views->lock);
	leave(views, view);
	sweep(views);
	pthread_mutex_unlock(&views->lock);
}

/* The threads --------------------------------------------------------------------------
 */

static bool runs_something(const struct views *views, const unsigned char client[16])
{
	for (const struct view *v = views->all; v; v = v->next)
		if (v->state == VIEW_RUNNING && !memcmp(v->client, client, 16))
			return true;
	return false;
}

/* The first job of someone for whom nothing runs yet, else the first of all. */
static struct view *take_job(struct views *views)
{
	struct view **at = &views->queue, *view;

	while (*at && runs_something(views, (*at)->client))
		at = &(*at)->after;
	if (!*at)
		at = &views->queue;
	view = *at;
	*at = view->after;
	if (views->queue_end == &view->after)
		views->queue_end = at;
	views->queued--;
	return view;
}

/* By content, so that equal bytes have equal tags on any copy of the same files. */
static void make_tag(struct view *view, const struct buf *body)
{
	snprintf(view->etag, sizeof view->etag, "\"%08" PRIx32 "%08" PRIx32 "-%zx\"",
		libdeflate_crc32(0, body->p, body->n),
		libdeflate_adler32(1, body->p, body->n), body->n);
}

static void pack(struct view *view, struct answer_body *answer)
{
	struct buf *body = &answer->body;

	if (body->failed) {
		buf_release(body);
		view->status = 503;
		view->type = "text/plain; charset=utf-8";
		view->transient = true;
		buf_str(body, "out of memory\n");
	}
	make_tag(view, body);
	view->plain = body->n;
	if (body->n >= WORTH_GZIP)
		view->bytes = gzip_bytes(body->p, body->n, &view->n);
	if (!view->bytes || view->n >= view->plain) {
		free(view->bytes);
		view->bytes = body->p;
		view->n = body->n;
		*body = (struct buf){0};
	}
	buf_release(body);
}

static void run(struct views *views, struct view *view)
{
	struct answer_body answer = {.status = 200, .type = "text/html; charset=utf-8"};

	page_function(view->request.page)(views->web, &view->request, &answer);
	view->status = answer.status;
	view->type = answer.type;
	view->save_as = answer.save_as;
	view->transient = answer.transient;
	pack(view, &answer);
	/*
	 * What a view took is large and short-lived; up to so much of it is kept for the
	 * next one, which then does not wait for the kernel to clear pages. When nobody
	 * is there any more, the server gives that back, too.
	 */
	if (mallinfo2().fordblks > MOST_FREE)
		malloc_trim(MOST_FREE);
}

static void finish(struct views *views, struct view *view)
{
	view->state = VIEW_DONE;
	views->bytes += view->dropped ? 0 : view->n;
	views->computed++;
	while (view->waiters) {
		struct waiter *waiter = view->waiters;

		view->waiters = waiter->next;
		MHD_resume_connection(waiter->connection);
		free(waiter);
	}
	leave(views, view);
	sweep(views);
}

static void *work(void *arg)
{
	struct views *views = arg;

	pthread_mutex_lock(&views->lock);
	for (;;) {
		struct view *view;

		while (!views->queue && !views->ending)
			pthread_cond_wait(&views->work, &views->lock);
		if (!views->queue)
			break;
		view = take_job(views);
		view->state = VIEW_RUNNING;
		pthread_mutex_unlock(&views->lock);
		run(views, view);
		pthread_mutex_lock(&views->lock);
		finish(views, view);
	}
	pthread_mutex_unlock(&views->lock);
	return NULL;
}

bool views_start(struct views *views, struct web *web)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	*views = (struct views){.web = web, .queue_end = &views->queue};
	pthread_mutex_init(&views->lock, NULL);
	pthread_cond_init(&views->work, NULL);
	n = n < 1 ? 1 : n > 16 ? 16 : n;
	views->thread = calloc((size_t)n, sizeof *views->thread);
	while (views->thread && views->threads < (size_t)n &&
		!pthread_create(&views->thread[views->threads], NULL, work, views))
		views->threads++;
	return views->threads > 0;
}

void views_stop(struct views *views)
{
	pthread_mutex_lock(&views->lock);
	views->ending = true;
	pthread_cond_broadcast(&views->work);
	pthread_mutex_unlock(&views->lock);
	for (size_t i = 0; i < views->threads; i++)
		pthread_join(views->thread[i], NULL);
	free(views->thread);
	views->thread = NULL;
	views->threads = 0;
}

void views_release(struct views *views)
{
	while (views->all)
		unlink_view(views, &views->all);
	pthread_cond_destroy(&views->work);
	pthread_mutex_destroy(&views->lock);
}
