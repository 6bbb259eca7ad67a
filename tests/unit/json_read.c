/* SPDX-License-Identifier: Apache-2.0 */
/* codec/json_read.c and json_number.c: what is JSON, what is not, and numbers exactly. */
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "codec/json_read.h"

static struct cpi_mem mem;
static struct cpi_arena arena;

static int setup(void **state)
{
	(void)state;
	cpi_mem_init(&mem, 0);
	cpi_arena_init(&arena, &mem);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cpi_arena_release(&arena);
	return mem.used != 0;
}

/* A reader over an exact-size copy, so that a sanitizer sees a byte too many. */
static struct cpi_jr reader(const char *text, size_t n)
{
	static uint8_t *copy;
	struct cpi_jr jr;

	free(copy);
	copy = malloc(n ? n : 1);
	memcpy(copy, text, n);
	cpi_jr_init(&jr, copy, n, &arena);
	return jr;
}

static struct cpi_jr read_str(const char *text)
{
	return reader(text, strlen(text));
}

static void is_text(struct cp_text text, const char *want)
{
	assert_int_equal(text.n, strlen(want));
	assert_memory_equal(text.p, want, text.n);
}

/* Reads everything to its end the long way; the number of scalars, or -1 for damage. */
static int walk(struct cpi_jr *jr)
{
	char closing[CPI_JR_DEPTH + 1];
	unsigned depth = 0;
	int n = 0;

	for (;;) {
		struct cp_text key;
		enum cpi_jr_kind kind = cpi_jr_peek(jr);

		if (kind == CPI_JR_OBJECT && cpi_jr_object(jr))
			closing[depth++] = '}';
		else if (kind == CPI_JR_ARRAY && cpi_jr_array(jr))
			closing[depth++] = ']';
		else {
			cpi_jr_skip(jr);
			n++;
		}
		while (depth && !(closing[depth - 1] == '}' ? cpi_jr_key(jr, &key)
							    : cpi_jr_element(jr)))
			depth--;
		if (!depth || !cpi_jr_ok(jr))
			return cpi_jr_ok(jr) ? n : -1;
	}
}

static void containers(void **state)
{
	struct cpi_jr jr =
		read_str(" \xef\xbb\xbf{\"a\" : [1, 2,3 ], \"b\":{}, \"c\":[] ,\"d\":\"x\"}");
	struct cp_text key, value;
	int64_t x, sum = 0;

	(void)state;
	assert_int_equal(walk(&jr), -1); /* a mark is one at the beginning only */
	jr = read_str("\xef\xbb\xbf{\"a\" : [1, 2,3 ], \"b\":{}, \"c\":[] ,\"d\":\"x\"}");
	assert_true(cpi_jr_object(&jr));
	assert_true(cpi_jr_key(&jr, &key));
	is_text(key, "a");
	assert_int_equal(cpi_jr_count(&jr), 3);
	assert_true(cpi_jr_array(&jr));
	while (cpi_jr_element(&jr)) {
		assert_true(cpi_jr_i64(&jr, &x));
		sum += x;
	}
	assert_int_equal(sum, 6);
	assert_true(cpi_jr_key(&jr, &key));
	assert_true(cpi_jr_object(&jr));
	assert_false(cpi_jr_key(&jr, &key));
	assert_true(cpi_jr_key(&jr, &key));
	assert_true(cpi_jr_array(&jr));
	assert_false(cpi_jr_element(&jr));
	assert_true(cpi_jr_key(&jr, &key));
	assert_true(cpi_jr_text(&jr, &value));
	is_text(value, "x");
	assert_false(cpi_jr_key(&jr, &key));
	assert_true(cpi_jr_ok(&jr));
	assert_int_equal(cpi_jr_peek(&jr), CPI_JR_NONE);
}

static void values_can_be_read_later(void **state)
{
	struct cpi_jr jr = read_str("[{\"x\":[[1],\"]}\",2]},7]"), inner, none;
	int64_t x = 0;

	(void)state;
	assert_true(cpi_jr_array(&jr));
	assert_true(cpi_jr_element(&jr));
	inner = cpi_jr_value(&jr);
	assert_true(cpi_jr_element(&jr));
	assert_true(cpi_jr_i64(&jr, &x));
	assert_int_equal(x, 7);
	assert_false(cpi_jr_element(&jr));
	none = cpi_jr_value(&jr);
	assert_true(cpi_jr_absent(&none));
	assert_int_equal(walk(&inner), 3);
	assert_int_equal(cpi_jr_offset(&inner), 19);
}

