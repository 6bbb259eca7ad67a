/* SPDX-License-Identifier: Apache-2.0 */
/* The debug sections of one file. */
#include "object/dwarf/file.h"

#include <elf.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/pool.h"
#include "object/elf/window.h"

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

/* Sections are read side by side: what takes time is inflating them. */
struct loading {
	struct cpi_dwarf_file *file;
	uint32_t index[CPI_DW_SECTIONS]; /* in the ELF file; 0: absent */
	enum cp_code code[CPI_DW_SECTIONS];
	struct cp_error what[CPI_DW_SECTIONS];
};

static void section_name(
	const struct cpi_dwarf_file *file, unsigned section, char *name, size_t size)
{
	snprintf(name, size, "%s%s", names[section],
		file->split && section != CPI_DW_CU_INDEX ? ".dwo" : "");
}

/* Opens the window of a section; false when it is to be loaded. */
static bool windowed(struct loading *l, size_t i)
{
	struct cpi_dwarf_file *file = l->file;
	struct cpi_dwarf_bytes *s = &file->section[i];
	const struct cpi_inflation *stream =
		cpi_elf_section_stream(file->elf, l->index[i]);
	struct cpi_elf_window **window = i == CPI_DW_INFO ? &file->info : &file->lines;

	if (!file->window || !stream || !stream->size ||
		(i != CPI_DW_INFO && i != CPI_DW_LINE))
		return false;
	l->code[i] = cpi_elf_window_open(
		file->env, stream, file->window / 4, window, &l->what[i]);
	if (l->code[i])
		cpi_error_place(&l->what[i], cpi_elf_name(file->elf), names[i]);
	if (!l->code[i])
		s->p = cpi_elf_window_bytes(*window, &s->n);
	return true;
}

static void load(void *arg, size_t i, unsigned worker)
{
	struct loading *l = arg;
	struct cpi_dwarf_bytes *s = &l->file->section[i];

	(void)worker;
	if (l->index[i] && !windowed(l, i))
		l->code[i] = cpi_elf_section_bytes(
			l->file->elf, l->index[i], &s->p, &s->n, &l->what[i]);
	if (!l->index[i] || l->code[i])
		*s = (struct cpi_dwarf_bytes){(const uint8_t *)"", 0};
}

/* Whether there is work for threads; split files come in thousands and have none. */
static bool inflates(const struct cpi_dwarf_file *file, const uint32_t *index)
{
	for (unsigned i = 0; i < CPI_DW_SECTIONS; i++) {
		const struct cpi_elf_section *row = cpi_elf_section(file->elf, index[i]);

		if (row->size != row->file_size && row->size > 1 << 16)
			return true;
	}
	return false;
}

enum cp_code cpi_dwarf_error(struct cp_error *err, enum cp_code code,
	const struct cpi_dwarf_file *file, enum cpi_dwarf_section section,
	uint64_t offset, const char *format, ...)
{
	char name[32], message[sizeof err->message];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	section_name(file, section, name, sizeof name);
	cpi_error(err, code, offset, "%s", message);
	cpi_error_place(err, cpi_elf_name(file->elf), name);
	return code;
}

/* A section that cannot be read counts as absent, with a warning. */
static enum cp_code load_all(struct cpi_dwarf_file *file, struct cp_error *err)
{
	struct loading l = {.file = file};
	enum cp_code code = CP_OK;
	char name[32];

	for (unsigned i = 0; i < CPI_DW_SECTIONS; i++) {
		section_name(file, i, name, sizeof name);
		l.index[i] = cpi_elf_find(file->elf, name);
	}
	if (inflates(file, l.index))
		cpi_pool_run(file->env, CPI_DW_SECTIONS, load, &l);
	else
		for (unsigned i = 0; i < CPI_DW_SECTIONS; i++)
			load(&l, i, 0);
	for (unsigned i = 0; i < CPI_DW_SECTIONS && !code; i++) {
		if (l.code[i] == CP_ERROR_MEMORY)
			code = cpi_error_memory(err);
		else if (l.code[i])
			cpi_diag_damage(&file->env->diag, "dwarf", &l.what[i]);
	}
	if (!code && cpi_elf_header(file->elf)->type == ET_REL)
		code = cpi_dwarf_file_relocate(file, l.index, err);
	return code;
}

