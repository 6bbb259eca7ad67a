/* SPDX-License-Identifier: Apache-2.0 */
/* Build ids: from text and bytes to digits, and which of them mean the same file. */
#include "locate/build_id.h"

/* Digits of the longest id that perf keeps. */
enum { KEPT = 2 * 20 };

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct cpi_build_id cpi_build_id_read(struct cp_text text)
{
	static const char digit[] = "0123456789abcdef";
	struct cpi_build_id id = {.odd = text.n >= sizeof id.hex};

	for (size_t i = 0; i < text.n && !id.odd; i++) {
		int x = nibble(text.p[i]);

		id.odd = x < 0;
		id.hex[i] = digit[x & 15];
	}
	if (id.odd)
		memset(id.hex, 0, sizeof id.hex);
	return id;
}

struct cpi_build_id cpi_build_id_of_bytes(struct cp_text bytes)
{
	static const char digit[] = "0123456789abcdef";
	struct cpi_build_id id = {.odd = false};

	for (size_t i = 0; i < bytes.n && 2 * i + 2 < sizeof id.hex; i++) {
		id.hex[2 * i] = digit[(unsigned char)bytes.p[i] >> 4];
		id.hex[2 * i + 1] = digit[bytes.p[i] & 15];
	}
	return id;
}

bool cpi_build_id_fits(const struct cpi_build_id *wanted, const struct cpi_build_id *file)
{
	size_t w = strlen(wanted->hex), f = strlen(file->hex);
	size_t same = w < f ? w : f;

	if (wanted->odd || !same || memcmp(wanted->hex, file->hex, same))
		return false;
	if (w > f)
		return w == KEPT && strspn(wanted->hex + f, "0") == w - f;
	return w == f || w == KEPT;
}
