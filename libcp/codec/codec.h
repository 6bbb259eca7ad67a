/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_CODEC_H
#define CPI_CODEC_H

#include "base/file.h"

/*
 * Opens the wrapper around `bytes` if they start with the magic of gzip, zstd or xz
 * (several frames or members in a row are one stream), layer by layer. Returns CP_OK with
 * *ret_opened false, and the blob untouched, when there is no wrapper. Damage behind a
 * readable beginning is a warning about `source` and keeps the beginning. Limits:
 * env->limits.inflated, and .ratio beyond the first 64 MiB.
 */
enum cp_code cpi_codec_unwrap(struct cpi_env *env, const char *source,
	const uint8_t *bytes, size_t n, struct cpi_blob *ret_blob, bool *ret_opened,
	struct cp_error *err);

/* For streaming decoders: is it fine for `in` bytes to have become `out` bytes? */
enum cp_code cpi_codec_check(
	struct cpi_env *env, uint64_t in, uint64_t out, struct cp_error *err);

/* Streams of one layer into a blob; `what` is "zstd" or "xz". */
enum cp_code cpi_zstd_read(struct cpi_env *env, const char *source, const uint8_t *bytes,
	size_t n, struct cpi_blob *ret_blob, struct cp_error *err);
enum cp_code cpi_xz_read(struct cpi_env *env, const char *source, const uint8_t *bytes,
	size_t n, struct cpi_blob *ret_blob, struct cp_error *err);

#endif
