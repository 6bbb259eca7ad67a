/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ELF_INFLATE_H
#define CPI_ELF_INFLATE_H

/*
 * A compressed section: what its header claims, and its bytes once somebody asked for all
 * of them. elf/window.h is for those who need parts of a large one.
 */

#include <pthread.h>

#include "base/env.h"

enum cpi_inflate_kind { CPI_INFLATE_BAD, CPI_INFLATE_ZLIB, CPI_INFLATE_ZSTD };

struct cpi_inflation {
	pthread_mutex_t lock;
	enum cpi_inflate_kind kind;
	const uint8_t *source; /* the stream, after any header */
	size_t source_n;
	uint64_t source_offset; /* in the file, for messages */
	uint8_t *out;
	uint64_t size; /* claimed by the header */
};

/* What a decompressor allocates for itself, behind the back of our allocator. */
enum { CPI_INFLATE_STATE = 256 << 10 };

void cpi_inflation_init(struct cpi_inflation *inflation, enum cpi_inflate_kind kind,
	const uint8_t *source, size_t n, uint64_t source_offset, uint64_t size);
void cpi_inflation_release(struct cpi_env *env, struct cpi_inflation *inflation);

/* Judges the claimed size before anything is allocated for it. */
enum cp_code cpi_inflation_check(const struct cpi_env *env,
	const struct cpi_inflation *inflation, struct cp_error *err);
/* Says that the stream is not what the header claims. */
enum cp_code cpi_inflation_corrupt(
	const struct cpi_inflation *inflation, struct cp_error *err);
/* All bytes; they live until cpi_inflation_release. */
enum cp_code cpi_inflation_get(struct cpi_env *env, struct cpi_inflation *inflation,
	const uint8_t **ret_bytes, size_t *ret_n, struct cp_error *err);

#endif
