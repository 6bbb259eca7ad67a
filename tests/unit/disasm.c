/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions: decoding of known, unknown and random bytes; rows of a real function;
 * every failed allocation. All instructions are compared with objdump's in
 * tests/conformance.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/builder.h"
#include "object/disasm/disasm.h"
#include "view/disasm/disasm.h"

struct want {
	uint16_t machine;
	const char *bytes;
	uint32_t n, length;
	enum cpi_insn_kind kind;
	uint64_t target; /* 0: none */
};

static void known(void **state)
{
	static const struct want rows[] = {
		{EM_X86_64, "\x55", 1, 1, CPI_INSN_PLAIN, 0},
		{EM_X86_64, "\xc3", 1, 1, CPI_INSN_RETURN, 0},
		{EM_X86_64, "\xeb\x10", 2, 2, CPI_INSN_JUMP, 0x1012},
		{EM_X86_64, "\x0f\x84\x00\x01\x00\x00", 6, 6, CPI_INSN_BRANCH, 0x1106},
		{EM_X86_64, "\xe8\xfb\xff\xff\xff", 5, 5, CPI_INSN_CALL, 0x1000},
		{EM_X86_64, "\xff\xd0", 2, 2, CPI_INSN_CALL, 0},
		{EM_X86_64, "\xff\xe0", 2, 2, CPI_INSN_JUMP, 0},
		/* Cut off, and none at all. */
		{EM_X86_64, "\xe8\xfb", 2, 1, CPI_INSN_UNKNOWN, 0},
		{EM_X86_64, "\x06\x90", 2, 1, CPI_INSN_UNKNOWN, 0},
		{EM_386, "\x06\x90", 2, 1, CPI_INSN_PLAIN, 0},
		{EM_AARCH64, "\xc0\x03\x5f\xd6", 4, 4, CPI_INSN_RETURN, 0},
		{EM_AARCH64, "\x04\x00\x00\x14", 4, 4, CPI_INSN_JUMP, 0x1010},
		{EM_AARCH64, "\x40\x00\x00\x54", 4, 4, CPI_INSN_BRANCH, 0x1008},
		{EM_AARCH64, "\x20\x00\x00\xb4", 4, 4, CPI_INSN_BRANCH, 0x1004},
		{EM_AARCH64, "\x00\x00\x00\x94", 4, 4, CPI_INSN_CALL, 0x1000},
		{EM_AARCH64, "\x00\x00\x3f\xd6", 4, 4, CPI_INSN_CALL, 0},
		{EM_AARCH64, "\xff\xff\xff\xff", 4, 4, CPI_INSN_UNKNOWN, 0},
	};
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cpi_disasm *d;
		struct cpi_insn insn;
		struct cp_error err;

		if (!cpi_disasm_knows(rows[i].machine)) {
			assert_int_equal(cpi_disasm_open(&env, rows[i].machine, true,
						 false, false, &d, &err),
				CP_ERROR_UNSUPPORTED);
			assert_non_null(strstr(err.message, "built"));
			continue;
		}
		assert_int_equal(cpi_disasm_open(&env, rows[i].machine, true, false,
					 i & 1, &d, &err),
			CP_OK);
		cpi_disasm_next(
			d, (const uint8_t *)rows[i].bytes, rows[i].n, 0x1000, &insn);
		assert_int_equal(insn.length, rows[i].length);
		assert_int_equal(insn.kind, rows[i].kind);
		assert_int_equal(insn.has_target ? insn.target : 0, rows[i].target);
		if (insn.kind == CPI_INSN_UNKNOWN)
			assert_memory_equal(insn.text, ".byte 0x", 8);
		cpi_disasm_close(d);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void random_bytes(void **state)
{
	static const uint16_t machines[] = {
		EM_X86_64, EM_386, EM_AARCH64, EM_ARM, EM_PPC64, EM_S390, EM_MIPS};
	struct cpi_env env;
	struct cp_error err;
	struct cpi_disasm *d;

	(void)state;
	cpi_env_init(&env, NULL);
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		size_t n = 20000;
		uint8_t *bytes = malloc(n);
		uint32_t x = 1;
		struct cpi_insn insn;

		for (size_t k = 0; k < n; k++)
			bytes[k] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		if (cpi_disasm_knows(machines[i]) &&
			!cpi_disasm_open(
				&env, machines[i], true, false, false, &d, &err)) {
			for (size_t at = 0; at < n; at += insn.length) {
				cpi_disasm_next(d, bytes + at, n - at, at, &insn);
				assert_true(insn.length >= 1 && insn.length <= n - at);
				for (const char *c = insn.text; *c; c++)
					assert_true(*c >= ' ' && *c <= '~');
			}
			cpi_disasm_close(d);
		}
		free(bytes);
	}
	assert_int_equal(cpi_disasm_open(&env, 9999, true, false, false, &d, &err),
		CP_ERROR_UNSUPPORTED);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* A sample in the quickstart's program, whose draw_row begins at 4012e0 as linked. */
static struct cp_profile *profile(struct cpi_env *env, const char *path)
{
	struct cpi_builder b;
	struct cp_profile *p;
	struct cp_mapping_row mapping = {
		.start = 0x401000, .limit = 0x402000, .offset = 0x1000};
	struct cp_function_row f = {0};
	struct cp_line_row line;
	int64_t value = 7;
	cp_location frame[2];

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(
		&b, cpi_builder_str(&b, "n"), cpi_builder_str(&b, "count"), 0);
	mapping.path = cpi_builder_str(&b, path);
	f.name = cpi_builder_str(&b, "draw_row");
	line = (struct cp_line_row){.function = cpi_builder_function(&b, &f), .line = 1};
	frame[0] = cpi_builder_location(
		&b, cpi_builder_mapping(&b, &mapping), 0x401334, false, &line, 1);
	frame[1] = cpi_builder_location(
		&b, cpi_builder_mapping(&b, &mapping), 0x401351, false, &line, 1);
	cpi_builder_sample(
		&b, cpi_builder_stack(&b, frame, 2), (cp_labels){0}, &value, CP_NO_TIME);
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	return p;
}

static enum cp_code make(struct cpi_asm *a, struct cpi_env *env,
	const struct cp_profile *p, const char *regex, const struct cp_binary *binary,
	struct cp_error *err)
{
	memset(a, 0, sizeof *a);
	a->env = env;
	a->p = p;
	a->report.regex = regex;
	a->symbols.binaries = binary;
	a->symbols.n_binaries = binary != NULL;
	cpi_arena_init(&a->bytes, &env->mem);
	return cpi_asm_make(a, err);
}

static void demo(char *path, size_t size)
{
	snprintf(path, size, "%s/quickstart/demo", getenv("TESTDATA"));
}

static void rows(void **state)
{
	static const char *const asked[] = {"^draw_row$", "0x401351"};
	char path[500];
	struct cp_binary binary = {.file = path};
	struct cpi_env env;
	struct cp_profile *p;
	struct cpi_asm a;

	(void)state;
	demo(path, sizeof path);
	if (!cpi_disasm_knows(EM_X86_64))
		skip();
	cpi_env_init(&env, NULL);
	p = profile(&env, path);
	for (size_t i = 0; i < 2; i++) {
		const struct cp_disasm_function *f;
		unsigned jumps = 0;

		assert_int_equal(make(&a, &env, p, asked[i], &binary, NULL), CP_OK);
		assert_int_equal(a.rows.n_functions, 1);
		f = &a.rows.function[0];
		assert_memory_equal(f->name.p, "draw_row", 8);
		assert_int_equal(f->address, 0x4012e0);
		assert_int_equal(f->flat, 7);
		assert_int_equal(f->cum, 7);
		for (size_t k = 0; k < f->n_rows; k++) {
			const struct cp_instruction *row = &f->row[k];

			assert_int_equal(row->flat, row->address == 0x401334 ? 7 : 0);
			assert_int_equal(row->cum,
				row->address == 0x401334 || row->address == 0x401351 ? 7
										     : 0);
			assert_true(row->n_frames > 0);
			if (row->target_row == UINT32_MAX)
				continue;
			jumps++;
			assert_int_equal(f->row[row->target_row].address, row->target);
			assert_true(!row->target_row ||
				    f->row[row->target_row].block !=
					    f->row[row->target_row - 1].block);
		}
		assert_true(jumps > 2);
		cpi_asm_release(&a);
	}
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void missing(void **state)
{
	struct cpi_env env;
	struct cp_profile *p;
	struct cpi_asm a;
	struct cp_error err;

	(void)state;
	cpi_env_init(&env, NULL);
	p = profile(&env, "/nowhere/program");
	assert_int_equal(make(&a, &env, p, "draw", NULL, &err), CP_OK);
	assert_int_equal(a.rows.function[0].n_rows, 0);
	assert_non_null(strstr(a.rows.function[0].note, "/nowhere/program is not here"));
	cpi_asm_release(&a);
	assert_int_equal(make(&a, &env, p, "no_such", NULL, &err), CP_ERROR_EMPTY);
	cpi_asm_release(&a);
	assert_int_equal(make(&a, &env, p, "0x1", NULL, &err), CP_ERROR_EMPTY);
	cpi_asm_release(&a);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void failing(void **state)
{
	static const char *const formats[] = {"text", "html", "json"};
	char path[500];
	struct cp_binary binary = {.file = path};
	bool finished = false;

	(void)state;
	demo(path, sizeof path);
	if (!cpi_disasm_knows(EM_X86_64))
		skip();
	for (uint64_t at = 1; !finished; at += 1 + at / 40) {
		struct cpi_env env;
		struct cp_profile *p;
		struct cpi_asm a;
		struct cpi_sink sink;
		enum cp_code code;

		cpi_env_init(&env, NULL);
		p = profile(&env, path);
		env.mem.fail_at = env.mem.ops + at;
		code = make(&a, &env, p, ".", &binary, NULL);
		assert_true(!code || code == CP_ERROR_MEMORY || code == CP_ERROR_EMPTY);
		finished = env.mem.ops < env.mem.fail_at;
		for (size_t i = 0; !code && i < 3; i++) {
			cpi_sink_memory(&sink, &env.mem);
			assert_int_equal(
				cpi_asm_write(&a, formats[i], &sink, NULL), CP_OK);
			cpi_sink_release(&sink);
		}
		cpi_asm_release(&a);
		env.mem.fail_at = 0;
		cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known),
		cmocka_unit_test(random_bytes),
		cmocka_unit_test(rows),
		cmocka_unit_test(missing),
		cmocka_unit_test(failing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
