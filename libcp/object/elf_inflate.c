/* SPDX-License-Identifier: Apache-2.0 */
#include "object/elf_inflate.h"

#include <libdeflate.h>
#include <limits.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"

/*
 * libdeflate inflates whole buffers three times as fast as zlib streams; a stream pays
 * only when less than this part of the section is wanted.
 */
#define PARTIAL_SHARE 3
/* What a decompressor allocates for itself, behind the back of our allocator. */
#define STATE_BYTES (256u << 10)

void cpi_inflation_init(struct cpi_inflation *inflation, enum cpi_inflate_kind kind,
	const uint8_t *source, size_t n, uint64_t source_offset, uint64_t size)
{
	memset(inflation, 0, sizeof *inflation);
	pthread_mutex_init(&inflation->lock, NULL);
	inflation->kind = kind;
	inflation->source = source;
	inflation->source_n = n;
	inflation->source_offset = source_offset;
	inflation->size = size;
}

static void end_stream(struct cpi_env *env, struct cpi_inflation *inflation)
{
	if (!inflation->stream)
		return;
	if (inflation->kind == CPI_INFLATE_ZLIB) {
		inflateEnd(inflation->stream);
		cpi_free(&env->mem, inflation->stream, sizeof(z_stream));
	} else {
		ZSTD_freeDStream(inflation->stream);
	}
	inflation->stream = NULL;
	cpi_mem_uncharge(&env->mem, STATE_BYTES);
}

void cpi_inflation_release(struct cpi_env *env, struct cpi_inflation *inflation)
{
	end_stream(env, inflation);
	cpi_free(&env->mem, inflation->out, (size_t)inflation->size);
	pthread_mutex_destroy(&inflation->lock);
}

static enum cp_code corrupt(const struct cpi_inflation *inflation, struct cp_error *err)
{
	return cpi_error(err, CP_ERROR_CORRUPT, inflation->source_offset,
		"the compressed section does not inflate to the %llu bytes its header claims",
		(unsigned long long)inflation->size);
}

/* The claimed size is judged before a byte is allocated for it. */
static enum cp_code reserve(
	struct cpi_env *env, struct cpi_inflation *inflation, struct cp_error *err)
{
	uint64_t size = inflation->size, free_size = 64u << 20;

	if (inflation->kind == CPI_INFLATE_BAD)
		return cpi_error(err, CP_ERROR_UNSUPPORTED, inflation->source_offset,
			"the section is compressed in an unknown way");
	if (size > env->limits.inflated || size > SIZE_MAX / 2)
		return cpi_error(err, CP_ERROR_LIMIT, inflation->source_offset,
			"the section would inflate to %llu bytes, above the limit",
			(unsigned long long)size);
	if (size > free_size && size / env->limits.ratio > inflation->source_n)
		return cpi_error(err, CP_ERROR_LIMIT, inflation->source_offset,
			"%zu bytes claim to inflate to %llu, above the ratio limit",
			inflation->source_n, (unsigned long long)size);
	/* No stream of either format reaches this: the claim is a lie. */
	if (size / 131072 > inflation->source_n)
		return corrupt(inflation, err);
	inflation->out = cpi_alloc(&env->mem, (size_t)size);
	return inflation->out ? CP_OK : cpi_error_memory(err);
}

static enum cp_code whole_zlib(struct cpi_inflation *inflation, struct cp_error *err)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	enum libdeflate_result result;
	size_t n = 0;

	if (!d)
		return cpi_error_memory(err);
	result = libdeflate_zlib_decompress(d, inflation->source, inflation->source_n,
		inflation->out, (size_t)inflation->size, &n);
	libdeflate_free_decompressor(d);
	if (result || n != inflation->size)
		return corrupt(inflation, err);
	inflation->have = n;
	return CP_OK;
}

static enum cp_code whole_zstd(struct cpi_inflation *inflation, struct cp_error *err)
{
	size_t n = ZSTD_decompress(inflation->out, (size_t)inflation->size, inflation->source,
		inflation->source_n);

	if (ZSTD_isError(n) || n != inflation->size)
		return corrupt(inflation, err);
	inflation->have = n;
	return CP_OK;
}

static enum cp_code whole(
	struct cpi_env *env, struct cpi_inflation *inflation, struct cp_error *err)
{
	enum cp_code code;

