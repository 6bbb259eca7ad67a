/* SPDX-License-Identifier: Apache-2.0 */
/* format/firefox: every layout of its tables gives one profile; what is written is read. */
#include "read_text.h"

#define META(V) "\"meta\":{\"preprocessedProfileVersion\":" V ",\"startTime\":1500.5}"
#define LIBS \
	"\"libs\":[{\"name\":\"a.out\",\"path\":\"/bin/a.out\",\"codeId\":null," \
	"\"breakpadId\":\"0123456789ABCDEF0123456789ABCDEF0\"}]"
#define STRINGS "\"stringArray\":[\"main\",\"hot\",\"inl\",\"a.c\",\"0x7\"]"
#define SAMPLES(WEIGHT) \
	"\"samples\":{\"stack\":[1,2,null,3],\"time\":[0.5,1.5,2,3]" WEIGHT "}"
/* main, hot in it, inl inlined there; an address without a name. */
#define OLD_TABLES \
	"\"stackTable\":{\"frame\":[0,1,2,3],\"prefix\":[null,0,1,0]}," \
	"\"frameTable\":{\"address\":[16,32,32,7],\"inlineDepth\":[0,0,1,0]," \
	"\"func\":[0,1,2,3],\"line\":[10,20,5,null],\"column\":[null,null,2,null]}"
#define OLD_FUNCS(FILES) \
	"\"funcTable\":{\"name\":[0,1,2,4],\"isJS\":[false,false,false,false]," \
	"\"resource\":[0,0,0,0],\"lineNumber\":[9,19,4,null]," FILES "}," \
	"\"resourceTable\":{\"lib\":[0],\"name\":[3],\"type\":[1]}"
#define FILE_NAMES "\"fileName\":[3,3,3,null]"
#define SOURCES "\"source\":[0,0,0,null]"
#define SOURCE_TABLE "\"sources\":{\"filename\":[3]}"
#define THREAD(MORE) "\"threads\":[{\"name\":\"t\",\"pid\":\"7\",\"tid\":8," MORE "}]"

static const char want[] =
	"samples/count\n"
	"main@a.c:10#10!/bin/a.out;hot@a.c:20#20!/bin/a.out|thread=t,pid=7:pid,tid=8:tid 3\n"
	"main@a.c:10#10!/bin/a.out;hot@a.c:20+inl@a.c:5#20!/bin/a.out|thread=t,pid=7:pid,"
	"tid=8:tid 1\n"
	"main@a.c:10#10!/bin/a.out;?#7!/bin/a.out|thread=t,pid=7:pid,tid=8:tid -2\n";

#define WEIGHTS ",\"weight\":[3,1,9,-2],\"weightType\":\"samples\""

static void layouts(void **state)
{
	(void)state;
	/* everything in the thread; files by name */
	reads_as("firefox",
		"{" META("47") "," LIBS "," THREAD(SAMPLES(WEIGHTS) "," OLD_TABLES "," OLD_FUNCS(FILE_NAMES)
			"," STRINGS) "}",
		want, "");
	/* texts are shared, threads stand first */
	reads_as("firefox",
		"{" THREAD(OLD_TABLES "," OLD_FUNCS(FILE_NAMES) "," SAMPLES(WEIGHTS)) "," //
		META("56") "," LIBS ",\"shared\":{" STRINGS "}}",
		want, "");
	/* files through sources, then all tables shared */
	reads_as("firefox",
		"{" META("60") "," LIBS "," THREAD(SAMPLES(WEIGHTS)) ",\"shared\":{" STRINGS ","
		OLD_TABLES "," OLD_FUNCS(SOURCES) "," SOURCE_TABLE "}}",
		want, "");
	/* distances to parents, libraries by frame, flags instead of null */
	reads_as("firefox",
		"{" META("75") "," LIBS "," THREAD(SAMPLES(WEIGHTS)) ",\"shared\":{" STRINGS ","
		"\"stackTable\":{\"frame\":[0,1,2,3],\"prefixOffset\":[0,1,1,3]}," //
		"\"frameTable\":{\"address\":[16,32,32,7],\"lib\":[0,0,0,0],\"func\":[0,1,2,3]," //
		"\"line\":[10,20,5,77],\"column\":[0,0,2,0],\"flags\":[18,18,51,2]}," //
		"\"funcTable\":{\"name\":[0,1,2,4],\"resource\":[0,0,0,0],\"source\":[0,0,0,0]," //
		"\"lineNumber\":[9,19,4,0],\"flags\":[28,28,28,0]}," SOURCE_TABLE "}}",
		want, "");
	reads_as("firefox", "{" META("80") ",\"threads\":[]}", "error: the file holds no sample\n",
		"version 80 of the format is newer than 75, the newest that is known here\n");
	reads_as("firefox", "{" META("40") ",\"threads\":[]}",
		"error: Firefox profiles before version 41 are not read; profiler.firefox.com "
		"upgrades one that is opened and saved there\n",
		"");
}

