/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: legacy. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "format/legacy/legacy.h"
#include "text_profile.h"

extern const struct cpi_format cpi_format_legacy_cpu, cpi_format_legacy_heap,
	cpi_format_legacy_jemalloc, cpi_format_legacy_count, cpi_format_legacy_thread,
	cpi_format_legacy_contention, cpi_format_legacy_java, cpi_format_legacy_symbols,
	cpi_format_legacy_goroutines;

static char out[4096];

static enum cp_code read_text(struct cpi_env *env, const struct cpi_format *format,
	const char *text, struct cp_profile **ret, struct cp_error *err)
{
	struct cpi_source source = {
		.n_parts = 1, .part[0] = {(const uint8_t *)text, strlen(text)}};

	assert_true(format->detect(&source) > 0);
	return format->read(env, &source, NULL, NULL, ret, err);
}

/* "START-LIMIT OFFSET PATH BUILDID" of each mapping, a comma between. */
static void dump_mappings(const struct cp_profile *p, char *buf, size_t room)
{
	size_t n = 0;

	buf[0] = 0;
	for (uint32_t i = 1; i <= cp_profile_counts(p).mappings; i++) {
		const struct cp_mapping_row *m = cp_profile_mapping(p, (cp_mapping){i});

		n += (size_t)snprintf(buf + n, room - n, "%s%llx-%llx %llx %s %s",
			i > 1 ? "," : "", (unsigned long long)m->start,
			(unsigned long long)m->limit, (unsigned long long)m->offset,
			cp_profile_string(p, m->path).p, cp_profile_string(p, m->build_id).p);
	}
}

static const char *mappings_of(const char *addresses, const char *map)
{
	char text[1024];
	struct cpi_env env;
	struct cp_profile *p;

	snprintf(text, sizeof text, "--- contention:\n 1 1 @ %s\n--- Memory map: ---\n%s",
		addresses, map);
	cpi_env_init(&env, NULL);
	assert_int_equal(read_text(&env, &cpi_format_legacy_contention, text, &p, NULL), CP_OK);
	dump_mappings(p, out, sizeof out);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
	return out;
}

static void attributes_beyond_the_limit(void)
{
	char map[1000];
	size_t n = 0;

	for (int i = 0; i < 70; i++)
		n += (size_t)sprintf(map + n, "n%02d=/v%02d\n", i, i);
	sprintf(map + n, "1000-2000: $n63$n64\n");
	assert_string_equal(mappings_of("0x1001", map), "1000-2000 0 /v63$n64 ");
}

