/* SPDX-License-Identifier: Apache-2.0 */
/* Symbol tables: which symbol covers a wanted address. */
#include "object/symtab/symtab.h"

#include <elf.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/vec.h"
#include "object/demangle.h"
#include "object/wanted.h"

/* Longer names are no names; tie-breaking looks at the first bytes only. */
enum { MOST_NAME = 64 << 10, MOST_COMPARED = 4096, MOST_TIED = 1024 };

struct candidate {
	uint64_t start, end;
	uint32_t index; /* in the table */
	uint32_t name;
	uint16_t length;     /* of the name, capped */
	uint8_t underscores; /* in front, capped */
	uint8_t rank;        /* higher is better: not weak, global */
};

typedef CPI_VEC(struct candidate) candidates;

struct scan {
	struct cpi_env *env;
	struct cpi_elf *elf;
	struct cpi_symbols symbols;
	struct cpi_wanted wanted;
	uint64_t
		*nearest; /* by wanted address: the highest symbol start at or below it */
	candidates sized, unsized;
	struct cpi_demangler demangler;
	bool any;
	bool failed; /* out of memory */
};

enum cp_code cpi_symbols_open(struct cpi_elf *elf, uint32_t section,
	struct cpi_symbols *ret_symbols, struct cp_error *err)
{
	const struct cpi_elf_section *row = cpi_elf_section(elf, section);
	const struct cpi_elf_header *header = cpi_elf_header(elf);
	size_t n = 0, entry = header->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	struct cpi_symbols s = {
		.entry = entry, .is64 = header->is64, .swap = header->swap};
	enum cp_code code;

	code = cpi_elf_section_bytes(elf, section, &s.bytes, &n, err);
	if (!code)
		code = cpi_elf_section_bytes(
			elf, row->link, &s.strings, &s.strings_n, err);
	if (code)
		return code;
	s.n = n / entry;
	*ret_symbols = s;
	return CP_OK;
}

struct cpi_elf_symbol cpi_symbols_at(const struct cpi_symbols *symbols, size_t i)
{
	struct cpi_cursor c = cpi_cursor_make(
		symbols->bytes + i * symbols->entry, symbols->entry, symbols->swap);
	struct cpi_elf_symbol s;

	s.name = cpi_cursor_u32(&c);
	if (!symbols->is64) {
		s.value = cpi_cursor_u32(&c);
		s.size = cpi_cursor_u32(&c);
	}
	s.info = cpi_cursor_u8(&c);
	s.other = cpi_cursor_u8(&c);
	s.section = cpi_cursor_u16(&c);
	if (symbols->is64) {
		s.value = cpi_cursor_u64(&c);
		s.size = cpi_cursor_u64(&c);
	}
	return s;
}

struct cp_text cpi_symbols_name(const struct cpi_symbols *symbols, uint32_t name)
{
	const uint8_t *p, *nul;
	size_t left;

	if (name >= symbols->strings_n)
		return (struct cp_text){"", 0};
	p = symbols->strings + name;
	left = symbols->strings_n - name;
	nul = memchr(p, 0, left < MOST_NAME ? left : MOST_NAME);
	if (!nul)
		return (struct cp_text){"", 0};
	return (struct cp_text){(const char *)p, (size_t)(nul - p)};
}

static bool has_mapping_symbols(uint16_t machine)
{
	return machine == EM_ARM || machine == EM_AARCH64 || machine == EM_RISCV;
}

/* "$x", "$d.3": they say what the bytes are, not whose. */
static bool is_mapping_symbol(const struct cpi_symbols *symbols, uint32_t name)
{
	const uint8_t *p = symbols->strings;

	return name + 2ULL < symbols->strings_n && p[name] == '$' && p[name + 1] &&
		(p[name + 2] == 0 || p[name + 2] == '.');
}

/* Does this symbol name code? Its section's end goes to *ret_limit. */
static bool names_code(
	const struct scan *scan, const struct cpi_elf_symbol *s, uint64_t *ret_limit)
{
	const struct cpi_elf_section *section;
	unsigned type = s->info & 15, visibility = s->other & 3;

	*ret_limit = UINT64_MAX;
	if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE &&
		type != STT_OBJECT)
		return false;
	if (type == STT_OBJECT && !s->size)
		return false;
	if (type == STT_NOTYPE &&
		(visibility == STV_HIDDEN || visibility == STV_INTERNAL))
		return false;
	if (s->section == SHN_XINDEX)
		return type != STT_NOTYPE && type != STT_OBJECT;
	section = cpi_elf_section(scan->elf, s->section);
	if (s->section >= SHN_LORESERVE || !(section->flags & SHF_EXECINSTR))
		return false;
	*ret_limit = section->address + section->file_size;
	return true;
}

