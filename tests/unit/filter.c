/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: filter. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "op/filter/filter.h"
#include "text_profile.h"

static const char *const lines[] = {
	"main@m.c:1;run@r.c:2;alloc+malloc@lib.c:5|comm=sh,bytes=8:bytes 1 10",
	"main@m.c:1;run@r.c:3;work@w.c:4|comm=sh 2 20",
	"main@m.c:1;idle@i.c:9|comm=bash,bytes=2048:bytes 3 30",
	"?#1234!/lib/libc.so;work@w.c:4 4 40",
	NULL,
};

static char out[4096];

static const char *filtered(const char *const *input, const struct cp_filter_options *o)
{
	struct cpi_env env;
	struct cp_profile *p, *q;
	struct cp_error err = {0};

	cpi_env_init(&env, NULL);
	assert_int_equal(text_profile(&env, "n/count cpu/ns", input, &p, NULL), CP_OK);
	if (cpi_filter(&env, p, o, &q, &err)) {
		snprintf(out, sizeof out, "%s: %s", cp_code_name(err.code), err.message);
	} else {
		dump_profile(q, out, sizeof out);
		cp_profile_free(q);
	}
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
	return out;
}

#define FILTERED(...) filtered(lines, &(struct cp_filter_options){__VA_ARGS__})
#define L1 "main@m.c:1;run@r.c:2;alloc+malloc@lib.c:5|comm=sh,bytes=8:bytes 1 10\n"
#define L2 "main@m.c:1;run@r.c:3;work@w.c:4|comm=sh 2 20\n"
#define L3 "main@m.c:1;idle@i.c:9|comm=bash,bytes=2048:bytes 3 30\n"
#define L4 "?#1234!/lib/libc.so;work@w.c:4 4 40\n"

static void nothing_to_do(void **state)
{
	(void)state;
	assert_string_equal(FILTERED(.size = 0), L1 L2 L3 L4);
	assert_string_equal(FILTERED(.focus = ""), L1 L2 L3 L4);
}

static void groups(void **state)
{
	(void)state;
	/* of the leaf and of what calls it; equal neighbours are one */
	assert_string_equal(FILTERED(.group_by = "dso"),
		"[unknown]|comm=sh,bytes=8:bytes 1 10\n[unknown]|comm=sh 2 20\n"
		"[unknown]|comm=bash,bytes=2048:bytes 3 30\nlibc.so;[unknown] 4 40\n");
	assert_string_equal(FILTERED(.group_by = "comm", .taghide = "bytes"),
		"sh|comm=sh 3 30\nbash|comm=bash 3 30\n[unknown] 4 40\n");
	assert_string_equal(FILTERED(.group_by = "sym", .focus = "libc|malloc"),
		"main;run;alloc;malloc|comm=sh,bytes=8:bytes 1 10\n[libc.so];work 4 40\n");
	assert_string_equal(FILTERED(.group_by = "bytes,srcfile,comm", .focus = "idle"),
		"2kB\tm.c\tbash;2kB\ti.c\tbash|comm=bash,bytes=2048:bytes 3 30\n");
	assert_string_equal(FILTERED(.group_by = ""), L1 L2 L3 L4);
	assert_non_null(strstr(FILTERED(.group_by = "dso,file"), "'file'"));
	assert_non_null(strstr(FILTERED(.group_by = ",dso"), "''"));
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(FILTERED(.focus = "^work$"), L2 L4);
	assert_string_equal(FILTERED(.focus = "r\\.c"), L1 L2);
	assert_string_equal(FILTERED(.focus = "libc"), L4);
	assert_string_equal(FILTERED(.ignore = "malloc|idle"), L2 L4);
	assert_string_equal(FILTERED(.focus = "work", .ignore = "run"), L4);
	assert_string_equal(FILTERED(.hide = "^main|malloc|libc", .ignore = "idle"),
		"run@r.c:2;alloc|comm=sh,bytes=8:bytes 1 10\n"
		"run@r.c:3;work@w.c:4|comm=sh 2 20\n"
		"work@w.c:4 4 40\n");
	/* A location without lines is never shown; a sample without frames goes. */
	assert_string_equal(FILTERED(.show = "libc|malloc"), "malloc@lib.c:5|comm=sh,bytes=8:bytes 1 10\n");
	assert_string_equal(FILTERED(.show_from = "run"),
		"run@r.c:2;alloc+malloc@lib.c:5|comm=sh,bytes=8:bytes 1 10\n"
		"run@r.c:3;work@w.c:4|comm=sh 2 20\n");
	assert_string_equal(FILTERED(.show_from = "malloc"), "malloc@lib.c:5|comm=sh,bytes=8:bytes 1 10\n");
	assert_string_equal(FILTERED(.show_from = "libc"), L4);
	assert_string_equal(FILTERED(.prune_from = "alloc$", .focus = "run"),
		"main@m.c:1;run@r.c:2;alloc+malloc@lib.c:5|comm=sh,bytes=8:bytes 1 10\n" L2);
	assert_string_equal(FILTERED(.prune_from = "^alloc$|run", .focus = "run"),
		"main@m.c:1;run@r.c:2;alloc|comm=sh,bytes=8:bytes 1 10\n"
		"main@m.c:1;run@r.c:3|comm=sh 2 20\n");
}

