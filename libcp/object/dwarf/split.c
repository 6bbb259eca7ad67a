/* SPDX-License-Identifier: Apache-2.0 */
/* Split units, and the files they are in. */
#include "object/dwarf/split.h"

#include "base/error.h"
#include "object/dwarf/const.h"

void cpi_dwarf_splits_init(struct cpi_dwarf_splits *splits, struct cpi_env *env,
	const struct cpi_dwarf_options *options)
{
	memset(splits, 0, sizeof *splits);
	splits->env = env;
	if (options)
		splits->options = *options;
	cpi_arena_init(&splits->units, &env->mem);
}

void cpi_dwarf_splits_release(struct cpi_dwarf_splits *splits)
{
	struct cpi_mem *mem = &splits->env->mem;

	for (size_t i = 0; i < splits->file.n; i++)
		cpi_dwarf_file_close(splits->file.v[i]);
	cpi_vec_release(mem, &splits->file);
	cpi_dwarf_file_close(splits->package);
	cpi_arena_release(&splits->units);
	cpi_dwarf_abbrevs_release(mem, &splits->cache);
}

/* What a split unit takes from its skeleton (DWARF 5 section 3.1.3). */
static void inherit(struct cpi_dwarf_unit *unit, const struct cpi_dwarf_unit *skeleton)
{
	unit->linked = skeleton->linked;
	unit->addr = skeleton->addr;
	unit->line = skeleton->line;
	unit->base = skeleton->base;
	unit->ranges_base = skeleton->ranges_base;
	if (skeleton->comp_dir.n)
		unit->comp_dir = skeleton->comp_dir;
}

/* Where one unit's parts lie in a package's sections; indexed by DW_SECT_… */
struct row {
	uint64_t offset[9], size[9];
	bool found;
};

/* The table behind the hash table: a row of columns' kinds, rows of offsets, of sizes. */
static void read_row(struct cpi_cursor c, uint32_t columns, uint32_t units,
	uint32_t number, struct row *row)
{
	struct cpi_cursor kinds = cpi_cursor_sub(&c, (size_t)columns * 4);
	struct cpi_cursor sizes;

	cpi_cursor_skip(&c, (size_t)(number - 1) * columns * 4);
	sizes = c;
	cpi_cursor_skip(&sizes, (size_t)units * columns * 4);
	for (uint32_t i = 0; i < columns; i++) {
		uint32_t kind = cpi_cursor_u32(&kinds);
		uint32_t offset = cpi_cursor_u32(&c), size = cpi_cursor_u32(&sizes);

		if (kind < 9) {
			row->offset[kind] = offset;
			row->size[kind] = size;
		}
	}
	row->found = cpi_cursor_ok(&kinds) && cpi_cursor_ok(&c) && cpi_cursor_ok(&sizes);
}

/* Looks a unit up in .debug_cu_index (DWARF 5 section 7.3.5.3). */
static struct row find_row(const struct cpi_dwarf_file *package, uint64_t id)
{
	struct cpi_cursor c = cpi_dwarf_cursor(package, CPI_DW_CU_INDEX, 0), indexes;
	uint32_t version = cpi_cursor_u32(&c), columns, units, slots;
	uint64_t at, step;
	struct row row = {.found = false};

	/* Version 5 has 16 bits and padding where version 2 has 32. */
	if (version != 2 && (version & 0xffff) != 5 && version >> 16 != 5)
		return row;
	columns = cpi_cursor_u32(&c);
	units = cpi_cursor_u32(&c);
	slots = cpi_cursor_u32(&c);
	if (!cpi_cursor_ok(&c) || !slots || (slots & (slots - 1)) ||
		slots > cpi_cursor_left(&c) / 12 || !columns || columns > 16 ||
		units > cpi_cursor_left(&c) / 4 / columns)
		return row;
	at = id & (slots - 1);
	step = ((id >> 32) & (slots - 1)) | 1;
	indexes = c;
	cpi_cursor_skip(&indexes, (size_t)slots * 8);
	for (uint32_t i = 0; i < slots; i++, at = (at + step) & (slots - 1)) {
		struct cpi_cursor key = c, index = indexes;
		uint32_t number;

		cpi_cursor_skip(&key, (size_t)at * 8);
		cpi_cursor_skip(&index, (size_t)at * 4);
		number = cpi_cursor_u32(&index);
		if (!number || number > units)
			break;
		if (cpi_cursor_u64(&key) != id)
			continue;
		cpi_cursor_skip(&indexes, (size_t)slots * 4);
		read_row(indexes, columns, units, number, &row);
		break;
	}
	return row;
}

static enum cp_code damaged(struct cpi_dwarf_splits *splits, const struct cp_error *what,
	enum cp_code code, struct cp_error *err)
{
	if (code == CP_ERROR_MEMORY)
		return cpi_error_memory(err);
	cpi_diag_damage(&splits->env->diag, "split-dwarf", what);
	return CP_OK;
}

static struct cpi_dwarf_unit *new_unit(struct cpi_dwarf_splits *splits)
{
	return cpi_arena_new(&splits->units, struct cpi_dwarf_unit, 1);
}

