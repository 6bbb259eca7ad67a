/* SPDX-License-Identifier: Apache-2.0 */
#include "object/dwarf/const.h"
#include "object/dwarf/parts.h"

/*
 * Files that a line program defines on its way (DW_LNE_define_file, gone in DWARF 5) and
 * its header does not list. Of today's writers only perf inject --jit does so, for the
 * ELF files it makes of generated code.
 */

static bool define(
	struct cpi_dwarf_lines *lines, struct cpi_mem *mem, struct cpi_cursor *c)
{
	struct cpi_dwarf_line_file file = {{"", 0}, 0};

	file.name.p = cpi_cursor_string(c, &file.name.n);
	file.directory = cpi_cursor_uleb(c);
	return !cpi_cursor_ok(c) || cpi_vec_push(mem, &lines->file, file);
}

static void skip_standard(
	const struct cpi_dwarf_lines *lines, struct cpi_cursor *c, uint8_t opcode)
{
	if (opcode == DW_LNS_fixed_advance_pc) {
		cpi_cursor_skip(c, 2);
		return;
	}
	for (unsigned i = 0; i < lines->lengths[opcode]; i++)
		(void)cpi_cursor_uleb(c);
}

bool cpi_dwarf_lines_defined(struct cpi_dwarf_lines *lines, struct cpi_mem *mem)
{
	struct cpi_cursor c = lines->program;
	bool fine = true;

	if (!cpi_dwarf_spend(&lines->unit->file->budget->rows, cpi_cursor_left(&c)))
		return true;
	while (cpi_cursor_left(&c) && fine) {
		uint8_t opcode = cpi_cursor_u8(&c);
		struct cpi_cursor extended;
		uint64_t n;

		if (opcode >= lines->opcode_base)
			continue;
		if (opcode) {
			skip_standard(lines, &c, opcode);
			continue;
		}
		n = cpi_cursor_uleb(&c);
		extended = cpi_cursor_sub(
			&c, n > cpi_cursor_left(&c) ? SIZE_MAX : (size_t)n);
		if (n && cpi_cursor_u8(&extended) == DW_LNE_define_file)
			fine = define(lines, mem, &extended);
	}
	return fine;
}
