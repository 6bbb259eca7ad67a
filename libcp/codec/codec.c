/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec.h"

#include <string.h>

#include "codec/gzip.h"

enum { MOST_LAYERS = 4, RATIO_FREE = 64 << 20 };

enum cp_code cpi_codec_check(
	struct cpi_env *env, uint64_t in, uint64_t out, struct cp_error *err)
{
	if (out > env->limits.inflated)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"the input inflates to more than %llu bytes",
			(unsigned long long)env->limits.inflated);
	if (out > RATIO_FREE && out / env->limits.ratio > in)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"the input inflates to more than %u times its size",
			env->limits.ratio);
	return CP_OK;
}

typedef enum cp_code layer_fn(struct cpi_env *env, const char *source,
	const uint8_t *bytes, size_t n, struct cpi_blob *ret_blob, struct cp_error *err);

static const struct layer {
	uint8_t magic[6];
	uint8_t n;
	layer_fn *read;
} layers[] = {
	{{0x1f, 0x8b}, 2, cpi_gzip_read},
	{{0x28, 0xb5, 0x2f, 0xfd}, 4, cpi_zstd_read},
	{{0xfd, '7', 'z', 'X', 'Z', 0}, 6, cpi_xz_read},
};

static const struct layer *layer_of(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
		if (n >= layers[i].n && !memcmp(bytes, layers[i].magic, layers[i].n))
			return &layers[i];
	return NULL;
}

enum cp_code cpi_codec_unwrap(struct cpi_env *env, const char *source,
	const uint8_t *bytes, size_t n, struct cpi_blob *ret_blob, bool *ret_opened,
	struct cp_error *err)
{
	struct cpi_blob now = {.bytes = bytes, .n = n}, next = {0};
	const struct layer *layer;
	enum cp_code code;
	int depth = 0;

	while ((layer = layer_of(now.bytes, now.n))) {
		if (depth++ == MOST_LAYERS)
			code = cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"more than %d wrappers around the input", MOST_LAYERS);
		else
			code = layer->read(env, source, now.bytes, now.n, &next, err);
		cpi_blob_release(env, &now);
		if (code)
			return code;
		now = next;
	}
	*ret_opened = depth > 0;
	if (depth)
		*ret_blob = now;
	return CP_OK;
}
