/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed sections, and what they may cost. */
#include "object/elf/inflate.h"

#include <libdeflate.h>
#include <string.h>
#include <zstd.h>

#include "base/error.h"
#include "base/limits.h"

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

void cpi_inflation_release(struct cpi_env *env, struct cpi_inflation *inflation)
{
	cpi_free(&env->mem, inflation->out, (size_t)inflation->size);
	pthread_mutex_destroy(&inflation->lock);
}

enum cp_code cpi_inflation_corrupt(
	const struct cpi_inflation *inflation, struct cp_error *err)
{
	return cpi_error(err, CP_ERROR_CORRUPT, inflation->source_offset,
		"the compressed section does not inflate to the %llu bytes its header "
		"claims",
		(unsigned long long)inflation->size);
}

enum cp_code cpi_inflation_check(const struct cpi_env *env,
	const struct cpi_inflation *inflation, struct cp_error *err)
{
	uint64_t size = inflation->size, free_size = 64u << 20;
	/*
	 * Debug information shrinks to a fifth, and what is whole in memory is read at places
	 * all over it: a section has a tenth of the ratio that an input's wrappers have.
	 */
	uint64_t most = env->limits.ratio < 10 ? 1 : env->limits.ratio / 10;

	if (inflation->kind == CPI_INFLATE_BAD)
		return cpi_error(err, CP_ERROR_UNSUPPORTED, inflation->source_offset,
			"the section is compressed in an unknown way");
	if (size > env->limits.inflated || size > SIZE_MAX / 2)
		return cpi_limit_error(err, inflation->source_offset, "inflated",
			"the section would inflate to %llu bytes",
			(unsigned long long)size);
	if (size > free_size && size / most > inflation->source_n)
		return cpi_limit_error(err, inflation->source_offset, "ratio",
			"%zu bytes claim to inflate to %llu",
			inflation->source_n, (unsigned long long)size);
	/* No stream of either format reaches this: the claim is a lie. */
	if (size / 131072 > inflation->source_n)
		return cpi_inflation_corrupt(inflation, err);
	return CP_OK;
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
	return result || n != inflation->size ? cpi_inflation_corrupt(inflation, err)
					      : CP_OK;
}

static enum cp_code whole_zstd(struct cpi_inflation *inflation, struct cp_error *err)
{
	size_t n = ZSTD_decompress(inflation->out, (size_t)inflation->size,
		inflation->source, inflation->source_n);

	return ZSTD_isError(n) || n != inflation->size
		       ? cpi_inflation_corrupt(inflation, err)
		       : CP_OK;
}

static enum cp_code inflate_all(
	struct cpi_env *env, struct cpi_inflation *inflation, struct cp_error *err)
{
	enum cp_code code = cpi_inflation_check(env, inflation, err);

	if (code)
		return code;
	if (!cpi_mem_charge(&env->mem, CPI_INFLATE_STATE))
		return cpi_error_memory(err);
	inflation->out = cpi_alloc(&env->mem, (size_t)inflation->size);
	if (!inflation->out)
		code = cpi_error_memory(err);
	else
		code = inflation->kind == CPI_INFLATE_ZLIB ? whole_zlib(inflation, err)
							  : whole_zstd(inflation, err);
	cpi_mem_uncharge(&env->mem, CPI_INFLATE_STATE);
	if (code == CP_ERROR_CORRUPT)
		inflation->kind = CPI_INFLATE_BAD;
	if (code) {
		cpi_free(&env->mem, inflation->out, (size_t)inflation->size);
		inflation->out = NULL;
	}
	return code;
}

enum cp_code cpi_inflation_get(struct cpi_env *env, struct cpi_inflation *inflation,
	const uint8_t **ret_bytes, size_t *ret_n, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	pthread_mutex_lock(&inflation->lock);
	if (!inflation->out)
		code = inflate_all(env, inflation, err);
	if (!code) {
		*ret_bytes = inflation->out;
		*ret_n = (size_t)inflation->size;
	}
	pthread_mutex_unlock(&inflation->lock);
	return code;
}
