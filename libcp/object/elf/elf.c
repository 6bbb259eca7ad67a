/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, sections and segments of ELF files. */
#include "object/elf/elf.h"

#include <elf.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/error.h"
#include "object/elf/inflate.h"
#include "object/notes.h"

/*
 * The headers are decoded here, once, into rows of one layout for both classes and byte
 * orders. libelf would do that too, but it allocates past our limit and translates
 * compressed sections in place, which a read-only mapping does not survive.
 */
struct cpi_elf {
	struct cpi_env *env;
	const char *name; /* or NULL */
	const uint8_t *bytes;
	size_t n;
	uint64_t position; /* in the file that positions are of */
	struct cpi_elf_header header;
	struct cpi_elf_section *section;
	struct cpi_elf_segment *segment;
	struct cpi_inflation *inflation; /* one per compressed section */
	uint32_t *inflation_of;          /* by section: index + 1, 0 = plain */
	uint32_t n_inflations;
	struct cpi_arena names; /* ".debug_x" made from ".zdebug_x" */
};

static const struct cpi_elf_section no_section = {.name = {"", 0}};
static const struct cpi_elf_segment no_segment;

/* Where the tables are, as the file header says. */
struct layout {
	uint64_t section_offset, segment_offset;
	uint32_t n_sections, n_segments, names;
	uint16_t section_size, segment_size;
};

static uint64_t word(struct cpi_cursor *c, bool is64)
{
	return is64 ? cpi_cursor_u64(c) : cpi_cursor_u32(c);
}

static enum cp_code read_ident(struct cpi_elf *elf, struct cp_error *err)
{
	const uint8_t *ident = elf->bytes;

	if (elf->n < EI_NIDENT || memcmp(ident, ELFMAG, SELFMAG))
		return cpi_error(err, CP_ERROR_FORMAT, 0, "not an ELF file");
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return cpi_error(err, CP_ERROR_CORRUPT, EI_CLASS,
			"ELF class %u is unknown", ident[EI_CLASS]);
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return cpi_error(err, CP_ERROR_CORRUPT, EI_DATA,
			"ELF byte order %u is unknown", ident[EI_DATA]);
	elf->header.is64 = ident[EI_CLASS] == ELFCLASS64;
	elf->header.swap = (ident[EI_DATA] == ELFDATA2MSB) ==
		(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	return CP_OK;
}

static enum cp_code read_header(
	struct cpi_elf *elf, struct layout *layout, struct cp_error *err)
{
	struct cpi_cursor c = cpi_cursor_make(elf->bytes, elf->n, elf->header.swap);
	bool is64 = elf->header.is64;

