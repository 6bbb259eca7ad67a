/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of units and their first entries. */
#include <stdlib.h>

#include "base/error.h"
#include "object/dwarf/const.h"
#include "object/dwarf/parts.h"
#include "object/dwarf/libdwarf.h"

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
	struct cpi_cursor c =
		cpi_dwarf_cursor(file, (enum cpi_dwarf_section)section, offset);
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
		return CPI_DWARF_UNIT_ERROR(err, CP_ERROR_CORRUPT, unit, offset,
			"a unit of %llu bytes does not fit its section",
			(unsigned long long)length);
	unit->end = cpi_cursor_offset(&c) + length;
	c.end = c.at + length;
	read_header(&c, unit);
	if (unit->version < 2 || unit->version > 5)
		return CPI_DWARF_UNIT_ERROR(err, CP_ERROR_UNSUPPORTED, unit, offset,
			"a unit of DWARF version %u", unit->version);
	if (unit->address_size != 4 && unit->address_size != 8)
		return CPI_DWARF_UNIT_ERROR(err, CP_ERROR_UNSUPPORTED, unit, offset,
			"a unit with addresses of %u bytes", unit->address_size);
	if (!cpi_cursor_ok(&c))
		return CPI_DWARF_UNIT_ERROR(err, CP_ERROR_UNSUPPORTED, unit, offset,
			"a unit that is shorter than its header");
	return CP_OK;
}

/* An attribute of a unit's entry whose text or address needs bases read later. */
struct unit_values {
	struct cpi_dwarf_value name, comp_dir, split_name;
};

static void take_attr(struct cpi_dwarf_unit *unit, struct unit_values *later,
	uint16_t name, const struct cpi_dwarf_value *value)
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
 * section's (or the package contribution's) first table. Split units of DWARF 5 rely on
 * it.
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
	const struct cpi_dwarf_attr *attr;
	struct cpi_cursor c = cpi_dwarf_cursor(
		unit->file, (enum cpi_dwarf_section)unit->section, unit->dies);
	struct unit_values later = {0};
	enum cp_code code;
	size_t n;

	c.end = c.start + unit->end;
	code = cpi_dwarf_abbrev_one(cache, unit, cpi_cursor_uleb(&c), &attr, &n, err);
	if (code)
		return code;
	default_bases(unit);
	for (size_t i = 0; i < n; i++) {
		struct cpi_dwarf_value value;

		cpi_dwarf_form_read(&c, &attr[i], unit, &value);
		if (!cpi_cursor_ok(&c))
			return CPI_DWARF_UNIT_ERROR(err, CP_ERROR_CORRUPT, unit,
				unit->dies, "a unit's first entry is cut off");
		take_attr(unit, &later, attr[i].name, &value);
	}
	unit->name = cpi_dwarf_text(unit, &later.name);
	unit->comp_dir = cpi_dwarf_text(unit, &later.comp_dir);
	unit->split_name = cpi_dwarf_text(unit, &later.split_name);
	if (!cpi_dwarf_address(unit, &unit->low, &unit->base))
		unit->base = 0;
	return CP_OK;
}

/* The list of units while it is read. */
struct cpi_dwarf_listing {
	struct cpi_dwarf_abbrev_cache cache;
	bool damaged; /* some unit could not be read, */
	bool silent;  /* or does not say where its code is */
};

/*
 * libdwarf, for .debug_aranges. It is shown only units whose header and entry our own
 * reading found in bounds, because older versions trust both, and must see the same.
 */
struct libdwarf {
	struct cpi_libdwarf_section section[CPI_DW_SECTIONS];
	struct cpi_libdwarf_object object;
	struct cpi_libdwarf *ld;
};

/* Sections a unit's header and entry can refer to, and .debug_aranges. */
static const struct {
	enum cpi_dwarf_section section;
	const char *name;
} shown[] = {{CPI_DW_INFO, ".debug_info"}, {CPI_DW_ABBREV, ".debug_abbrev"},
	{CPI_DW_STR, ".debug_str"}, {CPI_DW_LINE_STR, ".debug_line_str"},
	{CPI_DW_STR_OFFSETS, ".debug_str_offsets"}, {CPI_DW_ADDR, ".debug_addr"},
	{CPI_DW_ARANGES, ".debug_aranges"}};

static enum cp_code show_libdwarf(
	struct libdwarf *l, const struct cpi_dwarf_file *file, struct cp_error *err)
{
	enum cp_code code;

