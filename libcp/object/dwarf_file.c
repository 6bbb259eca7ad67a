/* SPDX-License-Identifier: Apache-2.0 */
#include "object/dwarf_file.h"

#include <elf.h>
#include <stdio.h>

#include "base/error.h"

static const char *const names[CPI_DW_SECTIONS] = {[CPI_DW_INFO] = ".debug_info",
	[CPI_DW_TYPES] = ".debug_types",
	[CPI_DW_ABBREV] = ".debug_abbrev",
	[CPI_DW_STR] = ".debug_str",
	[CPI_DW_LINE_STR] = ".debug_line_str",
	[CPI_DW_STR_OFFSETS] = ".debug_str_offsets",
	[CPI_DW_ADDR] = ".debug_addr",
	[CPI_DW_RANGES] = ".debug_ranges",
	[CPI_DW_RNGLISTS] = ".debug_rnglists",
	[CPI_DW_LINE] = ".debug_line",
	[CPI_DW_ARANGES] = ".debug_aranges",
	[CPI_DW_CU_INDEX] = ".debug_cu_index"};

/* A section that cannot be read counts as absent, with a warning. */
static enum cp_code load(
	struct cpi_dwarf_file *file, enum cpi_dwarf_section section, struct cp_error *err)
{
	struct cpi_dwarf_bytes *s = &file->section[section];
	struct cp_error what;
	enum cp_code code;
	char name[32];
	uint32_t i;

	snprintf(name, sizeof name, "%s%s", names[section],
		file->split && section != CPI_DW_CU_INDEX ? ".dwo" : "");
	i = cpi_elf_find(file->elf, name);
	s->p = (const uint8_t *)"";
	if (!i)
		return CP_OK;
	code = cpi_elf_section_bytes(file->elf, i, 0, &s->p, &s->n, &what);
	if (!code)
		return CP_OK;
	s->p = (const uint8_t *)"";
	s->n = 0;
	if (code == CP_ERROR_MEMORY)
		return cpi_error_memory(err);
	return cpi_diag_warn(&file->env->diag, err, "dwarf", what.offset, "%s: %s",
		name, what.message);
}

/*
 * Lowest address of code in a linked file. Entries of code that the linker discarded start
 * at 0, below it. Relocatable files have no such entries and do start at 0.
 */
static uint64_t code_start(const struct cpi_elf *elf)
{
	const struct cpi_elf_header *header = cpi_elf_header(elf);
	uint64_t low = UINT64_MAX;

	for (uint32_t i = 0; i < header->n_segments; i++) {
		const struct cpi_elf_segment *s = cpi_elf_segment(elf, i);

		if (s->type == PT_LOAD && (s->flags & PF_X) && s->address < low)
			low = s->address;
	}
	return low == UINT64_MAX ? 0 : low;
}

static void set_budget(struct cpi_dwarf_file *file)
{
	const struct cpi_dwarf_bytes *s = file->section;
	uint64_t some = 64 << 20;

	atomic_init(&file->own_budget.abbrevs, (int64_t)(s[CPI_DW_ABBREV].n * 256 + some));
	atomic_init(&file->own_budget.ranges,
		(int64_t)((s[CPI_DW_RANGES].n + s[CPI_DW_RNGLISTS].n) * 16 + some));
	atomic_init(&file->own_budget.rows, (int64_t)(s[CPI_DW_LINE].n * 16 + some));
	file->budget = &file->own_budget;
}

enum cp_code cpi_dwarf_file_open(struct cpi_env *env, struct cpi_elf *elf,
	struct cpi_dwarf_file *alt, enum cpi_dwarf_file_kind kind,
	struct cpi_dwarf_file **ret_file, struct cp_error *err)
{
	struct cpi_dwarf_file *file = cpi_alloc_zero(&env->mem, sizeof *file);
	enum cp_code code = CP_OK;

	if (!file)
		return cpi_error_memory(err);
	file->env = env;
	file->elf = elf;
	file->alt = alt;
	file->split = kind != CPI_DW_LINKED;
	file->swap = cpi_elf_header(elf)->swap;
	file->is64 = cpi_elf_header(elf)->is64;
	file->code_start = code_start(elf);
	for (unsigned i = 0; i < CPI_DW_SECTIONS && !code; i++)
		code = load(file, (enum cpi_dwarf_section)i, err);
	set_budget(file);
	if (!code && kind != CPI_DW_PACKAGE)
		code = cpi_dwarf_units_read(file, err);
	if (code)
		cpi_dwarf_file_close(file);
	else
		*ret_file = file;
	return code;
}

void cpi_dwarf_file_close(struct cpi_dwarf_file *file)
{
	struct cpi_mem *mem;

	if (!file)
		return;
	mem = &file->env->mem;
	for (unsigned i = 0; i < CPI_DW_SECTIONS; i++)
		if (file->relocated[i])
			cpi_free(mem, file->relocated[i], file->section[i].n);
	cpi_vec_release(mem, &file->arange);
	cpi_free(mem, file->unit, file->cap_units * sizeof *file->unit);
	cpi_free(mem, file, sizeof *file);
}
