/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes' forms: their sizes and values. */
#include "object/dwarf/const.h"
#include "object/dwarf/parts.h"

/*
 * How a form is stored: its bytes when they are
 * fixed, else one of the negative numbers.
 */
enum {
	IS_ADDRESS = 101,
	IS_OFFSET = 102,
	IS_UNKNOWN = 0,
	IS_EMPTY = 103,
	IS_LEB = 104,
	IS_STRING = 105,
	IS_BLOCK1 = 106,
	IS_BLOCK2 = 107,
	IS_BLOCK4 = 108,
	IS_BLOCK = 109,
	IS_INDIRECT = 110,
	IS_REF_ADDR = 111
};

static const struct {
	uint8_t store;
	uint8_t kind;
} forms[] = {
	[DW_FORM_addr] = {IS_ADDRESS, CPI_DW_ADDRESS},
	[DW_FORM_block2] = {IS_BLOCK2, CPI_DW_BLOCK},
	[DW_FORM_block4] = {IS_BLOCK4, CPI_DW_BLOCK},
	[DW_FORM_data2] = {2, CPI_DW_CONSTANT},
	[DW_FORM_data4] = {4, CPI_DW_CONSTANT},
	[DW_FORM_data8] = {8, CPI_DW_CONSTANT},
	[DW_FORM_string] = {IS_STRING, CPI_DW_TEXT},
	[DW_FORM_block] = {IS_BLOCK, CPI_DW_BLOCK},
	[DW_FORM_block1] = {IS_BLOCK1, CPI_DW_BLOCK},
	[DW_FORM_data1] = {1, CPI_DW_CONSTANT},
	[DW_FORM_flag] = {1, CPI_DW_CONSTANT},
	[DW_FORM_sdata] = {IS_LEB, CPI_DW_CONSTANT},
	[DW_FORM_strp] = {IS_OFFSET, CPI_DW_TEXT},
	[DW_FORM_udata] = {IS_LEB, CPI_DW_CONSTANT},
	[DW_FORM_ref_addr] = {IS_REF_ADDR, CPI_DW_REFERENCE},
	[DW_FORM_ref1] = {1, CPI_DW_REFERENCE},
	[DW_FORM_ref2] = {2, CPI_DW_REFERENCE},
	[DW_FORM_ref4] = {4, CPI_DW_REFERENCE},
	[DW_FORM_ref8] = {8, CPI_DW_REFERENCE},
	[DW_FORM_ref_udata] = {IS_LEB, CPI_DW_REFERENCE},
	[DW_FORM_indirect] = {IS_INDIRECT, CPI_DW_ABSENT},
	[DW_FORM_sec_offset] = {IS_OFFSET, CPI_DW_OFFSET},
	[DW_FORM_exprloc] = {IS_BLOCK, CPI_DW_BLOCK},
	[DW_FORM_flag_present] = {IS_EMPTY, CPI_DW_CONSTANT},
	[DW_FORM_strx] = {IS_LEB, CPI_DW_TEXT_AT},
	[DW_FORM_addrx] = {IS_LEB, CPI_DW_ADDRESS_AT},
	[DW_FORM_ref_sup4] = {4, CPI_DW_ALT},
	[DW_FORM_strp_sup] = {IS_OFFSET, CPI_DW_TEXT},
	[DW_FORM_data16] = {16, CPI_DW_BLOCK},
	[DW_FORM_line_strp] = {IS_OFFSET, CPI_DW_TEXT},
	[DW_FORM_ref_sig8] = {8, CPI_DW_SIGNATURE},
	[DW_FORM_implicit_const] = {IS_EMPTY, CPI_DW_CONSTANT},
	[DW_FORM_loclistx] = {IS_LEB, CPI_DW_LIST_AT},
	[DW_FORM_rnglistx] = {IS_LEB, CPI_DW_LIST_AT},
	[DW_FORM_ref_sup8] = {8, CPI_DW_ALT},
	[DW_FORM_strx1] = {1, CPI_DW_TEXT_AT},
	[DW_FORM_strx2] = {2, CPI_DW_TEXT_AT},
	[DW_FORM_strx3] = {3, CPI_DW_TEXT_AT},
	[DW_FORM_strx4] = {4, CPI_DW_TEXT_AT},
	[DW_FORM_addrx1] = {1, CPI_DW_ADDRESS_AT},
	[DW_FORM_addrx2] = {2, CPI_DW_ADDRESS_AT},
	[DW_FORM_addrx3] = {3, CPI_DW_ADDRESS_AT},
	[DW_FORM_addrx4] = {4, CPI_DW_ADDRESS_AT},
};

