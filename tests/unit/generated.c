/* SPDX-License-Identifier: Apache-2.0 */
/* jitdump files and Go's tables, made by testdata/object/src/make_jit_go.py. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "object/go/go.h"
#include "object/jit/jit.h"
#include "testfile.h"

static const uint64_t jit_address[] = {0xfff, 0x1000, 0x1010, 0x103f, 0x1040, 0x2000, 0x2009,
	0x2011, 0x5000, 0x5018, 0x5020};
enum { N_JIT = sizeof jit_address / sizeof *jit_address };

static void expect(struct cp_text text, const char *want)
{
	char buf[64];

	snprintf(buf, sizeof buf, "%.*s", (int)text.n, text.n ? text.p : "");
	assert_string_equal(buf, want);
}

static void jitdump(const char *file)
{
	static const char *const name[N_JIT] = {"", "reused", "first", "first", "", "with_lines",
		"with_lines", "with_lines", "with_lines", "with_lines", ""};
	static const char *const source[N_JIT] = {
		"", "", "", "", "", "a.js", "a.js", "b.js", "a.js", "b.js", ""};
	static const uint32_t number[N_JIT] = {0, 0, 0, 0, 0, 10, 12, 3, 10, 3, 0};
	struct cpi_symbol symbol[N_JIT] = {{{0}}};
	struct cpi_jit_line line[N_JIT] = {{{0}}};
	struct cpi_env env;
	uint64_t bad;
	size_t n;
	uint8_t *bytes = testfile(file, &n);

	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_jitdump_resolve(
		&env, bytes, n, 0, jit_address, N_JIT, symbol, line, &bad, NULL), CP_OK);
	assert_true(bad == CP_NO_OFFSET);
	for (unsigned i = 0; i < N_JIT; i++) {
		expect(symbol[i].name, name[i]);
		expect(line[i].file, source[i]);
		assert_int_equal(line[i].line, number[i]);
	}
	/* cut in a record: what is before it counts */
	assert_int_equal(cpi_jitdump_resolve(&env, bytes, n - 20, 0, jit_address, N_JIT, symbol,
				 line, &bad, NULL), CP_OK);
	assert_true(bad < n);
	assert_int_equal(cpi_jitdump_resolve(&env, bytes + 1, n - 1, 0, jit_address, N_JIT, symbol,
				 line, &bad, NULL), CP_ERROR_FORMAT);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
	free(bytes);
}

/* Appends `n` numbers of 8 bytes behind the header of a record with `more` bytes after. */
static uint8_t *record(uint8_t *at, uint32_t kind, const uint64_t *x, size_t n, size_t more)
{
	uint32_t head[4] = {kind, (uint32_t)(16 + 8 * n + more), 0, 0};

	memcpy(at, head, sizeof head);
	memcpy(at + 16, x, 8 * n);
	return at + 16 + 8 * n;
}

/* It belongs to the next function, wherever that is moved; not to the one after. */
static void jitdump_unwinding(void **state)
{
	static const uint32_t header[10] = {0x4a695444, 1, 40, 62};
	static const uint64_t info[] = {12, 4, 0}, first[] = {0, 0x1000, 0x1000, 0x20, 1},
		move[] = {0, 0x3000, 0x1000, 0x3000, 0x20, 1}, second[] = {0, 0x2000, 0x2000, 8, 2},
		long_info[] = {12, 13, 0};
	uint8_t bytes[512], *at = bytes;
	struct cpi_jit_codes codes;
	struct cpi_env env;

	(void)state;
	memcpy(at, header, sizeof header);
	at = record(at + sizeof header, 4, info, 3, 12);
	memcpy(at, "eh_frameHDR.", 12);
	at = record(at + 12, 0, first, 5, 2);
	memcpy(at, "f", 2);
	at = record(at + 2, 1, move, 6, 0);
	at = record(at, 0, second, 5, 2);
	memcpy(at, "g", 2);
	at = record(at + 2, 4, long_info, 3, 12);
	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_jitdump_codes(&env, bytes, (size_t)(at + 12 - bytes), &codes, NULL),
		CP_OK);
	assert_int_equal(codes.n, 3);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(codes.v[i].start, i ? 0x3000 : 0x1000);
		assert_int_equal(codes.v[i].unwinding_n, 8);
		assert_memory_equal(codes.v[i].unwinding, "eh_frame", 8);
	}
	assert_int_equal(codes.v[2].unwinding_n, 0);
	cpi_jit_codes_release(&env, &codes);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* Which function a place had, by how many were there before. */
