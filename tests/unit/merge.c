/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: merge. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "op/merge/merge.h"
#include "text_profile.h"

static char out[4096];

struct input {
	const char *types;
	const char *const *lines;
	struct cp_merge_input options;
	int64_t time, duration, period;
	const char *period_unit;
	const char *comment;
};

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct cp_profile *made(struct cpi_env *env, const struct input *input)
{
	struct cp_profile *p;
	struct cpi_builder b;

	assert_int_equal(text_profile(env, input->types, input->lines, &p, NULL), CP_OK);
	cpi_builder_reopen(&b, p);
	b.p->header.time_nanos = input->time;
	b.p->header.duration_nanos = input->duration;
	b.p->header.period = input->period;
	if (input->period_unit) {
		b.p->header.period_type.type = cpi_builder_str(&b, "cpu");
		b.p->header.period_type.unit = cpi_builder_str(&b, input->period_unit);
	}
	if (input->comment)
		cpi_builder_comment(&b, cpi_text(input->comment));
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	return p;
}

/* The merge of all inputs, or NULL with the error printed to `out`. */
static struct cp_profile *merged(struct cpi_env *env, const struct cp_merge_options *o,
	const struct input *input, size_t n)
{
	struct cp_merge *m;
	struct cp_profile *result = NULL;
	struct cp_error err;
	enum cp_code code = CP_OK;

	assert_int_equal(cpi_merge_new(env, o, &m, NULL), CP_OK);
	for (size_t i = 0; i < n && !code; i++) {
		struct cp_profile *p = made(env, &input[i]);

		code = cpi_merge_add(m, p, &input[i].options, &err);
		cp_profile_free(p);
	}
	if (code) {
		snprintf(out, sizeof out, "%s: %s", cp_code_name(code), err.message);
		cp_merge_free(m);
		return NULL;
	}
	assert_int_equal(cpi_merge_finish(m, &result, &err), CP_OK);
	return result;
}

static const char *text(const struct cp_merge_options *o, const struct input *input, size_t n)
{
	struct cpi_env env;
	struct cp_profile *p;

	cpi_env_init(&env, NULL);
	p = merged(&env, o, input, n);
	if (p)
		dump_profile(p, out, sizeof out);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
	return out;
}

#define TEXT(o, inputs) text(&(struct cp_merge_options)o, inputs, sizeof inputs / sizeof *inputs)
#define NO_OPTIONS {.size = 0}

static void equal_samples_add_up(void **state)
{
	const struct input in[] = {
		{"n/count", LINES("main;f 1", "main;f|a=b 2", "main;f 3", "main;g 0")},
		{"n/count", LINES("main;g 5", "main;f|a=b 4")},
	};

	(void)state;
	assert_string_equal(TEXT(NO_OPTIONS, in), "main;f 4\nmain;f|a=b 6\nmain;g 5\n");
}

static void an_order_of_its_own(void **state)
{
	const struct input one[] = {
		{"n/count cpu/ns", LINES("main;g 5 1", "main;f|b=a 4 1", "main;f 1 1"), .comment = "x"},
		{"cpu/ns n/count", LINES("main;a 1 1"), .comment = "c"},
	};
	const struct input two[] = {one[1], one[0]};
	char first[sizeof out];

	(void)state;
	snprintf(first, sizeof first, "%s", TEXT({.canonical = true}, one));
	assert_string_equal(first, "main;a 1 1\nmain;f 1 1\nmain;f|b=a 1 4\nmain;g 1 5\n");
	assert_string_equal(TEXT({.canonical = true}, two), first);
	/* Where all agree about the columns, they stay. */
	assert_string_equal(text(&(struct cp_merge_options){.canonical = true}, one, 1),
		"main;f 1 1\nmain;f|b=a 4 1\nmain;g 5 1\n");
}

static void the_largest_stacks(void **state)
{
	const struct input in[] = {
		{"n/count", LINES("main;a|x=1:b 3", "main;b 4", "main;a 2", "main;c -9", "main;d 1")}};
	const struct input again[] = {
		{"n/count", LINES("(other) 100", "main;a 3", "main;b 4")}};

	(void)state;
	assert_string_equal(TEXT({.max_stacks = 2}, in),
		"main;a|x=1:b 3\nmain;a 2\nmain;c -9\n(other) 5\n");
	assert_string_equal(TEXT({.max_stacks = 4}, in),
		"main;a|x=1:b 3\nmain;b 4\nmain;a 2\nmain;c -9\nmain;d 1\n");
	/* What an earlier merge summed up is no stack that could win. */
	assert_string_equal(TEXT({.max_stacks = 1}, again), "main;b 4\n(other) 103\n");
}

