/* SPDX-License-Identifier: Apache-2.0 */
/* Folded text in, what the profile holds out, shown as folded text again. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "format/folded/folded.h"
#include "format/folded/line.h"
#include "model/builder.h"

struct seen {
	unsigned warnings;
	char message[256]; /* of the first */
};

static void see(const struct cp_diagnostic *d, void *arg)
{
	struct seen *seen = arg;

	if (!seen->warnings++)
		snprintf(seen->message, sizeof seen->message, "%s", d->message);
}

static enum cp_code read_text(struct cpi_env *env, struct cp_text text, bool diff,
	struct cp_profile **ret, struct cp_error *err)
{
	struct cpi_source source = {.n_parts = 1};
	struct cp_read_options options = {.diff_input = diff};

	source.part[0] = (struct cpi_bytes){(const uint8_t *)text.p, text.n, false};
	return cpi_folded_read(env, &source, &options, NULL, ret, err);
}

#define T(literal) {(literal), sizeof(literal) - 1}

static const struct {
	struct cp_text in;
	const char *out;   /* folded, no root */
	unsigned warnings;
	const char *message;
} cases[] = {
	{T("a;b 5\na 7\na;b 1\n"), "a 7\na;b 6\n"},
	{T("a;b 5"), "a;b 5\n"},
	{T("a;b 5\r\nc 1\r\n"), "a;b 5\nc 1\n"},
	{T("\xef\xbb\xbf"
	   "a 1\n"),
		"a 1\n"},
	{T("a;b\t5\n"), "a;b 5\n"},
	{T("a;b  5\n"), "a;b  5\n"}, /* a frame "b " */
	{T("a;b 5  \t\n"), "a;b 5\n"},
	{T(" a;b 5\n"), " a;b 5\n"},
	{T("a;b c d 5\n"), "a;b c d 5\n"},
	{T("a;b; 5\n"), "a;b 5\n"},
	{T(";a 5\n"), "[unknown];a 5\n"},
	{T("a;;b 5\n"), "a;[unknown];b 5\n"},
	{T(" 5\n"), "[unknown] 5\n"},
	{T("a;b 5.75\nb 1\n"), "a;b 5.75\nb 1\n"},
	{T("a 5.\nb 0.250\nc 10\n"), "a 5\nb 0.25\nc 10\n"},
	{T("a 1\nb 2.5\nc 3.125\n"), "a 1\nb 2.5\nc 3.125\n"},
	{T("# note 5\n#x\na 1\n"), "a 1\n"},
	{T("#a;b 5\n"), "#a;b 5\n"},
	{T("a 0\nb 1\n"), "b 1\n"},
	{T("\n\n\na 1\n\n"), "a 1\n"},
	{T("a\xff\xfe;b 5\n"), "a\xff\xfe;b 5\n"},
	{T("a\x1b[1m;b\x00z 5\n"), "a\\x1b[1m;b\\x00z 5\n"},
	{T("a;b_[k] 5\n"), "a;b_[k] 5\n"},
	{T("a;line 12 5\nb 1\n"), "a;line 12 5\nb 1\n"},   /* not every line has two */
	{T("a;b 1 5\na 2 7\n"), "a 7\na;b 5\n"},           /* every line has: "after" */
	{T("a;b 1 5\n\nbad\na 2 7\n"), "a 7\na;b 5\n", 1, "it has no count at its end"},
	{T("a 1\nnothing\n.5\nc .5\nd 1e3\ne -5\nf 0x10\ng 5,000\nh +5\n5\n"), "a 1\ne -5\n", 8,
		"it has no count at its end"},
	{T("a 99999999999999999999\nb 1\n"), "b 1\n", 1, "it has a count beyond 64 bits"},
	{T("a 9223372036854775807\n"), "a 9223372036854775807\n"},
	{T("a 9223372036854775808\nb 1\n"), "b 1\n", 1, "it has a count beyond 64 bits"},
	{T("a 0.1234567890123456789\nb 1\n"), "b 1\n", 1, "it has a count beyond 64 bits"},
	/* Differences; what only looks like one. */
	{T("a;b -5\na 7.5\nc -0.25\n"), "a 7.5\na;b -5\nc -0.25\n"},
	{T("a -5 3\nb 1 -2\n"), "a 3\nb -2\n"},
	{T("a --5\nb- 5\n-c 1\n"), "-c 1\nb- 5\n", 1, "it has no count at its end"},
	{T("a -9223372036854775808\nb -9223372036854775809\n"), "a -9223372036854775808\n", 1,
		"it has a count beyond 64 bits"},
	/* pprofutils' first line; the last type is the default. */
	{T("x/count y/bytes z/ns\na;b 5 500 -1\na 1 2 3.5\n"), "a 3.5\na;b -1\n"},
	{T("\xef\xbb\xbfx/count\r\na;b 5 500\r\n"), "a;b 5; 500\n"},
	{T("x/count y/bytes\na;b 5\na 1 2\n"), "a 2\n", 1, "it has 1 counts, not 2"},
	{T("x/count y\na;b 5\n"), "a;b 5\n", 1, "it has no count at its end"},
	{T("x/count/z\na;b 5\n"), "a;b 5\n", 1, "it has no count at its end"},
	{T("x/y;z/w\na;b 5\n"), "a;b 5\n", 1, "it has no count at its end"},
	{T("a;bc;d 1\na;b;d 2\na;bc;d;e 3\na;bc;d 4\n"), "a;b;d 2\na;bc;d 5\na;bc;d;e 3\n"},
	/* What followed x last is a beginning of the next name, longer than it, alone, … */
	{T("p;x;ab 1\nq;x;abc 2\nr;x;a 3\ns;x;a;ab 4\nt;x 5\nu;x;;ab 6\nv;x;;x;ab 7\n"),
		"p;x;ab 1\nq;x;abc 2\nr;x;a 3\ns;x;a;ab 4\nt;x 5\n"
		"u;x;[unknown];ab 6\nv;x;[unknown];x;ab 7\n"},
};