static void jitdump_layers(void **state)
{
	static const uint64_t at[] = {0x10004, 0x10010, 0x10020, 0x10038, 0x20004};
	static const char *const names[5][5] = {
		{"second", "third", "unmapped", "unmapped", "unmapped"}, /* as it was last */
		{"first", "first", "first", "first", "unmapped"},
		{"second", "second", "", "", ""},
		{"", "third", "unmapped", "unmapped", ""},
		{"", "", "", "", ""},
	};
	static const uint64_t times[] = {10, 20, 20, 30, 40};
	static const uint32_t layers[] = {1, 2, 1, 3, 3};
	struct cpi_jit_codes codes;
	struct cpi_env env;
	uint64_t bad;
	size_t n;
	uint8_t *bytes = testfile("object/jit-times.dump", &n);

	(void)state;
	cpi_env_init(&env, NULL);
	for (uint32_t layer = 0; layer < 5; layer++) {
		struct cpi_symbol symbol[5] = {{{0}}};
		struct cpi_jit_line line[5] = {{{0}}};

		assert_int_equal(cpi_jitdump_resolve(&env, bytes, n, layer, at, 5, symbol, line,
					 &bad, NULL), CP_OK);
		/* Without times the order of the file counts. */
		for (unsigned i = 0; i < 5; i++)
			if (layer || i != 1)
				expect(symbol[i].name, names[layer][i]);
	}
	assert_int_equal(cpi_jitdump_codes(&env, bytes, n, &codes, NULL), CP_OK);
	assert_int_equal(codes.n, 5);
	assert_false(codes.other_clock);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(codes.v[i].time, times[i]);
		assert_int_equal(codes.v[i].layer, layers[i]);
	}
	cpi_jit_codes_release(&env, &codes);
	assert_int_equal(cpi_jitdump_codes(&env, bytes + 1, n - 1, &codes, NULL),
		CP_ERROR_FORMAT);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
	free(bytes);
}

/* More functions in one place than there are layers: the last one stays on top. */
static void jitdump_many_layers(void **state)
{
	enum { N = 3 * CPI_JIT_LAYERS, HEADER = 40, RECORD = 16 + 40 + 8 };
	static uint8_t bytes[HEADER + N * RECORD];
	static const uint64_t at[] = {0x5008};
	static const uint32_t head[] = {0x4a695444, 1, HEADER};
	struct cpi_symbol symbol[1] = {{{0}}};
	struct cpi_jit_line line[1];
	struct cpi_jit_codes codes;
	struct cpi_env env;
	uint64_t bad;

	(void)state;
	memcpy(bytes, head, sizeof head);
	for (uint64_t i = 0; i < N; i++) {
		uint8_t *p = bytes + HEADER + i * RECORD;
		const uint32_t kind[] = {0, RECORD};
		const uint64_t body[] = {i, 0, 0, 0x5000, 0x10, i};

		memcpy(p, kind, 8);
		memcpy(p + 8, body, sizeof body);
		snprintf((char *)p + 56, 8, "f%u", (unsigned)i);
	}
	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_jitdump_codes(&env, bytes, sizeof bytes, &codes, NULL), CP_OK);
	assert_int_equal(codes.n, N);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(codes.v[i].layer,
			i < CPI_JIT_LAYERS ? i + 1 : (uint32_t)CPI_JIT_LAYERS);
	cpi_jit_codes_release(&env, &codes);
	assert_int_equal(cpi_jitdump_resolve(&env, bytes, sizeof bytes, CPI_JIT_LAYERS, at, 1,
				 symbol, line, &bad, NULL), CP_OK);
	expect(symbol[0].name, "f191");
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void jitdump_of_both_orders(void **state)
{
	(void)state;
	jitdump("object/jit-le.dump");
	jitdump("object/jit-be.dump");
}

