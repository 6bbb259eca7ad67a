/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnose.c: why no profile came, from what came: one sentence and what to do. Each
 * function knows one kind of failure and passes on what it does not know.
 */
#include "fetch/inner.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/ui.h"
#include "fetch/listen.h"

void fetch_say(struct fetch_capture *c, enum fetch_reason reason, const char *format, ...)
{
	char *raw;
	va_list args;

	va_start(args, format);
	if (vasprintf(&raw, format, args) < 0)
		raw = NULL;
	va_end(args);
	/* Before anything is cut: half a secret would not be known as one. */
	if (raw)
		fetch_redact(c, raw);
	c->result.reason = reason;
	/* Room for what stands behind it: what is kept where. */
	ui_escape(c->result.sentence, sizeof c->result.sentence * 3 / 4,
		raw ? raw : "out of memory");
	free(raw);
}

char *fetch_say_seconds(char *buf, size_t size, double seconds)
{
	snprintf(buf, size, fabs(seconds - rint(seconds)) < 0.05 ? "%.0f s" : "%.1f s",
		seconds);
	return buf;
}

char *fetch_say_size(char *buf, size_t size, uint64_t bytes)
{
	if (bytes < 1000)
		snprintf(buf, size, bytes == 1 ? "1 byte" : "%u bytes", (unsigned)bytes);
	else if (bytes < 1000 * 1000)
		snprintf(buf, size, "%.1f kB", (double)bytes / 1e3);
	else
		snprintf(buf, size, "%.1f MB", (double)bytes / 1e6);
	return buf;
}

/* memmem for texts, whatever their case. */
static bool has(const char *text, const char *word)
{
	return strcasestr(text, word);
}

/* The text of a page: what stands in <title>, else behind the tags that come first. */
static char *text_of_page(char *at)
{
	char *title = strcasestr(at, "<title"), *end;

	if (title && (end = strchr(title, '>'))) {
		at = end + 1;
		end = strchr(at, '<');
		if (end)
			*end = 0;
		return at + strspn(at, " \t\r\n");
	}
	while (*at == '<') {
		bool hidden =
			!strncasecmp(at, "<style", 6) || !strncasecmp(at, "<script", 7);

		end = hidden ? strstr(at, "</") : at;
		end = end ? strchr(end, '>') : NULL;
		at = end ? end + 1 : at + strlen(at);
		at += strspn(at, " \t\r\n");
	}
	at[strcspn(at, "<")] = 0;
	return at;
}

/* What a JSON answer says: the value of "message", "error" or their like. */
static char *text_of_json(char *at)
{
	static const char *const keys[] = {"\"message\"", "\"error_description\"",
		"\"detail\"", "\"error\"", "\"msg\""};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		char *value = strstr(at, keys[i]), *end;

		if (!value)
			continue;
		value += strlen(keys[i]);
		value += strspn(value, " \t\r\n:");
		end = *value == '"' ? strchr(value + 1, '"') : NULL;
		if (!end || end == value + 1)
			continue;
		*end = 0;
		return value + 1;
	}
	return at;
}

char *fetch_quote(const struct fetch_capture *c, char *buf, size_t size)
{
	char *text = strdup(c->answer.head);
	char *at = text ? text + strspn(text, " \t\r\n") : NULL;

	*buf = 0;
	if (at && *at) {
		/* Before anything is cut: half a secret would not be known as one. */
		fetch_redact(c, at);
		if (*at == '<' || has(c->answer.type, "html"))
			at = text_of_page(at);
		else if (*at == '{')
			at = text_of_json(at);
		at[strcspn(at, "\r\n")] = 0;
		ui_escape(buf, size, at);
	}
	free(text);
	return buf;
}

double fetch_asked(const struct fetch_capture *c)
{
	return c->target.seconds > 0 ? c->target.seconds
				     : fetch_target_default(&c->target);
}

char *fetch_advise_shorter(
	const struct fetch_capture *c, char *buf, size_t size, double seconds)
{
	double less = floor(seconds * 5 / 6), asked = fetch_asked(c);

	*buf = 0;
	if (less >= 1 && (less < asked || !(asked > 0)))
		snprintf(buf, size, "--seconds %.0f, or ", less);
	return buf;
}

/*
 * A limit that nobody tells can only be guessed. Those that people set are 5 s and more,
 * 30 s often; three steps find any.
 */
