/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: libmicrohttpd's side, with limits on each and the headers of every answer.
 */
#include "cpweb/server.h"

#include <errno.h>
#include <malloc.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cpweb/page.h"
#include "cpweb/posts.h"
#include "cpweb/web.h"

enum {
	MOST_CONNECTIONS = 128,
	MOST_OF_ONE = 64,
	IDLE_SECONDS = 30,
	/* A request that comes slower than this is one that never ends. */
	READ_SECONDS = 20,
	ANSWER_SECONDS = 300,
	/* After so long without a connection, memory goes back to the system. */
	REST_SECONDS = 20,
	HEADER_BYTES = 32 << 10,
	/* Headers, and what libmicrohttpd needs beside them. */
	MEMORY_BYTES = 64 << 10
};

struct seat {
	bool taken, answering;
	bool known; /* had an answer before: it may wait for the next request */
	int fd;
	int64_t since;
};

struct server {
	struct web *web;
	struct MHD_Daemon *daemon[LISTEN_MOST];
	size_t n;
	struct buf policy;
	atomic_llong last;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	struct seat seat[LISTEN_MOST * MOST_CONNECTIONS];
	unsigned seats, answering;
	pthread_t watch;
	bool watching, ending, draining;
};

/* One request and its answer. */
struct exchange {
	char *target;
	struct request request;
	struct buf body;
	bool started, too_long;
	struct view *view;
	struct seat *seat;
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Answers
 * --------------------------------------------------------------------------------- */

static void add_headers(
	struct server *server, struct MHD_Response *response, const char *type)
{
	static const char *const fixed[][2] = {
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Referrer-Policy", "no-referrer"},
		{"Cache-Control", "private, no-cache"},
		{"Vary", "Accept-Encoding, Cookie"},
	};

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		MHD_add_response_header(response, fixed[i][0], fixed[i][1]);
	MHD_add_response_header(response, "Content-Security-Policy", server->policy.p);
	MHD_add_response_header(response, "Content-Type", type);
}

static enum MHD_Result queue(
	struct MHD_Connection *connection, int status, struct MHD_Response *response)
{
	enum MHD_Result result =
		MHD_queue_response(connection, (unsigned)status, response);

	MHD_destroy_response(response);
	return result;
}

/* Takes the buffer over. */
static struct MHD_Response *own_response(
	struct server *server, struct buf *body, const char *type)
{
	static char none[1];
	struct MHD_Response *response =
		MHD_create_response_from_buffer(body->n, body->n ? body->p : none,
			body->n ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

	if (response) {
		if (body->n)
			*body = (struct buf){0};
		add_headers(server, response, type);
	}
	buf_release(body);
	return response;
}

static enum MHD_Result answer_sentence(struct server *server,
	struct MHD_Connection *connection, const struct request *request)
{
	struct buf body = {0}, words = {0};
	struct MHD_Response *response;
	int status = request->status;

