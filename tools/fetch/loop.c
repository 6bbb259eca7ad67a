/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c: captures from their start to their end, any number in one thread. */
#include "fetch/inner.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

/* Each so many bytes that came are worth another second of patience. */
enum { BYTES_A_SECOND = 16 * 1024 };

int64_t fetch_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t wall_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static bool refuse(char *message, size_t size, const char *why)
{
	snprintf(message, size, "%s", why);
	return false;
}

struct fetch *fetch_new(const struct fetch_settings *settings, char *message, size_t size)
{
	struct fetch *f = calloc(1, sizeof *f);

	if (!f || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(f);
		refuse(message, size, "out of memory");
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN);
	/* A limit on the size of files is an error of write(), which keeps what came. */
	signal(SIGXFSZ, SIG_IGN);
	f->settings = *settings;
	f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->multi = curl_multi_init();
	if (f->wake < 0 || !f->multi)
		refuse(message, size, "out of memory");
	else if (fetch_settings_take(f, message, size))
		return f;
	fetch_free(f);
	return NULL;
}

static void free_capture(struct fetch_capture *c)
{
	if (c->easy) {
		curl_multi_remove_handle(c->fetch->multi, c->easy);
		curl_easy_cleanup(c->easy);
	}
	fetch_target_release(&c->target);
	fetch_secrets_release(&c->secrets);
	fetch_store_release(&c->store);
	free(c->answer.location);
	free(c->result.file);
	free(c->result.named);
	free(c->url);
	free(c);
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	fetch_cancel_all(f);
	for (size_t i = 0; i < f->n; i++)
		f->v[i]->progress = NULL;
	if (f->running)
		fetch_step(f, 0);
	for (size_t i = 0; i < f->n; i++)
		free_capture(f->v[i]);
	free(f->v);
	curl_multi_cleanup(f->multi);
	curl_slist_free_all(f->headers);
	curl_slist_free_all(f->bare);
	fetch_secrets_release(&f->secrets);
	if (f->wake >= 0)
		close(f->wake);
	free(f);
	curl_global_cleanup();
}

static bool add_to_loop(struct fetch_capture *c)
{
	struct fetch *f = c->fetch;
	struct fetch_capture **v = reallocarray(f->v, f->n + 1, sizeof *v);

	if (!v)
		return false;
	f->v = v;
	if (!fetch_exchange_start(c) || curl_multi_add_handle(f->multi, c->easy))
		return false;
	f->v[f->n++] = c;
	f->running++;
	return true;
}

struct fetch_capture *fetch_start(struct fetch *f, const struct fetch_request *request,
	char *message, size_t size, enum fetch_reason *ret_reason)
{
	struct fetch_capture *c = calloc(1, sizeof *c);
	enum fetch_reason reason = FETCH_SYSTEM;

	if (!c) {
		refuse(message, size, "out of memory");
		goto failed;
	}
	*c = (struct fetch_capture){.fetch = f,
		.store.fd = -1,
		.progress = request->progress,
		.arg = request->arg,
		.result.cpu = -1};
	reason = FETCH_USAGE;
	if (!fetch_target_parse(&c->target, request->url, request->kind, request->seconds,
		    &c->secrets, message, size))
		goto failed;
	reason = FETCH_STORAGE;
	if (!fetch_store_open(&c->store, request->file, request->dir, c->target.host,
		    c->target.kind, message, size))
		goto failed;
	reason = FETCH_SYSTEM;
	c->result.asked = c->target.seconds;
	c->url = strdup(c->target.url);
	if (c->url && add_to_loop(c))
		return c;
	refuse(message, size, "out of memory");
failed:
	if (c)
		free_capture(c);
	if (ret_reason)
		*ret_reason = reason;
	return NULL;
}

static bool again(struct fetch_capture *c)
{
	return fetch_store_rewind(&c->store) && fetch_exchange_start(c) &&
	       !curl_multi_add_handle(c->fetch->multi, c->easy);
}

