/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "object/dwarf_const.h"
#include "object/dwarf_parts.h"

static uint8_t kind_of_version(struct cpi_cursor *c, uint16_t version, uint8_t section)
{
	if (version >= 5)
		return cpi_cursor_u8(c);
	return section == CPI_DW_TYPES ? DW_UT_type : DW_UT_compile;
}

/* What follows the length: DWARF 5 section 7.5.1, and 7.5.1 of DWARF 4. */
static void read_header(struct cpi_cursor *c, struct cpi_dwarf_unit *unit)
{
	unit->version = cpi_cursor_u16(c);
	unit->kind = kind_of_version(c, unit->version, unit->section);
	if (unit->version >= 5)
		unit->address_size = cpi_cursor_u8(c);
	unit->abbrev = cpi_dwarf_word(c, unit->offset_size);
	if (unit->version < 5)
		unit->address_size = cpi_cursor_u8(c);
	if (unit->kind == DW_UT_type || unit->kind == DW_UT_split_type) {
		unit->id = cpi_cursor_u64(c);
		unit->type_die = unit->start + cpi_dwarf_word(c, unit->offset_size);
	} else if (unit->kind == DW_UT_skeleton || unit->kind == DW_UT_split_compile) {
		unit->id = cpi_cursor_u64(c);
	}
	unit->dies = cpi_cursor_offset(c);
}

enum cp_code cpi_dwarf_unit_header(const struct cpi_dwarf_file *file, uint8_t section,
	uint64_t offset, struct cpi_dwarf_unit *unit, struct cp_error *err)
{
	struct cpi_cursor c = cpi_dwarf_cursor(file, (enum cpi_dwarf_section)section, offset);
	uint64_t length = cpi_cursor_u32(&c);

	memset(unit, 0, sizeof *unit);
	unit->file = unit->linked = file;
	unit->section = section;
	unit->start = offset;
	unit->offset_size = 4;
	unit->line = CPI_DW_NONE;
	if (length == 0xffffffff) {
		unit->offset_size = 8;
		length = cpi_cursor_u64(&c);
	}
	if (!cpi_cursor_ok(&c) || length > cpi_cursor_left(&c) || length < 7 ||
		(unit->offset_size == 4 && length >= 0xfffffff0))
		return cpi_error(err, CP_ERROR_CORRUPT, offset,
			"a unit of %llu bytes does not fit its section",
			(unsigned long long)length);
	unit->end = cpi_cursor_offset(&c) + length;
	c.end = c.at + length;
	read_header(&c, unit);
	if (unit->version < 2 || unit->version > 5)
		return cpi_error(err, CP_ERROR_UNSUPPORTED, offset,
			"a unit of DWARF version %u", unit->version);
	if (unit->address_size != 4 && unit->address_size != 8)
		return cpi_error(err, CP_ERROR_UNSUPPORTED, offset,
			"a unit with addresses of %u bytes", unit->address_size);
	if (!cpi_cursor_ok(&c))
		return cpi_error(err, CP_ERROR_UNSUPPORTED, offset,
			"a unit that is shorter than its header");
	return CP_OK;
}

/* An attribute of a unit's entry whose text or address needs bases read later. */
struct unit_values {
	struct cpi_dwarf_value name, comp_dir, split_name;
};

static void take_attr(struct cpi_dwarf_unit *unit, struct unit_values *later, uint16_t name,
	const struct cpi_dwarf_value *value)
{
	switch (name) {
	case DW_AT_name:
		later->name = *value;
		break;
	case DW_AT_comp_dir:
		later->comp_dir = *value;
		break;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		later->split_name = *value;
		break;
	case DW_AT_low_pc:
		unit->low = *value;
		break;
	case DW_AT_high_pc:
		unit->high = *value;
		break;
	case DW_AT_ranges:
		unit->ranges = *value;
		break;
	case DW_AT_stmt_list:
		unit->line = value->u;
		break;
	case DW_AT_language:
		unit->language = (uint16_t)value->u;
		break;
	case DW_AT_str_offsets_base:
		unit->str_offsets = value->u;
		break;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		unit->addr = value->u;
		break;
	case DW_AT_rnglists_base:
		unit->rnglists = value->u;
		break;
	case DW_AT_GNU_ranges_base:
		unit->ranges_base = value->u;
		break;
	case DW_AT_GNU_dwo_id:
		unit->id = value->u;
		break;
	default:
		break;
	}
}

/*
 * Where the tables of a section start when no attribute says so: behind the header of the
 * section's (or the package contribution's) first table. Split units of DWARF 5 rely on it.
 */