	if (status == 401) {
		page_door(&body);
	} else {
		if (request->wrong < P_COUNT)
			buf_printf(&words, "%s: ", request_param_name(request->wrong));
		buf_str(&words, request->reason);
		page_sentence(&body, status, words.p ? words.p : "", NULL);
		buf_release(&words);
	}
	response = own_response(server, &body, "text/html; charset=utf-8");
	if (!response)
		return MHD_NO;
	if (status == 405)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (status == 503 || status == 429)
		MHD_add_response_header(response, "Retry-After", "2");
	return queue(connection, status, response);
}

static void add_cookie(struct server *server, struct MHD_Response *response)
{
	const struct guard *guard = &server->web->guard;
	char cookie[160];

	snprintf(cookie, sizeof cookie, "%s=%s; Path=/; HttpOnly; SameSite=Lax",
		guard->cookie, guard->token);
	MHD_add_response_header(response, "Set-Cookie", cookie);
}

static enum MHD_Result answer_redirect(struct server *server,
	struct MHD_Connection *connection, const char *to, bool cookie)
{
	struct buf body = {0};
	struct MHD_Response *response =
		own_response(server, &body, "text/plain; charset=utf-8");

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Location", to);
	if (cookie)
		add_cookie(server, response);
	return queue(connection, 303, response);
}

/* Downloads: the name as it is for programs that know RFC 5987, plain for all. */
static void add_name(struct MHD_Response *response, const char *name)
{
	struct buf header = {0};

	buf_str(&header, "attachment; filename=\"");
	for (const char *p = name; *p && p - name < 200; p++)
		buf_char(&header,
			*p > ' ' && *p < 0x7f && !strchr("\"\\%;/", *p) ? *p : '_');
	buf_str(&header, "\"; filename*=UTF-8''");
	for (const char *p = name; *p && p - name < 200; p++)
		if ((*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') ||
			strchr("-_.~", *p))
			buf_char(&header, *p);
		else
			buf_printf(&header, "%%%02X", (unsigned char)*p);
	if (!header.failed)
		MHD_add_response_header(response, "Content-Disposition", header.p);
	buf_release(&header);
}

static bool takes_gzip(struct MHD_Connection *connection)
{
	const char *p = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, "Accept-Encoding");

	p = p ? strstr(p, "gzip") : NULL;
	return p && strncmp(p, "gzip;q=0", 8);
}

static bool has_tag(struct MHD_Connection *connection, const char *etag)
{
	const char *given =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");

	return given && (strstr(given, etag) || !strcmp(given, "*"));
}

static void finish_view(struct server *server, const struct view *view,
	struct MHD_Response *response, bool zipped)
{
	add_headers(server, response, view->type);
	if (!view->transient)
		MHD_add_response_header(response, "ETag", view->etag);
	if (view->save_as)
		add_name(response, view->save_as);
	if (zipped)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (view->status == 503)
		MHD_add_response_header(response, "Retry-After", "2");
}

static struct MHD_Response *plain_response(struct server *server, struct view *view)
{
	void *bytes = gunzip_bytes(view->bytes, view->n, view->plain);
	struct MHD_Response *response =
		bytes ? MHD_create_response_from_buffer(
				view->plain, bytes, MHD_RESPMEM_MUST_FREE)
		      : NULL;

	if (response)
		finish_view(server, view, response, false);
	else
		free(bytes);
	return response;
}

/* The one that viewers share; it refers to the view's bytes. */
static bool shared_response(struct server *server, struct view *view, bool zipped)
{
	struct views *views = &server->web->views;

	pthread_mutex_lock(&views->lock);
	if (!view->response) {
		view->response = MHD_create_response_from_buffer(
			view->n, view->bytes, MHD_RESPMEM_PERSISTENT);
		if (view->response)
			finish_view(server, view, view->response, zipped);
	}
	pthread_mutex_unlock(&views->lock);
	return view->response != NULL;
}

static enum MHD_Result answer_view(
	struct server *server, struct MHD_Connection *connection, struct view *view)
{
	bool zipped = view->n < view->plain;
	struct MHD_Response *response;

