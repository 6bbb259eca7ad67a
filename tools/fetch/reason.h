/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETCH_REASON_H
#define FETCH_REASON_H

/*
 * Why a capture did not come, or is less than it could be. The codes are stable: scripts
 * read them in --json, and cpget(1) lists them. Each row is the code and what it means.
 */

#include <stddef.h>

#define FETCH_REASONS(ROW)                                                               \
	ROW(OK, "ok", "a profile came")                                                  \
	ROW(IDLE, "idle", "a profile came, of a program that did next to nothing")       \
	ROW(NO_SYMBOLS, "no-symbols",                                                    \
		"a profile came, with addresses that have no name")                      \
	ROW(STOPPED, "stopped", "ended by a signal, or by whoever asked")                \
	ROW(NOT_LISTENING, "not-listening", "nothing listens on that port or socket")    \
	ROW(NO_ANSWER, "no-answer", "no connection within five seconds")                 \
	ROW(UNREACHABLE, "unreachable", "no route to the host, or not permitted")        \
	ROW(UNKNOWN_HOST, "unknown-host", "the name is not known")                       \
	ROW(FRONT_SERVER, "front-server",                                                \
		"nginx or its like answered, not the service behind it")                 \
	ROW(PROXY_TIMEOUT, "proxy-timeout", "something between gave up waiting")         \
	ROW(NO_PPROF, "no-pprof", "a program without pprof under that path")             \
	ROW(INDEX_ONLY, "index-only", "only pprof.Index is registered")                  \
	ROW(INDEX_PAGE, "index-page", "pprof's index came instead of a profile")         \
	ROW(HTML, "html", "a page came")                                                 \
	ROW(TRACE, "trace", "an execution trace came")                                   \
	ROW(STACK_DUMP, "stack-dump", "a dump of all goroutines came (debug=2)")         \
	ROW(PICTURE, "picture", "a flame graph came as a picture")                       \
	ROW(WRITE_TIMEOUT, "write-timeout",                                              \
		"the server's WriteTimeout is shorter than the capture")                 \
	ROW(BUSY, "busy", "another capture is running")                                  \
	ROW(SPEAKS_HTTP, "speaks-http", "https was asked of a port that speaks HTTP")    \
	ROW(SPEAKS_HTTPS, "speaks-https", "http was asked of a port that speaks HTTPS")  \
	ROW(CERTIFICATE, "certificate", "the server's certificate is not trusted")       \
	ROW(TLS, "tls", "the TLS handshake failed")                                      \
	ROW(UNAUTHORIZED, "unauthorized", "credentials are asked for, or were refused")  \
	ROW(FORBIDDEN, "forbidden", "the server refuses")                                \
	ROW(SECONDS_NEEDED, "seconds-needed", "the server wants to be told how long")    \
	ROW(BAD_REQUEST, "bad-request", "the server does not take the request")          \
	ROW(HTTP_STATUS, "http-status", "any other answer than 200")                     \
	ROW(EMPTY, "empty", "status 200, and not one byte")                              \
	ROW(NOT_A_PROFILE, "not-a-profile", "no format that is known")                   \
	ROW(DAMAGED, "damaged", "a profile that is broken inside")                       \
	ROW(BOMB, "bomb", "it unpacks to more than is allowed")                          \
	ROW(CUT, "cut", "the connection ended before the answer did")                    \
	ROW(TIMEOUT, "timeout", "connected, and the answer did not come in time")        \
	ROW(TOO_LARGE, "too-large", "longer than --max-size")                            \
	ROW(BROKEN_HTTP, "broken-http", "what came is against HTTP's rules")             \
	ROW(NOT_HTTP, "not-http", "something else than HTTP answered")                   \
	ROW(REDIRECTED, "redirected", "sent on to another host, which is not followed")  \
	ROW(REDIRECT_LOOP, "redirect-loop", "sent on more than five times")              \
	ROW(USAGE, "usage", "the URL or an option is no good")                           \
	ROW(STORAGE, "storage", "the answer cannot be written")                          \
	ROW(SYSTEM, "system", "memory or the system failed")

enum fetch_reason {
#define FETCH_ROW(NAME, CODE, WHAT) FETCH_##NAME,
	FETCH_REASONS(FETCH_ROW)
#undef FETCH_ROW
};

/* "not-listening" */
const char *fetch_reason_code(enum fetch_reason reason);
/* One line about it; NULL behind the last. */
const char *fetch_reason_meaning(enum fetch_reason reason);

#endif
