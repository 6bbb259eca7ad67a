/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: builder. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "model/builder.h"

/* Two processes, one binary, an inline chain, labels in the wrong order. */
static enum cp_code build(struct cpi_env *env, struct cp_profile **ret, struct cp_error *err)
{
	struct cpi_builder b;
	cp_location loc[2];
	cp_stack stack;
	int64_t one[2] = {1, 10}, two[2] = {2, 20};

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "samples"), cpi_builder_str(&b, "count"), 0);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "cpu"), cpi_builder_str(&b, "ns"), 0);
	for (int turn = 0; turn < 2; turn++) {
		struct cp_mapping_row map = {.start = 0x1000, .limit = 0x9000,
			.path = cpi_builder_str(&b, "/bin/x"), .kind = CP_MAP_USER};
		struct cp_function_row f = {.name = cpi_builder_str(&b, "f")};
		struct cp_function_row g = {.name = cpi_builder_str(&b, "g")};
		struct cp_line_row line[2] = {{cpi_builder_function(&b, &f), 3, 0},
			{cpi_builder_function(&b, &g), 9, 1}};
		cp_mapping m = cpi_builder_mapping(&b, &map);
		struct cp_label label[3] = {
			{.key = cpi_builder_str(&b, "pid"), .num = 7, .unit = cpi_builder_str(&b, "id")},
			{.key = cpi_builder_str(&b, "z"), .str = cpi_builder_str(&b, "v")},
			{.key = cpi_builder_str(&b, "comm"), .str = cpi_builder_str(&b, "x")},
		};

		loc[0] = cpi_builder_location(&b, m, 0x1234, false, line, 2);
		loc[1] = cpi_builder_location(&b, m, 0x2345, false, NULL, 0);
		stack = cpi_builder_stack(&b, loc, 2);
		cpi_builder_sample_sum(
			&b, stack, cpi_builder_labels(&b, label, 3), turn ? two : one);
	}
	cpi_builder_comment(&b, CPI_TEXT("made by a test"));
	return cpi_builder_finish(&b, ret, err);
}

static void rows_are_interned(void **state)
{
	struct cpi_env env;
	struct cp_profile *p;
	struct cp_profile_counts n;
	const struct cp_label *label;
	uint32_t count;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(build(&env, &p, NULL), CP_OK);
	n = cp_profile_counts(p);
	assert_int_equal(n.samples, 1);
	assert_int_equal(n.mappings, 1);
	assert_int_equal(n.functions, 2);
	assert_int_equal(n.locations, 2);
	assert_int_equal(n.lines, 2);
	assert_int_equal(n.stacks, 1);
	assert_int_equal(cp_profile_sample_values(p, 0)[1], 30);
	label = cp_profile_labels(p, cp_profile_sample_labels(p, 0), &count);
	assert_int_equal(count, 3);
	assert_string_equal(cp_profile_string(p, label[0].key).p, "comm");
	assert_string_equal(cp_profile_string(p, label[1].key).p, "z");
	assert_string_equal(cp_profile_string(p, label[2].key).p, "pid");
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void every_allocation_may_fail(void **state)
{
	struct cpi_env env;
	struct cp_profile *p;
	struct cp_error err;
	uint64_t n;

	(void)state;
	for (n = 1;; n++) {
		cpi_env_init(&env, NULL);
		env.mem.fail_at = n;
		if (build(&env, &p, &err) == CP_OK)
			break;
		assert_int_equal(err.code, CP_ERROR_MEMORY);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
	assert_true(n > 10);
	cp_profile_free(p);
	cpi_env_release(&env);
}

static void sums_do_not_wrap(void **state)
{
	struct cpi_env env;
	struct cpi_builder b;
	struct cp_profile *p;
	struct cp_error err;
	int64_t v = INT64_MAX;

	(void)state;
	cpi_env_init(&env, NULL);
	cpi_builder_init(&b, &env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "x"), (cp_string){0}, 0);
	cpi_builder_sample_sum(&b, (cp_stack){0}, (cp_labels){0}, &v);
	cpi_builder_sample_sum(&b, (cp_stack){0}, (cp_labels){0}, &v);
	assert_int_equal(cpi_builder_finish(&b, &p, &err), CP_ERROR_LIMIT);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void copies_are_equal(void **state)
{
	struct cpi_env env;
	struct cp_profile *p, *q;
	struct cpi_builder b;
	struct cpi_builder_map map;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(build(&env, &p, NULL), CP_OK);
	cpi_builder_init(&b, &env);
	assert_true(cpi_builder_map_init(&b, &map, p));
	cpi_builder_copy_header(&b, &map);
	for (int turn = 0; turn < 2; turn++)
		cpi_builder_sample_sum(&b, cpi_builder_copy_stack(&b, &map, p->sample_stack.v[0]),
			cpi_builder_copy_labels(&b, &map, p->sample_labels.v[0]), p->value.v);
	cpi_builder_map_release(&map);
	assert_int_equal(cpi_builder_finish(&b, &q, NULL), CP_OK);
	assert_int_equal(cp_profile_counts(q).locations, 2);
	assert_int_equal(cp_profile_counts(q).lines, 2);
	assert_int_equal(cp_profile_counts(q).comments, 1);
	assert_int_equal(cp_profile_sample_values(q, 0)[1], 60);
	cp_profile_free(p);
	cp_profile_free(q);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_interned),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(sums_do_not_wrap),
		cmocka_unit_test(copies_are_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