	cpi_cursor_skip(&c, EI_NIDENT);
	elf->header.type = cpi_cursor_u16(&c);
	elf->header.machine = cpi_cursor_u16(&c);
	cpi_cursor_skip(&c, 4);           /* e_version */
	cpi_cursor_skip(&c, is64 ? 8 : 4); /* e_entry */
	layout->segment_offset = word(&c, is64);
	layout->section_offset = word(&c, is64);
	cpi_cursor_skip(&c, 4 + 2); /* e_flags, e_ehsize */
	layout->segment_size = cpi_cursor_u16(&c);
	layout->n_segments = cpi_cursor_u16(&c);
	layout->section_size = cpi_cursor_u16(&c);
	layout->n_sections = cpi_cursor_u16(&c);
	layout->names = cpi_cursor_u16(&c);
	if (!cpi_cursor_ok(&c))
		return cpi_error(
			err, CP_ERROR_TRUNCATED, elf->n, "the ELF header is cut off");
	return CP_OK;
}

/* The rest of the row (from the cursor on) holds names, types and places. */
static void read_section(
	struct cpi_cursor *c, bool is64, struct cpi_elf_section *row, uint32_t *ret_name)
{
	*ret_name = cpi_cursor_u32(c);
	row->type = cpi_cursor_u32(c);
	row->flags = word(c, is64);
	row->address = word(c, is64);
	row->offset = word(c, is64);
	row->file_size = row->size = word(c, is64);
	row->link = cpi_cursor_u32(c);
	row->info = cpi_cursor_u32(c);
	row->align = word(c, is64);
	row->entry_size = word(c, is64);
}

static void read_segment(struct cpi_cursor *c, bool is64, struct cpi_elf_segment *row)
{
	row->type = cpi_cursor_u32(c);
	if (is64)
		row->flags = cpi_cursor_u32(c);
	row->offset = word(c, is64);
	row->address = word(c, is64);
	(void)word(c, is64); /* physical address */
	row->file_size = word(c, is64);
	row->memory_size = word(c, is64);
	if (!is64)
		row->flags = cpi_cursor_u32(c);
	(void)word(c, is64); /* alignment */
}

/* A cursor over a table of n rows, bad when the table does not lie in the file. */
static struct cpi_cursor table(
	const struct cpi_elf *elf, uint64_t offset, uint32_t n, size_t row_size)
{
	struct cpi_cursor c = cpi_cursor_make(elf->bytes, elf->n, elf->header.swap);

	if (offset > elf->n)
		cpi_cursor_fail(&c);
	else
		cpi_cursor_skip(&c, (size_t)offset);
	return cpi_cursor_sub(
		&c, cpi_cursor_claim(&c, n, row_size ? row_size : 1) * row_size);
}

/* Counts too large for the header's 16 bits stand in section 0. */
static enum cp_code read_large_counts(
	struct cpi_elf *elf, struct layout *layout, struct cp_error *err)
{
	struct cpi_cursor c = table(elf, layout->section_offset, 1, layout->section_size);
	struct cpi_elf_section first;
	uint32_t name;

	read_section(&c, elf->header.is64, &first, &name);
	if (!cpi_cursor_ok(&c))
		return cpi_error(err, CP_ERROR_TRUNCATED, layout->section_offset,
			"the section table lies outside the file");
	if (!layout->n_sections) {
		if (first.size > UINT32_MAX)
			return cpi_error(err, CP_ERROR_CORRUPT, layout->section_offset,
				"%llu sections", (unsigned long long)first.size);
		layout->n_sections = (uint32_t)first.size;
	}
	if (layout->names == SHN_XINDEX)
		layout->names = first.link;
	if (layout->n_segments == PN_XNUM)
		layout->n_segments = first.info;
	return CP_OK;
}

static enum cp_code check_layout(
	struct cpi_elf *elf, struct layout *layout, struct cp_error *err)
{
	unsigned section_size =
		elf->header.is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	unsigned segment_size =
		elf->header.is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (layout->segment_offset && layout->n_segments &&
		layout->segment_size != segment_size)
		return cpi_error(err, CP_ERROR_CORRUPT, CP_NO_OFFSET,
			"program headers of %u bytes", layout->segment_size);
	if (!layout->segment_offset)
		layout->n_segments = 0;
	if (!layout->section_offset) {
		layout->n_sections = 0;
		return CP_OK;
	}
	if (layout->section_size != section_size)
		return cpi_error(err, CP_ERROR_CORRUPT, CP_NO_OFFSET,
			"section headers of %u bytes", layout->section_size);
	return read_large_counts(elf, layout, err);
}

static enum cp_code read_segments(
	struct cpi_elf *elf, const struct layout *layout, struct cp_error *err)
{
	struct cpi_cursor c = table(
		elf, layout->segment_offset, layout->n_segments, layout->segment_size);

	if (!cpi_cursor_ok(&c))
		return cpi_error(err, CP_ERROR_TRUNCATED, layout->segment_offset,
			"the program headers lie outside the file");
	elf->segment =
		cpi_alloc_array(&elf->env->mem, layout->n_segments, sizeof *elf->segment);
	if (!elf->segment)
		return cpi_error_memory(err);
	elf->header.n_segments = layout->n_segments;
	for (uint32_t i = 0; i < layout->n_segments; i++)
		read_segment(&c, elf->header.is64, &elf->segment[i]);
	return CP_OK;
}

/* A plain section's bytes in the file; false when they are not all there. */
static bool stored(const struct cpi_elf *elf, const struct cpi_elf_section *row,
	const uint8_t **ret_bytes, size_t *ret_n)
{
	*ret_bytes = elf->bytes;
	*ret_n = 0;
	if (row->type == SHT_NOBITS || row->type == SHT_NULL)
		return true;
	if (row->offset > elf->n || row->file_size > elf->n - row->offset)
		return false;
	*ret_bytes = elf->bytes + row->offset;
	*ret_n = (size_t)row->file_size;
	return true;
}

/* The name in the names' section, or empty when it does not end there. */
static struct cp_text name_at(const uint8_t *names, size_t n, uint32_t at)
{
	const uint8_t *nul = at < n ? memchr(names + at, 0, n - at) : NULL;

