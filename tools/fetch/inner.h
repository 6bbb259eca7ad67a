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
	FETCH_STOP_WHOLE, /* all bytes that were announced are there */
	FETCH_STOP_ENOUGH /* of an answer that is no capture */
};

/* What one answer says of itself. */
struct fetch_answer {
	int status;
	char server[64], type[80], encoding[40], range[48];
	char authenticate[80]; /* the schemes asked for: "Negotiate, Basic" */
	char to[2048];         /* Location, as it came */
	char *location;        /* where that sends us, absolute; or NULL */
	bool go_pprof, nosniff, chunked;
	char length_text[40]; /* Content-Length, as it came; "": none */
	bool length_known;    /* and it is a number that counts: */
	uint64_t length;
	bool headed; /* the headers are over */
	size_t header_bytes;
	char head[FETCH_HEAD + 1]; /* of the body, without its Content-Encoding */
	size_t n_head;
	uint64_t body; /* bytes that came, kept or not */
	int window;    /* zlib's, when that has a Content-Encoding; 0: none */
};

struct fetch {
	CURLM *multi;
	CURL *aside; /* an exchange that is no capture; or NULL */
	CURLcode aside_code;
	bool aside_done;
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
/* Whether the answer's body is what is wanted; of others only the start is looked at. */
bool fetch_status_is_kept(int status);
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

/*
 * loop.c: runs an exchange that is no capture beside the captures, for at most
 * `milliseconds`. CURLE_ABORTED_BY_CALLBACK: `capture` was cancelled.
 */
CURLcode fetch_aside(const struct fetch_capture *capture, CURL *easy, long milliseconds);

/* redirect.c */

/* Where the answer's Location leads; the caller frees it; NULL: nowhere. */
char *fetch_redirect_target(const struct fetch_capture *capture);
/* Whether that is followed; then the capture is ready for it. */
bool fetch_redirect_follow(struct fetch_capture *capture);

/* coding.c: a Content-Encoding, which nobody asked for. */

/* Takes it off what diagnoses look at. */
void fetch_coding_head(struct fetch_answer *answer);
/*
 * Takes it off the file of a whole answer, unless a bare protobuf would remain: pprof's
 * files are compressed once. False when that fails; the file is as it came then.
 */
bool fetch_coding_remove(struct fetch_capture *capture);
/* Of an answer that is in gzip and no profile: the head becomes what lies inside. */
bool fetch_coding_look_inside(struct fetch_answer *answer);
/* It is one that is not known here: brotli. */
bool fetch_coding_is_foreign(const struct fetch_answer *answer);

/* diagnose_tls.c: true when the failure was one of TLS, and is said. */
bool fetch_diagnose_tls(struct fetch_capture *capture, CURLcode code);

/* diagnose.c: sets result.reason and result.sentence from what came back. */
void fetch_diagnose(struct fetch_capture *capture, CURLcode code);
/* Of an answer with any other status than 200. */
void fetch_diagnose_status(struct fetch_capture *capture);
/* It says that another profiler is running. */
bool fetch_answer_is_busy(const struct fetch_answer *answer);
/* The same for a whole answer with status 200, from its first bytes; true: no profile. */
bool fetch_diagnose_page(struct fetch_capture *capture);
void fetch_say(struct fetch_capture *capture, enum fetch_reason reason,
	const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What store.error means, and what to do. */
void fetch_say_storage(struct fetch_capture *capture);
/* Seconds that were asked for, or are the server's own; 0: unknown. */
double fetch_asked(const struct fetch_capture *capture);
/*
 * "--seconds 50, or " for a limit near 60 s: a length that is surely below it; "" when
 * that is no shorter than what was asked.
 */
char *fetch_advise_shorter(
	const struct fetch_capture *capture, char *buf, size_t size, double seconds);
/* The same for a limit that is only known to be below what was asked. */
char *fetch_advise_far_shorter(
	const struct fetch_capture *capture, char *buf, size_t size);
/*
 * The first line of the body that helps, as it may be shown: of a page its title, of JSON
 * its message; without secrets.
 */
char *fetch_quote(const struct fetch_capture *capture, char *buf, size_t size);

#endif
