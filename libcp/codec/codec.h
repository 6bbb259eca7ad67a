/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_CODEC_H
#define CPI_CODEC_H

#include "base/file.h"

/* Is this the beginning of something that is read? NULL stands for yes. */
typedef bool cpi_known_fn(const uint8_t *bytes, size_t n);

/*
 * Opens the wrapper around `bytes` if they start with the magic of gzip, zstd or xz
 * (several frames or members in a row are one stream), layer by layer. Returns CP_OK with
 * *ret_opened false, and the blob untouched, when there is no wrapper. Damage behind a
 * readable beginning is a warning about `source` and keeps the beginning. What `known` does not know by
 * its first MiB is not inflated further: the blob is that beginning then. Limits, over
 * all layers together: env->limits.inflated, and .ratio beyond the first 32 MiB.
 */
enum cp_code cpi_codec_unwrap(struct cpi_env *env, const char *source,
	const uint8_t *bytes, size_t n, cpi_known_fn *known, struct cpi_blob *ret_blob,
	bool *ret_opened, struct cp_error *err);

/*
 * False when these are the first bytes of something that `known` does not know, inside of
 * all wrappers. Says true where the bytes are too few to tell.
 */
bool cpi_codec_look(
	struct cpi_env *env, const uint8_t *bytes, size_t n, cpi_known_fn *known);

/* For streaming decoders: is it fine for `in` bytes to have become `out` bytes? */
enum cp_code cpi_codec_check(
	struct cpi_env *env, uint64_t in, uint64_t out, struct cp_error *err);

/* One layer on its way into a blob. */
struct cpi_layer {
	struct cpi_env *env;
	const char *source; /* for what is said of damage */
	const uint8_t *bytes;
	size_t n;
	uint64_t outer_n; /* bytes of the outermost wrapper; 0: this is it */
	uint64_t before;  /* bytes that the wrappers around this one grew to */
	uint64_t most;    /* stop quietly after this many bytes; 0: read all */
	bool cut;         /* it was stopped */
};

/*
 * After `in` bytes of the layer became `out`: *ret_enough is set at `most`; an error at a
 * limit.
 */
enum cp_code cpi_layer_check(struct cpi_layer *layer, uint64_t in, uint64_t out,
	bool *ret_enough, struct cp_error *err);

enum cp_code cpi_zstd_read(
	struct cpi_layer *layer, struct cpi_blob *ret_blob, struct cp_error *err);
enum cp_code cpi_xz_read(
	struct cpi_layer *layer, struct cpi_blob *ret_blob, struct cp_error *err);

#endif
