/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of addresses, in all their encodings. */
#include "object/dwarf/const.h"
#include "object/dwarf/parts.h"

/*
 * The largest address of the unit's size: a marker in .debug_ranges, a tombstone
 * elsewhere.
 */
static uint64_t most_of(const struct cpi_dwarf_unit *unit)
{
	return unit->address_size >= 8 ? UINT64_MAX
				       : (1ULL << unit->address_size * 8) - 1;
}

static bool start_list(struct cpi_dwarf_ranges *r, const struct cpi_dwarf_value *ranges)
{
	const struct cpi_dwarf_unit *unit = r->unit;
	uint64_t offset = ranges->u;

	r->base = unit->base;
	if (unit->version >= 5) {
		r->lists = true;
		if (ranges->kind == CPI_DW_LIST_AT) {
			struct cpi_cursor c;

			if (offset > UINT32_MAX ||
				unit->rnglists > unit->file->section[CPI_DW_RNGLISTS].n)
				return false;
			c = cpi_dwarf_cursor(unit->file, CPI_DW_RNGLISTS,
				unit->rnglists + offset * unit->offset_size);
			offset = cpi_dwarf_word(&c, unit->offset_size);
			if (!cpi_cursor_ok(&c) || offset > UINT64_MAX - unit->rnglists)
				return false;
			offset += unit->rnglists;
		}
		r->c = cpi_dwarf_cursor(unit->file, CPI_DW_RNGLISTS, offset);
	} else {
		r->lists = false;
		/* The skeleton's own ranges are not relative to the base it gives. */
		if (unit->file->split)
			offset += unit->ranges_base;
		r->c = cpi_dwarf_cursor(unit->linked, CPI_DW_RANGES, offset);
	}
	return cpi_cursor_ok(&r->c);
}

bool cpi_dwarf_ranges_start(struct cpi_dwarf_ranges *r, const struct cpi_dwarf_unit *unit,
	const struct cpi_dwarf_value *low, const struct cpi_dwarf_value *high,
	const struct cpi_dwarf_value *ranges)
{
	r->unit = unit;
	r->most = most_of(unit);
	r->single = false;
	if (ranges->kind == CPI_DW_OFFSET || ranges->kind == CPI_DW_LIST_AT ||
		ranges->kind == CPI_DW_CONSTANT)
		return start_list(r, ranges);
	r->c = cpi_cursor_make("", 0, false);
	if (!high->kind || !cpi_dwarf_address(unit, low, &r->low))
		return false;
	if (high->kind == CPI_DW_CONSTANT)
		r->high = r->low + high->u;
	else if (!cpi_dwarf_address(unit, high, &r->high))
		return false;
	r->single = true;
	return true;
}

/* DWARF 2–4: pairs relative to a base; (0, 0) ends, (most, x) sets the base. */
static bool next_pair(struct cpi_dwarf_ranges *r, uint64_t *ret_low, uint64_t *ret_high)
{
	unsigned size = r->unit->address_size;

	for (;;) {
		uint64_t low = cpi_dwarf_word(&r->c, size);
		uint64_t high = cpi_dwarf_word(&r->c, size);

		r->used += 2 * size;
		if (!cpi_cursor_ok(&r->c) || (!low && !high))
			return false;
		if (low == r->most) {
			r->base = high;
			continue;
		}
		*ret_low = (low + r->base) & r->most;
		*ret_high = (high + r->base) & r->most;
		return true;
	}
}

static bool address_at(struct cpi_dwarf_ranges *r, uint64_t *ret_address)
{
	struct cpi_dwarf_value value = {CPI_DW_ADDRESS_AT, cpi_cursor_uleb(&r->c), {0}};

	return cpi_dwarf_address(r->unit, &value, ret_address);
}

/* DWARF 5, section 7.25. An address that cannot be looked up gives an empty range. */
static bool next_entry(struct cpi_dwarf_ranges *r, uint64_t *ret_low, uint64_t *ret_high)
{
	unsigned size = r->unit->address_size;

	for (;;) {
		uint64_t low = 0, high = 0;
		uint8_t kind = cpi_cursor_u8(&r->c);
		bool good;

		r->used += 4;
		switch (kind) {
		case DW_RLE_end_of_list:
			return false; /* also when the list is cut off */
		case DW_RLE_base_addressx:
			if (!address_at(r, &r->base))
				r->base = r->most;
			continue;
		case DW_RLE_base_address:
			r->base = cpi_dwarf_word(&r->c, size);
			continue;
		case DW_RLE_startx_endx:
			good = address_at(r, &low);
			good = address_at(r, &high) && good; /* both are always read */
			if (!good)
				low = high;
			break;
		case DW_RLE_startx_length:
			high = address_at(r, &low);
			high = low + high * cpi_cursor_uleb(&r->c);
			break;
		case DW_RLE_offset_pair:
			low = cpi_cursor_uleb(&r->c);
			high = cpi_cursor_uleb(&r->c);
			/*
			 * The base of discarded code: so is all
			 * that is relative to it.
			 */
			if (r->base >= r->most - 1)
				low = high;
			low += r->base;
			high += r->base;
			break;
		case DW_RLE_start_end:
			low = cpi_dwarf_word(&r->c, size);
			high = cpi_dwarf_word(&r->c, size);
			break;
		case DW_RLE_start_length:
			low = cpi_dwarf_word(&r->c, size);
			high = low + cpi_cursor_uleb(&r->c);
			break;
		default:
			return false;
		}
		*ret_low = low;
		*ret_high = high;
		return cpi_cursor_ok(&r->c);
	}
}

bool cpi_dwarf_ranges_next(
	struct cpi_dwarf_ranges *r, uint64_t *ret_low, uint64_t *ret_high)
{
	uint64_t low, high;

	for (;;) {
		if (r->single) {
			r->single = false;
			low = r->low;
			high = r->high;
		} else if (r->c.at == r->c.end) {
			return false;
		} else if (!(r->lists ? next_entry(r, &low, &high)
				      : next_pair(r, &low, &high))) {
			return false;
		}
		/*
		 * Discarded code keeps its entries: GNU ld leaves addresses of 0 (or 1 in
		 * ranges), lld the two largest numbers.
		 */
		if (low >= high || low < r->unit->linked->code_start ||
			low >= r->most - 1)
			continue;
		*ret_low = low;
		*ret_high = high;
		return true;
	}
}
