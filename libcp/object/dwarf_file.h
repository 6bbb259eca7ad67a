/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DWARF_FILE_H
#define CPI_DWARF_FILE_H

#include "object/dwarf_parts.h"

/* One file's debug sections, and its units. `alt` may be NULL and must live longer. */
enum cp_code cpi_dwarf_file_open(struct cpi_env *env, struct cpi_elf *elf,
	struct cpi_dwarf_file *alt, struct cpi_dwarf_file **ret_file, struct cp_error *err);
void cpi_dwarf_file_close(struct cpi_dwarf_file *file);

#endif
