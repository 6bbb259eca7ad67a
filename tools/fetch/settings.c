/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c: what all captures of a loop send, and what of it must not be shown. */
#include "fetch/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool refuse(char *message, size_t size, const char *why)
{
	snprintf(message, size, "%s", why);
	return false;
}

/* Names whose values are no secrets, and would be hidden in every sentence. */
static bool is_plain(const char *header)
{
	static const char *const names[] = {
		"Accept:", "Host:", "Content-Type:", "User-Agent:", "Connection:"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strncasecmp(header, names[i], strlen(names[i])))
			return true;
	return false;
}

/* The value, and each word of it: "Bearer x", "a=x; b=y". */
static bool remember_header(struct fetch_secrets *secrets, const char *header)
{
	const char *at = strchr(header, ':') + 1;
	bool ok;

	if (is_plain(header))
		return true;
	at += strspn(at, " \t");
	ok = fetch_secrets_add(secrets, at);
	while (ok && *at) {
		size_t n = strcspn(at, " ;,=");
		char *word = strndup(at, n);

		ok = word && (n < 8 || fetch_secrets_add(secrets, word));
		free(word);
		at += n;
		at += strspn(at, " ;,=");
	}
	return ok;
}

static bool append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer;
}

static bool take_header(struct fetch *f, const char *header, char *message, size_t size)
{
	size_t name = strcspn(header, ":");

	for (const char *p = header; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return refuse(
				message, size, "a header has a control character in it");
	if (!header[name] || !name || strcspn(header, " \t") < name)
		return refuse(message, size, "a header is \"Name: value\"");
	if (!append(&f->headers, header) || !remember_header(&f->secrets, header))
		return refuse(message, size, "out of memory");
	return true;
}

/* TiKV's profiler draws a picture unless it is told that a protobuf is wanted. */
static bool take_headers(struct fetch *f, char *message, size_t size)
{
	static const char wanted[] = "Content-Type: application/protobuf";
	const struct fetch_settings *s = &f->settings;
	bool own = false;

	for (size_t i = 0; i < s->n_headers; i++) {
		if (!take_header(f, s->headers[i], message, size))
			return false;
		own |= !strncasecmp(s->headers[i], "Content-Type:", 13);
	}
	if (!append(&f->bare, wanted) || (!own && !append(&f->headers, wanted)))
		return refuse(message, size, "out of memory");
	return true;
}

bool fetch_settings_take(struct fetch *f, char *message, size_t size)
{
	const struct fetch_settings *s = &f->settings;
	char *colon;

	if (!s->tls_cert != !s->tls_key)
		return refuse(message, size, "--tls-cert and --tls-key go together");
	if (!take_headers(f, message, size))
		return false;
	if (s->user && !fetch_secrets_add_login(&f->secrets, s->user, s->password))
		return refuse(message, size, "out of memory");
	if (s->bearer && !fetch_secrets_add(&f->secrets, s->bearer))
		return refuse(message, size, "out of memory");
	/* http://user:password@proxy */
	if (s->proxy && strchr(s->proxy, '@')) {
		const char *at = strstr(s->proxy, "://");
		char *login = strndup(at ? at + 3 : s->proxy,
			(size_t)(strrchr(s->proxy, '@') - (at ? at + 3 : s->proxy)));
		bool ok = login;

		colon = login ? strchr(login, ':') : NULL;
		if (colon)
			*colon = 0;
		ok = ok &&
		     (!colon || fetch_secrets_add_login(&f->secrets, login, colon + 1));
		free(login);
		if (!ok)
			return refuse(message, size, "out of memory");
	}
	return true;
}