static void other_kinds_are_stepped_over(void **state)
{
	struct cpi_jr jr = read_str("[null, \"3\", {\"a\":1}, [2], true, 4.5, NaN, -Infinity]");
	int64_t x = 77;
	unsigned n = 0;

	(void)state;
	assert_true(cpi_jr_array(&jr));
	for (; cpi_jr_element(&jr); n++)
		assert_false(cpi_jr_i64(&jr, &x));
	assert_int_equal(n, 8);
	assert_int_equal(x, 77);
	assert_true(cpi_jr_ok(&jr));
}

static void damage_is_told(void **state)
{
	static const struct {
		const char *text, *why;
		size_t offset;
	} rows[] = {
		{"", "the end comes before a value", 0},
		{"[1 2]", "there is no comma between two values", 3},
		{"[1,]", "here is no value", 3},
		{"[1,2", "a list has no end", 4},
		{"[1,", "a list has no end", 3},
		{"{\"a\":1", "a list has no end", 6},
		{"{\"a\" 1}", "a member's name has no value", 5},
		{"{a:1}", "a member has no name", 1},
		{"[\"abc]", "a string has no end", 1},
		{"[01]", "here is no value", 1},
		{"[.5]", "here is no value", 1},
		{"[+5]", "here is no value", 1},
		{"[1.]", "there is no comma between two values", 2},
		{"[nul]", "here is no value", 1},
		{"{\"\\x\":1}", "a string has an escape that JSON does not know", 1},
		{"{\"\\u12g4\":1}", "a string has an escape that JSON does not know", 1},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cpi_jr jr = read_str(rows[i].text);

		assert_int_equal(walk(&jr), -1);
		assert_string_equal(jr.why, rows[i].why);
		assert_int_equal(jr.offset, rows[i].offset);
		assert_int_equal(jr.cut, rows[i].offset == strlen(rows[i].text));
	}
}

static void nesting_has_a_limit(void **state)
{
	char text[2 * CPI_JR_DEPTH + 4];
	struct cpi_jr jr;

	(void)state;
	for (unsigned depth = CPI_JR_DEPTH; depth <= CPI_JR_DEPTH + 1; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		jr = reader(text, 2 * depth);
		assert_int_equal(walk(&jr), depth > CPI_JR_DEPTH ? -1 : 0);
		jr = reader(text, 2 * depth);
		cpi_jr_skip(&jr);
		assert_int_equal(cpi_jr_ok(&jr), depth <= CPI_JR_DEPTH);
	}
}

static void texts(void **state)
{
	static const char *const rows[][2] = {
		{"\"plain\"", "plain"},
		{"\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", "a\"\\/\b\f\n\r\tz"},
		{"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
		{"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
		{"\"\\ud83dx\"", "\xef\xbf\xbdx"},
		{"\"\\ude00\"", "\xef\xbf\xbd"},
		{"\"\\ud83d\\u0041\"", "\xef\xbf\xbd" "A"},
		{"\"\xff\"", "\xff"},
	};
	struct cp_text text;
	struct cpi_jr jr;

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		jr = read_str(rows[i][0]);
		assert_true(cpi_jr_text(&jr, &text));
		is_text(text, rows[i][1]);
	}
	jr = read_str("\"a\\u0000b\"");
	assert_true(cpi_jr_text(&jr, &text));
	assert_int_equal(text.n, 3);
	assert_memory_equal(text.p, "a\0b", 3);
}

static void whole_numbers(void **state)
{
	static const struct {
		const char *text;
		bool fits;
		int64_t want;
	} rows[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0},
		{"12.00", true, 12},
		{"1.2e1", true, 12},
		{"1.25e1", false, 0},
		{"1200e-2", true, 12},
		{"9007199254740993", true, 9007199254740993},
		{"0.0000000000000000000000000000", true, 0},
		{"0e999999999999", true, 0},
		{"1e19", false, 0},
		{"1e-400", false, 0},
		{"100000000000000000000000e-5", true, 1000000000000000000},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cpi_jr jr = read_str(rows[i].text);
		int64_t x = 5;

		assert_int_equal(cpi_jr_i64(&jr, &x), rows[i].fits);
		assert_int_equal(x, rows[i].fits ? rows[i].want : 5);
	}
	{
		struct cpi_jr jr = read_str("[18446744073709551615,\"18446744073709551615\","
					    "\"-1\",\"1x\",-1]");
		uint64_t x = 0;

		assert_true(cpi_jr_array(&jr));
		assert_true(cpi_jr_element(&jr) && cpi_jr_u64(&jr, &x));
		assert_true(x == UINT64_MAX);
		assert_true(cpi_jr_element(&jr) && cpi_jr_u64_or_text(&jr, &x));
		assert_true(x == UINT64_MAX);
		x = 0;
		assert_true(cpi_jr_element(&jr) && cpi_jr_u64_or_text(&jr, &x));
		assert_true(x == UINT64_MAX);
		assert_true(cpi_jr_element(&jr) && !cpi_jr_u64_or_text(&jr, &x));
		assert_true(cpi_jr_element(&jr) && !cpi_jr_u64(&jr, &x));
	}
}