static void tags(void **state)
{
	(void)state;
	assert_string_equal(FILTERED(.tagfocus = "comm=^sh$"), L1 L2);
	assert_string_equal(FILTERED(.tagfocus = "comm:ba"), L3);
	assert_string_equal(FILTERED(.tagfocus = "sh,bash"), L3);
	assert_string_equal(FILTERED(.tagfocus = "comm=bash,^sh"), L1 L2 L3);
	assert_string_equal(FILTERED(.tagignore = "comm=sh"), L4);
	assert_string_equal(FILTERED(.tagfocus = "1kb:"), L3);
	assert_string_equal(FILTERED(.tagfocus = "bytes=:8b"), L1);
	assert_string_equal(FILTERED(.tagfocus = "bytes=8b:2kb"), L1 L3);
	assert_string_equal(FILTERED(.tagfocus = "bytes=8"), "");
	assert_string_equal(FILTERED(.tagfocus = "comm=8"), "");
	assert_string_equal(FILTERED(.tagfocus = "bytes=99999999999999999999b"),
		"argument: tagfocus: a number of \"99999999999999999999b\" exceeds 64 bits");
	assert_string_equal(FILTERED(.tagshow = "^b", .focus = "malloc"),
		"main@m.c:1;run@r.c:2;alloc+malloc@lib.c:5|bytes=8:bytes 1 10\n");
	assert_string_equal(FILTERED(.taghide = "^b", .focus = "malloc"),
		"main@m.c:1;run@r.c:2;alloc+malloc@lib.c:5|comm=sh 1 10\n");
}

static void tag_frames(void **state)
{
	(void)state;
	assert_string_equal(FILTERED(.tagroot = "comm,bytes", .focus = "main", .hide = "run|alloc"),
		"sh@comm;8B@bytes;main@m.c:1|comm=sh,bytes=8:bytes 1 10\n"
		"sh@comm;@bytes;main@m.c:1;work@w.c:4|comm=sh 2 20\n"
		"bash@comm;2kB@bytes;main@m.c:1;idle@i.c:9|comm=bash,bytes=2048:bytes 3 30\n");
	assert_string_equal(FILTERED(.tagleaf = "bytes", .tag_unit = "kb", .focus = "2kB"),
		"main@m.c:1;idle@i.c:9;2kB@bytes|comm=bash,bytes=2048:bytes 3 30\n");
}

