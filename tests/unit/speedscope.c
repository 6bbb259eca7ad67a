/* SPDX-License-Identifier: Apache-2.0 */
/* format/speedscope: what becomes of frames, units, events and damage, and the way back. */
#include "read_text.h"

#define FILE_OF(FRAMES, PROFILES) \
	"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\"," \
	"\"profiles\":[" PROFILES "],\"shared\":{\"frames\":[" FRAMES "]}}"
#define ABC "{\"name\":\"a\"},{\"name\":\"b\",\"file\":\"b.c\",\"line\":7},{\"name\":\"c\"}"
#define SAMPLED(UNIT, SAMPLES, WEIGHTS) \
	"{\"type\":\"sampled\",\"name\":\"p\",\"unit\":\"" UNIT "\",\"startValue\":0," \
	"\"endValue\":9,\"samples\":[" SAMPLES "],\"weights\":[" WEIGHTS "]}"
#define EVENTED(UNIT, EVENTS) \
	"{\"type\":\"evented\",\"name\":\"q\",\"unit\":\"" UNIT "\",\"startValue\":0," \
	"\"endValue\":20,\"events\":[" EVENTS "]}"
#define EVENT(TYPE, FRAME, AT) \
	"{\"type\":\"" TYPE "\",\"frame\":" FRAME ",\"at\":" AT "}"

static void stacks_and_weights(void **state)
{
	(void)state;
	reads_as("speedscope",
		FILE_OF(ABC, SAMPLED("none", "[0,1],[0,1],[2],[]", "1,2,3,4")),
		"samples/count\n"
		"a;b@b.c 3\n"
		"c 3\n"
		" 4\n",
		"");
	reads_as("speedscope", FILE_OF(ABC, SAMPLED("milliseconds", "[0],[0,2]", "1.5,0.000001")),
		"time/nanoseconds\n"
		"a 1500000\n"
		"a;c 1\n",
		"");
	reads_as("speedscope", FILE_OF(ABC, SAMPLED("none", "[0],[2]", "1.25,-2e1")),
		"samples/count(2)\n"
		"a 125\n"
		"c -2000\n",
		"");
	reads_as("speedscope", FILE_OF(ABC, SAMPLED("bytes", "[0]", "9007199254740993")),
		"space/bytes\n"
		"a 9007199254740993\n",
		"");
}

/* Lines are where functions begin, unless one function has several. */
static void lines_of_frames(void **state)
{
	(void)state;
	reads_as("speedscope",
		FILE_OF("{\"name\":\"f\",\"file\":\"f.py\",\"line\":3},"
			"{\"name\":\"f\",\"file\":\"f.py\",\"line\":5},"
			"{\"name\":\"g\",\"file\":\"f.py\",\"line\":null}",
			SAMPLED("none", "[2,0],[2,1]", "1,1")),
		"samples/count\n"
		"g@f.py;f@f.py:3 1\n"
		"g@f.py;f@f.py:5 1\n",
		"");
}

static void events(void **state)
{
	(void)state;
	reads_as("speedscope",
		FILE_OF(ABC,
			EVENTED("microseconds",
				EVENT("O", "0", "0") "," EVENT("O", "1", "2.5") "," EVENT("C", "1", "4")
				"," EVENT("C", "0", "4") "," EVENT("O", "2", "10") "," EVENT("C", "2",
					"10.5"))),
		"time/nanoseconds\n"
		"a 2500\n"
		"a;b@b.c 1500\n"
		"c 500\n",
		"");
}

static void several_profiles(void **state)
{
	static const char both[] = FILE_OF(ABC,
		SAMPLED("seconds", "[0]", "2") "," EVENTED("none",
			EVENT("O", "1", "0") "," EVENT("C", "1", "3")));
	static struct read_text r;
	struct cp_read_options one = {.size = sizeof one, .profile = "q"};

	(void)state;
	reads_as("speedscope", both,
		"time/nanoseconds samples/count\n"
		"a|thread=p 2000000000 0\n"
		"b@b.c|thread=q 0 3\n",
		"");
	read_text(&r, "speedscope", both, strlen(both), &one);
	assert_string_equal(r.out, "samples/count\nb@b.c|thread=q 3\n");
	one.profile = "0";
	read_text(&r, "speedscope", both, strlen(both), &one);
	assert_string_equal(r.out, "time/nanoseconds\na|thread=p 2000000000\n");
	one.profile = "2";
	read_text(&r, "speedscope", both, strlen(both), &one);
	assert_string_equal(
		r.out, "error: the file has no profile of this name or number\n");
}

#define ONE(NAME) \
	"{\"type\":\"sampled\",\"name\":\"" NAME "\",\"unit\":\"none\",\"startValue\":0," \
	"\"endValue\":1,\"samples\":[[0]],\"weights\":[1]}"

/* Ids at the end of a title are labels; what only looks like one is not. */
static void ids_in_titles(void **state)
{
	(void)state;
	reads_as("speedscope",
		"{\"shared\":{\"frames\":[{\"name\":\"f\"}]},\"profiles\":[" ONE("a tid: 7") "," //
		ONE("b (pid 8)") "," ONE("c pid 1, tid 2") "," ONE("d, tid 3") "," //
		ONE("x tid: ") "," ONE("y(pid 4)") "," ONE("z tid: 99999999999") "]}",
		"samples/count\n"
		"f|thread=a tid: 7,tid=7:tid 1\n"
		"f|thread=b (pid 8),pid=8:pid 1\n"
		"f|thread=c pid 1, tid 2,pid=1:pid,tid=2:tid 1\n"
		"f|thread=d, tid 3 1\n"
		"f|thread=x tid:  1\n"
		"f|thread=y(pid 4) 1\n"
		"f|thread=z tid: 99999999999 1\n",
		"");
}

