/* SPDX-License-Identifier: Apache-2.0 */
/* mask.c: which parts of a URL are secrets, or may be. */
#include "fetch/mask.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fetch/target.h"

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool is_listed(const char *list, const char *name, size_t n)
{
	char word[24] = " ";

	if (!n || n > sizeof word - 3)
		return false;
	for (size_t i = 0; i < n; i++)
		word[i + 1] =
			name[i] == '-' ? '_' : (char)tolower((unsigned char)name[i]);
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

/* How tokens of well-known kinds begin: of JSON web tokens, GitHub, GitLab and so on. */
static bool is_known_token(const char *text, size_t n)
{
	static const char *const heads[] = {"eyJ", "ghp_", "gho_", "ghs_", "github_pat_",
		"glpat-", "xoxb-", "xoxp-", "sk-", "sk_", "AKIA", "ya29."};

	if (n < 10)
		return false;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		if (starts(text, heads[i]))
			return true;
	return false;
}

/* 01234567-89ab-cdef-0123-456789abcdef, which links that nobody shall guess end in. */
static bool is_uuid(const char *text, size_t n)
{
	if (n != 36)
		return false;
	for (size_t i = 0; i < n; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23
				? text[i] != '-'
				: !isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/*
 * Letters and digits as chance puts them: a long run of both, or capitals, small letters
 * and several digits in one word. Names of pods and hosts have shorter runs.
 */
static bool is_random(const char *text, size_t n)
{
	size_t run = 0, digits = 0, upper = 0, lower = 0, other = 0;
	size_t letters_of_run = 0, digits_of_run = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		digits += isdigit(c) != 0;
		upper += isupper(c) != 0;
		lower += islower(c) != 0;
		other += !isalnum(c) && !strchr("-_.~+=%", c);
		run = isalnum(c) ? run + 1 : 0;
		letters_of_run = isalnum(c) ? letters_of_run + (isalpha(c) != 0) : 0;
		digits_of_run = isalnum(c) ? digits_of_run + (isdigit(c) != 0) : 0;
		if (run >= 20 && letters_of_run && digits_of_run)
			return true;
	}
	return n >= 16 && !other && digits >= 2 && upper && lower;
}

static bool looks_secret(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((!i || !isalnum((unsigned char)text[i - 1])) &&
			is_known_token(text + i, n - i))
			return true;
	return is_uuid(text, n) || is_random(text, n);
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

	return (is_listed(words, name, n) && !looks_secret(value, length)) ||
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

char *fetch_mask_query(const char *query, struct fetch_secrets *secrets)
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

static bool names_secret(const char *name, size_t n)
{
	static const char words[] =
		" token tokens access_token accesstoken auth_token authtoken api_token "
		"apitoken id_token bearer jwt key api_key apikey access_key secret "
		"secrets "
		"client_secret password passwd pass pwd auth credential credentials "
		"session session_id sessionid sid sig signature ";

	return is_listed(words, name, n);
}

/* What paths are made of anyway, whatever stands in front of it. */
static bool is_path_word(const char *part, size_t n)
{
	char word[24];

	if (is_listed(" debug pprof api v1 v2 proxy symbol symbolz ", part, n))
		return true;
	if (n >= sizeof word)
		return false;
	memcpy(word, part, n);
	word[n] = 0;
	return fetch_kind_path(word);
}

/* The '=' of n bytes, also as it is written in URLs; n when there is none. */
static size_t sign_of(const char *part, size_t n, size_t *ret_length)
{
	for (size_t i = 0; i < n; i++) {
		bool coded = n - i >= 3 && !strncasecmp(part + i, "%3d", 3);

		*ret_length = coded ? 3 : 1;
		if (coded || part[i] == '=')
			return i;
	}
	return n;
}

/* Where the last @ of n bytes is. */
static const char *last_at(const char *text, size_t n)
{
	while (n--)
		if (text[n] == '@')
			return text + n;
	return NULL;
}

/* The secret in one part of a path, which stands between '/' and ';'; 0: none. */
static size_t secret_of(
	const char *part, size_t n, bool awaited, bool parameter, const char **ret)
{
	size_t length, sign = sign_of(part, n, &length);
	const char *colon = memchr(part, ':', n), *login = last_at(part, n);

	*ret = part;
	/* A second host's password: /proxy/http://me:x@host */
	if (login && colon && colon < login) {
		*ret = colon + 1;
		return (size_t)(login - *ret);
	}
	if (sign < n && (parameter || !is_open(part, sign, part + sign + length,
					      n - sign - length))) {
		*ret = part + sign + length;
		return n - sign - length;
	}
	if (colon && names_secret(part, (size_t)(colon - part))) {
		*ret = colon + 1;
		return n - (size_t)(*ret - part);
	}
	return (awaited && !is_path_word(part, n)) || looks_secret(part, n) ? n : 0;
}

char *fetch_mask_path(const char *path, struct fetch_secrets *secrets)
{
	char *out = malloc(4 * strlen(path) + 1), *at = out;
	bool awaited = false, parameter = false;

	while (out && *path) {
		size_t n = strcspn(path, ";/");
		const char *secret;
		size_t length = secret_of(path, n, awaited, parameter, &secret);

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
		if (n)
			awaited = !length && names_secret(path, n);
		path += n;
		parameter = *path == ';';
		if (*path)
			*at++ = *path++;
	}
	if (out)
		*at = 0;
	return out;
}