static void granularity(void **state)
{
	static const char *const input[] = {
		"main@m.c:1#10!/x;f@a.c:1+in@b.c:2#20!/x 1 1",
		"main@m.c:1#11!/x;f@b.c:3+in@b.c:9#21!/x 1 1",
		NULL,
	};
	struct cp_filter_options o = {.granularity = CP_BY_FUNCTION};

	(void)state;
	assert_string_equal(filtered(input, &o), "main!/x;f+in!/x 2 2\n");
	o.keep_rows = true;
	assert_string_equal(filtered(input, &o), "main!/x;f+in!/x 1 1\nmain!/x;f+in!/x 1 1\n");
	o.keep_rows = false;
	o.granularity = CP_BY_FILEFUNCTION;
	assert_string_equal(filtered(input, &o),
		"main@m.c!/x;f@a.c+in@b.c!/x 1 1\nmain@m.c!/x;f@b.c+in@b.c!/x 1 1\n");
	o.granularity = CP_BY_FILE;
	assert_string_equal(filtered(input, &o), "@m.c!/x;@a.c+@b.c!/x 1 1\n@m.c!/x;@b.c+@b.c!/x 1 1\n");
	o.granularity = CP_BY_LINE;
	o.noinlines = true;
	assert_string_equal(filtered(input, &o),
		"main@m.c:1!/x;f@a.c:1!/x 1 1\nmain@m.c:1!/x;f@b.c:3!/x 1 1\n");
	o.granularity = CP_BY_ADDRESS;
	o.divide_by = 0.5;
	assert_string_equal(filtered(input, &o),
		"main@m.c:1#10!/x;f@a.c:1#20!/x 2 2\nmain@m.c:1#11!/x;f@b.c:3#21!/x 2 2\n");
}

