/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: dwarf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/sink.h"
#include "object/dwarf/dwarf.h"

/* A file of testdata/dwarf/good, opened. */
struct subject {
	struct cpi_env env;
	uint8_t *bytes;
	size_t n;
	struct cpi_elf *elf;
	char last[256]; /* the last diagnostic */
	unsigned warnings;
};

static void remember(const struct cp_diagnostic *d, void *arg)
{
	struct subject *s = arg;

	s->warnings += d->severity == CP_WARNING;
	snprintf(s->last, sizeof s->last, "%s", d->message);
}

static void open_subject(struct subject *s, const char *name, unsigned threads, bool strict)
{
	struct cp_context_options options = {.size = sizeof options, .threads = threads,
		.strict = strict, .diagnostic = remember, .diagnostic_arg = s};
	char path[1024];
	FILE *f;

	memset(s, 0, sizeof *s);
	snprintf(path, sizeof path, "%s/dwarf/good/%s", getenv("TESTDATA"), name);
	f = fopen(path, "rb");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	s->n = (size_t)ftell(f);
	rewind(f);
	s->bytes = malloc(s->n);
	assert_int_equal(fread(s->bytes, 1, s->n, f), s->n);
	fclose(f);
	cpi_env_init(&s->env, &options);
	assert_int_equal(cpi_elf_open(&s->env, s->bytes, s->n, &s->elf, NULL), CP_OK);
}

static void close_subject(struct subject *s)
{
	cpi_elf_close(s->elf);
	assert_int_equal(s->env.mem.used, 0);
	cpi_env_release(&s->env);
	free(s->bytes);
}

/* "name file:line:column < name …" of one run. */
static void show(struct cpi_dwarf_run run, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = 0;
	for (uint32_t i = 0; i < run.n && at < size; i++) {
		const struct cpi_dwarf_frame *f = &run.frame[i];
		struct cp_text name = {"", 0};

		if (f->function)
			name = f->function->linkage_name.n ? f->function->linkage_name
							   : f->function->name;
		at += (size_t)snprintf(buf + at, size - at, "%s%.*s %.*s:%u:%u",
			i ? " < " : "", (int)name.n, name.p, (int)f->file.n, f->file.p,
			f->line, f->column);
		assert_int_equal(f->inlined, i + 1 < run.n);
	}
}

static struct cpi_elf *itself(void *arg, struct cp_text comp_dir, struct cp_text name)
{
	(void)comp_dir;
	(void)name;
	return arg;
}

static struct cpi_elf *its_package(void *arg)
{
	return cpi_elf_find(arg, ".debug_cu_index") ? arg : NULL;
}

/* What cpi_dwarf_options.window is in the next calls. */
static size_t window;

static enum cp_code ask(struct subject *s, const uint64_t *address, size_t n,
	struct cpi_dwarf **ret_dw, struct cpi_dwarf_result **ret_result, struct cp_error *err)
{
	struct cpi_dwarf_options options = {NULL, itself, its_package, s->elf, window};
	enum cp_code code = cpi_dwarf_open(&s->env, s->elf, &options, ret_dw, err);

	if (code)
		return code;
	code = cpi_dwarf_resolve(*ret_dw, address, n, ret_result, err);
	if (code)
		cpi_dwarf_close(*ret_dw);
	return code;
}

static void crafted(void **state)
{
	static const struct {
		uint64_t address;
		const char *run;
	} wanted[] = {
		/* file 2 is absolute; the caller's line is the call's */
		{0x401012, "first /abs/b.h:11:7 < overlap /made/dir/a.c:71:0"},
		/* two inlined siblings overlap: the first has it */
		{0x40101a, "first /abs/b.h:11:7 < overlap /made/dir/a.c:71:0"},
		{0x401024, "second /abs/b.h:11:7 < overlap /made/dir/a.c:72:0"},
		{0x401032, "overlap /abs/b.h:0:7"},
		{0x40103a, "overlap /abs/b.h:12:7"},
		/* inside a class, which a first pass steps over */
		{0x401044, "space::Class::method /abs/b.h:12:7"},
		/* a circle of origins; behind end_sequence there is no line */
		{0x401054, " :0:0"},
		{0x401066, "parts /made/dir/a.c:60:0"},
		/* the unit's, but no function's */
		{0x401075, " /made/dir/a.c:60:0"},
		/* of rows at one address the last counts */
		{0x401088, "parts /made/dir/a.c:81:0"},
		/* two units claim it: the first has it, with an origin in the second */
		{0x401095, "elsewhere /made/dir/a.c:81:0"},
		{0x401105, "copy :0:0"},
		{0x401250, ""},
		{0x401310, "deep :0:0"},
	};
	enum { N = sizeof wanted / sizeof *wanted };
	struct cpi_dwarf_result *result;
	struct cpi_dwarf *dw;
	struct subject s;
	uint64_t address[N];
	char buf[512];

	(void)state;
	open_subject(&s, "crafted", 1, false);
	for (unsigned i = 0; i < N; i++)
		address[i] = wanted[i].address;
	assert_int_equal(ask(&s, address, N, &dw, &result, NULL), CP_OK);
	for (unsigned i = 0; i < N; i++) {
		show(cpi_dwarf_result_get(result, i), buf, sizeof buf);
		assert_string_equal(buf, wanted[i].run);
	}
	assert_int_equal(s.warnings, 2);
	assert_string_equal(s.last, "entries are nested deeper than 4096");
	cpi_dwarf_result_free(result);
	cpi_dwarf_close(dw);
	close_subject(&s);
}

