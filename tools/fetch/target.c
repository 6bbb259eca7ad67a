/* SPDX-License-Identifier: Apache-2.0 */
/* target.c: from what a user typed to what is asked, and to what of it may be shown. */
#include "fetch/target.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* Parameters whose values are no secrets; of any other the value is masked. */
static bool is_open(const char *name, size_t n)
{
	static const char list[] =
		" seconds debug gc frequency event period hz rate interval duration type "
		"profile format pprof output name labels start from to until query "
		"service_name max_nodes ";
	char word[24] = " ";

	if (!n || n > sizeof word - 3)
		return false;
	memcpy(word + 1, name, n);
	word[n + 1] = ' ';
	return strstr(list, word);
}

/*
 * The query with secret values masked; they are remembered when `secrets` is given. NULL
 * when memory ends.
 */
static char *masked(const char *query, struct fetch_secrets *secrets)
{
	char *out = malloc(strlen(query) + 1 + 3 * strlen(query)), *at = out;

	while (out && *query) {
		size_t n = strcspn(query, "&;"), name = strcspn(query, "=&;");

		if (name == n || is_open(query, name)) {
			at = mempcpy(at, query, n);
		} else {
			char *value = strndup(query + name + 1, n - name - 1);
			char *plain =
				value ? curl_easy_unescape(NULL, value, 0, NULL) : NULL;
			bool ok =
				plain &&
				(!secrets || (fetch_secrets_add(secrets, value) &&
						     fetch_secrets_add(secrets, plain)));

			curl_free(plain);
			free(value);
			if (!ok) {
				free(out);
				return NULL;
			}
			at = mempcpy(at, query, name);
			at = stpcpy(at, "=***");
		}
		query += n;
		if (*query)
			*at++ = *query++;
	}
	if (out)
		*at = 0;
	return out;
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

/* The path that `kind` (NULL: none) makes of the one in the URL; the caller frees it. */
static char *path_of(const char *path, const char *kind)
{
	size_t n = strlen(path);
	const char *last = strrchr(path, '/'),
		   *name = kind ? fetch_kind_path(kind) : NULL;
	bool bare = !strcmp(path, "/");
	char *out = NULL;

	if (!kind && !bare)
		return strdup(path);
	if (bare)
		return asprintf(&out, "/debug/pprof/%s", name ? name : "profile") < 0
			       ? NULL
			       : out;
	while (n && path[n - 1] == '/')
		n--;
	if (last && last[1]) {
		size_t before = (size_t)(last - path);

		for (size_t i = 0; i < N_KINDS; i++)
			if (!strcmp(last + 1, kinds[i][1]) && before >= 5 &&
				!memcmp(last - 5, "pprof", 5))
				return asprintf(&out, "%.*s/%s", (int)before, path,
					       name) < 0
					       ? NULL
					       : out;
	}
	if (n >= 5 && !memcmp(path + n - 5, "pprof", 5))
		return asprintf(&out, "%.*s/%s", (int)n, path, name) < 0 ? NULL : out;
	return asprintf(&out, "%.*s/debug/pprof/%s", (int)n, path, name) < 0 ? NULL : out;
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

/* The URL that libcurl can take apart; the caller frees it. */
static char *completed(
	struct fetch_target *t, const char *typed, char *message, size_t size)
{
	const char *scheme = strstr(typed, "://");
	char *url = NULL;
	int n;

	if (starts(typed, "unix:")) {
		if (!take_socket(t, typed, &url))
			no(message, size,
				"a socket is unix:/PATH or unix:/PATH:/URL-PATH");
		return url;
	}
	if (starts(typed, "https+insecure://")) {
		t->insecure = true;
		n = asprintf(&url, "https://%s", typed + strlen("https+insecure://"));
	} else if (starts(typed, "http://") || starts(typed, "https://")) {
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

static bool set_shown(struct fetch_target *t, CURLU *u, struct fetch_secrets *secrets)
{
	char *query = part(u, CURLUPART_QUERY, 0);
	char *mask = masked(query ? query : "", secrets);
	bool ok = mask && (!*mask || !curl_url_set(u, CURLUPART_QUERY, mask, 0));

	if (ok && t->socket)
		ok = asprintf(&t->shown, "unix:%s:%s%s%s", t->socket, t->path,
			     *mask ? "?" : "", mask) >= 0;
	else if (ok)
		t->shown = own(u, CURLUPART_URL, 0);
	free(mask);
	curl_free(query);
	return ok && t->shown;
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
	if (t->user && !t->password)
		ok = ok && (t->password = strdup(""));
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

static bool set_kind(struct fetch_target *t)
{
	const char *slash = strrchr(t->path, '/');

	t->kind = strdup(slash && slash[1] ? slash + 1 : "index");
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
	if (code)
		no(message, size, "that is no URL: %s", curl_url_strerror(code));
	ok = !code;
	if (ok) {
		ok = set_parts(t, u, secrets) && set_request(t, u, kind, seconds) &&
		     (t->url = own(u, CURLUPART_URL, 0)) && set_shown(t, u, secrets) &&
		     set_kind(t);
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
	char *query, *mask, *out = NULL;

	if (!u || curl_url_set(u, CURLUPART_URL, url, 0)) {
		curl_url_cleanup(u);
		return NULL;
	}
	query = part(u, CURLUPART_QUERY, 0);
	mask = masked(query ? query : "", NULL);
	if (mask && !curl_url_set(u, CURLUPART_USER, NULL, 0) &&
		!curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) &&
		!curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) &&
		(!*mask || !curl_url_set(u, CURLUPART_QUERY, mask, 0)))
		out = own(u, CURLUPART_URL, 0);
	free(mask);
	curl_free(query);
	curl_url_cleanup(u);
	return out;
}

double fetch_target_default(const struct fetch_target *t)
{
	if (!strcmp(t->kind, "profile"))
		return 30;
	return !strcmp(t->kind, "trace") ? 1 : 0;
}
