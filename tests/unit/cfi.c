/* SPDX-License-Identifier: Apache-2.0 */
/* object/cfi on hand-made entries; tests/conformance/cfi_readelf.py has the real ones. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "object/cfi/entry.h"

enum { CODE = 0x1000 };

/* A section under construction, in this machine's byte order. */
struct made {
	uint8_t bytes[4096];
	size_t n;
};

static void put(struct made *m, uint64_t x, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		m->bytes[m->n++] = (uint8_t)(x >> 8 * i);
}

static void put_bytes(struct made *m, const char *bytes, size_t n)
{
	memcpy(m->bytes + m->n, bytes, n);
	m->n += n;
}

static size_t begin(struct made *m)
{
	put(m, 0, 4);
	return m->n;
}

static void end(struct made *m, size_t from)
{
	while (m->n % 8 != 4)
		put(m, 0, 1);
	m->bytes[from - 4] = (uint8_t)(m->n - from);
	m->bytes[from - 3] = (uint8_t)((m->n - from) >> 8);
}

/* code 1, data -8, ra 16, absolute 8-byte addresses; CFA = rsp + 8, ra at CFA - 8. */
static void cie(struct made *m, const char *augmentation)
{
	size_t from = begin(m);

	put(m, 0, 4);
	put(m, 1, 1);
	put_bytes(m, augmentation, strlen(augmentation) + 1);
	put_bytes(m, "\x01\x78\x10", 3);
	if (*augmentation == 'z') {
		put(m, strchr(augmentation, 'R') != NULL, 1);
		if (strchr(augmentation, 'R'))
			put(m, 0, 1);
	}
	put_bytes(m, "\x0c\x07\x08\x90\x01", 5);
	end(m, from);
}

static void fde(struct made *m, size_t cie_at, uint64_t start, uint64_t size,
	const char *code, size_t n)
{
	size_t from = begin(m);

	put(m, m->n - cie_at, 4);
	put(m, start, 8);
	put(m, size, 8);
	put(m, 0, 1);
	put_bytes(m, code, n);
	end(m, from);
}

#define FDE(m, start, size, code) fde(m, 0, start, size, code, sizeof(code) - 1)

struct fixture {
	struct cpi_env env;
	struct cpi_cfi *cfi;
	char note[400];
};

static void note(const struct cp_diagnostic *d, void *arg)
{
	struct fixture *f = arg;

	strncpy(f->note, d->message, sizeof f->note - 1);
}

static void compile(struct fixture *f, const struct made *m)
{
	struct cp_context_options options = {.size = sizeof options, .threads = 1,
		.diagnostic = note, .diagnostic_arg = f};
	struct cpi_cfi_section section = {m->bytes, m->n, 0x100000, false};
	struct cp_error err;

	memset(f, 0, sizeof *f);
	cpi_env_init(&f->env, &options);
	assert_int_equal(cpi_cfi_compile(&f->env, &cpi_cfi_x86_64, &section, 1, false,
				 CODE, CODE + 0x1000, "image", &f->cfi, &err),
		CP_OK);
}

static void release(struct fixture *f)
{
	cpi_cfi_free(&f->env, f->cfi);
	assert_int_equal(f->env.mem.used, 0);
	cpi_env_release(&f->env);
}

static cpi_cfi_rule plain(enum cpi_cfi_kind kind, unsigned fp, unsigned offset)
{
	return cpi_cfi_rule_make(kind, false, fp, 1, offset);
}

static void rows_become_rules(void **state)
{
	struct made m = {.n = 0};
	struct fixture f;

	(void)state;
	cie(&m, "zR");
	/* push rbp; mov rsp, rbp; … remembered: leave; ret; restored */
	FDE(&m, CODE + 0x10, 0x40,
		"\x41\x0e\x10\x86\x02\x43\x0d\x06\x48\x0a\x41\x0c\x07\x08\x41\x0b");
	compile(&f, &m);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x0f), CPI_CFI_GAP);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x10), plain(CPI_CFI_SP, 0, 1));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x11), plain(CPI_CFI_SP, 2, 2));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x14), plain(CPI_CFI_FP, 2, 2));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x1d), plain(CPI_CFI_SP, 2, 1));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x1e), plain(CPI_CFI_FP, 2, 2));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x4f), plain(CPI_CFI_FP, 2, 2));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x50), CPI_CFI_GAP);
	assert_int_equal(cpi_cfi_find(f.cfi, 0), CPI_CFI_GAP);
	assert_int_equal(cpi_cfi_find(f.cfi, UINT64_MAX), CPI_CFI_GAP);
	release(&f);
}

static void unusual_rows_have_their_kinds(void **state)
{
	struct made m = {.n = 0};
	struct fixture f;

	(void)state;
	cie(&m, "zR");
	FDE(&m, CODE, 16, "\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22");
	FDE(&m, CODE + 16, 16, "\x07\x10");           /* ra undefined */
	FDE(&m, CODE + 32, 16, "\x0c\x0a\x08");       /* CFA from r10 */
	FDE(&m, CODE + 48, 16, "\x0e\x80\x80\x08");   /* 128 KiB */
	FDE(&m, CODE + 64, 16, "\x0e\x0c");           /* no whole word */
	compile(&f, &m);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE), plain(CPI_CFI_PLT, 0, 11));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 16), CPI_CFI_END);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 32), CPI_CFI_COMPLEX);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 48), CPI_CFI_COMPLEX);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 64), CPI_CFI_COMPLEX);
	release(&f);
}

