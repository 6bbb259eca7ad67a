/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports as text are compared with pprof's in tests/conformance. Here: what no peer shows,
 * paths as they are printed, and that reports survive every failed allocation.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "model/builder.h"
#include "op/graph/graph.h"
#include "view/report/report.h"

static void trimmed(const char *path, const char *trim, const char *source, const char *want)
{
	struct cp_text got = cpi_graph_trim_path(cpi_text(path), trim, source);

	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static void paths(void **state)
{
	(void)state;
	trimmed("/go/src/a.c", NULL, NULL, "/go/src/a.c");
	trimmed("/go/src/a.c", "/x:/go/src/", NULL, "a.c");
	trimmed("/go/srcs/a.c", "/go/src", NULL, "/go/srcs/a.c");
	trimmed("/go/src", "/go/src", NULL, "/go/src");
	trimmed("/proc/self/cwd/a.c", NULL, NULL, "a.c");
	trimmed("/proc/self/cwd/./a.c", "/x", NULL, "a.c");
	trimmed("/build/prog/src/a.c", NULL, "/home/me/prog", "src/a.c");
	trimmed("/build/prog/src/a.c", NULL, ":/nowhere:/home/me/prog/", "src/a.c");
	trimmed("/build/prog/src/a.c", "/build", "/home/me/prog", "prog/src/a.c");
	trimmed("/build/programs/a.c", NULL, "/home/me/prog", "/build/programs/a.c");
	trimmed("", "/x", "/y", "");
}

static cp_location at(struct cpi_builder *b, const char *name, const char *file, int64_t line)
{
	struct cp_mapping_row mapping = {.start = 4096, .limit = 8192,
		.path = cpi_builder_str(b, "/bin/app")};
	struct cp_function_row inner = {
		.name = cpi_builder_str(b, name), .file = cpi_builder_str(b, file)};
	struct cp_function_row outer = {.name = cpi_builder_str(b, "outer")};
	struct cp_line_row lines[2] = {{.line = line}, {.line = 1}};

	lines[0].function = cpi_builder_function(b, &inner);
	lines[1].function = cpi_builder_function(b, &outer);
	return cpi_builder_location(
		b, cpi_builder_mapping(b, &mapping), 4096 + (uint64_t)line, false, lines, 2);
}

static struct cp_profile *profile(struct cpi_env *env)
{
	static const char *const files[] = {"a.c", "./a.c", "src/../a.c", "/proc/self/cwd/a.c"};
	struct cpi_builder b;
	struct cp_profile *p;
	cp_location frame[2];

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(
		&b, cpi_builder_str(&b, "cpu"), cpi_builder_str(&b, "nanoseconds"), 0);
	for (int i = 0; i < 4; i++) {
		int64_t value = 1000 * (i + 1);
		struct cp_label label[2] = {{.key = cpi_builder_str(&b, "k"),
						    .str = cpi_builder_str(&b, "v")},
			{.key = cpi_builder_str(&b, "size"), .num = 7 + i,
				.unit = cpi_builder_str(&b, "bytes")}};

		frame[0] = at(&b, "work", files[i], 7);
		frame[1] = at(&b, "main", "main.c", 3);
		cpi_builder_sample(&b, cpi_builder_stack(&b, frame, 2),
			cpi_builder_labels(&b, label, 2), &value, CP_NO_TIME);
	}
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	return p;
}

static enum cp_code report(struct cpi_env *env, const struct cp_profile *p, const char *name,
	const char *format, enum cp_granularity by, struct cpi_sink *sink)
{
	static const char *const filters[] = {"focus=work", NULL};
	const struct cp_report_options options = {.node_count = 3, .node_fraction = -1,
		.edge_fraction = -1, .granularity = by, .filters = filters, .regex = "work",
		.source_path = "/nowhere", .trim_path = "/x"};
	enum cp_code code;

	cpi_sink_memory(sink, &env->mem);
	code = cpi_report_write(env, p, name, format, &options, sink, NULL);
	return code ? code : sink->code;
}

/* Four spellings of one path are one node. */
static void one_file(void **state)
{
	struct cpi_env env;
	struct cpi_sink sink;
	struct cp_profile *p;

	(void)state;
	cpi_env_init(&env, NULL);
	p = profile(&env);
	assert_int_equal(report(&env, p, "top", "csv", CP_BY_LINE, &sink), CP_OK);
	cpi_sink_char(&sink, 0);
	assert_string_equal((char *)sink.buf, "name,flat,cum,unit\n"
					      "\"work a.c:7\",10000,10000,\"nanoseconds\"\n"
					      "\"main main.c:3\",0,10000,\"nanoseconds\"\n"
					      "\"outer :1\",0,10000,\"nanoseconds\"\n");
	cpi_sink_release(&sink);
	cp_profile_free(p);
	cpi_env_release(&env);
}

static void every_allocation_may_fail(void **state)
{
	static const char *const reports[][2] = {{"top", "text"}, {"top", "json"}, {"tree", "text"},
		{"tree", "json"}, {"peek", "text"}, {"traces", "text"}, {"traces", "json"},
		{"list", "text"}, {"tags", "text"}, {"tags", "json"}, {"dot", "text"},
		{"callgrind", "text"}};
	struct cpi_env env, other;
	struct cpi_sink sink;
	struct cp_profile *p;

	(void)state;
	cpi_env_init(&env, NULL);
	p = profile(&env);
	for (size_t i = 0; i < sizeof reports / sizeof *reports; i++) {
		enum cp_code code = CP_ERROR_MEMORY;
		uint64_t n;

		for (n = 1; code; n++) {
			cpi_env_init(&other, NULL);
			other.mem.fail_at = n;
			code = report(&other, p, reports[i][0], reports[i][1], CP_BY_LINE, &sink);
			assert_true(!code || code == CP_ERROR_MEMORY);
			cpi_sink_release(&sink);
			assert_int_equal(other.mem.used, 0);
			cpi_env_release(&other);
		}
		assert_true(n > 3);
	}
	cp_profile_free(p);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(one_file),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
