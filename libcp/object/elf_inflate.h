/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ELF_INFLATE_H
#define CPI_ELF_INFLATE_H

/*
 * A compressed section, inflated as far as somebody asked. Debug information of a large
 * program inflates to hundreds of megabytes of which a profile touches a part: room for
 * the whole is reserved (untouched pages cost nothing), a prefix is filled on demand, and
 * bytes once handed out never move.
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
	size_t have;   /* bytes of out that are filled */
	void *stream;  /* of a partial inflation, else NULL */
};

void cpi_inflation_init(struct cpi_inflation *inflation, enum cpi_inflate_kind kind,
	const uint8_t *source, size_t n, uint64_t source_offset, uint64_t size);
void cpi_inflation_release(struct cpi_env *env, struct cpi_inflation *inflation);

/* At least `upto` bytes (0: all) are in *ret_bytes then; *ret_n says how many. */
enum cp_code cpi_inflation_get(struct cpi_env *env, struct cpi_inflation *inflation,
	uint64_t upto, const uint8_t **ret_bytes, size_t *ret_n, struct cp_error *err);

#endif
