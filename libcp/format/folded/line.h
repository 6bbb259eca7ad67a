/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_FOLDED_LINE_H
#define CPI_FORMAT_FOLDED_LINE_H

/* One line of folded text: frames, a separator, one count or two. */

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
	struct cp_text body; /* the frames, root first, joined by ';' */
	struct folded_count count;
	bool two;                   /* there is another count before it … */
	struct cp_text body_of_two; /* … and these are the frames then */
	struct folded_count first;  /* the count before */
};

/* `text` without the newline. */
enum folded_kind cpi_folded_line(struct cp_text text, struct folded_line *ret_line);

#endif