char *fetch_advise_far_shorter(const struct fetch_capture *c, char *buf, size_t size)
{
	double asked = fetch_asked(c);
	int less = asked > 20 ? 20 : asked > 4 ? 4 : asked > 1 ? 1 : 0;

	*buf = 0;
	if (less && asked > 20)
		snprintf(buf, size, "--seconds %d, or ", less);
	else if (less)
		snprintf(buf, size, "--every %d --for %.0f takes it in parts, or ", less,
			asked);
	return buf;
}

/* What listens here, for a local port where nothing does. */
static void say_listeners(struct fetch_capture *c, const char *where)
{
	struct fetch_listener list[256];
	size_t n = fetch_listeners(list, 256), used = 0;
	const struct fetch_listener *guess = fetch_listener_guess(list, n);
	char names[240] = "", try[60] = "";

	for (size_t i = 0; i < n && i < 12; i++)
		used += (size_t)snprintf(names + used, sizeof names - used, "%s%u%s%s",
			i ? ", " : "", list[i].port, *list[i].program ? " " : "",
			list[i].program);
	if (guess)
		snprintf(try, sizeof try, ". Try: cpget localhost:%u", guess->port);
	fetch_say(c, FETCH_NOT_LISTENING, "nothing listens on %s. %s%s%s%s", where,
		n ? "Listening here: " : "Nothing else listens here, either", names,
		n > 12 ? ", …" : "", try);
}

static void not_listening(struct fetch_capture *c)
{
	struct stat st;

	if (c->target.socket && !stat(c->target.socket, &st) && !S_ISSOCK(st.st_mode))
		fetch_say(c, FETCH_NOT_LISTENING, "%s is %s, not a socket",
			c->target.socket,
			S_ISREG(st.st_mode)   ? "a file"
			: S_ISDIR(st.st_mode) ? "a folder"
					      : "something else");
	else if (c->target.socket)
		fetch_say(c, FETCH_NOT_LISTENING,
			"nothing listens on the socket %s: the program that made it is "
			"gone",
			c->target.socket);
	else if (fetch_address_is_local((const struct sockaddr *)&c->address))
		say_listeners(c, c->target.host);
	else
		fetch_say(c, FETCH_NOT_LISTENING,
			"%s answered that nothing listens on port %d (or a firewall "
			"rejects it)",
			c->target.name, c->target.port);
}

static void no_connection(struct fetch_capture *c)
{
	long os = 0;

	curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os);
	if (c->fetch->settings.proxy)
		fetch_say(c, FETCH_UNREACHABLE, "the proxy cannot be connected to: %s",
			c->error);
	else if (os == ECONNREFUSED)
		not_listening(c);
	else if (c->target.socket && os == ENOENT)
		fetch_say(c, FETCH_NOT_LISTENING, "there is no socket %s",
			c->target.socket);
	else if (c->target.socket)
		fetch_say(c, FETCH_UNREACHABLE, "cannot connect to the socket %s: %s",
			c->target.socket, strerror(os ? (int)os : EINVAL));
	else if (os == ETIMEDOUT)
		fetch_say(c, FETCH_NO_ANSWER, "no answer from %s", c->target.host);
	else
		fetch_say(c, FETCH_UNREACHABLE, "cannot connect to %s: %s",
			c->target.host, os ? strerror((int)os) : c->error);
}

static void timed_out(struct fetch_capture *c)
{
	const char *h = c->target.name;
	int port = c->target.port;
	char after[32];
	double waited = c->sent ? (double)(fetch_now() - c->sent) / 1e9 : 0;
	long connected = 0;

	curl_easy_getinfo(c->easy, CURLINFO_PRIMARY_PORT, &connected);
	fetch_say_seconds(after, sizeof after, waited);
	if (c->state != FETCH_STATE_CONNECTING && c->answer.body)
		fetch_say(c, FETCH_TIMEOUT,
			"the answer began and did not end within %s: --timeout N waits "
			"longer",
			after);
	else if (c->state != FETCH_STATE_CONNECTING)
		fetch_say(c, FETCH_TIMEOUT,
			"connected, but no answer within %s: the service hangs, or takes "
			"longer "
			"than it was asked to; --timeout N waits longer",
			after);
	else if (c->target.tls && connected)
		fetch_say(c, FETCH_TLS,
			"%s takes the connection and does not answer in TLS; if it "
			"speaks plain HTTP, use http://",
			c->target.host);
	else if (fetch_address_is_local((const struct sockaddr *)&c->address))
		fetch_say(c, FETCH_NO_ANSWER,
			"no answer from %s: the program that listens there hangs or has "
			"a full queue, or a firewall drops packets",
			c->target.host);
	else
		fetch_say(c, FETCH_NO_ANSWER,
			"no answer from %s:%d: packets are dropped, as firewalls and "
			"cloud "
			"security groups do. From here: ssh -L %d:localhost:%d %s",
			h, port, port, port, h);
}

