/* SPDX-License-Identifier: Apache-2.0 */
/* format/otlp: JSON in, the same through protobuf, and what is written is read. */
#include "format/otlp/otlp.h"
#include "message.h"
#include "read_text.h"

#define TABLES(STACKS) \
	"\"dictionary\":{\"mappingTable\":[{},{\"memoryStart\":\"4096\",\"memoryLimit\":" \
	"\"20480\",\"filenameStrindex\":5,\"attributeIndices\":[2]}],\"locationTable\":[{}," \
	"{\"mappingIndex\":1,\"address\":\"4112\",\"lines\":[{\"functionIndex\":1,\"line\":5}]}," \
	"{\"mappingIndex\":1,\"address\":\"8224\",\"lines\":[{\"functionIndex\":2,\"line\":" \
	"65535},{\"functionIndex\":1,\"line\":\"9\"}]},{\"lines\":[{\"functionIndex\":2}]}]," \
	"\"functionTable\":[{},{\"nameStrindex\":6,\"filenameStrindex\":8},{\"nameStrindex\":7}]," \
	"\"linkTable\":[{},{\"traceId\":\"000102030405060708090a0b0c0d0e0f\",\"spanId\":" \
	"\"00000000000000ff\"}],\"stringTable\":[\"\",\"samples\",\"count\",\"cpu\"," \
	"\"nanoseconds\",\"/bin/app\",\"main\",\"inl\",\"a.c\",\"thread.name\",\"w\"," \
	"\"process.executable.build_id.gnu\",\"abcd\",\"size\",\"By\",\"off\"," \
	"\"process.executable.name\",\"rate\"],\"attributeTable\":[{},{\"keyStrindex\":9," \
	"\"value\":{\"stringValueStrindex\":10}},{\"keyStrindex\":11,\"value\":{\"stringValue\":" \
	"\"abcd\"}},{\"keyStrindex\":13,\"value\":{\"intValue\":\"64\"},\"unitStrindex\":14}," \
	"{\"keyStrindex\":16,\"value\":{\"stringValue\":\"sh\"}},{\"keyStrindex\":17,\"value\":" \
	"{\"doubleValue\":0.5}},{\"keyStrindex\":17,\"value\":{\"arrayValue\":{\"values\":[]}}}]," \
	"\"stackTable\":[{}," STACKS "]}"
#define STACKS "{\"locationIndices\":[2,1]},{\"locationIndices\":[1]}"
#define COUNTS "\"sampleType\":{\"typeStrindex\":1,\"unitStrindex\":2}"
#define RESOURCE(NAME, PROFILES) \
	"{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"" \
	NAME "\"}}]},\"scopeProfiles\":[{\"profiles\":[" PROFILES "]}]}"

#define MAIN "main@a.c:5#1010!/bin/app"

static void shapes_of_samples(void **state)
{
	(void)state;
	/* times alone count one each; values with times add up; tables may come first */
	reads_as("otlp-json",
		"{" TABLES(STACKS) ",\"resourceProfiles\":[" RESOURCE("x", "{" COUNTS //
			",\"samples\":[{\"stackIndex\":1,\"attributeIndices\":[1,4]," //
			"\"timestampsUnixNano\":[\"5\",\"7\",\"9\"]},{\"stackIndex\":2,\"values\":" //
			"[\"10\",1],\"linkIndex\":1},{\"stackIndex\":2,\"attributeIndices\":[4,3,5,6]," //
			"\"values\":[2],\"timestampsUnixNano\":[\"8\"]},{\"values\":[\"-4\"]}]}") "]}",
		"samples/count\n"
		MAIN ";main@a.c:9+inl#2020!/bin/app|thread=w 3\n"
		MAIN "|span_id=00000000000000ff,trace_id=000102030405060708090a0b0c0d0e0f 11\n"
		MAIN "|comm=sh,rate=0.5,size=64:bytes 2\n"
		" -4\n",
		"an attribute is a list, which labels cannot hold\n");
}

