/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_UNWIND_WALK_H
#define CPI_UNWIND_WALK_H

/* One sample's frames, and what a worker keeps between samples. */

#include "base/hash.h"
#include "unwind/arch.h"
#include "unwind/image.h"

/* A power of two; 16 bytes an entry, so that a worker's cache stays in its L2 cache. */
enum { CPI_UNWIND_CACHE = 8192 };

struct cpi_unwind_cached {
	uint64_t address;
	uint32_t space; /* 0: empty */
	cpi_cfi_rule rule;
};

/* An address space between two changes of its maps; its number is its row + 1. */
struct cpi_unwind_space {
	uint64_t epoch;
	uint32_t pid;
};

/*
 * Where a thread's stack ends, for the dump size that would have sufficed. A thread may
 * have several: coroutines, exec, a number used again. They are told apart by the 8 MiB
 * (the usual limit of one) in which the stack pointer lies, whatever the order of the
 * samples.
 */
struct cpi_unwind_thread {
	uint32_t pid, tid;
	uint64_t area;
	uint64_t top; /* highest stack pointer in the outermost frame of a whole stack */
	uint64_t
		bottom; /* lowest stack pointer of a truncated sample; UINT64_MAX: none */
	uint64_t beyond; /* most bytes that one of these is known to need */
};

struct cpi_unwind_threads {
	struct cpi_index index;
	CPI_VEC(struct cpi_unwind_thread) row;
};

/* Frames of an image that were unwound by frame pointer. */
struct cpi_unwind_pointed {
	uint64_t frames; /* the image has no table */
	uint64_t gaps;   /* its table has no entry for them */
};

struct cpi_unwind_worker {
	struct cpi_unwind_cached cache[CPI_UNWIND_CACHE];
	uint32_t space; /* of the last sample */
	struct cpi_index space_index;
	CPI_VEC(struct cpi_unwind_space) spaces;
	struct cpi_unwind_threads threads;
	CPI_VEC(struct cpi_unwind_pointed) by_pointer; /* by image number */
	uint64_t samples, truncated, missing, broken, unsupported, frames;
	uint64_t generated; /* stacks that ended in generated code without a table */
	uint64_t guessed;   /* …that ended early, behind a frame of an image without one */
	uint64_t asked; /* the largest dump size */
};

struct cpi_unwind_walk {
	struct cpi_unwind_images *images;
	struct cpi_unwind_worker *worker;
	const struct cpi_unwind_arch *arch;
	const struct cpi_unwind_sample *sample;
	cpi_unwind_map_fn *map_at;
	void *reader;
	struct cpi_cfi_stack stack;
	struct cpi_cfi_regs regs;
	/*
	 * regs.pc is where the frame goes on (the leaf, or below a signal frame), not a
	 * return address, which belongs to the instruction before it.
	 */
	bool exact;
	uint64_t beyond; /* the address that the dump did not hold; 0: none yet */
	uint64_t steps;  /* instructions interpreted */
	bool generated;  /* the last frame is of generated code without a table */
	bool guessed;    /* a frame was found by pointer, its image having no table */
};

/*
 * Unwinds from walk->regs; returns the number of frames. *ret_next tells why it ended:
 * CPI_NEXT_OK means that `max` was reached.
 */
unsigned cpi_unwind_walk(struct cpi_unwind_walk *walk, uint64_t *ips, bool *ret_exact,
	unsigned max, enum cpi_unwind_next *ret_next);

/*
 * What struct cpi_unwinder's leaf_caller says; of a machine with a link register. walk
 * needs no registers.
 */
uint64_t cpi_unwind_leaf_caller(struct cpi_unwind_walk *walk, uint64_t pc, uint64_t lr);

/* What perf script prints of user stacks at most, unless told otherwise. */
enum { CPI_UNWIND_PERF_DEPTH = 127 };

/*
 * The same as perf on x86-64 does it (perf_compat); there, i386 has no frames. The
 * address UINT64_MAX is perf's for a return address of 0.
 */
unsigned cpi_unwind_perf_walk(struct cpi_unwind_walk *walk, uint64_t *ips,
	bool *ret_exact, unsigned max, enum cpi_unwind_next *ret_next);

#endif
