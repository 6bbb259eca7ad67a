/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_JIT_H
#define CPI_JIT_H

/*
 * jit-PID.dump (tools/perf/Documentation/jitdump-specification.txt): what a compiler at
 * run time tells of each function it makes. Read as it lies there, without the ELF files
 * that `perf inject --jit` makes of it.
 */

#include "base/env.h"
#include "object/symtab/symtab.h"

struct cpi_jit_line {
	struct cp_text file; /* n = 0: unknown */
	uint32_t line;
};

/*
 * Code memory is used again. A function's layer says how many were in its place before
 * it: it is one above the highest layer it covers, the first is 1. So an address and a
 * layer name one function, whatever the order of samples. Layers end at CPI_JIT_LAYERS,
 * where later functions hide earlier ones.
 */
enum { CPI_JIT_LAYERS = 64 };

struct cpi_jit_code {
	uint64_t start, size;
	uint64_t time; /* in nanoseconds of CLOCK_MONOTONIC, unless other_clock */
	uint32_t layer;
	/*
	 * Its .eh_frame, in the dump's bytes; NULL: none. It lies behind the code, at the
	 * next multiple of 8.
	 */
	const uint8_t *unwinding;
	size_t unwinding_n;
};

/* All functions as they were loaded and moved, by time. */
struct cpi_jit_codes {
	struct cpi_jit_code *v;
	size_t n;
	bool other_clock;
};

/*
 * What stands before the first damage, in the order of time; borrows the bytes. Not a
 * jitdump: CP_ERROR_FORMAT.
 */
enum cp_code cpi_jitdump_codes(struct cpi_env *env, const uint8_t *bytes, size_t n,
	struct cpi_jit_codes *ret_codes, struct cp_error *err);
void cpi_jit_codes_release(struct cpi_env *env, struct cpi_jit_codes *codes);

/*
 * Fills the rows of `symbol` that have no name and the lines that go with them; addresses
 * are those of the running program, strictly increasing. Of several functions that were
 * at one address the one of this layer counts; the last one with layer 0. Texts are
 * borrowed from the bytes. A record that makes no sense ends the file: *ret_bad is its
 * offset, or CP_NO_OFFSET. Not a jitdump: CP_ERROR_FORMAT.
 */
enum cp_code cpi_jitdump_resolve(struct cpi_env *env, const uint8_t *bytes, size_t n,
	uint32_t layer, const uint64_t *address, size_t n_addresses,
	struct cpi_symbol *symbol, struct cpi_jit_line *line, uint64_t *ret_bad,
	struct cp_error *err);

/* The N of "…/jit-N.dump"; 0: the path is no jitdump's. */
uint32_t cpi_jit_dump_number(struct cp_text path);

/*
 * perf-PID.map, as compilers at run time leave it: lines "START SIZE NAME" in
 * hexadecimal, appended while the program ran. Code memory is used again, so of several
 * lines that hold an address the last one counts.
 */
/*
 * Fills the rows of `symbol` that have no name; addresses strictly increasing. Lines of
 * another form are skipped and counted in *ret_bad.
 */
enum cp_code cpi_perfmap_resolve(struct cpi_env *env, const uint8_t *bytes, size_t n,
	const uint64_t *address, size_t n_addresses, struct cpi_symbol *symbol,
	size_t *ret_bad, struct cp_error *err);

#endif
