/* SPDX-License-Identifier: Apache-2.0 */
/* format/simpleperf: reports of Android's simpleperf, made here field by field. */
#include "message.h"
#include "read_text.h"

struct report {
	uint8_t bytes[4096];
	size_t n;
};

static void u32(struct report *r, uint32_t x)
{
	for (unsigned i = 0; i < 4; i++)
		r->bytes[r->n++] = (uint8_t)(x >> 8 * i);
}

static void begin(struct report *r)
{
	memcpy(r->bytes, "SIMPLEPERF\1\0", 12);
	r->n = 12;
}

static void record(struct report *r, unsigned kind, const struct message *m)
{
	struct message whole = {.n = 0};

	pb_bytes(&whole, kind, m->bytes, m->n);
	u32(r, (uint32_t)whole.n);
	memcpy(r->bytes + r->n, whole.bytes, whole.n);
	r->n += whole.n;
}

struct at {
	uint64_t address, file;
	int64_t symbol;
};

static void sample(struct report *r, uint64_t time, uint64_t thread,
	const struct at *frames, size_t n, uint64_t count, uint64_t event)
{
	struct message m = {.n = 0};

	pb_number(&m, 1, time);
	pb_number(&m, 2, thread);
	for (size_t i = 0; i < n; i++) {
		struct message f = {.n = 0};

		pb_number(&f, 1, frames[i].address);
		pb_number(&f, 2, frames[i].file);
		pb_number(&f, 3, (uint64_t)frames[i].symbol);
		pb_bytes(&m, 3, f.bytes, f.n);
	}
	pb_number(&m, 4, count);
	pb_number(&m, 5, event);
	record(r, 1, &m);
}

static void file(struct report *r, uint64_t id, const char *path, const char *a,
	const char *b, const char *mangled_a)
{
	struct message m = {.n = 0};

	pb_number(&m, 1, id);
	pb_string(&m, 2, path);
	if (a)
		pb_string(&m, 3, a);
	if (b)
		pb_string(&m, 3, b);
	if (mangled_a)
		pb_string(&m, 4, mangled_a);
	record(r, 3, &m);
}

static void thread(struct report *r, uint64_t id, uint64_t pid, const char *name)
{
	struct message m = {.n = 0};

	pb_number(&m, 1, id);
	pb_number(&m, 2, pid);
	pb_string(&m, 3, name);
	record(r, 4, &m);
}

static void about(struct report *r, const char *a, const char *b)
{
	struct message m = {.n = 0};

	pb_string(&m, 1, a);
	if (b)
		pb_string(&m, 1, b);
	pb_string(&m, 2, "org.example");
	record(r, 5, &m);
}

#define KERNEL 0xffffffff80001234

static void whole(struct report *r)
{
	static const struct at one[] = {{0x40, 0, 1}, {0x20, 0, 0}};
	static const struct at two[] = {{KERNEL, 7, -1}, {0x44, 0, 1}};
	struct message lost = {.n = 0}, later = {.n = 0};

	begin(r);
	sample(r, 100, 12, one, 2, 250000, 0);
	sample(r, 150, 12, one, 2, 250000, 0);
	sample(r, 190, 13, two, 2, 3, 1);
	sample(r, 200, 14, NULL, 0, 1, 1);
	pb_number(&later, 1, 1);
	record(r, 6, &later);
	record(r, 99, &later);
	pb_number(&lost, 1, 4);
	pb_number(&lost, 2, 9);
	record(r, 2, &lost);
	/* Ids need not be 0, 1, 2, …; of two rows the first counts. */
	file(r, 7, "[kernel.kallsyms]", NULL, NULL, NULL);
	file(r, 0, "/data/base.apk!/lib/libgame.so", "main", "draw(int)", "main");
	file(r, 0, "/other", NULL, NULL, NULL);
	thread(r, 12, 12, "game");
	thread(r, 13, 12, "worker");
	about(r, "cpu-clock", "sched:sched_switch");
	u32(r, 0);
}

static struct read_text text;

static void reads(const struct report *r, const char *want, const char *remarks)
{
	read_text(&text, "simpleperf", r->bytes, r->n, NULL);
	assert_string_equal(text.out, want);
	assert_string_equal(text.remarks, remarks);
}

#define TYPES                                                                            \
	"cpu-clock:samples/count cpu-clock/nanoseconds "                                 \
	"sched:sched_switch:samples/count "                                              \
	"sched:sched_switch/count\n"
