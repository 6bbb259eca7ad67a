/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_ZSTD_H
#define CPI_ZSTD_H

/*
 * A zstd decoder whose memory is charged: libzstd's stable interface takes no allocator,
 * but tells its size, and refuses windows that the memory left has no room for.
 */

#include <zstd.h>

#include "base/mem.h"

struct cpi_zstd {
	struct cpi_mem *mem;
	ZSTD_DStream *stream;
	size_t charged;
	bool short_of_memory; /* windows are refused that zstd would accept */
};

/* False when out of memory. */
bool cpi_zstd_new(struct cpi_mem *mem, struct cpi_zstd *ret);
/* To be asked after each call of the decoder; false when it has grown over the limit. */
bool cpi_zstd_charge(struct cpi_zstd *z);
/* The decoder's return value says that memory for the window is missing. */
bool cpi_zstd_refused(const struct cpi_zstd *z, size_t r);
/* Harmless on a zeroed one. */
void cpi_zstd_free(struct cpi_zstd *z);

#endif
