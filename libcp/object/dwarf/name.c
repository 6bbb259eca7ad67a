/* SPDX-License-Identifier: Apache-2.0 */
/* Names of functions, completed with their scopes. */
#include "base/error.h"
#include "object/dwarf/const.h"
#include "object/dwarf/parts.h"
#include "object/dwarf/skip.h"

enum {
	LONGEST_CHAIN = 16, /* origins followed; real chains have two or three links */
	DEEPEST = 4096,
	MOST_SCOPES = 64, /* innermost scopes that make it into a name */
	LONGEST_NAME = 1 << 14
};

static void take_attr(struct cpi_dwarf_entry *entry, const struct cpi_dwarf_unit *unit,
	uint16_t name, const struct cpi_dwarf_value *value)
{
	switch (name) {
	case DW_AT_name:
		entry->name = cpi_dwarf_text(unit, value);
		break;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		entry->linkage_name = cpi_dwarf_text(unit, value);
		break;
	case DW_AT_abstract_origin:
		entry->origin = *value;
		break;
	case DW_AT_specification:
		if (!entry->origin.kind)
			entry->origin = *value;
		break;
	case DW_AT_signature:
		entry->signature = *value;
		break;
	case DW_AT_decl_file:
		entry->decl_file = value->u;
		entry->has_decl_file = true;
		break;
	case DW_AT_decl_line:
		entry->decl_line = value->u;
		break;
	case DW_AT_call_file:
		entry->call_file = value->u;
		break;
	case DW_AT_call_line:
		entry->call_line = value->u;
		break;
	case DW_AT_call_column:
		entry->call_column = value->u;
		break;
	default:
		break;
	}
}

enum cp_code cpi_dwarf_entry_read(const struct cpi_dwarf_unit *unit,
	struct cpi_dwarf_abbrev_cache *cache, uint64_t die, struct cpi_dwarf_entry *entry,
	struct cp_error *err)
{
	const struct cpi_dwarf_abbrevs *table = NULL;
	const struct cpi_dwarf_abbrev *a;
	struct cpi_cursor c =
		cpi_dwarf_cursor(unit->file, (enum cpi_dwarf_section)unit->section, die);
	enum cp_code code = cpi_dwarf_abbrevs_get(cache, unit, &table, err);

	memset(entry, 0, sizeof *entry);
	if (code)
		return code;
	if (die < unit->dies || die >= unit->end)
		return CPI_DWARF_UNIT_ERROR(
			err, CP_ERROR_CORRUPT, unit, die, "a reference leaves its unit");
	c.end = c.start + unit->end;
	a = cpi_dwarf_abbrev_find(table, cpi_cursor_uleb(&c));
	if (!a)
		return CPI_DWARF_UNIT_ERROR(err, CP_ERROR_CORRUPT, unit, die,
			"an entry has no known abbreviation");
	entry->tag = a->tag;
	entry->children = a->children;
	for (uint32_t i = 0; i < a->n_attrs; i++) {
		const struct cpi_dwarf_attr *attr = &table->attr.v[a->attr + i];
		struct cpi_dwarf_value value;

		cpi_dwarf_form_read(&c, attr, unit, &value);
		take_attr(entry, unit, attr->name, &value);
	}
	if (!cpi_cursor_ok(&c))
		return CPI_DWARF_UNIT_ERROR(
			err, CP_ERROR_CORRUPT, unit, die, "an entry is cut off");
	return CP_OK;
}

bool cpi_dwarf_origin(const struct cpi_dwarf_unit *unit,
	const struct cpi_dwarf_value *origin, struct cpi_dwarf_place *ret_place)
{
	ret_place->die = origin->u;
	if (origin->kind == CPI_DW_REFERENCE) {
		ret_place->unit = NULL;
		if (origin->u >= unit->dies && origin->u < unit->end)
			ret_place->unit = unit;
		else if (unit->section == CPI_DW_INFO && unit->file->window)
			atomic_store(&unit->file->budget->wants_all, true);
		else if (unit->section == CPI_DW_INFO)
			ret_place->unit = cpi_dwarf_unit_at(unit->file, origin->u);
		return ret_place->unit != NULL;
	}
	if (origin->kind == CPI_DW_ALT && unit->file->alt) {
		ret_place->unit = cpi_dwarf_unit_at(unit->file->alt, origin->u);
		return ret_place->unit != NULL;
	}
	return false;
}

