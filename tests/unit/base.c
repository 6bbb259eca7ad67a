/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: base. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/diag.h"
#include "base/hash.h"
#include "base/pool.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"

static void memory_limit_is_exact(void **state)
{
	struct cpi_mem mem;
	void *p, *q;

	(void)state;
	cpi_mem_init(&mem, 100);
	p = cpi_alloc(&mem, 60);
	assert_non_null(p);
	assert_null(cpi_alloc(&mem, 41));
	q = cpi_alloc(&mem, 40);
	assert_non_null(q);
	assert_int_equal(mem.used, 100);
	assert_null(cpi_resize(&mem, q, 40, 41));
	q = cpi_resize(&mem, q, 40, 10);
	assert_int_equal(mem.used, 70);
	cpi_free(&mem, p, 60);
	cpi_free(&mem, q, 10);
	assert_int_equal(mem.used, 0);
	assert_int_equal(mem.peak, 100);
	assert_null(cpi_alloc_array(&mem, SIZE_MAX / 2, 3));
}

static void nth_allocation_fails(void **state)
{
	struct cpi_mem mem;
	void *p;

	(void)state;
	cpi_mem_init(&mem, 0);
	mem.fail_at = 2;
	p = cpi_alloc(&mem, 1);
	assert_non_null(p);
	assert_null(cpi_alloc(&mem, 1));
	cpi_free(&mem, p, 1);
	p = cpi_alloc(&mem, 1);
	assert_non_null(p);
	cpi_free(&mem, p, 1);
}

static void arena_aligns_and_rewinds(void **state)
{
	struct cpi_mem mem;
	struct cpi_arena arena;

	(void)state;
	cpi_mem_init(&mem, 0);
	cpi_arena_init(&arena, &mem);
	for (int turn = 0; turn < 3; turn++) {
		for (size_t i = 1; i < 300; i++) {
			char *p = cpi_arena_alloc(&arena, i, i & 1 ? 1 : 16);

			assert_non_null(p);
			assert_true(i & 1 || (uintptr_t)p % 16 == 0);
			memset(p, 0xee, i);
		}
		cpi_arena_rewind(&arena);
	}
	assert_null(cpi_arena_alloc(&arena, SIZE_MAX - 8, 8));
	cpi_arena_release(&arena);
	assert_int_equal(mem.used, 0);
}

static void cursor_is_sticky(void **state)
{
	static const uint8_t bytes[] = {1, 2, 0, 3, 0, 0, 0, 'a', 'b', 0, 0xe5, 0x8e, 0x26, 9};
	struct cpi_cursor c = cpi_cursor_make(bytes, sizeof bytes, false), sub;
	size_t n;

	(void)state;
	assert_int_equal(cpi_cursor_u8(&c), 1);
	assert_int_equal(cpi_cursor_u16(&c), 2);
	assert_int_equal(cpi_cursor_u32(&c), 3);
	assert_string_equal(cpi_cursor_string(&c, &n), "ab");
	assert_int_equal(n, 2);
	assert_int_equal(cpi_cursor_uleb(&c), 624485);
	assert_int_equal(cpi_cursor_claim(&c, 2, 1), 0);
	assert_false(cpi_cursor_ok(&c));
	assert_int_equal(cpi_cursor_left(&c), 0);
	assert_int_equal(cpi_cursor_u8(&c), 0);

	c = cpi_cursor_make(bytes, 4, true);
	sub = cpi_cursor_sub(&c, 2);
	assert_int_equal(cpi_cursor_u16(&sub), 0x102);
	assert_int_equal(cpi_cursor_u16(&sub), 0);
	assert_false(cpi_cursor_ok(&sub));
	assert_true(cpi_cursor_ok(&c));
	assert_int_equal(cpi_cursor_u16(&c), 3);
	assert_null(cpi_cursor_string(&c, &n));
	assert_false(cpi_cursor_ok(&c));
}

static void index_finds_what_was_added(void **state)
{
	struct cpi_mem mem;
	struct cpi_index index = {0};

	(void)state;
	cpi_mem_init(&mem, 0);
	for (uint32_t i = 1; i <= 5000; i++)
		assert_true(cpi_index_add(&mem, &index, cpi_hash_u64(i), i));
	for (uint32_t i = 1; i <= 6000; i++) {
		struct cpi_probe probe = cpi_index_find(&index, cpi_hash_u64(i));
		uint32_t id;

		while ((id = cpi_index_next(&index, &probe)) && id != i)
			;
		assert_int_equal(id, i <= 5000 ? i : 0);
	}
	cpi_index_release(&mem, &index);
	assert_int_equal(mem.used, 0);
}

static enum cp_code refuse(void *arg, const void *bytes, size_t n, struct cp_error *err)
{
	(void)bytes;
	*(size_t *)arg += n;
	return cpi_error(err, CP_ERROR_SYSTEM, CP_NO_OFFSET, "disk full");
}

static void sink_formats_and_sticks(void **state)
{
	struct cpi_mem mem;
	struct cpi_sink sink;
	struct cp_error err;
	size_t seen = 0;

	(void)state;
	cpi_mem_init(&mem, 0);
	cpi_sink_memory(&sink, &mem);
	cpi_sink_u64(&sink, UINT64_MAX);
	cpi_sink_char(&sink, ' ');
	cpi_sink_i64(&sink, INT64_MIN);
	cpi_sink_hex(&sink, 0xbeef, 6);
	cpi_sink_pad(&sink, '.', 3);
	cpi_sink_printf(&sink, "%300d", 7);
	cpi_sink_char(&sink, 0);
	assert_int_equal(cpi_sink_finish(&sink, &err), CP_OK);
	assert_memory_equal(
		sink.buf, "18446744073709551615 -922337203685477580800beef...   ", 52);
	assert_int_equal(sink.n, 20 + 1 + 20 + 6 + 3 + 300 + 1);
	cpi_sink_release(&sink);

	cpi_sink_callback(&sink, &mem, refuse, &seen);
	for (int i = 0; i < 200000; i++)
		cpi_sink_char(&sink, 'x');
	assert_int_equal(cpi_sink_finish(&sink, &err), CP_ERROR_SYSTEM);
	assert_string_equal(err.message, "disk full");
	assert_true(seen < 100000);
	cpi_sink_release(&sink);
	assert_int_equal(mem.used, 0);
}

