/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_FOLDED_LINE_H
#define CPI_FORMAT_FOLDED_LINE_H

/* One line of folded text: frames, a separator, counts. */

#include "base/text.h"

/* A count without loss: mantissa * 10^-decimals, zeros at its end left out. */
struct folded_count {
	int64_t mantissa;
	unsigned decimals; /* at most 18 */
};

enum folded_kind {
	FOLDED_STACK,
	FOLDED_EMPTY,    /* nothing but blanks */
	FOLDED_COMMENT,  /* starts with '#', no ';' before the count */
	FOLDED_NO_COUNT, /* malformed */
	FOLDED_BIG_COUNT /* a count that 64 bits or 18 decimals do not hold */
};

struct folded_line {
	/* The frames, root first, joined by ';', and counts before the last one. */
	struct cp_text body;
	struct folded_count count;
};

/* `text` without the newline. */
enum folded_kind cpi_folded_line(struct cp_text text, struct folded_line *ret_line);
/* Takes one more count from the end of a line's body; false: there is none. */
bool cpi_folded_another(struct cp_text *body, struct folded_count *ret_count);

/*
 * pprofutils' first line of a text, "samples/count cpu/nanoseconds": what the columns of
 * counts are. Returns how many it names, 0 when the first line is no such header.
 */
uint32_t cpi_folded_header(struct cp_text text, struct cp_text *ret_header);
/* Takes the first word of a header apart; false when it is none. */
bool cpi_folded_type(
	struct cp_text *header, struct cp_text *ret_type, struct cp_text *ret_unit);

/* A frame that ends so would be read as a frame and a count of its own. */
bool cpi_folded_ends_in_number(struct cp_text name);

#endif
