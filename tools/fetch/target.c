/* SPDX-License-Identifier: Apache-2.0 */
/* target.c: from what a user typed to what is asked, and to what of it may be shown. */
#include "fetch/target.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "fetch/mask.h"

static const char *const kinds[][2] = {{"cpu", "profile"}, {"profile", "profile"},
	{"heap", "heap"}, {"allocs", "allocs"}, {"block", "block"}, {"mutex", "mutex"},
	{"goroutine", "goroutine"}, {"threadcreate", "threadcreate"}, {"trace", "trace"},
	{"growth", "growth"}, {"contention", "contention"}};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

const char *fetch_kind_path(const char *kind)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (!strcmp(kinds[i][0], kind))
			return kinds[i][1];
	return NULL;
}

const char *fetch_kind_known(const char *typed)
{
	size_t n;

	typed += strspn(typed, " \t");
	n = strcspn(typed, " \t");
	if (typed[n + strspn(typed + n, " \t")])
		return NULL;
	for (size_t i = 0; i < N_KINDS; i++)
		if (strlen(kinds[i][0]) == n && !strncasecmp(kinds[i][0], typed, n))
			return kinds[i][0];
	return NULL;
}

static bool no(char *message, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static bool no(char *message, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, size, format, args);
	va_end(args);
	return false;
}

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* The query without "seconds", or with that number; the caller frees it. */
static char *with_seconds(const char *query, double seconds)
{
	char *out = malloc(strlen(query) + 40), *at = out;

	while (out && *query) {
		size_t n = strcspn(query, "&");

		if (!starts(query, "seconds=")) {
			if (at > out)
				*at++ = '&';
			at = mempcpy(at, query, n);
		}
		query += n;
		query += *query == '&';
	}
	if (out)
		sprintf(at, "%sseconds=%.15g", at > out ? "&" : "", seconds);
	return out;
}

static double seconds_of(const char *query)
{
	const char *at = query;

	while (at && *at) {
		if (starts(at, "seconds="))
			return strtod(at + 8, NULL);
		at = strchr(at, '&');
		at += at != NULL;
	}
	return 0;
}

/*
 * Where a kind goes in a path: it takes the place of a last part that is a kind, or
 * stands behind one that is "pprof". -1: neither.
 */
static int before_kind(const char *path, size_t n)
{
	const char *last = memrchr(path, '/', n);
	size_t length = last ? (size_t)(path + n - (last + 1)) : 0;

	for (size_t i = 0; last && i < N_KINDS; i++)
		if (length == strlen(kinds[i][1]) &&
			!memcmp(last + 1, kinds[i][1], length))
			return (int)(last - path);
	return length == 5 && !memcmp(last + 1, "pprof", 5) ? (int)n : -1;
}

/* The path that `kind` (NULL: none) makes of the one in the URL; the caller frees it. */
static char *path_of(const char *path, const char *kind)
{
	const char *name = kind ? fetch_kind_path(kind) : "profile";
	size_t n = strcspn(path, ";");
	const char *own;
	char *out = NULL;
	int before;

	if (!kind && strcmp(path, "/"))
		return strdup(path);
	while (n && path[n - 1] == '/')
		n--;
	before = before_kind(path, n);
	/*
	 * Any other path is the prefix under which the service's own paths stand; what
	 * only gperftools has is where gperftools has it.
	 */
	own = !strcmp(name, "growth") || !strcmp(name, "contention") ? "/pprof"
								     : "/debug/pprof";
	if (asprintf(&out, "%.*s%s/%s%s", before < 0 ? (int)n : before, path,
		    before < 0 ? own : "", name, path + strcspn(path, ";")) < 0)
		return NULL;
	return out;
}

/*
 * "unix:/run/x.sock[:/path]": the socket, and a URL for the rest. A path is what follows
 * the last ":/".
 */
static bool take_socket(struct fetch_target *t, const char *typed, char **ret_url)
{
	const char *at = typed + strlen("unix:"), *colon = NULL;
	size_t n;

	if (starts(at, "//"))
		at += 2;
	for (const char *p = at; (p = strstr(p, ":/")); p++)
		colon = p;
	if (*at != '/')
		return false;
	n = colon ? (size_t)(colon - at) : strlen(at);
	t->socket = strndup(at, n);
	return t->socket &&
	       asprintf(ret_url, "http://localhost%s", colon ? colon + 1 : "") >= 0;
}

/*
 * "http//me:secret@host", "http:/host", "https:host": taken for a host of that name, what
 * follows would be a path, and be shown.
 */
