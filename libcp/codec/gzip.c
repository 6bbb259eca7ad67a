/* SPDX-License-Identifier: Apache-2.0 */
/* gzip: whole buffers by libdeflate, everything else by zlib as a stream. */
#include "codec/gzip.h"

#include <libdeflate.h>
#include <zlib.h>

/* SMALL: what is inflated in one go also where only its beginning is asked for. */
enum { WHOLE_BUFFER = 256 << 20, STEP = 1 << 17, SMALL = 1 << 20 };

enum cp_code cpi_gzip_write(struct cpi_env *env, const void *bytes, size_t n, int level,
	struct cpi_sink *sink, struct cp_error *err)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(level ? level : 6);
	uint8_t *room;
	size_t done;

	(void)env;
	if (!c)
		return cpi_error_memory(err);
	room = cpi_sink_room(sink, libdeflate_gzip_compress_bound(c, n));
	if (!room) {
		libdeflate_free_compressor(c);
		return cpi_sink_finish(sink, err);
	}
	done = libdeflate_gzip_compress(
		c, bytes, n, room, libdeflate_gzip_compress_bound(c, n));
	libdeflate_free_compressor(c);
	cpi_sink_commit(sink, done);
	return CP_OK;
}

/* The last member's size field: exact for one member below 4 GiB, else a first guess. */
static size_t size_field(const uint8_t *bytes, size_t n)
{
	const uint8_t *p = bytes + n - 4;

	return p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

struct whole {
	uint8_t *buf;
	size_t n, room;
};

/* One member at *at; false when libdeflate cannot (damage, or the room limit). */
static bool member(struct cpi_layer *layer, struct libdeflate_decompressor *d, size_t *at,
	struct whole *out)
{
	const uint8_t *bytes = layer->bytes;
	size_t n = layer->n;
	bool enough;

	for (;;) {
		size_t used, made, more;
		uint8_t *p;
		enum libdeflate_result r = libdeflate_gzip_decompress_ex(d, bytes + *at,
			n - *at, out->buf + out->n, out->room - out->n, &used, &made);

		if (r == LIBDEFLATE_SUCCESS) {
			*at += used;
			out->n += made;
			return !cpi_layer_check(layer, *at, out->n, &enough, NULL);
		}
		if (r != LIBDEFLATE_INSUFFICIENT_SPACE)
			return false;
		more = out->room * 2;
		if (more > (layer->most ? SMALL : WHOLE_BUFFER) ||
			cpi_layer_check(layer, n, more / 2, &enough, NULL))
			return false;
		p = cpi_resize(&layer->env->mem, out->buf, out->room, more);
		if (!p)
			return false;
		out->buf = p;
		out->room = more;
	}
}

/*
 * Everything at once with libdeflate, 3 times as fast as zlib. False, with nothing
 * allocated, when the stream has to do it: too large, damaged, or at a limit.
 */
static bool read_whole(struct cpi_layer *layer, struct cpi_blob *blob)
{
	struct cpi_env *env = layer->env;
	struct libdeflate_decompressor *d;
	struct whole out = {.room = size_field(layer->bytes, layer->n)};
	size_t at = 0, most = layer->most ? SMALL : WHOLE_BUFFER;
	bool fine = true, enough;

	if (out.room > most || layer->n > most)
		return false;
	if (out.room < 1024)
		out.room = 1024;
	/* A lying size field must not cost more than the ratio allows. */
	if (cpi_codec_check(env, layer->outer_n ? layer->outer_n : layer->n,
		    layer->before + out.room, NULL))
		return false;
	d = libdeflate_alloc_decompressor();
	out.buf = d ? cpi_alloc(&env->mem, out.room) : NULL;
	while (out.buf && fine && at < layer->n) {
		/* Zero padding after the last member is as common as it is harmless. */
		if (!layer->bytes[at] && at)
			at++;
		else
			fine = member(layer, d, &at, &out);
	}
	if (d)
		libdeflate_free_decompressor(d);
	layer->cut = false;
	fine = fine && !cpi_layer_check(layer, layer->n, out.n, &enough, NULL);
	layer->cut = false;
	if (!out.buf || !fine) {
		cpi_free(&env->mem, out.buf, out.room);
		return false;
	}
	*blob = (struct cpi_blob){
		.bytes = out.buf, .n = out.n, .kind = CPI_BLOB_HEAP, .room = out.room};
	return true;
}

static void *zlib_alloc(void *mem, unsigned n, unsigned size)
{
	return cpi_block_alloc(mem, (size_t)n * size);
}

/* Runs the stream to its end or its damage; *ret_bad says which. */
static enum cp_code pump(struct cpi_layer *layer, z_stream *z, struct cpi_spool *spool,
	const char **ret_bad, struct cp_error *err)
{
	struct cpi_mem *mem = &layer->env->mem;
	uint8_t *out = cpi_alloc(mem, STEP);
	enum cp_code code = out ? CP_OK : cpi_error_memory(err);
	size_t given = 0, n = layer->n;
	bool enough = false;

	*ret_bad = NULL;
	while (!code) {
		size_t made;
		int r;

		if (!z->avail_in && given < n) {
			z->next_in = (Bytef *)layer->bytes + given;
			z->avail_in =
				n - given < (1u << 30) ? (uInt)(n - given) : 1u << 30;
			given += z->avail_in;
		}
		z->next_out = out;
		z->avail_out = STEP;
		r = inflate(z, Z_NO_FLUSH);
		made = STEP - z->avail_out;
		code = cpi_spool_add(spool, out, made, err);
		if (!code)
			code = cpi_layer_check(layer, given - z->avail_in, spool->total,
				&enough, err);
		if (code || enough)
			break;
		if (r == Z_STREAM_END) {
			while (z->avail_in && !*z->next_in) {
				z->next_in++;
				z->avail_in--;
			}
			if (!z->avail_in && given == n)
				break;
			if (inflateReset(z) != Z_OK)
				break;
		} else if (r == Z_BUF_ERROR && !z->avail_in && given == n) {
			*ret_bad = "ends too early";
			break;
		} else if (r == Z_MEM_ERROR) {
			code = cpi_error_memory(err);
		} else if (r != Z_OK && r != Z_BUF_ERROR) {
			*ret_bad = "is damaged";
			break;
		}
	}
	cpi_free(mem, out, STEP);
	return code;
}

static enum cp_code read_stream(
	struct cpi_layer *layer, struct cpi_blob *ret_blob, struct cp_error *err)
{
	struct cpi_env *env = layer->env;
	z_stream z = {
		.zalloc = zlib_alloc, .zfree = cpi_block_free, .opaque = &env->mem};
	struct cpi_place place;
	struct cpi_spool spool;
	const char *bad;
	enum cp_code code;
	uint64_t at;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return cpi_error_memory(err);
	cpi_spool_init(&spool, env);
	code = pump(layer, &z, &spool, &bad, err);
	at = (uint64_t)(z.next_in ? z.next_in - layer->bytes : 0);
	inflateEnd(&z);
	if (!code && bad && !spool.total)
		code = cpi_error(err, CP_ERROR_CORRUPT, at, "the gzip data %s", bad);
	place = cpi_place_at(layer->source, spool.total);
	if (!code && bad && !layer->most)
		cpi_diag_warn(&env->diag, "gzip", &place,
			"the gzip data %s at compressed byte 0x%llx; the %llu bytes "
			"before it are kept",
			bad, (unsigned long long)at, (unsigned long long)spool.total);
	if (!code)
		return cpi_spool_finish(&spool, ret_blob, err);
	cpi_spool_release(&spool);
	return code;
}

enum cp_code cpi_gzip_read(
	struct cpi_layer *layer, struct cpi_blob *ret_blob, struct cp_error *err)
{
	if (layer->n >= 18 && read_whole(layer, ret_blob))
		return CP_OK;
	return read_stream(layer, ret_blob, err);
}
