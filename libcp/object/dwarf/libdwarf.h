/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_LIBDWARF_H
#define CPI_LIBDWARF_H

/*
 * All of libdwarf that libcp uses, so that its two API generations (20210528, and 0.3 and
 * later) meet in one file. It is given section bytes, never a file.
 *
 * libdwarf does containers: the list of units and .debug_aranges, of files whose units do
 * not say where their code is. Its entries and line rows cost 233–483 ns and 155 ns each,
 * ten times what our decoders take, and 20210528 misreads some DWARF 5 forms, so they are
 * not asked of it.
 *
 * It is made for one thread (its manual), and keeps some state of its own in statics:
 * calls are serialised here by a lock. What it allocates is outside env->mem.
 */

#include "base/env.h"
#include "base/text.h"

struct cpi_libdwarf;

struct cpi_libdwarf_section {
	const char *name; /* ".debug_info" */
	const uint8_t *bytes;
	size_t n;
};

struct cpi_libdwarf_object {
	const struct cpi_libdwarf_section *section;
	unsigned n_sections;
	bool big_endian, is64;
};

struct cpi_libdwarf_unit {
	uint64_t abbrev, next; /* offsets: its abbreviations, the unit after it */
	uint16_t version, address_size, offset_size;
};

/* Called for each range of .debug_aranges; `unit` is the offset of the unit's header. */
typedef void cpi_libdwarf_arange_fn(
	void *arg, uint64_t low, uint64_t length, uint64_t unit);

/* Borrows the object and its sections until cpi_libdwarf_close. */
enum cp_code cpi_libdwarf_open(struct cpi_env *env,
	const struct cpi_libdwarf_object *object, struct cpi_libdwarf **ret_ld,
	struct cp_error *err);
void cpi_libdwarf_close(struct cpi_libdwarf *ld);
/*
 * The next unit of .debug_info. false at the end, and when libdwarf cannot go on.
 * The caller has checked that a whole unit header with a readable entry comes next:
 * older libdwarf trusts both.
 */
bool cpi_libdwarf_next_unit(struct cpi_libdwarf *ld, struct cpi_libdwarf_unit *unit);
/* All ranges of .debug_aranges; false when libdwarf cannot read it. */
bool cpi_libdwarf_aranges(struct cpi_libdwarf *ld, cpi_libdwarf_arange_fn *fn, void *arg);

#endif
