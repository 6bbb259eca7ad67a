/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DWARF_SKIP_H
#define CPI_DWARF_SKIP_H

/*
 * Steps of the program that steps over an entry's attributes: the kind in the low byte,
 * an operand above it. Inline, because it runs for nearly every entry of a unit.
 */

#include "object/dwarf/parts.h"

enum {
	SKIP_END,
	SKIP_BYTES,   /* operand: how many */
	SKIP_LEB,
	SKIP_SIBLING, /* four bytes, which are remembered */
	SKIP_BLOCK,   /* length as LEB128 in front */
	SKIP_BLOCK1,
	SKIP_STRING,
	SKIP_OTHER    /* operand: the form */
};

static inline void cpi_dwarf_skip_leb(struct cpi_cursor *c)
{
	for (;;) {
		if (c->at == c->end) {
			cpi_cursor_fail(c);
			return;
		}
		if (!(*c->at++ & 0x80))
			return;
	}
}

/* Runs the program at `op`; gives the sibling's unit-relative offset, or 0. */
static inline uint32_t cpi_dwarf_skip(
	struct cpi_cursor *c, const uint32_t *op, const struct cpi_dwarf_unit *unit)
{
	uint32_t sibling = 0;
	uint64_t n;

	for (;; op++) {
		switch (*op & 0xff) {
		case SKIP_END:
			return sibling;
		case SKIP_BYTES:
			cpi_cursor_skip(c, *op >> 8);
			break;
		case SKIP_LEB:
			cpi_dwarf_skip_leb(c);
			break;
		case SKIP_SIBLING:
			sibling = cpi_cursor_u32(c);
			break;
		case SKIP_BLOCK:
			n = cpi_cursor_uleb(c);
			cpi_cursor_skip(c, n > cpi_cursor_left(c) ? SIZE_MAX : (size_t)n);
			break;
		case SKIP_BLOCK1:
			cpi_cursor_skip(c, cpi_cursor_u8(c));
			break;
		case SKIP_STRING: {
			size_t ignored;

			(void)cpi_cursor_string(c, &ignored);
			break;
		}
		default: {
			/* Rare forms; a copy keeps this cursor in registers. */
			struct cpi_cursor copy = *c;

			cpi_dwarf_form_skip(&copy, (uint16_t)(*op >> 8), unit);
			*c = copy;
		}
		}
	}
}

#endif
