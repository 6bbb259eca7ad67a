/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream that compressed sections are read with. Made twice: with what the library
 * has, and with zlib's, which stands in where ISA-L is absent.
 */
#include "object/elf/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>

enum { SIZE = 300000, PIECE = 70000 };

struct fixture {
	struct cpi_mem mem;
	uint8_t *plain, *packed;
	size_t packed_n;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	uLongf n = compressBound(SIZE);

	cpi_mem_init(&f->mem, SIZE_MAX);
	f->plain = malloc(SIZE);
	f->packed = malloc(n);
	for (size_t i = 0; i < SIZE; i++)
		f->plain[i] = (uint8_t)(i * i >> (i % 7));
	assert_int_equal(compress(f->packed, &n, f->plain, SIZE), Z_OK);
	f->packed_n = n;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	/* Every stream was freed with what it had. */
	assert_int_equal(f->mem.used, 0);
	free(f->plain);
	free(f->packed);
	free(f);
	return 0;
}

/* Reads on from `at`, in pieces, and compares. */
static void read_on(
	struct fixture *f, struct cpi_elf_stream *s, size_t source_at, size_t from)
{
	uint8_t *room = malloc(PIECE);

	for (size_t at = from; at < SIZE; at += PIECE) {
		size_t n = SIZE - at < PIECE ? SIZE - at : PIECE;

		assert_true(cpi_elf_stream_run(
			s, f->packed, f->packed_n, &source_at, room, n));
		assert_memory_equal(room, f->plain + at, n);
	}
	free(room);
}

static void copies_go_on_by_themselves(void **state)
{
	struct fixture *f = *state;
	struct cpi_elf_stream *s = cpi_elf_stream_new(&f->mem, NULL), *copy;
	uint8_t *room = malloc(PIECE);
	size_t at = 0, copied_at;

	assert_true(cpi_elf_stream_run(s, f->packed, f->packed_n, &at, room, PIECE));
	copy = cpi_elf_stream_new(&f->mem, s);
	copied_at = at;
	read_on(f, s, at, PIECE);
	cpi_elf_stream_free(&f->mem, s);
	read_on(f, copy, copied_at, PIECE);
	cpi_elf_stream_free(&f->mem, copy);
	free(room);
}

static void too_short_is_told(void **state)
{
	struct fixture *f = *state;

	for (size_t n = 0; n < f->packed_n / 2; n += 1 + n / 3) {
		struct cpi_elf_stream *s = cpi_elf_stream_new(&f->mem, NULL);
		uint8_t *packed = malloc(n ? n : 1), *room = malloc(SIZE);
		size_t at = 0;

		memcpy(packed, f->packed, n);
		assert_false(cpi_elf_stream_run(s, packed, n, &at, room, SIZE));
		assert_true(at <= n);
		cpi_elf_stream_free(&f->mem, s);
		free(packed);
		free(room);
	}
}

static void no_more_than_there_is(void **state)
{
	struct fixture *f = *state;
	struct cpi_elf_stream *s = cpi_elf_stream_new(&f->mem, NULL);
	uint8_t *room = malloc(SIZE + 1);
	size_t at = 0;

	assert_false(cpi_elf_stream_run(s, f->packed, f->packed_n, &at, room, SIZE + 1));
	assert_memory_equal(room, f->plain, SIZE);
	cpi_elf_stream_free(&f->mem, s);
	free(room);
}

static void damage_is_told(void **state)
{
	struct fixture *f = *state;
	struct cpi_elf_stream *s = cpi_elf_stream_new(&f->mem, NULL);
	uint8_t *room = malloc(SIZE);
	size_t at = 0;

	f->packed[0] ^= 0xff;
	assert_false(cpi_elf_stream_run(s, f->packed, f->packed_n, &at, room, SIZE));
	f->packed[0] ^= 0xff;
	cpi_elf_stream_free(&f->mem, s);
	free(room);
}

/* Each allocation fails in turn: no stream, nothing left behind. */
static void memory_ends(void **state)
{
	struct fixture *f = *state;
	struct cpi_elf_stream *s = NULL, *copy = NULL;
	uint64_t failures = 0;

	while (!copy) {
		f->mem.fail_at = atomic_load(&f->mem.ops) + ++failures;
		s = cpi_elf_stream_new(&f->mem, NULL);
		copy = s ? cpi_elf_stream_new(&f->mem, s) : NULL;
		cpi_elf_stream_free(&f->mem, copy);
		cpi_elf_stream_free(&f->mem, s);
		assert_int_equal(f->mem.used, 0);
	}
	assert_true(failures > 2);
	f->mem.fail_at = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			copies_go_on_by_themselves, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_short_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_more_than_there_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damage_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(memory_ends, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
