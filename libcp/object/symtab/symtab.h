/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_SYMTAB_H
#define CPI_SYMTAB_H

/*
 * Names of addresses from ELF symbol tables.
 *
 * A profile touches some thousands of addresses of a library with some hundred thousand
 * symbols, so the table is not sorted: one pass over it keeps the few symbols that cover
 * a wanted address (measured 5 times faster than sorting, and nothing to allocate).
 */

#include "base/arena.h"
#include "object/elf/elf.h"

struct cpi_symbol {
	/* p NULL: nothing found. Borrowed from the ELF bytes or the arena */
	struct cp_text name;
	uint64_t start;
	uint64_t size; /* 0: the symbol has none and reaches to the next one */
};

/*
 * Looks up n strictly increasing link-time addresses in .symtab, or, where that has no
 * functions, in .dynsym; fills the rows of `symbol` that are without a name, or whose
 * symbol has no size while this file knows one that has. perf's rules choose among
 * symbols of one address: sized, not weak, global, fewer leading underscores, longer
 * name, first. Damage is an error; the rows filled so far are sound.
 */
enum cp_code cpi_symtab_resolve(struct cpi_env *env, struct cpi_elf *elf,
	const uint64_t *address, size_t n, struct cpi_symbol *symbol,
	struct cp_error *err);
/*
 * The same in one section of type SHT_SYMTAB or SHT_DYNSYM; *ret_functions says whether
 * it holds any.
 */
enum cp_code cpi_symtab_resolve_in(struct cpi_env *env, struct cpi_elf *elf,
	uint32_t section, const uint64_t *address, size_t n, struct cpi_symbol *symbol,
	bool *ret_functions, struct cp_error *err);

/*
 * Names entries of the procedure linkage tables "FUNCTION@plt" by the relocation of the
 * slot that each jumps through (x86-64, i386, AArch64). Names live in `names`.
 */
enum cp_code cpi_plt_resolve(struct cpi_env *env, struct cpi_elf *elf,
	const uint64_t *address, size_t n, struct cpi_symbol *symbol,
	struct cpi_arena *names, struct cp_error *err);

/*
 * The value of a symbol, by name, for the few that are wanted so (_stext); false:
 * none.
 */
bool cpi_symtab_value(struct cpi_elf *elf, const char *name, uint64_t *ret_value);

/* One symbol as it stands in a table, in this machine's byte order. */
struct cpi_elf_symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, size;
};

/* Symbols of a table section; NULL and 0 when it has none (or is damaged). */
struct cpi_symbols {
	const uint8_t *bytes;
	size_t n, entry; /* count, bytes of one */
	const uint8_t *strings;
	size_t strings_n;
	bool is64, swap;
};

enum cp_code cpi_symbols_open(struct cpi_elf *elf, uint32_t section,
	struct cpi_symbols *ret_symbols, struct cp_error *err);
struct cpi_elf_symbol cpi_symbols_at(const struct cpi_symbols *symbols, size_t i);
/* Empty when it does not end within the string table, or is absurdly long. */
struct cp_text cpi_symbols_name(const struct cpi_symbols *symbols, uint32_t name);

#endif
