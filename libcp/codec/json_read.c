/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls values out of JSON: containers, texts, and skipping. Numbers: json_number.c. */
#include "codec/json_read.h"

#include "codec/json_number.h"

static void fail(struct cpi_jr *jr, const char *why)
{
	if (jr->why)
		return;
	jr->why = why;
	jr->offset = cpi_jr_offset(jr);
	jr->cut = jr->at == jr->end;
	jr->end = jr->at;
}

static inline void blanks(struct cpi_jr *jr)
{
	while (jr->at < jr->end &&
		(*jr->at == ' ' || *jr->at == '\n' || *jr->at == '\t' || *jr->at == '\r'))
		jr->at++;
}

void cpi_jr_init(
	struct cpi_jr *jr, const uint8_t *bytes, size_t n, struct cpi_arena *arena)
{
	/* To NULL nothing can be added in C, not even 0. */
	const uint8_t *p = bytes ? bytes : (const void *)"";

	*jr = (struct cpi_jr){.start = p, .at = p, .end = p + n, .arena = arena};
	if (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		jr->at += 3;
}

static bool word(struct cpi_jr *jr, const char *w)
{
	size_t n = strlen(w);

	if ((size_t)(jr->end - jr->at) < n || memcmp(jr->at, w, n))
		return false;
	jr->at += n;
	return true;
}

enum cpi_jr_kind cpi_jr_peek(struct cpi_jr *jr)
{
	blanks(jr);
	if (jr->at == jr->end)
		return CPI_JR_NONE;
	switch (*jr->at) {
	case '{':
		return CPI_JR_OBJECT;
	case '[':
		return CPI_JR_ARRAY;
	case '"':
		return CPI_JR_TEXT;
	case 't':
	case 'f':
		return CPI_JR_BOOL;
	case 'n':
	case 'N':
	case 'I':
		return CPI_JR_NULL;
	case '-':
		return jr->end - jr->at > 1 && jr->at[1] == 'I' ? CPI_JR_NULL
								: CPI_JR_NUMBER;
	default:
		return *jr->at >= '0' && *jr->at <= '9' ? CPI_JR_NUMBER : CPI_JR_NONE;
	}
}

static bool enter(struct cpi_jr *jr, uint8_t bracket)
{
	blanks(jr);
	if (jr->at == jr->end || *jr->at != bracket) {
		cpi_jr_skip(jr);
		return false;
	}
	if (jr->depth == CPI_JR_DEPTH) {
		fail(jr, "values are nested too deeply");
		return false;
	}
	jr->at++;
	jr->depth++;
	jr->first = true;
	return true;
}

bool cpi_jr_object(struct cpi_jr *jr)
{
	return enter(jr, '{');
}

bool cpi_jr_array(struct cpi_jr *jr)
{
	return enter(jr, '[');
}

/* At the next element or member, or behind the container's end (false). */
static bool next(struct cpi_jr *jr, uint8_t bracket)
{
	bool first = jr->first;

	jr->first = false;
	blanks(jr);
	if (jr->at < jr->end && *jr->at == bracket) {
		jr->at++;
		jr->depth--;
		return false;
	}
	if (first)
		return jr->at < jr->end || (fail(jr, "a list has no end"), false);
	if (jr->at == jr->end || *jr->at != ',') {
		fail(jr, jr->at == jr->end ? "a list has no end"
					   : "there is no comma between two values");
		return false;
	}
	jr->at++;
	blanks(jr);
	if (jr->at < jr->end)
		return true;
	fail(jr, "a list has no end");
	return false;
}

bool cpi_jr_element(struct cpi_jr *jr)
{
	return next(jr, ']');
}

/* The position behind a string's closing quote, from behind its opening one; or NULL. */
static const uint8_t *string_end(const struct cpi_jr *jr, const uint8_t *p, bool *ret_plain)
{
	*ret_plain = true;
	for (; p < jr->end; p++) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\') {
			*ret_plain = false;
			p++;
		}
	}
	return NULL;
}

static unsigned hex4(const uint8_t *p, uint32_t *ret)
{
	uint32_t x = 0;

	for (unsigned i = 0; i < 4; i++) {
		uint8_t c = p[i] | 0x20;

		if (p[i] >= '0' && p[i] <= '9')
			x = x << 4 | (p[i] - '0');
		else if (c >= 'a' && c <= 'f')
			x = x << 4 | (c - 'a' + 10U);
		else
			return 0;
	}
	*ret = x;
	return 4;
}

