/* SPDX-License-Identifier: Apache-2.0 */
/* What the pprof, folded and raw writers print for one small profile. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "format/format.h"
#include "model/builder.h"
#include "profile.pb-c.h"

static struct cp_line_row line_of(struct cpi_builder *b, const char *name, int64_t line)
{
	struct cp_function_row f = {.name = cpi_builder_str(b, name),
		.system_name = cpi_builder_str(b, name), .file = cpi_builder_str(b, "x.c"),
		.start_line = 1};

	return (struct cp_line_row){cpi_builder_function(b, &f), line, 0};
}

static cp_labels labels_of(struct cpi_builder *b, const char *comm, int64_t pid)
{
	struct cp_label label[] = {
		{.key = cpi_builder_str(b, "pid"), .num = pid, .unit = cpi_builder_str(b, "id")},
		{.key = cpi_builder_str(b, "comm"), .str = cpi_builder_str(b, comm)},
	};

	return cpi_builder_labels(b, label, 2);
}

static enum cp_code build(struct cpi_env *env, struct cp_profile **ret, struct cp_error *err)
{
	struct cpi_builder b;
	struct cp_mapping_row user = {.start = 0x1000, .limit = 0x9000}, kernel = {0};
	struct cp_line_row line[2];
	cp_location at[5];
	cp_mapping m, k;

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(&b, cpi_builder_str(&b, "samples"), cpi_builder_str(&b, "count"), 0);
	cpi_builder_sample_type(
		&b, cpi_builder_str(&b, "cpu"), cpi_builder_str(&b, "nanoseconds"), 0);
	user.path = cpi_builder_str(&b, "/bin/x (deleted)");
	user.has = CP_HAS_FUNCTIONS;
	kernel.path = cpi_builder_str(&b, "[kernel.kallsyms]");
	kernel.kind = CP_MAP_KERNEL;
	m = cpi_builder_mapping(&b, &user);
	k = cpi_builder_mapping(&b, &kernel);
	line[0] = line_of(&b, "inner;one", 3);
	line[1] = line_of(&b, "outer(int)", 9);
	at[0] = cpi_builder_location(&b, m, 0x1234, false, line, 2);
	at[1] = cpi_builder_location(&b, m, 0x2345, false, NULL, 0);
	line[0] = line_of(&b, "std::f<void (int)>\n", 1);
	at[2] = cpi_builder_location(&b, m, 0x3456, true, line, 1);
	at[3] = cpi_builder_location(&b, k, 0xffffffff81000000, false, NULL, 0);
	at[4] = cpi_builder_location(&b, m, 0x3333, false, NULL, 0);
	if (!b.code) {
		cp_location one[] = {at[0], at[1], at[2]}, two[] = {at[3], at[2]};
		cp_location three[] = {at[0], at[4], at[2]};

		cpi_builder_sample(&b, cpi_builder_stack(&b, one, 3),
			labels_of(&b, "worker 1", 7), (int64_t[]){1, 100}, CP_NO_TIME);
		cpi_builder_sample(&b, cpi_builder_stack(&b, two, 2),
			labels_of(&b, "worker 1", 8), (int64_t[]){2, 200}, CP_NO_TIME);
		/* Other address, other pid, same names. */
		cpi_builder_sample(&b, cpi_builder_stack(&b, three, 3),
			labels_of(&b, "worker 1", 9), (int64_t[]){3, -50}, CP_NO_TIME);
		cpi_builder_sample(
			&b, (cp_stack){0}, (cp_labels){0}, (int64_t[]){0, 5}, CP_NO_TIME);
		b.p->header.period_type = b.p->sample_type.v[1];
		b.p->header.period = 10;
		b.p->header.time_nanos = 1500000000123000000;
		b.p->header.duration_nanos = 61500000000;
	}
	cpi_builder_comment(&b, CPI_TEXT("made by a test"));
	return cpi_builder_finish(&b, ret, err);
}

/* The text that a format makes of the profile; the caller releases the sink. */
static enum cp_code text(struct cpi_env *env, const char *format,
	const struct cp_write_options *options, struct cpi_sink *sink, struct cp_error *err)
{
	struct cp_profile *p;
	enum cp_code code = build(env, &p, err);

	cpi_sink_memory(sink, &env->mem);
	if (code)
		return code;
	code = cpi_format_find(format)->write(env, p, options, sink, err);
	if (!code)
		code = cpi_sink_finish(sink, err);
	if (!code) {
		cpi_sink_char(sink, 0);
		code = cpi_sink_finish(sink, err);
	}
	cp_profile_free(p);
	return code;
}

