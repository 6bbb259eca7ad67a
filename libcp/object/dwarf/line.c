/* SPDX-License-Identifier: Apache-2.0 */
/* Headers and file tables of line tables. */
#include "base/error.h"
#include "object/dwarf/const.h"
#include "object/dwarf/parts.h"

/* Directories and files of one table that are kept; real tables have some hundreds. */
enum { MOST_NAMES = 1 << 20, LONGEST_PATH = 1 << 14 };

static enum cp_code corrupt(const struct cpi_dwarf_lines *lines, struct cp_error *err)
{
	return cpi_dwarf_error(err, CP_ERROR_CORRUPT, lines->unit->linked, CPI_DW_LINE,
		lines->offset, "a line table's header is damaged");
}

/* From minimum_instruction_length to the opcode lengths. */
static bool read_machine(struct cpi_dwarf_lines *lines, struct cpi_cursor *c)
{
	lines->min_length = cpi_cursor_u8(c);
	lines->max_ops = lines->version >= 4 ? cpi_cursor_u8(c) : 1;
	cpi_cursor_skip(c, 1); /* default_is_stmt: rows are used whatever it says */
	lines->line_base = (int8_t)cpi_cursor_u8(c);
	lines->line_range = cpi_cursor_u8(c);
	lines->opcode_base = cpi_cursor_u8(c);
	for (unsigned i = 1; i < lines->opcode_base; i++)
		lines->lengths[i] = cpi_cursor_u8(c);
	if (!lines->max_ops)
		lines->max_ops = 1;
	return cpi_cursor_ok(c) && lines->line_range && lines->opcode_base;
}

enum cp_code cpi_dwarf_lines_open(struct cpi_dwarf_lines *lines,
	const struct cpi_dwarf_unit *unit, struct cp_error *err)
{
	struct cpi_cursor c = cpi_dwarf_cursor(unit->linked, CPI_DW_LINE, unit->line);
	uint64_t length = cpi_cursor_u32(&c);

	memset(lines, 0, sizeof *lines);
	lines->unit = unit;
	lines->offset = unit->line;
	lines->offset_size = 4;
	lines->address_size = unit->address_size;
	if (length == 0xffffffff) {
		lines->offset_size = 8;
		length = cpi_cursor_u64(&c);
	}
	if (!cpi_cursor_ok(&c) || length > cpi_cursor_left(&c))
		return corrupt(lines, err);
	c.end = c.at + length;
	lines->end = cpi_cursor_offset(&c) + length;
	lines->version = cpi_cursor_u16(&c);
	if (lines->version < 2 || lines->version > 5)
		return cpi_dwarf_error(err, CP_ERROR_UNSUPPORTED, unit->linked,
			CPI_DW_LINE, lines->offset, "a line table of version %u",
			lines->version);
	if (lines->version >= 5) {
		lines->address_size = cpi_cursor_u8(&c);
		/* segment selectors: no machine of ours has any */
		cpi_cursor_skip(&c, 1);
	}
	length = cpi_dwarf_word(&c, lines->offset_size);
	if (!cpi_cursor_ok(&c) || length > cpi_cursor_left(&c))
		return corrupt(lines, err);
	lines->program = c;
	lines->program.at += length;
	c.end = lines->program.at;
	if (!read_machine(lines, &c))
		return corrupt(lines, err);
	lines->tables = c;
	return CP_OK;
}

void cpi_dwarf_lines_release(struct cpi_mem *mem, struct cpi_dwarf_lines *lines)
{
	cpi_vec_release(mem, &lines->directory);
	cpi_vec_release(mem, &lines->file);
}

/* Versions 2–4: strings up to an empty one; files also carry three numbers. */
static bool read_names_2(struct cpi_dwarf_lines *lines, struct cpi_mem *mem)
{
	struct cpi_cursor c = lines->tables;
	struct cpi_dwarf_line_file file = {{"", 0}, 0};
	struct cp_text text;

	if (!cpi_vec_push(mem, &lines->directory, lines->unit->comp_dir) ||
		!cpi_vec_push(mem, &lines->file, file)) /* number 0 is none */
		return false;
	while ((text.p = cpi_cursor_string(&c, &text.n)) && text.n)
		if (lines->directory.n < MOST_NAMES &&
			!cpi_vec_push(mem, &lines->directory, text))
			return false;
	while ((file.name.p = cpi_cursor_string(&c, &file.name.n)) && file.name.n) {
		file.directory = cpi_cursor_uleb(&c);
		(void)cpi_cursor_uleb(&c); /* time */
		(void)cpi_cursor_uleb(&c); /* size */
		if (lines->file.n < MOST_NAMES && !cpi_vec_push(mem, &lines->file, file))
			return false;
	}
	return true;
}

/* One row of a DWARF 5 table, of which path and directory are kept. */
static void read_row(struct cpi_cursor *c, const struct cpi_cursor *formats,
	unsigned n_formats, const struct cpi_dwarf_unit *unit,
	struct cpi_dwarf_line_file *row)
{
	struct cpi_cursor f = *formats;