static void memory_maps(void **state)
{
	(void)state;
	/* Both kinds of line; what is not code is left out; the program comes first. */
	assert_string_equal(mappings_of("0x1001",
		"1000-2000 r-xp 00000500 08:01 77 /lib/x.so.1 (deleted)\n"
		"2000-3000 rw-p 00000000 08:01 77 /lib/x.so.1\n"
		"0x4000-0x5000: /bin/x (@600) 0AbC trailing\n"),
		"4000-5000 600 /bin/x 0AbC,1000-2000 500 /lib/x.so.1 ");
	/* Neighbours with offsets that agree are one. */
	assert_string_equal(mappings_of("0x1001",
		"1000-2000 r-xp 00001000 08:01 7 /bin/x\n2000-3000 r-xp 00002000 08:01 7 /bin/x\n"
		"3000-4000 r-xp 00009000 08:01 7 /bin/x\n"),
		"1000-3000 1000 /bin/x ,3000-4000 9000 /bin/x ");
	assert_string_equal(mappings_of("0x401001", "401000-402000: /bin/x (@1000)\n"),
		"400000-402000 0 /bin/x ");
	assert_string_equal(mappings_of("0x2001",
		"1000-2000: /anon_hugepage_1\n2000-3000: /bin/x\n"), "2000-3000 0 /bin/x ");
	/* An address below a mapping whose beginning is missing belongs to it. */
	assert_string_equal(mappings_of("0x8101", "9000-a000: /bin/x (@1000)\n"),
		"8000-a000 0 /bin/x ");
	/* One that nothing covers gets a mapping of everything, last. */
	assert_string_equal(mappings_of("0x101 0x99", "9000-a000: /bin/x\n"),
		"9000-a000 0 /bin/x ,0-ffffffffffffffff 0  ");
	/* What is no entry: no number, no end, more than 64 bits, words run into it. */
	assert_string_equal(mappings_of("0x1001",
		"x\n1000\n1000-\n1000:2000\n11111111111111111-2\n1000-2000x\n1000-2000 ---p /x\n"
		"3000-4000 r-xp 0 8:1 5\n5000-6000 /x (@zz) id\n7000-8000 /y (@10 id\n"
		"9000 a000 \nb000-c000 r-xp 0 8 5 /z\n[x:1] d000-e000: /q\nx:a] d000-e000: /q\n"
		"x:1]\n=5\n"),
		"5000-6000 0 /x ,3000-4000 0  ,7000-8000 0 /y ,9000-a000 0  ,b000-c000 0 0 8,"
		"0-ffffffffffffffff 0  ");
	assert_string_equal(mappings_of("0x1001",
		"dir=/opt\nname.cc:12] 1000-2000: $dir/x$dir$unknown\nnonsense\n"),
		"1000-2000 0 /opt/x/opt$unknown ");
	/* Tabs; build ids of neighbours; what begins or ends like a logger's prefix. */
	assert_string_equal(mappings_of("0x1001",
		"1000-2000\t/bin/x\t(@1000)\tab\n2000-3000: /bin/x (@2000) ab\n"
		"3000-4000: /bin/x (@3000) cd\n12] 5000-6000: /q\na[b:1] 6000-7000: /q\n"
		"a:b1] 7000-8000: /q\na:1]7000-8000: /q\n"),
		"1000-3000 1000 /bin/x ab,3000-4000 3000 /bin/x cd");
	/* Libraries by name, what is deleted, and a program that only looks like one. */
	assert_string_equal(mappings_of("0x1001",
		"1000-2000: /a.so\n3000-4000: /b.so_1\n5000-6000: /c.so.2\n7000-8000: (deleted)\n"
		"9000-a000: [vdso]\nb000-c000: /d.so.x\nd000-e000: /e.so.\n"),
		"b000-c000 0 /d.so.x ,3000-4000 0 /b.so_1 ,5000-6000 0 /c.so.2 ,"
		"7000-8000 0 (deleted) ,9000-a000 0 [vdso] ,1000-2000 0 /a.so ,d000-e000 0 /e.so. ");
	assert_string_equal(mappings_of("0x1001", "1000-2000: /anon_hugepage_1\n"),
		"1000-2000 0 /anon_hugepage_1 ");
	assert_string_equal(mappings_of("0x1001",
		"1000-2000: /anon_hugepage_1\n3000-4000: /bin/x\n"),
		"1000-2000 0 /anon_hugepage_1 ,3000-4000 0 /bin/x ");
	/* The last entry begins at 0 or reaches to the end, and is none of ours. */
	assert_string_equal(mappings_of("0x101", "0-10\n"), "0-10 0  ,0-ffffffffffffffff 0  ");
	assert_string_equal(
		mappings_of("0x101", "1000-ffffffffffffffff\n"),
		"1000-ffffffffffffffff 0  ,0-ffffffffffffffff 0  ");
	/* More definitions than are kept. */
	attributes_beyond_the_limit();
}