static size_t put_utf8(char *out, uint32_t rune)
{
	if (rune < 0x80) {
		out[0] = (char)rune;
		return 1;
	}
	if (rune < 0x800) {
		out[0] = (char)(0xc0 | rune >> 6);
		out[1] = (char)(0x80 | (rune & 0x3f));
		return 2;
	}
	if (rune < 0x10000) {
		out[0] = (char)(0xe0 | rune >> 12);
		out[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		out[2] = (char)(0x80 | (rune & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | rune >> 18);
	out[1] = (char)(0x80 | (rune >> 12 & 0x3f));
	out[2] = (char)(0x80 | (rune >> 6 & 0x3f));
	out[3] = (char)(0x80 | (rune & 0x3f));
	return 4;
}

/* "\uXXXX" whose digits start at p, with a second half if there is one; 0: no digits. */
static unsigned unicode(const uint8_t *p, const uint8_t *end, uint32_t *ret_rune)
{
	uint32_t high, low;

	if (end - p < 4 || !hex4(p, &high))
		return 0;
	*ret_rune = high;
	if (high < 0xd800 || high > 0xdfff)
		return 4;
	*ret_rune = CPI_RUNE_BAD;
	if (high > 0xdbff || end - p < 10 || p[4] != '\\' || p[5] != 'u' ||
		!hex4(p + 6, &low) || low < 0xdc00 || low > 0xdfff)
		return 4;
	*ret_rune = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	return 10;
}

/* Unescapes [p, end) to `out`, which has room for as many bytes; NULL: a bad escape. */
static char *unescape(const uint8_t *p, const uint8_t *end, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

	while (p < end) {
		const char *known;
		uint32_t rune;
		unsigned n;

		if (*p != '\\') {
			*out++ = (char)*p++;
			continue;
		}
		if (++p == end)
			return NULL;
		if (*p == 'u') {
			n = unicode(p + 1, end, &rune);
			if (!n)
				return NULL;
			out += put_utf8(out, rune);
			p += 1 + n;
			continue;
		}
		known = *p ? strchr(from, *p) : NULL;
		if (!known)
			return NULL;
		*out++ = to[known - from];
		p++;
	}
	return out;
}

/* The string at the cursor. */
static bool text(struct cpi_jr *jr, struct cp_text *ret)
{
	const uint8_t *p = jr->at + 1, *end;
	char *copy, *last;
	bool plain;

	end = string_end(jr, p, &plain);
	if (!end) {
		fail(jr, "a string has no end");
		return false;
	}
	*ret = (struct cp_text){(const char *)p, (size_t)(end - 1 - p)};
	if (!plain && jr->arena) {
		copy = cpi_arena_alloc(jr->arena, ret->n, 1);
		if (!copy) {
			jr->memory = true;
			fail(jr, "there is no memory for a string");
			return false;
		}
		last = unescape(p, end - 1, copy);
		if (!last) {
			fail(jr, "a string has an escape that JSON does not know");
			return false;
		}
		*ret = (struct cp_text){copy, (size_t)(last - copy)};
	}
	jr->at = end;
	return true;
}

bool cpi_jr_key(struct cpi_jr *jr, struct cp_text *ret_key)
{
	if (!next(jr, '}'))
		return false;
	if (*jr->at != '"') {
		fail(jr, "a member has no name");
		return false;
	}
	if (!text(jr, ret_key))
		return false;
	blanks(jr);
	if (jr->at == jr->end || *jr->at != ':') {
		fail(jr, "a member's name has no value");
		return false;
	}
	jr->at++;
	return true;
}

bool cpi_jr_text(struct cpi_jr *jr, struct cp_text *ret)
{
	blanks(jr);
	if (jr->at < jr->end && *jr->at == '"')
		return text(jr, ret);
	cpi_jr_skip(jr);
	return false;
}

bool cpi_jr_bool(struct cpi_jr *jr, bool *ret)
{
	blanks(jr);
	if (word(jr, "true"))
		*ret = true;
	else if (word(jr, "false"))
		*ret = false;
	else
		return cpi_jr_skip(jr), false;
	return true;
}

static void skip_string(struct cpi_jr *jr)
{
	bool plain;
	const uint8_t *end = string_end(jr, jr->at + 1, &plain);

	if (end)
		jr->at = end;
	else
		fail(jr, "a string has no end");
}

static void skip_scalar(struct cpi_jr *jr)
{
	static const char *const words[] = {
		"null", "true", "false", "NaN", "Infinity", "-Infinity"};
	struct cpi_json_number number;

	if (*jr->at == '"') {
		skip_string(jr);
		return;
	}
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		if (word(jr, words[i]))
			return;
	if (!cpi_json_number(&jr->at, jr->end, &number))
		fail(jr, "here is no value");
}

/*
 * A container without looking into it: only brackets and strings count. What is between
 * them is looked at when it is read.
 */
static void skip_container(struct cpi_jr *jr)
{
	unsigned depth = jr->depth;

	for (;;) {
		switch (jr->at < jr->end ? *jr->at : 0) {
		case 0:
			if (jr->at == jr->end) {
				fail(jr, "a list has no end");
				return;
			}
			jr->at++;
			break;
		case '"':
			skip_string(jr);
			if (jr->why)
				return;
			break;
		case '{':
		case '[':
			if (++depth > CPI_JR_DEPTH) {
				fail(jr, "values are nested too deeply");
				return;
			}
			jr->at++;
			break;
		case '}':
		case ']':
			jr->at++;
			if (--depth == jr->depth)
				return;
			break;
		default:
			jr->at++;
		}
	}
}

void cpi_jr_skip(struct cpi_jr *jr)
{
	blanks(jr);
	if (jr->at == jr->end)
		fail(jr, "the end comes before a value");
	else if (*jr->at == '{' || *jr->at == '[')
		skip_container(jr);
	else
		skip_scalar(jr);
}

struct cpi_jr cpi_jr_value(struct cpi_jr *jr)
{
	struct cpi_jr value;

	blanks(jr);
	value = *jr;
	cpi_jr_skip(jr);
	value.end = jr->why ? value.at : jr->at;
	value.first = false;
	return value;
}

size_t cpi_jr_count(const struct cpi_jr *jr)
{
	struct cpi_jr copy = *jr;
	struct cp_text key;
	size_t n = 0;

	if (cpi_jr_peek(&copy) == CPI_JR_OBJECT) {
		for (cpi_jr_object(&copy); cpi_jr_key(&copy, &key); n++)
			cpi_jr_skip(&copy);
		return n;
	}
	if (cpi_jr_peek(&copy) == CPI_JR_ARRAY)
		for (cpi_jr_array(&copy); cpi_jr_element(&copy); n++)
			cpi_jr_skip(&copy);
	return n;
}

/* The number at the cursor, which is behind it then; anything else is stepped over. */
static bool number(struct cpi_jr *jr, struct cpi_json_number *ret)
{
	if (cpi_jr_peek(jr) != CPI_JR_NUMBER) {
		cpi_jr_skip(jr);
		return false;
	}
	if (cpi_json_number(&jr->at, jr->end, ret))
		return true;
	fail(jr, "a number is none that JSON knows");
	return false;
}

bool cpi_jr_i64(struct cpi_jr *jr, int64_t *ret)
{
	struct cpi_json_number x;

	return number(jr, &x) && cpi_json_number_i64(&x, ret);
}

bool cpi_jr_u64(struct cpi_jr *jr, uint64_t *ret)
{
	struct cpi_json_number x;

	return number(jr, &x) && cpi_json_number_u64(&x, ret);
}

bool cpi_jr_u64_or_text(struct cpi_jr *jr, uint64_t *ret)
{
	struct cp_text t;
	const uint8_t *p;
	struct cpi_json_number x;
	int64_t sign;

	if (cpi_jr_peek(jr) == CPI_JR_TEXT) {
		if (!cpi_jr_text(jr, &t))
			return false;
		p = (const uint8_t *)t.p;
		if (!cpi_json_number(&p, p + t.n, &x) || p != (const uint8_t *)t.p + t.n)
			return false;
	} else if (!number(jr, &x)) {
		return false;
	}
	if (!x.negative)
		return cpi_json_number_u64(&x, ret);
	if (!cpi_json_number_i64(&x, &sign))
		return false;
	*ret = (uint64_t)sign;
	return true;
}

bool cpi_jr_decimal(struct cpi_jr *jr, unsigned decimals, int64_t *ret, bool *ret_exact)
{
	struct cpi_json_number x;

	return number(jr, &x) && cpi_json_number_decimal(&x, decimals, ret, ret_exact);
}

bool cpi_jr_decimals(struct cpi_jr *jr, unsigned *ret)
{
	struct cpi_json_number x;

	if (!number(jr, &x))
		return false;
	*ret = cpi_json_number_decimals(&x);
	return true;
}

bool cpi_jr_double(struct cpi_jr *jr, double *ret)
{
	struct cpi_json_number x;

	if (!number(jr, &x))
		return false;
	*ret = cpi_json_number_double(&x);
	return true;
}
