/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "object/dwarf/const.h"
#include "object/dwarf/parts.h"
#include "object/dwarf/skip.h"

/*
 * An abbreviation is compiled into a skip program: runs of fixed bytes joined, one step
 * for each value whose size is in the data. Most entries of real files then cost one
 * addition to step over.
 */

/* Producers number codes from 1 without gaps; this leaves room for unusual ones. */
#define MOST_GAPS 4096
/* Tables kept by one worker before they are thrown away between units. */
#define CACHE_BYTES (8u << 20)

static enum cpi_dwarf_role role_of(uint16_t tag, bool has_code)
{
	switch (tag) {
	case DW_TAG_subprogram:
		return has_code ? CPI_DW_FUNCTION : CPI_DW_ABSTRACT;
	case DW_TAG_inlined_subroutine:
		return has_code ? CPI_DW_INLINED : CPI_DW_PLAIN;
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
		return CPI_DW_TYPE;
	case DW_TAG_enumeration_type:
	case DW_TAG_formal_parameter:
		return CPI_DW_LEAF;
	default:
		return CPI_DW_PLAIN;
	}
}

/* Whether the attribute is one of code, and where it lies when that is fixed. */
static bool note_code(
	struct cpi_dwarf_abbrev *a, const struct cpi_dwarf_attr *attr, int at)
{
	bool fixed = at >= 0 && at < INT16_MAX;

	if (attr->name == DW_AT_low_pc && attr->form == DW_FORM_addr && fixed)
		a->low_at = (int16_t)at;
	if (attr->name == DW_AT_high_pc && fixed &&
		(attr->form == DW_FORM_data4 || attr->form == DW_FORM_data8)) {
		a->high_at = (int16_t)at;
		a->high_size = attr->form == DW_FORM_data4 ? 4 : 8;
	}
	if (attr->name == DW_AT_ranges && attr->form == DW_FORM_sec_offset && fixed)
		a->ranges_at = (int16_t)at;
	if (attr->name == DW_AT_sibling && attr->form == DW_FORM_ref4 && fixed)
		a->sibling_at = (int16_t)at;
	return attr->name == DW_AT_low_pc || attr->name == DW_AT_ranges;
}

static uint32_t step_of(const struct cpi_dwarf_attr *attr)
{
	switch (attr->form) {
	case DW_FORM_string:
		return SKIP_STRING;
	case DW_FORM_exprloc:
	case DW_FORM_block:
		return SKIP_BLOCK;
	case DW_FORM_block1:
		return SKIP_BLOCK1;
	case DW_FORM_block2:
	case DW_FORM_block4:
	case DW_FORM_indirect:
		return SKIP_OTHER | (uint32_t)attr->form << 8;
	default:
		return SKIP_LEB;
	}
}

static bool push_step(struct cpi_mem *mem, struct cpi_dwarf_abbrevs *table, uint32_t *run,
	uint32_t step)
{
	if (*run && !cpi_vec_push(mem, &table->op, SKIP_BYTES | *run << 8))
		return false;
	*run = 0;
	return cpi_vec_push(mem, &table->op, step);
}

/* Makes the skip program; false when out of memory. */
static bool compile(
	struct cpi_mem *mem, struct cpi_dwarf_abbrevs *table, struct cpi_dwarf_abbrev *a)
{
	uint32_t run = 0;
	int at = 0;
	bool has_code = false;

	a->low_at = a->high_at = a->ranges_at = a->sibling_at = -1;
	a->op = (uint32_t)table->op.n;
	for (uint32_t i = 0; i < a->n_attrs; i++) {
		const struct cpi_dwarf_attr *attr = &table->attr.v[a->attr + i];
		int size = cpi_dwarf_form_size(attr->form, table->address_size,
			table->offset_size, table->version2);

		has_code |= note_code(a, attr, at);
		if (size == -2) {
			a->bad = true;
			size = 0;
		}
		if (attr->name == DW_AT_sibling && attr->form == DW_FORM_ref4) {
			if (!push_step(mem, table, &run, SKIP_SIBLING))
				return false;
		} else if (size < 0) {
			if (!push_step(mem, table, &run, step_of(attr)))
				return false;
		} else {
			run += (uint32_t)size;
		}
		at = at < 0 || size < 0 || run > 1 << 20 ? -1 : at + size;
	}
	a->size = at;
	a->role = (uint8_t)role_of(a->tag, has_code);
	return push_step(mem, table, &run, SKIP_END);
}