static const struct {
	const struct cpi_format *format;
	const char *text, *want;
} good[] = {
	{&cpi_format_legacy_heap,
		"heap profile: 1: 20 [3: 60] @ heap/2\n# c\n 1: 20 [3: 60] @ 0x11 0x21\n",
		"?#20;?#10|bytes=20 3 60 1 20\n"},
	{&cpi_format_legacy_heap,
		"heap profile: 1: 20 [1: 20] @ heap_v2/100\n 1: 20 [1: 20] @ 0x11\n",
		"?#10|bytes=20 5 110\n"},
	{&cpi_format_legacy_jemalloc,
		"heap_v2/100\n  t*: 1: 20 [0: 0]\n@ 0x11\n  t*: 1: 20 [0: 0]\n  t0: 1: 20 [0: 0]\n",
		"?#10|bytes=20 5 110\n"},
	{&cpi_format_legacy_count, "# c\n\nx profile: total 3\n2 @ 0x11 0x21\n1 @\n---\n",
		"?#20;?#10 2\n 1\n"},
	{&cpi_format_legacy_thread,
		"--- threadz 1 ---\n\n--- Thread 1f (name: a/1) stack: ---\n PC: 0x11: f\n 0x11: g\n"
		" 0x21: h\n--- Thread 20 (name: b/2) stack: ---\n  [same as previous thread]\n",
		"?#20;?#11 2\n"},
	{&cpi_format_legacy_contention,
		"--- mutex:\ncycles/second=2000000000\nsampling period=10\n100 3 @ 0x11\n",
		"?#10 30 500\n"},
	{&cpi_format_legacy_contention, "--- mutex:\nsampling period=10\n100 3 @ 0x11\n",
		"?#10 30 100\n"},
	{&cpi_format_legacy_java,
		"--- contentionz 1 ---\nformat = java\nresolution = microseconds\n"
		"sampling period = 10\n 7 2 @ 0x1 0x2\n 0x1 f(int) (A.java:3)\n 0x2 GC\n",
		"GC;f(int)@A.java:3 20 70\n"},
	{&cpi_format_legacy_symbols,
		"--- symbol\nbinary=/bin/x\n0x0011 in--out<0000000000000010>\n---\n--- heap\n"
		"heap profile: 1: 2 [1: 2] @ heapprofile\n1: 2 [1: 2] @ 0x11\n",
		"out+in#10!/bin/x|bytes=2 1 2\n"},
	{&cpi_format_legacy_symbols,
		"--- symbol\n0x0011 a<000000000000001g>--b<\n---\n--- heap\n"
		"heap profile: 1: 2 [1: 2] @ heapprofile\n1: 2 [1: 2] @ 0x11\n",
		"b<+a<000000000000001g>#10|bytes=2 1 2\n"},
	/* Numbers that are no addresses: each has a name, and so has the one before it. */
	{&cpi_format_legacy_symbols,
		"--- symbol\n0x1 leaf\n0x2 mid\n0x3 root\n---\n--- contention\n--- mutex:\n"
		"5 1 @ 0x1 0x2 0x3\n7 1 @ 0x2 0x3\n",
		"root#3;mid#2;leaf#1 1 5\nroot#3;mid#2 1 7\n"},
	/* The same, but for one frame: then they are addresses. */
	{&cpi_format_legacy_symbols,
		"--- symbol\n0x1 leaf\n0x2 mid\n---\n--- contention\n--- mutex:\n"
		"5 1 @ 0x1 0x2 0x4\n",
		"?#3;leaf#1;leaf 1 5\n"},
	/* Memory that was mapped has no objects. */
	{&cpi_format_legacy_heap,
		"heap profile: 1: 20 [3: 60] @ heapprofile\n0: 4096 [1: 8192] @ 0x11\n"
		"-1: 96 [1: 20] @ 0x21\n",
		"?#10|bytes=8192 1 8192 0 4096\n?#20|bytes=-96 1 20 -1 96\n"},
	{&cpi_format_legacy_heap,
		"heap profile: 1: 2 [3: 4] @ heapz_v2/1\n0: 0 [0: 4] @ 0x11\n0: 0 [3: 4] @ 0x11\n",
		"?#10 0 4 0 0\n?#10|bytes=1 3 4 0 0\n"},
	/* Go's remarks: hidden at the leaf and the root, inlined, recursion of both kinds. */
	{&cpi_format_legacy_count,
		"x profile: total 3\n2 @ 0x11 0x21 0x21 0x31 0x41\n"
		"# labels: {\"b\":\"c \\\"d\\\" \\x41\\n\", \"a\":\"\"}\n"
		"#\t0x20\tp.in+0x10\t\t/p.go:7\n#\t0x20\tp.out+0x20\t/p.go:8\n"
		"#\t0x20\tp.in+0x10\t/p.go:7\n#\t0x20\tp.out+0x20\t/p.go:8\n"
		"#\t0x30\tp.main+0xff\tC:/p q.go:9\n\n1 @ 0x11 0x21\n#\t0x20\tq.other+0x1\t/q.go:1\n"
		"# end\n",
		"runtime.goexit#40;p.main@C:/p q.go:9#30;p.out@/p.go:8+p.in@/p.go:7#20;"
		"p.out@/p.go:8+p.in@/p.go:7#20;runtime.[hidden]#10|b=c \"d\" A\n 2\n"
		"p.out@/p.go:8+p.in@/p.go:7#20;runtime.[hidden]#10 1\n"},
	{&cpi_format_legacy_heap,
		"heap profile: 1: 20 [1: 20] @ heap/2\n1: 20 [1: 20] @ 0x11 0x21\n"
		"#\t0x11\tsig+0x1\t/s.go:1\n#\t0x20\n#\t0x99\tnone+0x1\t/s.go:1\n#\n# runtime.MemStats\n",
		"?#20;sig@/s.go:1#10|bytes=20 1 20\n"},
	{&cpi_format_legacy_contention,
		"--- mutex:\ncycles/second=1000000000\n5 1 @ 0x11\n#\t0x10\tf+0x1\t/s.go\n",
		"f@/s.go#10 1 5\n"},
	{&cpi_format_legacy_goroutines,
		"goroutine 7 [IO wait, 12 minutes, locked to thread]:\na/b.(*T[...]).f({0x1, 0x2}, 0x3)\n"
		"\t/a b.go:5 +0x1\nmain.main()\n\t/m.go:6\ncreated by x in goroutine 1\n\t/x.go:1 +0x2\n"
		"\ngoroutine 8 [idle]:\nmain.main()\n\t/m.go:6 +0x1\n\nmain.not()\n",
		"main.main@/m.go:6;a/b.(*T[...]).f@/a b.go:5|created_by=x,note=locked to thread,"
		"state=IO wait,wait=12:minutes 1\nmain.main@/m.go:6|state=idle 1\n"},
};