static void look_up(uint16_t form, uint8_t *ret_store, uint8_t *ret_kind)
{
	*ret_store = IS_UNKNOWN;
	*ret_kind = CPI_DW_ABSENT;
	if (form < sizeof forms / sizeof *forms) {
		*ret_store = forms[form].store;
		*ret_kind = forms[form].kind;
	} else if (form == DW_FORM_GNU_addr_index) {
		*ret_store = IS_LEB;
		*ret_kind = CPI_DW_ADDRESS_AT;
	} else if (form == DW_FORM_GNU_str_index) {
		*ret_store = IS_LEB;
		*ret_kind = CPI_DW_TEXT_AT;
	} else if (form == DW_FORM_GNU_ref_alt) {
		*ret_store = IS_OFFSET;
		*ret_kind = CPI_DW_ALT;
	} else if (form == DW_FORM_GNU_strp_alt) {
		*ret_store = IS_OFFSET;
		*ret_kind = CPI_DW_TEXT;
	}
}

int cpi_dwarf_form_size(
	uint16_t form, uint8_t address_size, uint8_t offset_size, bool version2)
{
	uint8_t store, kind;

	look_up(form, &store, &kind);
	switch (store) {
	case IS_UNKNOWN:
		return -2;
	case IS_ADDRESS:
		return address_size;
	case IS_OFFSET:
		return offset_size;
	case IS_REF_ADDR: /* an address in DWARF 2, an offset since */
		return version2 ? address_size : offset_size;
	case IS_EMPTY:
		return 0;
	default:
		return store <= 16 ? store : -1;
	}
}

uint64_t cpi_dwarf_word(struct cpi_cursor *c, unsigned size)
{
	const uint8_t *p;

	switch (size) {
	case 1:
		return cpi_cursor_u8(c);
	case 2:
		return cpi_cursor_u16(c);
	case 4:
		return cpi_cursor_u32(c);
	case 8:
		return cpi_cursor_u64(c);
	case 3:
		p = cpi_cursor_bytes(c, 3);
		if (!p)
			return 0;
		if ((__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) != c->swap)
			return (uint64_t)p[0] << 16 | p[1] << 8 | p[2];
		return (uint64_t)p[2] << 16 | p[1] << 8 | p[0];
	default:
		cpi_cursor_fail(c);
		return 0;
	}
}

/* The length in front of a block of one of the four forms. */
static uint64_t block_length(struct cpi_cursor *c, uint8_t store)
{
	switch (store) {
	case IS_BLOCK1:
		return cpi_cursor_u8(c);
	case IS_BLOCK2:
		return cpi_cursor_u16(c);
	case IS_BLOCK4:
		return cpi_cursor_u32(c);
	default:
		return cpi_cursor_uleb(c);
	}
}

void cpi_dwarf_form_skip(
	struct cpi_cursor *c, uint16_t form, const struct cpi_dwarf_unit *unit)
{
	uint8_t store, kind;
	uint64_t n;
	int size;

	look_up(form, &store, &kind);
	if (store == IS_INDIRECT) {
		uint64_t real = cpi_cursor_uleb(c);

		/* One level: a chain of them would be an input's loop. */
		if (real == DW_FORM_indirect || real == DW_FORM_implicit_const ||
			real > 0xffff)
			cpi_cursor_fail(c);
		else
			cpi_dwarf_form_skip(c, (uint16_t)real, unit);
		return;
	}
	size = cpi_dwarf_form_size(
		form, unit->address_size, unit->offset_size, unit->version <= 2);
	if (size >= 0) {
		cpi_cursor_skip(c, (size_t)size);
	} else if (store == IS_LEB) {
		(void)cpi_cursor_uleb(c);
	} else if (store == IS_STRING) {
		size_t ignored;

		(void)cpi_cursor_string(c, &ignored);
	} else if (size == -1) {
		n = block_length(c, store);
		cpi_cursor_skip(c, n > cpi_cursor_left(c) ? SIZE_MAX : (size_t)n);
	} else {
		cpi_cursor_fail(c);
	}
}

struct cpi_cursor cpi_dwarf_cursor(const struct cpi_dwarf_file *file,
	enum cpi_dwarf_section section, uint64_t offset)
{
	const struct cpi_dwarf_bytes *s = &file->section[section];
	struct cpi_cursor c = cpi_cursor_make(s->p, s->n, file->swap);

	if (offset > s->n)
		cpi_cursor_fail(&c);
	else
		c.at += offset;
	return c;
}

struct cp_text cpi_dwarf_string_at(const struct cpi_dwarf_file *file,
	enum cpi_dwarf_section section, uint64_t offset)
{
	struct cp_text text = {"", 0};
	struct cpi_cursor c;
	size_t n;

	if (!file)
		return text;
	c = cpi_dwarf_cursor(file, section, offset);
	text.p = cpi_cursor_string(&c, &n);
	if (!text.p || n > file->env->limits.string_length)
		return (struct cp_text){"", 0};
	text.n = n;
	return text;
}