static void decimals(void **state)
{
	static const struct {
		const char *text;
		unsigned decimals;
		bool fits, exact;
		int64_t want;
	} rows[] = {
		{"16047.911199999999", 6, true, false, 16047911200},
		{"0.5", 0, true, false, 0},
		{"1.5", 0, true, false, 2},
		{"2.5", 0, true, false, 2},
		{"2.50000000000000000000001", 0, true, false, 3},
		{"-2.5", 0, true, false, -2},
		{"1.25", 2, true, true, 125},
		{"1e-30", 9, true, false, 0},
		{"1234567890123456789.5", 0, true, false, 1234567890123456790},
		{"9223372036854775807.6", 0, true, false, INT64_MAX},
		{"9223372036854775808", 0, false, false, 0},
		{"9223372036854.775807", 6, true, true, INT64_MAX},
		{"1e300", 0, false, false, 0},
	};
	static const struct {
		const char *text;
		unsigned want;
	} needs[] = {{"1", 0}, {"1.50", 1}, {"1e-3", 3}, {"0.0", 0}, {"1.5e3", 0}, {"1e-99", 18}};

	(void)state;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cpi_jr jr = read_str(rows[i].text);
		bool exact = !rows[i].exact;
		int64_t x;

		assert_int_equal(cpi_jr_decimal(&jr, rows[i].decimals, &x, &exact), rows[i].fits);
		if (rows[i].fits) {
			assert_int_equal(x, rows[i].want);
			assert_int_equal(exact, rows[i].exact);
		}
	}
	for (unsigned i = 0; i < sizeof needs / sizeof *needs; i++) {
		struct cpi_jr jr = read_str(needs[i].text);
		unsigned n = 99;

		assert_true(cpi_jr_decimals(&jr, &n));
		assert_int_equal(n, needs[i].want);
	}
}

/* strtod in the C locale is the oracle; a locale with a comma must change nothing. */
static void doubles_are_rounded_as_strtod_does(void **state)
{
	static const char *const hard[] = {"2.2250738585072011e-308", "1.7976931348623157e308",
		"4.9e-324", "9007199254740993", "0.1", "-1e-400", "1e400",
		"123456789012345678901234567890.123456789e-10", "8.5e-5"};
	char text[64];
	double want[4096 + 9];
	uint64_t seed = 12345;

	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		if (turn && !setlocale(LC_NUMERIC, "de_DE.UTF-8"))
			(void)setlocale(LC_NUMERIC, "C.UTF-8");
		for (unsigned i = 0; i < sizeof want / sizeof *want; i++) {
			struct cpi_jr jr;
			double d = 0;

			if (i < 9) {
				jr = read_str(hard[i]);
			} else {
				seed = seed * 6364136223846793005U + 1442695040888963407U;
				snprintf(text, sizeof text, "%s%u%s%llue%d", seed & 1 ? "-" : "",
					(unsigned)(seed >> 40) % 100000 + 1, ".",
					(unsigned long long)(seed >> (i % 40)),
					(int)(seed >> 33) % 40 - 20);
				jr = read_str(text);
			}
			assert_true(cpi_jr_double(&jr, &d));
			if (!turn)
				want[i] = strtod(i < 9 ? hard[i] : text, NULL);
			assert_true(d == want[i]);
		}
		seed = 12345;
	}
	setlocale(LC_NUMERIC, "C");
}

static void memory_that_fails_is_told(void **state)
{
	struct cpi_jr jr = read_str("[\"\\n\"]");
	struct cp_text text;

	(void)state;
	mem.fail_at = mem.ops + 1;
	cpi_arena_release(&arena);
	cpi_arena_init(&arena, &mem);
	assert_true(cpi_jr_array(&jr) && cpi_jr_element(&jr));
	assert_false(cpi_jr_text(&jr, &text));
	assert_true(jr.memory && !cpi_jr_ok(&jr));
	mem.fail_at = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(containers, setup, teardown),
		cmocka_unit_test_setup_teardown(values_can_be_read_later, setup, teardown),
		cmocka_unit_test_setup_teardown(other_kinds_are_stepped_over, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(nesting_has_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(texts, setup, teardown),
		cmocka_unit_test_setup_teardown(whole_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(decimals, setup, teardown),
		cmocka_unit_test_setup_teardown(
			doubles_are_rounded_as_strtod_does, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_that_fails_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
