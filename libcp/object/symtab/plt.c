/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of procedure linkage table entries. Linkers lay these tables out in many ways
 * (headers, .plt.sec and .plt.got, entries of 8 to 32 bytes, lld's without a header), but
 * every entry jumps through one slot, and one relocation fills that slot: the entry's
 * instructions say which.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/vec.h"
#include "object/symtab/symtab.h"

/* A wanted entry and the slot it jumps through. */
struct slot {
	uint64_t slot, start, size;
	uint32_t wanted; /* index of the address */
};

struct plt {
	struct cpi_env *env;
	struct cpi_elf *elf;
	const uint64_t *address;
	struct cpi_symbol *symbol;
	struct cpi_arena *names;
	CPI_VEC(struct slot) slot;
	size_t unnamed;
	uint64_t got; /* address of .got.plt, which i386 code counts from */
};

/* Finds the slot in the entry's n bytes at `address`; false: no such jump. */
typedef bool find_slot_fn(const struct plt *plt, const uint8_t *bytes, size_t n,
	uint64_t address, uint64_t *ret);

/* jmp *disp32(%rip), perhaps after endbr64 and with a bnd prefix */
static bool slot_x86_64(const struct plt *plt, const uint8_t *bytes, size_t n,
	uint64_t address, uint64_t *ret)
{
	int32_t disp;

	(void)plt;
	for (size_t i = 0; i + 6 <= n; i++) {
		if (bytes[i] != 0xff || bytes[i + 1] != 0x25)
			continue;
		memcpy(&disp, bytes + i + 2, sizeof disp);
		*ret = address + i + 6 +
		       (uint64_t)(int64_t)(int32_t)le32toh((uint32_t)disp);
		return true;
	}
	return false;
}

/* jmp *abs32 or, position independent, jmp *disp32(%ebx) */
static bool slot_i386(const struct plt *plt, const uint8_t *bytes, size_t n,
	uint64_t address, uint64_t *ret)
{
	uint32_t disp;

	(void)address;
	for (size_t i = 0; i + 6 <= n; i++) {
		if (bytes[i] != 0xff || (bytes[i + 1] != 0x25 && bytes[i + 1] != 0xa3))
			continue;
		memcpy(&disp, bytes + i + 2, sizeof disp);
		disp = le32toh(disp);
		*ret = bytes[i + 1] == 0x25 ? disp : (uint32_t)(plt->got + disp);
		return true;
	}
	return false;
}

/* adrp x16, page; ldr x17, [x16, #offset], perhaps after bti */
static bool slot_aarch64(const struct plt *plt, const uint8_t *bytes, size_t n,
	uint64_t address, uint64_t *ret)
{
	(void)plt;
	for (size_t i = 0; i + 8 <= n; i += 4) {
		uint32_t adrp, ldr;
		uint64_t pages;

		memcpy(&adrp, bytes + i, 4);
		memcpy(&ldr, bytes + i + 4, 4);
		adrp = le32toh(adrp);
		ldr = le32toh(ldr);
		if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211)
			continue;
		pages = (uint64_t)(adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3);
		pages = (uint64_t)((int64_t)(pages << 43) >> 43);
		*ret = ((address + i) & ~0xfffULL) + (pages << 12) +
		       (ldr >> 10 & 0xfff) * 8;
		return true;
	}
	return false;
}

static find_slot_fn *finder(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return slot_x86_64;
	case EM_386:
		return slot_i386;
	case EM_AARCH64:
		return slot_aarch64;
	default:
		return NULL;
	}
}

static bool is_plt(const struct cpi_elf_section *row)
{
	return (row->flags & SHF_EXECINSTR) && row->type == SHT_PROGBITS &&
		(cpi_text_starts(row->name, CPI_TEXT(".plt")) ||
			cpi_text_equal(row->name, CPI_TEXT(".iplt")));
}

