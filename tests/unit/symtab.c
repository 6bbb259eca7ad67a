/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: symtab. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <elf.h>

#include "base/sink.h"
#include "object/kernel/kernel.h"
#include "object/jit/jit.h"
#include "object/symtab/symtab.h"
#include "testfile.h"

enum { TEXT = 0x1000, TEXT_SIZE = 0x1000 };

/* A 64-bit file of five sections: null, .text (no bytes kept), .symtab, .strtab, names. */
struct elf_file {
	Elf64_Ehdr header;
	Elf64_Shdr section[5];
	Elf64_Sym symbol[32];
	char strings[1024];
};

struct fixture {
	struct cpi_env env;
	struct elf_file file;
	unsigned n_symbols;
	size_t strings_n;
};

static void fixture_init(struct fixture *f)
{
	struct elf_file *e = &f->file;
	static const char names[] = "\0.text\0.symtab\0.strtab";

	memset(f, 0, sizeof *f);
	cpi_env_init(&f->env, NULL);
	memcpy(e->header.e_ident, ELFMAG "\2\1\1", 7);
	e->header.e_type = ET_DYN;
	e->header.e_machine = EM_X86_64;
	e->header.e_shoff = offsetof(struct elf_file, section);
	e->header.e_shentsize = sizeof(Elf64_Shdr);
	e->header.e_shnum = 4;
	e->header.e_shstrndx = 3;
	e->section[1] = (Elf64_Shdr){.sh_name = 1, .sh_type = SHT_PROGBITS,
		.sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = TEXT, .sh_size = TEXT_SIZE};
	e->section[2] = (Elf64_Shdr){.sh_name = 7, .sh_type = SHT_SYMTAB,
		.sh_offset = offsetof(struct elf_file, symbol), .sh_link = 3};
	e->section[3] = (Elf64_Shdr){.sh_name = 15, .sh_type = SHT_STRTAB,
		.sh_offset = offsetof(struct elf_file, strings), .sh_size = sizeof e->strings};
	memcpy(e->strings, names, sizeof names);
	f->strings_n = sizeof names;
	f->n_symbols = 1;
}

static void symbol(struct fixture *f, const char *name, uint64_t value, uint64_t size,
	unsigned bind, unsigned type)
{
	Elf64_Sym *s = &f->file.symbol[f->n_symbols++];

	s->st_name = (Elf64_Word)f->strings_n;
	s->st_info = (unsigned char)ELF64_ST_INFO(bind, type);
	s->st_shndx = 1;
	s->st_value = value;
	s->st_size = size;
	strcpy(f->file.strings + f->strings_n, name);
	f->strings_n += strlen(name) + 1;
	f->file.section[2].sh_size = f->n_symbols * sizeof *s;
}

static void resolve(
	struct fixture *f, const uint64_t *address, size_t n, struct cpi_symbol *ret)
{
	struct cpi_elf *elf;

	memset(ret, 0, n * sizeof *ret);
	assert_int_equal(cpi_elf_open(&f->env, (const uint8_t *)&f->file, sizeof f->file, &elf,
				 NULL),
		CP_OK);
	assert_int_equal(cpi_symtab_resolve(&f->env, elf, address, n, ret, NULL), CP_OK);
	cpi_elf_close(elf);
	assert_int_equal(f->env.mem.used, 0);
}

static void expect(struct fixture *f, uint64_t address, const char *name)
{
	struct cpi_symbol got;

	resolve(f, &address, 1, &got);
	if (!name)
		assert_null(got.name.p);
	else
		assert_string_equal(got.name.p ? got.name.p : "(none)", name);
}

static void perf_rules_choose(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	symbol(&f, "weak", TEXT, 0x10, STB_WEAK, STT_FUNC);
	symbol(&f, "local_longer_name", TEXT, 0x10, STB_LOCAL, STT_FUNC);
	symbol(&f, "global", TEXT, 0x10, STB_GLOBAL, STT_FUNC);
	symbol(&f, "empty", TEXT, 0, STB_GLOBAL, STT_FUNC);
	expect(&f, TEXT + 4, "global");
	symbol(&f, "__under", TEXT + 0x20, 0x10, STB_GLOBAL, STT_FUNC);
	symbol(&f, "over", TEXT + 0x20, 0x10, STB_GLOBAL, STT_FUNC);
	expect(&f, TEXT + 0x2f, "over");
	symbol(&f, "ab", TEXT + 0x40, 0x10, STB_LOCAL, STT_FUNC);
	symbol(&f, "abc", TEXT + 0x40, 0x10, STB_LOCAL, STT_FUNC);
	symbol(&f, "xyz", TEXT + 0x40, 0x10, STB_LOCAL, STT_FUNC);
	symbol(&f, "a", TEXT + 0x40, 0x10, STB_WEAK, STT_FUNC);
	expect(&f, TEXT + 0x40, "abc");
	/* as they are printed: ns::longer against ns::f */
	symbol(&f, "_ZN2ns6longerEv", TEXT + 0x60, 0x10, STB_LOCAL, STT_FUNC);
	symbol(&f, "_ZN2ns1fEiiiiiiiiiiiiiiii", TEXT + 0x60, 0x10, STB_LOCAL, STT_FUNC);
	expect(&f, TEXT + 0x60, "_ZN2ns6longerEv");
	expect(&f, TEXT + 0x50, NULL);
	expect(&f, TEXT - 1, NULL);
	cpi_env_release(&f.env);
}

