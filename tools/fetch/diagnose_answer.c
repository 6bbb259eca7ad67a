/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnose_answer.c: what an answer says that is no profile: by its status, and with
 * status 200 by its first bytes.
 */
#include "fetch/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ui.h"

static bool has(const char *text, const char *word)
{
	return strcasestr(text, word);
}

/* What the page calls itself; "" when it does not. */
static char *title(const struct fetch_capture *c, char *buf, size_t size)
{
	const char *at = strcasestr(c->answer.head, "<title"), *end;
	char *text;

	*buf = 0;
	at = at ? strchr(at, '>') : NULL;
	end = at ? strchr(++at, '<') : NULL;
	text = end ? strndup(at, (size_t)(end - at)) : NULL;
	if (text) {
		char *p = text + strspn(text, " \t\r\n");

		p[strcspn(p, "\r\n")] = 0;
		fetch_redact(c, p);
		ui_escape(buf, size, p);
	}
	free(text);
	return buf;
}

/* The front server by its header or its page; NULL when it is none. */
static const char *front_server(const struct fetch_answer *a)
{
	static const char *const names[][2] = {{"nginx", "nginx"},
		{"openresty", "openresty"}, {"Apache", "Apache"}, {"envoy", "Envoy"},
		{"Caddy", "Caddy"}, {"Traefik", "Traefik"}, {"HAProxy", "HAProxy"},
		{"awselb", "a load balancer"}, {"cloudflare", "Cloudflare"}};

	/* Tomcat is Apache's, and runs services itself. */
	if (has(a->server, "Coyote") || has(a->head, "Tomcat"))
		return NULL;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (has(a->server, names[i][0]))
			return names[i][1];
	if (!has(a->type, "html") && !has(a->head, "<html"))
		return NULL;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (has(a->head, names[i][0]))
			return names[i][1];
	return NULL;
}

