/* SPDX-License-Identifier: Apache-2.0 */
/* format/v8: CPU and heap profiles, and those in pieces among trace events. */
#include "read_text.h"

#define CALL(NAME, LINE) \
	"\"callFrame\":{\"functionName\":\"" NAME "\",\"scriptId\":\"1\",\"url\":\"x.js\"," \
	"\"lineNumber\":" LINE ",\"columnNumber\":4}"
#define ROOT "{\"id\":1,\"callFrame\":{\"functionName\":\"(root)\",\"lineNumber\":-1}," \
	"\"children\":[2,5]}"
#define NODES \
	"\"nodes\":[" ROOT ",{\"id\":5," CALL("", "9") "},{\"id\":2," CALL("main", "0") \
	",\"children\":[3]},{\"id\":3," CALL("f", "2") ",\"hitCount\":2}]"

static void samples_last_until_the_next(void **state)
{
	(void)state;
	/* The first gap is before the first sample; the clock may go back; the end counts. */
	reads_as("cpuprofile",
		"{" NODES ",\"startTime\":1000,\"endTime\":1100,\"samples\":[3,2,3,5,1]," //
		"\"timeDeltas\":[10,20.5,-5,30,4]}",
		"samples/count time/nanoseconds\n"
		"main@x.js;f@x.js 2 50500\n"
		"main@x.js 1 0\n"
		"(anonymous)@x.js 1 4000\n"
		" 1 40500\n",
		"");
}

/* Samples stand before the nodes that they name, parents name children or the reverse. */
static void any_order(void **state)
{
	(void)state;
	reads_as("cpuprofile",
		"{\"timeDeltas\":[0,1,1],\"samples\":[7,8,7],\"endTime\":3," //
		"\"nodes\":[{\"parent\":8,\"id\":7," CALL("g", "1") "},{\"id\":8," CALL("h", "-1")
		"}]}",
		"samples/count time/nanoseconds\n"
		"g@x.js 2 2000\n"
		"h@x.js 1 1000\n",
		"");
	reads_as("cpuprofile",
		"{\"samples\":[7,8],\"timeDeltas\":[0,1]," //
		"\"nodes\":[{\"id\":8," CALL("h", "-1") "},{\"parent\":8,\"id\":7," CALL("g", "1")
		"}]}",
		"samples/count time/nanoseconds\n"
		"h@x.js;g@x.js 1 1000\n"
		"h@x.js 1 0\n",
		"");
}

static void without_samples_hits_count(void **state)
{
	(void)state;
	reads_as("cpuprofile", "{" NODES "}",
		"samples/count\n"
		"main@x.js;f@x.js 2\n",
		"");
}

static void the_old_form(void **state)
{
	(void)state;
	reads_as("cpuprofile",
		"{\"head\":{\"functionName\":\"(root)\",\"id\":1,\"children\":[{\"children\":[" //
		"{\"functionName\":\"b\",\"url\":\"u\",\"lineNumber\":5,\"id\":3,\"children\":[]}]," //
		"\"functionName\":\"a\",\"id\":2}]},\"startTime\":12,\"endTime\":13," //
		"\"samples\":[3,2,3],\"timestamps\":[5000000,5000010,5000030]}",
		"samples/count time/nanoseconds\n"
		"a;b@u 2 10000\n"
		"a 1 20000\n",
		"");
}

static void heaps(void **state)
{
	(void)state;
	reads_as("heapprofile",
		"{\"head\":{" CALL("(root)", "-1") ",\"selfSize\":0,\"id\":1,\"children\":[{" //
		CALL("a", "3") ",\"selfSize\":16,\"id\":2,\"children\":[{\"selfSize\":8,\"id\":3," //
		CALL("b", "4") ",\"children\":[]}]},{" CALL("c", "1") ",\"selfSize\":4}]}}",
		"inuse_space/bytes\n"
		"a@x.js 16\n"
		"a@x.js;b@x.js 8\n"
		"c@x.js 4\n",
		"");
}

#define EVENT(NAME, PID, TID, TS, REST) \
	"{\"name\":\"" NAME "\",\"ph\":\"P\",\"pid\":" PID ",\"tid\":" TID ",\"ts\":" TS "," REST "}"
#define CHUNK(NODE, SAMPLES, DELTAS) \
	"\"id\":\"0x1\",\"args\":{\"data\":{\"cpuProfile\":{\"nodes\":[" NODE \
	"],\"samples\":[" SAMPLES "]},\"timeDeltas\":[" DELTAS "]}}"

/* Two processes use one id; chunks come out of order and from another thread. */
static void traces_in_pieces(void **state)
{
	(void)state;
	reads_as("chrome-trace",
		"[" EVENT("ProfileChunk", "7", "9", "30", CHUNK("", "2", "5")) "," //
		EVENT("Profile", "7", "8", "10", "\"id\":\"0x1\",\"args\":{\"data\":{\"startTime\":100}}")
		"," EVENT("ProfileChunk", "7", "9", "20",
			CHUNK("{\"id\":2," CALL("a", "1") "}", "2,2", "1,2")) "," //
		EVENT("Profile", "6", "6", "10", "\"id\":\"0x1\",\"args\":{\"data\":{}}") "," //
		EVENT("ProfileChunk", "6", "9", "40",
			CHUNK("{\"id\":2," CALL("b", "1") "}", "2,2", "3,4")) "," //
		EVENT("thread_name", "7", "8", "0", "\"args\":{\"name\":\"worker\"}") "," //
		EVENT("process_name", "7", "1", "0", "\"args\":{\"name\":\"node\"}"),
		"samples/count time/nanoseconds\n"
		"a@x.js|process=node,thread=worker,pid=7:pid,tid=8:tid 3 7000\n"
		"b@x.js|pid=6:pid,tid=6:tid 2 4000\n",
		"0x3d1 a list has no end\n");
}

