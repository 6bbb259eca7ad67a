/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_TEXT_H
#define CPI_TEXT_H

/* Text that came from an input is bytes; these are the ways to look at it and show it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cp/text.h>

struct cpi_sink;

#define CPI_TEXT(literal) ((struct cp_text){(literal), sizeof(literal) - 1})

static inline struct cp_text cpi_text(const char *s)
{
	return (struct cp_text){s, strlen(s)};
}

static inline bool cpi_text_equal(struct cp_text a, struct cp_text b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

static inline bool cpi_text_starts(struct cp_text text, struct cp_text with)
{
	return text.n >= with.n && (!with.n || !memcmp(text.p, with.p, with.n));
}

static inline bool cpi_text_ends(struct cp_text text, struct cp_text with)
{
	return text.n >= with.n &&
		(!with.n || !memcmp(text.p + text.n - with.n, with.p, with.n));
}

/* Bytewise order; a prefix comes first. */
int cpi_text_compare(struct cp_text a, struct cp_text b);
/* What follows the last '/', or all of it. */
struct cp_text cpi_text_basename(struct cp_text path);
/*
 * The whole text as a decimal or 0x number; false when it is anything else or
 * overflows.
 */
bool cpi_text_u64(struct cp_text text, uint64_t *ret_x);
/* Hexadecimal digits without prefix. */
bool cpi_text_hex(struct cp_text text, uint64_t *ret_x);

#define CPI_RUNE_BAD 0xfffd

/*
 * Decodes one character of UTF-8 at p (n > 0 bytes are there); returns its length in
 * bytes. Overlong forms, surrogates and stray bytes give CPI_RUNE_BAD, length 1.
 */
unsigned cpi_utf8_decode(const char *p, size_t n, uint32_t *ret_rune);
/* Terminal columns of a rune: 0 combining, 2 wide, else 1. Control characters count 1. */
unsigned cpi_rune_width(uint32_t rune);
/* True for C0/C1 controls, bidi marks, line separators: what no output shows raw. */
bool cpi_rune_unsafe(uint32_t rune);
size_t cpi_text_width(struct cp_text text);

/*
 * Appends the text as a terminal may show it: bad UTF-8 and unsafe runes as \xNN, the
 * rest as it is.
 */
void cpi_text_escape(struct cpi_sink *sink, struct cp_text text);
/* The same into a fixed buffer, cut with "…" when it does not fit; returns buf. */
char *cpi_text_printable(char *buf, size_t size, struct cp_text text);

#endif