	*row = (struct cpi_dwarf_line_file){{"", 0}, 0};
	for (unsigned i = 0; i < n_formats; i++) {
		uint64_t what = cpi_cursor_uleb(&f), form = cpi_cursor_uleb(&f);
		struct cpi_dwarf_attr attr = {
			0, form > 0xffff ? 0xffff : (uint16_t)form, 0};
		struct cpi_dwarf_value value;

		cpi_dwarf_form_read(c, &attr, unit, &value);
		if (what == DW_LNCT_path)
			row->name = cpi_dwarf_text(unit, &value);
		else if (what == DW_LNCT_directory_index)
			row->directory = value.u;
	}
}

static bool add_row(struct cpi_dwarf_lines *lines, struct cpi_mem *mem, bool directories,
	const struct cpi_dwarf_line_file *row)
{
	return directories ? cpi_vec_push(mem, &lines->directory, row->name)
			   : cpi_vec_push(mem, &lines->file, *row);
}

/* One of DWARF 5's two tables (section 6.2.4.1); false only when out of memory. */
static bool read_table_5(struct cpi_dwarf_lines *lines, struct cpi_mem *mem,
	struct cpi_cursor *c, bool directories)
{
	unsigned n_formats = cpi_cursor_u8(c);
	struct cpi_cursor formats = *c;
	struct cpi_dwarf_unit unit = *lines->unit;
	uint64_t n;

	/* Strings are those of the file the table is in. */
	if (unit.file->split && !unit.linked->split)
		unit.file = unit.linked;
	unit.offset_size = lines->offset_size;
	for (unsigned i = 0; i < 2 * n_formats; i++)
		(void)cpi_cursor_uleb(c);
	n = cpi_cursor_uleb(c);
	for (uint64_t i = 0; i < n && i < MOST_NAMES && cpi_cursor_left(c); i++) {
		struct cpi_dwarf_line_file row;
		const uint8_t *from = c->at;

		read_row(c, &formats, n_formats, &unit, &row);
		if (c->at == from) /* rows of no bytes: nothing but a count */
			return true;
		if (cpi_cursor_ok(c) && !add_row(lines, mem, directories, &row))
			return false;
	}
	return true;
}

bool cpi_dwarf_lines_names(struct cpi_dwarf_lines *lines)
{
	struct cpi_mem *mem = &lines->unit->file->env->mem;
	struct cpi_cursor c = lines->tables;

	if (lines->named)
		return true;
	lines->named = true;
	/*
	 * Beyond it there are no names: the rows say so,
	 * which draw on the same budget.
	 */
	if (!cpi_dwarf_spend(&lines->unit->file->budget->rows, cpi_cursor_left(&c)))
		return true;
	if (lines->version < 5)
		return read_names_2(lines, mem) &&
			(lines->file.n > 1 || cpi_dwarf_lines_defined(lines, mem));
	return read_table_5(lines, mem, &c, true) && read_table_5(lines, mem, &c, false);
}

static bool is_absolute(struct cp_text path)
{
	return path.n && path.p[0] == '/';
}

static size_t put(char *to, size_t at, struct cp_text part)
{
	if (at && part.n && to[at - 1] != '/')
		to[at++] = '/';
	if (part.n)
		memcpy(to + at, part.p, part.n);
	return at + part.n;
}

/* comp_dir/directory/name, from the last absolute one on. */
static struct cp_text join(struct cpi_arena *arena, struct cp_text root,
	struct cp_text directory, struct cp_text name)
{
	struct cp_text text = {NULL, 0};
	char *p;

	if (is_absolute(name))
		directory.n = root.n = 0;
	if (is_absolute(directory))
		root.n = 0;
	if (root.n + directory.n + name.n > LONGEST_PATH)
		return (struct cp_text){"", 0};
	p = cpi_arena_alloc(arena, root.n + directory.n + name.n + 3, 1);
	if (!p)
		return text;
	text.n = put(p, put(p, put(p, 0, root), directory), name);
	text.p = p;
	p[text.n] = 0;
	return text;
}

struct cp_text cpi_dwarf_lines_path(
	struct cpi_dwarf_lines *lines, uint64_t number, struct cpi_arena *arena)
{
	const struct cpi_dwarf_line_file *file;
	struct cp_text directory = {"", 0}, root = {"", 0};

	if (!cpi_dwarf_lines_names(lines))
		return (struct cp_text){NULL, 0};
	if (number >= lines->file.n)
		return (struct cp_text){"", 0};
	file = &lines->file.v[number];
	if (!file->name.n)
		return (struct cp_text){"", 0};
	if (file->directory < lines->directory.n)
		directory = lines->directory.v[file->directory];
	/* Directory 0 is the compilation directory, in either numbering. */
	if (file->directory || lines->version >= 5)
		root = lines->unit->comp_dir;
	return join(arena, root, directory, file->name);
}