static void only_code_names_code(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	symbol(&f, "file.c", TEXT, 0x100, STB_LOCAL, STT_FILE);
	symbol(&f, "tls", TEXT, 0x100, STB_GLOBAL, STT_TLS);
	symbol(&f, "section", TEXT, 0x100, STB_LOCAL, STT_SECTION);
	symbol(&f, "elsewhere", TEXT, 0x100, STB_GLOBAL, STT_FUNC);
	f.file.symbol[f.n_symbols - 1].st_shndx = 3;
	symbol(&f, "undefined", TEXT, 0x100, STB_GLOBAL, STT_FUNC);
	f.file.symbol[f.n_symbols - 1].st_shndx = SHN_UNDEF;
	symbol(&f, "hidden", TEXT, 0, STB_LOCAL, STT_NOTYPE);
	f.file.symbol[f.n_symbols - 1].st_other = STV_HIDDEN;
	expect(&f, TEXT + 1, NULL);
	symbol(&f, "ifunc", TEXT, 0x100, STB_GLOBAL, STT_GNU_IFUNC);
	expect(&f, TEXT + 1, "ifunc");
	cpi_env_release(&f.env);
}

static void symbols_without_size(void **state)
{
	static const uint64_t address[] = {
		TEXT + 0x10, TEXT + 0x3f, TEXT + 0x48, TEXT + 0x50, TEXT + 0x7f, TEXT + 0xff0,
		TEXT + TEXT_SIZE};
	struct cpi_symbol got[7];
	struct fixture f;

	(void)state;
	fixture_init(&f);
	symbol(&f, "asm_last", TEXT + 0x90, 0, STB_LOCAL, STT_NOTYPE);
	symbol(&f, "asm_one", TEXT + 0x10, 0, STB_GLOBAL, STT_NOTYPE);
	symbol(&f, "label_inside", TEXT + 0x44, 0, STB_LOCAL, STT_NOTYPE);
	symbol(&f, "sized", TEXT + 0x40, 0x10, STB_GLOBAL, STT_FUNC);
	resolve(&f, address, 7, got);
	assert_string_equal(got[0].name.p, "asm_one");
	assert_string_equal(got[1].name.p, "asm_one"); /* up to the next symbol */
	assert_string_equal(got[2].name.p, "sized");   /* a label inside does not hide it */
	assert_string_equal(got[3].name.p, "label_inside");
	assert_string_equal(got[4].name.p, "label_inside");
	assert_string_equal(got[5].name.p, "asm_last");
	assert_null(got[6].name.p); /* the section's end */
	cpi_env_release(&f.env);
}

static void nested_symbols(void **state)
{
	static const uint64_t address[] = {TEXT, TEXT + 0x20, TEXT + 0x28, TEXT + 0x30, TEXT + 0xff};
	struct cpi_symbol got[5];
	struct fixture f;

	(void)state;
	fixture_init(&f);
	symbol(&f, "outer", TEXT, 0x100, STB_GLOBAL, STT_FUNC);
	symbol(&f, "inner", TEXT + 0x20, 0x10, STB_LOCAL, STT_FUNC);
	resolve(&f, address, 5, got);
	assert_string_equal(got[0].name.p, "outer");
	assert_string_equal(got[1].name.p, "inner");
	assert_string_equal(got[2].name.p, "inner");
	assert_string_equal(got[3].name.p, "outer");
	assert_string_equal(got[4].name.p, "outer");
	cpi_env_release(&f.env);
}