static void keep(struct scan *scan, candidates *list, const struct cpi_elf_symbol *s,
	uint64_t start, uint64_t end, size_t index)
{
	unsigned bind = s->info >> 4;
	struct candidate c = {.start = start, .end = end, .index = (uint32_t)index,
		.name = s->name};

	c.rank = (uint8_t)((bind != STB_WEAK) * 2 + (bind == STB_GLOBAL));
	if (!cpi_vec_push(&scan->env->mem, list, c))
		scan->failed = true;
}

static void consider(struct scan *scan, size_t index, uint16_t machine)
{
	struct cpi_elf_symbol s = cpi_symbols_at(&scan->symbols, index);
	struct cpi_wanted *w = &scan->wanted;
	uint64_t start = s.value, end, limit;
	size_t at;

	if (!s.name || !s.section || !names_code(scan, &s, &limit))
		return;
	if (has_mapping_symbols(machine) && is_mapping_symbol(&scan->symbols, s.name))
		return;
	scan->any = true;
	if (cpi_elf_header(scan->elf)->type == ET_REL)
		start += cpi_elf_section(scan->elf, s.section)->address;
	if (machine == EM_ARM && (s.info & 15) == STT_FUNC)
		start &= ~1ULL; /* Thumb code */
	at = cpi_wanted_from(w, start);
	if (at == w->n)
		return;
	if (start > scan->nearest[at])
		scan->nearest[at] = start;
	if (__builtin_add_overflow(start, s.size, &end))
		end = UINT64_MAX;
	if (!s.size)
		keep(scan, &scan->unsized, &s, start, limit, index);
	else if (w->address[at] < end)
		keep(scan, &scan->sized, &s, start, end, index);
}

/* Fills what tie-breaking needs of a name; perf compares names as it prints them. */
static void measure_name(struct scan *scan, struct candidate *c)
{
	struct cp_text name = cpi_symbols_name(&scan->symbols, c->name);
	uint8_t under = 0;

	if (name.n <= MOST_COMPARED)
		name = cpi_demangle(&scan->demangler, name);
	while (under < name.n && under < UINT8_MAX && name.p[under] == '_')
		under++;
	c->underscores = under;
	c->length = (uint16_t)(name.n < MOST_COMPARED ? name.n : MOST_COMPARED);
}

/* By start; of equal starts the best comes last, where the sweep finds it first. */
static int by_start(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->underscores != b->underscores)
		return a->underscores > b->underscores ? -1 : 1;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return a->index > b->index ? -1 : a->index < b->index;
}

/* Sorts; names are looked at only where they decide. */
static void sort(struct scan *scan, candidates *list)
{
	if (list->n)
		qsort(list->v, list->n, sizeof *list->v, by_start);
	for (size_t i = 0, end; i < list->n; i = end) {
		end = i + 1;
		while (end < list->n && list->v[end].start == list->v[i].start &&
			list->v[end].rank == list->v[i].rank)
			end++;
		/* No linker folds so many functions into one, but a stranger may. */
		if (end == i + 1 || end - i > MOST_TIED)
			continue;
		for (size_t k = i; k < end; k++)
			measure_name(scan, &list->v[k]);
		qsort(list->v + i, end - i, sizeof *list->v, by_start);
	}
}

static void found(struct scan *scan, const struct candidate *c, uint64_t size,
	struct cpi_symbol *symbol)
{
	struct cp_text name = cpi_symbols_name(&scan->symbols, c->name);

	if (name.n)
		*symbol = (struct cpi_symbol){name, c->start, size};
}

/*
 * One sweep over addresses and candidates with a stack of open symbols: the innermost
 * one that still covers the address is its symbol.
 */
static bool sweep_sized(struct scan *scan, struct cpi_symbol *symbol)
{
	CPI_VEC(const struct candidate *) open = {0};
	const struct cpi_wanted *w = &scan->wanted;
	size_t next = 0;

	for (size_t i = 0; i < w->n; i++) {
		for (; next < scan->sized.n && scan->sized.v[next].start <= w->address[i];
			next++)
			if (!cpi_vec_push(&scan->env->mem, &open, &scan->sized.v[next])) {
				cpi_vec_release(&scan->env->mem, &open);
				return false;
			}
		while (open.n && open.v[open.n - 1]->end <= w->address[i])
			open.n--;
		if (open.n && !symbol[i].size) {
			const struct candidate *c = open.v[open.n - 1];

			found(scan, c, c->end - c->start, &symbol[i]);
		}
	}
	cpi_vec_release(&scan->env->mem, &open);
	return true;
}