static void text_is_made_printable(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(
		cpi_text_printable(buf, sizeof buf, CPI_TEXT("a\x1b\xff\xc3\xa9")), "a\\x1b\\xffé");
	assert_string_equal(
		cpi_text_printable(buf, sizeof buf, CPI_TEXT("0123456789abcdefgh")), "0123456789ab…");
	assert_int_equal(cpi_text_width(CPI_TEXT("a日e\xcc\x81")), 4);
}

struct sums {
	uint64_t part[100];
};

static void square(void *arg, size_t i, unsigned worker)
{
	(void)worker;
	((struct sums *)arg)->part[i] = i * i;
}

static void pool_runs_every_job(void **state)
{
	struct cp_context_options options = {.size = sizeof options, .threads = 4};
	struct cpi_env env;
	struct sums sums = {{0}};

	(void)state;
	cpi_env_init(&env, &options);
	cpi_pool_run(&env, 100, square, &sums);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(sums.part[i], i * i);
	cpi_env_release(&env);
}

static void count_shown(const struct cp_diagnostic *d, void *arg)
{
	(void)d;
	++*(int *)arg;
}

static void diagnostics_are_counted(void **state)
{
	const struct cpi_place place = cpi_place_record("f", "MMAP2", 3, 64);
	struct cpi_diag diag;
	struct cp_error err;
	int shown = 0;

	(void)state;
	cpi_diag_init(&diag, count_shown, &shown, false);
	cpi_diag_begin(&diag);
	for (int i = 0; i < 20; i++)
		cpi_diag_warn(&diag, "k", &place, "bad %d", i);
	assert_int_equal(shown, CPI_DIAG_SHOWN);
	assert_int_equal(cpi_diag_end(&diag, CP_OK, &err), CP_OK);
	cpi_diag_flush(&diag);
	assert_int_equal(shown, CPI_DIAG_SHOWN + 1);
	assert_int_equal(diag.total, 20);
	cpi_diag_mute(&diag, true);
	cpi_diag_warn(&diag, "k", &place, "bad");
	cpi_diag_mute(&diag, false);
	assert_int_equal(diag.total, 20);
	cpi_diag_release(&diag);
}

/* Only the outermost function fails, with the first warning, however deep it was said. */
static void strict_fails_at_the_end(void **state)
{
	const struct cpi_place first = cpi_place_record("f", "MMAP2", 3, 64);
	const struct cpi_place second = cpi_place_at("g", 5);
	struct cpi_diag diag;
	struct cp_error err;
	int shown = 0;

	(void)state;
	cpi_diag_init(&diag, count_shown, &shown, true);
	cpi_diag_begin(&diag);
	cpi_diag_begin(&diag);
	cpi_diag_warn(&diag, "k", &first, "bad");
	assert_int_equal(cpi_diag_end(&diag, CP_OK, &err), CP_OK);
	cpi_diag_warn(&diag, "k", &second, "worse");
	assert_int_equal(shown, 2);
	assert_int_equal(cpi_diag_end(&diag, CP_OK, &err), CP_ERROR_CORRUPT);
	assert_string_equal(err.message, "bad");
	assert_string_equal(err.context, "MMAP2 record 3");
	assert_string_equal(err.source, "f");
	assert_int_equal(err.record, 3);
	assert_int_equal(err.offset, 64);
	/* The next one starts anew; a failure of its own stands. */
	cpi_diag_begin(&diag);
	assert_int_equal(cpi_diag_end(&diag, CP_OK, &err), CP_OK);
	cpi_diag_begin(&diag);
	cpi_diag_warn(&diag, "k", &second, "worse");
	assert_int_equal(cpi_diag_end(&diag, CP_ERROR_LIMIT, &err), CP_ERROR_LIMIT);
	cpi_diag_release(&diag);
}

static void long_paths_keep_their_end(void **state)
{
	char path[1000];
	struct cp_error err;

	(void)state;
	memset(path, 'a', sizeof path - 5);
	memcpy(path + sizeof path - 5, "/end", 5);
	cpi_error(&err, CP_ERROR_CORRUPT, 0, "bad");
	cpi_error_place(&err, path, ".debug_info");
	assert_int_equal(strlen(err.source), sizeof err.source - 1);
	assert_memory_equal(err.source, "…a", 4);
	assert_string_equal(err.source + strlen(err.source) - 4, "/end");
	assert_string_equal(err.context, ".debug_info");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_limit_is_exact),
		cmocka_unit_test(nth_allocation_fails),
		cmocka_unit_test(arena_aligns_and_rewinds),
		cmocka_unit_test(cursor_is_sticky),
		cmocka_unit_test(index_finds_what_was_added),
		cmocka_unit_test(sink_formats_and_sticks),
		cmocka_unit_test(text_is_made_printable),
		cmocka_unit_test(pool_runs_every_job),
		cmocka_unit_test(diagnostics_are_counted),
		cmocka_unit_test(strict_fails_at_the_end),
		cmocka_unit_test(long_paths_keep_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