static void default_bases(struct cpi_dwarf_unit *unit)
{
	if (unit->version >= 5) {
		unit->str_offsets += unit->offset_size == 8 ? 16 : 8;
		unit->rnglists += unit->offset_size == 8 ? 20 : 12;
		unit->addr = unit->offset_size == 8 ? 16 : 8;
	}
}

enum cp_code cpi_dwarf_unit_entry(struct cpi_dwarf_unit *unit,
	struct cpi_dwarf_abbrev_cache *cache, struct cp_error *err)
{
	const struct cpi_dwarf_abbrevs *table = NULL;
	const struct cpi_dwarf_abbrev *a;
	struct cpi_cursor c = cpi_dwarf_cursor(
		unit->file, (enum cpi_dwarf_section)unit->section, unit->dies);
	struct unit_values later = {0};
	enum cp_code code = cpi_dwarf_abbrevs_get(cache, unit, &table, err);

	if (code)
		return code;
	c.end = c.start + unit->end;
	a = cpi_dwarf_abbrev_find(table, cpi_cursor_uleb(&c));
	if (!a)
		return cpi_error(err, CP_ERROR_CORRUPT, unit->dies,
			"a unit's first entry has no abbreviation");
	default_bases(unit);
	for (uint32_t i = 0; i < a->n_attrs; i++) {
		const struct cpi_dwarf_attr *attr = &table->attr.v[a->attr + i];
		struct cpi_dwarf_value value;

		cpi_dwarf_form_read(&c, attr, unit, &value);
		if (!cpi_cursor_ok(&c))
			return cpi_error(err, CP_ERROR_CORRUPT, unit->dies,
				"a unit's first entry is cut off");
		take_attr(unit, &later, attr->name, &value);
	}
	unit->name = cpi_dwarf_text(unit, &later.name);
	unit->comp_dir = cpi_dwarf_text(unit, &later.comp_dir);
	unit->split_name = cpi_dwarf_text(unit, &later.split_name);
	if (!cpi_dwarf_address(unit, &unit->low, &unit->base))
		unit->base = 0;
	return CP_OK;
}

static enum cp_code warn(const struct cpi_dwarf_file *file, const struct cp_error *what,
	struct cp_error *err)
{
	return cpi_diag_warn(&file->env->diag, err, "dwarf", what->offset, "%s", what->message);
}

/* Reads one unit into the list; CP_ERROR_CORRUPT ends the list. */
static enum cp_code add_unit(struct cpi_dwarf_file *file, struct cpi_dwarf_abbrev_cache *cache,
	uint64_t offset, uint64_t *ret_next, struct cp_error *err)
{
	struct cpi_mem *mem = &file->env->mem;
	struct cpi_dwarf_unit unit;
	struct cp_error what;
	enum cp_code code = cpi_dwarf_unit_header(file, CPI_DW_INFO, offset, &unit, &what);

	*ret_next = unit.end;
	if (!code) {
		cpi_dwarf_abbrevs_trim(mem, cache);
		code = cpi_dwarf_unit_entry(&unit, cache, &what);
		unit.no_code = code != CP_OK;
		if (file->n_units == file->cap_units) {
			size_t cap = file->cap_units;

			if (!cpi_vec_grow(mem, (void **)&file->unit, &cap, cap + 1, sizeof unit))
				return cpi_error_memory(err);
			file->cap_units = (uint32_t)cap;
		}
		file->unit[file->n_units++] = unit;
	}
	if (code == CP_ERROR_MEMORY)
		return cpi_error_memory(err);
	if (code && (code = warn(file, &what, err)))
		return code;
	return CP_OK;
}

enum cp_code cpi_dwarf_units_read(struct cpi_dwarf_file *file, struct cp_error *err)
{
	struct cpi_dwarf_abbrev_cache cache = {0};
	uint64_t at = 0, n = file->section[CPI_DW_INFO].n;
	enum cp_code code = CP_OK;

	while (!code && at < n) {
		uint64_t next = 0;

		code = add_unit(file, &cache, at, &next, err);
		if (next <= at)
			break;
		at = next;
	}
	cpi_dwarf_abbrevs_release(&file->env->mem, &cache);
	return code;
}

const struct cpi_dwarf_unit *cpi_dwarf_unit_at(
	const struct cpi_dwarf_file *file, uint64_t offset)
{
	uint32_t low = 0, high = file->n_units;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (file->unit[mid].end <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == file->n_units || offset < file->unit[low].dies)
		return NULL;
	return &file->unit[low];
}
