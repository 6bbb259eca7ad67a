/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MESSAGE_H
#define MESSAGE_H

/* Protobuf messages made field by field. */

#include <stdint.h>
#include <string.h>

static inline size_t pb_put(uint8_t *to, uint64_t x)
{
	size_t n = 0;

	for (; x > 127; x >>= 7)
		to[n++] = (uint8_t)(x | 128);
	to[n++] = (uint8_t)x;
	return n;
}

/* A message under construction: fields are appended to its bytes. */
struct message {
	uint8_t bytes[1024];
	size_t n;
};

static inline void pb_number(struct message *m, unsigned field, uint64_t x)
{
	m->n += pb_put(m->bytes + m->n, field << 3);
	m->n += pb_put(m->bytes + m->n, x);
}

static inline void pb_bytes(struct message *m, unsigned field, const void *p, size_t n)
{
	m->n += pb_put(m->bytes + m->n, field << 3 | 2);
	m->n += pb_put(m->bytes + m->n, n);
	memcpy(m->bytes + m->n, p, n);
	m->n += n;
}

static inline void pb_string(struct message *m, unsigned field, const char *s)
{
	pb_bytes(m, field, s, strlen(s));
}

#endif