/* Looks at the entry that holds the address; linkers state its size, or 16 is it. */
static enum cp_code look_at(
	struct plt *plt, uint32_t section, uint32_t wanted, struct cp_error *err)
{
	const struct cpi_elf_section *row = cpi_elf_section(plt->elf, section);
	uint64_t size =
		row->entry_size >= 8 && row->entry_size <= 64 ? row->entry_size : 16;
	uint64_t at = (plt->address[wanted] - row->address) / size * size;
	struct slot slot = {.start = row->address + at, .size = size, .wanted = wanted};
	const uint8_t *bytes;
	size_t n;
	enum cp_code code = cpi_elf_section_bytes(plt->elf, section, &bytes, &n, err);

	/* AArch64 states no size; with bti entries have 24 bytes, the header 32. */
	if (code || at >= n)
		return code;
	if (!finder(cpi_elf_header(plt->elf)->machine)(plt, bytes + at,
		    n - at < size ? n - (size_t)at : (size_t)size, slot.start,
		    &slot.slot))
		return CP_OK;
	/*
	 * The header jumps through the third word of .got.plt, which nothing
	 * relocates.
	 */
	if (plt->got &&
		slot.slot - plt->got < 3u * (cpi_elf_header(plt->elf)->is64 ? 8 : 4))
		return CP_OK;
	plt->unnamed++;
	return cpi_vec_push(&plt->env->mem, &plt->slot, slot) ? CP_OK
							      : cpi_error_memory(err);
}

static int by_slot(const void *pa, const void *pb)
{
	const struct slot *a = pa, *b = pb;

	if (a->slot != b->slot)
		return a->slot < b->slot ? -1 : 1;
	return a->wanted < b->wanted ? -1 : a->wanted > b->wanted;
}

static bool name_slot(struct plt *plt, const struct slot *slot, struct cp_text function)
{
	char *name = cpi_arena_alloc(plt->names, function.n + sizeof "@plt", 1);
	struct cpi_symbol *symbol = &plt->symbol[slot->wanted];

	if (!name)
		return false;
	memcpy(name, function.p, function.n);
	memcpy(name + function.n, "@plt", sizeof "@plt");
	*symbol = (struct cpi_symbol){{name, function.n + 4}, slot->start, slot->size};
	plt->unnamed--;
	return true;
}

/* Is the slot filled at start by what a function without a name returns? */
static bool is_irelative(const struct plt *plt, uint64_t type)
{
	switch (cpi_elf_header(plt->elf)->machine) {
	case EM_X86_64:
		return type == R_X86_64_IRELATIVE;
	case EM_386:
		return (type & 0xff) == R_386_IRELATIVE;
	default:
		return type == R_AARCH64_IRELATIVE;
	}
}

/* A relocation of either class, with or without addend. */
struct relocation {
	uint64_t at, type, addend;
	uint32_t symbol;
};

/* One relocation: does it fill a wanted slot? */
static bool apply(
	struct plt *plt, const struct cpi_symbols *symbols, const struct relocation *r)
{
	size_t lo = 0, hi = plt->slot.n;
	char resolver[40];
	struct cp_text name;
	uint64_t at = r->at;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (plt->slot.v[mid].slot < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == plt->slot.n || plt->slot.v[lo].slot != at ||
		(r->symbol && r->symbol >= symbols->n))
		return true;
	if (!r->symbol && is_irelative(plt, r->type)) {
		/* as objdump has it */
		snprintf(resolver, sizeof resolver, "*ABS*+0x%llx",
			(unsigned long long)r->addend);
		name = cpi_text(resolver);
	} else {
		name = cpi_symbols_name(symbols, cpi_symbols_at(symbols, r->symbol).name);
	}
	for (; name.n && lo < plt->slot.n && plt->slot.v[lo].slot == at; lo++)
		if (!plt->symbol[plt->slot.v[lo].wanted].name.p &&
			!name_slot(plt, &plt->slot.v[lo], name))
			return false;
	return true;
}