	if (!nul)
		return (struct cp_text){"", 0};
	return (struct cp_text){(const char *)names + at, (size_t)(nul - (names + at))};
}

static enum cp_code read_sections(
	struct cpi_elf *elf, const struct layout *layout, struct cp_error *err)
{
	struct cpi_cursor c = table(
		elf, layout->section_offset, layout->n_sections, layout->section_size);
	struct cpi_cursor again = c;
	const uint8_t *names = NULL;
	size_t names_n = 0;
	uint32_t name;

	if (!cpi_cursor_ok(&c))
		return cpi_error(err, CP_ERROR_TRUNCATED, layout->section_offset,
			"the section table lies outside the file");
	elf->section = cpi_alloc_array(
		&elf->env->mem, layout->n_sections, sizeof *elf->section);
	if (!elf->section)
		return cpi_error_memory(err);
	elf->header.n_sections = layout->n_sections;
	for (uint32_t i = 0; i < layout->n_sections; i++)
		read_section(&c, elf->header.is64, &elf->section[i], &name);
	if (layout->names < layout->n_sections)
		(void)stored(elf, &elf->section[layout->names], &names, &names_n);
	for (uint32_t i = 0; i < layout->n_sections; i++) {
		struct cpi_elf_section ignored;

		read_section(&again, elf->header.is64, &ignored, &name);
		elf->section[i].name = name_at(names, names_n, name);
	}
	return CP_OK;
}

/*
 * layout_sections() of the kernel's module loader: all sections of code that stay, in the
 * file's order, each at its alignment; .init ones go to a block of their own.
 */
static void lay_out_module(struct cpi_elf *elf)
{
	const uint64_t code = SHF_ALLOC | SHF_EXECINSTR;
	uint64_t at = 0;

	for (uint32_t i = 1; i < elf->header.n_sections; i++) {
		struct cpi_elf_section *row = &elf->section[i];
		uint64_t align = row->align ? row->align : 1;

		if ((row->flags & code) != code || (align & (align - 1)) ||
			cpi_text_starts(row->name, CPI_TEXT(".init")))
			continue;
		at = (at + align - 1) & ~(align - 1);
		row->address = at;
		at += row->file_size;
	}
}

static bool is_zdebug(const struct cpi_elf_section *row)
{
	return cpi_text_starts(row->name, CPI_TEXT(".zdebug_"));
}

/* Elf32_Chdr and Elf64_Chdr. */
static void read_chdr(const struct cpi_elf *elf, struct cpi_elf_section *row,
	const uint8_t *bytes, size_t n, struct cpi_inflation *inflation)
{
	struct cpi_cursor c = cpi_cursor_make(bytes, n, elf->header.swap);
	bool is64 = elf->header.is64;
	uint32_t type = cpi_cursor_u32(&c);
	enum cpi_inflate_kind kind = CPI_INFLATE_BAD;
	uint64_t size;

	if (is64)
		cpi_cursor_skip(&c, 4);
	size = word(&c, is64);
	(void)word(&c, is64); /* alignment */
	if (!cpi_cursor_ok(&c))
		size = 0;
	else if (type == ELFCOMPRESS_ZLIB)
		kind = CPI_INFLATE_ZLIB;
	else if (type == 2) /* ELFCOMPRESS_ZSTD, newer than some <elf.h> */
		kind = CPI_INFLATE_ZSTD;
	row->size = size;
	cpi_inflation_init(inflation, kind, c.at, cpi_cursor_left(&c),
		row->offset + (n - cpi_cursor_left(&c)), size);
}

/* The older way: the letters ZLIB and a big-endian size in a section of another name. */
static void read_zdebug(struct cpi_elf_section *row, const uint8_t *bytes, size_t n,
	struct cpi_inflation *inflation)
{
	bool swap = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
	struct cpi_cursor c = cpi_cursor_make(bytes, n, swap);
	const uint8_t *magic = cpi_cursor_bytes(&c, 4);
	bool good = magic && !memcmp(magic, "ZLIB", 4);
	uint64_t size = cpi_cursor_u64(&c);