	if (!cpi_mem_charge(&env->mem, STATE_BYTES))
		return cpi_error_memory(err);
	code = inflation->kind == CPI_INFLATE_ZLIB ? whole_zlib(inflation, err)
						  : whole_zstd(inflation, err);
	cpi_mem_uncharge(&env->mem, STATE_BYTES);
	if (code == CP_ERROR_CORRUPT)
		inflation->kind = CPI_INFLATE_BAD;
	return code;
}

static enum cp_code start_stream(
	struct cpi_env *env, struct cpi_inflation *inflation, struct cp_error *err)
{
	z_stream *z;

	if (!cpi_mem_charge(&env->mem, STATE_BYTES))
		return cpi_error_memory(err);
	if (inflation->kind == CPI_INFLATE_ZSTD) {
		inflation->stream = ZSTD_createDStream();
	} else if ((z = cpi_alloc_zero(&env->mem, sizeof *z))) {
		if (inflateInit(z) == Z_OK)
			inflation->stream = z;
		else
			cpi_free(&env->mem, z, sizeof *z);
	}
	if (inflation->stream)
		return CP_OK;
	cpi_mem_uncharge(&env->mem, STATE_BYTES);
	return cpi_error_memory(err);
}

/* zlib counts in 32 bits; the loop feeds it pieces. True while the stream is sound. */
static bool more_zlib(struct cpi_inflation *inflation, size_t upto)
{
	z_stream *z = inflation->stream;
	int result = Z_OK;

	while (inflation->have < upto && result == Z_OK) {
		size_t want = upto - inflation->have, left = inflation->source_n - z->total_in;

		z->next_in = (Bytef *)(uintptr_t)(inflation->source + z->total_in);
		z->avail_in = left < UINT_MAX ? (uInt)left : UINT_MAX;
		z->next_out = inflation->out + inflation->have;
		z->avail_out = want < UINT_MAX ? (uInt)want : UINT_MAX;
		result = inflate(z, Z_NO_FLUSH);
		inflation->have = (size_t)(z->next_out - inflation->out);
	}
	return inflation->have >= upto;
}

static bool more_zstd(struct cpi_inflation *inflation, size_t upto)
{
	ZSTD_inBuffer in = {inflation->source, inflation->source_n, 0};
	ZSTD_outBuffer out = {inflation->out, upto, inflation->have};

	/* Nothing remembers the input position but this: `source` itself moves on. */
	while (out.pos < upto) {
		size_t before_in = in.pos, before_out = out.pos;
		size_t result = ZSTD_decompressStream(inflation->stream, &out, &in);

		if (ZSTD_isError(result) || (in.pos == before_in && out.pos == before_out))
			break;
	}
	inflation->have = out.pos;
	inflation->source += in.pos;
	inflation->source_n -= in.pos;
	return inflation->have >= upto;
}

static enum cp_code more(struct cpi_env *env, struct cpi_inflation *inflation, size_t upto,
	struct cp_error *err)
{
	enum cp_code code = CP_OK;
	bool sound;

	if (!inflation->stream)
		code = start_stream(env, inflation, err);
	if (code)
		return code;
	sound = inflation->kind == CPI_INFLATE_ZLIB ? more_zlib(inflation, upto)
						    : more_zstd(inflation, upto);
	if (!sound || inflation->have == inflation->size)
		end_stream(env, inflation);
	if (sound)
		return CP_OK;
	inflation->kind = CPI_INFLATE_BAD;
	return corrupt(inflation, err);
}

static enum cp_code fill(struct cpi_env *env, struct cpi_inflation *inflation, uint64_t upto,
	struct cp_error *err)
{
	enum cp_code code = CP_OK;

	if (!inflation->out)
		code = reserve(env, inflation, err);
	if (code || inflation->have >= upto)
		return code;
	if (inflation->kind == CPI_INFLATE_BAD)
		return corrupt(inflation, err);
	if (!inflation->have && upto > inflation->size / PARTIAL_SHARE)
		return whole(env, inflation, err);
	return more(env, inflation, (size_t)upto, err);
}

enum cp_code cpi_inflation_get(struct cpi_env *env, struct cpi_inflation *inflation,
	uint64_t upto, const uint8_t **ret_bytes, size_t *ret_n, struct cp_error *err)
{
	enum cp_code code;

	pthread_mutex_lock(&inflation->lock);
	if (!upto || upto > inflation->size)
		upto = inflation->size;
	code = fill(env, inflation, upto, err);
	if (!code) {
		*ret_bytes = inflation->out;
		*ret_n = inflation->have;
	}
	pthread_mutex_unlock(&inflation->lock);
	return code;
}
