/* SPDX-License-Identifier: Apache-2.0 */
/* view/summary, and the two writers of JSON: what they say, how long it gets, and memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/format.h"
#include "text_profile.h"
#include "view/summary/summary.h"

static const char *const lines[] = {
	"main@m.c:3;run@r.c:5;hot@h.c:7|comm=sh,size=8:bytes 3 30",
	"main@m.c:4;run@r.c:6+inl@i.h:2;hot@h.c:9 1 9",
	"main@m.c:4;?!/lib/libx.so 0 1",
	"main@m.c:4 0 2",
	NULL,
};

static struct cp_profile *profile(struct cpi_env *env)
{
	struct cp_profile *p;
	struct cp_error err;

	assert_int_equal(text_profile(env, "n/count cpu/nanoseconds", lines, &p, &err), CP_OK);
	return p;
}

static void says(void **state)
{
	static const char want[] =
		"# Profile\n\n"
		"- Measured: `cpu` in `nanoseconds`, total 42ns in 4 samples\n"
		"- One of 2 sample types\n"
		"- With a function's name at the leaf: 41ns (97.62%)\n"
		"\n## Functions by self cost\n\n"
		"| self | with callees | function | hottest line |\n"
		"|---|---|---|---|\n"
		"| 39ns (92.86%) | 39ns (92.86%) | `hot` | `h.c`:7 |\n"
		"| 2ns (4.76%) | 42ns (100%) | `main` | `m.c`:4 |\n"
		"| 1ns (2.38%) | 1ns (2.38%) | `[libx.so]` |  |\n"
		"| 0 (0%) | 39ns (92.86%) | `run` | `r.c` |\n"
		"| 0 (0%) | 9ns (21.43%) | `inl` | `i.h` |\n"
		"\n## Heaviest paths\n\n"
		"- 30ns (71.43%): `main` → `run` → `hot`\n"
		"- 9ns (21.43%): `main` → `run` → `inl` → `hot`\n"
		"- 2ns (4.76%): `main`\n"
		"- 1ns (2.38%): `main` → `[libx.so]`\n"
		"\n## Callers\n\n"
		"- `hot` from `run` 30ns (71.43%), `inl` 9ns (21.43%)\n"
		"- `main` is a root\n"
		"- `[libx.so]` from `main` 1ns (2.38%)\n"
		"- `run` from `main` 39ns (92.86%)\n"
		"- `inl` from `run` 9ns (21.43%)\n";
	struct cpi_env env;
	struct cpi_sink sink;
	struct cp_profile *p;

	(void)state;
	cpi_env_init(&env, NULL);
	p = profile(&env);
	cpi_sink_memory(&sink, &env.mem);
	assert_int_equal(cpi_summary_write(&env, p, "cpu", &sink, NULL), CP_OK);
	cpi_sink_char(&sink, 0);
	assert_string_equal((char *)sink.buf, want);
	cpi_sink_release(&sink);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* 60 functions whose names are longer than anything and need escapes, in deep stacks. */
static void fits(void **state)
{
	struct cpi_env env;
	struct cpi_sink sink;
	struct cpi_builder b;
	struct cp_profile *p;
	struct cp_error err;
	cp_location at[60];
	char name[300];

	(void)state;
	cpi_env_init(&env, NULL);
	cpi_builder_init(&b, &env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "cpu"), cpi_builder_str(&b, "ns"), 0);
	memset(name, '|', sizeof name - 1);
	name[sizeof name - 1] = 0;
	for (int i = 0; i < 3; i++)
		cpi_builder_comment(&b, cpi_text(name));
	for (int i = 0; i < 60; i++) {
		struct cp_function_row f = {0};
		struct cp_line_row line = {.line = INT64_MAX};

		snprintf(name, 4, "%03d", i);
		name[3] = '|';
		f.name = f.file = cpi_builder_str(&b, name);
		line.function = cpi_builder_function(&b, &f);
		at[i] = cpi_builder_location(&b, (cp_mapping){0}, 0, false, &line, 1);
	}
	for (int i = 0; i < 30; i++)
		cpi_builder_sample_sum(&b, cpi_builder_stack(&b, at + i, 30), (cp_labels){0},
			&(int64_t){1234567890123456 + i});
	assert_int_equal(cpi_builder_finish(&b, &p, &err), CP_OK);
	cpi_sink_memory(&sink, &env.mem);
	assert_int_equal(cpi_summary_write(&env, p, NULL, &sink, NULL), CP_OK);
	assert_true(sink.n <= CPI_SUMMARY_BYTES);
	assert_true(sink.n > CPI_SUMMARY_BYTES / 2);
	cpi_sink_char(&sink, 0);
	assert_non_null(strstr((char *)sink.buf, "## Callers\n\n- `"));
	cpi_sink_release(&sink);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static enum cp_code write_as(struct cpi_env *env, const struct cp_profile *p, const char *format,
	struct cpi_sink *sink, struct cp_error *err)
{
	enum cp_code code;

	cpi_sink_memory(sink, &env->mem);
	code = !strcmp(format, "markdown")
		? cpi_summary_write(env, p, NULL, sink, err)
		: cpi_format_find(format)->write(env, p, NULL, sink, err);
	return code ? code : cpi_sink_finish(sink, err);
}

static void samples_by_line(void **state)
{
	struct cpi_env env;
	struct cpi_sink sink;
	struct cp_profile *p;

	(void)state;
	cpi_env_init(&env, NULL);
	p = profile(&env);
	assert_int_equal(write_as(&env, p, "ndjson", &sink, NULL), CP_OK);
	cpi_sink_char(&sink, 0);
	assert_string_equal((char *)sink.buf,
		"{\"stack\":[\"main\",\"run\",\"hot\"],\"values\":{\"n\":3,\"cpu\":30},"
		"\"labels\":{\"comm\": \"sh\", \"size\": {\"value\": 8, \"unit\": \"bytes\"}}}\n"
		"{\"stack\":[\"main\",\"run\",\"inl\",\"hot\"],\"values\":{\"n\":1,\"cpu\":9}}\n"
		"{\"stack\":[\"main\",\"[libx.so]\"],\"values\":{\"n\":0,\"cpu\":1}}\n"
		"{\"stack\":[\"main\"],\"values\":{\"n\":0,\"cpu\":2}}\n");
	cpi_sink_release(&sink);
	cp_profile_free(p);
	cpi_env_release(&env);
}

/* Each allocation fails in turn: an error, or the whole answer; never a leak. */
static void failing_memory(void **state)
{
	static const char *const formats[] = {"markdown", "json", "ndjson", "otlp-json"};
	struct cpi_env own;
	struct cp_profile *p;

	(void)state;
	cpi_env_init(&own, NULL);
	p = profile(&own);
	for (unsigned i = 0; i < sizeof formats / sizeof *formats; i++) {
		bool failed = true;

		for (uint64_t at = 1; failed; at++) {
			struct cpi_env env;
			struct cpi_sink sink;
			struct cp_error err = {0};

			cpi_env_init(&env, NULL);
			env.mem.fail_at = at;
			env.mem.fail_on = true;
			failed = write_as(&env, p, formats[i], &sink, &err);
			assert_true(!failed || err.code == CP_ERROR_MEMORY);
			cpi_sink_release(&sink);
			assert_int_equal(env.mem.used, 0);
			cpi_env_release(&env);
			assert_true(at < 10000);
		}
	}
	cp_profile_free(p);
	cpi_env_release(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says),
		cmocka_unit_test(fits),
		cmocka_unit_test(samples_by_line),
		cmocka_unit_test(failing_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
