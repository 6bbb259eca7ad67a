/* SPDX-License-Identifier: Apache-2.0 */
/* Relocations of debug sections in relocatable files. */
#include <elf.h>

#include "base/error.h"
#include "object/dwarf/file.h"

/*
 * Kernel modules are relocatable files: until .rela.debug_* are applied, every address
 * and every offset into another section is zero. Only what compilers use in debug
 * sections is known here: a plain word of the symbol's value plus the addend.
 */
static const struct {
	uint16_t machine;
	uint8_t type, size;
} words[] = {
	{EM_X86_64, R_X86_64_64, 8},
	{EM_X86_64, R_X86_64_32, 4},
	{EM_X86_64, R_X86_64_32S, 4},
	{EM_386, R_386_32, 4},
	{EM_ARM, R_ARM_ABS32, 4},
	{EM_PPC64, R_PPC64_ADDR64, 8},
	{EM_PPC64, R_PPC64_ADDR32, 4},
	{EM_S390, R_390_64, 8},
	{EM_S390, R_390_32, 4},
	{EM_RISCV, R_RISCV_64, 8},
	{EM_RISCV, R_RISCV_32, 4},
};

static unsigned word_size(uint16_t machine, uint32_t type)
{
	/* Above 255, apart from the table's bytes. */
	if (machine == EM_AARCH64)
		return type == R_AARCH64_ABS64 ? 8 : type == R_AARCH64_ABS32 ? 4 : 0;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].machine == machine && words[i].type == type)
			return words[i].size;
	return 0;
}

struct relocation {
	struct cpi_dwarf_file *file;
	struct cpi_cursor symbols; /* at the table's start */
	uint8_t *out;
	size_t n;
	bool addends; /* RELA; REL has them in place */
	uint64_t skipped;
};

static uint64_t native(struct cpi_cursor *c, bool is64)
{
	return is64 ? cpi_cursor_u64(c) : cpi_cursor_u32(c);
}

/* A symbol's address; for the symbol of a debug section its place in it. */
static uint64_t symbol_value(const struct relocation *r, uint64_t number)
{
	struct cpi_cursor c = r->symbols;
	bool is64 = r->file->is64;
	uint64_t value;
	uint16_t section;

	if (number > UINT32_MAX)
		return 0;
	cpi_cursor_skip(
		&c, (size_t)number * (is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym)));
	if (is64) {
		cpi_cursor_skip(&c, 6);
		section = cpi_cursor_u16(&c);
		value = cpi_cursor_u64(&c);
	} else {
		cpi_cursor_skip(&c, 4);
		value = cpi_cursor_u32(&c);
		cpi_cursor_skip(&c, 6);
		section = cpi_cursor_u16(&c);
	}
	if (!cpi_cursor_ok(&c) || section >= SHN_LORESERVE)
		return value;
	return value + cpi_elf_section(r->file->elf, section)->address;
}

static void store(
	const struct relocation *r, uint64_t offset, unsigned size, uint64_t value)
{
	uint8_t *p = r->out + offset;

	if (size == 8) {
		value = r->file->swap ? __builtin_bswap64(value) : value;
		memcpy(p, &value, 8);
	} else {
		uint32_t word = (uint32_t)value;

		word = r->file->swap ? __builtin_bswap32(word) : word;
		memcpy(p, &word, 4);
	}
}

static void apply(struct relocation *r, struct cpi_cursor c)
{
	bool is64 = r->file->is64;
	uint16_t machine = cpi_elf_header(r->file->elf)->machine;

	while (cpi_cursor_left(&c)) {
		uint64_t offset = native(&c, is64), info = native(&c, is64);
		uint64_t addend = r->addends ? native(&c, is64) : 0;
		uint64_t symbol = is64 ? info >> 32 : info >> 8;
		unsigned size = word_size(machine, (uint32_t)(is64 ? info : info & 0xff));

		if (!cpi_cursor_ok(&c))
			return;
		if (!size || offset > r->n || r->n - offset < size) {
			r->skipped += (is64 ? (uint32_t)info : info & 0xff) != 0;
			continue;
		}
		if (!r->addends) {
			struct cpi_cursor in =
				cpi_cursor_make(r->out, r->n, r->file->swap);

			cpi_cursor_skip(&in, (size_t)offset);
			addend = cpi_dwarf_word(&in, size);
		}
		store(r, offset, size, symbol_value(r, symbol) + addend);
	}
}

/* A private copy of the section, to write into. */
static enum cp_code copy(struct cpi_dwarf_file *file, enum cpi_dwarf_section section,
	struct cp_error *err)
{
	struct cpi_dwarf_bytes *s = &file->section[section];

	if (file->relocated[section])
		return CP_OK;
	file->relocated[section] = cpi_alloc(&file->env->mem, s->n);
	if (!file->relocated[section])
		return cpi_error_memory(err);
	memcpy(file->relocated[section], s->p, s->n);
	s->p = file->relocated[section];
	return CP_OK;
}

static bool bytes_of(struct cpi_dwarf_file *file, uint32_t i, struct cpi_cursor *ret_c)
{
	const uint8_t *p;
	size_t n;

	if (cpi_elf_section_bytes(file->elf, i, &p, &n, NULL))
		return false;
	*ret_c = cpi_cursor_make(p, n, file->swap);
	return true;
}

static enum cp_code relocate(struct cpi_dwarf_file *file, enum cpi_dwarf_section section,
	const struct cpi_elf_section *row, uint32_t i, struct cp_error *err)
{
	struct relocation r = {.file = file, .addends = row->type == SHT_RELA};
	struct cpi_place place = cpi_place_at(cpi_elf_name(file->elf), row->offset);
	struct cpi_cursor entries;
	enum cp_code code;

	if (!bytes_of(file, i, &entries) || !bytes_of(file, row->link, &r.symbols)) {
		cpi_diag_warn(&file->env->diag, "dwarf", &place,
			"relocations of a debug section cannot be read");
		return CP_OK;
	}
	code = copy(file, section, err);
	if (code)
		return code;
	r.out = file->relocated[section];
	r.n = file->section[section].n;
	apply(&r, entries);
	if (r.skipped)
		cpi_diag_warn(&file->env->diag, "dwarf", &place,
			"%llu relocations of a debug section are of unknown kinds",
			(unsigned long long)r.skipped);
	return CP_OK;
}

enum cp_code cpi_dwarf_file_relocate(struct cpi_dwarf_file *file,
	const uint32_t index[CPI_DW_SECTIONS], struct cp_error *err)
{
	uint32_t n = cpi_elf_header(file->elf)->n_sections;
	enum cp_code code = CP_OK;

	for (uint32_t i = 1; i < n && !code; i++) {
		const struct cpi_elf_section *row = cpi_elf_section(file->elf, i);

		if ((row->type != SHT_RELA && row->type != SHT_REL) || !row->info)
			continue;
		for (unsigned s = 0; s < CPI_DW_SECTIONS && !code; s++)
			if (index[s] == row->info && file->section[s].n)
				code = relocate(
					file, (enum cpi_dwarf_section)s, row, i, err);
	}
	return code;
}
