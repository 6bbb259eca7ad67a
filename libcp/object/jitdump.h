/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_JITDUMP_H
#define CPI_JITDUMP_H

/*
 * jit-PID.dump (tools/perf/Documentation/jitdump-specification.txt): what a compiler at
 * run time tells of each function it makes. Read as it lies there, without the ELF files
 * that `perf inject --jit` makes of it.
 */

#include "base/env.h"
#include "object/symtab.h"

struct cpi_jit_line {
	struct cp_text file; /* n = 0: unknown */
	uint32_t line;
};

/*
 * Fills the rows of `symbol` that have no name and the lines that go with them; addresses
 * are those of the running program, strictly increasing. Of several functions that were
 * at one address the last one counts. Texts are borrowed from the bytes. A record that
 * makes no sense ends the file: *ret_bad is its offset, or CP_NO_OFFSET. Not a jitdump:
 * CP_ERROR_FORMAT.
 */
enum cp_code cpi_jitdump_resolve(struct cpi_env *env, const uint8_t *bytes, size_t n,
	const uint64_t *address, size_t n_addresses, struct cpi_symbol *symbol,
	struct cpi_jit_line *line, uint64_t *ret_bad, struct cp_error *err);

#endif
