/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that can be copied, by zlib: in the place of stream_isal.c where ISA-L is
 * absent. */
#include "object/elf/stream.h"

#include <zlib.h>

struct cpi_elf_stream {
	z_stream z;
};

static void *allocate(void *mem, unsigned n, unsigned size)
{
	return cpi_block_alloc(mem, (size_t)n * size);
}

struct cpi_elf_stream *cpi_elf_stream_new(
	struct cpi_mem *mem, const struct cpi_elf_stream *like)
{
	struct cpi_elf_stream *s = cpi_alloc_zero(mem, sizeof *s);
	int result;

	if (!s)
		return NULL;
	s->z = (z_stream){.zalloc = allocate, .zfree = cpi_block_free, .opaque = mem};
	/* inflateCopy only reads its source, whose type has no const. */
	result = like ? inflateCopy(&s->z, (z_stream *)(uintptr_t)&like->z)
		      : inflateInit(&s->z);
	if (result == Z_OK)
		return s;
	cpi_free(mem, s, sizeof *s);
	return NULL;
}

void cpi_elf_stream_free(struct cpi_mem *mem, struct cpi_elf_stream *stream)
{
	if (!stream)
		return;
	inflateEnd(&stream->z);
	cpi_free(mem, stream, sizeof *stream);
}

bool cpi_elf_stream_run(struct cpi_elf_stream *stream, const uint8_t *source,
	size_t source_n, size_t *source_at, uint8_t *to, size_t n)
{
	z_stream *z = &stream->z;
	int result = Z_OK;

	z->next_out = to;
	z->avail_out = (unsigned)n;
	while (z->avail_out && result == Z_OK) {
		size_t left = source_n - *source_at;

		z->next_in = (uint8_t *)(uintptr_t)(source + *source_at);
		z->avail_in = left < 1 << 30 ? (unsigned)left : 1 << 30;
		left = z->avail_in;
		/* Z_BUF_ERROR, when nothing moved, ends it as damage does. */
		result = inflate(z, Z_NO_FLUSH);
		*source_at += left - z->avail_in;
	}
	return !z->avail_out;
}
