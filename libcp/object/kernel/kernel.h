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
 * in the file. `module` (may be NULL) gets the tag that each line bears, n = 0 for the
 * kernel's own: what covers an address may be of another module than is there now. Not
 * kallsyms at all: CP_ERROR_FORMAT.
 */
enum cp_code cpi_kallsyms_resolve(struct cpi_env *env, const uint8_t *bytes, size_t n,
	const uint64_t *address, size_t n_addresses, struct cpi_symbol *symbol,
	struct cp_text *module, struct cp_error *err);

/* The address of a kernel symbol ("_stext"); false when it is not there or 0. */
bool cpi_kallsyms_value(
	const uint8_t *bytes, size_t n, const char *name, uint64_t *ret_address);
/* False for a list in which all addresses are 0, as kptr_restrict makes it. */
bool cpi_kallsyms_any(const uint8_t *bytes, size_t n);

/* Where the code of one module lies, as a list has it. */
struct cpi_kallsyms_module {
	struct cp_text name;
	uint64_t low, high; /* first and last symbol of code; low > high: none */
};

/* Fills low and high of all rows in one pass; false when out of memory. */
bool cpi_kallsyms_modules(struct cpi_env *env, const uint8_t *bytes, size_t n,
	struct cpi_kallsyms_module *row, size_t n_rows);

/* Where a copy of /proc/modules has a module; false: it is not there, or hidden. */
bool cpi_modules_base(
	const uint8_t *bytes, size_t n, struct cp_text name, uint64_t *ret_base);

/* "nf_tables" of "[nf_tables]" and of "…/nf-tables.ko.xz". */
struct cp_text cpi_module_name(struct cp_text path);
/* The kernel takes - and _ for the same. */
bool cpi_module_same(struct cp_text a, struct cp_text b);

#endif