static struct cp_text string_of(
	const struct cpi_dwarf_unit *unit, uint16_t form, uint64_t offset)
{
	if (form == DW_FORM_line_strp)
		return cpi_dwarf_string_at(unit->file, CPI_DW_LINE_STR, offset);
	if (form == DW_FORM_strp_sup || form == DW_FORM_GNU_strp_alt)
		return cpi_dwarf_string_at(unit->file->alt, CPI_DW_STR, offset);
	return cpi_dwarf_string_at(unit->file, CPI_DW_STR, offset);
}

static void read_fixed(struct cpi_cursor *c, uint16_t form,
	const struct cpi_dwarf_unit *unit, unsigned size, struct cpi_dwarf_value *value)
{
	if (value->kind == CPI_DW_BLOCK) { /* data16 */
		value->text.p = (const char *)cpi_cursor_bytes(c, size);
		value->text.n = value->text.p ? size : 0;
		return;
	}
	value->u = cpi_dwarf_word(c, size);
	if (value->kind == CPI_DW_TEXT)
		value->text = string_of(unit, form, value->u);
	else if (value->kind == CPI_DW_REFERENCE && form != DW_FORM_ref_addr)
		value->u += unit->start;
}

static void read_varying(struct cpi_cursor *c, uint16_t form, uint8_t store,
	const struct cpi_dwarf_unit *unit, struct cpi_dwarf_value *value)
{
	uint64_t n;

	if (store == IS_LEB) {
		value->u = form == DW_FORM_sdata ? (uint64_t)cpi_cursor_sleb(c)
						 : cpi_cursor_uleb(c);
		if (value->kind == CPI_DW_REFERENCE)
			value->u += unit->start;
	} else if (store == IS_STRING) {
		value->text.p = cpi_cursor_string(c, &value->text.n);
		if (value->text.n > unit->file->env->limits.string_length)
			value->text.n = 0;
	} else {
		n = block_length(c, store);
		value->text.p = (const char *)cpi_cursor_bytes(
			c, n > cpi_cursor_left(c) ? SIZE_MAX : (size_t)n);
		value->text.n = value->text.p ? (size_t)n : 0;
	}
}

void cpi_dwarf_form_read(struct cpi_cursor *c, const struct cpi_dwarf_attr *attr,
	const struct cpi_dwarf_unit *unit, struct cpi_dwarf_value *value)
{
	uint16_t form = attr->form;
	uint8_t store, kind;
	int size;

	memset(value, 0, sizeof *value);
	if (form == DW_FORM_indirect) {
		uint64_t real = cpi_cursor_uleb(c);

		if (real == DW_FORM_indirect || real == DW_FORM_implicit_const ||
			real > 0xffff)
			cpi_cursor_fail(c);
		form = (uint16_t)real;
	}
	look_up(form, &store, &kind);
	value->kind = (enum cpi_dwarf_kind)kind;
	size = cpi_dwarf_form_size(
		form, unit->address_size, unit->offset_size, unit->version <= 2);
	if (size > 0)
		read_fixed(c, form, unit, (unsigned)size, value);
	else if (size == 0)
		value->u = form == DW_FORM_flag_present ? 1 : (uint64_t)attr->implicit;
	else if (size == -1)
		read_varying(c, form, store, unit, value);
	else
		cpi_cursor_fail(c);
	if (!cpi_cursor_ok(c))
		value->kind = CPI_DW_ABSENT;
}

/* Entry i of a table of `size`-byte words at `base`; false when it lies outside. */
static bool indexed(const struct cpi_dwarf_file *file, enum cpi_dwarf_section section,
	uint64_t base, uint64_t i, unsigned size, uint64_t *ret_u)
{
	struct cpi_cursor c;

	if (i > UINT32_MAX || base > file->section[section].n)
		return false;
	c = cpi_dwarf_cursor(file, section, base + i * size);
	*ret_u = cpi_dwarf_word(&c, size);
	return cpi_cursor_ok(&c);
}

struct cp_text cpi_dwarf_text(
	const struct cpi_dwarf_unit *unit, const struct cpi_dwarf_value *value)
{
	uint64_t offset;

	if (value->kind == CPI_DW_TEXT && value->text.p)
		return value->text;
	if (value->kind == CPI_DW_TEXT_AT && indexed(unit->file, CPI_DW_STR_OFFSETS,
			unit->str_offsets, value->u, unit->offset_size, &offset))
		return cpi_dwarf_string_at(unit->file, CPI_DW_STR, offset);
	return (struct cp_text){"", 0};
}

bool cpi_dwarf_address(const struct cpi_dwarf_unit *unit,
	const struct cpi_dwarf_value *value, uint64_t *ret_address)
{
	if (value->kind == CPI_DW_ADDRESS) {
		*ret_address = value->u;
		return true;
	}
	return value->kind == CPI_DW_ADDRESS_AT && indexed(unit->linked, CPI_DW_ADDR,
		unit->addr, value->u, unit->address_size, ret_address);
}