static void mapping_symbols_are_dropped(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.file.header.e_machine = EM_AARCH64;
	symbol(&f, "function", TEXT, 0, STB_GLOBAL, STT_FUNC);
	symbol(&f, "$x", TEXT + 8, 0, STB_LOCAL, STT_NOTYPE);
	symbol(&f, "$d.7", TEXT + 16, 0, STB_LOCAL, STT_NOTYPE);
	expect(&f, TEXT + 20, "function");
	f.file.header.e_machine = EM_X86_64;
	expect(&f, TEXT + 20, "$d.7");
	cpi_env_release(&f.env);
}

static void damage_is_no_name(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	symbol(&f, "f", TEXT, UINT64_MAX, STB_GLOBAL, STT_FUNC); /* its end overflows */
	expect(&f, TEXT + 5, "f");
	f.file.symbol[1].st_name = 0xffffff;
	expect(&f, TEXT + 5, NULL);
	f.file.section[2].sh_link = 77;
	expect(&f, TEXT + 5, NULL);
	cpi_env_release(&f.env);
}

static bool plt_name(struct cpi_env *env, struct cpi_elf *elf, uint64_t at, const char *name)
{
	struct cpi_symbol got = {{0}};
	struct cpi_arena names;
	bool same;

	cpi_arena_init(&names, &env->mem);
	assert_int_equal(cpi_plt_resolve(env, elf, &at, 1, &got, &names, NULL), CP_OK);
	same = name ? got.name.p && !strcmp(got.name.p, name) : !got.name.p;
	cpi_arena_release(&names);
	return same;
}

/* Sections, and offsets of the two entries in them; objdump says the same. */
static void linkage_tables(void **state)
{
	static const struct {
		const char *file, *section;
		unsigned puts, putchar;
	} row[] = {
		{"object/plt-lazy.so", ".plt", 0x10, 0x20},
		{"object/plt-ibt.so", ".plt.sec", 0x0, 0x10},
		{"object/plt-now.so", ".plt", 0x10, 0x20},
		{"object/plt-lld.so", ".plt", 0x10, 0x20},
		{"object/plt-i386.so", ".plt", 0x10, 0x20},
		{"object/plt-aarch64.so", ".plt", 0x20, 0x30},
	};

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct cpi_env env;
		struct cpi_elf *elf;
		size_t n;
		uint8_t *bytes = testfile(row[i].file, &n);
		uint64_t at;
		bool swapped;

		cpi_env_init(&env, NULL);
		assert_int_equal(cpi_elf_open(&env, bytes, n, &elf, NULL), CP_OK);
		at = cpi_elf_section(elf, cpi_elf_find(elf, row[i].section))->address;
		swapped = plt_name(&env, elf, at + row[i].puts, "putchar@plt");
		assert_true(swapped || plt_name(&env, elf, at + row[i].puts + 9, "puts@plt"));
		assert_true(plt_name(&env, elf, at + row[i].putchar,
			swapped ? "puts@plt" : "putchar@plt"));
		assert_true(plt_name(&env, elf, at + 0x200, NULL));
		if (row[i].puts)
			assert_true(plt_name(&env, elf, at, NULL));
		cpi_elf_close(elf);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
		free(bytes);
	}
}