static void strict(void **state)
{
	static const uint64_t address[] = {0x401054};
	struct cpi_dwarf_result *result;
	struct cpi_dwarf *dw;
	struct cp_error err;
	struct subject s;

	(void)state;
	open_subject(&s, "crafted", 1, true);
	cpi_elf_set_name(s.elf, "/bin/prog");
	cpi_diag_begin(&s.env.diag);
	assert_int_equal(ask(&s, address, 1, &dw, &result, &err), CP_OK);
	assert_int_equal(cpi_diag_end(&s.env.diag, CP_OK, &err), CP_ERROR_CORRUPT);
	assert_string_equal(err.message, "a chain of origins does not end");
	assert_string_equal(err.source, "/bin/prog");
	assert_string_equal(err.section, ".debug_info");
	cpi_dwarf_result_free(result);
	cpi_dwarf_close(dw);
	close_subject(&s);
}

/* Every address of the code, as text. */
static char *everything(const char *name, unsigned threads, uint64_t start, unsigned n)
{
	uint64_t *address = calloc(n, sizeof *address);
	struct cpi_dwarf_result *result;
	struct cpi_dwarf *dw;
	struct subject s;
	size_t at = 0;
	char *text = malloc(n * 1024);

	open_subject(&s, name, threads, false);
	for (unsigned i = 0; i < n; i++)
		address[i] = start + i;
	assert_int_equal(ask(&s, address, n, &dw, &result, NULL), CP_OK);
	assert_true(!strncmp(name, "crafted", 7) || !s.warnings);
	text[0] = 0;
	for (unsigned i = 0; i < n; i++) {
		show(cpi_dwarf_result_get(result, i), text + at, 1024);
		at += strlen(text + at);
		text[at++] = '\n';
	}
	text[at] = 0;
	cpi_dwarf_result_free(result);
	cpi_dwarf_close(dw);
	close_subject(&s);
	free(address);
	return text;
}

/* The same source: split or not, packed or not, whatever the number of threads. */
static void split_is_the_same(void **state)
{
	static const struct {
		const char *split, *package;
	} pair[] = {{"split4", "package4"}, {"split5", "package5"}};
	enum { START = 0x400120, BYTES = 0x100 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		char *a = everything(pair[i].split, 1, START, BYTES);
		char *b = everything(pair[i].package, 1, START, BYTES);

		assert_string_equal(a, b);
		assert_non_null(strstr(a, "_ZN5outer4workEi"));
		assert_non_null(strstr(a, " < "));
		free(a);
		free(b);
	}
}

static void threads_are_the_same(void **state)
{
	static const char *const name[] = {"gcc4", "gcc5", "clang4", "clang5", "types4"};

	(void)state;
	for (unsigned i = 0; i < sizeof name / sizeof *name; i++) {
		char *a = everything(name[i], 1, 0x400100, 0x300);
		char *b = everything(name[i], 4, 0x400100, 0x300);

		assert_string_equal(a, b);
		assert_non_null(strstr(a, " < "));
		free(a);
		free(b);
	}
}

