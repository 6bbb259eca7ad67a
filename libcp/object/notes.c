/* SPDX-License-Identifier: Apache-2.0 */
/* Notes, as sections, segments and the kernel have them. */
#include "object/notes.h"

#include "base/cursor.h"

static void skip_padding(struct cpi_cursor *c, unsigned align)
{
	size_t over = cpi_cursor_offset(c) % align;

	/* The last note's padding may be cut off. */
	if (over && align - over <= cpi_cursor_left(c))
		cpi_cursor_skip(c, align - over);
}

struct cp_text cpi_note_find(const uint8_t *bytes, size_t n, bool swap, unsigned align,
	const char *name, uint32_t type)
{
	struct cpi_cursor c = cpi_cursor_make(bytes, n, swap);
	size_t name_n = strlen(name) + 1;

	if (align != 8)
		align = 4;
	while (cpi_cursor_left(&c) >= 12) {
		uint32_t this_name_n = cpi_cursor_u32(&c);
		uint32_t desc_n = cpi_cursor_u32(&c);
		uint32_t this_type = cpi_cursor_u32(&c);
		const uint8_t *this_name = cpi_cursor_bytes(&c, this_name_n);
		const uint8_t *desc;

		if (!cpi_cursor_ok(&c))
			break;
		skip_padding(&c, align);
		desc = cpi_cursor_bytes(&c, desc_n);
		if (!cpi_cursor_ok(&c))
			break;
		if (this_type == type && this_name_n == name_n &&
			!memcmp(this_name, name, name_n))
			return (struct cp_text){(const char *)desc, desc_n};
		skip_padding(&c, align);
	}
	return (struct cp_text){"", 0};
}