/* The connection ended where bytes were due. */
static void cut(struct fetch_capture *c)
{
	double waited = c->sent ? (double)(fetch_now() - c->sent) / 1e9 : 0,
	       want = fetch_asked(c);
	double five = rint(waited / 5) * 5;
	char after[32], of[32], shorter[80];

	fetch_say_seconds(after, sizeof after, waited);
	fetch_say_seconds(of, sizeof of, want);
	if (c->answer.body && c->answer.length_known && !c->answer.chunked)
		fetch_say(c, FETCH_CUT,
			"the answer broke off after %s: %llu bytes came, and its "
			"Content-Length is %.*s",
			after, (unsigned long long)c->answer.body,
			(int)sizeof c->answer.length_text, c->answer.length_text);
	else if (c->answer.body)
		fetch_say(c, FETCH_CUT, "the answer broke off after %s: %s", after,
			*c->error ? c->error : "the connection was closed");
	else if (want > 0 && waited >= want - 0.3 && waited < want + 2)
		fetch_say(c, FETCH_WRITE_TIMEOUT,
			"the connection was closed when the %s were over: the server's "
			"WriteTimeout is shorter: %sa second http.Server for pprof",
			of, fetch_advise_far_shorter(c, shorter, sizeof shorter));
	else if (five >= 5 && fabs(waited - five) < 0.5)
		fetch_say(c, FETCH_PROXY_TIMEOUT,
			"the proxy gave up after %.0f s (nginx: proxy_read_timeout, "
			"default 60s): %sask the service's own port",
			five, fetch_advise_shorter(c, shorter, sizeof shorter, five));
	else
		fetch_say(c, FETCH_CUT,
			"the connection was closed after %s, before the answer: the "
			"service "
			"ended or was restarted, %s",
			after,
			c->target.tls ? "or it wants a certificate (-tls_cert, -tls_key)"
				      : "or it speaks HTTPS there (use https://), or "
					"something else than HTTP");
}

static void too_large(struct fetch_capture *c)
{
	unsigned long long limit = c->store.bytes;

	if (c->answer.length_known && !c->answer.chunked)
		fetch_say(c, FETCH_TOO_LARGE,
			"the answer is larger than --max-size, which is %llu bytes: its "
			"Content-Length is %.*s; --max-size %.*s takes it",
			limit, (int)sizeof c->answer.length_text, c->answer.length_text,
			(int)sizeof c->answer.length_text, c->answer.length_text);
	else
		fetch_say(c, FETCH_TOO_LARGE,
			"the answer is larger than --max-size, which is %llu bytes, and "
			"did not end: --max-size %llu takes twice as much",
			limit, 2 * limit);
}

/* What the disk or its rights do not allow, and what to do then. */
void fetch_say_storage(struct fetch_capture *c)
{
	const struct fetch_store *s = &c->store;
	char where[300];

	fetch_say(c, FETCH_STORAGE, "cannot write %s: %s%s",
		fetch_store_place(s, where, sizeof where), strerror(s->error),
		fetch_store_advice(s->error));
}

/*
 * The answer's length is against what it says of it. What came is kept, whatever it is.
 */
static bool is_of_wrong_length(struct fetch_capture *c)
{
	const struct fetch_answer *a = &c->answer;
	const int width = sizeof a->length_text;

	if (!*a->length_text || a->chunked || !fetch_status_is_kept(a->status) ||
		(c->stop != FETCH_STOP_NONE && c->stop != FETCH_STOP_TIME))
		return false;
	if (!a->length_known)
		fetch_say(c, FETCH_BROKEN_HTTP,
			"the answer's Content-Length is no length: \"%.*s\", and %llu "
			"bytes came",
			width, a->length_text, (unsigned long long)a->body);
	else if (a->body > a->length)
		fetch_say(c, FETCH_BROKEN_HTTP,
			"the answer is longer than it says: its Content-Length is %.*s, "
			"and %llu bytes came",
			width, a->length_text, (unsigned long long)a->body);
	else
		return false;
	return true;
}

