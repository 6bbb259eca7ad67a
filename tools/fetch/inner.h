/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_INNER_H
#define FETCH_INNER_H

/* What the files of this folder know of each other; nothing for others. */

#include <netinet/in.h>
#include <stdatomic.h>

#include <curl/curl.h>

#include "fetch/fetch.h"
#include "fetch/secrets.h"
#include "fetch/store.h"
#include "fetch/target.h"

enum {
	FETCH_HEAD = 4096,             /* bytes of a body that diagnoses look at */
	FETCH_MAX_HEADERS = 64 * 1024, /* bytes of all headers */
	FETCH_MAX_REDIRECTS = 5,
	FETCH_CONNECT_MS = 5000
};

/* Why we ended an exchange ourselves. */
enum fetch_stop {
	FETCH_STOP_NONE,
	FETCH_STOP_CANCEL,
	FETCH_STOP_TIME,
	FETCH_STOP_SIZE,
	FETCH_STOP_STORAGE,
	FETCH_STOP_HEADERS,
	FETCH_STOP_NOT_HTTP,
	FETCH_STOP_ENOUGH /* of an answer that is no capture */
};

/* What one answer says of itself. */
struct fetch_answer {
	int status;
	char server[64], type[80], authenticate[80], encoding[40];
	char *location; /* where it sends us, absolute; or NULL */
	bool go_pprof, nosniff;
	size_t header_bytes;
	char head[FETCH_HEAD + 1]; /* of the body */
	size_t n_head;
	uint64_t body; /* bytes that came, kept or not */
};

struct fetch {
	CURLM *multi;
	struct fetch_settings settings;
	struct fetch_secrets secrets;
	struct curl_slist *headers, *bare; /* with the user's, and without */
	int wake;                          /* eventfd */
	struct fetch_capture **v;
	size_t n, running;
	atomic_bool cancel;
};

struct fetch_capture {
	struct fetch *fetch;
	struct fetch_target target;
	struct fetch_secrets secrets;
	struct fetch_store store;
	struct fetch_result result;
	struct fetch_answer answer;
	fetch_progress_fn *progress;
	void *arg;
	CURL *easy;
	char error[CURL_ERROR_SIZE];
	char *url;      /* asked now: the target's, or where it sent us */
	bool elsewhere; /* that is another host: no credentials */
	int redirects;
	enum fetch_stop stop;
	enum fetch_state state;
	int64_t sent, deadline; /* monotonic nanoseconds; 0: not yet */
	int64_t retry, wait_until;
	struct sockaddr_storage address; /* the last one tried */
	atomic_bool cancel;
};

int64_t fetch_now(void);
/* Seconds as people say them: "60 s", "2.5 s". */
char *fetch_say_seconds(char *buf, size_t size, double seconds);
/* "123 bytes", "1.2 MB" */
char *fetch_say_size(char *buf, size_t size, uint64_t bytes);

/* settings.c: the loop's headers and secrets. False and a sentence when one is no good.
 */
bool fetch_settings_take(struct fetch *fetch, char *message, size_t size);

/* exchange.c: one request and its answer. */

/* Everything but the callbacks, for `url`. False when memory ends. */
bool fetch_exchange_set(const struct fetch_capture *capture, CURL *easy, const char *url);
/* A handle that is ready to be added to the loop. */
bool fetch_exchange_start(struct fetch_capture *capture);

/* diagnose.c: sets result.reason and result.sentence from what came back. */
void fetch_diagnose(struct fetch_capture *capture, CURLcode code);
/* Of an answer with any other status than 200. */
void fetch_diagnose_status(struct fetch_capture *capture);
/* The same for a whole answer with status 200, from its first bytes; true: no profile. */
bool fetch_diagnose_page(struct fetch_capture *capture);
void fetch_say(struct fetch_capture *capture, enum fetch_reason reason,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Seconds that were asked for, or are the server's own; 0: unknown. */
double fetch_asked(const struct fetch_capture *capture);
/*
 * "--seconds 50, or " for a limit near 60 s: a length that is surely below it; "" when
 * that is no shorter than what was asked.
 */
char *fetch_advise_shorter(
	const struct fetch_capture *capture, char *buf, size_t size, double seconds);
/*
 * The first line of the body that helps, as it may be shown: of a page its title, of JSON
 * its message; without secrets.
 */
char *fetch_quote(const struct fetch_capture *capture, char *buf, size_t size);

#endif