static void entries_overlap_and_end_in_the_middle(void **state)
{
	struct made m = {.n = 0};
	struct fixture f;

	(void)state;
	cie(&m, "zR");
	FDE(&m, CODE + 0x20, 0x20, "\x0e\x20");
	put(&m, 0, 4); /* a terminator */
	put(&m, 0, 4);
	FDE(&m, CODE + 0x10, 0x18, "\x0e\x18"); /* cut by the first */
	FDE(&m, CODE + 0x20, 0x08, "\x0e\x28"); /* the same start: dropped */
	FDE(&m, 0, 0x10, "\x0e\x30");           /* of a function that was dropped */
	compile(&f, &m);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x1f), plain(CPI_CFI_SP, 0, 3));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x20), plain(CPI_CFI_SP, 0, 4));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x3f), plain(CPI_CFI_SP, 0, 4));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 0x40), CPI_CFI_GAP);
	assert_string_equal(f.note, "");
	release(&f);
}

static void damage_loses_what_it_must(void **state)
{
	struct made m = {.n = 0};
	struct fixture f;

	(void)state;
	cie(&m, "zR");
	FDE(&m, CODE, 16, "\x0e\x10\x44\x3f"); /* no such instruction */
	FDE(&m, CODE + 16, 16, "\x0b");        /* nothing was remembered */
	fde(&m, 4, CODE + 32, 16, "", 0);      /* no CIE there */
	FDE(&m, CODE + 48, 16, "\x0e\x10");
	put(&m, 0x7fff, 4); /* longer than the section */
	compile(&f, &m);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 3), plain(CPI_CFI_SP, 0, 2));
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 4), CPI_CFI_GAP);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 16), CPI_CFI_GAP);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 32), CPI_CFI_GAP);
	assert_int_equal(cpi_cfi_find(f.cfi, CODE + 48), plain(CPI_CFI_SP, 0, 2));
	assert_string_equal(f.note,
		"call frame information is damaged: 3 entries dropped, "
		"the end of a section is lost");
	release(&f);
}

/* The stack holds the numbers 0x100, 0x101, … in words from 0x8000. */
static enum cpi_cfi_result expr(const char *code, size_t n, uint64_t *ret_x)
{
	static uint64_t words[16];
	struct cpi_cfi_stack stack = {.bytes = (const uint8_t *)words, .start = 0x8000,
		.n = sizeof words, .swap = false};
	struct cpi_cfi_regs regs = {.known = 1 << 7 | 1 << 3};

	for (unsigned i = 0; i < 16; i++)
		words[i] = 0x100 + i;
	regs.v[7] = 0x8010;
	regs.v[3] = 3;
	return cpi_cfi_expr(&cpi_cfi_x86_64, (const uint8_t *)code, n,
		__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__, &regs, &stack, 0x8040, ret_x);
}

#define EXPR(code, x) \
	do { \
		uint64_t got = 0; \
		assert_int_equal(expr(code, sizeof(code) - 1, &got), CPI_CFI_OK); \
		assert_int_equal(got, (uint64_t)(x)); \
	} while (0)

static void expressions_have_their_values(void **state)
{
	(void)state;
	EXPR("", 0x8040);                             /* what was there */
	EXPR("\x06", 0x108);                          /* deref */
	EXPR("\x77\x08\x06", 0x103);                  /* breg7 8; deref */
	EXPR("\x92\x03\x7f", 2);                      /* bregx 3, -1 */
	EXPR("\x09\xfb\x09\x02\x1b", -2);             /* -5 / 2 */
	EXPR("\x35\x33\x1d", 2);                      /* 5 % 3 */
	EXPR("\x31\x32\x33\x17\x1c", -1);             /* rot: 3 1 2; 1 - 2 */
	EXPR("\x35\x32\x16\x1c", -3);                 /* swap: 2 - 5 */
	EXPR("\x35\x36\x14\x1e", 30);                 /* over: 5 6 5; 6 * 5 */
	EXPR("\x31\x32\x15\x01", 1);                  /* pick 1 */
	EXPR("\x09\xf0\x32\x26", -4);                 /* -16 >> 2, signed */
	EXPR("\x31\x08\x7f\x24", 0);                  /* shifted out */
	EXPR("\x09\xff\x31\x2d", 1);                  /* -1 < 1 */
	EXPR("\x31\x28\x01\x00\x35\x36", 6);          /* taken branch over 5 */
	EXPR("\x2f\x00\x00\x34", 4);                  /* skip nothing */
	EXPR("\x10\xe5\x8e\x26\x11\x7f\x22", 624484); /* uleb + sleb -1 */
	EXPR("\x09\xff\x19\x20\x1f\x23\x05", 7);      /* abs, not, neg, + 5 */
	EXPR("\x0a\x34\x12\x0c\x78\x56\x34\x12\x27", 0x12344444 ^ 8);
}