static void whole_profiles_in_traces(void **state)
{
	(void)state;
	reads_as("chrome-trace",
		"{\"traceEvents\":[" EVENT("CpuProfile", "7", "8", "10",
			"\"args\":{\"data\":{\"cpuProfile\":{" NODES
			",\"startTime\":5,\"endTime\":9,\"samples\":[3],\"timeDeltas\":[1]}}}") "]}",
		"samples/count time/nanoseconds\n"
		"main@x.js;f@x.js|pid=7:pid,tid=8:tid 1 3000\n",
		"");
}

static void frames_of_older_traces(void **state)
{
	(void)state;
	reads_as("chrome-trace",
		"{\"samples\":[{\"sf\":2,\"ts\":\"10\",\"tid\":\"4\",\"pid\":3}," //
		"{\"sf\":1,\"ts\":\"25\",\"tid\":\"4\",\"pid\":3},{\"sf\":9,\"ts\":\"30\",\"tid\":\"4\"}," //
		"{\"sf\":1,\"ts\":\"12\",\"tid\":\"5\",\"pid\":3}]," //
		"\"traceEvents\":[],\"stackFrames\":{\"2\":{\"name\":\"f\",\"parent\":1}," //
		"\"1\":{\"name\":\"r\"}}}",
		"samples/count time/nanoseconds\n"
		"r;f|pid=3:pid,tid=4:tid 1 15000\n"
		"r|pid=3:pid,tid=4:tid 1 0\n"
		"r|pid=3:pid,tid=5:tid 1 0\n",
		"0x56 sample 2 has no time, or a frame that is not there\n");
}

static void damage_costs_a_sample(void **state)
{
	(void)state;
	reads_as("cpuprofile",
		"{" NODES ",\"startTime\":0,\"samples\":[3,77,2,3],\"timeDeltas\":[1,1,1]}",
		"samples/count time/nanoseconds\n"
		"main@x.js;f@x.js 2 1000\n"
		"main@x.js 1 0\n",
		"0x1c6 sample 1 names node 77, which is not there\n"
		"0x1cb sample 3 and those behind it have no time\n");
	reads_as("cpuprofile",
		"{\"nodes\":[{\"id\":1," CALL("a", "1") ",\"children\":[2]},{\"id\":2," //
		CALL("b", "1") ",\"children\":[1]}],\"samples\":[1],\"timeDeltas\":[0]}",
		"samples/count time/nanoseconds\n"
		"b@x.js;a@x.js 1 0\n",
		"0x0 node 1 calls itself by way of others\n");
}

static void memory_may_fail(void **state)
{
	static const char cpu[] = "{" NODES ",\"samples\":[3,2],\"timeDeltas\":[1,1]}";
	static const char heap[] = "{\"head\":{" CALL("a", "3") ",\"selfSize\":16,\"id\":2}}";
	static const char trace[] = "[" EVENT("Profile", "7", "8", "10", "\"id\":\"0x1\"") "," //
		EVENT("ProfileChunk", "7", "9", "20",
			CHUNK("{\"id\":2," CALL("a", "1") "}", "2,2", "1,2")) "]";

	(void)state;
	survives_failing_memory("cpuprofile", cpu, strlen(cpu));
	survives_failing_memory("heapprofile", heap, strlen(heap));
	survives_failing_memory("chrome-trace", trace, strlen(trace));
}

static void there_and_back(void **state)
{
	static const char *const lines[] = {"main@m.c:7!/bin/x;f+g@g.h:7#1234!/bin/x|k=v 1 20",
		"main@m.c:7!/bin/x;f+g@g.h:9#1238!/bin/x 2 0", "?#77!/bin/y 5 1500", NULL};
	static struct read_text r;
	struct cpi_env env;
	struct cpi_sink sink;
	struct cp_profile *p;
	struct cp_error err;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(
		text_profile(&env, "samples/count cpu/nanoseconds", lines, &p, &err), CP_OK);
	cpi_sink_memory(&sink, &env.mem);
	assert_int_equal(
		cpi_format_find("cpuprofile")->write(&env, p, NULL, &sink, &err), CP_OK);
	read_text(&r, "cpuprofile", sink.buf, sink.n, NULL);
	assert_string_equal(r.out,
		"samples/count time/nanoseconds\n"
		"main@m.c;f;g@g.h 1 20\n"
		"[y] 1 1500\n");
	assert_string_equal(r.remarks, "");
	cpi_sink_release(&sink);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_last_until_the_next),
		cmocka_unit_test(any_order),
		cmocka_unit_test(without_samples_hits_count),
		cmocka_unit_test(the_old_form),
		cmocka_unit_test(heaps),
		cmocka_unit_test(traces_in_pieces),
		cmocka_unit_test(whole_profiles_in_traces),
		cmocka_unit_test(frames_of_older_traces),
		cmocka_unit_test(damage_costs_a_sample),
		cmocka_unit_test(memory_may_fail),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
