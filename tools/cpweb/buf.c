/* SPDX-License-Identifier: Apache-2.0 */
/* Growing text, and names made safe for HTML, JSON and addresses. */
#include "cpweb/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_release(struct buf *buf)
{
	free(buf->p);
	*buf = (struct buf){0};
}

static bool reserve(struct buf *buf, size_t n)
{
	size_t cap = buf->cap ? buf->cap : 256;
	char *p;

	if (buf->failed || n > SIZE_MAX / 4 - buf->n) {
		buf->failed = true;
		return false;
	}
	if (buf->n + n + 1 <= buf->cap)
		return true;
	while (cap < buf->n + n + 1)
		cap += cap / 2;
	p = realloc(buf->p, cap);
	if (!p) {
		buf->failed = true;
		return false;
	}
	buf->p = p;
	buf->cap = cap;
	return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t n)
{
	if (!reserve(buf, n))
		return;
	if (n)
		memcpy(buf->p + buf->n, bytes, n);
	buf->n += n;
	buf->p[buf->n] = 0;
}

void buf_str(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n >= 0 && reserve(buf, (size_t)n)) {
		vsnprintf(buf->p + buf->n, (size_t)n + 1, format, again);
		buf->n += (size_t)n;
	}
	va_end(again);
}

/* The shortest forms only, no surrogates, nothing above U+10FFFF. */
size_t utf8_length(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = p[0] < 0x80                   ? 1
		     : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		     : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		     : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						   : 0;

	if (!len || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

/* Bytes at the start of a text that need no care, neither in HTML nor in JSON. */
static size_t plain(const char *text, size_t n)
{
	size_t i = 0;

	while (i < n && text[i] >= ' ' && text[i] < 0x7f && !strchr("<>&\"'\\", text[i]))
		i++;
	return i;
}

/* Characters that turn the direction of what follows could make one name look another. */
static bool turns(const char *text, size_t len)
{
	unsigned char c = (unsigned char)text[2];

	return len == 3 && !memcmp(text, "\xe2\x80", 2) &&
	       ((c >= 0xaa && c <= 0xae) || c == 0x8e || c == 0x8f || c == 0xa8 ||
		       c == 0xa9);
}

/* Writes one character that is not plain; `escape` knows the ASCII ones. */
static size_t special(struct buf *buf, const char *text, size_t n,
	bool (*escape)(struct buf *, char), const char *hex)
{
	size_t len = utf8_length(text, n);

	if (len == 1 && escape(buf, *text))
		return 1;
	if (len == 1 && (*text < ' ' || *text == 0x7f))
		len = 0;
	if (len && !turns(text, len)) {
		buf_add(buf, text, len);
		return len;
	}
	len = len ? len : 1;
	for (size_t i = 0; i < len; i++)
		buf_printf(buf, hex, (unsigned char)text[i]);
	return len;
}

static bool escape_html(struct buf *buf, char c)
{
	switch (c) {
	case '<':
		buf_str(buf, "&lt;");
		return true;
	case '>':
		buf_str(buf, "&gt;");
		return true;
	case '&':
		buf_str(buf, "&amp;");
		return true;
	case '"':
		buf_str(buf, "&quot;");
		return true;
	case '\'':
		buf_str(buf, "&#39;");
		return true;
	default:
		return false;
	}
}

void buf_html(struct buf *buf, const char *text, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t run = plain(text + i, n - i);

		buf_add(buf, text + i, run);
		i += run;
		if (i < n)
			i += special(buf, text + i, n - i, escape_html, "\\x%02x");
	}
}

static bool escape_json(struct buf *buf, char c)
{
	if (!strchr("<>&\"\\\n\t", c) || !c)
		return false;
	if (c == '"' || c == '\\')
		buf_printf(buf, "\\%c", c);
	else
		buf_printf(buf, "\\u%04x", (unsigned)c);
	return true;
}

void buf_json(struct buf *buf, const char *text, size_t n)
{
	buf_char(buf, '"');
	for (size_t i = 0; i < n;) {
		size_t run = plain(text + i, n - i);

		buf_add(buf, text + i, run);
		i += run;
		if (i < n)
			i += special(buf, text + i, n - i, escape_json, "\\\\x%02x");
	}
	buf_char(buf, '"');
}

void buf_member(struct buf *buf, const char *key, const char *text)
{
	if (buf->n && buf->p[buf->n - 1] != '{')
		buf_char(buf, ',');
	buf_printf(buf, "\"%s\":", key);
	buf_json(buf, text, strlen(text));
}

void buf_url(struct buf *buf, const char *text, size_t n)
{
	static const char safe[] = "-_.~/:";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
			(c && strchr(safe, c)))
			buf_char(buf, (char)c);
		else
			buf_printf(buf, "%%%02X", c);
	}
}

int buf_write(void *arg, const void *bytes, size_t n)
{
	struct buf *buf = arg;

	buf_add(buf, bytes, n);
	return buf->failed ? ENOMEM : 0;
}

/* In JSON a < can only stand in a string. */
int buf_write_json(void *arg, const void *bytes, size_t n)
{
	struct buf *buf = arg;
	const char *p = bytes, *end = p + n;

	while (p < end) {
		const char *bad = memchr(p, '<', (size_t)(end - p));

		buf_add(buf, p, (size_t)((bad ? bad : end) - p));
		if (bad)
			buf_str(buf, "\\u003c");
		p = bad ? bad + 1 : end;
	}
	return buf->failed ? ENOMEM : 0;
}