static void what_was_left_out_is_summed_up(void **state)
{
	const struct input in[] = {
		{"n/count", LINES("f 1"), .comment = "cpmerge: left out (truncated): 3"},
		{"n/count", LINES("f 1"), .comment = "cpmerge: left out (a): x"},
		{"n/count", LINES("f 1"), .comment = "cpmerge: left out (truncated): 4"},
	};
	static const char *const want[] = {"cpmerge: left out (a): x",
		"cpmerge: left out (corrupt): 2", "cpmerge: left out (truncated): 7"};
	struct cpi_env env;
	struct cp_merge *m;
	struct cp_profile *p;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_merge_new(&env, &(struct cp_merge_options)NO_OPTIONS, &m, NULL), CP_OK);
	for (int i = 0; i < 3; i++) {
		p = made(&env, &in[i]);
		assert_int_equal(cpi_merge_add(m, p, &in[i].options, NULL), CP_OK);
		cp_profile_free(p);
	}
	assert_int_equal(cpi_merge_skip(m, "corrupt", 2, NULL), CP_OK);
	memset(out, 'x', 99);
	out[99] = 0;
	assert_int_equal(cpi_merge_skip(m, out, 1, NULL), CP_ERROR_ARGUMENT);
	assert_int_equal(cpi_merge_finish(m, &p, NULL), CP_OK);
	assert_int_equal(cp_profile_counts(p).comments, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_string_equal(cp_profile_comment(p, i).p, want[i]);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void cancelled_samples_go(void **state)
{
	struct cpi_env env;
	struct cp_profile *p;
	struct input in[] = {
		{"n/count m/count", LINES("main!/first;f 1 1", "main;g@g.c 2 0", "main;h 1 1")},
		{"n/count m/count", LINES("main;g@g.c 2 0", "main!/first;f 1 1"), {.weight = -1}},
	};

	(void)state;
	cpi_env_init(&env, NULL);
	p = merged(&env, &(struct cp_merge_options)NO_OPTIONS, in, 2);
	assert_string_equal(dump_profile(p, out, sizeof out), "main;h 1 1\n");
	/* What they referred to is gone, but for the first mapping. */
	assert_int_equal(cp_profile_counts(p).functions, 2);
	assert_int_equal(cp_profile_counts(p).locations, 2);
	assert_int_equal(cp_profile_counts(p).mappings, 1);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void sample_types(void **state)
{
	const struct input two[] = {
		{"n/count cpu/ms x/y", LINES("main;f 1 5 1", "main;g 0 0 7", "main;h 2 0 0")},
		{"cpu/ns n/count", LINES("main;h 3 4", "main;g 1 0")},
	};
	const struct input none[] = {{"n/count", LINES("f 1")}, {"m/count", LINES("f 1")}};
	const struct input units[] = {{"n/count", LINES("f 1")}, {"n/ns", LINES("f 1")}};

	(void)state;
	assert_string_equal(TEXT(NO_OPTIONS, two), "main;f 1 5000000\nmain;h 6 3\nmain;g 0 1\n");
	assert_string_equal(TEXT({.types = CP_MERGE_UNION}, two),
		"main;f 1 5000000 1\nmain;g 0 1 7\nmain;h 6 3 0\n");
	assert_string_equal(TEXT({.pprof_compat = true}, two),
		"main;f 1 5000000\nmain;h 4 3\nmain;g 0 1\n");
	assert_string_equal(TEXT(NO_OPTIONS, none),
		"argument: no sample type is common to this and the profiles before");
	assert_string_equal(TEXT({.types = CP_MERGE_UNION}, none), "f 1 1\n");
	assert_string_equal(TEXT(NO_OPTIONS, units),
		"argument: incompatible sample types: n/ns here, n/count before");
}

static void labels_and_weights(void **state)
{
	static const struct cp_merge_label label[] = {{"host", "a"}, {"env", "p"}};
	const struct input in[] = {
		{"n/count", LINES("f|env=q,z=1:b 1", "f|z=1:b 2"), {.labels = label, .n_labels = 2}},
		{"n/count", LINES("f|z=1:b 1"), {.weight = 2.5}},
	};
	const struct input large[] = {
		{"n/count", LINES("f 9223372036854775807"), {.weight = 2}}};

	(void)state;
	assert_string_equal(TEXT(NO_OPTIONS, in), "f|env=p,host=a,z=1:b 3\nf|z=1:b 3\n");
	assert_string_equal(TEXT({.pgo = true}, in), "f 6\n");
	assert_string_equal(TEXT(NO_OPTIONS, large),
		"limit: a value exceeds 64 bits in the unit common to all inputs");
}

static void headers(void **state)
{
	struct cpi_env env;
	struct cp_profile *p;
	const struct cp_profile_header *h;
	const struct input in[] = {
		{"n/count", LINES("f 1"), .time = 5, .duration = 10, .period = 2,
			.period_unit = "ms", .comment = "one"},
		{"n/count", LINES("f 1"), .time = 0, .duration = 10, .period = 3,
			.period_unit = "ns", .comment = "one"},
		{"n/count", LINES("f 1"), .time = 7, .duration = 1, .comment = "two"},
	};

	(void)state;
	cpi_env_init(&env, NULL);
	p = merged(&env, &(struct cp_merge_options)NO_OPTIONS, in, 3);
	h = cp_profile_header(p);
	assert_int_equal(h->time_nanos, 5);
	assert_int_equal(h->duration_nanos, 21);
	assert_int_equal(h->period, 2000000);
	assert_string_equal(cp_profile_string(p, h->period_type.unit).p, "ns");
	assert_int_equal(cp_profile_counts(p).comments, 2);
	cp_profile_free(p);
	p = merged(&env, &(struct cp_merge_options){.pprof_compat = true}, in, 2);
	assert_int_equal(cp_profile_header(p)->time_nanos, 0);
	cp_profile_free(p);
	assert_null(merged(&env, &(struct cp_merge_options){.pprof_compat = true}, in, 3));
	cpi_env_release(&env);
}

/* One location, in a file mapped at `start`, with an inline chain. */
static struct cp_profile *mapped(struct cpi_env *env, uint64_t start, int64_t inner_column)
{
	struct cpi_builder b;
	struct cp_mapping_row map = {.start = start, .limit = start + 0x1f00, .offset = 0x1000};
	struct cp_function_row f = {.start_line = 1};
	struct cp_line_row line[2];
	cp_location location;
	struct cp_profile *p;
	int64_t one = 1;

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "n"), cpi_builder_str(&b, "count"), 0);
	map.path = cpi_builder_str(&b, "/lib/x.so");
	f.name = cpi_builder_str(&b, "f");
	line[0] = (struct cp_line_row){cpi_builder_function(&b, &f), 3, inner_column};
	f.name = cpi_builder_str(&b, "g");
	line[1] = (struct cp_line_row){cpi_builder_function(&b, &f), 4, 2};
	location = cpi_builder_location(
		&b, cpi_builder_mapping(&b, &map), start + 0x234, false, line, 2);
	cpi_builder_sample(
		&b, cpi_builder_stack(&b, &location, 1), (cp_labels){0}, &one, CP_NO_TIME);
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	return p;
}

