/* SPDX-License-Identifier: Apache-2.0 */
/* format/callgrind: costs of lines and calls, and the stacks that are made of them. */
#include "read_text.h"

#define ESTIMATED \
	"stacks are estimated: the file says who called whom and what that cost, not " \
	"which calls were in which\n"

/* Names by number, one space of numbers for all kinds of file; steps in positions. */
static void shortened_spellings(void **state)
{
	(void)state;
	reads_as("callgrind",
		"# callgrind format\n"
		"events: Ir Dr\n"
		"fl=(1) a.c\n"
		"fn=(1) main\n"
		"16 20 5\n"
		"cfn=(2) f\n"
		"calls=1 50\n"
		"+1 400\n"
		"cfi=(2) b.c\n"
		"cfn=(3) g\n"
		"calls=3 20\n"
		"* 0x190\n"
		"fn=(2)\n"
		"51 100\n"
		"cfi=(2)\n"
		"cfn=(3)\n"
		"calls=2 20\n"
		"* 300\n"
		"fl=(2)\n"
		"fn=(3)\n"
		"-31 700 7\n",
		"Ir/count Dr/count\n"
		"main@a.c:16 20 5\n"
		"main@a.c:17;f@a.c:51 100 0\n"
		"main@a.c:17;g@b.c:20 400 0\n"
		"main@a.c:17;f@a.c:51;g@b.c:20 300 0\n"
		"g@b.c:20 0 7\n",
		ESTIMATED);
}

/* What is written with steps of costs, too; elsewhere a minus is a cost below 0. */
static void steps_of_costs(void **state)
{
	(void)state;
	reads_as("callgrind",
		"events: A\nfl=a.c\nfn=f\n1 20\n2 *\n3 +5\n4 -15\n",
		"A/count\n"
		"f@a.c:1 20\n"
		"f@a.c:2 20\n"
		"f@a.c:3 25\n"
		"f@a.c:4 10\n",
		"");
	reads_as("callgrind",
		"events: Time_(10ns) Memory_(bytes)\nfl=a.c\nfn=f\n1 20 -5\n2 0 7\n",
		"Time/nanoseconds Memory/bytes\n"
		"f@a.c:1 200 -5\n"
		"f@a.c:2 0 7\n",
		"");
}

/* Of two ways each gets its share, in whole numbers that add up. */
static void shares(void **state)
{
	(void)state;
	reads_as("callgrind",
		"events: Ir\nfl=x\n"
		"fn=main\n1 1\ncfn=a\ncalls=1 0\n1 30\ncfn=b\ncalls=1 0\n2 72\n"
		"fn=a\n3 0\ncfn=c\ncalls=1 0\n3 30\n"
		"fn=b\n4 1\ncfn=c\ncalls=2 0\n4 71\n"
		"fn=c\n5 100\n6 1\n",
		"Ir/count\n"
		"main@x:1 1\n"
		"main@x:2;b@x:4 1\n"
		"main@x:2;b@x:4;c@x:5 70\n"
		"main@x:1;a@x:3;c@x:5 30\n"
		"main@x:1;a@x:3;c@x:6 1\n",
		ESTIMATED);
}

/* Functions that call each other, and themselves, and what they call outside. */
static void circles(void **state)
{
	(void)state;
	reads_as("callgrind",
		"events: Ir\nfl=x\n"
		"fn=main\n1 1\ncfn=even\ncalls=1 0\n1 50\n"
		"fn=even\n2 10\ncfn=odd\ncalls=5 0\n2 40\n"
		"fn=odd\n3 20\ncfn=even\ncalls=5 0\n3 30\ncfn=leaf\ncalls=1 0\n4 20\n"
		"fn=leaf\n5 20\ncfn=leaf\ncalls=3 0\n5 15\n",
		"Ir/count\n"
		"main@x:1 1\n"
		"main@x:1;<cycle 1>;even@x:2 10\n"
		"main@x:1;<cycle 1>;odd@x:3 20\n"
		"main@x:1;<cycle 1>;odd@x:4;leaf@x:5 20\n",
		ESTIMATED);
}

/* What no caller paid for begins a stack; a little of it is rounding. */
static void roots(void **state)
{
	(void)state;
	reads_as("callgrind",
		"events: Ir\nfl=x\n"
		"fn=main\n1 5\ncfn=f\ncalls=1 0\n1 10\n"
		"fn=f\n2 30\n"
		"fn=g\ncfn=h\ncalls=1 0\n7 1000\n"
		"fn=h\n8 1001\n",
		"Ir/count\n"
		"main@x:1 5\n"
		"f@x:2 20\n"
		"main@x:1;f@x:2 10\n"
		"g@x:7;h@x:8 1001\n",
		ESTIMATED);
}

