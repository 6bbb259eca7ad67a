/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_DWARF_FILE_H
#define CPI_DWARF_FILE_H

#include "object/dwarf/parts.h"

enum cpi_dwarf_file_kind {
	CPI_DW_LINKED,
	CPI_DW_SPLIT,  /* .dwo: sections are named .debug_x.dwo */
	CPI_DW_PACKAGE /* .dwp: the same, and units are found by its index only */
};

/*
 * One file's debug sections, and its units. `alt` may be NULL and must live longer.
 * `window` as in cpi_dwarf_options; 0: never. A windowed file's units are not listed yet.
 */
enum cp_code cpi_dwarf_file_open(struct cpi_env *env, struct cpi_elf *elf,
	struct cpi_dwarf_file *alt, enum cpi_dwarf_file_kind kind, size_t window,
	struct cpi_dwarf_file **ret_file, struct cp_error *err);
/*
 * Applies a relocatable file's relocations;
 * index: each section's number in the ELF file.
 */
enum cp_code cpi_dwarf_file_relocate(struct cpi_dwarf_file *file,
	const uint32_t index[CPI_DW_SECTIONS], struct cp_error *err);
/* Asks line tables where the code of units is that nothing else places. */
enum cp_code cpi_dwarf_bare_units(struct cpi_dwarf_file *file, struct cp_error *err);
/* Makes a unit of each line table of a file without .debug_info. */
enum cp_code cpi_dwarf_bare_tables(struct cpi_dwarf_file *file, struct cp_error *err);
/* Lists what is left of a windowed file, which then is as any other. */
enum cp_code cpi_dwarf_file_fill(struct cpi_dwarf_file *file, struct cp_error *err);
/* Fills the line table of a unit of a windowed file; *ret_end: its end in the section. */
enum cp_code cpi_dwarf_hold_lines(const struct cpi_dwarf_file *file,
	const struct cpi_dwarf_unit *unit, uint64_t *ret_end, struct cp_error *err);
void cpi_dwarf_file_close(struct cpi_dwarf_file *file);

#endif