	if (!view->transient && view->status == 200 && has_tag(connection, view->etag)) {
		struct buf none = {0};

		response = own_response(server, &none, view->type);
		if (!response)
			return MHD_NO;
		MHD_add_response_header(response, "ETag", view->etag);
		return queue(connection, 304, response);
	}
	if (zipped && !takes_gzip(connection)) {
		response = plain_response(server, view);
		return response ? queue(connection, view->status, response) : MHD_NO;
	}
	if (!shared_response(server, view, zipped))
		return MHD_NO;
	return MHD_queue_response(connection, (unsigned)view->status, view->response);
}

static enum MHD_Result answer_post(
	struct server *server, struct MHD_Connection *connection, struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct post_answer answer = {.status = 200};
	struct MHD_Response *response;

	post_answer(server->web, &x->request, &x->body, info ? info->client_addr : NULL,
		&answer);
	response = own_response(server, &answer.body, "application/json");
	if (!response)
		return MHD_NO;
	if (answer.let_in)
		add_cookie(server, response);
	if (answer.status == 429)
		MHD_add_response_header(response, "Retry-After", "60");
	return queue(connection, answer.status, response);
}

/* Requests
 * -------------------------------------------------------------------------------- */

static enum MHD_Result refuse(struct server *server, struct MHD_Connection *connection,
	int status, const char *reason)
{
	struct request request = {.status = status, .reason = reason, .wrong = P_COUNT};

	return answer_sentence(server, connection, &request);
}

static void key_file(struct web *web, const char *name, struct buf *key)
{
	struct input *input = inputs_find(&web->inputs, name);

	buf_printf(key, " %u", input ? inputs_look(&web->inputs, input) : 0);
}

/* Names with slashes between them. */
static void key_files(struct web *web, const char *names, struct buf *key)
{
	char *copy = names ? strdup(names) : NULL, *rest = copy, *name;

	while (rest && (name = strsep(&rest, "/")))
		key_file(web, name, key);
	free(copy);
}

/* What makes a view what it is: its parameters, and the generation of what it shows. */
static void view_key(struct web *web, const struct request *request, struct buf *key)
{
	buf_str(key, request_page_path(request->page));
	request_canonical(request, key);
	key_file(web, request->value[P_FILE], key);
	key_files(web, request->value[P_BEFORE], key);
	key_files(web, request->value[P_AFTER], key);
	pthread_mutex_lock(&web->inputs.lock);
	buf_printf(key, " %u", web->inputs.listing);
	pthread_mutex_unlock(&web->inputs.lock);
}

static enum MHD_Result ask_view(
	struct server *server, struct MHD_Connection *connection, struct exchange *x)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	unsigned char client[16];
	struct buf key = {0};

	view_key(server->web, &x->request, &key);
	guard_address(info ? info->client_addr : NULL, client);
	if (!key.failed)
		x->view = views_find(&server->web->views, key.p, &x->request, client);
	buf_release(&key);
	if (!x->view)
		return refuse(server, connection, 503,
			"Too many views are being made at this moment; try again.");
	if (!views_wait(&server->web->views, x->view, connection))
		return MHD_YES;
	return x->view->state == VIEW_DONE ? answer_view(server, connection, x->view)
					   : MHD_NO;
}

/* What is never the same twice, and costs nothing. */
static enum MHD_Result answer_state(
	struct server *server, struct MHD_Connection *connection, enum page page)
{
	struct buf body = {0};
	struct MHD_Response *response;

	if (page == PAGE_STATE)
		capture_state(&server->web->capture, &body);
	else
		store_json(&server->web->kept, &body);
	response = body.failed ? NULL : own_response(server, &body, "application/json");
	return response ? queue(connection, 200, response) : MHD_NO;
}

static enum MHD_Result answer_wait(
	struct server *server, struct MHD_Connection *connection)
{
	struct buf body = {0};
	struct MHD_Response *response;

	page_wait(&body);
	response = body.failed ? NULL
			       : own_response(server, &body, "text/html; charset=utf-8");
	return response ? queue(connection, 200, response) : MHD_NO;
}

/* To the first page, with the parameters that came along. */
static enum MHD_Result answer_home(struct server *server,
	struct MHD_Connection *connection, const struct request *request)
{
	struct web *web = server->web;
	struct buf to = {0};
	enum MHD_Result result;

	if (web->start.n)
		buf_add(&to, web->start.p, web->start.n);
	else
		buf_str(&to, request_page_path(web->folder ? PAGE_RUNS : PAGE_FLAME));
	if (!web->start.n)
		request_canonical(request, &to);
	result = to.failed ? MHD_NO : answer_redirect(server, connection, to.p, false);
	buf_release(&to);
	return result;
}

static enum MHD_Result answer_request(
	struct server *server, struct MHD_Connection *connection, struct exchange *x)
{
	struct request *request = &x->request;