static enum cp_code from_package(struct cpi_dwarf_splits *splits,
	struct cpi_dwarf_unit *skeleton, const struct row *row, struct cp_error *err)
{
	const struct cpi_dwarf_file *package = splits->package;
	struct cpi_dwarf_unit *unit = new_unit(splits);
	struct cp_error what;
	enum cp_code code;

	if (!unit)
		return cpi_error_memory(err);
	code = cpi_dwarf_unit_header(
		package, CPI_DW_INFO, row->offset[DW_SECT_INFO], unit, &what);
	if (!code) {
		unit->abbrev += row->offset[DW_SECT_ABBREV];
		unit->str_offsets = row->offset[DW_SECT_STR_OFFSETS];
		if (unit->version >= 5)
			unit->rnglists = row->offset[DW_SECT_RNGLISTS];
		code = cpi_dwarf_unit_entry(unit, &splits->cache, &what);
	}
	if (code)
		return damaged(splits, &what, code, err);
	inherit(unit, skeleton);
	skeleton->split = unit;
	return CP_OK;
}

static enum cp_code open_package(struct cpi_dwarf_splits *splits, struct cp_error *err)
{
	struct cpi_elf *elf = NULL;
	struct cp_error what;
	enum cp_code code;

	splits->asked = true;
	if (splits->options.open_package)
		elf = splits->options.open_package(splits->options.arg);
	if (!elf)
		return CP_OK;
	code = cpi_dwarf_file_open(
		splits->env, elf, NULL, CPI_DW_PACKAGE, 0, &splits->package, &what);
	return code ? damaged(splits, &what, code, err) : CP_OK;
}

/* The opened file of an ELF image; several units may share one. */
static enum cp_code file_of(struct cpi_dwarf_splits *splits, struct cpi_elf *elf,
	struct cpi_dwarf_file **ret_file, struct cp_error *err)
{
	struct cpi_dwarf_file *file;
	enum cp_code code;

	for (size_t i = 0; i < splits->file.n; i++) {
		if (splits->file.v[i]->elf == elf) {
			*ret_file = splits->file.v[i];
			return CP_OK;
		}
	}
	code = cpi_dwarf_file_open(splits->env, elf, NULL, CPI_DW_SPLIT, 0, &file, err);
	if (code)
		return code;
	if (!cpi_vec_push(&splits->env->mem, &splits->file, file)) {
		cpi_dwarf_file_close(file);
		return cpi_error_memory(err);
	}
	*ret_file = file;
	return CP_OK;
}

static bool is_for(
	const struct cpi_dwarf_unit *unit, const struct cpi_dwarf_unit *skeleton)
{
	return !unit->no_code && unit->id == skeleton->id && unit->kind != DW_UT_type &&
		unit->kind != DW_UT_split_type;
}

static enum cp_code from_file(struct cpi_dwarf_splits *splits,
	struct cpi_dwarf_unit *skeleton, struct cpi_elf *elf, struct cp_error *err)
{
	struct cpi_dwarf_file *file = NULL;
	struct cp_error what;
	enum cp_code code = file_of(splits, elf, &file, &what);

	if (code)
		return damaged(splits, &what, code, err);
	for (uint32_t i = 0; i < file->n_units; i++) {
		struct cpi_dwarf_unit *unit = file->unit[i];

		if (!is_for(unit, skeleton))
			continue;
		unit = new_unit(splits);
		if (!unit)
			return cpi_error_memory(err);
		*unit = *file->unit[i];
		inherit(unit, skeleton);
		skeleton->split = unit;
		return CP_OK;
	}
	CPI_DWARF_UNIT_ERROR(&what, CP_ERROR_CORRUPT, skeleton, skeleton->start,
		"the split file found for a unit is of another build");
	return damaged(splits, &what, CP_ERROR_CORRUPT, err);
}

enum cp_code cpi_dwarf_splits_attach(struct cpi_dwarf_splits *splits,
	struct cpi_dwarf_unit *unit, struct cp_error *err)
{
	const struct cpi_dwarf_options *o = &splits->options;
	struct cpi_elf *elf = NULL;
	struct cpi_place place;
	enum cp_code code;

	if (!unit->split_name.n || unit->split || unit->split_asked)
		return CP_OK;
	unit->split_asked = true;
	if (!splits->asked && (code = open_package(splits, err)))
		return code;
	cpi_dwarf_abbrevs_trim(&splits->env->mem, &splits->cache);
	if (splits->package) {
		struct row row = find_row(splits->package, unit->id);

		if (row.found)
			return from_package(splits, unit, &row, err);
	}
	if (o->open_split)
		elf = o->open_split(o->arg, unit->comp_dir, unit->split_name);
	if (elf)
		return from_file(splits, unit, elf, err);
	splits->missing++;
	place = cpi_place_at(cpi_elf_name(unit->file->elf), unit->start);
	place.section = ".debug_info";
	cpi_diag_note(&splits->env->diag, "split-dwarf", &place,
		"a unit's functions are in a split file that was not found");
	return CP_OK;
}