static bool is_mistyped(const char *typed)
{
	static const char *const schemes[] = {"https+insecure", "https", "http"};
	size_t n = 0;

	for (size_t i = 0; !n && i < sizeof schemes / sizeof *schemes; i++)
		if (!strncasecmp(typed, schemes[i], strlen(schemes[i])))
			n = strlen(schemes[i]);
	if (!n || starts(typed + n, "://"))
		return false;
	return starts(typed + n, "//") || starts(typed + n, ":/") ||
	       starts(typed + n, "/:") || starts(typed + n, ";/") ||
	       (typed[n] == ':' && !strchr("0123456789", typed[n + 1]));
}

/* The URL that libcurl can take apart; the caller frees it. */
static char *completed(
	struct fetch_target *t, const char *typed, char *message, size_t size)
{
	const char *scheme = strstr(typed, "://");
	char *url = NULL;
	int n;

	if (is_mistyped(typed)) {
		no(message, size,
			"that is no URL: a scheme is followed by \"://\", as in "
			"http://host:port");
		return NULL;
	}
	if (typed[0] == '/' || starts(typed, "./") || starts(typed, "../")) {
		no(message, size,
			"that is a path, and cpget takes URLs: host:port, http://…, or "
			"unix:/SOCKET");
		return NULL;
	}
	if (starts(typed, "unix:")) {
		if (!take_socket(t, typed, &url))
			no(message, size,
				"a socket is unix:/PATH or unix:/PATH:/URL-PATH");
		return url;
	}
	if (!strncasecmp(typed, "https+insecure://", 17)) {
		t->insecure = true;
		n = asprintf(&url, "https://%s", typed + strlen("https+insecure://"));
	} else if (!strncasecmp(typed, "http://", 7) ||
		   !strncasecmp(typed, "https://", 8)) {
		url = strdup(typed);
		n = url ? 0 : -1;
	} else if (scheme && strcspn(typed, "/?#@") > (size_t)(scheme - typed)) {
		no(message, size,
			"%.*s:// is not fetched: give http://, https://, unix: or "
			"host:port",
			(int)(scheme - typed), typed);
		return NULL;
	} else if (typed[0] == ':') {
		n = asprintf(&url, "http://localhost%s", typed);
	} else if (*typed && typed[strspn(typed, "0123456789")] == 0) {
		n = asprintf(&url, "http://localhost:%s", typed);
	} else {
		n = asprintf(&url, "http://%s", typed);
	}
	if (n < 0) {
		no(message, size, "out of memory");
		return NULL;
	}
	return url;
}

/* A part of the URL, which curl_free takes; NULL when there is none. */
static char *part(CURLU *u, CURLUPart which, unsigned flags)
{
	char *text = NULL;

	return curl_url_get(u, which, &text, flags) ? NULL : text;
}

/* Owned by the C library, unlike what libcurl gives. */
static char *own(CURLU *u, CURLUPart which, unsigned flags)
{
	char *text = part(u, which, flags), *copy = text ? strdup(text) : NULL;

	curl_free(text);
	return copy;
}

/* Path and query as they are asked. */
static bool set_request(
	struct fetch_target *t, CURLU *u, const char *kind, double seconds)
{
	char *path = part(u, CURLUPART_PATH, 0), *query = part(u, CURLUPART_QUERY, 0);
	char *full = NULL;
	bool ok;

	t->path = path_of(path ? path : "/", kind);
	if (seconds > 0)
		full = with_seconds(query ? query : "", seconds);
	ok = t->path && (full || seconds <= 0) &&
	     !curl_url_set(u, CURLUPART_PATH, t->path, 0) &&
	     (!full || !curl_url_set(u, CURLUPART_QUERY, full, 0));
	t->seconds = seconds > 0 ? seconds : seconds_of(query);
	free(full);
	curl_free(path);
	curl_free(query);
	return ok;
}

/* Path and query of `u` as they may be shown; false when memory ends. */
static bool mask_parts(CURLU *u, struct fetch_secrets *secrets)
{
	char *query = part(u, CURLUPART_QUERY, 0), *path = part(u, CURLUPART_PATH, 0);
	char *mask = fetch_mask_query(query ? query : "", secrets);
	char *way = fetch_mask_path(path ? path : "/", secrets);
	bool ok = mask && way && !curl_url_set(u, CURLUPART_PATH, way, 0) &&
		  (!*mask || !curl_url_set(u, CURLUPART_QUERY, mask, 0));

	free(mask);
	free(way);
	curl_free(query);
	curl_free(path);
	return ok;
}

