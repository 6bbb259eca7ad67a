/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_UNWIND_REPORT_H
#define CPI_UNWIND_REPORT_H

/* The unwinder as a whole, and what it says at the end. */

#include "unwind/walk.h"

struct cpi_unwind {
	struct cpi_env *env;
	struct cpi_unwind_images images;
	struct cpi_unwind_worker **worker; /* made on first use */
	unsigned n_workers;
	char arch_name[16];
	struct cp_text arch;
	bool swap;
	bool perf_compat;
};

/* Notes that memory ran out; returns 0 frames. */
unsigned cpi_unwind_no_memory(struct cpi_unwind *u);
/* The row of a thread's stack at sp, added when it is new; NULL when out of memory. */
struct cpi_unwind_thread *cpi_unwind_thread_of(struct cpi_mem *mem,
	struct cpi_unwind_threads *threads, uint32_t pid, uint32_t tid, uint64_t sp);
/* struct cpi_unwinder's finish. */
enum cp_code cpi_unwind_finish(void *arg, struct cp_error *err);

#endif
