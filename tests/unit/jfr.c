/* SPDX-License-Identifier: Apache-2.0 */
/* format/jfr on the files of testdata/gen/jfr.py. */
#include "read_text.h"
#include "testfile.h"

static void expect(const char *file, const char *want, const char *remarks)
{
	static struct read_text r;
	size_t n;
	uint8_t *bytes = testfile(file, &n);

	read_text(&r, "jfr", bytes, n, NULL);
	free(bytes);
	assert_string_equal(r.out, want);
	assert_string_equal(r.remarks, remarks);
}

#define RUN "a.b.Main.run:12;na\xc3\xafve!libc.so.6"
#define THREAD "thread=\xf0\x9f\x98\x80x"

static void every_kind_of_event(void **state)
{
	(void)state;
	expect("jfr/good-two-chunks.jfr",
		"contentions/count delay/nanoseconds alloc_samples/count alloc_space/bytes "
		"wall/count samples/count cpu/nanoseconds\n"
		RUN "|state=STATE_RUNNABLE," THREAD ",tid=77:tid 0 0 0 0 3 2 40000000\n"
		"[truncated stack];caf\xc3\xa9.run|state=STATE_RUNNABLE,thread=gc,tid=78:tid "
		"0 0 0 0 0 1 20000000\n"
		"[unknown stack]|state=STATE_RUNNABLE 0 0 0 0 0 1 20000000\n"
		RUN "|class=caf\xc3\xa9,event=jdk.JavaMonitorEnter," THREAD
		",tid=77:tid 2 10000 0 0 0 0 0\n"
		RUN "|class=libc.so.6," THREAD ",tid=77:tid 0 0 1 1099511627776 0 0 0\n",
		"allocations are told twice: 1 events of buffers are left out, 1 samples of "
		"allocations count\n");
}

static void times_are_of_the_chunk(void **state)
{
	/* 2000, 3000 … ticks of a nanosecond since 1000; then of 100 since 500. */
	static const int64_t want[] = {1000, 2000, 2500, 4000, 4500, 10000, 20000, 30000};
	struct cp_read_options keep = {.size = sizeof keep, .keep_time = true};
	struct cpi_source source = {.n_parts = 1};
	struct cpi_env env;
	struct cp_profile *p;
	struct cp_error err;
	size_t n;
	uint8_t *bytes = testfile("jfr/good-two-chunks.jfr", &n);

	(void)state;
	cpi_env_init(&env, NULL);
	source.part[0] = (struct cpi_bytes){bytes, n, false};
	assert_int_equal(
		cpi_format_find("jfr")->read(&env, &source, &keep, NULL, &p, &err), CP_OK);
	assert_int_equal(cp_profile_counts(p).samples, 8);
	assert_int_equal(cp_profile_header(p)->time_nanos, 1000000000000000000);
	assert_int_equal(cp_profile_header(p)->duration_nanos, 10000000000);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(
			cp_profile_sample_time(p, i), 1000000000000000000 + want[i]);
	cp_profile_free(p);
	cpi_env_release(&env);
	free(bytes);
}

static void damage_costs_a_chunk_at_most(void **state)
{
#define ONE "samples/count\n" RUN "|state=STATE_RUNNABLE," THREAD ",tid=77:tid 1\n"
	(void)state;
	expect("jfr/bad-open-chunk.jfr", ONE,
		"0x702 the chunk was never closed, or its numbers are not compressed; it is left "
		"out\n");
	expect("jfr/bad-event-size.jfr", ONE,
		"0xdf an event has a size of 0 bytes; the rest of its chunk is lost\n");
	/* A method's id is none of a stack, whatever the file calls it. */
	expect("jfr/bad-method-as-stack.jfr",
		"contentions/count delay/nanoseconds samples/count\n" RUN
		"|state=STATE_RUNNABLE," THREAD ",tid=77:tid 0 0 1\n"
		"[unknown stack]|class=caf\xc3\xa9,event=jdk.JavaMonitorEnter," THREAD
		",tid=77:tid 1 7500 0\n",
		"");
	expect("jfr/bad-pool.jfr", ONE, "0x44 a checkpoint is damaged, and 2 of its pools are lost\n");
}

static void memory_may_fail(void **state)
{
	size_t n;
	uint8_t *bytes = testfile("jfr/good-two-chunks.jfr", &n);

	(void)state;
	survives_failing_memory("jfr", bytes, n);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_event),
		cmocka_unit_test(times_are_of_the_chunk),
		cmocka_unit_test(damage_costs_a_chunk_at_most),
		cmocka_unit_test(memory_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