	if (x->view)
		return answer_view(server, connection, x->view);
	if (x->body.failed || x->too_long)
		return refuse(server, connection, 413, "The body is longer than 64 KB.");
	if (request->redirect)
		return answer_redirect(server, connection, request->location.p, true);
	if (request->status)
		return answer_sentence(server, connection, request);
	if (request->verb == VERB_POST)
		return answer_post(server, connection, x);
	if (request->page == PAGE_STATE || request->page == PAGE_VIEWS)
		return answer_state(server, connection, request->page);
	if (capture_waits(&server->web->capture))
		return answer_wait(server, connection);
	if (request->page == PAGE_HOME)
		return answer_home(server, connection, request);
	return ask_view(server, connection, x);
}

struct headers {
	struct head head;
	size_t bytes;
};

static enum MHD_Result take_header(
	void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct headers *h = arg;
	const struct {
		const char *name;
		const char **to;
	} wanted[] = {{"Origin", &h->head.origin}, {"Sec-Fetch-Site", &h->head.site},
		{"Sec-Fetch-Mode", &h->head.mode},
		{"Sec-Fetch-Dest", &h->head.destination}, {"Cookie", &h->head.cookie}};

	(void)kind;
	value = value ? value : "";
	h->bytes += strlen(name) + strlen(value) + 4;
	if (!strcasecmp(name, "Host")) {
		h->head.host = value;
		h->head.hosts++;
	}
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (!strcasecmp(name, wanted[i].name))
			*wanted[i].to = value;
	return MHD_YES;
}

static void parse(struct server *server, struct MHD_Connection *connection,
	const char *method, struct exchange *x)
{
	const struct web *web = server->web;
	struct doors doors = {web->allowed.v, web->allowed.n, web->guard.cookie,
		web->guard.open ? NULL : web->guard.token};
	struct headers h = {.head.method = method, .head.target = x->target};

	MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &h);
	request_parse(&h.head, &doors, &x->request);
	if (h.bytes > HEADER_BYTES) {
		x->request.status = 431;
		x->request.reason = "The header is longer than 32 KB.";
		x->request.redirect = false;
	}
}

static void mark_answering(
	struct server *server, struct exchange *x, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	x->seat = info ? info->socket_context : NULL;
	atomic_store(&server->last, now());
	pthread_mutex_lock(&server->lock);
	server->answering++;
	if (x->seat) {
		x->seat->answering = true;
		x->seat->since = now();
	}
	pthread_mutex_unlock(&server->lock);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *upload_n, void **state)
{
	struct server *server = arg;
	struct exchange *x = *state;

	(void)url;
	(void)version;
	if (!x)
		return MHD_NO;
	if (!x->started) {
		x->started = true;
		mark_answering(server, x, connection);
		parse(server, connection, method, x);
		return MHD_YES;
	}
	if (*upload_n) {
		if (x->body.n + *upload_n > REQUEST_BODY)
			x->too_long = true;
		else if (!x->too_long)
			buf_add(&x->body, upload, *upload_n);
		*upload_n = 0;
		return MHD_YES;
	}
	return answer_request(server, connection, x);
}

/* The target as it came; what comes back is the request's state. */
static void *on_target(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof *x);

	(void)arg;
	(void)connection;
	if (x && !(x->target = strdup(uri))) {
		free(x);
		return NULL;
	}
	return x;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode why)
{
	struct server *server = arg;
	struct exchange *x = *state;

	(void)connection;
	(void)why;
	if (!x)
		return;
	if (x->view)
		views_leave(&server->web->views, x->view);
	pthread_mutex_lock(&server->lock);
	server->answering -= x->started;
	if (x->seat) {
		x->seat->answering = false;
		x->seat->known = true;
		x->seat->since = now();
	}
	if (server->draining)
		pthread_cond_broadcast(&server->woken);
	pthread_mutex_unlock(&server->lock);
	request_release(&x->request);
	buf_release(&x->body);
	free(x->target);
	free(x);
	*state = NULL;
}