static uint32_t locations_of_three(struct cpi_env *env, bool compat)
{
	static const struct {
		uint64_t start;
		int64_t column;
	} in[] = {{0x400000, 1}, {0x7f0000000000, 1}, {0x400000, 9}};
	struct cp_merge *m;
	struct cp_profile *p;
	uint32_t n;

	assert_int_equal(cpi_merge_new(env,
		&(struct cp_merge_options){.pprof_compat = compat}, &m, NULL), CP_OK);
	for (size_t i = 0; i < 3; i++) {
		p = mapped(env, in[i].start, in[i].column);
		assert_int_equal(
			cpi_merge_add(m, p, &(struct cp_merge_input){.weight = 1}, NULL), CP_OK);
		cp_profile_free(p);
	}
	assert_int_equal(cpi_merge_finish(m, &p, NULL), CP_OK);
	assert_int_equal(cp_profile_counts(p).mappings, 1);
	assert_int_equal(cp_profile_mapping(p, (cp_mapping){1})->start, 0x400000);
	n = cp_profile_counts(p).locations;
	cp_profile_free(p);
	return n;
}

static void addresses_move_with_their_mapping(void **state)
{
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(locations_of_three(&env, false), 2);
	assert_int_equal(locations_of_three(&env, true), 1);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void a_refused_input_changes_nothing(void **state)
{
	const struct input in[] = {
		{"n/count", LINES("main;f 1")},
		{"m/count", LINES("main;f 1")},
		{"n/count", LINES("main;f 2")},
	};
	struct cpi_env env;
	struct cp_merge *m;
	struct cp_profile *p;
	struct cp_error err;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(cpi_merge_new(&env, &(struct cp_merge_options)NO_OPTIONS, &m, NULL), CP_OK);
	for (int i = 0; i < 3; i++) {
		p = made(&env, &in[i]);
		assert_int_equal(cpi_merge_add(m, p, &in[i].options, &err),
			i == 1 ? CP_ERROR_ARGUMENT : CP_OK);
		cp_profile_free(p);
	}
	assert_int_equal(cpi_merge_finish(m, &p, NULL), CP_OK);
	assert_string_equal(dump_profile(p, out, sizeof out), "main;f 3\n");
	cp_profile_free(p);
	assert_int_equal(cpi_merge_new(&env, &(struct cp_merge_options)NO_OPTIONS, &m, NULL), CP_OK);
	assert_int_equal(cpi_merge_finish(m, &p, &err), CP_ERROR_ARGUMENT);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static enum cp_code merge_two(struct cpi_env *env, const struct cp_merge_options *options,
	struct cp_profile *const *p, struct cp_profile **ret)
{
	static const struct cp_merge_label label = {"k", "v"};
	struct cp_merge_input o = {.labels = &label, .n_labels = 1};
	struct cp_merge *m;
	struct cp_error err;
	enum cp_code code = cpi_merge_new(env, options, &m, &err);

	if (code)
		return code;
	for (int i = 0; i < 2 && !code; i++)
		code = cpi_merge_add(m, p[i], &o, &err);
	if (!code)
		return cpi_merge_finish(m, ret, &err);
	cp_merge_free(m);
	return code;
}

static void allocations_fail(const struct cp_merge_options *options)
{
	const struct input in[] = {
		{"n/count cpu/ms", LINES("main!/x;f#12!/x 1 5", "main;g|a=b,c=1:d 3 3"), .comment = "c"},
		{"cpu/ns", LINES("main!/x;f#12!/x 5000000", "?;main -5000000", "main;h 1"),
			.comment = "cpmerge: left out (corrupt): 1"},
	};
	struct cpi_env env;
	struct cp_profile *p[2], *q;
	enum cp_code code;
	uint64_t n;

	cpi_env_init(&env, NULL);
	for (int i = 0; i < 2; i++)
		p[i] = made(&env, &in[i]);
	for (n = 1;; n++) {
		size_t before = env.mem.used;

		env.mem.ops = 0;
		env.mem.fail_at = n;
		code = merge_two(&env, options, p, &q);
		if (!code)
			break;
		assert_int_equal(code, CP_ERROR_MEMORY);
		assert_int_equal(env.mem.used, before);
	}
	assert_true(n > 100);
	cp_profile_free(q);
	for (int i = 0; i < 2; i++)
		cp_profile_free(p[i]);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	allocations_fail(&(struct cp_merge_options){.pprof_compat = true});
	allocations_fail(&(struct cp_merge_options){.canonical = true, .max_stacks = 2});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_samples_add_up),
		cmocka_unit_test(an_order_of_its_own),
		cmocka_unit_test(the_largest_stacks),
		cmocka_unit_test(what_was_left_out_is_summed_up),
		cmocka_unit_test(cancelled_samples_go),
		cmocka_unit_test(sample_types),
		cmocka_unit_test(labels_and_weights),
		cmocka_unit_test(headers),
		cmocka_unit_test(addresses_move_with_their_mapping),
		cmocka_unit_test(a_refused_input_changes_nothing),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