	for (unsigned i = 0; i < sizeof shown / sizeof *shown; i++) {
		const struct cpi_dwarf_bytes *s = &file->section[shown[i].section];

		if (s->n)
			l->section[l->object.n_sections++] =
				(struct cpi_libdwarf_section){shown[i].name, s->p, s->n};
	}
	l->object.section = l->section;
	l->object.is64 = file->is64;
	l->object.big_endian =
		file->swap == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	code = cpi_libdwarf_open(file->env, &l->object, &l->ld, err);
	return code == CP_ERROR_MEMORY ? code : CP_OK;
}

/* Whether libdwarf finds the units that we found; those of a window are not there. */
static bool agrees(struct libdwarf *l, const struct cpi_dwarf_file *file)
{
	bool same = l->ld && !file->listing->damaged;

	for (uint32_t i = 0; i < file->n_units && same && !file->window; i++) {
		const struct cpi_dwarf_unit *unit = file->unit[i];
		struct cpi_libdwarf_unit theirs;

		same = cpi_libdwarf_next_unit(l->ld, &theirs) &&
		       theirs.next == unit->end && theirs.version == unit->version &&
		       theirs.abbrev == unit->abbrev &&
		       theirs.address_size == unit->address_size &&
		       theirs.offset_size == unit->offset_size;
	}
	return same;
}

bool cpi_dwarf_unit_push(struct cpi_dwarf_file *file, const struct cpi_dwarf_unit *unit)
{
	struct cpi_dwarf_unit *copy =
		cpi_arena_new(&file->arena, struct cpi_dwarf_unit, 1);
	size_t cap = file->cap_units;

	if (!copy || (file->n_units == cap &&
			     !cpi_vec_grow(&file->env->mem, (void **)&file->unit, &cap,
				     cap + 1, sizeof copy)))
		return false;
	file->cap_units = (uint32_t)cap;
	*copy = *unit;
	copy->number = file->n_units;
	copy->name = cpi_dwarf_lasting(file, &file->arena, unit->name);
	copy->comp_dir = cpi_dwarf_lasting(file, &file->arena, unit->comp_dir);
	copy->split_name = cpi_dwarf_lasting(file, &file->arena, unit->split_name);
	file->unit[file->n_units++] = copy;
	return true;
}

struct cp_text cpi_dwarf_lasting(
	const struct cpi_dwarf_file *file, struct cpi_arena *arena, struct cp_text text)
{
	const struct cpi_dwarf_bytes *info = &file->section[CPI_DW_INFO];
	uintptr_t at = (uintptr_t)text.p - (uintptr_t)info->p;

	if (!file->window || !text.n || at >= info->n)
		return text;
	text.p = cpi_arena_copy(arena, text.p, text.n);
	return text.p ? text : (struct cp_text){"", 0};
}

enum cp_code cpi_dwarf_listing_add(struct cpi_dwarf_file *file, struct cp_error *err)
{
	struct cpi_dwarf_listing *l = file->listing;
	struct cpi_dwarf_unit unit;
	struct cp_error what;
	enum cp_code code =
		cpi_dwarf_unit_header(file, CPI_DW_INFO, file->listed, &unit, &what);

	/* No end: nothing behind this header can be found. */
	file->listed = unit.end > file->listed ? unit.end : file->section[CPI_DW_INFO].n;
	unit.no_code = code != CP_OK;
	if (!code) {
		cpi_dwarf_abbrevs_trim(&file->env->mem, &l->cache);
		code = cpi_dwarf_unit_entry(&unit, &l->cache, &what);
		unit.no_code = code != CP_OK;
		l->silent |= !unit.ranges.kind && !unit.high.kind;
		if (!code && !cpi_dwarf_unit_push(file, &unit))
			return cpi_error_memory(err);
	}
	if (code == CP_ERROR_MEMORY)
		return cpi_error_memory(err);
	l->damaged |= unit.no_code;
	if (code)
		cpi_diag_damage(&file->env->diag, "dwarf", &what);
	return CP_OK;
}

struct arange_target {
	struct cpi_dwarf_file *file;
	bool failed;
};