/* Another profiler runs: whether to ask again in a second, and at last when time is up. */
static bool may_wait(struct fetch_capture *c)
{
	int64_t now = fetch_now();

	if (!(c->fetch->settings.wait > 0))
		return false;
	if (!c->wait_until)
		c->wait_until = now + (int64_t)(fmin(c->fetch->settings.wait, 1e9) * 1e9);
	if (now >= c->wait_until)
		return false;
	c->retry = now + SECOND < c->wait_until ? now + SECOND : c->wait_until;
	c->state = FETCH_STATE_WAITING;
	return true;
}

/* Where what came is, at the end of the sentence that says why it is not whole. */
static void say_kept(struct fetch_capture *c)
{
	struct fetch_result *r = &c->result;
	char size[32];
	size_t n = strlen(r->sentence);

	if (r->reason == FETCH_OK)
		return;
	if (r->file)
		snprintf(r->sentence + n, sizeof r->sentence - n, "; %s %s kept in %s",
			fetch_say_size(size, sizeof size, r->bytes),
			r->bytes == 1 ? "is" : "are", r->file);
	else if (r->reason == FETCH_STOPPED || r->reason == FETCH_CUT)
		snprintf(r->sentence + n, sizeof r->sentence - n, "; nothing had come");
}

/* The end of a capture, well or not. */
static void end(struct fetch_capture *c)
{
	struct fetch_result *r = &c->result;
	int64_t now = fetch_now();
	bool complete = r->reason == FETCH_OK;

	r->bytes = c->store.bytes;
	r->status = c->answer.status;
	r->elapsed = c->sent ? (double)(now - c->sent) / 1e9 : 0;
	r->started = wall_clock() - (c->sent ? now - c->sent : 0);
	snprintf(r->content_type, sizeof r->content_type, "%s", c->answer.type);
	if (!fetch_store_finish(&c->store, complete) && complete)
		fetch_say_storage(c);
	r->complete = complete && r->reason == FETCH_OK;
	r->file = c->store.path ? strdup(c->store.path) : NULL;
	say_kept(c);
	c->state = FETCH_STATE_DONE;
	c->fetch->running--;
}

/* An exchange is over: so is the capture, or another exchange follows. */
static void over(struct fetch_capture *c, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	c->answer.status = (int)status;
	if (c->stop == FETCH_STOP_WHOLE) {
		c->stop = FETCH_STOP_NONE;
		code = CURLE_OK;
	}
	if (*c->answer.to && status >= 300 && status < 400) {
		free(c->answer.location);
		c->answer.location = fetch_redirect_target(c);
	}
	fetch_coding_head(&c->answer);
	fetch_diagnose(c, code);
	curl_multi_remove_handle(c->fetch->multi, c->easy);
	if (c->answer.location && c->stop == FETCH_STOP_NONE &&
		fetch_redirect_follow(c)) {
		if (again(c))
			return;
		fetch_say(c, FETCH_SYSTEM, "out of memory");
	} else if (c->result.reason == FETCH_BUSY && may_wait(c)) {
		return;
	}
	end(c);
}

static void stop(struct fetch_capture *c, enum fetch_stop why)
{
	c->stop = why;
	over(c, CURLE_ABORTED_BY_CALLBACK);
}

static void finished(struct fetch *f)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(f->multi, &left))) {
		struct fetch_capture *c = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		if (message->easy_handle == f->aside) {
			f->aside_code = message->data.result;
			f->aside_done = true;
			continue;
		}
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &c);
		over(c, message->data.result);
	}
}

static bool is_cancelled(const struct fetch_capture *c)
{
	return atomic_load(&c->cancel) || atomic_load(&c->fetch->cancel);
}

/* When this capture needs to be looked at, whatever comes; 0: never. */
static int64_t due(const struct fetch_capture *c)
{
	if (c->state == FETCH_STATE_WAITING)
		return c->retry;
	if (!c->deadline || c->state == FETCH_STATE_DONE)
		return 0;
	/* It ends when it may: more came than was announced. */
	if (c->answer.length_known && c->answer.body > c->answer.length)
		return c->deadline;
	return c->deadline + (int64_t)(c->store.bytes / BYTES_A_SECOND) * SECOND;
}

static void look_after(struct fetch_capture *c, int64_t now)
{
	int64_t at;

	if (c->state == FETCH_STATE_DONE)
		return;
	if (is_cancelled(c)) {
		stop(c, FETCH_STOP_CANCEL);
		return;
	}
	at = due(c);
	if (!at || now < at)
		return;
	if (c->state != FETCH_STATE_WAITING) {
		stop(c, FETCH_STOP_TIME);
	} else if (!again(c)) {
		fetch_say(c, FETCH_SYSTEM, "out of memory");
		end(c);
	}
}

