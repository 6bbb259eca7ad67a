/* SPDX-License-Identifier: Apache-2.0 */
/* perf script's text in, folded text out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include <math.h>

#include "format/format.h"
#include "format/script/line.h"

static enum cp_code fold(struct cpi_env *env, const char *text,
	const struct cp_read_options *options, const struct cp_write_options *how,
	struct cpi_sink *sink, struct cp_error *err)
{
	struct cpi_source source = {.n_parts = 1};
	struct cp_profile *p;
	enum cp_code code;

	cpi_sink_memory(sink, &env->mem);
	source.part[0] = (struct cpi_bytes){(const uint8_t *)text, strlen(text), false};
	code = cpi_format_find("perf-script")->read(env, &source, options, NULL, &p, err);
	if (code)
		return code;
	assert_true(cp_profile_check(p, NULL) != CP_ERROR_CORRUPT);
	code = cpi_format_find("folded")->write(env, p, how, sink, err);
	cp_profile_free(p);
	cpi_sink_char(sink, 0);
	return code ? code : cpi_sink_finish(sink, err);
}

static uint64_t expect(const char *text, struct cp_read_options options,
	struct cp_write_options how, const char *want)
{
	struct cpi_env env;
	struct cpi_sink sink;
	struct cp_error err = {0};
	uint64_t warnings;

	cpi_env_init(&env, NULL);
	if (fold(&env, text, &options, &how, &sink, &err))
		fail_msg("%s: %s", err.context, err.message);
	assert_string_equal((const char *)sink.buf, want);
	cpi_sink_release(&sink);
	assert_int_equal(env.mem.used, 0);
	warnings = env.diag.total;
	cpi_env_release(&env);
	return warnings;
}

static const char plain[] =
	"# ========\n"
	"# cmdline : /usr/bin/perf record -g ./x\n"
	"#\n"
	"worker 1 25765 [003]  123.456789:     250000 cpu-clock:pppH: \n"
	"\t    5581 std::function<int (long)>::operator()(long) const+0x1f (/bin/x)\n"
	"\t    5582 [unknown] (/memfd:jit (deleted))\n"
	"\tffffffff81000010 entry_SYSCALL_64+0x10 ([kernel.kallsyms])\n"
	"\n"
	":-1 -1 [000] 123.5: 4 cpu-clock:pppH: \n"
	"\t    7000 [unknown] ([unknown])\n"
	"\n"
	"         java 77/78 124.000000001: cpu-clock:pppH:  7f00 Lx/y;::a->b (/tmp/perf-77.map)\n"
	"x 9 [001] 125.0: 6 cpu-clock:pppH: \n"
	"\t  10 leaf (inlined)\n"
	"\t  10 mid (inlined)\n"
	"\t  10 root+0x0 (/bin/x)";

static void text_to_stacks(void **state)
{
	(void)state;
	assert_int_equal(0,
		expect(plain, (struct cp_read_options){0}, (struct cp_write_options){0},
			":-1;[unknown] 4\n"
			"java;Lx/y:::a;b 1\n"
			"worker 1;entry_SYSCALL_64;[memfd:jit];"
			"std::function<int (long)>::operator()(long) const 250000\n"
			"x;root;mid;leaf 6\n"));
	assert_int_equal(0,
		expect(plain, (struct cp_read_options){.labels = CP_LABEL_DEFAULT | CP_LABEL_TID},
			(struct cp_write_options){.root = CP_ROOT_TID, .annotate = true},
			":-1-?/-1;[unknown] 4\n"
			"java-77/78;Lx/y:::a_[j];b_[i] 1\n"
			"worker 1-?/25765;entry_SYSCALL_64_[k];[memfd:jit];"
			"std::function<int (long)>::operator()(long) const 250000\n"
			"x-?/9;root;mid_[i];leaf_[i] 6\n"));
}

static void filters(void **state)
{
	static const char *const comms[] = {"x", "java"}, *const events[] = {"cpu-clock"};
	static const char *const dsos[] = {"perf-77.map"};
	static const int32_t tids[] = {-1}, pids[] = {77};
	static const struct cp_time_span spans[] = {{CP_TIME_NANOS, 124000000000, 124500000000},
		{CP_TIME_OFFSET, 9000000000, INFINITY}};
	struct cp_write_options plainly = {.root = CP_ROOT_NONE};

	(void)state;
	expect(plain, (struct cp_read_options){.comms = comms, .n_comms = 2}, plainly,
		"Lx/y:::a;b 1\nroot;mid;leaf 6\n");
	expect(plain,
		(struct cp_read_options){
			.events = events, .n_events = 1, .tids = tids, .n_tids = 1},
		plainly, "[unknown] 4\n");
	expect(plain, (struct cp_read_options){.pids = pids, .n_pids = 1}, plainly,
		"Lx/y:::a;b 1\n");
	expect(plain, (struct cp_read_options){.dsos = dsos, .n_dsos = 1}, plainly,
		"Lx/y:::a;b 1\n");
	expect(plain, (struct cp_read_options){.cpus = "0,5-7"}, plainly, "[unknown] 4\n");
	expect(plain,
		(struct cp_read_options){.time = {CP_TIME_OFFSET, 500000000, 1000000000}},
		plainly, "Lx/y:::a;b 1\n");
	expect(plain,
		(struct cp_read_options){.time = {CP_TIME_OFFSET, 5000000000, 6000000000},
			.more_times = spans, .n_more_times = 2},
		plainly, "Lx/y:::a;b 1\n");
}

static void several_events(void **state)
{
	static const char text[] = "a 1 1.5: 10 cycles: \n\t1 f (/x)\n\n"
				   "a 1 1.6: sched:sched_switch: prev=a ==> next=b 7\n\t2 g (/x)\n\n";

	(void)state;
	expect(text, (struct cp_read_options){0}, (struct cp_write_options){0}, "a;f 10\n");
	expect(text, (struct cp_read_options){0},
		(struct cp_write_options){.sample_type = "sched:sched_switch:samples"},
		"a;g 1\n");
}

/* What stackcollapse-perf.pl cannot read counts once, beside the first event it can. */
static void compat_events(void **state)
{
	static const char text[] =
		"a 1 1.4: sched:sched_switch: prev=a ==> next=b 7\n\t2 g\n\n"
		"a 1 1.5: 10 cycles: \n\t1 f (/x)\n\n"
		"a 1 1.6: sched:sched_switch: prev=a ==> next=b 7\n\t1 f (/x)\n\n"
		"a 1 1.7: 20 faults: \n\t1 f (/x)\n\n"
		"a 1 300 cycles: \n\t3 h+0x2 (/x)\n\n";
	struct cp_write_options plainly = {.perf_compat = true};

	(void)state;
	assert_int_equal(1, expect(text, (struct cp_read_options){.perf_compat = true}, plainly,
		"a 1\na;f 11\na;h 1\n"));
	assert_int_equal(0, expect(text, (struct cp_read_options){0},
		(struct cp_write_options){.sample_type = "sched:sched_switch:samples"},
		"a;f 1\na;g 1\n"));
	assert_int_equal(0, expect("a 1 300 cycles: \n\t3 h+0x2 (/x)\n\n",
		(struct cp_read_options){.perf_compat = true}, plainly, "a;h 1\n"));
}

