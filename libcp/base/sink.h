/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_SINK_H
#define CPI_SINK_H

/*
 * Buffered output. A sink is sticky like a cursor: after the first failure appends do
 * nothing, and cpi_sink_finish returns the failure. So writers append without tests.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* Takes n bytes; CP_OK or the error (err filled in). */
typedef enum cp_code cpi_sink_fn(
	void *arg, const void *bytes, size_t n, struct cp_error *err);

struct cpi_sink {
	uint8_t *buf;
	size_t n, cap;
	struct cpi_mem *mem;
	cpi_sink_fn *fn; /* NULL: everything stays in buf */
	void *arg;
	uint64_t flushed; /* bytes handed to fn so far */
	uint64_t most;    /* more of them is an error; 0: no limit */
	bool csv_raw;     /* for codec/csv.h: fields as they are */
	enum cp_code code;
	struct cp_error error;
};

/* A sink that keeps all bytes in memory (sink->buf, sink->n). */
void cpi_sink_memory(struct cpi_sink *sink, struct cpi_mem *mem);
/* A sink that hands on blocks of 64 KiB and more. */
void cpi_sink_callback(
	struct cpi_sink *sink, struct cpi_mem *mem, cpi_sink_fn *fn, void *arg);
/* Hands on what is left; CP_OK or the first failure. The sink must still be released. */
enum cp_code cpi_sink_finish(struct cpi_sink *sink, struct cp_error *err);
void cpi_sink_release(struct cpi_sink *sink);

/* Passes the failure of a scratch sink, if it has one, on to the sink that it was for. */
static inline void cpi_sink_fail(struct cpi_sink *sink, const struct cpi_sink *scratch)
{
	if (!scratch->code || sink->code)
		return;
	sink->code = scratch->code;
	sink->error = scratch->error;
}

/* Gives a memory sink's bytes to the caller, who frees *ret_n bytes with cpi_free. */
uint8_t *cpi_sink_take(struct cpi_sink *sink, size_t *ret_n);

bool cpi_sink_more(struct cpi_sink *sink, size_t n);

/* Room for n bytes to be written at the result, then counted with cpi_sink_commit. */
static inline uint8_t *cpi_sink_room(struct cpi_sink *sink, size_t n)
{
	if (sink->cap - sink->n < n && !cpi_sink_more(sink, n))
		return NULL;
	return sink->n ? sink->buf + sink->n : sink->buf;
}

static inline void cpi_sink_commit(struct cpi_sink *sink, size_t n)
{
	sink->n += n;
}

static inline void cpi_sink_bytes(struct cpi_sink *sink, const void *bytes, size_t n)
{
	uint8_t *p = cpi_sink_room(sink, n);

	if (!p || !n)
		return;
	memcpy(p, bytes, n);
	sink->n += n;
}

static inline void cpi_sink_char(struct cpi_sink *sink, char c)
{
	uint8_t *p = cpi_sink_room(sink, 1);

	if (!p)
		return;
	*p = (uint8_t)c;
	sink->n++;
}

static inline void cpi_sink_str(struct cpi_sink *sink, const char *s)
{
	cpi_sink_bytes(sink, s, strlen(s));
}

void cpi_sink_u64(struct cpi_sink *sink, uint64_t x);
void cpi_sink_i64(struct cpi_sink *sink, int64_t x);
/* A whole number of 10^-decimals without zeros at its end: 575, 2 is "5.75". */
void cpi_sink_decimal(struct cpi_sink *sink, int64_t x, unsigned decimals);
/* Lower-case hexadecimal without prefix, at least `digits` digits (zero-padded). */
void cpi_sink_hex(struct cpi_sink *sink, uint64_t x, unsigned digits);
void cpi_sink_printf(struct cpi_sink *sink, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void cpi_sink_pad(struct cpi_sink *sink, char c, size_t n);

#endif
