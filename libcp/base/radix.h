/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_RADIX_H
#define CPI_RADIX_H

#include "base/mem.h"

/*
 * Stable sort of the n indexes in `order` by key[index], ascending: byte-wise, least
 * significant first, skipping bytes in which all keys agree. Millions of rows cost a few
 * linear passes and one spare array, where cpi_sort_rows calls back n log n times. False
 * when out of memory (`order` is unchanged).
 */
bool cpi_radix_sort(struct cpi_mem *mem, uint32_t *order, size_t n, const uint64_t *key);

#endif