/* drop_frames lives in the header, which text profiles cannot say. */
static void own_expressions(void **state)
{
	static const char *const input[] = {
		"main;user;outer+.malloc(unsigned);deep 1 1",
		"main;free;user 1 1",
		"malloc;free 1 1",
		"main;keepfree;free 1 1",
		NULL,
	};
	struct cp_filter_options o = {.drop_frames = true};
	struct cpi_env env;
	struct cpi_builder b;
	struct cp_profile *p, *q;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(text_profile(&env, "n/count m/count", input, &p, NULL), CP_OK);
	cpi_builder_reopen(&b, p);
	b.p->header.drop_frames = cpi_builder_str(&b, "malloc|.*free");
	b.p->header.keep_frames = cpi_builder_str(&b, "keep.*");
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	assert_int_equal(cpi_filter(&env, p, &o, &q, NULL), CP_OK);
	assert_string_equal(dump_profile(q, out, sizeof out),
		"main;user;outer 1 1\nmain 1 1\nmalloc;free 1 1\nmain;keepfree 1 1\n");
	cp_profile_free(q);
	cpi_builder_reopen(&b, p);
	b.p->header.drop_frames = cpi_builder_str(&b, "mal(loc");
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	assert_int_equal(cpi_filter(&env, p, &o, &q, NULL), CP_OK);
	assert_int_equal(env.diag.total, 1);
	assert_int_equal(cp_profile_counts(q).samples, 4);
	cp_profile_free(q);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void bad_expressions(void **state)
{
	struct cpi_env env;
	struct cpi_regex *rx;
	struct cp_error err;
	char name[64];

	(void)state;
	assert_string_equal(FILTERED(.focus = "a(b"),
		"argument: focus: missing closing parenthesis at character 3 of \"a(b\"");
	assert_string_equal(FILTERED(.tagfocus = "x,*"),
		"argument: tagfocus: quantifier does not follow a repeatable item at character 0 of \"*\"");
	cpi_env_init(&env, NULL);
	env.limits.regex_steps = 1000;
	env.limits.regex_total = 7000;
	assert_int_equal(cpi_regex_new(&env, "focus", CPI_TEXT("(a|aa)+\\d"), 0, &rx, NULL), CP_OK);
	memset(name, 'a', sizeof name);
	for (unsigned i = 0; i < 6; i++)
		assert_false(cpi_regex_match(rx, (struct cp_text){name, sizeof name}));
	assert_int_equal(cpi_regex_status(rx, &err), CP_OK);
	assert_int_equal(env.diag.total, 6);
	assert_false(cpi_regex_match(rx, (struct cp_text){name, sizeof name}));
	assert_int_equal(cpi_regex_status(rx, &err), CP_ERROR_LIMIT);
	assert_string_equal(err.message,
		"the focus expression needs more than 7000 steps (limit regex-total)");
	cpi_regex_free(rx);
	/* An input's own expression ends without an error. */
	assert_int_equal(cpi_regex_new(&env, "drop_frames", CPI_TEXT("(a|aa)+\\d"),
				 CPI_REGEX_CORRUPT, &rx, NULL),
		CP_OK);
	for (unsigned i = 0; i < 9; i++)
		assert_false(cpi_regex_match(rx, (struct cp_text){name, sizeof name}));
	assert_int_equal(cpi_regex_status(rx, &err), CP_OK);
	assert_true(cpi_regex_given_up(rx));
	cpi_regex_free(rx);
	/* Invalid UTF-8 in a name is no reason not to match it. */
	assert_int_equal(cpi_regex_new(&env, "focus", CPI_TEXT("x$"), 0, &rx, NULL), CP_OK);
	assert_true(cpi_regex_match(rx, CPI_TEXT("\xff\xfex")));
	assert_false(cpi_regex_match(rx, CPI_TEXT("x\n")));
	cpi_regex_free(rx);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void simple_names(void **state)
{
	static const char *const pair[][2] = {
		{"f(int)", "f"},
		{".f", "f"},
		{"a::operator()(int)", "a::operator()"},
		{"(anonymous namespace)::f(x)", "(anonymous namespace)::f"},
		{"plain", "plain"},
		{"", ""},
		{".", ""},
		{"(", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof pair / sizeof *pair; i++) {
		struct cp_text simple = cpi_regex_simple_name(cpi_text(pair[i][0]));

		assert_true(cpi_text_equal(simple, cpi_text(pair[i][1])));
	}
}

static void sample_types(void **state)
{
	static const char *const none[] = {NULL};
	struct cpi_env env;
	struct cp_profile *p;
	struct cp_error err;
	uint32_t type = 99;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(
		text_profile(&env, "objects/count space/bytes x/y", none, &p, NULL), CP_OK);
	assert_int_equal(cp_profile_find_sample_type(p, NULL, &type, &err), CP_OK);
	assert_int_equal(type, 2);
	assert_int_equal(cp_profile_find_sample_type(p, "inuse_space", &type, &err), CP_OK);
	assert_int_equal(type, 1);
	assert_int_equal(cp_profile_find_sample_type(p, "0", &type, &err), CP_OK);
	assert_int_equal(type, 0);
	assert_int_equal(cp_profile_find_sample_type(p, "3", &type, &err), CP_ERROR_ARGUMENT);
	assert_int_equal(cp_profile_find_sample_type(p, "cpu", &type, &err), CP_ERROR_ARGUMENT);
	assert_string_equal(
		err.message, "sample_index \"cpu\" is not among objects, space, x");
	cp_profile_free(p);
	cpi_env_release(&env);
}

static void every_allocation_may_fail(void **state)
{
	struct cp_filter_options o = {.focus = "main|work", .hide = "idle", .show_from = "m",
		.tagfocus = "comm=s,b", .taghide = "x", .tagroot = "comm", .tagleaf = "bytes",
		.prune_from = "malloc", .granularity = CP_BY_FUNCTION, .drop_frames = true};
	struct cpi_env env;
	struct cp_profile *p, *q;
	struct cp_error err;
	uint64_t n;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(text_profile(&env, "n/count cpu/ns", lines, &p, NULL), CP_OK);
	for (n = 1;; n++) {
		size_t before = env.mem.used;

		env.mem.ops = 0;
		env.mem.fail_at = n;
		if (cpi_filter(&env, p, &o, &q, &err) == CP_OK)
			break;
		assert_int_equal(err.code, CP_ERROR_MEMORY);
		assert_int_equal(env.mem.used, before);
	}
	assert_true(n > 100);
	cp_profile_free(q);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(groups),
		cmocka_unit_test(names),
		cmocka_unit_test(tags),
		cmocka_unit_test(tag_frames),
		cmocka_unit_test(granularity),
		cmocka_unit_test(own_expressions),
		cmocka_unit_test(bad_expressions),
		cmocka_unit_test(simple_names),
		cmocka_unit_test(sample_types),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
