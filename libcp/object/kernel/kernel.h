/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_KERNEL_H
#define CPI_KERNEL_H

/*
 * /proc/kallsyms and copies of it: lines "ADDRESS TYPE NAME[ \t[MODULE]]", unsorted
 * between kernel, modules and BPF programs; a symbol reaches to the next one. One pass
 * over its hundred thousand lines finds the few that are wanted.
 */

#include "base/env.h"
#include "base/text.h"
#include "object/symtab/symtab.h"

/*
 * Fills the rows of `symbol` that have no name; addresses are strictly increasing and as
 * in the file. A file in which all addresses are 0 (kptr_restrict) names nothing. Not
 * kallsyms at all: CP_ERROR_FORMAT.
 */
enum cp_code cpi_kallsyms_resolve(struct cpi_env *env, const uint8_t *bytes, size_t n,
	const uint64_t *address, size_t n_addresses, struct cpi_symbol *symbol,
	struct cp_error *err);

/* The address of a kernel symbol ("_stext"); false when it is not there or 0. */
bool cpi_kallsyms_value(
	const uint8_t *bytes, size_t n, const char *name, uint64_t *ret_address);

#endif