static void lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct seen seen = {0};
		struct cp_context_options options = {
			.size = sizeof options, .diagnostic = see, .diagnostic_arg = &seen};
		struct cp_write_options plain = {.root = CP_ROOT_NONE};
		struct cpi_env env;
		struct cpi_sink sink;
		struct cp_profile *p;
		struct cp_error err = {0};

		cpi_env_init(&env, &options);
		if (read_text(&env, cases[i].in, false, &p, &err))
			fail_msg("case %zu: %s", i, err.message);
		assert_int_equal(cp_profile_check(p, NULL), CP_OK);
		cpi_sink_memory(&sink, &env.mem);
		assert_int_equal(cpi_folded_write(&env, p, &plain, &sink, &err), CP_OK);
		cpi_sink_char(&sink, 0);
		assert_string_equal((const char *)sink.buf, cases[i].out);
		assert_int_equal(env.diag.total, cases[i].warnings);
		if (cases[i].message)
			assert_string_equal(seen.message, cases[i].message);
		cpi_sink_release(&sink);
		cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

static void two_counts(void **state)
{
	struct cpi_env env;
	struct cp_profile *p;
	struct cp_text text = T("a;b 1 5\na 2.5 7\n"), mixed = T("a 1 2\nb 3\n");

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(read_text(&env, text, false, &p, NULL), CP_OK);
	assert_int_equal(p->sample_type.n, 2);
	assert_int_equal(p->sample_type.v[0].decimals, 1);
	assert_string_equal(p->string.v[p->sample_type.v[0].type.i].p, "before");
	assert_int_equal(p->value.v[0], 10);
	assert_int_equal(p->value.v[1], 50);
	assert_int_equal(p->value.v[2], 25);
	assert_int_equal(p->value.v[3], 70);
	cp_profile_free(p);
	/* One line has one count: all have one, unless the caller says otherwise. */
	assert_int_equal(read_text(&env, mixed, false, &p, NULL), CP_OK);
	assert_int_equal(p->sample_type.n, 1);
	assert_int_equal(p->sample_stack.n, 2);
	cp_profile_free(p);
	assert_int_equal(read_text(&env, mixed, true, &p, NULL), CP_OK);
	assert_int_equal(p->sample_type.n, 2);
	assert_int_equal(p->sample_stack.n, 1);
	assert_int_equal(env.diag.total, 1);
	cp_profile_free(p);
	cpi_env_release(&env);
}

