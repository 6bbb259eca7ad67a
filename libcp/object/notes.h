/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_NOTES_H
#define CPI_NOTES_H

#include "base/text.h"

/*
 * The description of the first note of this name ("GNU") and type in a run of notes, as
 * SHT_NOTE sections, PT_NOTE segments and /sys/kernel/notes hold them; n = 0 when there
 * is none. `align` is 4, or 8 where the segment or section says so.
 */
struct cp_text cpi_note_find(const uint8_t *bytes, size_t n, bool swap, unsigned align,
	const char *name, uint32_t type);

#endif