/* Compressed or not, at once or by windows of any size, from the first byte on. */
static void compressed_is_the_same(void **state)
{
	static const struct {
		const char *plain, *packed;
		uint64_t start;
	} pair[] = {{"gcc5", "gcc5-zlib", 0x400100}, {"gcc5", "gcc5-zstd", 0x400100},
		{"clang4", "clang4-zlib", 0x400100}, {"gcc4", "gcc4-zdebug", 0x400100},
		{"crafted", "crafted-zlib", 0x401000}, {"silent", "silent-zlib", 0x401000}};
	static const size_t size[] = {0, 4, 64, 800, 1024};

	(void)state;
	for (unsigned i = 0; i < sizeof pair / sizeof *pair; i++) {
		char *a = everything(pair[i].plain, 1, pair[i].start, 0x320);

		assert_true(strstr(a, " < ") || strstr(a, "lined /made/second.c:8:0"));
		for (unsigned k = 0; k < 2 * sizeof size / sizeof *size; k++) {
			char *b;

			window = size[k / 2];
			b = everything(pair[i].packed, k % 2 ? 3 : 1, pair[i].start, 0x320);
			window = 0;
			assert_string_equal(a, b);
			free(b);
		}
		free(a);
	}
}

/* Several calls on one windowed file, which is listed by the first. */
static void windowed_twice(void **state)
{
	struct cpi_dwarf_result *result, *again;
	struct cpi_dwarf *dw;
	struct subject s;
	uint64_t address[0x100];
	char a[1024], b[1024];
	unsigned known = 0;

	(void)state;
	open_subject(&s, "gcc5-zlib", 1, false);
	for (unsigned i = 0; i < 0x100; i++)
		address[i] = 0x400120 + i;
	window = 64;
	assert_int_equal(ask(&s, address, 0x100, &dw, &result, NULL), CP_OK);
	assert_true(cpi_dwarf_any(dw));
	assert_int_equal(cpi_dwarf_resolve(dw, address, 0x100, &again, NULL), CP_OK);
	window = 0;
	for (unsigned i = 0; i < 0x100; i++) {
		show(cpi_dwarf_result_get(result, i), a, sizeof a);
		show(cpi_dwarf_result_get(again, i), b, sizeof b);
		assert_string_equal(a, b);
		known += a[0] != 0;
	}
	assert_true(known > 0x80);
	assert_int_equal(s.warnings, 0);
	cpi_dwarf_result_free(result);
	cpi_dwarf_result_free(again);
	cpi_dwarf_close(dw);
	close_subject(&s);
}

/* Units that do not say where they are: .debug_aranges does, or the line table. */
static void silent_units(void **state)
{
	char *text = everything("silent", 1, 0x401000, 0x20), *at = text;

	(void)state;
	for (unsigned i = 0; i < 0x20; i++) {
		const char *wanted = i < 16 ? "alone :0:0\n" : i < 24 ? "lined /made/second.c:7:0\n"
								      : "lined /made/second.c:8:0\n";

		assert_int_equal(strncmp(at, wanted, strlen(wanted)), 0);
		at += strlen(wanted);
	}
	free(text);
}

static void relocatable(void **state)
{
	char *text = everything("relocatable5", 1, 0, 0x80);

	(void)state;
	assert_non_null(strstr(text, "outer::(anonymous namespace)::Counter::add /src/tiny.cc:"));
	assert_non_null(strstr(text, "_ZN5outer4workEi /src/tiny.cc:36:1"));
	free(text);
}

/* Every allocation fails once: the call says so, or does without, and nothing leaks. */
static void memory_runs_out(void **state)
{
	static const char *const name[] = {
		"gcc5", "split4", "package5", "relocatable5", "gcc5-zlib"};

	(void)state;
	for (unsigned i = 0; i < sizeof name / sizeof *name; i++) {
		uint64_t address[64];
		unsigned succeeded = 0;

		for (unsigned k = 0; k < 64; k++)
			address[k] = (i == 3 ? 0 : 0x400120) + k * 4;
		for (uint64_t n = 1; !succeeded; n++) {
			struct cpi_dwarf_result *result = NULL;
			struct cpi_dwarf *dw = NULL;
			struct subject s;
			enum cp_code code;

			open_subject(&s, name[i], 1, false);
			s.env.mem.fail_at = s.env.mem.ops + n;
			window = i == 4 ? 128 : 0;
			code = ask(&s, address, 64, &dw, &result, NULL);
			window = 0;
			if (!code) {
				cpi_dwarf_result_free(result);
				cpi_dwarf_close(dw);
				succeeded = s.env.mem.ops < s.env.mem.fail_at;
			} else {
				assert_int_equal(code, CP_ERROR_MEMORY);
			}
			close_subject(&s);
			assert_true(n < 100000);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crafted),
		cmocka_unit_test(strict),
		cmocka_unit_test(split_is_the_same),
		cmocka_unit_test(threads_are_the_same),
		cmocka_unit_test(silent_units),
		cmocka_unit_test(compressed_is_the_same),
		cmocka_unit_test(windowed_twice),
		cmocka_unit_test(relocatable),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
