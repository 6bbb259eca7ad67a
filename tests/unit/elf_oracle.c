/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every ELF file of testdata as libelf reads it: headers, segments, sections with their
 * bytes (inflated ones, too), symbols with their names, and build ids. The library itself
 * does not use libelf.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object/elf/elf.h"
#include "object/symtab/symtab.h"

/* What was compared, so that a walk over nothing fails. */
static struct {
	unsigned files, segments, sections, inflated, symbols, build_ids;
} seen;

static void same_header(const struct cpi_elf *ours, Elf *theirs)
{
	const struct cpi_elf_header *h = cpi_elf_header(ours);
	GElf_Ehdr e;
	size_t n;

	assert_non_null(gelf_getehdr(theirs, &e));
	assert_int_equal(h->type, e.e_type);
	assert_int_equal(h->machine, e.e_machine);
	assert_int_equal(h->is64, e.e_ident[EI_CLASS] == ELFCLASS64);
	assert_int_equal(h->swap, e.e_ident[EI_DATA] == ELFDATA2MSB);
	assert_int_equal(elf_getshdrnum(theirs, &n), 0);
	assert_int_equal(h->n_sections, n);
	assert_int_equal(elf_getphdrnum(theirs, &n), 0);
	assert_int_equal(h->n_segments, n);
}

static void same_segments(const struct cpi_elf *ours, Elf *theirs)
{
	for (uint32_t i = 0; i < cpi_elf_header(ours)->n_segments; i++) {
		const struct cpi_elf_segment *s = cpi_elf_segment(ours, i);
		GElf_Phdr p;

		assert_non_null(gelf_getphdr(theirs, (int)i, &p));
		assert_int_equal(s->type, p.p_type);
		assert_int_equal(s->flags, p.p_flags);
		assert_int_equal(s->offset, p.p_offset);
		assert_int_equal(s->address, p.p_vaddr);
		assert_int_equal(s->file_size, p.p_filesz);
		assert_int_equal(s->memory_size, p.p_memsz);
		seen.segments++;
	}
}

/* ".zdebug_x" is given as ".debug_x". */
static void same_name(struct cp_text ours, const char *theirs, bool old)
{
	assert_non_null(theirs);
	if (old)
		theirs += 2;
	ours.p += old;
	ours.n -= old;
	assert_int_equal(ours.n, strlen(theirs));
	assert_memory_equal(ours.p, theirs, ours.n);
}

static void same_bytes(
	struct cpi_elf *ours, uint32_t i, Elf_Scn *section, const GElf_Shdr *s, bool old)
{
	const uint8_t *bytes;
	struct cp_error err;
	Elf_Data *data;
	size_t n;

	/* A zstd section is beyond elfutils 0.188; its size was compared. */
	if (s->sh_flags & SHF_COMPRESSED) {
		GElf_Chdr c;

		assert_non_null(gelf_getchdr(section, &c));
		assert_int_equal(cpi_elf_section(ours, i)->size, c.ch_size);
		if (elf_compress(section, 0, 0) < 0)
			return;
	} else if (old) {
		assert_true(elf_compress_gnu(section, 0, 0) >= 0);
	}
	data = elf_rawdata(section, NULL);
	assert_non_null(data);
	assert_int_equal(cpi_elf_section_bytes(ours, i, &bytes, &n, &err), CP_OK);
	assert_int_equal(n, data->d_size);
	assert_memory_equal(bytes, data->d_buf, n);
	seen.inflated += old || s->sh_flags & SHF_COMPRESSED;
}

static void same_symbols(struct cpi_elf *ours, uint32_t i, Elf *theirs, Elf_Scn *section,
	const GElf_Shdr *s)
{
	Elf_Data *data = elf_getdata(section, NULL);
	struct cpi_symbols symbols;
	struct cp_error err;

	assert_int_equal(cpi_symbols_open(ours, i, &symbols, &err), CP_OK);
	assert_int_equal(symbols.n, s->sh_size / s->sh_entsize);
	for (size_t k = 0; k < symbols.n; k++) {
		struct cpi_elf_symbol a = cpi_symbols_at(&symbols, k);
		struct cp_text name = cpi_symbols_name(&symbols, a.name);
		const char *text;
		GElf_Sym b;

		assert_non_null(gelf_getsym(data, (int)k, &b));
		assert_int_equal(a.name, b.st_name);
		assert_int_equal(a.info, b.st_info);
		assert_int_equal(a.other, b.st_other);
		assert_int_equal(a.section, b.st_shndx);
		assert_int_equal(a.value, b.st_value);
		assert_int_equal(a.size, b.st_size);
		text = elf_strptr(theirs, s->sh_link, b.st_name);
		assert_non_null(text);
		assert_int_equal(name.n, strlen(text));
		assert_memory_equal(name.p, text, name.n);
		seen.symbols++;
	}
}