static void samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct cpi_env env;
		struct cp_profile *p;

		cpi_env_init(&env, NULL);
		assert_int_equal(
			read_text(&env, good[i].format, good[i].text, &p, NULL), CP_OK);
		assert_string_equal(dump_profile(p, out, sizeof out), good[i].want);
		assert_int_equal(env.diag.total, 0);
		cp_profile_free(p);
		cpi_env_release(&env);
	}
}

/* Lines that are left out, each with a warning; strict makes the first one the error. */
static const struct {
	const struct cpi_format *format;
	const char *text, *want;
	unsigned warnings;
} damaged[] = {
	{&cpi_format_legacy_heap,
		"heap profile: 1: 2 [1: 2] @ growthz\n1: 2 [1: 2] @ 0x11111111111111111\n"
		"1: 2 [1: 2\n1: 2 1: 2]\n1 2\n1:\n: 2\n99999999999999999999: 2 [1: 2] @\n"
		"0: 2 [1: 2] @ 0x11\n-1: -9223372036854775808 [0: 0] @ 0x11\n",
		"?#10 0 2\n?#10|bytes=-9223372036854775808 -1 -9223372036854775808\n", 7},
	{&cpi_format_legacy_jemalloc,
		"heap_v2/1\n  t*: 3: 4 [5: 6]\n@ 0x11\n@ 0x21\n  t1: 1: 2 [1: 2]\n  t*: 1: 2 [3: 4]\n"
		"  t*: 9: 9 [9: 9]\n  t: 1: 2 [3: 4]\n  tx: 1\n  t*: -1: 2 [3: 4]\n  t*: 1: 2 (3: 4]\n"
		"x\n@ 0x11111111111111111\n  t* 1\n",
		"?#20|bytes=2 3 4 1 2\n", 7},
	/* Averages too small for the rate: corrected they would exceed 64 bits, one or both. */
	{&cpi_format_legacy_heap,
		"heap profile: 1: 2 [3: 4] @ heap_v2/1000000000\n"
		"9000000000000000000: 9000000000000000000 [1: 7] @ 0x11\n"
		"1: 0 [4000000000000000000: 9000000000000000000] @ 0x21\n-\nx: 1 [1: 1] @ 0x11\n"
		"9223372036854775808: 1 [1: 1] @ 0x11\n",
		"?#10|bytes=1 142857142 999999996 9000000000000000000 9000000000000000000\n"
		"?#20 4000000000000000000 9000000000000000000 0 0\n", 3},
	{&cpi_format_legacy_contention,
		"--- mutex:\ncycles/second = 017\nsampling period = 012\nms since reset = 08\n"
		"sampling period = 0778\nsampling period = 07777777777777777777777777\n"
		"sampling period = 9223372036854775808\n15 3 @ 0x11\n",
		"?#10 30 10000000000\n", 3},
	{&cpi_format_legacy_count,
		"x profile: total 1\n1 @ 0x11\n-1 @ 0x11\n1 0x11\nx\n1 @ 0x11111111111111111\n",
		"?#10 1\n", 4},
	{&cpi_format_legacy_thread,
		"--- Thread 1f (name: a/1) stack: ---\n 0x11111111111111111\n 0x11\n---\n--- x\n",
		"?#11 1\n", 3},
	{&cpi_format_legacy_contention,
		"--- contentionz 1 ---\n# c\ncycles/second = x\nsampling period = 0x64\n"
		"ms since reset = 99999999999999999\nms since reset = -010\nunknown = 1\n"
		"discarded samples = 1\n5 x @\nx 5 @\n5 -5 @\n5 5 0x11\n"
		"5 9223372036854775807 @ 0x11\n5 5 @ 0x11111111111111111\n5 5 @ 0x11\n",
		"?#10 500 5\n", 9},
	{&cpi_format_legacy_contention,
		"--- contention:\ncycles/second = 1\n9223372036854775807 1 @ 0x11\n1 1 @ 0x11\n",
		"?#10 1 999999999\n", 1},
	{&cpi_format_legacy_java,
		"--- heapz 1 ---\nresolution = bytes\nresolution = kb\nformat = c\nx = y\n"
		"20 0 @ 0x1\n-20 1 @ 0x1\n20 1 @ 0x11111111111111111\n1048576 1 @ 0x1\n"
		" 0x1\n 0xzz f\n 0x9 unused (A.java:1)\n 0x1 f (A.java:-3)\nnonsense\n",
		"f@A.java|bytes=1048576 1 1212696\n", 6},
	{&cpi_format_legacy_java,
		"--- contentionz 1 ---\nresolution = us\nsampling period = 9223372036854775807\n"
		"sampling period = x\nms since reset = x\n9 9 @ 0x1\n1 0 @ 0x1 0x2 0x3\n"
		" 0x1 generated stub/JIT\n 0x2 f (x) (/a/b.so)\n 0x3 g (:5)\n",
		"g@:5;f (x)@b.so;STUB 0 9223372036854775807\n", 3},
	{&cpi_format_legacy_symbols,
		"--- symbol\nnonsense\n0xzz f\n0x10 f\n0x10 again\n0x11 g\n---\n--- contention\n"
		"--- mutex:\n1 1 @ 0x11\nx\n",
		"g#11 1 1\n", 1},
};