#define SAMPLES                                                                          \
	"main#20!/data/base.apk!/lib/libgame.so;draw(int)#40!/data/base.apk!/lib/"       \
	"libgame.so"                                                                     \
	"|thread=game,pid=12:pid,tid=12:tid 2 500000 0 0\n"                              \
	"draw(int)#44!/data/base.apk!/lib/"                                              \
	"libgame.so;?#ffffffff80001234![kernel.kallsyms]"                                \
	"|thread=worker,pid=12:pid,tid=13:tid 0 0 1 3\n"                                 \
	"|tid=14:tid 0 0 1 1\n"

static void what_stands_behind(void **state)
{
	struct report r;

	(void)state;
	whole(&r);
	reads(&r, TYPES SAMPLES, "");
	/* The 0 at the end may be missing when the rest of the file is there. */
	r.n -= 4;
	reads(&r, TYPES SAMPLES, "0x166 the file ends before its last record\n");
}

static void one_event_and_times(void **state)
{
	static const struct at one[] = {{0x40, 0, 0}};
	struct cp_read_options options = {.size = sizeof options, .keep_time = true};
	struct report r;

	(void)state;
	begin(&r);
	sample(&r, 100, 1, one, 1, 5, 0);
	sample(&r, 170, 1, one, 1, 6, 0);
	file(&r, 0, "/bin/a", "f", NULL, NULL);
	about(&r, "cpu-cycles", NULL);
	u32(&r, 0);
	read_text(&text, "simpleperf", r.bytes, r.n, &options);
	assert_string_equal(text.out, "samples/count cpu-cycles/count\n"
				      "f#40!/bin/a|tid=1:tid 1 5\n"
				      "f#40!/bin/a|tid=1:tid 1 6\n");
}

static void damage_costs_a_sample(void **state)
{
	static const struct at good[] = {{0x40, 0, 0}}, nowhere[] = {{0x40, 3, 0}};
	static const struct at no_symbol[] = {{0x40, 0, 9}};
	struct message bad = {.bytes = {0x1a, 0x7f}, .n = 2};
	struct report r;

	(void)state;
	begin(&r);
	sample(&r, 1, 1, nowhere, 1, 5, 0);
	sample(&r, 1, 1, good, 1, 5, 4);
	sample(&r, 1, 1, good, 1, UINT64_MAX, 0);
	record(&r, 1, &bad);
	sample(&r, 1, 1, no_symbol, 1, 2, 0);
	file(&r, 0, "/bin/a", "f", NULL, NULL);
	u32(&r, 0);
	reads(&r,
		"samples/count events/count\n"
		"?#40!/bin/a|tid=1:tid 1 2\n",
		"0x10 a sample is damaged, or a frame's file is not in the report\n"
		"0x26 a sample is of event 4 of 1, or counts too many\n"
		"0x3c a sample is of event 0 of 1, or counts too many\n");
	/* Of one kind three are said. */
	assert_int_equal(text.warnings, 4);
}

static void other_versions(void **state)
{
	struct report r;

	(void)state;
	whole(&r);
	r.bytes[10] = 2;
	reads(&r, "error: simpleperf's report has version 2; only 1 is known\n", "");
	r.n = 11;
	reads(&r, "error: no report of simpleperf\n", "");
	begin(&r);
	u32(&r, 0);
	reads(&r, "error: the report holds no sample\n", "");
}

/* Names of two bytes each must not make every sample long. */
static void too_many_events(void **state)
{
	struct message m = {.n = 0};
	struct report r;

	(void)state;
	begin(&r);
	for (unsigned i = 0; i < 101; i++)
		pb_string(&m, 1, "");
	record(&r, 5, &m);
	sample(&r, 100, 12, NULL, 0, 1, 0);
	u32(&r, 0);
	reads(&r, "error: the report counts more than 100 events\n", "");
}

/* Every prefix and every byte changed: an answer, or an error; the model's rules hold. */
static void any_damage(void **state)
{
	struct report r;

	(void)state;
	whole(&r);
	for (size_t n = 0; n < r.n; n++)
		read_text(&text, "simpleperf", r.bytes, n, NULL);
	for (size_t i = 0; i < r.n; i++)
		for (unsigned flip = 1; flip < 256; flip <<= 1) {
			r.bytes[i] ^= (uint8_t)flip;
			read_text(&text, "simpleperf", r.bytes, r.n, NULL);
			r.bytes[i] ^= (uint8_t)flip;
		}
	survives_failing_memory("simpleperf", r.bytes, r.n);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stands_behind),
		cmocka_unit_test(one_event_and_times),
		cmocka_unit_test(damage_costs_a_sample),
		cmocka_unit_test(other_versions),
		cmocka_unit_test(too_many_events),
		cmocka_unit_test(any_damage),
	};

	if (argc > 1) { /* the corpus of tests/fuzz is made so */
		struct report r;
		FILE *f = fopen(argv[1], "wb");

		whole(&r);
		return !f || fwrite(r.bytes, 1, r.n, f) != r.n || fclose(f);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