enum cp_code cpi_dwarf_function_name(struct cpi_dwarf_abbrev_cache *cache,
	struct cpi_dwarf_place place, struct cpi_dwarf_naming *naming,
	struct cp_error *err)
{
	memset(naming, 0, sizeof *naming);
	for (unsigned i = 0; i < LONGEST_CHAIN; i++) {
		struct cpi_dwarf_entry entry;
		enum cp_code code =
			cpi_dwarf_entry_read(place.unit, cache, place.die, &entry, err);

		if (code)
			return code;
		naming->declared = place;
		if (!naming->name.n)
			naming->name = entry.name;
		if (!naming->linkage_name.n)
			naming->linkage_name = entry.linkage_name;
		if (!naming->file_unit && entry.has_decl_file) {
			naming->file_unit = place.unit;
			naming->decl_file = entry.decl_file;
		}
		if (!naming->decl_line)
			naming->decl_line = entry.decl_line;
		if (!cpi_dwarf_origin(place.unit, &entry.origin, &place))
			return CP_OK;
	}
	return CPI_DWARF_UNIT_ERROR(err, CP_ERROR_CORRUPT, place.unit, place.die,
		"a chain of origins does not end");
}

/* The walk that finds the parents of some entries. */
struct scopes {
	const struct cpi_dwarf_unit *unit;
	struct cpi_dwarf_abbrev_cache *cache;
	struct cpi_arena *arena;
	const struct cpi_dwarf_scope *scope;
	size_t n, next;
	uint32_t depth;
	bool failed; /* out of memory */
	uint64_t stack[DEEPEST]; /* entries around the current one, the unit's first */
};

static struct cp_text anonymous(uint16_t tag)
{
	switch (tag) {
	case DW_TAG_namespace:
		return CPI_TEXT("(anonymous namespace)");
	case DW_TAG_class_type:
		return CPI_TEXT("(anonymous class)");
	case DW_TAG_structure_type:
		return CPI_TEXT("(anonymous struct)");
	case DW_TAG_union_type:
		return CPI_TEXT("(anonymous union)");
	default:
		return (struct cp_text){"", 0};
	}
}

/* What is at the end of an entry's chain of origins. */
static struct cpi_dwarf_naming naming_of(struct scopes *s, uint64_t die)
{
	struct cpi_dwarf_place place = {s->unit, die};
	struct cpi_dwarf_naming naming;

	if (cpi_dwarf_function_name(s->cache, place, &naming, NULL) == CP_ERROR_MEMORY)
		s->failed = true;
	return naming;
}

/*
 * What one entry adds to the names of those inside it; n = 0: nothing. A function stands
 * apart from the namespaces it was declared in; its mangled name knows them, and ends the
 * scopes (*ret_whole).
 */
static struct cp_text scope_name(struct scopes *s, uint64_t die, bool *ret_whole)
{
	struct cpi_dwarf_entry entry;
	struct cpi_dwarf_naming naming;
	struct cp_text name;

	if (cpi_dwarf_entry_read(s->unit, s->cache, die, &entry, NULL) == CP_ERROR_MEMORY)
		s->failed = true;
	switch (entry.tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
	case DW_TAG_enumeration_type:
		name = entry.name.n ? entry.name : naming_of(s, die).name;
		return name.n ? name : anonymous(entry.tag);
	case DW_TAG_subprogram:
		naming = naming_of(s, die);
		*ret_whole = cpi_text_starts(naming.linkage_name, CPI_TEXT("_Z"));
		return *ret_whole ? naming.linkage_name : naming.name;
	default:
		return (struct cp_text){"", 0};
	}
}

