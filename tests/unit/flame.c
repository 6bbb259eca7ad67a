/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: flame. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model/builder.h"
#include "view/flame/flame.h"

static cp_location named(struct cpi_builder *b, const char *name, const char *file)
{
	struct cp_function_row f = {
		.name = cpi_builder_str(b, name), .file = cpi_builder_str(b, file), .start_line = 7};
	struct cp_line_row line = {cpi_builder_function(b, &f), 9, 0};
	struct cp_mapping_row map = {.path = cpi_builder_str(b, "/usr/bin/prog")};

	return cpi_builder_location(b, cpi_builder_mapping(b, &map), 0, false, &line, 1);
}

static struct cp_profile *profile(struct cpi_env *env, const char *unit, int64_t extra)
{
	struct cpi_builder b;
	struct cp_profile *p;
	static const char *const names[] = {"leaf<int>(a, b)", "a & b", "x", "main"};

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "cpu"), cpi_builder_str(&b, unit), 0);
	for (unsigned i = 0; i < 4; i++) {
		cp_location frame[2] = {named(&b, names[i], "dir/file.c"), named(&b, "main", "")};
		int64_t value = 1000 * (i + 1) + extra;

		cpi_builder_sample(
			&b, cpi_builder_stack(&b, frame, 2), (cp_labels){0}, &value, CP_NO_TIME);
	}
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	return p;
}

/* The output as a string; NULL and the code when it fails. */
static char *draw(struct cpi_env *env, const struct cp_flame_options *options,
	const struct cp_profile *after, const struct cp_profile *before, enum cp_code *ret_code)
{
	struct cpi_flame flame;
	struct cpi_sink sink;
	char *out = NULL;
	enum cp_code code;

	cpi_sink_memory(&sink, &env->mem);
	code = cpi_flame_init(&flame, env, options, NULL);
	if (!code)
		code = cpi_flame_add(&flame, after, CP_FLAME_AFTER, NULL);
	if (!code && before)
		code = cpi_flame_add(&flame, before, CP_FLAME_BEFORE, NULL);
	if (!code)
		code = cpi_flame_write(&flame, &sink, NULL);
	cpi_flame_release(&flame);
	if (!code)
		code = cpi_sink_finish(&sink, NULL);
	if (!code) {
		out = malloc(sink.n + 1);
		memcpy(out, sink.buf, sink.n);
		out[sink.n] = 0;
	}
	cpi_sink_release(&sink);
	*ret_code = code;
	return out;
}

static void every_allocation_may_fail(void **state)
{
	static const char *const formats[] = {"svg", "html", "frames"};
	struct cpi_env env, other;
	struct cp_profile *after, *before;

	(void)state;
	cpi_env_init(&env, NULL);
	after = profile(&env, "nanoseconds", 5);
	before = profile(&env, "nanoseconds", 0);
	for (unsigned i = 0; i < 6; i++) {
		struct cp_flame_options options = {
			.format = formats[i / 2], .diff = i % 2, .subtitle = "s"};
		enum cp_code code = CP_ERROR_MEMORY;
		uint64_t n;

		for (n = 1; code; n++) {
			cpi_env_init(&other, NULL);
			other.mem.fail_at = n;
			free(draw(&other, &options, after, i % 2 ? before : NULL, &code));
			assert_true(!code || code == CP_ERROR_MEMORY);
			assert_int_equal(other.mem.used, 0);
			cpi_env_release(&other);
		}
		assert_true(n > 20);
	}
	cp_profile_free(after);
	cp_profile_free(before);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void titles_say_units(void **state)
{
	static const struct {
		const char *unit, *count_name, *want;
	} rows[] = {
		{"nanoseconds", NULL, "<title>main (14.0 µs, 100.00%)</title>"},
		{"bytes", NULL, "<title>main (13.7 kB, 100.00%)</title>"},
		{"count", NULL, "<title>main (14,000 cpu, 100.00%)</title>"},
		{"nanoseconds", "ns", "<title>main (14,000 ns, 100.00%)</title>"},
		{"cycles", NULL, "<title>a &amp; b (3,000 cycles, 21.43%)</title>"},
	};
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cp_profile *p = profile(&env, rows[i].unit, 1000);
		struct cp_flame_options options = {.count_name = rows[i].count_name};
		enum cp_code code;
		char *svg = draw(&env, &options, p, NULL, &code);

		assert_int_equal(code, CP_OK);
		if (!strstr(svg, rows[i].want))
			fail_msg("no %s", rows[i].want);
		free(svg);
		cp_profile_free(p);
	}
	cpi_env_release(&env);
}

