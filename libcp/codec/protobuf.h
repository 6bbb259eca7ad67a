/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_PROTOBUF_H
#define CPI_PROTOBUF_H

/*
 * Protobuf's wire format, field by field, as readers have to accept it: wire types 0, 1,
 * 2 and 5, varints of at most ten bytes (bits beyond 64 are lost), lengths within the
 * message.
 */

#include "base/cursor.h"

enum { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_field {
	const uint8_t *start; /* of its tag */
	uint64_t number;
	unsigned type;
	uint64_t value;       /* PB_VARINT and the fixed ones */
	const uint8_t *bytes; /* PB_BYTES */
	size_t n;
};

static inline uint64_t pb_varint(struct cpi_cursor *c)
{
	const uint8_t *from = c->at;
	uint64_t x = cpi_cursor_uleb(c);

	if (cpi_cursor_ok(c) && c->at - from > 10)
		cpi_cursor_fail(c);
	return x;
}

/* False at the end of the message and, with a bad cursor, in a field that is none. */
static inline bool pb_next(struct cpi_cursor *c, struct pb_field *f)
{
	uint64_t tag;

	f->start = c->at;
	if (!cpi_cursor_left(c))
		return false;
	tag = pb_varint(c);
	f->number = tag >> 3;
	f->type = tag & 7;
	switch (f->type) {
	case PB_VARINT:
		f->value = pb_varint(c);
		break;
	case PB_FIXED64:
		f->value = cpi_cursor_u64(c);
		break;
	case PB_FIXED32:
		f->value = cpi_cursor_u32(c);
		break;
	case PB_BYTES:
		f->value = pb_varint(c);
		f->n = cpi_cursor_claim(c, f->value, 1);
		f->bytes = cpi_cursor_bytes(c, f->n);
		break;
	default:
		cpi_cursor_fail(c);
	}
	return cpi_cursor_ok(c);
}

static inline struct cpi_cursor pb_cursor(const struct pb_field *f)
{
	return cpi_cursor_make(f->bytes, f->n, __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__);
}

#endif
