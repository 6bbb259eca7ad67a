/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing, measuring and escaping bytes that may be text. */
#include "base/text.h"

#include <stdio.h>

#include "base/sink.h"

int cpi_text_compare(struct cp_text a, struct cp_text b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	if (order)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

struct cp_text cpi_text_basename(struct cp_text path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

	if (!slash)
		return path;
	return (struct cp_text){slash + 1, path.n - (size_t)(slash + 1 - path.p)};
}

static bool number(struct cp_text text, unsigned base, uint64_t *ret_x)
{
	uint64_t x = 0;

	if (!text.n)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		unsigned digit = c >= '0' && c <= '9' ? c - '0'
			: c >= 'a' && c <= 'f'        ? c - 'a' + 10u
			: c >= 'A' && c <= 'F'        ? c - 'A' + 10u
						      : 99;

		if (digit >= base || __builtin_mul_overflow(x, base, &x) ||
			__builtin_add_overflow(x, digit, &x))
			return false;
	}
	*ret_x = x;
	return true;
}

bool cpi_text_hex(struct cp_text text, uint64_t *ret_x)
{
	return number(text, 16, ret_x);
}

bool cpi_text_u64(struct cp_text text, uint64_t *ret_x)
{
	if (text.n > 2 && text.p[0] == '0' && (text.p[1] | 32) == 'x')
		return number((struct cp_text){text.p + 2, text.n - 2}, 16, ret_x);
	return number(text, 10, ret_x);
}

unsigned cpi_utf8_decode(const char *p, size_t n, uint32_t *ret_rune)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)p;
	unsigned len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
		: s[0] >= 0xe0 && s[0] < 0xf0                        ? 3
		: s[0] >= 0xc2 && s[0] < 0xe0                        ? 2
								     : 0;
	uint32_t rune;

	*ret_rune = CPI_RUNE_BAD;
	if (len == 1) {
		*ret_rune = s[0];
		return 1;
	}
	if (!len || len > n)
		return 1;
	rune = s[0] & (0x7fu >> len);
	for (unsigned i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 1;
		rune = rune << 6 | (s[i] & 0x3f);
	}
	if (rune < least[len] || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000))
		return 1;
	*ret_rune = rune;
	return len;
}

struct range {
	uint32_t first, last;
};

static bool in_ranges(const struct range *range, size_t n, uint32_t rune)
{
	for (size_t i = 0; i < n && range[i].first <= rune; i++)
		if (rune <= range[i].last)
			return true;
	return false;
}

#define IN(ranges, rune) in_ranges(ranges, sizeof(ranges) / sizeof *(ranges), rune)

unsigned cpi_rune_width(uint32_t rune)
{
	/* East Asian Width W and F, and emoji presentation, in blocks (Unicode 15). */
	static const struct range wide[] = {{0x1100, 0x115f}, {0x231a, 0x231b},
		{0x2329, 0x232a}, {0x23e9, 0x23ec}, {0x2e80, 0x303e}, {0x3041, 0x33ff},
		{0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xa000, 0xa4cf}, {0xa960, 0xa97c},
		{0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60},
		{0xffe0, 0xffe6}, {0x16fe0, 0x18aff}, {0x1b000, 0x1b2ff},
		{0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e},
		{0x1f191, 0x1f19a}, {0x1f200, 0x1f320}, {0x1f32d, 0x1f335},
		{0x1f337, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f7e0, 0x1f7eb},
		{0x1f90c, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd}};
	static const struct range combining[] = {{0x300, 0x36f}, {0x483, 0x489},
		{0x591, 0x5bd}, {0x610, 0x61a}, {0x64b, 0x65f}, {0x1ab0, 0x1aff},
		{0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f},
		{0xfe20, 0xfe2f}, {0xe0100, 0xe01ef}};

	if (rune < 0x300)
		return 1;
	if (IN(combining, rune))
		return 0;
	return IN(wide, rune) ? 2 : 1;
}

bool cpi_rune_unsafe(uint32_t rune)
{
	static const struct range unsafe[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x61c, 0x61c},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
		{0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe007f}};

	return IN(unsafe, rune);
}

size_t cpi_text_width(struct cp_text text)
{
	size_t width = 0;
	uint32_t rune;

	for (size_t i = 0; i < text.n;
		i += cpi_utf8_decode(text.p + i, text.n - i, &rune)) {
		(void)cpi_utf8_decode(text.p + i, text.n - i, &rune);
		width += cpi_rune_width(rune);
	}
	return width;
}

/*
 * Writes the shown form of the character at p to out (room for 17: four bytes as \xNN and
 * snprintf's zero); returns its length.
 */
static size_t shown(const char *p, size_t n, char *out, unsigned *ret_used)
{
	uint32_t rune;
	unsigned used = cpi_utf8_decode(p, n, &rune);
	size_t len = 0;
	bool bad = rune == CPI_RUNE_BAD && used == 1;

	*ret_used = used;
	if (!bad && !cpi_rune_unsafe(rune)) {
		memcpy(out, p, used);
		return used;
	}
	for (unsigned i = 0; i < used; i++)
		len += (size_t)snprintf(
			out + len, 17 - len, "\\x%02x", (unsigned char)p[i]);
	return len;
}

void cpi_text_escape(struct cpi_sink *sink, struct cp_text text)
{
	char out[17];
	unsigned used;

	for (size_t i = 0; i < text.n; i += used) {
		size_t len = shown(text.p + i, text.n - i, out, &used);

		cpi_sink_bytes(sink, out, len);
	}
}

char *cpi_text_printable(char *buf, size_t size, struct cp_text text)
{
	static const char more[] = "…";
	char out[17];
	size_t at = 0;
	unsigned used;

	for (size_t i = 0; i < text.n; i += used) {
		size_t len = shown(text.p + i, text.n - i, out, &used);
		bool last = i + used == text.n;

		if (at + len + (last ? 1 : sizeof more) > size) {
			if (at + sizeof more <= size) {
				memcpy(buf + at, more, sizeof more);
				return buf;
			}
			break;
		}
		memcpy(buf + at, out, len);
		at += len;
	}
	if (size)
		buf[at] = 0;
	return buf;
}