static void wrong_options_are_refused(void **state)
{
	static const struct cp_flame_options wrong[] = {
		{.format = "png"},
		{.colors = "pink"},
		{.background = "#12345"},
		{.background = "ell"},
		{.background = "#12345\""},
		{.font = "x;}</style>"},
		{.width = 5},
		{.frame_height = 1000},
		{.sample_type = "wall"},
	};
	struct cpi_env env;
	struct cp_profile *p;
	enum cp_code code;

	(void)state;
	cpi_env_init(&env, NULL);
	p = profile(&env, "count", 0);
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_null(draw(&env, &wrong[i], p, NULL, &code));
		assert_int_equal(code, CP_ERROR_ARGUMENT);
	}
	cp_profile_free(p);
	cpi_env_release(&env);
}

static double luminance(uint32_t color)
{
	double sum = 0;
	static const double weight[] = {0.0722, 0.7152, 0.2126};

	for (unsigned i = 0; i < 3; i++) {
		double c = (color >> (8 * i) & 255) / 255.0;

		sum += weight[i] * (c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
	}
	return sum;
}

/* WCAG's contrast of the black labels on our own colours, for many names and kinds. */
static void labels_can_be_read(void **state)
{
	struct cpi_env env;
	struct cpi_builder b;
	struct cp_profile *p;
	struct cpi_flame flame;
	struct cp_flame_options options = {0};
	unsigned different = 0;

	(void)state;
	cpi_env_init(&env, NULL);
	cpi_builder_init(&b, &env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "x"), cpi_builder_str(&b, "count"), 0);
	for (int i = 0; i < 500; i++) {
		static const char *const forms[] = {
			"pkg%d::f", "net/pkg%d.Do", "plain%d_c", "org/app/Class%d.run", "sys_%d_[k]"};
		char name[40];
		int64_t one = 1;
		cp_location frame;

		snprintf(name, sizeof name, forms[i % 5], i);
		frame = named(&b, name, "");
		cpi_builder_sample(
			&b, cpi_builder_stack(&b, &frame, 1), (cp_labels){0}, &one, CP_NO_TIME);
	}
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	assert_int_equal(cpi_flame_init(&flame, &env, &options, NULL), CP_OK);
	assert_int_equal(cpi_flame_add(&flame, p, CP_FLAME_AFTER, NULL), CP_OK);
	assert_int_equal(cpi_tree_finish(&flame.tree, CPI_TREE_BY_NAME, NULL), CP_OK);
	assert_int_equal(cpi_flame_colors(&flame, NULL), CP_OK);
	for (size_t i = 0; i < flame.tree.frame.n; i++) {
		assert_true((luminance(flame.color[i]) + 0.05) / 0.05 >= 4.5);
		different += i > 1 && flame.color[i] != flame.color[i - 1];
	}
	assert_true(different > 480);
	cpi_flame_release(&flame);
	cp_profile_free(p);
	cpi_env_release(&env);
}

/* Black or white, whichever is easier to read, has 4.5:1 on every colour there is. */
static void words_are_black_or_white(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x1000000; c += 0x010305) {
		double l = luminance(c);
		double contrast = cpi_flame_is_dark(c) ? 1.05 / (l + 0.05) : (l + 0.05) / 0.05;

		assert_true(contrast >= 4.5);
	}
	assert_true(cpi_flame_is_dark(0xcd0000));
	assert_false(cpi_flame_is_dark(0xff8000));
}