static void units_of_weights(void **state)
{
	static const char file[] = "{" META("66") ",\"threads\":[{\"samples\":{\"stack\":[0,0]," //
		"\"weight\":[1.5,0.000001],\"weightType\":\"tracing-ms\",\"timeDeltas\":[1,2.25]}}," //
		"{\"samples\":{\"stack\":[0],\"time\":[5]},\"nativeAllocations\":{\"stack\":[0]," //
		"\"weight\":[-64],\"weightType\":\"bytes\"}}]," //
		"\"shared\":{\"stringArray\":[\"f\"],\"stackTable\":{\"frame\":[0]}," //
		"\"frameTable\":{\"func\":[0],\"address\":[-1]},\"funcTable\":{\"name\":[0]}}}";

	(void)state;
	reads_as("firefox", file,
		"native_alloc_space/bytes samples/count time/nanoseconds\n"
		"f -64 1 1500001\n",
		"");
}

static void damage_costs_a_sample(void **state)
{
	(void)state;
	reads_as("firefox",
		"{" META("66") ",\"threads\":[{\"samples\":{\"stack\":[0,1,2,9,-1,3]}}]," //
		"\"shared\":{\"stringArray\":[\"f\"],\"stackTable\":{\"frame\":[0,1,0,0]," //
		"\"prefixOffset\":[0,0,9,3]},\"frameTable\":{\"func\":[0,7]}," //
		"\"funcTable\":{\"name\":[0]}}}",
		"samples/count\n"
		"f 1\n"
		"f;f 1\n",
		"0x5f sample 1 of thread 0: stack 1 is not in the tables, or something it needs is "
		"not\n"
		"0x61 sample 2 of thread 0: stack 2 is not in the tables, or something it needs is "
		"not\n"
		"0x63 sample 3 of thread 0: stack 9 is not in the tables, or something it needs is "
		"not\n");
}

static void memory_may_fail(void **state)
{
	static const char file[] = "{" META("60") "," LIBS "," THREAD(SAMPLES(WEIGHTS))
		",\"shared\":{" STRINGS "," OLD_TABLES "," OLD_FUNCS(SOURCES) "," SOURCE_TABLE "}}";

	(void)state;
	survives_failing_memory("firefox", file, strlen(file));
}

/* pid, tid and names make threads; addresses, lines and inlined functions come back. */
static void there_and_back(void **state)
{
	static const char *const lines[] = {
		"main@m.c:7#1100!/bin/x;f@f.c:3+g@g.h:7#1234!/bin/x|comm=b,pid=9:pid,tid=10:tid 1 20",
		"main@m.c:7#1100!/bin/x|comm=a,pid=9:pid,tid=9:tid 1 4", "h 1 1500", NULL};
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
	assert_int_equal(cpi_format_find("firefox")->write(&env, p, NULL, &sink, &err), CP_OK);
	read_text(&r, "firefox", sink.buf, sink.n, NULL);
	assert_string_equal(r.out,
		"time/nanoseconds\n"
		"h|process=all processes,thread=all threads,pid=0:pid,tid=0:tid 1500\n"
		"main@m.c:7#100!/bin/x|process=a,thread=a,pid=9:pid,tid=9:tid 4\n"
		"main@m.c:7#100!/bin/x;f@f.c:3+g@g.h:7#234!/bin/x|process=b,thread=b,pid=9:pid,"
		"tid=10:tid 20\n");
	assert_string_equal(r.remarks, "");
	cpi_sink_release(&sink);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts),
		cmocka_unit_test(units_of_weights),
		cmocka_unit_test(damage_costs_a_sample),
		cmocka_unit_test(memory_may_fail),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
