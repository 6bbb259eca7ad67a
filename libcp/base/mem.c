/* SPDX-License-Identifier: Apache-2.0 */
/* The one allocator: counted exactly, limited, and made to fail by tests. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void cpi_mem_init(struct cpi_mem *mem, size_t limit)
{
	memset(mem, 0, sizeof *mem);
	mem->limit = limit ? limit : SIZE_MAX;
}

static bool refused(struct cpi_mem *mem)
{
	uint64_t op = atomic_fetch_add_explicit(&mem->ops, 1, memory_order_relaxed) + 1;

	return mem->fail_at &&
	       (op == mem->fail_at || (mem->fail_on && op > mem->fail_at));
}

bool cpi_mem_charge(struct cpi_mem *mem, size_t size)
{
	size_t used = atomic_load_explicit(&mem->used, memory_order_relaxed);
	size_t peak;

	do {
		if (size > mem->limit || used > mem->limit - size) {
			atomic_store_explicit(&mem->reached, true, memory_order_relaxed);
			return false;
		}
	} while (!atomic_compare_exchange_weak_explicit(&mem->used, &used, used + size,
		memory_order_relaxed, memory_order_relaxed));
	used += size;
	peak = atomic_load_explicit(&mem->peak, memory_order_relaxed);
	while (used > peak && !atomic_compare_exchange_weak_explicit(&mem->peak, &peak,
				      used, memory_order_relaxed, memory_order_relaxed))
		;
	return true;
}

void cpi_mem_uncharge(struct cpi_mem *mem, size_t size)
{
	atomic_fetch_sub_explicit(&mem->used, size, memory_order_relaxed);
}

/*
 * Large blocks are columns that are filled from one end to the other. Asking for huge
 * pages takes the page faults out of that: a fifth of the time of reading a pprof of 1M
 * samples. The range is the block's pages, all of them: less would cut malloc's mapping
 * into several, which mremap refuses, and every growth would copy. Memory does not grow:
 * the kernel takes a huge page only where a whole one fits.
 */
static void *large(void *p, size_t size)
{
	enum { LARGE = 8 << 20 };
	uintptr_t page, from, to;

	if (!p || size < LARGE)
		return p;
	page = (uintptr_t)sysconf(_SC_PAGESIZE);
	from = (uintptr_t)p & ~(page - 1);
	to = ((uintptr_t)p + size + page - 1) & ~(page - 1);
	(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
	return p;
}

static void *alloc_with(struct cpi_mem *mem, size_t size, void *(*get)(size_t, size_t))
{
	void *p;

	if (refused(mem) || !cpi_mem_charge(mem, size))
		return NULL;
	p = large(get(1, size ? size : 1), size);
	if (!p)
		cpi_mem_uncharge(mem, size);
	return p;
}

static void *plain(size_t n, size_t size)
{
	return malloc(n * size);
}

void *cpi_alloc(struct cpi_mem *mem, size_t size)
{
	return alloc_with(mem, size, plain);
}

void *cpi_alloc_zero(struct cpi_mem *mem, size_t size)
{
	return alloc_with(mem, size, calloc);
}

void *cpi_alloc_array(struct cpi_mem *mem, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return cpi_alloc(mem, bytes);
}

void *cpi_resize(struct cpi_mem *mem, void *p, size_t old_size, size_t new_size)
{
	void *q;

	if (!p)
		return cpi_alloc(mem, new_size);
	if (refused(mem))
		return NULL;
	if (new_size > old_size && !cpi_mem_charge(mem, new_size - old_size))
		return NULL;
	q = realloc(p, new_size ? new_size : 1);
	if (!q) {
		if (new_size > old_size)
			cpi_mem_uncharge(mem, new_size - old_size);
		return NULL;
	}
	if (new_size < old_size)
		cpi_mem_uncharge(mem, old_size - new_size);
	return large(q, new_size);
}

void cpi_free(struct cpi_mem *mem, void *p, size_t size)
{
	if (!p)
		return;
	cpi_mem_uncharge(mem, size);
	free(p);
}

struct block {
	_Alignas(16) size_t size;
};

void *cpi_block_alloc(void *mem, size_t size)
{
	struct block *block;

	if (size > SIZE_MAX - sizeof *block)
		return NULL;
	block = cpi_alloc(mem, size + sizeof *block);
	if (!block)
		return NULL;
	block->size = size + sizeof *block;
	return block + 1;
}

void cpi_block_free(void *mem, void *p)
{
	struct block *block = p;

	if (block)
		cpi_free(mem, block - 1, block[-1].size);
}

void *cpi_mem_reserve(struct cpi_mem *mem, size_t size)
{
	void *p;

	if (refused(mem) || !size)
		return NULL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, size, MADV_HUGEPAGE); /* filled by megabytes, from end to end */
	return p;
}

void cpi_mem_discard(struct cpi_mem *mem, void *p, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)p;
	uintptr_t from = (at + page - 1) & ~(page - 1), to = (at + size) & ~(page - 1);

	if (from >= to) {
		memset(p, 0, size);
	} else {
		memset(p, 0, from - at);
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
		memset((void *)to, 0, at + size - to);
	}
	cpi_mem_uncharge(mem, size);
}

void cpi_mem_unreserve(void *p, size_t size)
{
	if (p)
		(void)munmap(p, size);
}