/* Joins the scopes around the current entry and its name with "::". */
static bool complete(struct scopes *s, struct cpi_dwarf_function *function)
{
	struct cp_text part[MOST_SCOPES];
	unsigned n = 0;
	size_t length = function->name.n;
	char *p, *at;
	bool whole = false;

	for (uint32_t i = s->depth; i > 1 && n < MOST_SCOPES && !whole; i--) {
		part[n] = scope_name(s, s->stack[i - 1], &whole);
		if (!part[n].n)
			continue;
		/* The class of a lambda has no name. */
		if (!n && cpi_text_starts(function->name, CPI_TEXT("operator()")) &&
			cpi_text_starts(part[n], CPI_TEXT("(anonymous ")) &&
			!cpi_text_equal(part[n], anonymous(DW_TAG_namespace)))
			part[n] = CPI_TEXT("{lambda}");
		length += part[n++].n + 2;
	}
	if (!n || length > LONGEST_NAME)
		return !s->failed;
	p = at = cpi_arena_alloc(s->arena, length + 1, 1);
	if (!p)
		return false;
	while (n--) {
		memcpy(at, part[n].p, part[n].n);
		at += part[n].n;
		memcpy(at, "::", 2);
		at += 2;
	}
	memcpy(at, function->name.p, function->name.n);
	p[length] = 0;
	function->name = (struct cp_text){p, length};
	return true;
}

static bool complete_here(struct scopes *s, uint64_t die)
{
	while (s->next < s->n && s->scope[s->next].place.die < die)
		s->next++; /* a reference into the middle of an entry */
	for (; s->next < s->n && s->scope[s->next].place.die == die; s->next++)
		if (s->scope[s->next].function->name.n &&
			!complete(s, s->scope[s->next].function))
			return false;
	return true;
}

static enum cp_code find_parents(
	struct scopes *s, const struct cpi_dwarf_abbrevs *table, struct cp_error *err)
{
	const struct cpi_dwarf_unit *unit = s->unit;
	struct cpi_cursor c = cpi_dwarf_cursor(
		unit->file, (enum cpi_dwarf_section)unit->section, unit->dies);

	c.end = c.start + unit->end;
	while (s->next < s->n && cpi_cursor_left(&c)) {
		uint64_t die = cpi_cursor_offset(&c), code = cpi_cursor_uleb(&c);
		const struct cpi_dwarf_abbrev *a;
		uint64_t sibling;

		if (!code) {
			if (s->depth <= 1)
				break;
			s->depth--;
			continue;
		}
		a = cpi_dwarf_abbrev_find(table, code);
		if (!a)
			break;
		if (!complete_here(s, die))
			return cpi_error_memory(err);
		sibling = cpi_dwarf_skip(&c, table->op.v + a->op, unit);
		if (!a->children || !cpi_cursor_ok(&c))
			continue;
		sibling += unit->start;
		if (s->next < s->n && sibling <= s->scope[s->next].place.die &&
			sibling > cpi_cursor_offset(&c)) {
			c.at = c.start + sibling;
			continue;
		}
		if (s->depth >= DEEPEST)
			break;
		s->stack[s->depth++] = die;
	}
	return CP_OK;
}

int cpi_dwarf_scope_compare(const void *a, const void *b)
{
	const struct cpi_dwarf_place *x = &((const struct cpi_dwarf_scope *)a)->place;
	const struct cpi_dwarf_place *y = &((const struct cpi_dwarf_scope *)b)->place;

	if (x->unit != y->unit)
		return (uintptr_t)x->unit < (uintptr_t)y->unit ? -1 : 1;
	return (x->die > y->die) - (x->die < y->die);
}

enum cp_code cpi_dwarf_scopes(struct cpi_dwarf_abbrev_cache *cache,
	const struct cpi_dwarf_scope *scope, size_t n, struct cpi_arena *arena,
	struct cp_error *err)
{
	const struct cpi_dwarf_unit *unit = scope[0].place.unit;
	struct cpi_mem *mem = &unit->file->env->mem;
	const struct cpi_dwarf_abbrevs *table = NULL;
	struct scopes *s;
	enum cp_code code = cpi_dwarf_abbrevs_get(cache, unit, &table, err);

	if (code)
		return code;
	s = cpi_alloc(mem, sizeof *s);
	if (!s)
		return cpi_error_memory(err);
	memset(s, 0, offsetof(struct scopes, stack));
	s->unit = unit;
	s->cache = cache;
	s->arena = arena;
	s->scope = scope;
	s->n = n;
	code = find_parents(s, table, err);
	cpi_free(mem, s, sizeof *s);
	return code;
}
