/* SPDX-License-Identifier: Apache-2.0 */
/* xz streams; liblzma takes its memory from our allocator. */
#include <lzma.h>

#include "codec/codec.h"

enum { STEP = 1 << 17 };

/* xz -9 needs 65 MiB to decompress. */
#define MOST_MEMORY (256ULL << 20)

static const char *fault(lzma_ret r)
{
	switch (r) {
	case LZMA_BUF_ERROR:
		return "it ends too early";
	case LZMA_MEMLIMIT_ERROR:
		return "it needs more than 256 MiB to decompress";
	case LZMA_OPTIONS_ERROR:
		return "it uses an unknown filter";
	default:
		return "it is damaged";
	}
}

static void *xz_alloc(void *mem, size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : cpi_block_alloc(mem, bytes);
}

static enum cp_code pump(struct cpi_layer *layer, lzma_stream *stream,
	struct cpi_spool *spool, const char **ret_bad, struct cp_error *err)
{
	struct cpi_mem *mem = &layer->env->mem;
	uint8_t *room = cpi_alloc(mem, STEP);
	enum cp_code code = room ? CP_OK : cpi_error_memory(err);
	lzma_ret r = LZMA_OK;
	bool enough = false;

	*ret_bad = NULL;
	while (!code && !enough && r == LZMA_OK) {
		stream->next_out = room;
		stream->avail_out = STEP;
		r = lzma_code(stream, LZMA_FINISH);
		code = cpi_spool_add(spool, room, STEP - stream->avail_out, err);
		if (!code)
			code = cpi_layer_check(layer, layer->n - stream->avail_in,
				spool->total, &enough, err);
		if (!code && r == LZMA_MEM_ERROR)
			code = cpi_error_memory(err);
		else if (!code && r != LZMA_OK && r != LZMA_STREAM_END)
			*ret_bad = fault(r);
	}
	cpi_free(mem, room, STEP);
	return code;
}

enum cp_code cpi_xz_read(
	struct cpi_layer *layer, struct cpi_blob *ret_blob, struct cp_error *err)
{
	struct cpi_env *env = layer->env;
	const lzma_allocator allocator = {xz_alloc, cpi_block_free, &env->mem};
	lzma_stream stream = LZMA_STREAM_INIT;
	struct cpi_place place;
	struct cpi_spool spool;
	const char *bad;
	enum cp_code code;
	size_t at;

	stream.allocator = &allocator;
	if (lzma_stream_decoder(&stream, MOST_MEMORY, LZMA_CONCATENATED) != LZMA_OK)
		return cpi_error_memory(err);
	cpi_spool_init(&spool, env);
	stream.next_in = layer->bytes;
	stream.avail_in = layer->n;
	code = pump(layer, &stream, &spool, &bad, err);
	at = layer->n - stream.avail_in;
	lzma_end(&stream);
	if (!code && bad && !spool.total)
		code = cpi_error(
			err, CP_ERROR_CORRUPT, at, "the xz data cannot be read: %s", bad);
	place = cpi_place_at(layer->source, spool.total);
	if (!code && bad && !layer->most)
		cpi_diag_warn(&env->diag, "xz", &place,
			"the xz data cannot be read beyond compressed byte 0x%zx: %s; "
			"the %llu bytes "
			"before it are kept",
			at, bad, (unsigned long long)spool.total);
	if (!code)
		return cpi_spool_finish(&spool, ret_blob, err);
	cpi_spool_release(&spool);
	return code;
}