static void damage_costs_a_sample(void **state)
{
	(void)state;
	reads_as("speedscope", FILE_OF(ABC, SAMPLED("none", "[0],[9],[-1],[1],[\"x\"]", "1,1,1,1,1")),
		"samples/count\n"
		"a 1\n"
		"b@b.c 1\n",
		"0xa2 sample 1 of profile 0 names frame 9 of 3\n"
		"0xa6 sample 2 of profile 0 names frame -1 of 3\n"
		"0xaf sample 4 of profile 0 names frame -1 of 3\n");
	reads_as("speedscope", FILE_OF(ABC, SAMPLED("none", "[0],[1],[2]", "1,1e40")),
		"samples/count\n"
		"a 1\n",
		"0xb8 sample 1 of profile 0 has a weight that is no number of 64 bits\n"
		"0xa6 sample 2 of profile 0 and those behind it have no weight\n");
	reads_as("speedscope", FILE_OF(ABC, SAMPLED("parsecs", "[0]", "1")),
		"samples/count\n"
		"a 1\n",
		"0x4c profile 0 has the unit \"parsecs\", which speedscope does not know; its "
		"values are counts\n");
	reads_as("speedscope",
		FILE_OF(ABC,
			EVENTED("none",
				EVENT("O", "0", "5") "," EVENT("O", "1", "3") "," EVENT("C", "0",
					"9"))),
		"samples/count\n"
		"a;b@b.c 4\n",
		"0xbc event 1 of profile 0 lies before the one in front of it\n"
		"0xda event 2 of profile 0 closes a frame that is not the innermost\n");
	reads_as("speedscope",
		FILE_OF(ABC, EVENTED("none", EVENT("O", "0", "5") "," EVENT("X", "1", "6"))),
		"samples/count\n"
		"a 15\n",
		"0xbc event 1 of profile 0 is none (frame 1 of 3)\n"
		"0xda 1 frames of profile 0 are never closed\n");
	reads_as("speedscope", FILE_OF("", ""), "error: the file holds no sample\n", "");
	reads_as("speedscope",
		"{\"shared\":{\"frames\":[{\"name\":\"a\"}]},\"profiles\":[" //
		"{\"type\":\"sampled\",\"unit\":\"none\",\"weights\":[1,1],\"samples\":[[0],[0",
		"samples/count\n"
		"a 1\n",
		"0x71 a list has no end\n");
}

static void memory_may_fail(void **state)
{
	static const char text[] = FILE_OF(ABC,
		SAMPLED("seconds", "[0],[0,1,\"\\n\"]", "2,3") "," EVENTED("none",
			EVENT("O", "1", "0") "," EVENT("C", "1", "3")));

	(void)state;
	survives_failing_memory("speedscope", text, strlen(text));
}

static void write_lines(struct cpi_env *env, const char *const *lines, const char *types,
	struct cpi_sink *sink, enum cp_code want)
{
	struct cp_profile *p;
	struct cp_error err;

	assert_int_equal(text_profile(env, types, lines, &p, &err), CP_OK);
	cpi_sink_memory(sink, &env->mem);
	assert_int_equal(
		cpi_format_find("speedscope")->write(env, p, NULL, sink, &err), want);
	cp_profile_free(p);
}

/* What is written is read back: types, functions, sums; not addresses and labels. */
static void there_and_back(void **state)
{
	static const char *const lines[] = {"main@m.c!/bin/x;f+g@g.h:7#1234!/bin/x|k=v 1 20",
		"main@m.c!/bin/x;f+g@g.h:9#1238!/bin/x 2 0", "?#77!/bin/y 5 0", NULL};
	static const char *const minus[] = {"a -1", NULL};
	static struct read_text r;
	struct cpi_env env;
	struct cpi_sink sink;

	(void)state;
	cpi_env_init(&env, NULL);
	write_lines(&env, lines, "samples/count cpu/cycles", &sink, CP_OK);
	read_text(&r, "speedscope", sink.buf, sink.n, NULL);
	/* The default type, which is the last, comes first; cycles is no unit there. */
	assert_string_equal(r.out,
		"samples/count\n"
		"main@m.c;f;g@g.h|thread=cpu (cycles) 20\n"
		"main@m.c;f;g@g.h|thread=samples 3\n"
		"[y]|thread=samples 5\n");
	assert_string_equal(r.remarks, "");
	cpi_sink_release(&sink);
	write_lines(&env, minus, "samples/count", &sink, CP_ERROR_ARGUMENT);
	cpi_sink_release(&sink);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_and_weights),
		cmocka_unit_test(lines_of_frames),
		cmocka_unit_test(events),
		cmocka_unit_test(several_profiles),
		cmocka_unit_test(ids_in_titles),
		cmocka_unit_test(damage_costs_a_sample),
		cmocka_unit_test(memory_may_fail),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
