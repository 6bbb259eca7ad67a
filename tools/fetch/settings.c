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

static bool is_named(const char *header, const char *name)
{
	return !strncasecmp(header, name, strlen(name));
}

/* "Basic dXNlcjpw": what it says in clear, since a server may repeat that. */
static bool remember_basic(struct fetch_secrets *secrets, const char *coded)
{
	char *plain = fetch_secrets_decode(coded),
	     *colon = plain ? strchr(plain, ':') : NULL;
	bool ok = true;

	if (colon) {
		*colon = 0;
		ok = fetch_secrets_add_login(secrets, plain, colon + 1);
	}
	if (plain)
		explicit_bzero(plain, strlen(plain));
	free(plain);
	return ok;
}

/* One word of a value, also as it reads without percent signs. */
static bool remember_word(struct fetch_secrets *secrets, const char *at, size_t n)
{
	char *word = strndup(at, n);
	char *plain = word ? curl_easy_unescape(NULL, word, 0, NULL) : NULL;
	bool ok = plain && fetch_secrets_add(secrets, word) &&
		  fetch_secrets_add(secrets, plain);

	curl_free(plain);
	free(word);
	return ok;
}

/*
 * The value, and its parts: the token behind "Bearer", each value of "a=x; b=y" however
 * short, and of other lists the words that are long enough to be secrets.
 */
static bool remember_header(struct fetch_secrets *secrets, const char *header)
{
	const char *at = strchr(header, ':') + 1, *value;
	bool login = is_named(header, "Authorization:") ||
		     is_named(header, "Proxy-Authorization:");
	bool ok, wanted = false;

	if (is_plain(header))
		return true;
	at += strspn(at, " \t");
	value = at;
	ok = fetch_secrets_add(secrets, at);
	while (ok && *at) {
		size_t n = strcspn(at, " ;,=\"");

		if (n >= 8 || wanted)
			ok = remember_word(secrets, at, n);
		if (ok && wanted && login && !strncasecmp(value, "Basic ", 6))
			ok = remember_basic(secrets, at);
		at += n;
		/* What follows the scheme, or the name of a cookie. */
		wanted = *at == '=' || (login && *at);
		at += strspn(at, " ;,=\"");
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
