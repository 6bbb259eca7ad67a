/* SPDX-License-Identifier: Apache-2.0 */
/* A Go program's memory as its run time would see it. */
#include "object/go/memory.h"

#include <elf.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/error.h"

static int by_place(const void *pa, const void *pb)
{
	const struct cpi_go_pointer *a = pa, *b = pb;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return a->value < b->value ? -1 : a->value > b->value;
}

/*
 * Entries without a symbol are "base + addend" on every machine. REL and RELR sections
 * keep the addend in place, so that the file's bytes are right as they are.
 */
static bool read_relocations(struct cpi_go_memory *m, const uint8_t *bytes, size_t n)
{
	struct cpi_cursor c = cpi_cursor_make(bytes, n, m->swap);
	size_t entry = m->pointer == 8 ? 24 : 12;

	while (cpi_cursor_left(&c) >= entry) {
		struct cpi_go_pointer row;
		uint64_t info;

		if (m->pointer == 8) {
			row.at = cpi_cursor_u64(&c);
			info = cpi_cursor_u64(&c) >> 32;
			row.value = cpi_cursor_u64(&c);
		} else {
			row.at = cpi_cursor_u32(&c);
			info = cpi_cursor_u32(&c) >> 8;
			row.value = cpi_cursor_u32(&c);
		}
		if (!info && !cpi_vec_push(&m->env->mem, &m->reloc, row))
			return false;
	}
	return true;
}

static int by_address(const void *pa, const void *pb)
{
	const struct cpi_go_part *a = pa, *b = pb;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->section < b->section ? -1 : a->section > b->section;
}

static bool add_section(struct cpi_go_memory *m, uint32_t i)
{
	const struct cpi_elf_section *row = cpi_elf_section(m->elf, i);
	struct cpi_go_part part = {row->address, row->size, i};
	struct cpi_go_span span;

	if (!(row->flags & SHF_ALLOC) || row->type == SHT_NOBITS)
		return true;
	if (!cpi_vec_push(&m->env->mem, &m->part, part))
		return false;
	if (row->type != SHT_RELA || cpi_elf_header(m->elf)->type != ET_DYN ||
		cpi_elf_section_bytes(m->elf, i, &span.p, &span.n, NULL))
		return true;
	return read_relocations(m, span.p, span.n);
}

enum cp_code cpi_go_memory_init(struct cpi_go_memory *m, struct cpi_env *env,
	struct cpi_elf *elf, struct cp_error *err)
{
	const struct cpi_elf_header *header = cpi_elf_header(elf);

	memset(m, 0, sizeof *m);
	m->env = env;
	m->elf = elf;
	m->swap = header->swap;
	m->pointer = header->is64 ? 8 : 4;
	for (uint32_t i = 1; i < header->n_sections; i++)
		if (!add_section(m, i)) {
			cpi_go_memory_release(m);
			return cpi_error_memory(err);
		}
	if (m->part.n > 1)
		qsort(m->part.v, m->part.n, sizeof *m->part.v, by_address);
	if (m->reloc.n > 1)
		qsort(m->reloc.v, m->reloc.n, sizeof *m->reloc.v, by_place);
	return CP_OK;
}

void cpi_go_memory_release(struct cpi_go_memory *m)
{
	cpi_vec_release(&m->env->mem, &m->reloc);
	cpi_vec_release(&m->env->mem, &m->part);
}

