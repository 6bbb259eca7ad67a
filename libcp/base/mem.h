/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_MEM_H
#define CPI_MEM_H

/*
 * The one allocator entry point of the library.
 *
 * Callers say how large a block was when they free or resize it. That costs them a
 * number they know anyway and buys an exact memory limit without a header in front of
 * each block, and tests can fail the n-th allocation. Counters are atomic: a cpi_mem may
 * be shared by the threads of one context.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpi_mem {
	size_t limit;             /* bytes that may be live at once */
	atomic_size_t used;       /* bytes live now */
	atomic_size_t peak;       /* highest `used` so far */
	atomic_uint_fast64_t ops; /* allocations tried so far */
	atomic_bool reached;      /* something was refused because of `limit` */
	uint64_t fail_at; /* test hook: this allocation (1-based) fails; 0 = none */
	bool fail_on;             /* test hook: …and so do all later ones */
};

void cpi_mem_init(struct cpi_mem *mem, size_t limit);

/* Zero-size requests succeed and return a non-NULL pointer that must be freed with 0. */
void *cpi_alloc(struct cpi_mem *mem, size_t size);
void *cpi_alloc_zero(struct cpi_mem *mem, size_t size);
/* As cpi_alloc for n*size bytes; an overflowing product fails as out of memory. */
void *cpi_alloc_array(struct cpi_mem *mem, size_t n, size_t size);
/* On failure the old block stays as it was. */
void *cpi_resize(struct cpi_mem *mem, void *p, size_t old_size, size_t new_size);
void cpi_free(struct cpi_mem *mem, void *p, size_t size);

/*
 * Charges or returns `size` bytes that live outside this allocator (inside a
 * decompressor, say), so that the limit covers them too.
 */
bool cpi_mem_charge(struct cpi_mem *mem, size_t size);
void cpi_mem_uncharge(struct cpi_mem *mem, size_t size);

/*
 * For libraries that take an allocator but free without a size: blocks that carry theirs.
 * `mem` is a struct cpi_mem.
 */
void *cpi_block_alloc(void *mem, size_t size);
void cpi_block_free(void *mem, void *p);

/*
 * Address space without memory, for something large of which parts come and go at places
 * of their own. It is not charged: what is written to it is (cpi_mem_charge). Discarding
 * makes a range zeros again, gives back the pages it covers and uncharges `size`.
 */
void *cpi_mem_reserve(struct cpi_mem *mem, size_t size);
void cpi_mem_discard(struct cpi_mem *mem, void *p, size_t size);
void cpi_mem_unreserve(void *p, size_t size);

#endif