static void expect(const char *format, struct cp_write_options options, const char *want)
{
	struct cpi_env env;
	struct cpi_sink sink;
	struct cp_error err = {0};

	cpi_env_init(&env, NULL);
	assert_int_equal(text(&env, format, &options, &sink, &err), CP_OK);
	assert_string_equal((const char *)sink.buf, want);
	cpi_sink_release(&sink);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void folded_lines(void **state)
{
	(void)state;
	expect("folded", (struct cp_write_options){0},
		"[unknown] 5\n"
		"worker 1;std::f<void (int)>\\x0a;[kernel.kallsyms] 200\n"
		"worker 1;std::f<void (int)>\\x0a;[x];outer(int);inner:one 50\n");
	expect("folded", (struct cp_write_options){.annotate = true, .root = CP_ROOT_PID},
		"?-? 5\n"
		"worker 1-7;std::f<void (int)>\\x0a;[x];outer(int);inner:one_[i] 100\n"
		"worker 1-8;std::f<void (int)>\\x0a;[kernel.kallsyms]_[k] 200\n"
		"worker 1-9;std::f<void (int)>\\x0a;[x];outer(int);inner:one_[i] -50\n");
	expect("folded",
		(struct cp_write_options){.root = CP_ROOT_NONE, .sample_type = "samples"},
		"std::f<void (int)>\\x0a;[kernel.kallsyms] 2\n"
		"std::f<void (int)>\\x0a;[x];outer(int);inner:one 4\n");
}

static void folded_as_perf(void **state)
{
	(void)state;
	expect("folded", (struct cp_write_options){.perf_compat = true, .annotate = true},
		"[unknown] 5\n"
		"worker;std::f<void ;[[kernel.kallsyms]]_[k] 200\n"
		"worker;std::f<void ;[unknown] ;outer 50\n");
}

/* What stackcollapse-perf.pl makes of names and command names. */
static void perf_names(void **state)
{
	static const struct {
		const char *name, *path, *comm, *want;
	} rows[] = {
		{"net/http.(*Client).Do", "/x", "go", "go;net/http.(*Client).Do 1\n"},
		{"(anonymous namespace)::f", "/x", "a b", "a_b 1\n"},
		{"x::(anonymous namespace)::f(int)", "/x", "c", "c;x::(anonymous namespace)::f 1\n"},
		{"f<void (int)>::g", "/x", "worker 12 x", "worker;f<void  1\n"},
		{"say\"'hi;", "/x", "ab 1/2", "ab;sayhi: 1\n"},
		{"Ljava/lang/String", "/tmp/perf-9.map", "java", "java;java/lang/String_[j] 1\n"},
		{"a->b->", "/x", "1 x", "1_x;a;b_[i] 1\n"},
		{"", "[vdso]", "x7 y", "x7_y;[[vdso]]_[k] 1\n"},
		{"[unknown]", "", "n", "n;[unknown] 1\n"},
		{"k", "/boot/vmlinux", "n", "n;k_[k] 1\n"},
		{"k", "/x", " lead", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cp_write_options options = {.perf_compat = true, .annotate = true};
		struct cpi_env env;
		struct cpi_sink sink;
		struct cpi_builder b;
		struct cp_profile *p;
		struct cp_mapping_row m = {0};
		struct cp_line_row line;
		struct cp_label label;
		cp_location at;
		int64_t one = 1;

		cpi_env_init(&env, NULL);
		cpi_builder_init(&b, &env);
		cpi_builder_sample_type(&b, (cp_string){0}, (cp_string){0}, 0);
		m.path = cpi_builder_str(&b, rows[i].path);
		line = line_of(&b, rows[i].name, 0);
		label = (struct cp_label){.key = cpi_builder_str(&b, "comm"),
			.str = cpi_builder_str(&b, rows[i].comm)};
		at = cpi_builder_location(&b, cpi_builder_mapping(&b, &m), 1, false, &line, 1);
		cpi_builder_sample(&b, cpi_builder_stack(&b, &at, 1),
			cpi_builder_labels(&b, &label, 1), &one, CP_NO_TIME);
		assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
		cpi_sink_memory(&sink, &env.mem);
		assert_int_equal(
			cpi_format_find("folded")->write(&env, p, &options, &sink, NULL), CP_OK);
		cpi_sink_char(&sink, 0);
		assert_string_equal((const char *)sink.buf, rows[i].want);
		cpi_sink_release(&sink);
		cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

static void raw_text(void **state)
{
	(void)state;
	expect("raw", (struct cp_write_options){0},
		"Comment: made by a test\n"
		"PeriodType: cpu nanoseconds\n"
		"Period: 10\n"
		"Time: 2017-07-14 02:40:00.123 +0000 UTC\n"
		"Duration: 1m1.\n"
		"Samples:\n"
		"samples/count cpu/nanoseconds\n"
		"          1        100: 1 2 3 \n"
		"                comm:[worker 1]\n"
		"                pid:[7 id]\n"
		"          2        200: 4 3 \n"
		"                comm:[worker 1]\n"
		"                pid:[8 id]\n"
		"          3        -50: 1 5 3 \n"
		"                comm:[worker 1]\n"
		"                pid:[9 id]\n"
		"          0          5: \n"
		"Locations\n"
		"     1: 0x1234 M=1 inner;one x.c:3:0 s=1\n"
		"             outer(int) x.c:9:0 s=1\n"
		"     2: 0x2345 M=1 \n"
		"     3: 0x3456 M=1 [F] std::f<void (int)>\\x0a x.c:1:0 s=1\n"
		"     4: 0xffffffff81000000 M=2 \n"
		"     5: 0x3333 M=1 \n"
		"Mappings\n"
		"1: 0x1000/0x9000/0x0 /bin/x (deleted)  [FN]\n"
		"2: 0x0/0x0/0x0 [kernel.kallsyms]  \n");
}

static bool bytes_are(ProtobufCBinaryData bytes, const char *want)
{
	return bytes.len == strlen(want) && !memcmp(bytes.data, want, bytes.len);
}

/* protobuf-c reads the message; names and numbers are where they belong. */
static void pprof_message(void **state)
{
	struct cpi_env env;
	struct cpi_sink sink;
	struct cp_error err = {0};
	Perftools__Profiles__Profile *m;
	Perftools__Profiles__Sample *s;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(text(&env, "pprof", &(struct cp_write_options){.level = -1}, &sink, &err),
		CP_OK);
	m = perftools__profiles__profile__unpack(NULL, sink.n - 1, sink.buf);
	assert_non_null(m);
	assert_int_equal(m->n_sample, 4);
	s = m->sample[2];
	assert_int_equal(s->n_location_id, 3);
	assert_int_equal(s->location_id[1], 5);
	assert_int_equal(s->value[1], -50);
	assert_int_equal(s->n_label, 2);
	assert_true(bytes_are(m->string_table[s->label[0]->key], "comm"));
	assert_true(bytes_are(m->string_table[s->label[1]->num_unit], "id"));
	assert_int_equal(s->label[1]->num, 9);
	assert_int_equal(m->n_location, 5);
	assert_int_equal(m->location[0]->n_line, 2);
	assert_int_equal(m->location[0]->line[1]->line, 9);
	assert_true(m->location[2]->is_folded);
	assert_int_equal(m->mapping[0]->has_functions, 1);
	assert_true(bytes_are(m->string_table[m->comment[0]], "made by a test"));
	assert_true(bytes_are(m->string_table[m->period_type->unit], "nanoseconds"));
	perftools__profiles__profile__free_unpacked(m, NULL);
	cpi_sink_release(&sink);
	cpi_env_release(&env);
}

static void every_allocation_may_fail(void **state)
{
	static const char *const formats[] = {"pprof", "folded", "raw", "sqlite"};

	(void)state;
	for (size_t f = 0; f < 4; f++) {
		enum cp_code code = CP_ERROR_MEMORY;

		for (uint64_t n = 1; code; n++) {
			struct cpi_env env;
			struct cpi_sink sink;
			struct cp_error err = {0};

			cpi_env_init(&env, NULL);
			env.mem.fail_at = n;
			code = text(&env, formats[f], NULL, &sink, &err);
			/* A libcp without SQLite says so. */
			assert_true(!code || code == CP_ERROR_MEMORY ||
				(f == 3 && code == CP_ERROR_UNSUPPORTED));
			assert_int_equal(err.code, code);
			cpi_sink_release(&sink);
			assert_int_equal(env.mem.used, 0);
			cpi_env_release(&env);
			if (code == CP_ERROR_UNSUPPORTED)
				break;
			assert_true(n < 10000);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded_lines),
		cmocka_unit_test(folded_as_perf),
		cmocka_unit_test(perf_names),
		cmocka_unit_test(raw_text),
		cmocka_unit_test(pprof_message),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
