/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_FOLDED_SPLIT_H
#define CPI_FORMAT_FOLDED_SPLIT_H

/* The frames of folded lines: text to locations, line after line. */

#include "model/builder.h"

/*
 * A name; its row's number is its location's, as locations are made for names alone. Its
 * first and last 8 bytes stand in the row, so that most comparisons need no other memory;
 * of names shorter than 8 bytes both hold all of it.
 */
struct folded_known {
	const char *p; /* the profile's copy */
	size_t n;
	uint64_t head, tail;
};

enum { FOLDED_QUICK_BITS = 16 };

struct folded_split {
	struct cpi_builder *b;
	const char *end; /* of the whole input: nothing is read beyond */
	CPI_VEC(struct folded_known) known; /* 0 is none */
	struct cpi_index names;
	uint32_t *quick; /* names met before, by a hash of a few of their bytes */
	/* The frames of the last line: frame i from the root is frame[room - 1 - i]. */
	cp_location *frame;
	uint64_t *stop; /* where frame i ends in its line; entry i */
	size_t room, depth;
	struct cp_text last; /* the last line's frames */
};

/* The builder is failed when this fails. Release in both cases. */
bool folded_split_init(struct folded_split *s, struct cpi_builder *b, const char *end);
void folded_split_release(struct folded_split *s);
/* Makes the frames those of `body`, which must stay readable until the next call. */
enum cp_code folded_split_line(
	struct folded_split *s, struct cp_text body, struct cp_error *err);

/* The frames, leaf first: s->depth of them. */
static inline const cp_location *folded_split_frames(const struct folded_split *s)
{
	return s->frame + s->room - s->depth;
}

#endif