	if (!good || !cpi_cursor_ok(&c))
		size = 0;
	row->size = size;
	cpi_inflation_init(inflation, size ? CPI_INFLATE_ZLIB : CPI_INFLATE_BAD, c.at,
		cpi_cursor_left(&c), row->offset + 12, size);
}

static bool rename_zdebug(struct cpi_elf *elf, struct cpi_elf_section *row)
{
	char *name = cpi_arena_copy(&elf->names, row->name.p + 1, row->name.n - 1);

	if (!name)
		return false;
	name[0] = '.';
	row->name = (struct cp_text){name, row->name.n - 1};
	return true;
}

static bool is_compressed(const struct cpi_elf_section *row)
{
	return row->type != SHT_NOBITS &&
	       ((row->flags & SHF_COMPRESSED) || is_zdebug(row));
}

static enum cp_code find_compressed(struct cpi_elf *elf, struct cp_error *err)
{
	struct cpi_mem *mem = &elf->env->mem;
	uint32_t n = 0;

	for (uint32_t i = 0; i < elf->header.n_sections; i++)
		n += is_compressed(&elf->section[i]);
	if (!n)
		return CP_OK;
	elf->inflation_of =
		cpi_alloc_zero(mem, elf->header.n_sections * sizeof(uint32_t));
	elf->inflation = cpi_alloc_array(mem, n, sizeof *elf->inflation);
	if (!elf->inflation_of || !elf->inflation) {
		cpi_free(mem, elf->inflation, n * sizeof *elf->inflation);
		elf->inflation = NULL;
		return cpi_error_memory(err);
	}
	for (uint32_t i = 0; i < elf->header.n_sections; i++) {
		struct cpi_elf_section *row = &elf->section[i];
		const uint8_t *bytes;
		size_t bytes_n;

		if (!is_compressed(row))
			continue;
		(void)stored(elf, row, &bytes, &bytes_n);
		if (row->flags & SHF_COMPRESSED)
			read_chdr(elf, row, bytes, bytes_n,
				&elf->inflation[elf->n_inflations]);
		else
			read_zdebug(
				row, bytes, bytes_n, &elf->inflation[elf->n_inflations]);
		elf->inflation_of[i] = ++elf->n_inflations;
	}
	for (uint32_t i = 0; i < elf->header.n_sections; i++)
		if (is_zdebug(&elf->section[i]) && !rename_zdebug(elf, &elf->section[i]))
			return cpi_error_memory(err);
	return CP_OK;
}

static enum cp_code open_all(struct cpi_elf *elf, struct cp_error *err)
{
	struct layout layout = {0};
	enum cp_code code = read_ident(elf, err);

	if (!code)
		code = read_header(elf, &layout, err);
	if (!code)
		code = check_layout(elf, &layout, err);
	if (!code)
		code = read_segments(elf, &layout, err);
	if (!code)
		code = read_sections(elf, &layout, err);
	if (!code && elf->header.type == ET_REL)
		lay_out_module(elf);
	if (!code)
		code = find_compressed(elf, err);
	return code;
}

enum cp_code cpi_elf_open(struct cpi_env *env, const uint8_t *bytes, size_t n,
	struct cpi_elf **ret_elf, struct cp_error *err)
{
	struct cpi_elf *elf = cpi_alloc_zero(&env->mem, sizeof *elf);
	enum cp_code code;