static void types_and_resources(void **state)
{
	(void)state;
	/* samples of processor time weigh their period; two resources are told apart */
	reads_as("otlp-json",
		"{\"resource_profiles\":[" RESOURCE("a", "{" COUNTS ",\"periodType\":{\"typeStrindex\":" //
			"3,\"unitStrindex\":4},\"period\":\"1000\",\"samples\":[{\"stackIndex\":2," //
			"\"values\":[3]}]},{\"sampleType\":{\"typeStrindex\":15,\"unitStrindex\":4}," //
			"\"samples\":[{\"stackIndex\":2,\"values\":[70]}]}") "," //
		RESOURCE("b", "{" COUNTS ",\"periodType\":{\"typeStrindex\":3,\"unitStrindex\":4}," //
			"\"period\":10,\"samples\":[{\"stackIndex\":2,\"values\":[2]}]}") "]," //
		TABLES(STACKS) "}",
		"samples/count cpu/nanoseconds off/nanoseconds\n"
		MAIN "|service.name=a 3 3000 70\n"
		MAIN "|service.name=b 2 20 0\n",
		"");
	reads_as("otlp-json",
		"{\"resourceProfiles\":[" RESOURCE("a", "{" COUNTS ",\"samples\":[{\"stackIndex\":2," //
			"\"values\":[3]}]}")
		"]," TABLES("{\"locationIndices\":[9]},{\"locationIndices\":[3]}") "}",
		"samples/count\n"
		"inl 3\n",
		"");
}

static void damage_costs_a_sample(void **state)
{
	(void)state;
	reads_as("otlp-json",
		"{\"resourceProfiles\":[" RESOURCE("a", "{" COUNTS ",\"samples\":[{\"stackIndex\":1," //
			"\"values\":[3]},{\"stackIndex\":7,\"values\":[3]},{\"stackIndex\":2},"
			"{\"stackIndex\":2,\"values\":[1]}]}")
		"]," TABLES("{\"locationIndices\":[9]},{\"locationIndices\":[1]}") "}",
		"samples/count\n"
		MAIN " 1\n",
		"stack 1 of a sample is not in the dictionary, or something it needs is not\n"
		"stack 7 of a sample is not in the dictionary, or something it needs is not\n"
		"a sample has neither values nor times\n");
	reads_as("otlp-json", "{\"resourceProfiles\":[", "error: the file holds no sample\n",
		"0x15 a list has no end\n");
}

/* A list of numbers below 128. */
static void list(struct message *m, unsigned field, const uint8_t *x, size_t n)
{
	pb_bytes(m, field, x, n);
}

#define LIST(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void dictionary(struct message *file)
{
	static const char *const strings[] = {"", "cpu", "nanoseconds", "main", "leaf",
		"thread.name", "w"};
	struct message d = {.n = 0};

	for (unsigned i = 0; i < sizeof strings / sizeof *strings; i++)
		pb_string(&d, 5, strings[i]);
	for (unsigned i = 0; i < 3; i++) {
		struct message location = {.n = 0}, line = {.n = 0}, function = {.n = 0};

		if (i) {
			pb_number(&line, 1, i);
			pb_bytes(&location, 3, line.bytes, line.n);
			pb_number(&function, 1, 2 + i);
		}
		pb_bytes(&d, 2, location.bytes, location.n);
		pb_bytes(&d, 3, function.bytes, function.n);
	}
	pb_bytes(&d, 6, "", 0);
	pb_bytes(&d, 6, "\x08\5\x12\3\x0a\1w", 7); /* thread.name: w */
	pb_bytes(&d, 7, "", 0);
	pb_bytes(&d, 7, "\x0a\2\2\1", 4);
	pb_bytes(&d, 7, "\x0a\1\1", 3);
	pb_bytes(file, 2, d.bytes, d.n);
}