static void damaged_lines_are_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
		struct cp_context_options strict = {.size = sizeof strict, .strict = true};
		struct cpi_env env;
		struct cp_profile *p;
		struct cp_error err;

		cpi_env_init(&env, NULL);
		assert_int_equal(
			read_text(&env, damaged[i].format, damaged[i].text, &p, NULL), CP_OK);
		assert_string_equal(dump_profile(p, out, sizeof out), damaged[i].want);
		assert_int_equal(env.diag.total, damaged[i].warnings);
		cp_profile_free(p);
		cpi_env_release(&env);
		cpi_env_init(&env, &strict);
		cpi_diag_begin(&env.diag);
		assert_int_equal(
			read_text(&env, damaged[i].format, damaged[i].text, &p, &err),
			CP_OK);
		cp_profile_free(p);
		assert_int_equal(env.diag.total, damaged[i].warnings);
		assert_int_equal(cpi_diag_end(&env.diag, CP_OK, &err), CP_ERROR_CORRUPT);
		assert_true(err.offset != CP_NO_OFFSET);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

/* What none of the readers takes. */
static void foreign_bytes(void **state)
{
	static const char *const text[] = {"", "\n", "heap profile: 1: 2 [1: 2] @ heap_v3/1\n",
		"heap profile: 1: 2 [1: 2] heap\n", "heap profile: 1: 2\n", "heap_v2/x\n",
		"heap_v2/0\n", "heap_v2/5x\n", "goroutine profile: total x\n", "profile: total 1\n",
		"a profile: total 1 \n", "--- threadz x ---\n", "--- Thread 1 stack: ---\n",
		"--- contentionz\n", "--- heapz 1 ---\nx = y\n", "--- heapz 2 ---\n",
		"--- symbols\n", "goroutine 1 [running]:\n", "goroutine x [running]:\nf()\n",
		"goroutine 1 running:\nf()\n", "goroutine 1 [running]:\nno call\n"};

	(void)state;
	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
			struct cpi_source source = {
				.n_parts = 1, .part[0] = {(const uint8_t *)text[i], strlen(text[i])}};
			struct cp_profile *p;
			struct cpi_env env;

			assert_int_equal(good[k].format->detect(&source), 0);
			cpi_env_init(&env, NULL);
			assert_int_not_equal(
				good[k].format->read(&env, &source, NULL, NULL, &p, NULL), CP_OK);
			assert_int_equal(env.mem.used, 0);
			cpi_env_release(&env);
		}
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		for (uint64_t n = 1;; n++) {
			struct cpi_env env;
			struct cp_profile *p;
			struct cp_error err;
			enum cp_code code;

			cpi_env_init(&env, NULL);
			env.mem.fail_at = n;
			code = read_text(&env, good[i].format, good[i].text, &p, &err);
			if (!code) {
				assert_true(n > 20);
				cp_profile_free(p);
			} else {
				assert_int_equal(err.code, CP_ERROR_MEMORY);
			}
			assert_int_equal(env.mem.used, 0);
			cpi_env_release(&env);
			if (!code)
				break;
		}
}

