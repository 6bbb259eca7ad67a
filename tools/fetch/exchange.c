/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.c: one request through libcurl, and what is kept of its answer. */
#include "fetch/inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/*
 * The value of a header, when `line` is it. A repeated header keeps its first value,
 * which cannot grow the memory.
 */
static void take(const char *line, size_t n, const char *name, char *buf, size_t size)
{
	size_t m = strlen(name);

	if (*buf || n <= m || line[m] != ':' || strncasecmp(line, name, m))
		return;
	for (line += m + 1, n -= m + 1; n && (*line == ' ' || *line == '\t'); n--)
		line++;
	while (n && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
		n--;
	snprintf(buf, size, "%.*s", (int)n, line);
}

/* The word that names the scheme of a challenge, behind those of earlier ones. */
static void take_scheme(struct fetch_answer *a, const char *line, size_t n)
{
	size_t used = strlen(a->authenticate), length;
	char value[80] = "";

	take(line, n, "WWW-Authenticate", value, sizeof value);
	length = strcspn(value, " ,");
	if (length && used + length + 3 < sizeof a->authenticate)
		snprintf(a->authenticate + used, sizeof a->authenticate - used, "%s%.*s",
			used ? ", " : "", (int)length, value);
}

/*
 * libcurl drops the whole answer when this is no number, or one that is too large for it;
 * so it is told to look away. What is no number, or two of them, leaves length_known
 * false.
 */
static void take_length(struct fetch_answer *a, const char *line, size_t n)
{
	char value[sizeof a->length_text] = "", *end;
	bool first = !*a->length_text;

	take(line, n, "Content-Length", value, sizeof value);
	if (!*value || (!first && !strcmp(value, a->length_text)))
		return;
	memcpy(a->length_text, value, sizeof value);
	errno = 0;
	a->length = strtoull(value, &end, 10);
	/* No body is as long as what does not fit. */
	if (errno == ERANGE)
		a->length = UINT64_MAX;
	a->length_known = first && *value >= '0' && *value <= '9' && !*end;
}

static void begin_answer(struct fetch_answer *a, const char *line, size_t n)
{
	const char *blank = memchr(line, ' ', n);

	a->server[0] = a->type[0] = a->authenticate[0] = a->encoding[0] = 0;
	a->range[0] = a->to[0] = a->length_text[0] = 0;
	a->go_pprof = a->nosniff = a->chunked = a->length_known = a->headed = false;
	a->status = blank ? atoi(blank + 1) : 0;
}

/* All of the body that was announced is there. */
static bool is_whole(const struct fetch_answer *a)
{
	return a->headed && a->length_known && !a->chunked && a->body == a->length;
}

static bool is_blank(const char *line, size_t n)
{
	return n == 1 ? *line == '\n' : n == 2 && !memcmp(line, "\r\n", 2);
}

/* 0, which ends the exchange. */
static size_t stop(struct fetch_capture *c, enum fetch_stop why)
{
	c->stop = why;
	return 0;
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
	struct fetch_capture *c = arg;
	struct fetch_answer *a = &c->answer;
	char word[8] = "", coding[40] = "";

	n *= size;
	a->header_bytes += n;
	if (a->header_bytes > FETCH_MAX_HEADERS) {
		c->stop = FETCH_STOP_HEADERS;
		return 0;
	}
	/* What follows the body counts no more. */
	if (a->headed)
		return n;
	/* An answer of 1xx, or of a proxy, comes in front of the one that counts. */
	if (n > 5 && !memcmp(line, "HTTP/", 5))
		begin_answer(a, line, n);
	take(line, n, "Server", a->server, sizeof a->server);
	take(line, n, "Content-Type", a->type, sizeof a->type);
	take(line, n, "Content-Encoding", a->encoding, sizeof a->encoding);
	take(line, n, "Content-Range", a->range, sizeof a->range);
	take(line, n, "Location", a->to, sizeof a->to);
	take_scheme(a, line, n);
	take_length(a, line, n);
	take(line, n, "Transfer-Encoding", coding, sizeof coding);
	a->chunked |= strcasestr(coding, "chunked") != NULL;
	take(line, n, "X-Go-Pprof", word, sizeof word);
	a->go_pprof |= *word == '1';
	word[0] = 0;
	take(line, n, "X-Content-Type-Options", word, sizeof word);
	a->nosniff |= !strcasecmp(word, "nosniff");
	a->headed = is_blank(line, n) && a->status >= 200;
	return is_whole(a) ? stop(c, FETCH_STOP_WHOLE) : n;
}

static void keep_head(struct fetch_answer *a, const char *bytes, size_t n)
{
	if (n > FETCH_HEAD - a->n_head)
		n = FETCH_HEAD - a->n_head;
	memcpy(a->head + a->n_head, bytes, n);
	a->n_head += n;
	a->head[a->n_head] = 0;
}

static uint64_t max_bytes(const struct fetch_capture *c)
{
	uint64_t limit = c->fetch->settings.max_bytes;

	return limit ? limit : UINT64_C(1) << 30;
}

bool fetch_status_is_kept(int status)
{
	/* 203 is 200 of somebody between; 206 a part of what was asked whole. */
	return status == 200 || status == 203 || status == 206;
}

/*
 * More came than was announced: the rest is taken, too, for as long as a connection
 * needs to end.
 */
static void expect_end(struct fetch_capture *c)
{
	int64_t soon = fetch_now() + 2 * INT64_C(1000000000);

	if (c->deadline > soon)
		c->deadline = soon;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct fetch_capture *c = arg;
	struct fetch_answer *a = &c->answer;
	uint64_t limit = max_bytes(c), kept = c->store.bytes;
	long status = 0;

	n *= size;
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	a->status = (int)status;
	a->body += n;
	keep_head(a, bytes, n);
	if (!status)
		return stop(c, FETCH_STOP_NOT_HTTP);
	if (!fetch_status_is_kept(a->status))
		return is_whole(a)                   ? stop(c, FETCH_STOP_WHOLE)
		       : a->body > FETCH_MAX_HEADERS ? stop(c, FETCH_STOP_ENOUGH)
						     : n;
	c->state = FETCH_STATE_RECEIVING;
	if (n > limit - kept) {
		fetch_store_write(&c->store, bytes, (size_t)(limit - kept));
		return stop(c, FETCH_STOP_SIZE);
	}
	if (!fetch_store_write(&c->store, bytes, n))
		return stop(c, FETCH_STOP_STORAGE);
	if (a->length_known && !a->chunked && a->body > a->length)
		expect_end(c);
	return is_whole(a) ? stop(c, FETCH_STOP_WHOLE) : n;
}

/* Connected, and TLS agreed on: the time that was asked for starts now. */
static int on_request(
	void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct fetch_capture *c = arg;
	double limit = c->fetch->settings.timeout;
	double seconds = c->target.seconds > 0 ? c->target.seconds
					       : fetch_target_default(&c->target);

	(void)remote, (void)local, (void)remote_port, (void)local_port;
	if (!(limit > 0)) {
		limit = seconds * 1.5 + 10;
		/* What is not told may take as long as pprof would wait for it. */
		if (!(c->target.seconds > 0) && limit < 65)
			limit = 65;
	}
	if (limit > 1e9)
		limit = 1e9;
	c->sent = fetch_now();
	c->deadline = c->sent + (int64_t)(limit * 1e9);
	c->state = FETCH_STATE_CAPTURING;
	return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct fetch_capture *c = arg;

	(void)purpose;
	if (to->addrlen <= sizeof c->address)
		memcpy(&c->address, &to->addr, to->addrlen);
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool set_credentials(const struct fetch_capture *c, CURL *e)
{
	const struct fetch_settings *s = &c->fetch->settings;
	const char *user = c->target.user ? c->target.user : s->user;
	const char *password = c->target.user ? c->target.password : s->password;
	bool ok = true;

	if (c->elsewhere)
		return true;
	if (s->bearer && !c->target.user)
		ok = !curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, s->bearer) &&
		     !curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
	else if (user)
		ok = !curl_easy_setopt(e, CURLOPT_USERNAME, user) &&
		     !curl_easy_setopt(e, CURLOPT_PASSWORD, password) &&
		     !curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	return ok;
}

static bool set_tls(const struct fetch_capture *c, CURL *e)
{
	const struct fetch_settings *s = &c->fetch->settings;
	bool ok = true;

	if (s->insecure || c->target.insecure) {
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (s->tls_ca)
		ok = !curl_easy_setopt(e, CURLOPT_CAINFO, s->tls_ca) &&
		     !curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	if (s->tls_cert && !c->elsewhere)
		ok = ok && !curl_easy_setopt(e, CURLOPT_SSLCERT, s->tls_cert) &&
		     !curl_easy_setopt(e, CURLOPT_SSLKEY, s->tls_key);
	return ok;
}

bool fetch_exchange_set(const struct fetch_capture *c, CURL *e, const char *url)
{
	const struct fetch_settings *s = &c->fetch->settings;
	bool ok = !curl_easy_setopt(e, CURLOPT_URL, url) &&
		  !curl_easy_setopt(e, CURLOPT_PROXY, s->proxy ? s->proxy : "") &&
		  !curl_easy_setopt(e, CURLOPT_NOPROXY, "") &&
		  !curl_easy_setopt(e, CURLOPT_USERAGENT, "cpget/" CPT_VERSION) &&
		  !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");

	if (c->target.socket)
		ok = ok &&
		     !curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, c->target.socket);
	curl_easy_setopt(
		e, CURLOPT_HTTPHEADER, c->elsewhere ? c->fetch->bare : c->fetch->headers);
	/* What a second version of HTTP adds is lost on one request of a minute. */
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* Other protocols' greetings are shown, and told from answers by their status 0.
	 */
	curl_easy_setopt(e, CURLOPT_HTTP09_ALLOWED, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)FETCH_CONNECT_MS);
	curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	/* A capture is silent for its whole length; routers forget silent connections. */
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, 15L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, 15L);
	curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	/* Who stops does not wait for a name server. */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	return ok && set_tls(c, e) && set_credentials(c, e);
}

static void forget_answer(struct fetch_capture *c)
{
	free(c->answer.location);
	c->answer = (struct fetch_answer){0};
	c->stop = FETCH_STOP_NONE;
	c->error[0] = 0;
	c->sent = c->deadline = 0;
	c->state = FETCH_STATE_CONNECTING;
}

bool fetch_exchange_start(struct fetch_capture *c)
{
	CURL *e = c->easy ? c->easy : curl_easy_init();

	if (!e)
		return false;
	c->easy = e;
	curl_easy_reset(e);
	forget_answer(c);
	if (!fetch_exchange_set(c, e, c->url))
		return false;
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, c);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c);
	curl_easy_setopt(e, CURLOPT_IGNORE_CONTENT_LENGTH, 1L);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	return true;
}
