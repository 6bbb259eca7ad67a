/* SPDX-License-Identifier: Apache-2.0 */
/* What all pictures need of text: escaped, and measured without a font. */
#include <stdio.h>

#include "view/draw.h"

void cpi_draw_each(struct cpi_sink *sink, struct cp_text text, cpi_draw_emit_fn *emit)
{
	uint32_t rune;
	unsigned n;

	for (size_t i = 0; i < text.n; i += n) {
		const char *p = text.p + i;

		n = cpi_utf8_decode(p, text.n - i, &rune);
		if (!(rune == CPI_RUNE_BAD && n == 1) && !cpi_rune_unsafe(rune)) {
			emit(sink, p, n);
			continue;
		}
		for (unsigned k = 0; k < n; k++) {
			char hex[5];

			snprintf(hex, sizeof hex, "\\x%02x", (unsigned char)p[k]);
			for (const char *h = hex; *h; h++)
				emit(sink, h, 1);
		}
	}
}

static void emit_xml(struct cpi_sink *sink, const char *p, unsigned n)
{
	switch (*p) {
	case '<':
		cpi_sink_str(sink, "&lt;");
		break;
	case '>':
		cpi_sink_str(sink, "&gt;");
		break;
	case '&':
		cpi_sink_str(sink, "&amp;");
		break;
	case '"':
		cpi_sink_str(sink, "&quot;");
		break;
	case '\'':
		cpi_sink_str(sink, "&#39;");
		break;
	default:
		cpi_sink_bytes(sink, p, n);
	}
}

void cpi_draw_escape(struct cpi_sink *sink, struct cp_text text)
{
	cpi_draw_each(sink, text, emit_xml);
}

/*
 * Advance widths of ' ' … '~' in hundredths of the font size: the larger of DejaVu Sans
 * and Verdana, which are the widest of the usual sans-serif fonts, so that what fits by
 * this table fits everywhere.
 */
static const uint8_t advance[] = {35, 40, 46, 84, 64, 108, 78, 27, 46, 46, 64, 84, 37, 46,
	37, 46, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 46, 46, 84, 84, 84, 55, 100, 69,
	69, 70, 78, 64, 58, 78, 76, 43, 46, 70, 56, 86, 75, 79, 61, 79, 70, 69, 62, 74,
	69, 99, 69, 62, 69, 46, 46, 46, 84, 64, 64, 61, 63, 55, 63, 62, 36, 63, 64, 28,
	35, 60, 28, 98, 64, 61, 63, 63, 43, 53, 40, 64, 60, 82, 60, 60, 53, 64, 46, 64,
	84};

unsigned cpi_draw_rune(uint32_t rune)
{
	if (rune >= ' ' && rune <= '~')
		return advance[rune - ' '];
	if (rune == 0x2026)
		return 100;
	return cpi_rune_width(rune) == 2 ? 105 : cpi_rune_width(rune) ? 70 : 0;
}

uint64_t cpi_draw_advance(struct cp_text text)
{
	uint64_t width = 0;
	uint32_t rune;

	for (size_t i = 0; i < text.n;) {
		i += cpi_utf8_decode(text.p + i, text.n - i, &rune);
		width += cpi_draw_rune(rune);
	}
	return width;
}