static void words(void *at, size_t size, bool big, const uint64_t *x, size_t n)
{
	uint8_t *p = at;

	for (size_t i = 0; i < n; i++, p += size)
		for (size_t k = 0; k < size; k++)
			p[big ? size - 1 - k : k] = (uint8_t)(x[i] >> (8 * k));
}

static void cpu_words_and_repairs(void **state)
{
	/* 0x50 is the handler; in the third stack the leaf stands twice. */
	static const uint64_t x[] = {0, 3, 0, 10000, 0, 1, 3, 0x11, 0x51, 0x21, 2, 3, 0x12, 0x51,
		0x21, 1, 4, 0x13, 0x51, 0x13, 0x21, 0, 1, 0};
	enum { N = sizeof x / sizeof *x };

	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		uint8_t bytes[8 * N];
		size_t size = kind & 1 ? 8 : 4;
		struct cpi_source source = {.n_parts = 1, .part[0] = {bytes, size * N}};
		struct cpi_env env;
		struct cp_profile *p;

		words(bytes, size, kind & 2, x, N);
		cpi_env_init(&env, NULL);
		assert_true(cpi_format_legacy_cpu.detect(&source) > 0);
		assert_int_equal(
			cpi_format_legacy_cpu.read(&env, &source, NULL, NULL, &p, NULL), CP_OK);
		assert_string_equal(dump_profile(p, out, sizeof out),
			"?#20;?#11 1 10000000\n?#20;?#12 2 20000000\n?#20;?#13 1 10000000\n");
		cp_profile_free(p);
		source.part[0].n -= 5 * size;
		assert_int_equal(
			cpi_format_legacy_cpu.read(&env, &source, NULL, NULL, &p, NULL), CP_OK);
		assert_int_equal(env.diag.total, 1);
		assert_int_equal(cp_profile_counts(p).samples, 2);
		cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_maps),
		cmocka_unit_test(samples),
		cmocka_unit_test(damaged_lines_are_left_out),
		cmocka_unit_test(foreign_bytes),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(cpu_words_and_repairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