/* Slow connections
 * ------------------------------------------------------------------------ */

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode what)
{
	struct server *server = arg;
	struct seat *seat = *context;

	pthread_mutex_lock(&server->lock);
	if (what == MHD_CONNECTION_NOTIFY_CLOSED && seat) {
		seat->taken = false;
		server->seats--;
		*context = NULL;
	}
	for (size_t i = 0; what == MHD_CONNECTION_NOTIFY_STARTED && !*context &&
			   i < sizeof server->seat / sizeof *server->seat;
		i++) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
			connection, MHD_CONNECTION_INFO_CONNECTION_FD);

		if (server->seat[i].taken || !info)
			continue;
		server->seat[i] = (struct seat){
			.taken = true, .fd = info->connect_fd, .since = now()};
		*context = &server->seat[i];
		/* The watch sleeps without a clock while nobody is there. */
		if (!server->seats++)
			pthread_cond_broadcast(&server->woken);
	}
	pthread_mutex_unlock(&server->lock);
}

static void close_slow(struct server *server)
{
	int64_t t = now();

	for (size_t i = 0; i < sizeof server->seat / sizeof *server->seat; i++) {
		struct seat *seat = &server->seat[i];
		int most = seat->answering
				   ? ANSWER_SECONDS
				   : READ_SECONDS + (seat->known ? IDLE_SECONDS : 0);

		if (seat->taken && t - seat->since > most)
			shutdown(seat->fd, SHUT_RDWR);
	}
}

static void *watch(void *arg)
{
	struct server *server = arg;
	bool rested = true;

	pthread_mutex_lock(&server->lock);
	while (!server->ending) {
		struct timespec until;
		int left;

		if (!server->seats && rested) {
			pthread_cond_wait(&server->woken, &server->lock);
			continue;
		}
		rested = false;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += server->seats ? 5 : REST_SECONDS;
		left = pthread_cond_timedwait(&server->woken, &server->lock, &until);
		close_slow(server);
		/* Once, so that a server at which nobody looks is not woken. */
		rested = !server->seats && left == ETIMEDOUT;
		if (rested)
			malloc_trim(0);
	}
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

/* Starting and ending
 * --------------------------------------------------------------------- */

/* The target is decoded by request.c, once. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct server *server, int fd)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)MOST_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned)MOST_OF_ONE, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MEMORY_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, server, MHD_OPTION_END);
}

struct server *server_start(struct web *web)
{
	struct server *server = calloc(1, sizeof *server);

	if (!server)
		return NULL;
	server->web = web;
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->woken, NULL);
	atomic_store(&server->last, now());
	page_policy_init(&server->policy);
	server->watching = !pthread_create(&server->watch, NULL, watch, server);
	while (!server->policy.failed && server->watching &&
		server->n < web->listener.n) {
		struct MHD_Daemon *daemon =
			start_daemon(server, web->listener.fd[server->n]);

		if (!daemon)
			break;
		server->daemon[server->n++] = daemon;
	}
	if (server->n == web->listener.n)
		return server;
	server_stop(server);
	return NULL;
}

void server_quiet(struct server *server)
{
	for (size_t i = 0; i < server->n; i++) {
		int fd = MHD_quiesce_daemon(server->daemon[i]);

		if (fd >= 0)
			close(fd);
	}
}

void server_drain(struct server *server, int milliseconds)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += milliseconds / 1000;
	pthread_mutex_lock(&server->lock);
	server->draining = true;
	while (server->answering && pthread_cond_timedwait(&server->woken, &server->lock,
					    &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&server->lock);
}

void server_stop(struct server *server)
{
	for (size_t i = 0; i < server->n; i++)
		MHD_stop_daemon(server->daemon[i]);
	pthread_mutex_lock(&server->lock);
	server->ending = true;
	pthread_cond_broadcast(&server->woken);
	pthread_mutex_unlock(&server->lock);
	if (server->watching)
		pthread_join(server->watch, NULL);
	buf_release(&server->policy);
	pthread_cond_destroy(&server->woken);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

int64_t server_last(struct server *server)
{
	bool answering;

	pthread_mutex_lock(&server->lock);
	answering = server->answering;
	pthread_mutex_unlock(&server->lock);
	return answering ? now() : atomic_load(&server->last);
}
