/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_SORT_H
#define CPI_SORT_H

#include "base/mem.h"

/*
 * Sorts row numbers, stably, in n log n steps whatever the input; `compare` is told two
 * of them. False when there is no memory for another n numbers; `row` is then unsorted.
 */
typedef int cpi_compare_fn(void *arg, uint32_t a, uint32_t b);

bool cpi_sort_rows(
	struct cpi_mem *mem, uint32_t *row, size_t n, cpi_compare_fn *compare, void *arg);

#endif
