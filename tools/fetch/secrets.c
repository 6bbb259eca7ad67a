/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.c: words that are hidden wherever text from elsewhere is shown. */
#include "fetch/secrets.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shorter words stand in any text by chance, and hiding them would show where. */
enum { SHORTEST = 3 };

static bool keep(struct fetch_secrets *secrets, char *word)
{
	char **v = word ? reallocarray(secrets->v, secrets->n + 1, sizeof *v) : NULL;

	if (!v) {
		free(word);
		return false;
	}
	secrets->v = v;
	secrets->v[secrets->n++] = word;
	return true;
}

/* The caller frees it. */
static char *base64(const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text);
	char *out = malloc((n + 2) / 3 * 4 + 1), *at = out;

	for (size_t i = 0; out && i < n; i += 3) {
		unsigned char a = (unsigned char)text[i];
		unsigned char b = i + 1 < n ? (unsigned char)text[i + 1] : 0;
		unsigned char c = i + 2 < n ? (unsigned char)text[i + 2] : 0;

		*at++ = digits[a >> 2];
		*at++ = digits[(a & 3) << 4 | b >> 4];
		*at++ = i + 1 < n ? digits[(b & 15) << 2 | c >> 6] : '=';
		*at++ = i + 2 < n ? digits[c & 63] : '=';
	}
	if (out)
		*at = 0;
	return out;
}

char *fetch_secrets_decode(const char *coded)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = malloc(strlen(coded) + 1), *at = out;
	unsigned bits = 0, n = 0;

	for (const char *digit; out && *coded && (digit = strchr(digits, *coded));
		coded++) {
		bits = bits << 6 | (unsigned)(digit - digits);
		n += 6;
		if (n >= 8) {
			n -= 8;
			*at++ = (char)(bits >> n);
		}
	}
	if (out)
		*at = 0;
	return out;
}

/* As it stands in URLs; the caller frees it. */
static char *percent(const char *text, const char *plain)
{
	char *out = malloc(3 * strlen(text) + 1), *at = out;

	for (; out && *text; text++)
		if (strchr(plain, *text) || (*text >= '0' && *text <= '9') ||
			((*text | 32) >= 'a' && (*text | 32) <= 'z'))
			*at++ = *text;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*text);
	if (out)
		*at = 0;
	return out;
}

/* What HTML, Go's %q and JSON make of the signs that they do not leave alone. */
static char *escaped(const char *text, const char *const *rows)
{
	char *out = malloc(6 * strlen(text) + 1), *at = out;

	for (; out && *text; text++) {
		const char *const *row = rows;

		while (*row && (*row)[0] != *text)
			row++;
		if (*row)
			at = stpcpy(at, *row + 1);
		else
			*at++ = *text;
	}
	if (out)
		*at = 0;
	return out;
}

bool fetch_secrets_add(struct fetch_secrets *secrets, const char *word)
{
	static const char *const html[] = {
		"&&amp;", "<&lt;", ">&gt;", "\"&#34;", "'&#39;", NULL};
	static const char *const quoted[] = {"\\\\\\", "\"\\\"", NULL};

	if (strlen(word) < SHORTEST)
		return true;
	return keep(secrets, strdup(word)) && keep(secrets, percent(word, "-._~")) &&
	       keep(secrets, percent(word, "-._~!$&'()*+,;=:@")) &&
	       keep(secrets, escaped(word, html)) &&
	       keep(secrets, escaped(word, quoted)) && keep(secrets, base64(word));
}

bool fetch_secrets_add_login(
	struct fetch_secrets *secrets, const char *user, const char *password)
{
	char *both = NULL, *coded = NULL;
	bool ok;

	if (asprintf(&both, "%s:%s", user, password) < 0)
		return false;
	coded = base64(both);
	ok = coded && fetch_secrets_add(secrets, password) &&
	     fetch_secrets_add(secrets, coded);
	free(both);
	free(coded);
	return ok;
}

/* A word may hold another: the longest at each place is hidden whole. */
void fetch_secrets_hide(const struct fetch_secrets *secrets, char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t longest = 0;

		for (size_t k = 0; k < secrets->n; k++) {
			size_t length = strlen(secrets->v[k]);

			if (length > longest && length <= n - i &&
				!memcmp(text + i, secrets->v[k], length))
				longest = length;
		}
		memset(text + i, '*', longest);
		i += longest ? longest - 1 : 0;
	}
}

void fetch_secrets_release(struct fetch_secrets *secrets)
{
	for (size_t i = 0; i < secrets->n; i++) {
		explicit_bzero(secrets->v[i], strlen(secrets->v[i]));
		free(secrets->v[i]);
	}
	free(secrets->v);
	*secrets = (struct fetch_secrets){0};
}
