/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_DRAW_H
#define CPI_VIEW_DRAW_H

/* Text in pictures and pages: escaped, and measured without a font. */

#include "base/sink.h"
#include "base/text.h"

/* Calls for each character: what must be shown as \xNN, or what may be shown as it is. */
typedef void cpi_draw_emit_fn(struct cpi_sink *sink, const char *p, unsigned n);
void cpi_draw_each(struct cpi_sink *sink, struct cp_text text, cpi_draw_emit_fn *emit);
/* For XML and HTML, between tags and in attributes. */
void cpi_draw_escape(struct cpi_sink *sink, struct cp_text text);

/*
 * Advance widths in hundredths of the font size, of the widest of the usual sans-serif
 * fonts: what fits by them fits everywhere. Whole numbers, so that sums are the same on
 * every machine.
 */
unsigned cpi_draw_rune(uint32_t rune);
uint64_t cpi_draw_advance(struct cp_text text);

#endif