struct go_row {
	uint64_t address;
	unsigned n; /* frames */
	const char *function, *file;
	int64_t line;
};

static void go_table(const char *file, bool starts)
{
	const struct go_row row[] = {
		{0x400fff, 0, "", "", 0},
		{0x401000, 1, "main.outer", "/src/main.go", 5},
		{0x401009, 1, "main.outer", "/src/main.go", 6},
		{0x401014, 2, "main.inner", "/src/inner.go", 21},
		{0x401030, 1, "main.outer", "/src/main.go", 8},
		{0x40105f, 1, "main.last", "/src/inner.go", 30},
		{0x401060, 0, "", "", 0},
	};
	enum { N = 7 };
	uint64_t address[N];
	struct cpi_go_result r;
	struct cpi_env env;
	struct cpi_elf *elf;
	size_t n;
	uint8_t *bytes = testfile(file, &n);

	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_elf_open(&env, bytes, n, &elf, NULL), CP_OK);
	assert_true(cpi_gopclntab_any(elf));
	for (unsigned i = 0; i < N; i++)
		address[i] = row[i].address;
	assert_int_equal(cpi_gopclntab_resolve(&env, elf, address, N, &r, NULL), CP_OK);
	for (unsigned i = 0; i < N; i++) {
		const struct cpi_go_frame *frame = r.frame + r.run[i].first;

		assert_int_equal(r.run[i].n, row[i].n);
		if (!row[i].n)
			continue;
		expect(frame->function, row[i].function);
		expect(frame->file, row[i].file);
		assert_int_equal(frame->line, row[i].line);
		if (row[i].n == 2) {
			assert_int_equal(frame->start_line, starts ? 20 : 0);
			expect(frame[1].function, "main.outer");
			expect(frame[1].file, "/src/main.go");
			assert_int_equal(frame[1].line, 6);
			assert_int_equal(frame[1].start_line, starts ? 4 : 0);
		}
	}
	cpi_go_result_release(&r);
	cpi_elf_close(elf);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
	free(bytes);
}

static void go_tables_of_all_layouts(void **state)
{
	(void)state;
	go_table("object/go-1.2", false);
	go_table("object/go-1.16", false);
	go_table("object/go-1.18", false);
	go_table("object/go-1.20", true);
	go_table("object/go-1.18-pie", false);
	go_table("object/go-1.20-pie", true);
}

static void every_allocation_may_fail(void **state)
{
	static const uint64_t address[] = {0x401000, 0x401014};
	size_t n, dump_n;
	uint8_t *bytes = testfile("object/go-1.20-pie", &n);
	uint8_t *dump = testfile("object/jit-le.dump", &dump_n);
	bool failed = true;

	(void)state;
	for (uint64_t at = 1; failed; at++) {
		struct cpi_symbol symbol[N_JIT] = {{{0}}};
		struct cpi_jit_line line[N_JIT] = {{{0}}};
		struct cpi_env env;
		struct cpi_elf *elf;
		struct cpi_go_result r;
		struct cpi_jit_codes codes;
		uint64_t bad;

		cpi_env_init(&env, NULL);
		env.mem.fail_at = at;
		failed = cpi_jitdump_codes(&env, dump, dump_n, &codes, NULL) != CP_OK;
		if (!failed)
			cpi_jit_codes_release(&env, &codes);
		failed |= cpi_jitdump_resolve(&env, dump, dump_n, 2, jit_address, N_JIT, symbol, line,
			&bad, NULL) != CP_OK;
		if (cpi_elf_open(&env, bytes, n, &elf, NULL)) {
			failed = true;
		} else if (cpi_gopclntab_resolve(&env, elf, address, 2, &r, NULL)) {
			failed = true;
			cpi_elf_close(elf);
		} else {
			cpi_go_result_release(&r);
			cpi_elf_close(elf);
		}
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
	free(bytes);
	free(dump);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jitdump_unwinding),
		cmocka_unit_test(jitdump_of_both_orders),
		cmocka_unit_test(jitdump_layers),
		cmocka_unit_test(jitdump_many_layers),
		cmocka_unit_test(go_tables_of_all_layouts),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