/* Two samples in one profile, whose id has number 8 or 7. */
static void samples_are(const struct message *a, const struct message *b, unsigned id,
	const char *want)
{
	static struct read_text r;
	struct message type = {.n = 0}, profile = {.n = 0}, scope = {.n = 0};
	struct message resource = {.n = 0}, file = {.n = 0};

	pb_number(&type, 1, 1);
	pb_number(&type, 2, 2);
	pb_bytes(&profile, 1, type.bytes, type.n);
	pb_bytes(&profile, 2, a->bytes, a->n);
	pb_bytes(&profile, 2, b->bytes, b->n);
	pb_bytes(&profile, id, "0123456789abcdef", 16);
	pb_bytes(&scope, 2, profile.bytes, profile.n);
	pb_bytes(&resource, 2, scope.bytes, scope.n);
	pb_bytes(&file, 1, resource.bytes, resource.n);
	dictionary(&file);
	read_text(&r, "otlp", file.bytes, file.n, NULL);
	assert_string_equal(r.out, want);
	assert_string_equal(r.remarks, "");
}

/* 1.10 gave a sample's fields other numbers; files do not say which they have. */
static void layouts_of_samples(void **state)
{
	static const char plain[] = "cpu/nanoseconds\nmain;leaf 70\nmain 30\n";
	static const char told[] = "cpu/nanoseconds\nmain;leaf|thread=w 70\nmain 30\n";
	static const uint8_t time[16] = {1};
	struct message a = {.n = 0}, b = {.n = 0}, c, d, e, f, g = {.n = 0};

	(void)state;
	pb_number(&a, 1, 1);
	pb_number(&b, 1, 2);
	list(&b, 2, LIST(30));
	c = d = e = f = a;
	list(&c, 2, LIST(70));
	samples_are(&c, &b, 7, plain); /* 1.9: nothing but values */
	samples_are(&c, &b, 8, plain);
	list(&c, 3, LIST(1));
	samples_are(&c, &b, 7, told);
	pb_number(&d, 2, 70); /* not packed */
	pb_number(&d, 3, 1);
	samples_are(&d, &b, 7, told);
	list(&e, 2, LIST(1)); /* 1.10: attributes, a link, values */
	pb_number(&e, 3, 0);
	list(&e, 4, LIST(70));
	pb_number(&g, 1, 2);
	list(&g, 4, LIST(30));
	samples_are(&e, &g, 7, told);
	list(&f, 2, LIST(1)); /* …and attributes of samples that are times */
	pb_bytes(&f, 5, time, 16);
	pb_bytes(&f, 5, time, 8);
	g.n = 0;
	pb_number(&g, 1, 2);
	pb_bytes(&g, 5, time, 8);
	samples_are(&f, &g, 7, "cpu/nanoseconds\nmain;leaf|thread=w 3\nmain 1\n");
}

/* Fields of a profile that are of another kind, or several types, are older ones. */
static void layouts_not_read(void **state)
{
	static struct read_text r;
	static const char *const profiles[] = {"\x0a\2\x08\1\x0a\2\x08\1", "\x1a\1\1",
		"\x28\5", "\x32\2\x08\1"};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct message scope = {.n = 0}, resource = {.n = 0}, file = {.n = 0};

		pb_string(&scope, 2, profiles[i]);
		pb_bytes(&resource, 2, scope.bytes, scope.n);
		pb_bytes(&file, 1, resource.bytes, resource.n);
		dictionary(&file);
		read_text(&r, "otlp", file.bytes, file.n, NULL);
		assert_string_equal(r.out,
			"error: OTLP profiles of a layout before 1.8 are not read\n");
	}
}

static void memory_may_fail(void **state)
{
	static const char text[] = "{\"resourceProfiles\":[" RESOURCE("a",
		"{" COUNTS ",\"samples\":[{\"stackIndex\":1,\"attributeIndices\":[1,3],"
		"\"values\":[3]}]}") "]," TABLES(STACKS) "}";

	(void)state;
	survives_failing_memory("otlp-json", text, strlen(text));
}

