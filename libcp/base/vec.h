/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VEC_H
#define CPI_VEC_H

/*
 * Growable arrays of any type:
 *
 *	CPI_VEC(uint32_t) ids = {0};
 *	if (!cpi_vec_push(mem, &ids, 7))
 *		return cpi_error_memory(err);
 *	cpi_vec_release(mem, &ids);
 *
 * Growth is by half, so that a vector of n elements has moved its bytes about 2n times
 * and holds at most 1.5n.
 */

#include "base/mem.h"

#define CPI_VEC(T) \
	struct { \
		T *v; \
		size_t n, cap; \
	}

bool cpi_vec_grow(struct cpi_mem *mem, void **v, size_t *cap, size_t need, size_t size);

/* Makes room for `more` elements beyond the current ones. */
#define cpi_vec_reserve(mem, vec, more)                                                  \
	((vec)->cap - (vec)->n >= (size_t)(more) ||                                      \
		cpi_vec_grow((mem), (void **)&(vec)->v, &(vec)->cap,                     \
			(size_t)(more) > SIZE_MAX - (vec)->n ? SIZE_MAX                  \
							     : (vec)->n + (more),        \
			sizeof *(vec)->v))

#define cpi_vec_push(mem, vec, ...)                                                      \
	(cpi_vec_reserve((mem), (vec), 1) ? ((vec)->v[(vec)->n++] = (__VA_ARGS__), true) \
					  : false)

#define cpi_vec_release(mem, vec) \
	(cpi_free((mem), (vec)->v, (vec)->cap * sizeof *(vec)->v), (vec)->v = NULL, \
		(vec)->n = (vec)->cap = 0)

#endif
