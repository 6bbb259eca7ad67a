/* SPDX-License-Identifier: Apache-2.0 */
/* Each invariant of the model, broken on purpose, is found. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "model/builder.h"

static struct cp_profile *build(struct cpi_env *env)
{
	struct cpi_builder b;
	struct cp_profile *p = NULL;
	cp_location at[2];

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "a"), cpi_builder_str(&b, "b"), 0);
	for (int i = 0; i < 2; i++) {
		struct cp_mapping_row m = {.start = i, .path = cpi_builder_str(&b, "path")};
		struct cp_function_row f = {
			.name = cpi_builder_str(&b, i ? "f" : "g"), .start_line = 1};
		struct cp_line_row line = {cpi_builder_function(&b, &f), i, 0};

		at[i] = cpi_builder_location(
			&b, cpi_builder_mapping(&b, &m), 7, false, &line, 1);
	}
	for (int i = 0; i < 2; i++) {
		struct cp_label label[] = {
			{.key = cpi_builder_str(&b, "n"), .num = i + 1},
			{.key = cpi_builder_str(&b, "k"), .str = cpi_builder_str(&b, "v")},
		};
		int64_t value = 1;

		cpi_builder_sample(&b, cpi_builder_stack(&b, at, 2 - i),
			cpi_builder_labels(&b, label, 2), &value, CP_NO_TIME);
	}
	cpi_builder_comment(&b, CPI_TEXT("note"));
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	return p;
}

/* Each makes one thing wrong. */
#define BREAK(name, what) \
	static void break_##name(struct cp_profile *p) \
	{ \
		what; \
	}

BREAK(string_equal, p->string.v[2] = p->string.v[1])
BREAK(string_empty, p->string.v[2].n = 0)
BREAK(string_end, p->string.v[2].n--)
BREAK(string_none, p->string.v[0] = p->string.v[1])
BREAK(mapping_path, p->mapping.v[1].path.i = 999)
BREAK(mapping_id, p->mapping.v[1].build_id.i = 999)
BREAK(mapping_kind, p->mapping.v[1].kind = 99)
BREAK(mapping_has, p->mapping.v[1].has = 16)
BREAK(mapping_equal, p->mapping.v[2] = p->mapping.v[1])
BREAK(function_name, p->function.v[2].name.i = 999)
BREAK(function_file, p->function.v[2].file.i = 999)
BREAK(function_equal, p->function.v[2] = p->function.v[1])
BREAK(location_mapping, p->location.v[1].mapping.i = 3)
BREAK(location_lines, p->location.v[2].n_lines = 2)
BREAK(location_first, p->location.v[2].first_line = 2)
BREAK(location_equal, p->location.v[2] = p->location.v[1])
BREAK(line_function, p->line.v[1].function.i = 3)
BREAK(stack_end, p->stack_end.v[2]++)
BREAK(stack_start, p->stack_end.v[0] = 1)
BREAK(stack_order, p->stack_end.v[1] = p->stack_end.v[2])
BREAK(frame_zero, p->frame.v[0].i = 0)
BREAK(frame_large, p->frame.v[0].i = 3)
BREAK(stack_equal, p->stack_end.v[1] = 1; p->stack_end.v[2] = 2; p->frame.n = 2;
	p->frame.v[1] = p->frame.v[0])
BREAK(label_key, p->label.v[0].key.i = 999)
BREAK(label_unit, p->label.v[1].unit.i = 999)
BREAK(label_order, struct cp_label x = p->label.v[0]; p->label.v[0] = p->label.v[1];
	p->label.v[1] = x)
BREAK(labels_equal, p->label.v[3] = p->label.v[1])
BREAK(sample_stack, p->sample_stack.v[1].i = 3)
BREAK(sample_labels, p->sample_labels.v[1].i = 3)
BREAK(sample_values, p->value.n--)
BREAK(sample_type, p->sample_type.v[0].unit.i = 999)
BREAK(decimals, p->sample_type.v[0].decimals = 19)
BREAK(comment, p->comment.v[0].i = 999)
BREAK(period, p->header.period_type.type.i = 999)
BREAK(doc, p->header.doc_url.i = 999)

#define ROW(name) {#name, break_##name}

static const struct {
	const char *name;
	void (*make_wrong)(struct cp_profile *p);
} wrong[] = {
	ROW(string_equal), ROW(string_empty), ROW(string_end), ROW(string_none),
	ROW(mapping_path), ROW(mapping_id), ROW(mapping_kind), ROW(mapping_has),
	ROW(mapping_equal), ROW(function_name), ROW(function_file), ROW(function_equal),
	ROW(location_mapping), ROW(location_lines), ROW(location_first),
	ROW(location_equal), ROW(line_function), ROW(stack_end), ROW(stack_start),
	ROW(stack_order), ROW(frame_zero), ROW(frame_large), ROW(stack_equal),
	ROW(label_key), ROW(label_unit), ROW(label_order), ROW(labels_equal),
	ROW(sample_stack), ROW(sample_labels), ROW(sample_values), ROW(sample_type),
	ROW(decimals), ROW(comment), ROW(period), ROW(doc),
};

static void every_break_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct cpi_env env;
		struct cp_profile *p;
		struct cp_error err = {0};

		cpi_env_init(&env, NULL);
		p = build(&env);
		if (cp_profile_check(p, &err))
			fail_msg("%s", err.message);
		wrong[i].make_wrong(p);
		if (cp_profile_check(p, &err) != CP_ERROR_CORRUPT)
			fail_msg("%s is not found", wrong[i].name);
		cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

static void memory_may_fail(void **state)
{
	enum cp_code code = CP_ERROR_MEMORY;
	struct cpi_env env;
	struct cp_profile *p;

	(void)state;
	cpi_env_init(&env, NULL);
	p = build(&env);
	for (uint64_t n = 1; code; n++) {
		env.mem.fail_at = env.mem.ops + n;
		code = cp_profile_check(p, NULL);
		assert_true(!code || code == CP_ERROR_MEMORY);
		assert_true(n < 100);
	}
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_break_is_found),
		cmocka_unit_test(memory_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