static void kallsyms(void **state)
{
	static const char text[] =
		"0000000000000000 A fixed_percpu_data\n"
		"ffffffff81000000 T _stext\n"
		"ffffffff81000000 T _text\n"
		"ffffffff81000100 t asm_helper\n"
		"ffffffff81000100 T first_alias\n"
		"ffffffff81000100 T last_alias\n"
		"garbage\n"
		"ffffffff81000200 D some_data\n"
		"ffffffffc0000000 t mod_function\t[nf_tables]\n"
		"ffffffffc0100000 t bpf_prog_1234_x\t[bpf]";
	static const uint64_t address[] = {0xffffffff80ffffff, 0xffffffff81000010,
		0xffffffff81000150, 0xffffffff81000250, 0xffffffffc0000010, 0xffffffffc0100020,
		0xffffffffff600000};
	struct cpi_symbol got[7] = {{{0}}};
	struct cp_text module[7] = {{0}};
	struct cpi_kallsyms_module row[2] = {{.name = CPI_TEXT("bpf")}, {.name = CPI_TEXT("nf-tables")}};
	struct cpi_env env;
	uint64_t value;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_kallsyms_resolve(&env, (const uint8_t *)text, sizeof text - 1,
				 address, 7, got, module, NULL),
		CP_OK);
	assert_null(got[0].name.p);
	assert_true(cpi_text_equal(got[1].name, CPI_TEXT("_text")));
	assert_true(cpi_text_equal(got[2].name, CPI_TEXT("last_alias")));
	assert_null(got[3].name.p); /* data */
	assert_true(cpi_text_equal(got[4].name, CPI_TEXT("mod_function")));
	assert_true(cpi_text_equal(got[5].name, CPI_TEXT("bpf_prog_1234_x")));
	assert_int_equal(module[1].n, 0);
	assert_true(cpi_text_equal(module[4], CPI_TEXT("nf_tables")));
	assert_true(cpi_text_equal(module[5], CPI_TEXT("bpf")));
	assert_true(cpi_kallsyms_modules(&env, (const uint8_t *)text, sizeof text - 1, row, 2));
	assert_int_equal(row[0].low, 0xffffffffc0100000);
	assert_int_equal(row[1].high, 0xffffffffc0000000);
	assert_true(cpi_kallsyms_any((const uint8_t *)text, sizeof text - 1));
	assert_false(cpi_kallsyms_any((const uint8_t *)text, 30));
	assert_null(got[6].name.p); /* too far behind the last symbol */
	assert_true(cpi_kallsyms_value(
		(const uint8_t *)text, sizeof text - 1, "_stext", &value));
	assert_int_equal(value, 0xffffffff81000000);
	assert_false(cpi_kallsyms_value(
		(const uint8_t *)text, sizeof text - 1, "mod_function", &value));
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void not_kallsyms(void **state)
{
	static const uint8_t junk[64] = "\x7f" "ELF\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
	uint64_t address = 1;
	struct cpi_symbol got = {{0}};
	struct cp_error err;
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_kallsyms_resolve(&env, junk, sizeof junk, &address, 1, &got, NULL, &err),
		CP_ERROR_FORMAT);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void perf_map(void **state)
{
	static const char text[] =
		"1000 100 LazyCompile:~old file.js:3\r\n"
		"# a comment\n"
		"0x1040 0x20 newer one\n"
		"2000 10\n"
		"2000 0 empty\n"
		"fffffffffffffff0 ffff edge";
	static const uint64_t address[] = {
		0xfff, 0x1000, 0x1040, 0x105f, 0x1060, 0x1100, 0x2000, 0xfffffffffffffff8};
	struct cpi_symbol got[8] = {{{0}}};
	struct cpi_env env;
	size_t bad;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_perfmap_resolve(&env, (const uint8_t *)text, sizeof text - 1,
				 address, 8, got, &bad, NULL),
		CP_OK);
	assert_int_equal(bad, 2);
	assert_null(got[0].name.p);
	assert_true(cpi_text_equal(got[1].name, CPI_TEXT("LazyCompile:~old file.js:3")));
	assert_true(cpi_text_equal(got[2].name, CPI_TEXT("newer one")));
	assert_true(cpi_text_equal(got[3].name, CPI_TEXT("newer one")));
	assert_true(cpi_text_equal(got[4].name, CPI_TEXT("LazyCompile:~old file.js:3")));
	assert_null(got[5].name.p);
	assert_null(got[6].name.p);
	assert_true(cpi_text_equal(got[7].name, CPI_TEXT("edge")));
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* 20,000 lines that all cover 20,000 addresses: their product would take a minute. */
static void perf_map_of_overlaps(void **state)
{
	enum { N = 20000 };
	struct cpi_env env;
	struct cpi_sink text;
	uint64_t *address;
	struct cpi_symbol *got;
	size_t bad;

	(void)state;
	cpi_env_init(&env, NULL);
	cpi_sink_memory(&text, &env.mem);
	address = calloc(N, sizeof *address);
	got = calloc(N, sizeof *got);
	for (unsigned i = 0; i < N; i++) {
		address[i] = 0x1000 + i;
		cpi_sink_printf(&text, "0 ffffff f%u\n", i);
	}
	assert_int_equal(
		cpi_perfmap_resolve(&env, text.buf, text.n, address, N, got, &bad, NULL), CP_OK);
	assert_true(cpi_text_equal(got[0].name, CPI_TEXT("f19999")));
	assert_true(cpi_text_equal(got[N - 1].name, CPI_TEXT("f19999")));
	free(address);
	free(got);
	cpi_sink_release(&text);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(perf_rules_choose),
		cmocka_unit_test(only_code_names_code),
		cmocka_unit_test(symbols_without_size),
		cmocka_unit_test(nested_symbols),
		cmocka_unit_test(mapping_symbols_are_dropped),
		cmocka_unit_test(damage_is_no_name),
		cmocka_unit_test(linkage_tables),
		cmocka_unit_test(kallsyms),
		cmocka_unit_test(not_kallsyms),
		cmocka_unit_test(perf_map),
		cmocka_unit_test(perf_map_of_overlaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
