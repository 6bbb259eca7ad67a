/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed records. */
#include "format/perf/parts.h"

#include "codec/codec.h"
#include "codec/zstd.h"

/*
 * perf record -z: one zstd stream per file, cut into COMPRESSED records wherever a ring
 * buffer was flushed. What comes out is a stream of records again, cut anywhere: a record
 * may begin in one and end in another. So bytes are inflated through a fixed buffer with
 * room for the largest record and a good piece beyond, however much a hostile input
 * claims to hold.
 */
enum { LARGEST_RECORD = 65536, AHEAD = 256 * 1024, ROOM = LARGEST_RECORD + AHEAD };

struct perf_inflate {
	struct cpi_env *env;
	struct cpi_zstd zstd;
	ZSTD_inBuffer in;
	bool more; /* zstd may hold output back */
	uint8_t *buf;
	size_t at, n;
	uint64_t in_total, out_total;
};

struct perf_inflate *perf_inflate_new(struct cpi_env *env)
{
	struct perf_inflate *z = cpi_alloc_zero(&env->mem, sizeof *z);

	if (!z)
		return NULL;
	z->env = env;
	z->buf = cpi_alloc(&env->mem, ROOM);
	if (z->buf && cpi_zstd_new(&env->mem, &z->zstd))
		return z;
	perf_inflate_free(z);
	return NULL;
}

void perf_inflate_free(struct perf_inflate *z)
{
	struct cpi_mem *mem;

	if (!z)
		return;
	mem = &z->env->mem;
	cpi_zstd_free(&z->zstd);
	if (z->buf)
		cpi_free(mem, z->buf, ROOM);
	cpi_free(mem, z, sizeof *z);
}

void perf_inflate_reset(struct perf_inflate *z)
{
	ZSTD_DCtx_reset(z->zstd.stream, ZSTD_reset_session_only);
	z->in = (ZSTD_inBuffer){0};
	z->more = false;
	z->at = z->n = 0;
}

void perf_inflate_feed(struct perf_inflate *z, const uint8_t *bytes, size_t n)
{
	z->in = (ZSTD_inBuffer){bytes, n, 0};
	z->in_total += n;
}

static enum cp_code inflate_some(struct perf_inflate *z, struct cp_error *err)
{
	ZSTD_outBuffer out = {z->buf, ROOM, z->n};
	size_t rc = ZSTD_decompressStream(z->zstd.stream, &out, &z->in);

	if (cpi_zstd_refused(&z->zstd, rc) || !cpi_zstd_charge(&z->zstd))
		return cpi_error_memory(err);
	if (ZSTD_isError(rc))
		return cpi_error(err, CP_ERROR_CORRUPT, CP_NO_OFFSET,
			"compressed records do not inflate: %s", ZSTD_getErrorName(rc));
	z->out_total += out.pos - z->n;
	z->n = out.pos;
	z->more = out.pos == ROOM;
	return cpi_codec_check(z->env, z->in_total, z->out_total, err);
}

enum cp_code perf_inflate_peek(struct perf_inflate *z, size_t need,
	const uint8_t **ret_bytes, size_t *ret_n, struct cp_error *err)
{
	if (z->n - z->at < need) {
		memmove(z->buf, z->buf + z->at, z->n - z->at);
		z->n -= z->at;
		z->at = 0;
	}
	while (z->n - z->at < need && (z->in.pos < z->in.size || z->more)) {
		enum cp_code code = inflate_some(z, err);

		if (code)
			return code;
	}
	*ret_bytes = z->buf + z->at;
	*ret_n = z->n - z->at;
	return CP_OK;
}

void perf_inflate_take(struct perf_inflate *z, size_t n)
{
	z->at += n;
}

uint64_t perf_inflate_total(const struct perf_inflate *z)
{
	return z->out_total;
}

size_t perf_inflate_left(const struct perf_inflate *z)
{
	return z->n - z->at;
}