static void damage(void **state)
{
	static const char text[] = "what is this\n\t1 f (/x)\n\n"
				   "a 1 1.5: 10 cycles: \n\tbroken\n\tadd\n\t1 f (/x)\n  x.c:12\n\n";

	(void)state;
	assert_int_equal(3,
		expect(text, (struct cp_read_options){0}, (struct cp_write_options){0},
			"a;f 10\n"));
}

static void headers(void **state)
{
	struct script_head h;

	(void)state;
	assert_true(cpi_script_head(
		(struct cp_text)CPI_TEXT("a 12 b 345/678 [012] 9.000001: 7 x/y=1/: z"), &h));
	assert_int_equal(h.comm.n, 6);
	assert_int_equal(h.pid, 345);
	assert_int_equal(h.tid, 678);
	assert_int_equal(h.cpu, 12);
	assert_int_equal(h.time, 9000001000);
	assert_int_equal(h.period, 7);
	assert_int_equal(h.event.n, 6);
	assert_int_equal(h.rest.n, 1);
	assert_true(cpi_script_head((struct cp_text)CPI_TEXT("java  3244 cpu-clock: "), &h));
	assert_int_equal(h.tid, 3244);
	assert_int_equal(h.time, CP_NO_TIME);
	assert_false(cpi_script_head((struct cp_text)CPI_TEXT("a;b 5"), &h));
	assert_false(cpi_script_head((struct cp_text)CPI_TEXT("12 13: 14:"), &h));
}