	if (!elf)
		return cpi_error_memory(err);
	elf->env = env;
	elf->bytes = bytes;
	elf->n = n;
	cpi_arena_init(&elf->names, &env->mem);
	code = open_all(elf, err);
	if (code)
		cpi_elf_close(elf);
	else
		*ret_elf = elf;
	return code;
}

void cpi_elf_close(struct cpi_elf *elf)
{
	struct cpi_mem *mem;
	uint32_t n;

	if (!elf)
		return;
	mem = &elf->env->mem;
	n = elf->header.n_sections;
	for (uint32_t i = 0; i < elf->n_inflations; i++)
		cpi_inflation_release(elf->env, &elf->inflation[i]);
	cpi_free(mem, elf->inflation, elf->n_inflations * sizeof *elf->inflation);
	cpi_free(mem, elf->inflation_of, n * sizeof *elf->inflation_of);
	cpi_free(mem, elf->section, n * sizeof *elf->section);
	cpi_free(mem, elf->segment, elf->header.n_segments * sizeof *elf->segment);
	cpi_arena_release(&elf->names);
	cpi_free(mem, elf, sizeof *elf);
}

const struct cpi_elf_header *cpi_elf_header(const struct cpi_elf *elf)
{
	return &elf->header;
}

const struct cpi_elf_section *cpi_elf_section(const struct cpi_elf *elf, uint32_t i)
{
	return i && i < elf->header.n_sections ? &elf->section[i] : &no_section;
}

const struct cpi_elf_segment *cpi_elf_segment(const struct cpi_elf *elf, uint32_t i)
{
	return i < elf->header.n_segments ? &elf->segment[i] : &no_segment;
}

uint32_t cpi_elf_find(const struct cpi_elf *elf, const char *name)
{
	struct cp_text wanted = cpi_text(name);

	for (uint32_t i = 1; i < elf->header.n_sections; i++)
		if (cpi_text_equal(elf->section[i].name, wanted))
			return i;
	return 0;
}

static struct cpi_inflation *inflation_of(const struct cpi_elf *elf, uint32_t i)
{
	if (!elf->inflation_of || i >= elf->header.n_sections || !elf->inflation_of[i])
		return NULL;
	return &elf->inflation[elf->inflation_of[i] - 1];
}

const struct cpi_inflation *cpi_elf_section_stream(const struct cpi_elf *elf, uint32_t i)
{
	return inflation_of(elf, i);
}

enum cp_code cpi_elf_section_bytes(struct cpi_elf *elf, uint32_t i,
	const uint8_t **ret_bytes, size_t *ret_n, struct cp_error *err)
{
	struct cpi_inflation *inflation = inflation_of(elf, i);
	const struct cpi_elf_section *row = cpi_elf_section(elf, i);
	const uint8_t *bytes;
	size_t n;
	enum cp_code code = CP_OK;

	if (!stored(elf, row, &bytes, &n))
		code = cpi_error(err, CP_ERROR_TRUNCATED, row->offset,
			"the section's %llu bytes lie outside the file of %zu bytes",
			(unsigned long long)row->file_size, elf->n);
	else if (inflation)
		code = cpi_inflation_get(elf->env, inflation, &bytes, &n, err);
	if (code) {
		char name[48];

		cpi_error_context(err, "section %s",
			cpi_text_printable(name, sizeof name, row->name));
		cpi_error_place(err, elf->name, NULL);
		return code;
	}
	*ret_bytes = bytes;
	*ret_n = n;
	return CP_OK;
}

void cpi_elf_set_name(struct cpi_elf *elf, const char *name)
{
	elf->name = name;
}

const char *cpi_elf_name(const struct cpi_elf *elf)
{
	return elf->name;
}

const uint8_t *cpi_elf_bytes(const struct cpi_elf *elf, size_t *ret_n)
{
	*ret_n = elf->n;
	return elf->bytes;
}

struct cp_text cpi_elf_build_id(const struct cpi_elf *elf)
{
	struct cp_text id = {"", 0};
	const uint8_t *bytes;
	size_t n;

