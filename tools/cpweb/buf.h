/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_BUF_H
#define CPW_BUF_H

/*
 * Text being made. A failed allocation is remembered in `failed` and everything after it
 * is dropped, so a page is written straight through and asked once at its end.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *p; /* has a NUL after its n bytes once anything was added */
	size_t n, cap;
	bool failed;
};

void buf_release(struct buf *buf);
void buf_add(struct buf *buf, const void *bytes, size_t n);
void buf_str(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As HTML text or attribute; bytes that are no UTF-8 and control characters as \xNN. */
void buf_html(struct buf *buf, const char *text, size_t n);
/*
 * As a JSON string with its quotes, which may also stand in a script element: no < is
 * left in it. Bytes that are no UTF-8 as \xNN.
 */
void buf_json(struct buf *buf, const char *text, size_t n);
/* ,"key":"text" or, without a comma, when it follows a brace. */
void buf_member(struct buf *buf, const char *key, const char *text);
/* Percent-encoded, for a query. */
void buf_url(struct buf *buf, const char *text, size_t n);

/* cp_write_fn: as it is, and JSON that is to stand in a script element. */
int buf_write(void *buf, const void *bytes, size_t n);
int buf_write_json(void *buf, const void *bytes, size_t n);

/* Bytes of the UTF-8 character that a text begins with; 0: it begins with none. */
size_t utf8_length(const char *text, size_t n);

#endif
