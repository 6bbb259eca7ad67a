/* SPDX-License-Identifier: Apache-2.0 */
/* symbols.c: asks the server that gave bare addresses what they are called. */
#include "fetch/symbols.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/inner.h"

enum { BATCH = 4000, PATIENCE = 30, MAX_ANSWER = 32 << 20 };

struct answer {
	char *text;
	size_t n, cap;
};

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct answer *a = arg;

	n *= size;
	if (n > MAX_ANSWER - a->n)
		return 0;
	if (a->cap - a->n <= n) {
		size_t cap = 2 * a->cap + n + 4096;
		char *text = realloc(a->text, cap);

		if (!text)
			return 0;
		a->text = text;
		a->cap = cap;
	}
	memcpy(a->text + a->n, bytes, n);
	a->n += n;
	a->text[a->n] = 0;
	return n;
}

/* The endpoint beside the profile's path: "symbol" where pprof looks for that, "symbolz".
 */
static bool endpoint(
	const struct fetch_capture *c, char **ret_url, struct fetch_symbols *s)
{
	const char *path = c->target.path, *last = strrchr(path, '/');
	int n = (int)(last - path);
	bool usual = strstr(path, "/debug/pprof/") ||
		     (n >= 6 && !memcmp(last - 6, "/pprof", 6));
	CURLU *u = curl_url();
	char *url = NULL;
	bool ok;

	snprintf(s->path, sizeof s->path, "%.*s/%s", n, path,
		usual ? "symbol" : "symbolz");
	ok = u && !curl_url_set(u, CURLUPART_URL, c->target.url, 0) &&
	     !curl_url_set(u, CURLUPART_PATH, s->path, 0) &&
	     !curl_url_set(u, CURLUPART_QUERY, NULL, 0) &&
	     !curl_url_get(u, CURLUPART_URL, &url, 0);
	if (ok)
		*ret_url = strdup(url);
	curl_free(url);
	curl_url_cleanup(u);
	return ok && *ret_url;
}

static bool put(struct fetch_symbols *s, uint64_t address, const char *name, size_t n)
{
	if (s->cap - s->n < n + 32) {
		size_t cap = 2 * s->cap + n + 4096;
		char *lines = realloc(s->lines, cap);

		if (!lines)
			return false;
		s->lines = lines;
		s->cap = cap;
	}
	s->n += (size_t)sprintf(s->lines + s->n, "0x%016" PRIx64 " ", address);
	for (size_t i = 0; i < n; i++)
		s->lines[s->n++] = (unsigned char)name[i] < 0x20 ? ' ' : name[i];
	s->lines[s->n++] = '\n';
	s->named++;
	return true;
}

/* "0xADDRESS name", with a tab or blanks between; "??" and the address are no names. */
static bool take_line(struct fetch_symbols *s, char *line)
{
	char *end;
	uint64_t address;
	size_t n;

	if (strncmp(line, "0x", 2))
		return true;
	address = strtoull(line, &end, 16);
	if (*end != '\t' && *end != ' ')
		return true;
	end += strspn(end, " \t");
	n = strcspn(end, "\r");
	if (!n || !strncmp(end, "??", 2) || !strncmp(end, "0x", 2) || n > 1 << 16)
		return true;
	return put(s, address, end, n);
}

/* Milliseconds that it may take yet. */
static long left_of(const struct fetch_symbols *s)
{
	int64_t left = (s->until - fetch_now()) / 1000000;

	return left > 0 ? (long)left : 0;
}

/* The capture's own time counts when there is a limit for both. */
static void set_patience(const struct fetch_capture *c, struct fetch_symbols *s)
{
	double limit = c->fetch->settings.timeout;

	s->patience = limit > 0 ? limit - c->result.elapsed : PATIENCE;
	if (s->patience < 1)
		s->patience = 1;
	s->until = fetch_now() + (int64_t)(fmin(s->patience, 1e9) * 1e9);
}

static bool ask(const struct fetch_capture *c, CURL *e, const char *url,
	const char *addresses, struct fetch_symbols *s)
{
	struct answer a = {NULL, 0, 0};
	char *rest, *line;
	CURLcode code;
	long status = 0;
	bool ok;

	curl_easy_reset(e);
	if (!fetch_exchange_set(c, e, url))
		return false;
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, addresses);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, &a);
	code = fetch_aside(c, e, left_of(s));
	ok = !code;
	s->end = code == CURLE_ABORTED_BY_CALLBACK  ? FETCH_SYMBOLS_CANCELLED
		 : code == CURLE_OPERATION_TIMEDOUT ? FETCH_SYMBOLS_TIME
						    : FETCH_SYMBOLS_ANSWERED;
	curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
	s->status = (int)status;
	ok = ok && status == 200 && a.text;
	rest = ok ? a.text : NULL;
	while (ok && (line = strsep(&rest, "\n")))
		ok = take_line(s, line);
	free(a.text);
	return ok;
}

bool fetch_symbols_ask(const struct fetch_capture *c, const struct cp_profile *profile,
	struct fetch_symbols *s)
{
	uint32_t n = cp_profile_counts(profile).locations, batch = 0;
	char *url = NULL, *body = malloc(BATCH * 20), *at = body;
	CURL *e = curl_easy_init();
	bool ok;

	*s = (struct fetch_symbols){0};
	set_patience(c, s);
	ok = e && body && endpoint(c, &url, s);
	for (uint32_t i = 1; ok && i <= n; i++) {
		const struct cp_location_row *row =
			cp_profile_location(profile, (cp_location){i});

		if (!row->n_lines) {
			at += sprintf(at, "%s0x%" PRIx64, batch ? "+" : "", row->address);
			batch++;
			s->asked++;
		}
		if (batch && (batch == BATCH || i == n)) {
			ok = ask(c, e, url, body, s);
			at = body;
			batch = 0;
		}
	}
	curl_easy_cleanup(e);
	free(url);
	free(body);
	return ok && s->named;
}

void fetch_symbols_release(struct fetch_symbols *s)
{
	free(s->lines);
	s->lines = NULL;
}