static void tell(const struct fetch_capture *c, int64_t now)
{
	struct fetch_progress p = {.state = c->state,
		.elapsed = c->sent ? (double)(now - c->sent) / 1e9 : 0,
		.total = c->target.seconds > 0 ? c->target.seconds
					       : fetch_target_default(&c->target),
		.bytes = c->store.bytes,
		.shown = c->target.shown};

	if (c->progress)
		c->progress(&p, c->arg);
}

static void work(struct fetch *f)
{
	int running;
	int64_t now;

	curl_multi_perform(f->multi, &running);
	finished(f);
	now = fetch_now();
	for (size_t i = 0; i < f->n; i++)
		look_after(f->v[i], now);
}

/* The next deadline may be nearer than the caller's patience. */
static int patience(const struct fetch *f, int milliseconds)
{
	int64_t now = fetch_now(), left = milliseconds < 0 ? 60000 : milliseconds;

	for (size_t i = 0; i < f->n; i++) {
		int64_t at = due(f->v[i]);

		if (at && (at - now) / 1000000 + 1 < left)
			left = (at - now) / 1000000 + 1;
	}
	return left < 0 ? 0 : (int)left;
}

bool fetch_step(struct fetch *f, int milliseconds)
{
	struct curl_waitfd wake = {.fd = f->wake, .events = CURL_WAIT_POLLIN};
	uint64_t count;
	int64_t now;

	work(f);
	if (f->running || f->aside) {
		curl_multi_poll(f->multi, &wake, 1, patience(f, milliseconds), NULL);
		while (read(f->wake, &count, sizeof count) > 0)
			;
		work(f);
	}
	now = fetch_now();
	for (size_t i = 0; i < f->n; i++)
		tell(f->v[i], now);
	return f->running;
}

CURLcode fetch_aside(const struct fetch_capture *c, CURL *easy, long milliseconds)
{
	struct fetch *f = c->fetch;
	int64_t end = fetch_now() + milliseconds * 1000000, left = 1;

	if (is_cancelled(c))
		return CURLE_ABORTED_BY_CALLBACK;
	if (curl_multi_add_handle(f->multi, easy))
		return CURLE_OUT_OF_MEMORY;
	f->aside = easy;
	f->aside_done = false;
	f->aside_code = CURLE_OPERATION_TIMEDOUT;
	while (!f->aside_done && !is_cancelled(c) && left > 0) {
		left = (end - fetch_now()) / 1000000;
		fetch_step(f, left < 0 ? 0 : left < 1000 ? (int)left : 1000);
	}
	curl_multi_remove_handle(f->multi, easy);
	f->aside = NULL;
	return !f->aside_done && is_cancelled(c) ? CURLE_ABORTED_BY_CALLBACK
						 : f->aside_code;
}

static void wake(const struct fetch *f)
{
	int saved = errno;
	uint64_t one = 1;

	if (write(f->wake, &one, sizeof one) < 0) {
		/* The counter is full: it is awake. */
	}
	errno = saved;
}

void fetch_cancel(struct fetch_capture *c)
{
	atomic_store(&c->cancel, true);
	wake(c->fetch);
}

void fetch_cancel_all(struct fetch *f)
{
	atomic_store(&f->cancel, true);
	wake(f);
}

bool fetch_done(const struct fetch_capture *c)
{
	return c->state == FETCH_STATE_DONE;
}

const struct fetch_result *fetch_result(const struct fetch_capture *c)
{
	return &c->result;
}

const char *fetch_shown(const struct fetch_capture *c)
{
	return c->target.shown;
}

const char *fetch_host(const struct fetch_capture *c)
{
	return c->target.host;
}

const char *fetch_kind(const struct fetch_capture *c)
{
	return c->target.kind;
}

void fetch_redact(const struct fetch_capture *c, char *text)
{
	fetch_secrets_hide(&c->secrets, text, strlen(text));
	fetch_secrets_hide(&c->fetch->secrets, text, strlen(text));
}
