/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_FOLDED_SPLIT_H
#define CPI_FORMAT_FOLDED_SPLIT_H

/* The frames of folded lines: text to locations, line after line. */

#include "model/builder.h"

/*
 * One cache line that answers which location a name has: the name itself, or its start.
 * All zero: free.
 */
struct folded_quick {
	uint32_t id; /* location, and row of `known` */
	uint32_t n;  /* UINT32_MAX stands for that and more */
	char name[56];
};

struct folded_split {
	struct cpi_builder *b;
	const char *end; /* of the whole input: nothing is read beyond */
	/* Names by location, the profile's copies; locations are made for names alone. */
	CPI_VEC(struct cp_text) known;
	struct cpi_index names;
	/* Names by a hash of a few of their bytes: most of `known`, open addressing. */
	struct folded_quick *quick;
	unsigned quick_bits;
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