/*
 * Lowest address of code in a linked file. Entries of code that the linker discarded
 * start at 0, below it. Relocatable files have no such entries and do start at 0.
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
	uint64_t little = 8 << 20; /* tables take ten times their bytes */

	atomic_init(
		&file->own_budget.abbrevs, (int64_t)(s[CPI_DW_ABBREV].n * 256 + little));
	atomic_init(&file->own_budget.ranges,
		(int64_t)((s[CPI_DW_RANGES].n + s[CPI_DW_RNGLISTS].n) * 16 + some));
	atomic_init(&file->own_budget.rows, (int64_t)(s[CPI_DW_LINE].n * 16 + some));
	file->budget = &file->own_budget;
}

/* Small ones are faster at once. */
static bool wants_window(const struct cpi_elf *elf, size_t window)
{
	uint32_t info = cpi_elf_find(elf, ".debug_info");

	return window && cpi_elf_section_stream(elf, info) &&
		cpi_elf_section(elf, info)->size / 2 > window &&
		cpi_elf_header(elf)->type != ET_REL;
}

/* Ends the list of units. */
static enum cp_code list(
	struct cpi_dwarf_file *file, enum cpi_dwarf_file_kind kind, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	if (kind != CPI_DW_PACKAGE)
		code = cpi_dwarf_units_read(file, err);
	if (!code && kind == CPI_DW_LINKED)
		code = file->section[CPI_DW_INFO].n ? cpi_dwarf_bare_units(file, err)
						    : cpi_dwarf_bare_tables(file, err);
	return code;
}

enum cp_code cpi_dwarf_file_fill(struct cpi_dwarf_file *file, struct cp_error *err)
{
	enum cp_code code =
		cpi_elf_window_need(file->info, 0, file->section[CPI_DW_INFO].n, err);

	if (!code && file->lines)
		code = cpi_elf_window_need(
			file->lines, 0, file->section[CPI_DW_LINE].n, err);
	file->window = 0;
	if (!code && file->listing)
		code = list(file, CPI_DW_LINKED, err);
	return code;
}

enum cp_code cpi_dwarf_file_open(struct cpi_env *env, struct cpi_elf *elf,
	struct cpi_dwarf_file *alt, enum cpi_dwarf_file_kind kind, size_t window,
	struct cpi_dwarf_file **ret_file, struct cp_error *err)
{
	struct cpi_dwarf_file *file = cpi_alloc_zero(&env->mem, sizeof *file);
	enum cp_code code;

	if (!file)
		return cpi_error_memory(err);
	file->env = env;
	file->elf = elf;
	file->alt = alt;
	file->split = kind != CPI_DW_LINKED;
	file->swap = cpi_elf_header(elf)->swap;
	file->is64 = cpi_elf_header(elf)->is64;
	file->code_start = code_start(elf);
	file->window = wants_window(elf, window) ? window : 0;
	cpi_arena_init(&file->arena, &env->mem);
	code = load_all(file, err);
	set_budget(file);
	if (!file->info)
		file->window = 0;
	if (!code)
		code = cpi_dwarf_listing_start(file, err);
	if (!code && !file->window)
		code = list(file, kind, err);
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
	cpi_dwarf_listing_free(file);
	cpi_elf_window_close(file->info);
	cpi_elf_window_close(file->lines);
	cpi_arena_release(&file->arena);
	cpi_vec_release(mem, &file->arange);
	cpi_free(mem, file->unit, file->cap_units * sizeof *file->unit);
	cpi_free(mem, file, sizeof *file);
}
