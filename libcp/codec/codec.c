/* SPDX-License-Identifier: Apache-2.0 */
/* Wrappers around an input: what they are, and how much may come out of them. */
#include "codec/codec.h"

#include <string.h>

#include "base/limits.h"
#include "codec/gzip.h"

/*
 * 265 bytes can hold three layers of gzip around a gigabyte of zeros. So all layers are
 * counted together, and before anything is inflated in full its beginning is looked at:
 * 64 KiB tell every format but those with a long first line.
 */
enum { MOST_LAYERS = 4, RATIO_FREE = 32 << 20, LOOK = 64 << 10, LOOK_AGAIN = 1 << 20 };

enum cp_code cpi_codec_check(
	struct cpi_env *env, uint64_t in, uint64_t out, struct cp_error *err)
{
	if (out > env->limits.inflated)
		return cpi_limit_error(err, CP_NO_OFFSET, "inflated",
			"the input inflates to more than %llu bytes",
			(unsigned long long)env->limits.inflated);
	if (out > RATIO_FREE && out / env->limits.ratio > in)
		return cpi_limit_error(err, CP_NO_OFFSET, "ratio",
			"the input inflates to more than %u times its size",
			env->limits.ratio);
	return CP_OK;
}

enum cp_code cpi_layer_check(struct cpi_layer *layer, uint64_t in, uint64_t out,
	bool *ret_enough, struct cp_error *err)
{
	*ret_enough = layer->most && out >= layer->most;
	layer->cut |= *ret_enough;
	return cpi_codec_check(layer->env, layer->outer_n ? layer->outer_n : in,
		layer->before + out, err);
}

typedef enum cp_code layer_fn(
	struct cpi_layer *layer, struct cpi_blob *ret_blob, struct cp_error *err);

static const struct wrapper {
	uint8_t magic[6];
	uint8_t n;
	layer_fn *read;
} layers[] = {
	{{0x1f, 0x8b}, 2, cpi_gzip_read},
	{{0x28, 0xb5, 0x2f, 0xfd}, 4, cpi_zstd_read},
	{{0xfd, '7', 'z', 'X', 'Z', 0}, 6, cpi_xz_read},
};

static const struct wrapper *wrapper_of(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
		if (n >= layers[i].n && !memcmp(bytes, layers[i].magic, layers[i].n))
			return &layers[i];
	return NULL;
}

/*
 * The first `most` bytes inside of all wrappers; *ret_cut says that there is more. Damage
 * is not reported: the reading that follows, or whoever shows the beginning, does.
 */
static enum cp_code look(struct cpi_env *env, const uint8_t *bytes, size_t n,
	uint64_t most, struct cpi_blob *ret_blob, bool *ret_cut, struct cp_error *err)
{
	struct cpi_blob now = {.bytes = bytes, .n = n}, next = {0};
	const struct wrapper *wrapper;
	enum cp_code code = CP_OK;
	int depth = 0;

	*ret_cut = false;
	while (!code && (wrapper = wrapper_of(now.bytes, now.n)) && depth++ < MOST_LAYERS) {
		struct cpi_layer layer = {
			.env = env, .bytes = now.bytes, .n = now.n, .most = most};

		code = wrapper->read(&layer, &next, err);
		cpi_blob_release(env, &now);
		now = code ? (struct cpi_blob){0} : next;
		*ret_cut |= layer.cut;
	}
	*ret_blob = now;
	return code;
}

/* The beginning when nobody knows it; an empty blob when it is to be read. */
static enum cp_code look_twice(struct cpi_env *env, const uint8_t *bytes, size_t n,
	cpi_known_fn *known, struct cpi_blob *ret_blob, struct cp_error *err)
{
	static const uint64_t most[] = {LOOK, LOOK_AGAIN};
	enum cp_code code = CP_OK;
	bool cut = true;

	*ret_blob = (struct cpi_blob){0};
	for (size_t i = 0; !code && cut && i < sizeof most / sizeof *most; i++) {
		cpi_blob_release(env, ret_blob);
		code = look(env, bytes, n, most[i], ret_blob, &cut, err);
		if (!code && cut && known(ret_blob->bytes, ret_blob->n))
			cut = false;
	}
	/* What cannot even be begun, and what is whole, the reading deals with. */
	if (code || !cut)
		cpi_blob_release(env, ret_blob);
	return code == CP_ERROR_MEMORY || code == CP_ERROR_SYSTEM ? code : CP_OK;
}

bool cpi_codec_look(
	struct cpi_env *env, const uint8_t *bytes, size_t n, cpi_known_fn *known)
{
	struct cpi_blob blob = {0};
	bool unknown;

	if (!wrapper_of(bytes, n))
		return known(bytes, n);
	if (look_twice(env, bytes, n, known, &blob, NULL))
		return true;
	unknown = blob.n > 0;
	cpi_blob_release(env, &blob);
	return !unknown;
}

static enum cp_code open_all(struct cpi_env *env, const char *source,
	const uint8_t *bytes, size_t n, struct cpi_blob *ret_blob, struct cp_error *err)
{
	struct cpi_blob now = {.bytes = bytes, .n = n}, next = {0};
	const struct wrapper *wrapper;
	uint64_t before = 0;
	enum cp_code code;
	int depth = 0;

	while ((wrapper = wrapper_of(now.bytes, now.n))) {
		struct cpi_layer layer = {.env = env,
			.source = source,
			.bytes = now.bytes,
			.n = now.n,
			.outer_n = depth ? n : 0,
			.before = before};

		if (depth++ == MOST_LAYERS)
			code = cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"more than %d wrappers around the input", MOST_LAYERS);
		else
			code = wrapper->read(&layer, &next, err);
		cpi_blob_release(env, &now);
		if (code)
			return code;
		now = next;
		before += now.n;
	}
	*ret_blob = now;
	return CP_OK;
}

enum cp_code cpi_codec_unwrap(struct cpi_env *env, const char *source,
	const uint8_t *bytes, size_t n, cpi_known_fn *known, struct cpi_blob *ret_blob,
	bool *ret_opened, struct cp_error *err)
{
	struct cpi_blob beginning = {0};
	enum cp_code code = CP_OK;

	*ret_opened = wrapper_of(bytes, n) != NULL;
	if (!*ret_opened)
		return CP_OK;
	if (known)
		code = look_twice(env, bytes, n, known, &beginning, err);
	if (!code && !beginning.n)
		code = open_all(env, source, bytes, n, &beginning, err);
	if (!code)
		*ret_blob = beginning;
	return code;
}
