/* SPDX-License-Identifier: Apache-2.0 */
/* zstd streams, with the decoder's own memory under the caller's limit. */
#include "codec/zstd.h"

#include <zstd_errors.h>

#include "codec/codec.h"

enum { STEP = 1 << 17 };

bool cpi_zstd_new(struct cpi_mem *mem, struct cpi_zstd *ret)
{
	size_t free = mem->limit - atomic_load(&mem->used);
	int log = 10;

	*ret = (struct cpi_zstd){.mem = mem, .stream = ZSTD_createDStream()};
	if (!ret->stream)
		return false;
	/* 128 MiB windows are what zstd itself accepts without a flag. */
	while (log < 27 && free >> (log + 1))
		log++;
	ret->short_of_memory = log < 27;
	ZSTD_DCtx_setParameter(ret->stream, ZSTD_d_windowLogMax, log);
	if (cpi_zstd_charge(ret))
		return true;
	cpi_zstd_free(ret);
	return false;
}

bool cpi_zstd_charge(struct cpi_zstd *z)
{
	size_t now = ZSTD_sizeof_DStream(z->stream);

	if (now <= z->charged)
		return true;
	if (!cpi_mem_charge(z->mem, now - z->charged))
		return false;
	z->charged = now;
	return true;
}

bool cpi_zstd_refused(const struct cpi_zstd *z, size_t r)
{
	if (!z->short_of_memory || !ZSTD_isError(r) ||
		ZSTD_getErrorCode(r) != ZSTD_error_frameParameter_windowTooLarge)
		return false;
	atomic_store(&z->mem->reached, true);
	return true;
}

void cpi_zstd_free(struct cpi_zstd *z)
{
	ZSTD_freeDStream(z->stream);
	if (z->mem)
		cpi_mem_uncharge(z->mem, z->charged);
	*z = (struct cpi_zstd){0};
}

static enum cp_code pump(struct cpi_layer *layer, struct cpi_zstd *z, ZSTD_inBuffer *in,
	struct cpi_spool *spool, const char **ret_bad, struct cp_error *err)
{
	struct cpi_mem *mem = &layer->env->mem;
	uint8_t *room = cpi_alloc(mem, STEP);
	enum cp_code code = room ? CP_OK : cpi_error_memory(err);
	bool enough = false;
	size_t r = 1;

	*ret_bad = NULL;
	while (!code) {
		ZSTD_outBuffer out = {room, STEP, 0};

		r = ZSTD_decompressStream(z->stream, &out, in);
		if (cpi_zstd_refused(z, r) || !cpi_zstd_charge(z))
			code = cpi_error_memory(err);
		else
			code = cpi_spool_add(spool, room, out.pos, err);
		if (!code)
			code = cpi_layer_check(
				layer, in->pos, spool->total, &enough, err);
		if (code || enough)
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
	cpi_free(mem, room, STEP);
	return code;
}

enum cp_code cpi_zstd_read(
	struct cpi_layer *layer, struct cpi_blob *ret_blob, struct cp_error *err)
{
	struct cpi_env *env = layer->env;
	ZSTD_inBuffer in = {layer->bytes, layer->n, 0};
	struct cpi_zstd z;
	struct cpi_place place;
	struct cpi_spool spool;
	const char *bad;
	enum cp_code code;

	if (!cpi_zstd_new(&env->mem, &z))
		return cpi_error_memory(err);
	cpi_spool_init(&spool, env);
	code = pump(layer, &z, &in, &spool, &bad, err);
	cpi_zstd_free(&z);
	if (!code && bad && !spool.total)
		code = cpi_error(err, CP_ERROR_CORRUPT, in.pos,
			"the zstd data is damaged: %s", bad);
	place = cpi_place_at(layer->source, spool.total);
	if (!code && bad && !layer->most)
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