static uint64_t word(struct cpi_cursor *c, bool is64)
{
	return is64 ? cpi_cursor_u64(c) : cpi_cursor_u32(c);
}

static enum cp_code scan_relocations(
	struct plt *plt, uint32_t section, struct cp_error *err)
{
	const struct cpi_elf_section *row = cpi_elf_section(plt->elf, section);
	const struct cpi_elf_header *header = cpi_elf_header(plt->elf);
	bool addend = row->type == SHT_RELA, is64 = header->is64;
	size_t entry = (is64 ? 8u : 4u) * (addend ? 3u : 2u), n;
	struct cpi_symbols symbols;
	struct cpi_cursor c;
	const uint8_t *bytes;
	enum cp_code code = cpi_symbols_open(plt->elf, row->link, &symbols, err);

	if (!code)
		code = cpi_elf_section_bytes(plt->elf, section, &bytes, &n, err);
	if (code)
		return code;
	c = cpi_cursor_make(bytes, n, header->swap);
	while (cpi_cursor_left(&c) >= entry) {
		struct relocation r = {.at = word(&c, is64)};
		uint64_t info = word(&c, is64);

		r.symbol = (uint32_t)(is64 ? info >> 32 : info >> 8);
		r.type = is64 ? (uint32_t)info : info & 0xff;
		if (addend)
			r.addend = word(&c, is64);
		if (!apply(plt, &symbols, &r))
			return cpi_error_memory(err);
	}
	return CP_OK;
}

/* Addresses are sorted, so that a section's are one stretch. */
static enum cp_code find_slots(struct plt *plt, size_t n, struct cp_error *err)
{
	const struct cpi_elf_header *header = cpi_elf_header(plt->elf);
	enum cp_code code = CP_OK;

	for (uint32_t i = 1; i < header->n_sections && !code; i++) {
		const struct cpi_elf_section *row = cpi_elf_section(plt->elf, i);
		size_t lo = 0, hi = n;

		if (!is_plt(row))
			continue;
		while (lo < hi) {
			size_t mid = (lo + hi) / 2;

			if (plt->address[mid] < row->address)
				lo = mid + 1;
			else
				hi = mid;
		}
		for (; lo < n && plt->address[lo] - row->address < row->size && !code;
			lo++)
			if (!plt->symbol[lo].name.p)
				code = look_at(plt, i, (uint32_t)lo, err);
	}
	return code;
}

enum cp_code cpi_plt_resolve(struct cpi_env *env, struct cpi_elf *elf,
	const uint64_t *address, size_t n, struct cpi_symbol *symbol,
	struct cpi_arena *names, struct cp_error *err)
{
	const struct cpi_elf_header *header = cpi_elf_header(elf);
	struct plt plt = {.env = env, .elf = elf, .address = address, .symbol = symbol,
		.names = names};
	uint32_t got = cpi_elf_find(elf, ".got.plt");
	enum cp_code code;

	if (!finder(header->machine))
		return CP_OK;
	plt.got = cpi_elf_section(elf, got ? got : cpi_elf_find(elf, ".got"))->address;
	code = find_slots(&plt, n, err);
	if (plt.slot.n)
		qsort(plt.slot.v, plt.slot.n, sizeof *plt.slot.v, by_slot);
	/*
	 * The table's own relocations (they name it in sh_info) are few, the others
	 * many.
	 */
	for (unsigned turn = 0; turn < 2; turn++)
		for (uint32_t i = 1; i < header->n_sections && plt.unnamed && !code;
			i++) {
			const struct cpi_elf_section *row = cpi_elf_section(elf, i);

			if ((row->flags & SHF_ALLOC) && (row->info == 0) == (turn == 1) &&
				(row->type == SHT_RELA || row->type == SHT_REL))
				code = scan_relocations(&plt, i, err);
		}
	cpi_vec_release(&env->mem, &plt.slot);
	return code;
}