/* False at the end of an abbreviation's attributes, and of the section. */
static bool next_attr(struct cpi_cursor *c, struct cpi_dwarf_attr *attr)
{
	uint64_t name = cpi_cursor_uleb(c), form = cpi_cursor_uleb(c);

	attr->implicit = form == DW_FORM_implicit_const ? cpi_cursor_sleb(c) : 0;
	/* Names and forms beyond 16 bits do not exist; keep them from aliasing. */
	attr->name = name > 0xffff ? 0 : (uint16_t)name;
	attr->form = form > 0xffff ? 0xffff : (uint16_t)form;
	return cpi_cursor_ok(c) && (name || form);
}

static enum cp_code endless(
	const struct cpi_dwarf_file *file, uint64_t offset, struct cp_error *err)
{
	return cpi_dwarf_error(err, CP_ERROR_CORRUPT, file, CPI_DW_ABBREV, offset,
		"the abbreviation table does not end");
}

static enum cp_code read_attrs(struct cpi_mem *mem, struct cpi_cursor *c,
	struct cpi_dwarf_abbrevs *table, struct cpi_dwarf_abbrev *a, struct cp_error *err)
{
	struct cpi_dwarf_attr attr;

	for (; next_attr(c, &attr); a->n_attrs++)
		if (!cpi_vec_push(mem, &table->attr, attr))
			return cpi_error_memory(err);
	return cpi_cursor_ok(c) ? CP_OK : endless(table->file, table->offset, err);
}

enum cp_code cpi_dwarf_abbrev_one(struct cpi_dwarf_abbrev_cache *cache,
	const struct cpi_dwarf_unit *unit, uint64_t number,
	const struct cpi_dwarf_attr **ret_attr, size_t *ret_n, struct cp_error *err)
{
	struct cpi_cursor c = cpi_dwarf_cursor(unit->file, CPI_DW_ABBREV, unit->abbrev);
	const uint8_t *from = c.at;
	struct cpi_dwarf_attr attr;
	uint64_t at;

	while ((at = cpi_cursor_uleb(&c)) && at != number) {
		(void)cpi_cursor_uleb(&c);
		cpi_cursor_skip(&c, 1);
		while (next_attr(&c, &attr))
			;
	}
	if (!at || !number)
		return CPI_DWARF_UNIT_ERROR(err, CP_ERROR_CORRUPT, unit, unit->dies,
			"a unit's first entry has no abbreviation");
	(void)cpi_cursor_uleb(&c);
	cpi_cursor_skip(&c, 1);
	for (cache->one.n = 0; next_attr(&c, &attr);)
		if (!cpi_vec_push(&unit->file->env->mem, &cache->one, attr))
			return cpi_error_memory(err);
	if (!cpi_cursor_ok(&c))
		return endless(unit->file, unit->abbrev, err);
	if (!cpi_dwarf_spend(&unit->file->budget->abbrevs, (uint64_t)(c.at - from)))
		return cpi_dwarf_error(err, CP_ERROR_LIMIT, unit->file, CPI_DW_ABBREV,
			unit->abbrev, "abbreviation tables overlap beyond reason");
	*ret_attr = cache->one.v;
	*ret_n = cache->one.n;
	return CP_OK;
}

/* Puts the abbreviation where its code says. */
static enum cp_code place(struct cpi_mem *mem, struct cpi_dwarf_abbrevs *table,
	uint64_t code, const struct cpi_dwarf_abbrev *a, uint32_t n, struct cp_error *err)
{
	if (code > (uint64_t)n * 4 + MOST_GAPS)
		return cpi_dwarf_error(err, CP_ERROR_UNSUPPORTED, table->file,
			CPI_DW_ABBREV, table->offset,
			"abbreviation code %llu in a table of a few",
			(unsigned long long)code);
	if (code >= table->n_slots) {
		size_t want = (size_t)code + 1 + code / 2 + 64;
		struct cpi_dwarf_abbrev *slot = cpi_resize(mem, table->slot,
			table->n_slots * sizeof *slot, want * sizeof *slot);

		if (!slot)
			return cpi_error_memory(err);
		memset(slot + table->n_slots, 0, (want - table->n_slots) * sizeof *slot);
		table->slot = slot;
		table->n_slots = want;
	}
	if (!table->slot[code].tag)
		table->slot[code] = *a;
	return CP_OK;
}

static enum cp_code parse(struct cpi_dwarf_abbrevs *table, struct cp_error *err)
{
	const struct cpi_dwarf_file *file = table->file;
	struct cpi_mem *mem = &file->env->mem;
	struct cpi_cursor c = cpi_dwarf_cursor(file, CPI_DW_ABBREV, table->offset);
	enum cp_code code = CP_OK;