/* Everything but decimals, comments and folded marks comes back; detection finds it. */
static void there_and_back(void **state)
{
	static const char *const lines[] = {
		MAIN ";f@f.c:3+g@g.h:7#1234!/bin/app|comm=b,pid=9:pid,tid=10:tid,k=v 1 20",
		MAIN "|comm=a,pid=9:pid,tid=9:tid 1 4", "h 1 1500", "? 0 -7", NULL};
	static struct read_text r;
	struct cpi_source source = {.n_parts = 1};
	struct cpi_env env;
	struct cpi_sink sink;
	struct cp_profile *p;
	struct cp_error err;

	(void)state;
	cpi_env_init(&env, NULL);
	assert_int_equal(
		text_profile(&env, "samples/count cpu/nanoseconds", lines, &p, &err), CP_OK);
	cpi_sink_memory(&sink, &env.mem);
	assert_int_equal(cpi_format_find("otlp")->write(&env, p, NULL, &sink, &err), CP_OK);
	source.part[0] = (struct cpi_bytes){sink.buf, sink.n, false};
	assert_string_equal(cpi_format_detect(&source)->public.name, "otlp");
	read_text(&r, "otlp", sink.buf, sink.n, NULL);
	assert_string_equal(r.out,
		"cpu/nanoseconds samples/count\n" MAIN
		";f@f.c:3+g@g.h:7#1234!/bin/app|comm=b,k=v,pid=9:pid,tid=10:tid 20 1\n" MAIN
		"|comm=a,pid=9:pid,tid=9:tid 4 1\n"
		"h 1500 1\n"
		"? -7 0\n");
	assert_string_equal(r.remarks, "");
	cpi_sink_release(&sink);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static uint8_t *put_head(uint8_t *at, unsigned field, size_t n)
{
	at += pb_put(at, field << 3 | 2);
	return at + pb_put(at, n);
}

/*
 * A stack of a megabyte whose last location is nowhere, which all samples have: it is looked
 * at once. If each sample did, this test would take minutes.
 */
static void bad_stack_of_all(void **state)
{
	enum { STACK = 1000000, SAMPLES = 100000 };
	static const uint8_t sample[] = {2 << 3 | 2, 5, 1 << 3, 1, 4 << 3 | 2, 1, 1};
	size_t profile = SAMPLES * sizeof sample, stack = STACK + 1 + 1 + 3;
	uint8_t *bytes = malloc(stack + profile + 100), *at = bytes;
	static struct read_text text;

	(void)state;
	assert_non_null(bytes);
	/* resource profiles, scope profiles, profile: lengths of four bytes each */
	for (unsigned level = 0; level < 3; level++)
		at = put_head(at, level ? 2 : 1, profile + 4 * (2 - level));
	for (unsigned i = 0; i < SAMPLES; i++, at += sizeof sample)
		memcpy(at, sample, sizeof sample);
	at = put_head(at, 2, 2 + 4 + stack);
	at = put_head(at, 7, 0);
	at = put_head(at, 7, stack);
	at = put_head(at, 1, STACK + 1);
	memset(at, 0, STACK);
	at[STACK] = 0x7f;
	at += STACK + 1;
	read_text(&text, "otlp", bytes, (size_t)(at - bytes), NULL);
	assert_string_equal(text.out, "error: the file holds no sample\n");
	assert_int_equal(text.warnings, SAMPLES);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_of_samples),
		cmocka_unit_test(types_and_resources),
		cmocka_unit_test(damage_costs_a_sample),
		cmocka_unit_test(layouts_of_samples),
		cmocka_unit_test(layouts_not_read),
		cmocka_unit_test(bad_stack_of_all),
		cmocka_unit_test(memory_may_fail),
		cmocka_unit_test(there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