	for (uint32_t i = 1; i < elf->header.n_sections && !id.n; i++)
		if (elf->section[i].type == SHT_NOTE &&
			stored(elf, &elf->section[i], &bytes, &n))
			id = cpi_note_find(
				bytes, n, elf->header.swap, 4, "GNU", NT_GNU_BUILD_ID);
	for (uint32_t i = 0; i < elf->header.n_segments && !id.n; i++) {
		const struct cpi_elf_segment *row = &elf->segment[i];

		if (row->type != PT_NOTE || row->offset > elf->n ||
			row->file_size > elf->n - row->offset)
			continue;
		id = cpi_note_find(elf->bytes + row->offset, (size_t)row->file_size,
			elf->header.swap, 4, "GNU", NT_GNU_BUILD_ID);
	}
	return id;
}

/* The section's bytes as they lie in the file; links are never compressed. */
static struct cpi_cursor link_section(const struct cpi_elf *elf, const char *name)
{
	const uint8_t *bytes = elf->bytes;
	size_t n = 0;
	uint32_t i = cpi_elf_find(elf, name);

	if (i)
		(void)stored(elf, &elf->section[i], &bytes, &n);
	return cpi_cursor_make(bytes, n, elf->header.swap);
}

bool cpi_elf_debuglink(
	const struct cpi_elf *elf, struct cp_text *ret_name, uint32_t *ret_crc)
{
	struct cpi_cursor c = link_section(elf, ".gnu_debuglink");
	struct cp_text name;
	uint32_t crc;

	name.p = cpi_cursor_string(&c, &name.n);
	if (!name.p)
		return false;
	cpi_cursor_skip(&c, -cpi_cursor_offset(&c) & 3);
	crc = cpi_cursor_u32(&c);
	if (!cpi_cursor_ok(&c) || !name.n)
		return false;
	*ret_name = name;
	*ret_crc = crc;
	return true;
}

bool cpi_elf_altlink(
	const struct cpi_elf *elf, struct cp_text *ret_name, struct cp_text *ret_build_id)
{
	struct cpi_cursor c = link_section(elf, ".gnu_debugaltlink");
	struct cp_text name;

	name.p = cpi_cursor_string(&c, &name.n);
	if (!name.p || !name.n || !cpi_cursor_left(&c))
		return false;
	*ret_name = name;
	*ret_build_id = (struct cp_text){(const char *)c.at, cpi_cursor_left(&c)};
	return true;
}

static bool has_loads(const struct cpi_elf *elf)
{
	for (uint32_t i = 0; i < elf->header.n_segments; i++)
		if (elf->segment[i].type == PT_LOAD)
			return true;
	return false;
}

/* The files that perf inject makes of generated code have sections only. */
static bool in_sections(
	const struct cpi_elf *elf, uint64_t file_offset, uint64_t *ret_address)
{
	for (uint32_t i = 1; i < elf->header.n_sections; i++) {
		const struct cpi_elf_section *row = &elf->section[i];

		if (!(row->flags & SHF_EXECINSTR) || row->type == SHT_NOBITS ||
			file_offset < row->offset ||
			file_offset - row->offset >= row->file_size)
			continue;
		*ret_address = row->address + (file_offset - row->offset);
		return true;
	}
	return false;
}

void cpi_elf_set_position(struct cpi_elf *elf, uint64_t position)
{
	elf->position = position;
}

bool cpi_elf_address_of(
	const struct cpi_elf *elf, uint64_t file_offset, uint64_t *ret_address)
{
	const struct cpi_elf_segment *found = NULL;

	if (file_offset < elf->position)
		return false;
	file_offset -= elf->position;
	/*
	 * Neighbours may share a page of the file, and some linkers make segments that
	 * overlap in it: samples are of code, so an executable one is preferred.
	 */
	for (uint32_t i = 0; i < elf->header.n_segments; i++) {
		const struct cpi_elf_segment *row = &elf->segment[i];

		if (row->type != PT_LOAD || file_offset < row->offset ||
			file_offset - row->offset >= row->file_size)
			continue;
		if (!found || (!(found->flags & PF_X) && (row->flags & PF_X)))
			found = row;
	}
	if (!found)
		return has_loads(elf) ? false
				      : in_sections(elf, file_offset, ret_address);
	*ret_address = found->address + (file_offset - found->offset);
	return true;
}