/* Parts add up, with their events in another order; objects, inlined code, instructions. */
static void parts(void **state)
{
	(void)state;
	reads_as("callgrind",
		"version: 1\ncreator: callgrind\ncmd: ./x\npart: 1\n"
		"positions: instr line\nevents: Ir Bc\n"
		"ob=(1) /bin/x\nfl=(1) a.c\nfn=(1) f\n"
		"0x1000 3 1 2\n+4 +1 10\nfi=(2) in.h\n+4 9 5\nfe=(1)\n"
		"jump=7 0x1000 3\n+4 +0\njcnd=3/7 +0 +0\n* *\n+0 4 2\n"
		"totals: 18 2\n\n"
		"part: 2\npositions: line\nevents: Bc Ir\n"
		"ob=(1)\nfl=(1)\nfn=(1)\n3 7 100\n",
		"Ir/count Bc/count\n"
		"f@a.c:3!/bin/x 101 9\n"
		"f@a.c:4!/bin/x 12 0\n"
		"f@in.h:9!/bin/x 5 0\n",
		"");
}

static void cachegrind(void **state)
{
	(void)state;
	reads_as("callgrind",
		"desc: I1 cache: 32768 B\ncmd: ./x\nevents: Ir I1mr\n"
		"fl=???\nfn=???\n0 3 1\nfl=a.c\nfn=(below main)\n7 4 0\nsummary: 7 1\n",
		"Ir/count I1mr/count\n"
		"\?\?\? 3 1\n"
		"(below main)@a.c:7 4 0\n",
		"");
}

static void damage(void **state)
{
	(void)state;
	reads_as("callgrind",
		"events: Ir\nfn=f\n1 2\nnonsense\n1 x\n1 2 3\n",
		"Ir/count\nf:1 2\n",
		"0x14 neither a name nor positions and costs\n"
		"0x1d neither a name nor positions and costs\n"
		"0x21 neither a name nor positions and costs\n");
	reads_as("callgrind",
		"events: Ir\nfn=(7)\n5 6\ncalls=1 1\n3 4\n1 99999999999999999999\n",
		"Ir/count\n(7):5 6\n",
		"0xb a number stands for no name\n"
		"0x16 a call of no function\n"
		"0x24 neither a name nor positions and costs\n");
	reads_as("callgrind", "fn=f\n1 2\n",
		"error: no line says which events the costs are of\n", "");
	reads_as("callgrind", "events: Ir\nfn=f\n1 0\n",
		"error: the file holds no costs\n", "");
	reads_as("callgrind", "events: Ir\nfn=f\n1 9223372036854775807\n1 1\n",
		"error: a sum of costs exceeds 64 bits\n", "");
}

static int64_t total(const struct cp_profile *p, uint32_t type)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < cp_profile_counts(p).samples; i++)
		sum += cp_profile_sample_values(p, i)[type];
	return sum;
}

/*
 * A ladder of functions, each called from two lines of the one before, has 2^n ways; what
 * is not kept apart is under one frame, and nothing is lost.
 */
static void many_ways(void **state)
{
	enum { STEPS = 200 };
	struct cpi_source source = {.name = "test", .n_parts = 1};
	struct cpi_env env;
	struct cpi_sink text;
	struct cp_profile *p;
	struct cp_error err;
	int64_t rest = 3 * STEPS;

	(void)state;
	cpi_env_init(&env, NULL);
	cpi_sink_memory(&text, &env.mem);
	cpi_sink_str(&text, "events: Ir\nfl=x\n");
	for (int i = 0; i < STEPS; i++, rest -= 3) {
		cpi_sink_printf(&text, "fn=f%d\n1 3\n", i);
		if (i + 1 < STEPS)
			cpi_sink_printf(&text, "cfn=f%d\ncalls=1 0\n2 %d\ncfn=f%d\ncalls=1 0\n3 %d\n",
				i + 1, (int)(rest - 3) / 2, i + 1,
				(int)(rest - 3) - (int)(rest - 3) / 2);
	}
	source.part[0] = (struct cpi_bytes){text.buf, text.n, false};
	assert_int_equal(cpi_format_find("callgrind")->read(&env, &source, NULL, NULL, &p, &err),
		CP_OK);
	assert_int_equal(cp_profile_check(p, &err), CP_OK);
	assert_int_equal(total(p, 0), 3 * STEPS);
	assert_true(cp_profile_counts(p).samples < 20000);
	cp_profile_free(p);
	cpi_sink_release(&text);
	cpi_env_release(&env);
}

static void failing_memory(void **state)
{
	static const char text[] =
		"events: Ir Dr\nob=o\nfl=x\n"
		"fn=(1) main\n1 1\ncfn=(2) even\ncalls=1 0\n1 50\n"
		"fn=(2)\n2 10\ncfn=(3) odd\ncalls=5 0\n2 40 3\n"
		"fn=(3)\n3 20 1\ncfn=(2)\ncalls=5 0\n3 30\n4 7\n";

	(void)state;
	survives_failing_memory("callgrind", text, sizeof text - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shortened_spellings),
		cmocka_unit_test(steps_of_costs),
		cmocka_unit_test(shares),
		cmocka_unit_test(circles),
		cmocka_unit_test(roots),
		cmocka_unit_test(parts),
		cmocka_unit_test(cachegrind),
		cmocka_unit_test(damage),
		cmocka_unit_test(many_ways),
		cmocka_unit_test(failing_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