/* Each image's kind shows in the annotation, and no time in a filter by time. */
static void images(void **state)
{
	static const char text[] =
		"a 1 cycles: \n"
		"\t1 a ([guest.kernel.kallsyms])\n\t2 b ([vdso])\n\t3 c (bpf_prog_1_x)\n"
		"\t4 d ([nf_tables])\n\t5 e (/lib/modules/x.ko.xz)\n\t6 f (/boot/vmlinux-6)\n"
		"\t7 g (//anon)\n\t8 h (/tmp/perf-x.map)\n\t9 i ()\n\tA j->k (/tmp/perf-3.map)\n"
		"\tB ->l-> (/tmp/perf-3.map)\n\tC m+0xZ ((x)\n\tD  (inlined)\n\n"
		"b 2 cycles: \n\tE tail (inlined)\n";
	static const struct cp_time_span share = {CP_TIME_SHARE, 0, 1};
	struct cp_read_options late = {.time = {CP_TIME_NANOS, 0, 1e18}};
	struct cpi_env env;
	struct cpi_sink sink;
	struct cp_error err = {0};

	(void)state;
	expect(text, (struct cp_read_options){0}, (struct cp_write_options){.annotate = true},
		"a;[unknown];m+0xZ;->l->_[j];j_[j];k_[i];i;h_[j];g_[j];f_[k];e_[k];d_[k];c_[k];b;a 1\n"
		"b;tail 1\n");
	expect(text, (struct cp_read_options){.perf_compat = true},
		(struct cp_write_options){.perf_compat = true, .annotate = true},
		"a;[unknown];m+0xZ;_[j];l_[i];j_[j];k_[i];i;h_[j];g;f;e;d_[k];c;b_[k];a_[k] 1\n"
		"b;tail 1\n");
	expect(text, late, (struct cp_write_options){0}, "");
	cpi_env_init(&env, NULL);
	late.time.unit = CP_TIME_SHARE;
	assert_int_equal(fold(&env, text, &late, NULL, &sink, &err), CP_ERROR_UNSUPPORTED);
	late = (struct cp_read_options){
		.time = {CP_TIME_NANOS, 0, 1}, .more_times = &share, .n_more_times = 1};
	assert_int_equal(fold(&env, text, &late, NULL, &sink, &err), CP_ERROR_UNSUPPORTED);
	assert_int_equal(fold(&env, "nothing\n", NULL, NULL, &sink, &err), CP_ERROR_EMPTY);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* Lines that come again: frames, inlined functions, and frames with others inlined. */
static const char repeated[] =
	"x 9 1.0: 6 task-clock: \n\t10 leaf (inlined)\n\t10 root (/bin/x)\n\n"
	"x 9 2.0: 1 task-clock: \n\t10 leaf (inlined)\n\t10 root (/bin/x)\n\n"
	"x 9 3.0: 2 task-clock: \n\t10 root (/bin/x)\n\n"
	"x 9 4.0: 4 task-clock: \n\t10 leaf (inlined)\n\t10 leaf (inlined)\n"
	"\t10 root (/bin/x)\n\n";

static void repeated_lines(void **state)
{
	static const char *const none[] = {"other"};

	(void)state;
	expect(repeated, (struct cp_read_options){0}, (struct cp_write_options){0},
		"x;root 2\nx;root;leaf 7\nx;root;leaf;leaf 4\n");
	expect(repeated, (struct cp_read_options){.labels = CP_LABEL_NONE},
		(struct cp_write_options){0}, "root 2\nroot;leaf 7\nroot;leaf;leaf 4\n");
	expect(repeated, (struct cp_read_options){.labels = CP_LABEL_TID},
		(struct cp_write_options){0}, "root 2\nroot;leaf 7\nroot;leaf;leaf 4\n");
	expect(repeated, (struct cp_read_options){.cpus = "x"}, (struct cp_write_options){0}, "");
	expect(repeated, (struct cp_read_options){.dsos = none, .n_dsos = 1},
		(struct cp_write_options){0}, "");
	expect(repeated, (struct cp_read_options){.events = none, .n_events = 1},
		(struct cp_write_options){0}, "");
	expect(repeated, (struct cp_read_options){.events = none, .n_events = 1, .perf_compat = true},
		(struct cp_write_options){.perf_compat = true}, "");
	/* No frame, and names of generated code that are none. */
	expect("a 1/2 cycles: \n\na 1/2 cycles: \n\t1 f (/tmp/perf-.map)\n"
		"\t2 g (/tmp/perf-99999999999.map)\n\t3 ->h (/tmp/perf-3.map)\n\t4 i-> (/tmp/perf-3.map)\n"
		"\t5 j (/tmp/perf-3x.map)\n\t6 k (/tmp/perf-3.map.x)\n",
		(struct cp_read_options){0}, (struct cp_write_options){0},
		"a 1\na;k;j;i->;->h;g;f 1\n");
	expect("a 1/2 cycles: \n\t1 f (x)\n\na 1/3 cycles: \n\t1 f (x)\n\n:-1 3 cycles: \n\t1 f (x)\n",
		(struct cp_read_options){.pids = (int32_t[]){1}, .n_pids = 1, .tids = (int32_t[]){7, 2},
			.n_tids = 2}, (struct cp_write_options){0}, "a;f 1\n");
}

static int detected(const char *text)
{
	struct cpi_source source = {.n_parts = 1,
		.part[0] = {(const uint8_t *)text, strlen(text), false}};

	return cpi_format_find("perf-script")->detect(&source);
}

static void detection(void **state)
{
	(void)state;
	assert_true(detected(plain) > 50);
	assert_true(detected("a 1 1.0: e: \n\n") > 0);
	assert_int_equal(detected(""), 0);
	assert_int_equal(detected("nothing\n"), 0);
	assert_int_equal(detected("a 1 1.0: e: \nx\ny\nz\n"), 0);
	assert_int_equal(detected("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\na 1 1.0: e: \n\t1 f (x)\n"), 0);
	assert_true(detected("a 1 1.0: e: \na 1 1.0: e: \na 1 1.0: e: \na 1 1.0: e: \n"
		"a 1 1.0: e: \na 1 1.0: e: \na 1 1.0: e: \na 1 1.0: e: \na 1 1.0: e: \n"
		"a 1 1.0: e: \n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n") > 0);
}

static void limits(void **state)
{
	static const char deep[] = "a 1 1.0: e: \n\t1 a (x)\n\t1 a (x)\n\t1 b (x)\n\n";
	static const char sums[] = "a 1 1.0: 9223372036854775807 e: \n\na 1 1.0: 1 e: \n\n";
	struct cp_context_options options = {.size = sizeof options, .limits.stack_depth = 2};
	struct cpi_env env;
	struct cpi_sink sink;
	struct cp_error err = {0};
	char many[300 * 20];
	size_t n = 0;

	(void)state;
	cpi_env_init(&env, &options);
	assert_int_equal(fold(&env, deep, NULL, NULL, &sink, &err), CP_ERROR_LIMIT);
	assert_string_equal(err.context, "line 4");
	assert_int_equal(fold(&env, sums, NULL, NULL, &sink, &err), CP_ERROR_LIMIT);
	for (int i = 0; i < 300; i++)
		n += (size_t)sprintf(many + n, "a 1 1.0: e%d: \n\n", i);
	assert_int_equal(fold(&env, many, NULL, NULL, &sink, &err), CP_ERROR_LIMIT);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void without_memory(const char *text, const struct cp_read_options *options, bool mute)
{
	enum cp_code code = CP_ERROR_MEMORY;

	for (uint64_t n = 1; code; n++) {
		struct cpi_env env;
		struct cpi_sink sink;
		struct cp_error err = {0};

		cpi_env_init(&env, NULL);
		env.mem.fail_at = n;
		code = fold(&env, text, options, NULL, &sink, mute ? NULL : &err);
		assert_true(!code || code == CP_ERROR_MEMORY);
		if (!mute)
			assert_int_equal(err.code, code);
		cpi_sink_release(&sink);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
		assert_true(n < 2000);
	}
}

static void every_allocation_may_fail(void **state)
{
	static const struct cp_read_options labels = {.labels = CP_LABEL_DEFAULT |
		CP_LABEL_TID | CP_LABEL_CPU | CP_LABEL_EVENT | CP_LABEL_TIMESTAMP_NS};

	(void)state;
	without_memory(plain, NULL, false);
	without_memory(plain, &labels, true);
	without_memory(repeated, NULL, false);
	without_memory("a 1 cycles: \n\t1 a->b->c (/tmp/perf-1.map)\n\t2 d (inlined)\n", NULL, true);
}

/* Indentation that got lost, blank lines and all. */
static void unindented(void **state)
{
	(void)state;
	assert_int_equal(0,
		expect("java 19983 cycles:\nffffffff8103d0ca native_write ([kernel.kallsyms])\n"
		       "ffffffff810275f1 enable_all+0x10 ([kernel.kallsyms])\n"
		       "7f5581 spin (/bin/x)\n\n"
		       "java 19983 cycles:\n7f5582 spin+0x1 (/bin/x)\n00007f55820000 bare\n"
		       "java 19983 cycles:\n7f5582 other (deleted) (/bin/x (deleted))\n",
			(struct cp_read_options){0}, (struct cp_write_options){0},
			"java;bare;spin 1\njava;other (deleted) 1\n"
			"java;spin;enable_all;native_write 1\n"));
	/* Words that begin like an address are no frames. */
	assert_int_equal(1,
		expect("java 19983 cycles:\n7f5582 spin (/bin/x)\nfeed me\n",
			(struct cp_read_options){0}, (struct cp_write_options){0},
			"java;spin 1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unindented),
		cmocka_unit_test(text_to_stacks),
		cmocka_unit_test(filters),
		cmocka_unit_test(several_events),
		cmocka_unit_test(compat_events),
		cmocka_unit_test(damage),
		cmocka_unit_test(headers),
		cmocka_unit_test(images),
		cmocka_unit_test(repeated_lines),
		cmocka_unit_test(detection),
		cmocka_unit_test(limits),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
