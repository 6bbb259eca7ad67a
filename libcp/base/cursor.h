/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_CURSOR_H
#define CPI_CURSOR_H

/*
 * A sticky cursor over bytes from a stranger.
 *
 * A read that does not fit returns zero, marks the cursor bad and empties it, so that
 * loops over the rest end at once. Read everything a record needs, test cpi_cursor_ok
 * once, then act. Nothing is cast from input to a struct; alignment is never assumed;
 * byte order is a property of the cursor.
 *
 * Keep cursors in local variables and pass them to inline functions only where speed
 * counts: an out-of-line failure path that takes the cursor's address keeps the compiler
 * from holding it in registers (measured 4 times slower).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cpi_cursor {
	const uint8_t *at, *end;
	const uint8_t *start; /* for cpi_cursor_offset */
	bool swap; /* numbers are in the other byte order than this machine's */
	bool bad;
};

static inline struct cpi_cursor cpi_cursor_make(const void *bytes, size_t n, bool swap)
{
	/* To NULL nothing can be added in C, not even 0. */
	const uint8_t *p = bytes ? bytes : (const void *)"";

	return (struct cpi_cursor){p, p + n, p, swap, false};
}

static inline bool cpi_cursor_ok(const struct cpi_cursor *c)
{
	return !c->bad;
}

static inline size_t cpi_cursor_left(const struct cpi_cursor *c)
{
	return (size_t)(c->end - c->at);
}

/* Bytes consumed since cpi_cursor_make; meaningless once the cursor is bad. */
static inline size_t cpi_cursor_offset(const struct cpi_cursor *c)
{
	return (size_t)(c->at - c->start);
}

static inline void cpi_cursor_fail(struct cpi_cursor *c)
{
	c->bad = true;
	c->at = c->end;
}

/* n bytes as they are, or NULL (only on failure; for n = 0 a valid pointer). */
static inline const uint8_t *cpi_cursor_bytes(struct cpi_cursor *c, size_t n)
{
	const uint8_t *p = c->at;

	if (n > cpi_cursor_left(c)) {
		cpi_cursor_fail(c);
		return NULL;
	}
	c->at += n;
	return p;
}

static inline void cpi_cursor_skip(struct cpi_cursor *c, size_t n)
{
	(void)cpi_cursor_bytes(c, n);
}

#define CPI_CURSOR_READ(NAME, T, SWAP) \
	static inline T cpi_cursor_##NAME(struct cpi_cursor *c) \
	{ \
		T x; \
\
		if (cpi_cursor_left(c) < sizeof x) { \
			cpi_cursor_fail(c); \
			return 0; \
		} \
		memcpy(&x, c->at, sizeof x); \
		c->at += sizeof x; \
		return c->swap ? (T)SWAP(x) : x; \
	}

CPI_CURSOR_READ(u8, uint8_t, )
CPI_CURSOR_READ(u16, uint16_t, __builtin_bswap16)
CPI_CURSOR_READ(u32, uint32_t, __builtin_bswap32)
CPI_CURSOR_READ(u64, uint64_t, __builtin_bswap64)
#undef CPI_CURSOR_READ

/*
 * Protobuf and DWARF: base 128, least significant group first; bits beyond 64 are
 * lost.
 */
static inline uint64_t cpi_cursor_uleb(struct cpi_cursor *c)
{
	uint64_t x = 0;
	unsigned shift = 0;

	if (c->at != c->end && *c->at < 0x80) /* nearly all are */
		return *c->at++;
	for (;;) {
		uint8_t byte;

		if (c->at == c->end) {
			cpi_cursor_fail(c);
			return 0;
		}
		byte = *c->at++;
		if (shift < 64)
			x |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return x;
		shift += 7;
	}
}

static inline int64_t cpi_cursor_sleb(struct cpi_cursor *c)
{
	uint64_t x = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		if (c->at == c->end) {
			cpi_cursor_fail(c);
			return 0;
		}
		byte = *c->at++;
		if (shift < 64)
			x |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && (byte & 0x40))
		x |= ~0ULL << shift;
	return (int64_t)x;
}

/* A NUL-terminated string; its length without the NUL goes to *ret_n. NULL on failure. */
static inline const char *cpi_cursor_string(struct cpi_cursor *c, size_t *ret_n)
{
	const uint8_t *p = c->at;
	const uint8_t *nul = p == c->end ? NULL : memchr(p, 0, cpi_cursor_left(c));

	*ret_n = 0;
	if (!nul) {
		cpi_cursor_fail(c);
		return NULL;
	}
	*ret_n = (size_t)(nul - p);
	c->at = nul + 1;
	return (const char *)p;
}

/* A cursor over the next n bytes, which this one steps over; bad when there are fewer. */
static inline struct cpi_cursor cpi_cursor_sub(struct cpi_cursor *c, size_t n)
{
	struct cpi_cursor sub = *c;

	if (n > cpi_cursor_left(c)) {
		cpi_cursor_fail(c);
		cpi_cursor_fail(&sub);
		return sub;
	}
	sub.start = sub.at;
	sub.end = sub.at + n;
	c->at += n;
	return sub;
}

/*
 * Claims a count read from the input before it sizes anything: returns n when n elements
 * of at least `size` bytes each can still be there, else 0 and a bad cursor.
 */
static inline size_t cpi_cursor_claim(struct cpi_cursor *c, uint64_t n, size_t size)
{
	if (n > cpi_cursor_left(c) / size) {
		cpi_cursor_fail(c);
		return 0;
	}
	return (size_t)n;
}

#endif
