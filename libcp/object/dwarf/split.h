/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DWARF_SPLIT_H
#define CPI_DWARF_SPLIT_H

/*
 * Split DWARF: a skeleton unit in the linked file, its entries in a .dwo file or in a
 * package (.dwp) of many. Both of DWARF 5 and of the GNU extension to DWARF 4 before it.
 */

#include "object/dwarf/file.h"

struct cpi_dwarf_splits {
	struct cpi_env *env;
	struct cpi_dwarf_options options;
	struct cpi_dwarf_file *package;
	CPI_VEC(struct cpi_dwarf_file *) file;
	struct cpi_arena units;
	struct cpi_dwarf_abbrev_cache cache;
	bool asked; /* for the package */
	uint64_t missing; /* units whose split file was not found */
};

void cpi_dwarf_splits_init(struct cpi_dwarf_splits *splits, struct cpi_env *env,
	const struct cpi_dwarf_options *options);
void cpi_dwarf_splits_release(struct cpi_dwarf_splits *splits);
/*
 * Sets unit->split of a skeleton, opening files through the caller's callbacks; on the
 * calling thread. A file that is missing or of another build leaves the unit with its
 * lines only, with a diagnostic.
 */
enum cp_code cpi_dwarf_splits_attach(struct cpi_dwarf_splits *splits,
	struct cpi_dwarf_unit *unit, struct cp_error *err);

#endif