/* Units whose own entry says where their code is need no aranges. */
static void take_arange(void *arg, uint64_t low, uint64_t length, uint64_t offset)
{
	struct arange_target *t = arg;
	const struct cpi_dwarf_unit *unit = cpi_dwarf_unit_at(t->file, offset + 12);
	struct cpi_dwarf_arange row;

	if (!unit || unit->start != offset || unit->ranges.kind || unit->high.kind ||
		!length || low < t->file->code_start || length > UINT64_MAX - low)
		return;
	row = (struct cpi_dwarf_arange){low, low + length, unit->number};
	if (!cpi_vec_push(&t->file->env->mem, &t->file->arange, row))
		t->failed = true;
}

static int by_unit(const void *a, const void *b)
{
	const struct cpi_dwarf_arange *x = a, *y = b;

	if (x->unit != y->unit)
		return x->unit < y->unit ? -1 : 1;
	return (x->low > y->low) - (x->low < y->low);
}

static enum cp_code read_aranges(struct cpi_dwarf_file *file, struct cp_error *err)
{
	struct arange_target target = {file, false};
	struct libdwarf l = {.ld = NULL};
	enum cp_code code = show_libdwarf(&l, file, err);

	if (!code && agrees(&l, file))
		(void)cpi_libdwarf_aranges(l.ld, take_arange, &target);
	cpi_libdwarf_close(l.ld);
	if (target.failed)
		return cpi_error_memory(err);
	if (file->arange.n)
		qsort(file->arange.v, file->arange.n, sizeof *file->arange.v, by_unit);
	return code;
}

enum cp_code cpi_dwarf_listing_start(struct cpi_dwarf_file *file, struct cp_error *err)
{
	file->listing = cpi_alloc_zero(&file->env->mem, sizeof *file->listing);
	return file->listing ? CP_OK : cpi_error_memory(err);
}

void cpi_dwarf_listing_free(struct cpi_dwarf_file *file)
{
	if (!file->listing)
		return;
	cpi_dwarf_abbrevs_release(&file->env->mem, &file->listing->cache);
	cpi_free(&file->env->mem, file->listing, sizeof *file->listing);
	file->listing = NULL;
}

/* The rest of a set is more than zeros: padding, and the pair that ends it. */
static bool has_pairs(struct cpi_cursor *set)
{
	uint8_t any = 0;

	cpi_cursor_skip(set, 2);
	while (cpi_cursor_left(set))
		any |= cpi_cursor_u8(set);
	return any;
}

/*
 * Whether .debug_aranges says anything about a unit that does not say it itself: those of
 * data alone (a C library has hundreds) are silent because they have no code, and have
 * empty sets. True for what cannot be walked.
 */
static bool has_news(const struct cpi_dwarf_file *file)
{
	struct cpi_cursor c = cpi_dwarf_cursor(file, CPI_DW_ARANGES, 0);

	while (cpi_cursor_left(&c)) {
		const struct cpi_dwarf_unit *unit;
		uint64_t offset, length = cpi_cursor_u32(&c);
		unsigned size = length == 0xffffffff ? 8 : 4;
		struct cpi_cursor set;

		if (size == 8)
			length = cpi_cursor_u64(&c);
		if (!cpi_cursor_ok(&c) || length > cpi_cursor_left(&c))
			return true;
		set = cpi_cursor_sub(&c, length);
		cpi_cursor_skip(&set, 2);
		offset = cpi_dwarf_word(&set, size);
		unit = cpi_dwarf_unit_at(file, offset + 12);
		if (!cpi_cursor_ok(&set))
			return true;
		if (unit && unit->start == offset && !unit->ranges.kind &&
			!unit->high.kind && has_pairs(&set))
			return true;
	}
	return false;
}

enum cp_code cpi_dwarf_listing_finish(struct cpi_dwarf_file *file, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	if (file->listing->silent && !file->split && has_news(file))
		code = read_aranges(file, err);
	cpi_dwarf_listing_free(file);
	return code;
}

enum cp_code cpi_dwarf_units_read(struct cpi_dwarf_file *file, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	while (!code && file->listed < file->section[CPI_DW_INFO].n)
		code = cpi_dwarf_listing_add(file, err);
	return code ? code : cpi_dwarf_listing_finish(file, err);
}

const struct cpi_dwarf_unit *cpi_dwarf_unit_at(
	const struct cpi_dwarf_file *file, uint64_t offset)
{
	uint32_t low = 0, high = file->n_units;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (file->unit[mid]->end <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == file->n_units || offset < file->unit[low]->dies)
		return NULL;
	return file->unit[low];
}
