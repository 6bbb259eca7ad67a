/* SPDX-License-Identifier: Apache-2.0 */
/* Growth of arrays. */
#include "base/vec.h"

bool cpi_vec_grow(struct cpi_mem *mem, void **v, size_t *cap, size_t need, size_t size)
{
	size_t want = *cap + *cap / 2, bytes;
	void *p;

	if (want < need)
		want = need;
	if (want < 8)
		want = 8;
	if (__builtin_mul_overflow(want, size, &bytes))
		return false;
	p = cpi_resize(mem, *v, *cap * size, bytes);
	if (!p)
		return false;
	*v = p;
	*cap = want;
	return true;
}
