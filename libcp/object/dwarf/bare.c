/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "object/dwarf/const.h"
#include "object/dwarf/file.h"

/*
 * Where code is when only line tables know: units whose entry has no addresses and which
 * .debug_aranges does not mention, and files that kept .debug_line alone.
 */

struct target {
	struct cpi_dwarf_file *file;
	uint32_t unit;
	bool failed;
};

static void take_span(void *arg, uint64_t low, uint64_t high)
{
	struct target *t = arg;
	struct cpi_dwarf_arange row = {low, high, t->unit};

	if (!cpi_vec_push(&t->file->env->mem, &t->file->arange, row))
		t->failed = true;
}

/*
 * Adds the sequences of one unit's line table; damage
 * is met again, and said, by lookups.
 */
static enum cp_code add_spans(struct cpi_dwarf_file *file, uint32_t unit,
	uint64_t *ret_end, struct cp_error *err)
{
	struct target target = {file, unit, false};
	struct cpi_dwarf_lines lines;

	if (cpi_dwarf_hold_lines(file, file->unit[unit], ret_end, NULL) ==
		CP_ERROR_MEMORY)
		return cpi_error_memory(err);
	if (cpi_dwarf_lines_open(&lines, file->unit[unit], NULL))
		return CP_OK;
	*ret_end = lines.end;
	(void)cpi_dwarf_rows_spans(&lines, take_span, &target, NULL);
	return target.failed ? cpi_error_memory(err) : CP_OK;
}

enum cp_code cpi_dwarf_bare_units(struct cpi_dwarf_file *file, struct cp_error *err)
{
	size_t known = file->arange.n, at = 0;
	enum cp_code code = CP_OK;
	uint64_t ignored;

	for (uint32_t u = 0; u < file->n_units && !code; u++) {
		const struct cpi_dwarf_unit *unit = file->unit[u];
		bool listed = false;

		for (; at < known && file->arange.v[at].unit <= u; at++)
			listed |= file->arange.v[at].unit == u;
		if (unit->no_code || unit->ranges.kind || unit->high.kind || listed ||
			unit->kind == DW_UT_type || unit->line == CPI_DW_NONE)
			continue;
		code = add_spans(file, u, &ignored, err);
	}
	return code;
}

enum cp_code cpi_dwarf_bare_tables(struct cpi_dwarf_file *file, struct cp_error *err)
{
	uint64_t at = 0, end;
	enum cp_code code = CP_OK;

	while (!code && at < file->section[CPI_DW_LINE].n) {
		struct cpi_dwarf_unit unit = {
			.file = file, .linked = file, .line = at, .version = 4,
			.address_size = file->is64 ? 8 : 4, .offset_size = 4,
			.kind = DW_UT_compile, .section = CPI_DW_INFO,
			.name = {"", 0}, .comp_dir = {"", 0}, .split_name = {"", 0}};

		if (!cpi_dwarf_unit_push(file, &unit))
			return cpi_error_memory(err);
		end = at;
		code = add_spans(file, file->n_units - 1, &end, err);
		if (end <= at)
			break;
		at = end;
	}
	return code;
}
