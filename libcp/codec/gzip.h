/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_GZIP_H
#define CPI_GZIP_H

#include "base/sink.h"
#include "codec/codec.h"

/*
 * Compresses `n` bytes as one gzip member (no name, time 0: equal input gives equal
 * bytes) at libdeflate's `level` 1…12; 0 means 6.
 */
enum cp_code cpi_gzip_write(struct cpi_env *env, const void *bytes, size_t n, int level,
	struct cpi_sink *sink, struct cp_error *err);

/*
 * Inflates all members. What damage leaves readable is kept and reported as a warning;
 * an error only when nothing is, or at a limit.
 */
enum cp_code cpi_gzip_read(
	struct cpi_layer *layer, struct cpi_blob *ret_blob, struct cp_error *err);

#endif
