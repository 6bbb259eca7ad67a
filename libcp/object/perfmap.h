/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_PERFMAP_H
#define CPI_PERFMAP_H

/*
 * perf-PID.map, as compilers at run time leave it: lines "START SIZE NAME" in
 * hexadecimal, appended while the program ran. Code memory is used again, so of several
 * lines that hold an address the last one counts.
 */

#include "base/env.h"
#include "object/symtab.h"

/*
 * Fills the rows of `symbol` that have no name; addresses strictly increasing. Lines of
 * another form are skipped and counted in *ret_bad.
 */
enum cp_code cpi_perfmap_resolve(struct cpi_env *env, const uint8_t *bytes, size_t n,
	const uint64_t *address, size_t n_addresses, struct cpi_symbol *symbol,
	size_t *ret_bad, struct cp_error *err);

#endif