/* Frames of a profile that was not read from text; each is a sample, too. */
static struct cp_profile *of_names(
	struct cpi_env *env, const struct cp_text *name, size_t n)
{
	struct cpi_builder b;
	cp_location frame[8];
	struct cp_profile *p;
	int64_t one = 1;

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(
		&b, cpi_builder_str(&b, "samples"), cpi_builder_str(&b, "count"), 0);
	for (size_t i = 0; i < n; i++) {
		struct cp_function_row row = {.name = cpi_builder_string(&b, name[i])};
		struct cp_line_row line = {.function = cpi_builder_function(&b, &row)};

		frame[i] = cpi_builder_location(&b, (cp_mapping){0}, 0, false, &line, 1);
		cpi_builder_sample(&b, cpi_builder_stack(&b, &frame[i], 1),
			(cp_labels){0}, &one, CP_NO_TIME);
	}
	cpi_builder_sample(
		&b, cpi_builder_stack(&b, frame, (uint32_t)n), (cp_labels){0}, &one,
		CP_NO_TIME);
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	return p;
}

static void names_come_back(void **state)
{
	static const struct cp_text names[][3] = {
		{T("\xef\xbb\xbf"), T("\xef\xbb\xbfmain"), T("main")},
		{T("\xef\xbb\xbf\xef\xbb\xbf" "a"), T("#"), T("#a")},
		{T("# "), T("##"), T("#\xef\xbb\xbf")},
		{T(" "), T("  a"), T("\t")},
		{T(" #"), T(" \xef\xbb\xbf"), T("a ")},
		{T("worker 1"), T("worker 2.5"), T(" 3")},
		{T("worker 1"), T("#2 3"), T("\xef\xbb\xbf 4")},
		{T("1"), T("2"), T("- 3.")},
		{T("99999999999999999999"), T("a 99999999999999999999"), T("b .5")},
	};
	static const struct cp_write_options options = {.root = CP_ROOT_NONE};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct cpi_env env;
		struct cpi_sink one, two;
		struct cp_profile *p, *q;
		struct cp_error err;

		cpi_env_init(&env, NULL);
		p = of_names(&env, names[i], 3);
		cpi_sink_memory(&one, &env.mem);
		cpi_sink_memory(&two, &env.mem);
		assert_int_equal(cpi_folded_write(&env, p, &options, &one, &err), CP_OK);
		assert_int_equal(read_text(&env, (struct cp_text){(char *)one.buf, one.n},
					 false, &q, &err),
			CP_OK);
		assert_int_equal(q->sample_type.n, 1);
		assert_int_equal(cpi_profile_n_samples(q), 4);
		assert_int_equal(q->function.n, p->function.n);
		for (size_t f = 1; f < q->function.n; f++) {
			struct cp_text name =
				cpi_profile_text(q, q->function.v[f].name);
			bool found = false;

			for (size_t k = 0; k < 3; k++)
				found |= cpi_text_equal(name, names[i][k]);
			assert_true(found);
		}
		assert_int_equal(cpi_folded_write(&env, q, &options, &two, &err), CP_OK);
		assert_int_equal(one.n, two.n);
		assert_memory_equal(one.buf, two.buf, one.n);
		cpi_sink_release(&one);
		cpi_sink_release(&two);
		cp_profile_free(p);
		cp_profile_free(q);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

static void failures(void **state)
{
	struct cp_context_options options = {.size = sizeof options, .strict = true};
	struct cp_text bad = T("a 1\nbad\n"), none = T("bad\n"), note = T("# only\n");
	struct cp_text huge = T("a 9223372036854775807\nb 0.5\n");
	struct cpi_env env;
	struct cp_profile *p;
	struct cp_error err = {0};

	(void)state;
	cpi_env_init(&env, &options);
	cpi_diag_begin(&env.diag);
	assert_int_equal(read_text(&env, bad, false, &p, &err), CP_OK);
	cp_profile_free(p);
	assert_int_equal(cpi_diag_end(&env.diag, CP_OK, &err), CP_ERROR_CORRUPT);
	assert_int_equal(err.offset, 4);
	assert_string_equal(err.context, "line 2");
	cpi_env_release(&env);
	options = (struct cp_context_options){
		.size = sizeof options, .limits.stack_depth = 3};
	cpi_env_init(&env, &options);
	assert_int_equal(read_text(&env, none, false, &p, &err), CP_ERROR_EMPTY);
	assert_int_equal(read_text(&env, note, false, &p, &err), CP_ERROR_EMPTY);
	assert_int_equal(read_text(&env, huge, false, &p, &err), CP_ERROR_LIMIT);
	assert_int_equal(err.offset, 22);
	assert_int_equal(
		read_text(&env, (struct cp_text)T("a;b;c 1\na;b;c;d 1\n"), false, &p, &err),
		CP_ERROR_LIMIT);
	assert_string_equal(err.context, "line 2");
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void deep_stacks(void **state)
{
	struct cpi_env env;
	struct cp_profile *p;
	char text[4000];
	struct cp_text in = {text, 0};

	(void)state;
	cpi_env_init(&env, NULL);
	for (int i = 0; i < 1000; i++)
		in.n += (size_t)sprintf(text + in.n, "%c;", 'a' + i % 7);
	in.n += (size_t)sprintf(text + in.n, "z 1\n");
	assert_int_equal(read_text(&env, in, false, &p, NULL), CP_OK);
	assert_int_equal(p->frame.n, 1001);
	assert_int_equal(p->location.n - 1, 8);
	assert_int_equal(p->frame.v[1000].i, 1);
	cp_profile_free(p);
	cpi_env_release(&env);
}

/* Names of every length up to 80, and each with one byte changed, are all different. */
static void names_differ_in_one_byte(void **state)
{
	enum { LONGEST = 80 };
	struct cpi_env env;
	struct cp_profile *p;
	struct cpi_sink text;
	size_t names = 0;

	(void)state;
	cpi_env_init(&env, NULL);
	cpi_sink_memory(&text, &env.mem);
	for (int twice = 0; twice < 2; twice++)
		for (size_t n = 1; n <= LONGEST; n++)
			for (size_t changed = 0; changed <= n; changed++) {
				for (size_t i = 0; i < n; i++)
					cpi_sink_char(&text, i == changed ? 'b' : 'a');
				cpi_sink_str(&text, changed % 9 ? ";" : " 1\n");
				names += !twice;
			}
	cpi_sink_str(&text, "a 1\n");
	assert_int_equal(read_text(&env, (struct cp_text){(char *)text.buf, text.n}, false, &p,
				 NULL), CP_OK);
	assert_int_equal(p->location.n - 1, names);
	for (size_t i = 1; i < p->location.n; i++) {
		struct cp_text a = cpi_profile_text(p, p->function.v[i].name);
		struct cp_text b = cpi_profile_text(p, p->function.v[i - 1].name);

		assert_true(a.n == b.n || a.n == b.n + 1);
		assert_false(cpi_text_equal(a, b));
	}
	assert_int_equal(cp_profile_check(p, NULL), CP_OK);
	cp_profile_free(p);
	cpi_sink_release(&text);
	cpi_env_release(&env);
}

static void every_allocation_may_fail(void **state)
{
	struct cp_text text = T("a;b 1 5\na 2.5 7\nc;d;e 1\n");
	enum cp_code code = CP_ERROR_MEMORY;

	(void)state;
	for (uint64_t n = 1; code; n++) {
		struct cpi_env env;
		struct cp_profile *p = NULL;
		struct cp_error err = {0};

		cpi_env_init(&env, NULL);
		env.mem.fail_at = n;
		code = read_text(&env, text, false, &p, &err);
		assert_true(!code || code == CP_ERROR_MEMORY);
		assert_int_equal(err.code, code);
		if (!code)
			cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
		assert_true(n < 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(two_counts),
		cmocka_unit_test(names_come_back),
		cmocka_unit_test(failures),
		cmocka_unit_test(deep_stacks),
		cmocka_unit_test(names_differ_in_one_byte),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
