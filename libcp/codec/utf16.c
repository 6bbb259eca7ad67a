/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text in UTF-16: known by its byte order mark, or by the zero that each ASCII character
 * has beside it. Output comes piece by piece, so a large text goes where spools go.
 */
#include "codec/utf16.h"

enum { PIECE = 4096, LOOKED_AT = 64, FEWEST = 16 };

struct form {
	bool is, big; /* high byte first */
	unsigned mark; /* bytes of its byte order mark */
};

static bool is_text(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || (c >= '\t' && c <= '\r');
}

/* ASCII characters only, of which three differ: no table of numbers looks like that. */
static bool without_mark(const uint8_t *bytes, size_t n, bool big)
{
	uint8_t seen[3];
	unsigned kinds = 0;

	if (n < FEWEST || n % 2)
		return false;
	for (size_t i = 0; i < n && i < LOOKED_AT; i += 2) {
		uint8_t c = bytes[i + big], known = 0;

		if (bytes[i + !big] || !is_text(c))
			return false;
		for (unsigned k = 0; k < kinds; k++)
			known |= seen[k] == c;
		if (!known && kinds < sizeof seen)
			seen[kinds++] = c;
	}
	return kinds == sizeof seen;
}

static struct form form_of(const uint8_t *bytes, size_t n)
{
	if (n >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe)
		return (struct form){true, false, 2};
	if (n >= 2 && bytes[0] == 0xfe && bytes[1] == 0xff)
		return (struct form){true, true, 2};
	for (int big = 0; big < 2; big++)
		if (without_mark(bytes, n, big))
			return (struct form){true, big, 0};
	return (struct form){0};
}

/* Up to four bytes; how many. */
static unsigned encode(uint32_t c, uint8_t *out)
{
	static const uint8_t start[] = {0, 0, 0xc0, 0xe0, 0xf0};
	unsigned n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (unsigned i = n; i-- > 1; c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(start[n] | c);
	return n;
}

static uint32_t unit(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* The character at p, of `left` bytes; its length in bytes. */
static unsigned decode(const uint8_t *p, size_t left, bool big, uint32_t *ret)
{
	uint32_t a, b;

	*ret = 0xfffd;
	if (left < 2)
		return 1;
	a = unit(p, big);
	if (a < 0xd800 || a > 0xdfff) {
		*ret = a;
		return 2;
	}
	b = left >= 4 ? unit(p + 2, big) : 0;
	if (a > 0xdbff || b < 0xdc00 || b > 0xdfff)
		return 2;
	*ret = 0x10000 + ((a - 0xd800) << 10) + (b - 0xdc00);
	return 4;
}

enum cp_code cpi_utf16_read(struct cpi_env *env, const uint8_t *bytes, size_t n,
	struct cpi_blob *ret_blob, bool *ret_opened, struct cp_error *err)
{
	struct form form = form_of(bytes, n);
	struct cpi_spool spool;
	uint8_t piece[PIECE];
	size_t at = form.mark, filled = 0;
	enum cp_code code = CP_OK;

	*ret_opened = false;
	if (!form.is)
		return CP_OK;
	cpi_spool_init(&spool, env);
	while (at < n && !code) {
		uint32_t c;

		at += decode(bytes + at, n - at, form.big, &c);
		filled += encode(c, piece + filled);
		if (filled + 4 > sizeof piece || at >= n) {
			code = cpi_spool_add(&spool, piece, filled, err);
			filled = 0;
		}
	}
	if (code) {
		cpi_spool_release(&spool);
		return code;
	}
	code = cpi_spool_finish(&spool, ret_blob, err);
	*ret_opened = !code;
	return code;
}
