/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_JSON_READ_H
#define CPI_JSON_READ_H

/*
 * A pull reader of JSON (RFC 8259) over bytes that lie in memory, or are mapped.
 *
 * The workload: profiles of 100 MB, nearly all of it arrays of small integers, whose tables
 * come in any order (samples before the nodes they name). So nothing is built: the caller
 * asks for what is next, skips at the speed of memory, remembers where a value begins
 * (cpi_jr_at), and reads it when it knows what the numbers mean.
 *
 *	if (cpi_jr_object(&jr))
 *		while (cpi_jr_key(&jr, &key))
 *			if (cpi_text_equal(key, CPI_TEXT("nodes")))
 *				nodes = cpi_jr_value(&jr);
 *	if (!cpi_jr_ok(&jr))
 *		… jr.why, jr.offset
 *
 * A reader is sticky, as a cursor is: after damage every question answers "no more", and
 * values are 0; test once. A value of another kind than the one asked for is no damage: it
 * is stepped over, the getter says false. Nothing here recurses; nesting ends at
 * CPI_JR_DEPTH. What is not JSON and accepted all the same, because writers leave it: a
 * byte-order mark, and the words NaN, Infinity and -Infinity, which count as null.
 */

#include "base/arena.h"
#include "base/text.h"

enum { CPI_JR_DEPTH = 10000, CPI_JR_DIGITS = 1024 };

enum cpi_jr_kind {
	CPI_JR_NONE, /* the end, or damage */
	CPI_JR_NULL,
	CPI_JR_BOOL,
	CPI_JR_NUMBER,
	CPI_JR_TEXT,
	CPI_JR_ARRAY,
	CPI_JR_OBJECT
};

struct cpi_jr {
	const uint8_t *start, *at, *end;
	struct cpi_arena *arena; /* of texts with escapes; NULL: they stay as they are */
	unsigned depth;
	bool first;      /* nothing of the innermost container was read yet */
	bool memory;     /* it was memory that ended it */
	bool cut;        /* the bytes end in the middle of a value */
	const char *why; /* NULL: fine. What is damaged, "a string has no end" */
	size_t offset;   /* where, from `start` */
};

/*
 * Borrows the bytes. Texts that need no unescaping point into them, others into `arena`;
 * without one they are given with their escapes, which does for a look at keys.
 */
void cpi_jr_init(
	struct cpi_jr *jr, const uint8_t *bytes, size_t n, struct cpi_arena *arena);

static inline bool cpi_jr_ok(const struct cpi_jr *jr)
{
	return !jr->why;
}

/* Bytes consumed. */
static inline size_t cpi_jr_offset(const struct cpi_jr *jr)
{
	return (size_t)(jr->at - jr->start);
}

enum cpi_jr_kind cpi_jr_peek(struct cpi_jr *jr);

/* Enters an object or array; false, and the value stepped over, when it is none. */
bool cpi_jr_object(struct cpi_jr *jr);
bool cpi_jr_array(struct cpi_jr *jr);
/* The next member's key; its value must be read or skipped. False: the object has ended. */
bool cpi_jr_key(struct cpi_jr *jr, struct cp_text *ret_key);
/* Is there another element? It must be read or skipped. False: the array has ended. */
bool cpi_jr_element(struct cpi_jr *jr);

/*
 * Scalars. False when the value is of another kind (null too) or is not told exactly by
 * what is asked for; then *ret is untouched.
 */
bool cpi_jr_bool(struct cpi_jr *jr, bool *ret);
/* UTF-8 as far as the input is; a lone surrogate becomes U+FFFD. */
bool cpi_jr_text(struct cpi_jr *jr, struct cp_text *ret);
/* A whole number: 12, 12.0 and 1.2e1 are, 12.5 and 1e30 are not. */
bool cpi_jr_i64(struct cpi_jr *jr, int64_t *ret);
/* The same, for what does not fit into 63 bits. */
bool cpi_jr_u64(struct cpi_jr *jr, uint64_t *ret);
/* A whole number, or one that a string holds, as protobuf's JSON writes 64-bit numbers. */
bool cpi_jr_u64_or_text(struct cpi_jr *jr, uint64_t *ret);
/*
 * The number times 10^decimals, rounded to the nearest (half to even) from its digits.
 * False beyond 63 bits. *ret_exact says whether nothing was rounded away.
 */
bool cpi_jr_decimal(struct cpi_jr *jr, unsigned decimals, int64_t *ret, bool *ret_exact);
/* How many decimals the number needs to be told exactly, at most 18. */
bool cpi_jr_decimals(struct cpi_jr *jr, unsigned *ret);
/* Correctly rounded, whatever the locale. */
bool cpi_jr_double(struct cpi_jr *jr, double *ret);

/* Steps over the next value, whatever it is. */
void cpi_jr_skip(struct cpi_jr *jr);
/* Steps over it and gives a reader of it alone; an empty one after damage. */
struct cpi_jr cpi_jr_value(struct cpi_jr *jr);
/* No value there; a reader for a member that was not found. */
static inline bool cpi_jr_absent(const struct cpi_jr *jr)
{
	return jr->at == jr->end;
}

/* The number of elements of an array or members of an object, not consumed. */
size_t cpi_jr_count(const struct cpi_jr *jr);

#endif