static void labels_get_shorter(void **state)
{
	static const struct {
		const char *name;
		double width;
		const char *want;
	} rows[] = {
		{"std::vector<int>::push_back(int const&)", 400, "std::vector&lt;int&gt;::push_back(int const&amp;)"},
		{"std::vector<int>::push_back(int const&)", 240, "std::vector&lt;int&gt;::push_back"},
		{"std::vector<int>::push_back(int const&)", 160, "std::vector::push_back"},
		{"std::vector<int>::push_back(int const&)", 80, "push_back"},
		{"std::vector<int>::push_back(int const&)", 50, "pu…ck"},
		{"net/http.(*conn).serve", 135, "http.(*conn).serve"},
		{"operator()", 200, "operator()"},
		{"do_sock_write.isra.10", 100, "do_sock_write"},
		{"ns::f(int) [clone .part.0]", 60, "ns::f"},
		{"f.constprop.0.cold", 60, "f"},
		{".cold", 60, ".cold"},
		{"render /home/me/src/page.c:120", 130, "render page.c:120"},
		{"std::f(a const&, b/c.d)", 60, "std::f"},
		{"計算する関数", 68, "計算…関数"},
		{"vfs_read_[k]", 100, "vfs_read"},
		{"x", 20, NULL},
		/* Operators: their signs are no brackets, nor is what they convert to a scope. */
		{"std::less<a, b>::operator()(a const&) const", 110, "operator()"},
		{"std::operator< <char, std::char_traits<char> >(int)", 160, "std::operator&lt;"},
		{"std::operator< <char, std::char_traits<char> >(int)", 90, "operator&lt;"},
		{"std::operator<< <std::char_traits<char> >(int)", 160, "std::operator&lt;&lt;"},
		{"std::operator<<char>(a)", 105, "std::operator&lt;"},
		{"a::operator<=>(a<int> const&)", 130, "a::operator&lt;=&gt;"},
		{"a::operator->() const", 110, "a::operator-&gt;"},
		{"a::operator std::vector<int, x>() const", 180, "a::operator std::vector"},
		{"a::operator std::vector<int, x>() const", 130, "operator std::vector"},
		{"my_operator<int>::f(int)", 130, "my_operator::f"},
		{"main::{lambda(std::string)#1}::operator()(int) const", 310,
			"main::{lambda(std::string)#1}::operator()"},
		{"main::{lambda(std::string)#1}::operator()(int) const", 90, "operator()"},
		{"f<int>(a)::{lambda(b::c)#1}", 170, "f(a)::{lambda(b::c)#1}"},
		{"f<int>(a)::{lambda(b::c)#1}", 130, "{lambda(b::c)#1}"},
	};
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cpi_sink sink;
		bool fits;

		cpi_sink_memory(&sink, &env.mem);
		fits = cpi_flame_label(&sink, cpi_text(rows[i].name), rows[i].width, 12);
		cpi_sink_char(&sink, 0);
		assert_int_equal(fits, rows[i].want != NULL);
		if (fits)
			assert_string_equal((char *)sink.buf, rows[i].want);
		cpi_sink_release(&sink);
	}
	cpi_env_release(&env);
}

static void differences_know_noise(void **state)
{
	struct cpi_env env;
	struct cp_profile *after, *before;
	struct cp_flame_options options = {.diff = true, .format = "svg"};
	struct cpi_flame flame;
	struct cpi_sink sink;

	(void)state;
	cpi_env_init(&env, NULL);
	after = profile(&env, "count", 60);
	before = profile(&env, "count", 0);
	cpi_sink_memory(&sink, &env.mem);
	assert_int_equal(cpi_flame_init(&flame, &env, &options, NULL), CP_OK);
	assert_int_equal(cpi_flame_add(&flame, after, CP_FLAME_AFTER, NULL), CP_OK);
	assert_int_equal(cpi_flame_add(&flame, before, CP_FLAME_BEFORE, NULL), CP_OK);
	assert_int_equal(cpi_flame_write(&flame, &sink, NULL), CP_OK);
	/* 10000 and 10240: 240 is below 3·√20240, 427. */
	assert_int_equal(cpi_flame_diff_color(&flame, 0), 0xdadada);
	flame.tree.total[0][0] = 10500;
	assert_int_equal(cpi_flame_diff_color(&flame, 0), 0xfadec0);
	assert_true(cpi_flame_change(&flame, 10500, 10000) == 500);
	/* The same values from samples that weigh ten: 500 is below 3·√205000. */
	flame.weight[0] = flame.weight[1] = 10;
	assert_true(cpi_flame_change(&flame, 10500, 10000) == 0);
	cpi_flame_release(&flame);
	cpi_sink_release(&sink);
	cp_profile_free(after);
	cp_profile_free(before);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(titles_say_units),
		cmocka_unit_test(wrong_options_are_refused),
		cmocka_unit_test(labels_can_be_read),
		cmocka_unit_test(words_are_black_or_white),
		cmocka_unit_test(labels_get_shorter),
		cmocka_unit_test(differences_know_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