	for (uint32_t n = 0; !code; n++) {
		const uint8_t *from = c.at;
		uint64_t number = cpi_cursor_uleb(&c);
		struct cpi_dwarf_abbrev a = {0};
		uint64_t tag;

		if (!number)
			break; /* also a table cut off between two of its rows */
		tag = cpi_cursor_uleb(&c);
		a.children = cpi_cursor_u8(&c);
		a.tag = tag && tag <= 0xffff ? (uint16_t)tag : 0xffff;
		a.attr = (uint32_t)table->attr.n;
		code = read_attrs(mem, &c, table, &a, err);
		if (!code && !compile(mem, table, &a))
			code = cpi_error_memory(err);
		if (!code)
			code = place(mem, table, number, &a, n, err);
		if (!code &&
			!cpi_dwarf_spend(&file->budget->abbrevs, (uint64_t)(c.at - from)))
			code = cpi_dwarf_error(err, CP_ERROR_LIMIT, file, CPI_DW_ABBREV,
				table->offset,
				"abbreviation tables overlap beyond reason");
	}
	return code;
}

static size_t bytes_of(const struct cpi_dwarf_abbrevs *table)
{
	return sizeof *table + table->n_slots * sizeof *table->slot +
	       table->attr.cap * sizeof *table->attr.v +
	       table->op.cap * sizeof *table->op.v;
}

static void free_table(struct cpi_mem *mem, struct cpi_dwarf_abbrevs *table)
{
	cpi_free(mem, table->slot, table->n_slots * sizeof *table->slot);
	cpi_vec_release(mem, &table->attr);
	cpi_vec_release(mem, &table->op);
	cpi_free(mem, table, sizeof *table);
}

static bool made_for(
	const struct cpi_dwarf_abbrevs *table, const struct cpi_dwarf_unit *unit)
{
	return table->file == unit->file && table->offset == unit->abbrev &&
		table->address_size == unit->address_size &&
		table->offset_size == unit->offset_size &&
		table->version2 == (unit->version <= 2);
}

static enum cp_code keep(struct cpi_dwarf_abbrev_cache *cache, uint64_t hash,
	struct cpi_dwarf_abbrevs *table, struct cp_error *err)
{
	struct cpi_mem *mem = &table->file->env->mem;

	if (!cpi_vec_push(mem, &cache->table, table))
		return cpi_error_memory(err);
	if (!cpi_index_add(mem, &cache->index, hash, (uint32_t)cache->table.n)) {
		cache->table.n--;
		return cpi_error_memory(err);
	}
	cache->bytes += bytes_of(table);
	return CP_OK;
}

enum cp_code cpi_dwarf_abbrevs_get(struct cpi_dwarf_abbrev_cache *cache,
	const struct cpi_dwarf_unit *unit, const struct cpi_dwarf_abbrevs **ret_table,
	struct cp_error *err)
{
	struct cpi_mem *mem = &unit->file->env->mem;
	uint64_t hash = cpi_hash_mix(cpi_hash_u64(unit->abbrev), (uintptr_t)unit->file);
	struct cpi_probe probe = cpi_index_find(&cache->index, hash);
	struct cpi_dwarf_abbrevs *table;
	enum cp_code code;

	for (uint32_t id; (id = cpi_index_next(&cache->index, &probe));) {
		if (made_for(cache->table.v[id - 1], unit)) {
			*ret_table = cache->table.v[id - 1];
			return CP_OK;
		}
	}
	table = cpi_alloc_zero(mem, sizeof *table);
	if (!table)
		return cpi_error_memory(err);
	table->file = unit->file;
	table->offset = unit->abbrev;
	table->address_size = unit->address_size;
	table->offset_size = unit->offset_size;
	table->version2 = unit->version <= 2;
	code = parse(table, err);
	if (!code)
		code = keep(cache, hash, table, err);
	if (code)
		free_table(mem, table);
	else
		*ret_table = table;
	return code;
}

void cpi_dwarf_abbrevs_release(struct cpi_mem *mem, struct cpi_dwarf_abbrev_cache *cache)
{
	for (size_t i = 0; i < cache->table.n; i++)
		free_table(mem, cache->table.v[i]);
	cpi_vec_release(mem, &cache->table);
	cpi_index_release(mem, &cache->index);
	cpi_vec_release(mem, &cache->one);
	cache->bytes = 0;
}

void cpi_dwarf_abbrevs_trim(struct cpi_mem *mem, struct cpi_dwarf_abbrev_cache *cache)
{
	if (cache->bytes > CACHE_BYTES)
		cpi_dwarf_abbrevs_release(mem, cache);
}