/* We ended it. */
static bool stopped(struct fetch_capture *c)
{
	char after[32], quote[80];
	double waited = c->sent ? (double)(fetch_now() - c->sent) / 1e9 : 0;

	switch (c->stop) {
	case FETCH_STOP_CANCEL:
		fetch_say(c, FETCH_STOPPED, "stopped after %s",
			fetch_say_seconds(after, sizeof after, waited));
		return true;
	case FETCH_STOP_TIME:
		timed_out(c);
		return true;
	case FETCH_STOP_SIZE:
		too_large(c);
		return true;
	case FETCH_STOP_STORAGE:
		fetch_say_storage(c);
		return true;
	case FETCH_STOP_HEADERS:
		fetch_say(c, FETCH_BROKEN_HTTP,
			"the answer's headers are larger than 64 kB");
		return true;
	case FETCH_STOP_NOT_HTTP:
		if (!memcmp(c->answer.head, "\x15\x03", 2))
			fetch_say(c, FETCH_SPEAKS_HTTPS, "%s speaks TLS: use https://",
				c->target.host);
		/* The frame that every connection of HTTP/2 begins with. */
		else if (c->answer.n_head > 8 && !memcmp(c->answer.head, "\0\0", 2) &&
			 !memcmp(c->answer.head + 3, "\4\0\0\0\0\0", 6))
			fetch_say(c, FETCH_NOT_HTTP,
				"%s speaks HTTP/2 only, as gRPC does: pprof has another "
				"port",
				c->target.host);
		else if (*fetch_quote(c, quote, sizeof quote))
			fetch_say(c, FETCH_NOT_HTTP,
				"%s does not speak HTTP: it says \"%s\"", c->target.host,
				quote);
		else
			fetch_say(c, FETCH_NOT_HTTP,
				"%s does not speak HTTP: it sends bytes that are no text",
				c->target.host);
		return true;
	default:
		return false;
	}
}

static void no_answer(struct fetch_capture *c, CURLcode code)
{
	if (stopped(c) || fetch_diagnose_tls(c, code))
		return;
	switch ((int)code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		/* SOCKS has its proxy's name looked up as any host's. */
		if (!c->fetch->settings.proxy || !has(c->error, "proxy")) {
			fetch_say(c, FETCH_UNKNOWN_HOST, "the name %s is not known here",
				c->target.name);
			return;
		}
		/* fall through */
	case CURLE_COULDNT_RESOLVE_PROXY:
		fetch_say(c, FETCH_UNKNOWN_HOST, "the proxy's name is not known here");
		return;
	case CURLE_COULDNT_CONNECT:
		no_connection(c);
		return;
	case CURLE_OPERATION_TIMEDOUT:
		timed_out(c);
		return;
	case CURLE_OUT_OF_MEMORY:
		/* libcurl's word for a header line without end, too. */
		if (c->sent)
			fetch_say(c, FETCH_BROKEN_HTTP,
				"a header of the answer is too long");
		else
			fetch_say(c, FETCH_SYSTEM, "out of memory");
		return;
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_ERROR:
		cut(c);
		return;
	case CURLE_RECV_ERROR:
		if (!has(c->error, "chunk") && !has(c->error, "header")) {
			cut(c);
			return;
		}
		/* fall through */
	default:
		fetch_say(c, FETCH_BROKEN_HTTP, "the answer is against HTTP's rules: %s",
			*c->error ? c->error : curl_easy_strerror(code));
	}
}

void fetch_diagnose(struct fetch_capture *c, CURLcode code)
{
	c->result.reason = FETCH_OK;
	c->result.sentence[0] = 0;
	if (c->stop == FETCH_STOP_ENOUGH ||
		(!code && !fetch_status_is_kept(c->answer.status) && c->answer.status))
		fetch_diagnose_status(c);
	else if (is_of_wrong_length(c))
		return;
	else if (!code && c->answer.length_known && c->answer.body < c->answer.length &&
		 !c->answer.chunked && c->stop == FETCH_STOP_NONE)
		cut(c);
	else if (!code && (c->answer.status == 206 || fetch_answer_is_busy(&c->answer)))
		fetch_diagnose_status(c);
	else if (code || c->stop != FETCH_STOP_NONE)
		no_answer(c, code);
	else if (!c->store.bytes)
		fetch_say(c, FETCH_EMPTY,
			"the answer is 200, and empty: nothing was captured there");
}