/* By its path, as pages are called on which one logs in. */
static bool is_login(const char *url)
{
	static const char *const words[] = {"/login", "/signin", "/sign_in", "/sign-in",
		"/oauth2/", "/sso", "/authorize"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (has(url, words[i]))
			return true;
	return false;
}

static void redirected(struct fetch_capture *c)
{
	char *shown = fetch_url_shown(c->answer.location);

	if (is_login(c->answer.location))
		fetch_say(c,
			c->redirects >= FETCH_MAX_REDIRECTS ? FETCH_REDIRECT_LOOP
							    : FETCH_REDIRECTED,
			"sent on to %s, where one logs in: --header @FILE sends a "
			"session's cookie, --bearer-file a token",
			shown ? shown : "a page");
	else if (c->redirects >= FETCH_MAX_REDIRECTS)
		fetch_say(c, FETCH_REDIRECT_LOOP,
			"sent on more than %d times, last to %s: that does not end",
			FETCH_MAX_REDIRECTS, shown ? shown : "another place");
	else
		fetch_say(c, FETCH_REDIRECTED,
			"sent on to %s, which is another place than asked: ask it "
			"yourself, or "
			"--location-trusted",
			shown ? shown : "what is no URL");
	free(shown);
}

/* What was sent with the request, as a 401 calls it. */
enum sent { SENT_NOTHING, SENT_LOGIN, SENT_TOKEN, SENT_OTHER };

static enum sent what_was_sent(const struct fetch_capture *c)
{
	const struct fetch_settings *s = &c->fetch->settings;

	if (c->elsewhere)
		return SENT_NOTHING;
	if (c->target.user || (s->user && !s->bearer))
		return SENT_LOGIN;
	if (s->bearer)
		return SENT_TOKEN;
	for (size_t i = 0; i < s->n_headers; i++) {
		const char *value = s->headers[i] + strcspn(s->headers[i], ":");

		value += strspn(value, ": \t");
		if (!strncasecmp(s->headers[i], "Cookie:", 7))
			return SENT_OTHER;
		if (strncasecmp(s->headers[i], "Authorization:", 14))
			continue;
		return !strncasecmp(value, "Basic", 5)    ? SENT_LOGIN
		       : !strncasecmp(value, "Bearer", 6) ? SENT_TOKEN
							  : SENT_OTHER;
	}
	return SENT_NOTHING;
}

static void unauthorized(struct fetch_capture *c)
{
	static const char *const words[] = {
		"", "a name and password", "a token", "something else"};
	const char *schemes = c->answer.authenticate;
	bool login = has(schemes, "Basic"), token = has(schemes, "Bearer");
	enum sent sent = what_was_sent(c);
	bool suits = (!login && !token) || (login && sent == SENT_LOGIN) ||
		     (token && sent == SENT_TOKEN);
	const char *wanted = login && token ? "a token, or a name and password"
			     : login        ? words[SENT_LOGIN]
			     : token        ? words[SENT_TOKEN]
					    : "credentials";
	const char *flag = login && token ? "--bearer-file FILE or --user NAME"
			   : login        ? "--user NAME"
			   : token        ? "--bearer-file FILE"
			   : *schemes ? "that scheme is not known here; --header @FILE "
					"sends what it wants"
				      : "--bearer-file FILE, --user NAME, or --header "
					"@FILE for a cookie";

	if (sent && suits)
		fetch_say(c, FETCH_UNAUTHORIZED,
			"the credentials that were given are refused (401%s%s): %s",
			*schemes ? ", " : "", schemes, flag);
	else
		fetch_say(c, FETCH_UNAUTHORIZED, "asked for: %s%s%s (401%s%s): %s",
			wanted, sent ? ", and sent was: " : "", words[sent],
			*schemes ? ", " : "", schemes, flag);
}

static void forbidden(struct fetch_capture *c)
{
	fetch_say(c, FETCH_FORBIDDEN,
		"the server refuses (403); it may take other credentials "
		"(--bearer-file, --user, --header), or none from this address");
}

/* pprof.Index knows the runtime's profiles by name, and no other path. */
static void unknown_profile(struct fetch_capture *c)
{
	static const char *const functions[][2] = {{"profile", "pprof.Profile"},
		{"trace", "pprof.Trace"}, {"symbol", "pprof.Symbol"},
		{"cmdline", "pprof.Cmdline"}};

	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (!strcmp(c->target.kind, functions[i][0])) {
			fetch_say(c, FETCH_INDEX_ONLY,
				"only pprof.Index is registered; %s needs %s",
				c->target.path, functions[i][1]);
			return;
		}
	fetch_say(c, FETCH_INDEX_ONLY,
		"pprof is there, and this program has no profile named %s: --kind cpu, "
		"heap, allocs, block, mutex, goroutine or threadcreate",
		c->target.kind);
}

/* By the pages of Jetty, Tomcat and Spring. */
static bool is_java(const struct fetch_answer *a)
{
	return has(a->server, "Jetty") || has(a->server, "Coyote") ||
	       has(a->head, "Jetty") || has(a->head, "Tomcat") ||
	       has(a->head, "Whitelabel Error Page") ||
	       (has(a->head, "\"timestamp\":") && has(a->head, "\"path\":"));
}

static bool not_found(struct fetch_capture *c)
{
	const struct fetch_answer *a = &c->answer;
	static const char fix[] =
		"net/http: import _ \"net/http/pprof\" and serve http.DefaultServeMux; "
		"echo, gin and gorilla need it registered on their router";

	if (a->status != 404)
		return false;
	if (a->go_pprof || has(a->head, "Unknown profile"))
		unknown_profile(c);
	else if (!strncmp(a->head, "404 page not found", 18))
		fetch_say(c, FETCH_NO_PPROF, "a Go server%s without pprof here (404). %s",
			a->nosniff ? "" : " (gin?)", fix);
	else if (has(a->head, "\"message\":\"Not Found\""))
		fetch_say(c, FETCH_NO_PPROF,
			"an echo server without pprof here (404). echo needs it "
			"registered: "
			"e.GET(\"/debug/pprof/*\", "
			"echo.WrapHandler(http.DefaultServeMux)), with "
			"import _ \"net/http/pprof\"");
	else if (!strncmp(a->head, "Cannot GET ", 11))
		fetch_say(c, FETCH_NO_PPROF,
			"a server without pprof here (404). fiber: app.Use(pprof.New())");
	else if (is_java(a))
		fetch_say(c, FETCH_NO_PPROF,
			"a Java server, which has no pprof (404): jcmd PID JFR.start, or "
			"async-profiler, writes a .jfr that cpreport opens");
	else
		return false;
	return true;
}

static void front(struct fetch_capture *c, const char *name)
{
	char after[32], shorter[40];
	double waited = c->sent ? (double)(fetch_now() - c->sent) / 1e9 : 0;

	if (c->answer.status == 504)
		fetch_say(c, FETCH_PROXY_TIMEOUT,
			"%s gave up after %s (504; nginx: proxy_read_timeout, default "
			"60s): %sask the service's own port",
			name ? name : "the proxy",
			fetch_say_seconds(after, sizeof after, waited),
			fetch_advise_shorter(c, shorter, sizeof shorter, waited));
	else
		fetch_say(c, FETCH_FRONT_SERVER,
			"this is %s, not your service (%d): give the service's own port "
			"(see "
			"%s)",
			name, c->answer.status,
			!strcmp(name, "nginx") || !strcmp(name, "openresty")
				? "proxy_pass in its configuration"
				: "its configuration");
}

static bool bad_request(struct fetch_capture *c)
{
	const char *head = c->answer.head;
	char want[32], shorter[80];
	double asked = fetch_asked(c);

	fetch_say_seconds(want, sizeof want, asked);
	if (has(head, "WriteTimeout"))
		fetch_say(c, FETCH_WRITE_TIMEOUT,
			"the server's WriteTimeout is shorter than %s: %sa second "
			"http.Server for pprof",
			want, fetch_advise_far_shorter(c, shorter, sizeof shorter));
	else if (has(head, "HTTP request to an HTTPS server") ||
		 has(head, "plain HTTP request was sent to HTTPS port") ||
		 has(head, "speaking plain HTTP to an SSL-enabled"))
		fetch_say(c, FETCH_SPEAKS_HTTPS, "%s speaks HTTPS: use https://",
			c->target.host);
	else if (has(head, "specify ?seconds") || has(head, "specify seconds"))
		fetch_say(c, FETCH_SECONDS_NEEDED,
			"the server wants to be told how long: --seconds 10");
	else if (c->answer.status == 400)
		fetch_say(c, FETCH_BAD_REQUEST,
			"the server does not take that (400): see the query of the URL");
	else
		return false;
	return true;
}

bool fetch_answer_is_busy(const struct fetch_answer *a)
{
	static const char *const words[] = {"already in use", "already enabled",
		"nother profiler is running", "already running", "lready in CPU",
		"in progress"};

	/* Some say so with 200: a short text then, and no profile. */
	if (a->status < 400 && (a->body > 200 || !has(a->type, "text/")))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (has(a->head, words[i]))
			return true;
	return false;
}

/* Two captures of one kind do not go together, and Go has one profiler of the CPU. */
static void busy(struct fetch_capture *c)
{
	const char *kind = c->target.kind;
	double wait = c->fetch->settings.wait;
	char length[32];

	kind = !strcmp(kind, "profile")      ? "CPU "
	       : !strcmp(kind, "trace")      ? "trace "
	       : !strcmp(kind, "heap")       ? "heap "
	       : !strcmp(kind, "growth")     ? "growth "
	       : !strcmp(kind, "contention") ? "contention "
					     : "";
	if (wait > 0)
		fetch_say(c, FETCH_BUSY,
			"another %scapture is still running after %s of waiting (pprof, "
			"pprotein, Pyroscope, another cpget): --wait=%.0f waits longer",
			kind, fetch_say_seconds(length, sizeof length, wait),
			wait < 300 ? 600 : wait * 2);
	else
		fetch_say(c, FETCH_BUSY,
			"another %scapture is running (pprof, pprotein, Pyroscope, "
			"another cpget); --wait retries until it ends",
			kind);
}

static void other_status(struct fetch_capture *c)
{
	int status = c->answer.status;

	if (status == 206)
		fetch_say(c, FETCH_HTTP_STATUS,
			"the server answers 206, which is a part%s%s of an answer that "
			"was asked for whole: a cache or proxy between may do that; ask "
			"the service's own port",
			*c->answer.range ? ": " : "", c->answer.range);
	else if (status == 407)
		fetch_say(c, FETCH_UNAUTHORIZED,
			"the proxy wants a name and password (407): --proxy "
			"http://NAME:PASSWORD@HOST:PORT");
	else if (status == 204)
		fetch_say(c, FETCH_EMPTY,
			"the server answers 204, which is no content: it takes no "
			"profile there, or not now; see whether profiling is switched on "
			"in its configuration, and the path");
	else
		fetch_say(c, FETCH_HTTP_STATUS, "the server answers %d%s", status,
			status == 404   ? "; there is no profile under that path: the "
					  "service may be mounted elsewhere (--kind heap "
					  "HOST/PREFIX)"
			: status == 405 ? "; it does not take GET there (Envoy's "
					  "profilers are switched by POST)"
			: status >= 500 ? "; its log should say why"
					: "");
}

static void diagnose_status(struct fetch_capture *c)
{
	const struct fetch_answer *a = &c->answer;
	const char *name = front_server(a);

	if (a->location)
		redirected(c);
	else if (a->status == 401)
		unauthorized(c);
	else if (fetch_answer_is_busy(a))
		busy(c);
	else if (not_found(c) || bad_request(c))
		return;
	else if (a->status == 504 ||
		 (name && (a->status == 404 || a->status == 502 || a->status == 503)))
		front(c, name);
	else if (a->status == 403)
		forbidden(c);
	else
		other_status(c);
}

/* A body with another status is not kept; what it says stands behind the sentence. */
void fetch_diagnose_status(struct fetch_capture *c)
{
	const struct fetch_answer *a = &c->answer;
	struct fetch_result *r = &c->result;
	char quote[200];
	size_t n;

	diagnose_status(c);
	n = strlen(r->sentence);
	if (a->status != 206 && *fetch_quote(c, quote, sizeof quote) && !a->location)
		snprintf(r->sentence + n, sizeof r->sentence - n, "; it says \"%s\"",
			quote);
}

/* The page that net/http/pprof's Index draws. */
static void index_page(struct fetch_capture *c)
{
	const char *path = c->target.path;
	size_t n = strlen(path);

	if (n >= 6 && (!strcmp(path + n - 6, "/pprof") || path[n - 1] == '/'))
		fetch_say(c, FETCH_INDEX_PAGE,
			"that is pprof's index, which lists the profiles: choose one "
			"with "
			"--kind cpu, heap, allocs, block, mutex or goroutine");
	else
		fetch_say(c, FETCH_INDEX_PAGE,
			"pprof answered its index: it is mounted under a prefix it does "
			"not "
			"know; pprof.Index wants /debug/pprof/ in front "
			"(http.StripPrefix, or "
			"pprof.Handler(\"%s\"))",
			c->target.kind);
}

static bool starts(const char *text, const char *with)
{
	return !strncasecmp(text, with, strlen(with));
}

bool fetch_diagnose_page(struct fetch_capture *c)
{
	const struct fetch_answer *a = &c->answer;
	const char *head = a->head + strspn(a->head, " \t\r\n");
	char text[160];

	if (starts(head, "go 1.") &&
		starts(head + 5 + strspn(head + 5, "0123456789."), " trace"))
		fetch_say(c, FETCH_TRACE,
			"an execution trace (go tool trace), not a profile");
	else if (starts(head, "goroutine ") && has(head, " ["))
		fetch_say(c, FETCH_STACK_DUMP,
			"a stack dump (debug=2), not a profile; take debug=0");
	else if (starts(head, "<svg") || (starts(head, "<?xml") && has(head, "<svg")))
		fetch_say(c, FETCH_PICTURE,
			"a picture (SVG), as TiKV's and pprof-rs' servers draw, not a "
			"profile");
	else if (has(head, "<title>/debug/pprof/") ||
		 has(head, "Types of profiles available"))
		index_page(c);
	else if (starts(head, "<!doctype html") || starts(head, "<html") ||
		 (has(a->type, "text/html") && *head == '<'))
		fetch_say(c, FETCH_HTML,
			*title(c, text, sizeof text)
				? "an HTML page titled \"%s\" came back: not a profile"
				: "an HTML page without a title came back: not a "
				  "profile%s",
			text);
	else if (*head == '{' || *head == '[')
		fetch_say(c, FETCH_NOT_A_PROFILE, "JSON came back, not a profile: %s",
			fetch_quote(c, text, sizeof text));
	else
		return false;
	return true;
}