/* The GNU build id among a section's notes. */
static void same_notes(const struct cpi_elf *ours, Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	struct cp_text id = cpi_elf_build_id(ours);
	size_t at = 0, next, name, desc;
	GElf_Nhdr note;

	for (; data && (next = gelf_getnote(data, at, &note, &name, &desc)); at = next) {
		const char *bytes = data->d_buf;

		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
			memcmp(bytes + name, "GNU", 4))
			continue;
		assert_int_equal(id.n, note.n_descsz);
		assert_memory_equal(id.p, bytes + desc, id.n);
		seen.build_ids++;
	}
}

static void same_sections(struct cpi_elf *ours, Elf *theirs)
{
	bool linked = cpi_elf_header(ours)->type != ET_REL;
	size_t names;

	assert_int_equal(elf_getshdrstrndx(theirs, &names), 0);
	for (uint32_t i = 1; i < cpi_elf_header(ours)->n_sections; i++) {
		const struct cpi_elf_section *a = cpi_elf_section(ours, i);
		Elf_Scn *section = elf_getscn(theirs, i);
		const char *name;
		bool old;
		GElf_Shdr b;

		assert_non_null(gelf_getshdr(section, &b));
		name = elf_strptr(theirs, names, b.sh_name);
		old = name && !strncmp(name, ".zdebug", 7);
		same_name(a->name, name, old);
		assert_int_equal(a->type, b.sh_type);
		assert_int_equal(a->flags, b.sh_flags);
		assert_int_equal(a->offset, b.sh_offset);
		assert_int_equal(a->link, b.sh_link);
		assert_int_equal(a->info, b.sh_info);
		assert_int_equal(a->entry_size, b.sh_entsize);
		if (linked)
			assert_int_equal(a->address, b.sh_addr);
		if (b.sh_type == SHT_SYMTAB || b.sh_type == SHT_DYNSYM)
			same_symbols(ours, i, theirs, section, &b);
		if (b.sh_type == SHT_NOTE)
			same_notes(ours, section);
		if (b.sh_type != SHT_NOBITS)
			same_bytes(ours, i, section, &b, old);
		seen.sections++;
	}
}

static int compare(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	FILE *f = type == FTW_F ? fopen(path, "rb") : NULL;
	size_t n = (size_t)st->st_size;
	uint8_t *bytes = malloc(n + 1);
	struct cpi_env env;
	struct cpi_elf *ours;
	struct cp_error err;
	Elf *theirs;

	(void)ftw;
	assert_non_null(bytes);
	if (f && fread(bytes, 1, n, f) == n && n > 64 &&
		!memcmp(bytes, ELFMAG, SELFMAG)) {
		cpi_env_init(&env, NULL);
		theirs = elf_memory((char *)bytes, n);
		assert_non_null(theirs);
		if (cpi_elf_open(&env, bytes, n, &ours, &err))
			fail_msg("%s: %s", path, err.message);
		same_header(ours, theirs);
		same_segments(ours, theirs);
		same_sections(ours, theirs);
		cpi_elf_close(ours);
		elf_end(theirs);
		cpi_env_release(&env);
		seen.files++;
	}
	if (f)
		fclose(f);
	free(bytes);
	return 0;
}

static void test_testdata(void **state)
{
	const char *dir = getenv("TESTDATA");

	(void)state;
	assert_int_not_equal(elf_version(EV_CURRENT), EV_NONE);
	assert_int_equal(nftw(dir ? dir : "testdata", compare, 16, FTW_PHYS), 0);
	print_message("%u files, %u segments, %u sections (%u inflated), %u symbols, "
		      "%u build ids\n",
		seen.files, seen.segments, seen.sections, seen.inflated, seen.symbols,
		seen.build_ids);
	assert_true(seen.files >= 20 && seen.segments && seen.sections > 100);
	assert_true(seen.inflated && seen.symbols > 100 && seen.build_ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_testdata)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
