/* SPDX-License-Identifier: Apache-2.0 */
/* Buffered output that remembers its first failure. */
#include "base/sink.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"

enum { BLOCK = 1 << 16 };

void cpi_sink_memory(struct cpi_sink *sink, struct cpi_mem *mem)
{
	memset(sink, 0, sizeof *sink);
	sink->mem = mem;
}

void cpi_sink_callback(
	struct cpi_sink *sink, struct cpi_mem *mem, cpi_sink_fn *fn, void *arg)
{
	cpi_sink_memory(sink, mem);
	sink->fn = fn;
	sink->arg = arg;
}

static bool hand_on(struct cpi_sink *sink)
{
	size_t n = sink->n;

	sink->n = 0;
	if (sink->code)
		return false;
	if (!n)
		return true;
	if (sink->most && sink->flushed + n > sink->most)
		sink->code = cpi_limit_error(&sink->error, CP_NO_OFFSET, "output",
			"the output would have more than %llu bytes",
			(unsigned long long)sink->most);
	else
		sink->code = sink->fn(sink->arg, sink->buf, n, &sink->error);
	if (!sink->code)
		sink->flushed += n;
	return !sink->code;
}

bool cpi_sink_more(struct cpi_sink *sink, size_t n)
{
	size_t want;
	void *p;

	if (sink->code)
		return false;
	if (sink->fn && sink->n >= BLOCK / 2 && !hand_on(sink))
		return false;
	if (sink->cap - sink->n >= n)
		return true;
	want = sink->cap + sink->cap / 2;
	if (want < BLOCK)
		want = BLOCK;
	if (want < sink->n + n)
		want = sink->n + n;
	p = n <= SIZE_MAX / 2 ? cpi_resize(sink->mem, sink->buf, sink->cap, want) : NULL;
	if (!p) {
		sink->code = cpi_error_memory(&sink->error);
		return false;
	}
	sink->buf = p;
	sink->cap = want;
	return true;
}

enum cp_code cpi_sink_finish(struct cpi_sink *sink, struct cp_error *err)
{
	if (sink->fn)
		hand_on(sink);
	if (sink->code && err)
		*err = sink->error;
	return sink->code;
}

void cpi_sink_release(struct cpi_sink *sink)
{
	cpi_free(sink->mem, sink->buf, sink->cap);
	sink->buf = NULL;
	sink->n = sink->cap = 0;
}

uint8_t *cpi_sink_take(struct cpi_sink *sink, size_t *ret_n)
{
	uint8_t *p = cpi_resize(sink->mem, sink->buf, sink->cap, sink->n);

	if (!p)
		return NULL;
	*ret_n = sink->n;
	sink->buf = NULL;
	sink->n = sink->cap = 0;
	return p;
}

void cpi_sink_u64(struct cpi_sink *sink, uint64_t x)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + x % 10);
		x /= 10;
	} while (x);
	cpi_sink_bytes(sink, digits + at, sizeof digits - at);
}

void cpi_sink_i64(struct cpi_sink *sink, int64_t x)
{
	if (x < 0)
		cpi_sink_char(sink, '-');
	cpi_sink_u64(sink, x < 0 ? 0 - (uint64_t)x : (uint64_t)x);
}

void cpi_sink_decimal(struct cpi_sink *sink, int64_t x, unsigned decimals)
{
	uint64_t rest, unit = 1, abs = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;

	if (decimals > 18)
		decimals = 18;
	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	if (x < 0)
		cpi_sink_char(sink, '-');
	cpi_sink_u64(sink, abs / unit);
	rest = abs % unit;
	if (rest)
		cpi_sink_char(sink, '.');
	while (rest) {
		unit /= 10;
		cpi_sink_char(sink, (char)('0' + rest / unit));
		rest %= unit;
	}
}

void cpi_sink_hex(struct cpi_sink *sink, uint64_t x, unsigned digits)
{
	char text[16];
	size_t at = sizeof text;

	do {
		text[--at] = "0123456789abcdef"[x & 15];
		x >>= 4;
	} while (x);
	while (sizeof text - at < digits && at)
		text[--at] = '0';
	cpi_sink_bytes(sink, text + at, sizeof text - at);
}

void cpi_sink_printf(struct cpi_sink *sink, const char *format, ...)
{
	char small[256];
	va_list args;
	uint8_t *p;
	int n;

	va_start(args, format);
	n = vsnprintf(small, sizeof small, format, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n < sizeof small) {
		cpi_sink_bytes(sink, small, (size_t)n);
		return;
	}
	p = cpi_sink_room(sink, (size_t)n + 1);
	if (!p)
		return;
	va_start(args, format);
	vsnprintf((char *)p, (size_t)n + 1, format, args);
	va_end(args);
	cpi_sink_commit(sink, (size_t)n);
}

void cpi_sink_pad(struct cpi_sink *sink, char c, size_t n)
{
	uint8_t *p = cpi_sink_room(sink, n);

	if (!p || !n)
		return;
	memset(p, c, n);
	sink->n += n;
}
