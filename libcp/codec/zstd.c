/* SPDX-License-Identifier: Apache-2.0 */
#include <zstd.h>

#include "codec/codec.h"

enum { STEP = 1 << 17 };

static enum cp_code pump(struct cpi_env *env, ZSTD_DStream *stream, ZSTD_inBuffer *in,
	struct cpi_spool *spool, const char **ret_bad, struct cp_error *err)
{
	uint8_t *room = cpi_alloc(&env->mem, STEP);
	enum cp_code code = room ? CP_OK : cpi_error_memory(err);
	size_t r = 1;

	*ret_bad = NULL;
	while (!code) {
		ZSTD_outBuffer out = {room, STEP, 0};

		r = ZSTD_decompressStream(stream, &out, in);
		code = cpi_spool_add(spool, room, out.pos, err);
		if (!code)
			code = cpi_codec_check(env, in->pos, spool->total, err);
		if (code)
			break;
		if (ZSTD_isError(r)) {
			*ret_bad = ZSTD_getErrorName(r);
			break;
		}
		if (in->pos == in->size && out.pos < out.size) {
			if (r)
				*ret_bad = "it ends too early";
			break;
		}
	}
	cpi_free(&env->mem, room, STEP);
	return code;
}

enum cp_code cpi_zstd_read(struct cpi_env *env, const char *source, const uint8_t *bytes,
	size_t n, struct cpi_blob *ret_blob, struct cp_error *err)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = {bytes, n, 0};
	struct cpi_place place;
	struct cpi_spool spool;
	const char *bad;
	enum cp_code code;

	if (!stream)
		return cpi_error_memory(err);
	/* 128 MiB windows are what zstd itself accepts without a flag. */
	ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27);
	cpi_spool_init(&spool, env);
	code = pump(env, stream, &in, &spool, &bad, err);
	ZSTD_freeDStream(stream);
	if (!code && bad && !spool.total)
		code = cpi_error(err, CP_ERROR_CORRUPT, in.pos,
			"the zstd data is damaged: %s", bad);
	place = cpi_place_at(source, spool.total);
	if (!code && bad)
		cpi_diag_warn(&env->diag, "zstd", &place,
			"the zstd data is damaged at compressed byte 0x%llx: %s; the "
			"%llu bytes before "
			"it are kept",
			(unsigned long long)in.pos, bad, (unsigned long long)spool.total);
	if (!code)
		return cpi_spool_finish(&spool, ret_blob, err);
	cpi_spool_release(&spool);
	return code;
}
