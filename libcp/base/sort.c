/* SPDX-License-Identifier: Apache-2.0 */
/* A stable merge sort of row numbers on counted memory. */
#include "base/sort.h"

#include <string.h>

static void merge(const uint32_t *from, uint32_t *to, size_t lo, size_t mid, size_t hi,
	cpi_compare_fn *compare, void *arg)
{
	size_t i = lo, j = mid;

	for (size_t at = lo; at < hi; at++) {
		bool right = i == mid || (j < hi && compare(arg, from[j], from[i]) < 0);

		to[at] = right ? from[j++] : from[i++];
	}
}

bool cpi_sort_rows(
	struct cpi_mem *mem, uint32_t *row, size_t n, cpi_compare_fn *compare, void *arg)
{
	uint32_t *spare = cpi_alloc_array(mem, n, sizeof *spare), *from = row,
		 *to = spare;

	if (!spare)
		return false;
	for (size_t width = 1; width < n; width *= 2) {
		uint32_t *t = from;

		for (size_t lo = 0; lo < n; lo += 2 * width) {
			size_t mid = lo + width < n ? lo + width : n;
			size_t hi = mid + width < n ? mid + width : n;

			/* Sorted input costs one comparison a run. */
			if (mid == hi || compare(arg, from[mid - 1], from[mid]) <= 0)
				memcpy(to + lo, from + lo, (hi - lo) * sizeof *to);
			else
				merge(from, to, lo, mid, hi, compare, arg);
		}
		from = to;
		to = t;
	}
	if (from != row)
		memcpy(row, from, n * sizeof *row);
	cpi_free(mem, spare, n * sizeof *spare);
	return true;
}
