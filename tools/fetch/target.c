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

static bool is_listed(const char *list, const char *name, size_t n)
{
	char word[24] = " ";

	if (!n || n > sizeof word - 3)
		return false;
	memcpy(word + 1, name, n);
	word[n + 1] = ' ';
	return strstr(list, word);
}

/* "30", "1.5", "10s", "now-1h", "2026-01-02T03:04:05Z" */
static bool is_number(const char *text, size_t n, bool time)
{
	size_t digits;

	if (time && n >= 3 && starts(text, "now"))
		return strspn(text + 3, "+-0123456789smhdw") >= n - 3;
	if (time && n == 20 && text[n - 1] == 'Z')
		return strspn(text, "0123456789-:T") >= n - 1;
	digits = strspn(text, "0123456789.");
	return (digits >= n && n <= 20) ||
	       (digits && n - digits <= 2 && n <= 20 &&
		       strspn(text + digits, "numsh") >= n - digits);
}

/*
 * Parameters whose values are no secrets, where they are what the name promises; of any
 * other the value is masked.
 */
static bool is_open(const char *name, size_t n, const char *value, size_t length)
{
	static const char numbers[] =
		" seconds debug gc frequency period hz rate interval "
		"duration max_nodes ";
	static const char times[] = " start from to until ";
	static const char words[] =
		" event type profile format pprof output name labels query service_name ";

	return is_listed(words, name, n) ||
	       (is_listed(numbers, name, n) && is_number(value, length, false)) ||
	       (is_listed(times, name, n) && is_number(value, length, true));
}

/* Remembers a value as it stands in the URL, and without percent signs. */
static bool remember(struct fetch_secrets *secrets, const char *value, size_t n)
{
	char *word = strndup(value, n);
	char *plain = word ? curl_easy_unescape(NULL, word, 0, NULL) : NULL;
	bool ok = plain && (!secrets || (fetch_secrets_add(secrets, word) &&
						fetch_secrets_add(secrets, plain)));

	curl_free(plain);
	free(word);
	return ok;
}

/*
 * The query with secret values masked; they are remembered when `secrets` is given. NULL
 * when memory ends.
 */
static char *masked(const char *query, struct fetch_secrets *secrets)
{
	char *out = malloc(4 * strlen(query) + 1), *at = out;

	while (out && *query) {
		size_t n = strcspn(query, "&;"), name = strcspn(query, "=&;");
		/* A word alone is a value, too. */
		size_t value = name == n ? 0 : name + 1;

		if (value >= n || is_open(query, name, query + value, n - value)) {
			at = mempcpy(at, query, n);
		} else {
			if (!remember(secrets, query + value, n - value)) {
				free(out);
				return NULL;
			}
			at = mempcpy(at, query, value);
			at = stpcpy(at, "***");
		}
		query += n;
		if (*query)
			*at++ = *query++;
	}
	if (out)
		*at = 0;
	return out;
}

/* Where the last @ of n bytes is. */
static const char *last_at(const char *text, size_t n)
{
	while (n--)
		if (text[n] == '@')
			return text + n;
	return NULL;
}

/*
 * The path with the values of its parameters masked (/a;token=x/b), and what may be a
 * password of a second host in it (/a/http://me:x@host); remembered as above.
 */
static char *masked_path(const char *path, struct fetch_secrets *secrets)
{
	char *out = malloc(4 * strlen(path) + 1), *at = out;

	while (out && *path) {
		size_t n = strcspn(path, ";/"), login = strcspn(path, ":@;/");
		const char *sign = last_at(path, n);
		const char *secret = NULL;
		size_t length = 0;

		if (path[0] == ';') {
			size_t name = strcspn(path, "=/");

			n = 1 + strcspn(path + 1, ";/");
			if (name < n)
				secret = path + name + 1;
			length = secret ? n - name - 1 : 0;
		} else if (sign && path[login] == ':') {
			secret = path + login + 1;
			length = (size_t)(sign - secret);
		} else if (!n) {
			n = 1;
		}
		if (length && !remember(secrets, secret, length)) {
			free(out);
			return NULL;
		}
		at = mempcpy(at, path, length ? (size_t)(secret - path) : n);
		if (length) {
			at = stpcpy(at, "***");
			at = mempcpy(at, secret + length,
				n - length - (size_t)(secret - path));
		}
		path += n;
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
	char *out = NULL;
	int before;

	if (!kind && strcmp(path, "/"))
		return strdup(path);
	while (n && path[n - 1] == '/')
		n--;
	before = before_kind(path, n);
	/* Any other path is the prefix under which the service's own paths stand. */
	if (asprintf(&out, "%.*s%s/%s%s", before < 0 ? (int)n : before, path,
		    before < 0 ? "/debug/pprof" : "", name,
		    path + strcspn(path, ";")) < 0)
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
	char *mask = masked(query ? query : "", secrets);
	char *way = masked_path(path ? path : "/", secrets);
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
	size_t n = strcspn(t->path, ";");
	const char *slash = memrchr(t->path, '/', n);
	size_t length = slash ? (size_t)(t->path + n - (slash + 1)) : 0;

	t->kind = length ? strndup(slash + 1, length) : strdup("index");
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