/* A symbol without size reaches to the next symbol, at most to the end of its section. */
static void sweep_unsized(struct scan *scan, struct cpi_symbol *symbol)
{
	const struct cpi_wanted *w = &scan->wanted;
	uint64_t nearest = 0;
	size_t next = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct candidate *c;

		if (scan->nearest[i] > nearest)
			nearest = scan->nearest[i];
		while (next < scan->unsized.n &&
			scan->unsized.v[next].start <= w->address[i])
			next++;
		c = next ? &scan->unsized.v[next - 1] : NULL;
		if (c && c->start == nearest && w->address[i] < c->end &&
			!symbol[i].name.p)
			found(scan, c, 0, &symbol[i]);
	}
}

static void run(struct scan *scan, struct cpi_symbol *symbol)
{
	uint16_t machine = cpi_elf_header(scan->elf)->machine;

	for (size_t i = 1; i < scan->symbols.n && !scan->failed; i++)
		consider(scan, i, machine);
	if (scan->failed)
		return;
	sort(scan, &scan->sized);
	sort(scan, &scan->unsized);
	scan->failed = !sweep_sized(scan, symbol);
	sweep_unsized(scan, symbol);
}

enum cp_code cpi_symtab_resolve_in(struct cpi_env *env, struct cpi_elf *elf,
	uint32_t section, const uint64_t *address, size_t n, struct cpi_symbol *symbol,
	bool *ret_functions, struct cp_error *err)
{
	struct scan scan = {.env = env, .elf = elf};
	enum cp_code code = cpi_symbols_open(elf, section, &scan.symbols, err);

	*ret_functions = false;
	if (code || !n)
		return code;
	cpi_demangler_init(&scan.demangler, env, CP_DEMANGLE_TEMPLATES, true);
	scan.nearest = cpi_alloc_zero(&env->mem, n * sizeof *scan.nearest);
	scan.failed = !cpi_wanted_init(env, &scan.wanted, address, n) || !scan.nearest;
	if (!scan.failed)
		run(&scan, symbol);
	cpi_demangler_release(&scan.demangler);
	cpi_wanted_release(env, &scan.wanted);
	cpi_free(&env->mem, scan.nearest, n * sizeof *scan.nearest);
	cpi_vec_release(&env->mem, &scan.sized);
	cpi_vec_release(&env->mem, &scan.unsized);
	*ret_functions = scan.any;
	return scan.failed ? cpi_error_memory(err) : CP_OK;
}

static uint32_t find_type(const struct cpi_elf *elf, uint32_t type)
{
	for (uint32_t i = 1; i < cpi_elf_header(elf)->n_sections; i++)
		if (cpi_elf_section(elf, i)->type == type)
			return i;
	return 0;
}

enum cp_code cpi_symtab_resolve(struct cpi_env *env, struct cpi_elf *elf,
	const uint64_t *address, size_t n, struct cpi_symbol *symbol,
	struct cp_error *err)
{
	static const uint32_t type[] = {SHT_SYMTAB, SHT_DYNSYM};
	enum cp_code code = CP_OK;
	bool functions = false;

	for (unsigned i = 0; i < 2 && !functions && !code; i++) {
		uint32_t section = find_type(elf, type[i]);

		if (section)
			code = cpi_symtab_resolve_in(
				env, elf, section, address, n, symbol, &functions, err);
	}
	return code;
}

bool cpi_symtab_value(struct cpi_elf *elf, const char *name, uint64_t *ret_value)
{
	uint32_t section = find_type(elf, SHT_SYMTAB);
	struct cpi_symbols symbols;
	size_t size = strlen(name) + 1;

	if (!section || cpi_symbols_open(elf, section, &symbols, NULL))
		return false;
	for (size_t i = 1; i < symbols.n; i++) {
		struct cpi_elf_symbol s = cpi_symbols_at(&symbols, i);

		if (s.name < symbols.strings_n && symbols.strings_n - s.name >= size &&
			!memcmp(symbols.strings + s.name, name, size)) {
			*ret_value = s.value;
			return true;
		}
	}
	return false;
}
