/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

/*
 * Captures of profiles over HTTP, for cpget and cpweb and for no other tool.
 *
 * A struct fetch is one event loop over libcurl's multi interface, and runs any number of
 * captures at once in one thread. From a URL to a file that cpreport opens:
 *
 *	struct fetch_settings settings = {0};
 *	struct fetch_request request = {.url = "localhost:6060"};
 *
 *	fetch = fetch_new(&settings, message, sizeof message);
 *	if (!fetch || !(capture = fetch_start(fetch, &request, message, sizeof message)))
 *		say message;
 *	while (fetch_step(fetch, 1000))
 *		;
 *	fetch_keep(capture, NULL);	(keep.h: parses it, gives it pprof's name)
 *	result = fetch_result(capture);	(reason, sentence, file)
 *	fetch_free(fetch);
 *
 * In a program with an event loop of its own, that `while` runs in a thread made for it:
 * everything here is called from that one thread, progress callbacks come on it, and what
 * they are told is copied under the program's own lock. Two functions may be called from
 * any other thread and from a signal handler: fetch_cancel and fetch_cancel_all. They
 * make fetch_step return within milliseconds.
 *
 * What is written where: the bytes go to a temporary name in the folder where the capture
 * will stay, and are synced and renamed before anything looks at them. A capture that
 * ends early leaves what came as NAME.partial. Names that exist are never replaced, but
 * for the `file` of a request. The folder is opened before the first request is sent.
 *
 * Nothing but the URLs asked is contacted: no proxy unless it is given, no .netrc, no
 * redirect to another host. No credential is in any string handed out here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetch/reason.h"

struct fetch;
struct fetch_capture;

/* What all captures of one loop share. Zero-initialise; strings are borrowed. */
struct fetch_settings {
	const char *const *headers; /* "Name: value" */
	size_t n_headers;
	const char *user, *password; /* both or neither */
	const char *bearer;          /* token */
	const char *proxy;           /* URL; NULL: none, whatever the environment says */
	const char *tls_cert, *tls_key, *tls_ca; /* files; a CA replaces the system's */
	bool insecure;                           /* do not check certificates */
	bool location_trusted; /* follow redirects to other hosts, without credentials */
	uint64_t max_bytes;    /* 0: 1 GiB */
	double timeout;        /* seconds for one exchange; 0: from the length asked */
	double wait;           /* retry a busy profiler for so many seconds; 0: do not */
};

enum fetch_state {
	FETCH_STATE_CONNECTING,
	FETCH_STATE_CAPTURING, /* the request is out, no byte of the body came */
	FETCH_STATE_RECEIVING,
	FETCH_STATE_WAITING, /* for another profiler to end */
	FETCH_STATE_DONE
};

/* How far one capture is. */
struct fetch_progress {
	enum fetch_state state;
	double elapsed;    /* seconds since the request was sent */
	double total;      /* seconds it was asked to take; 0: unknown */
	uint64_t bytes;    /* of the body, so far */
	const char *shown; /* the URL without credentials; lives as long as the loop */
};

/*
 * Called on the loop's thread after each change, and at least once in each interval given
 * to fetch_step.
 */
typedef void fetch_progress_fn(const struct fetch_progress *progress, void *arg);

/* One capture. Zero-initialise; strings are copied. */
struct fetch_request {
	/*
	 * host:port, host/path, http://…, https://…, https+insecure://…,
	 * unix:/path.sock[:/path]; see target.h.
	 */
	const char *url;
	const char *kind; /* "heap": the path's last part; NULL: as the URL says */
	double seconds;   /* 0: as the URL says, else the server's own default */
	/*
	 * Where it goes: `file`, else a name of its own in `dir`, else in pprof's folder:
	 * the first of $PPROF_TMPDIR, ~/pprof and the temporary folder that can be had.
	 */
	const char *file, *dir;
	fetch_progress_fn *progress;
	void *arg;
};

/* What became of a capture. Belongs to the capture. */
struct fetch_result {
	enum fetch_reason reason; /* FETCH_OK: an answer came, whole, with status 200 */
	char sentence[1200];      /* what is wrong and what to do; "" when all is well */
	/*
	 * Where the answer is, unaltered; NULL when nothing came. When `complete` is
	 * false these are the bytes up to where it broke off.
	 */
	char *file;
	bool complete;
	char *named;     /* the same with names from the symbol endpoint; or NULL */
	int status;      /* of HTTP; 0: there was no answer */
	uint64_t bytes;  /* of the body */
	int64_t started; /* nanoseconds since the epoch, UTC */
	double elapsed;  /* seconds from the request to the last byte */
	double asked;    /* seconds asked for; 0: left to the server */
	double got;      /* duration that the profile states; 0: it does not (keep.h) */
	double cpu;      /* seconds of CPU in it, when it is of CPU; else negative */
	char content_type[80];
};

/*
 * Starts no thread and sends nothing. NULL and a sentence when something in the settings
 * is wrong. Ignores SIGPIPE from now on, since TLS libraries write to closed sockets, and
 * SIGXFSZ.
 */
struct fetch *fetch_new(
	const struct fetch_settings *settings, char *message, size_t size);
/* Ends captures that still run (what came stays), and frees everything. NULL is fine. */
void fetch_free(struct fetch *fetch);

/*
 * Opens the place where the answer will stay, and sends the request with the next step.
 * NULL and a sentence when the URL or the place is no good; *ret_reason (may be NULL) is
 * FETCH_USAGE or FETCH_STORAGE then. The capture belongs to the loop.
 */
struct fetch_capture *fetch_start(struct fetch *fetch,
	const struct fetch_request *request, char *message, size_t size,
	enum fetch_reason *ret_reason);

/*
 * Waits for at most `milliseconds` until something happens, and does it. False when no
 * capture is left that runs.
 */
bool fetch_step(struct fetch *fetch, int milliseconds);

/* Stops; what came is kept. From any thread, and from signal handlers. */
void fetch_cancel(struct fetch_capture *capture);
void fetch_cancel_all(struct fetch *fetch);

bool fetch_done(const struct fetch_capture *capture);
const struct fetch_result *fetch_result(const struct fetch_capture *capture);

/* The URL as it may be shown and stored; and "localhost:6060", for people. */
const char *fetch_shown(const struct fetch_capture *capture);
const char *fetch_host(const struct fetch_capture *capture);
/* The last part of the path: "profile", "heap". */
const char *fetch_kind(const struct fetch_capture *capture);

/* Replaces what is secret in `text` by asterisks, in place. */
void fetch_redact(const struct fetch_capture *capture, char *text);

#endif