/* Where sections of a damaged file overlap, the one that begins last has the bytes. */
struct cpi_go_span cpi_go_bytes(const struct cpi_go_memory *m, uint64_t address)
{
	const struct cpi_go_span none = {(const uint8_t *)"", 0};
	struct cpi_go_span span;
	size_t lo = 0, hi = m->part.n;
	const struct cpi_go_part *part;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (m->part.v[mid].address <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return none;
	part = &m->part.v[lo - 1];
	if (address - part->address >= part->size ||
		cpi_elf_section_bytes(m->elf, part->section, &span.p, &span.n, NULL) ||
		address - part->address >= span.n)
		return none;
	span.p += address - part->address;
	span.n -= (size_t)(address - part->address);
	return span;
}

static uint64_t plain_word(const struct cpi_go_memory *m, struct cpi_go_span span)
{
	struct cpi_cursor c = cpi_cursor_make(span.p, span.n, m->swap);

	return m->pointer == 8 ? cpi_cursor_u64(&c) : cpi_cursor_u32(&c);
}

uint64_t cpi_go_word(const struct cpi_go_memory *m, uint64_t address)
{
	size_t lo = 0, hi = m->reloc.n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (m->reloc.v[mid].at < address)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < m->reloc.n && m->reloc.v[lo].at == address)
		return m->reloc.v[lo].value;
	return plain_word(m, cpi_go_bytes(m, address));
}

uint64_t cpi_go_find_pointer(const struct cpi_go_memory *m, uint64_t value,
	bool (*fits)(const void *arg, uint64_t address), const void *arg)
{
	for (size_t i = 0; i < m->reloc.n; i++)
		if (m->reloc.v[i].value == value && fits(arg, m->reloc.v[i].at))
			return m->reloc.v[i].at;
	for (uint32_t i = 1; i < cpi_elf_header(m->elf)->n_sections; i++) {
		const struct cpi_elf_section *row = cpi_elf_section(m->elf, i);
		struct cpi_go_span data;

		if (row->type != SHT_PROGBITS || !(row->flags & SHF_WRITE) ||
			cpi_elf_section_bytes(m->elf, i, &data.p, &data.n, NULL))
			continue;
		for (uint64_t at = row->address; data.n >= m->pointer; at += m->pointer) {
			if (plain_word(m, data) == value && fits(arg, at))
				return at;
			data.p += m->pointer;
			data.n -= m->pointer;
		}
	}
	return 0;
}

/* A header of any layout: its number, two zeros, sizes of instructions and pointers. */
static bool is_table(const struct cpi_go_memory *m, struct cpi_go_span span)
{
	struct cpi_cursor c = cpi_cursor_make(span.p, span.n, m->swap);
	uint32_t magic = cpi_cursor_u32(&c);
	uint8_t quantum;

	if ((magic != 0xfffffff0 && magic != 0xfffffff1 && magic != 0xfffffffa &&
		    magic != 0xfffffffb) ||
		cpi_cursor_u16(&c))
		return false;
	quantum = cpi_cursor_u8(&c);
	return (quantum == 1 || quantum == 2 || quantum == 4) &&
	       cpi_cursor_u8(&c) == m->pointer;
}

static bool find_inside(
	const struct cpi_go_memory *m, const char *section, uint64_t *ret_address)
{
	uint32_t i = cpi_elf_find(m->elf, section);
	struct cpi_go_span span;

	if (!i || cpi_elf_section_bytes(m->elf, i, &span.p, &span.n, NULL))
		return false;
	/* Go aligns it to 32 bytes. */
	for (size_t at = 0; at + 8 <= span.n; at += 32) {
		struct cpi_go_span here = {span.p + at, span.n - at};

		if (is_table(m, here)) {
			*ret_address = cpi_elf_section(m->elf, i)->address + at;
			return true;
		}
	}
	return false;
}

bool cpi_go_find_table(const struct cpi_go_memory *m, uint64_t *ret_address)
{
	uint32_t i = cpi_elf_find(m->elf, ".gopclntab");

	if (!i)
		i = cpi_elf_find(m->elf, ".data.rel.ro.gopclntab");
	if (i) {
		*ret_address = cpi_elf_section(m->elf, i)->address;
		return true;
	}
	/* Only Go programs are looked through: others have none of these. */
	if (!cpi_elf_find(m->elf, ".note.go.buildid") &&
		!cpi_elf_find(m->elf, ".go.buildinfo"))
		return false;
	return find_inside(m, ".data.rel.ro", ret_address);
}
