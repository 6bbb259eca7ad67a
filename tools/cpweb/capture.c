/* SPDX-License-Identifier: Apache-2.0 */
/* Taking profiles from services while the pages show how far it is. */
#include "cpweb/capture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cpweb/web.h"
#include "fetch/keep.h"

static void on_progress(const struct fetch_progress *progress, void *arg)
{
	struct capture_one *one = arg;

	pthread_mutex_lock(&one->of->lock);
	one->progress = *progress;
	pthread_mutex_unlock(&one->of->lock);
}

/* Takes one result over: its file becomes an input, or its sentence is said. */
static bool take(struct capture *capture, struct capture_one *one)
{
	const struct cp_context_options context = {.size = sizeof context,
		.threads = (unsigned)capture->web->tool->options.threads,
		.limits.memory = capture->web->tool->options.memory_limit};
	struct fetch_keep_options options = {.context = &context,
		.symbolize = capture->web->symbolize,
		.no_symbols = !capture->web->use_symbols};
	const struct fetch_result *result;
	bool ok;

	fetch_keep(one->capture, &options);
	result = fetch_result(one->capture);
	ok = result->reason <= FETCH_NO_SYMBOLS && result->file;
	if (*result->sentence && ok)
		ui_warn(&capture->web->tool->ui, one->shown, "%s", result->sentence);
	else if (*result->sentence)
		ui_error(&capture->web->tool->ui, one->shown, "%s [%s]", result->sentence,
			fetch_reason_code(result->reason));
	if (ok) {
		ui_note(&capture->web->tool->ui, one->shown, "saved as %s", result->file);
		ok = inputs_add(&capture->web->inputs,
			result->named ? result->named : result->file);
	}
	if (!ok) {
		pthread_mutex_lock(&capture->lock);
		snprintf(capture->said, sizeof capture->said, "%s: %s", one->shown,
			result->sentence);
		pthread_mutex_unlock(&capture->lock);
	}
	return ok;
}

static void *run(void *arg)
{
	struct capture *capture = arg;
	uint64_t one = 1;
	size_t good = 0;

	while (fetch_step(capture->fetch, 1000))
		;
	for (size_t i = 0; i < capture->n; i++)
		good += take(capture, &capture->one[i]);
	pthread_mutex_lock(&capture->lock);
	capture->done = true;
	capture->failed = !good;
	pthread_mutex_unlock(&capture->lock);
	if (write(capture->wake, &one, sizeof one) < 0)
		return NULL; /* nobody waits */
	return NULL;
}

static bool start_one(struct capture *capture, const char *url, const char *kind,
	double seconds, char *message, size_t size, enum fetch_reason *ret_reason)
{
	struct capture_one *one = &capture->one[capture->n];
	struct fetch_request request = {.url = url,
		.kind = kind,
		.seconds = seconds,
		.progress = on_progress,
		.arg = one};

	one->of = capture;
	one->capture = fetch_start(capture->fetch, &request, message, size, ret_reason);
	if (!one->capture)
		return false;
	snprintf(one->shown, sizeof one->shown, "%s", fetch_shown(one->capture));
	capture->n++;
	return true;
}

int capture_start(struct capture *capture, struct web *web, const struct opt_list *urls,
	const struct fetch_settings *settings, const char *kind, double seconds)
{
	enum fetch_reason reason = FETCH_USAGE;
	char message[1200];

	pthread_mutex_init(&capture->lock, NULL);
	capture->web = web;
	capture->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	capture->fetch = fetch_new(settings, message, sizeof message);
	if (!capture->fetch)
		return tool_usage(web->tool, "%s", message);
	if (urls->n > CAPTURE_MOST)
		return tool_usage(web->tool, "at most %d URLs at once", CAPTURE_MOST);
	for (size_t i = 0; i < urls->n; i++)
		if (!start_one(capture, urls->v[i], kind, seconds, message,
			    sizeof message, &reason)) {
			ui_error(&web->tool->ui, NULL, "%s", message);
			return reason == FETCH_USAGE ? TOOL_USAGE : TOOL_SYSTEM;
		}
	capture->started = !pthread_create(&capture->thread, NULL, run, capture);
	if (capture->started)
		return TOOL_GO;
	ui_error(&web->tool->ui, NULL, "cannot start a thread");
	return TOOL_SYSTEM;
}

void capture_stop(struct capture *capture)
{
	if (capture->fetch && !capture->done)
		fetch_cancel_all(capture->fetch);
}

void capture_release(struct capture *capture)
{
	if (!capture->web)
		return;
	capture_stop(capture);
	if (capture->started)
		pthread_join(capture->thread, NULL);
	fetch_free(capture->fetch);
	if (capture->wake >= 0)
		close(capture->wake);
	pthread_mutex_destroy(&capture->lock);
	capture->web = NULL;
}

bool capture_waits(struct capture *capture)
{
	bool waits;

	if (!capture->web)
		return false;
	pthread_mutex_lock(&capture->lock);
	waits = !capture->done || capture->failed;
	pthread_mutex_unlock(&capture->lock);
	return waits && !inputs_find(&capture->web->inputs, NULL);
}

static const char *state_words(const struct fetch_progress *progress)
{
	switch (progress->state) {
	case FETCH_STATE_CONNECTING:
		return "connecting";
	case FETCH_STATE_WAITING:
		return "waiting for another capture to end";
	case FETCH_STATE_RECEIVING:
		return "receiving";
	case FETCH_STATE_DONE:
		return "reading what came";
	default:
		return "capturing";
	}
}

static void add_one(struct buf *json, const struct capture_one *one)
{
	const struct fetch_progress *p = &one->progress;

	buf_str(json, "{");
	buf_member(json, "from", one->shown);
	buf_member(json, "state", state_words(p));
	buf_printf(json, ",\"elapsed\":%lld,\"total\":%lld,\"bytes\":%llu}",
		(long long)p->elapsed, (long long)p->total, (unsigned long long)p->bytes);
}

void capture_state(struct capture *capture, struct buf *json)
{
	bool ready = !capture_waits(capture);

	buf_printf(json, "{\"ready\":%s", ready ? "true" : "false");
	if (capture->web) {
		pthread_mutex_lock(&capture->lock);
		buf_printf(json, ",\"failed\":%s", capture->failed ? "true" : "false");
		capture->told |= capture->done;
		buf_member(json, "said", capture->failed ? capture->said : "");
		buf_str(json, ",\"captures\":[");
		for (size_t i = 0; i < capture->n; i++) {
			buf_str(json, i ? "," : "");
			add_one(json, &capture->one[i]);
		}
		buf_char(json, ']');
		pthread_mutex_unlock(&capture->lock);
	}
	buf_str(json, "}\n");
}