static bool set_shown(struct fetch_target *t, CURLU *u, struct fetch_secrets *secrets)
{
	char *query, *path;

	if (!mask_parts(u, secrets))
		return false;
	query = part(u, CURLUPART_QUERY, 0);
	path = part(u, CURLUPART_PATH, 0);
	if (!t->socket)
		t->shown = own(u, CURLUPART_URL, 0);
	else if (asprintf(&t->shown, "unix:%s:%s%s%s", t->socket, path ? path : "/",
			 query ? "?" : "", query ? query : "") < 0)
		t->shown = NULL;
	curl_free(query);
	curl_free(path);
	return t->shown;
}

static bool set_parts(struct fetch_target *t, CURLU *u, struct fetch_secrets *secrets)
{
	char *port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	char *scheme = part(u, CURLUPART_SCHEME, 0);
	bool ok;

	t->name = own(u, CURLUPART_HOST, 0);
	t->user = own(u, CURLUPART_USER, CURLU_URLDECODE);
	t->password = own(u, CURLUPART_PASSWORD, CURLU_URLDECODE);
	t->port = port ? atoi(port) : 0;
	t->tls = scheme && !strcmp(scheme, "https");
	ok = t->name && scheme;
	/* http://TOKEN@host: the name is the secret. */
	if (t->user && !t->password)
		ok = ok && (t->password = strdup("")) &&
		     fetch_secrets_add(secrets, t->user);
	if (ok && t->socket)
		ok = (t->host = strdup(t->socket));
	else if (ok)
		ok = asprintf(&t->host, "%s:%d", t->name, t->port) >= 0;
	if (ok && t->user)
		ok = fetch_secrets_add_login(secrets, t->user, t->password);
	curl_free(port);
	curl_free(scheme);
	return ok && !curl_url_set(u, CURLUPART_USER, NULL, 0) &&
	       !curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) &&
	       !curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
}

/* Of the path as it may be shown: files are named after it. */
static bool set_kind(struct fetch_target *t, CURLU *u)
{
	char *path = part(u, CURLUPART_PATH, 0);
	size_t n = path ? strcspn(path, ";") : 0;
	const char *slash = n ? memrchr(path, '/', n) : NULL;
	size_t length = slash ? (size_t)(path + n - (slash + 1)) : 0;

	t->kind = length ? strndup(slash + 1, length) : strdup("index");
	curl_free(path);
	return t->kind;
}

static bool is_file(const char *typed)
{
	struct stat st;

	return !strstr(typed, "://") && !stat(typed, &st) && S_ISREG(st.st_mode);
}

bool fetch_target_parse(struct fetch_target *t, const char *typed, const char *kind,
	double seconds, struct fetch_secrets *secrets, char *message, size_t size)
{
	CURLU *u;
	char *url;
	CURLUcode code;
	bool ok;

	*t = (struct fetch_target){0};
	if (is_file(typed))
		return no(message, size,
			"%s is a file here: there is nothing to fetch (http://%s for a "
			"host of that name)",
			typed, typed);
	url = completed(t, typed, message, size);
	u = url ? curl_url() : NULL;
	if (!u) {
		free(url);
		return false;
	}
	code = curl_url_set(u, CURLUPART_URL, url, 0);
	free(url);
	/* What was typed is not repeated: a password may stand in it. */
	if (code == CURLUE_BAD_PORT_NUMBER)
		no(message, size,
			"that is no URL: behind the last colon of the host stands a "
			"port, "
			"a number from 1 to 65535, as in localhost:6060");
	else if (code)
		no(message, size, "that is no URL: %s", curl_url_strerror(code));
	ok = !code;
	if (ok) {
		ok = set_parts(t, u, secrets) && set_request(t, u, kind, seconds) &&
		     (t->url = own(u, CURLUPART_URL, 0)) && set_shown(t, u, secrets) &&
		     set_kind(t, u);
		if (!ok)
			no(message, size, "out of memory");
	}
	curl_url_cleanup(u);
	return ok;
}

void fetch_target_release(struct fetch_target *t)
{
	if (t->password)
		explicit_bzero(t->password, strlen(t->password));
	free(t->url);
	free(t->shown);
	free(t->host);
	free(t->name);
	free(t->path);
	free(t->socket);
	free(t->kind);
	free(t->user);
	free(t->password);
	*t = (struct fetch_target){0};
}

char *fetch_url_shown(const char *url)
{
	CURLU *u = curl_url();
	char *out = NULL;

	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
		!curl_url_set(u, CURLUPART_USER, NULL, 0) &&
		!curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) &&
		!curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) && mask_parts(u, NULL))
		out = own(u, CURLUPART_URL, 0);
	curl_url_cleanup(u);
	return out;
}

double fetch_target_default(const struct fetch_target *t)
{
	if (!strcmp(t->kind, "profile"))
		return 30;
	return !strcmp(t->kind, "trace") ? 1 : 0;
}