static enum cpi_cfi_result fails(const char *code, size_t n)
{
	uint64_t x;

	return expr(code, n, &x);
}

#define FAILS(code, result) assert_int_equal(fails(code, sizeof(code) - 1), result)

static void expressions_have_limits(void **state)
{
	char deep[80];

	(void)state;
	FAILS("\x2f\xfd\xff", CPI_CFI_BAD);         /* for ever */
	FAILS("\x2f\xf0\xff", CPI_CFI_BAD);         /* before the start */
	FAILS("\x2f\x10\x00", CPI_CFI_BAD);         /* behind the end */
	FAILS("\x13\x13", CPI_CFI_BAD);             /* empty stack */
	FAILS("\x13", CPI_CFI_BAD);                 /* no result */
	FAILS("\x30\x30\x1b", CPI_CFI_BAD);         /* division by zero */
	FAILS("\x0e\x01", CPI_CFI_BAD);             /* cut */
	FAILS("\x9c", CPI_CFI_BAD);                 /* not allowed here */
	FAILS("\x30\x06", CPI_CFI_BEYOND);          /* outside the dump */
	FAILS("\x08\x79\x77\x00\x22\x06", CPI_CFI_BEYOND);
	FAILS("\x75\x00", CPI_CFI_UNKNOWN);         /* a register that is not known */
	memset(deep, 0x31, sizeof deep);
	assert_int_equal(fails(deep, 63), CPI_CFI_OK);
	assert_int_equal(fails(deep, 64), CPI_CFI_BAD);
}

static void a_step_restores_all_registers(void **state)
{
	struct made m = {.n = 0};
	uint64_t words[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct cpi_cfi_stack stack = {.bytes = (const uint8_t *)words, .start = 0x8000,
		.n = sizeof words, .swap = false};
	struct cpi_cfi_regs regs = {.known = 0xffff, .pc = CODE};
	struct fixture f;
	bool signal = true;
	uint64_t steps = 0;

	(void)state;
	cie(&m, "zR");
	/* CFA = r10 + 32; rbx at CFA - 16; rbp = CFA - 24; r12 in r13; r14 = *(rsp + 8)
	 */
	FDE(&m, CODE, 16,
		"\x0c\x0a\x20\x83\x02\x14\x06\x03\x09\x0c\x0d\x10\x0e\x02\x77\x08"
		"\x07\x0f");
	compile(&f, &m);
	regs.v[7] = 0x8000;
	regs.v[10] = 0x8010;
	regs.v[13] = 77;
	assert_int_equal(
		cpi_cfi_step(f.cfi, CODE + 3, &stack, &regs, &signal, &steps), CPI_CFI_OK);
	assert_false(signal);
	assert_in_range(steps, 1, 64);
	assert_int_equal(regs.v[7], 0x8030);
	assert_int_equal(regs.pc, 6);
	assert_int_equal(regs.v[3], 5);
	assert_int_equal(regs.v[6], 0x8018);
	assert_int_equal(regs.v[12], 77);
	assert_int_equal(regs.v[14], 2);
	assert_false(regs.known >> 15 & 1);
	assert_int_equal(
		cpi_cfi_step(f.cfi, CODE + 16, &stack, &regs, &signal, &steps), CPI_CFI_NONE);
	regs.known &= ~(1ULL << 10);
	assert_int_equal(
		cpi_cfi_step(f.cfi, CODE, &stack, &regs, &signal, &steps), CPI_CFI_UNKNOWN);
	release(&f);
}

static void every_allocation_may_fail(void **state)
{
	struct made m = {.n = 0};
	enum cp_code code = CP_ERROR_MEMORY;

	(void)state;
	cie(&m, "zR");
	for (unsigned i = 0; i < 40; i++)
		FDE(&m, CODE + 32 * i, 16, "\x41\x0e\x10");
	for (unsigned at = 1; code; at++) {
		struct cpi_cfi_section section = {m.bytes, m.n, 0x100000, false};
		struct cpi_cfi *cfi;
		struct cpi_env env;
		struct cp_error err;

		cpi_env_init(&env, NULL);
		env.mem.fail_at = at;
		code = cpi_cfi_compile(&env, &cpi_cfi_x86_64, &section, 1, false, CODE,
			CODE + 0x1000, "image", &cfi, &err);
		assert_true(code == CP_OK || code == CP_ERROR_MEMORY);
		assert_true(at < 50 && (code || at > 3));
		if (!code)
			cpi_cfi_free(&env, cfi);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_become_rules),
		cmocka_unit_test(unusual_rows_have_their_kinds),
		cmocka_unit_test(entries_overlap_and_end_in_the_middle),
		cmocka_unit_test(damage_loses_what_it_must),
		cmocka_unit_test(expressions_have_their_values),
		cmocka_unit_test(expressions_have_limits),
		cmocka_unit_test(a_step_restores_all_registers),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
