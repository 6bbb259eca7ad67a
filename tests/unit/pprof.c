/* SPDX-License-Identifier: Apache-2.0 */
/* What the pprof reader accepts, and how it says what it does not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "format/pprof/pprof.h"

struct part {
	const char *bytes;
	size_t n;
};

#define P(literal) {(literal), sizeof(literal) - 1}

/* A profile in pieces, of which a case replaces one; in the order of the file. */
enum { TYPES, SAMPLE, MAPPING, LOCATION, FUNCTION, STRINGS, REST, PARTS };

static const struct part valid[PARTS] = {
	[TYPES] = P("\x0a\x04\x08\x01\x10\x02"),
	[SAMPLE] = P("\x12\x04\x08\x05\x10\x07"),
	[MAPPING] = P("\x1a\x02\x08\x09"),
	[LOCATION] = P("\x22\x0a\x08\x05\x10\x09\x22\x04\x08\x03\x10\x0b"),
	[FUNCTION] = P("\x2a\x04\x08\x03\x10\x03"),
	[STRINGS] = P("\x32\x00\x32\x01s\x32\x01u\x32\x01"
		      "f"),
	[REST] = P("\x60\x01"),
};

static enum cp_code read_parts(struct cpi_env *env, unsigned which, struct part part,
	struct cp_profile **ret, struct cp_error *err)
{
	struct cpi_sink s;
	struct cpi_source source = {.n_parts = 1};
	enum cp_code code;

	cpi_sink_memory(&s, &env->mem);
	for (unsigned i = 0; i < PARTS; i++) {
		struct part use = i == which ? part : valid[i];

		cpi_sink_bytes(&s, use.bytes, use.n);
	}
	source.part[0] = (struct cpi_bytes){s.buf, s.n};
	code = s.code ? cpi_error_memory(err)
		      : cpi_pprof_read(env, &source, NULL, NULL, ret, err);
	cpi_sink_release(&s);
	return code;
}

static const struct bad {
	unsigned which;
	struct part part;
	const char *context, *message;
	uint64_t offset;
} bad[] = {
	{TYPES, P(""), "sample 0", "no sample type", 0},
	{TYPES, P("\x0a\x04\x08\x01\x10\x0c"), "sample type 0", "string 12 is not", 0},
	{TYPES, P("\x0a\x05\x0d\x01\x02\x03\x04"), "sample type 0", "wire type 5", 2},
	{SAMPLE, P("\x12\x04\x08\x06\x10\x07"), "sample 0", "location 6 is not", 8},
	{SAMPLE, P("\x12\x04\x08\x00\x10\x07"), "sample 0", "location 0 is not", 8},
	{SAMPLE, P("\x12\x05\x0a\x01\x06\x10\x07"), "sample 0", "location 6 is not", 10},
	{SAMPLE, P("\x12\x02\x08\x05"), "sample 0", "0 values for 1", 6},
	{SAMPLE, P("\x12\x06\x08\x05\x10\x07\x10\x07"), "sample 0", "2 values for 1", 6},
	{SAMPLE, P("\x12\x04\x08\x05\x15\x07"), "sample 0", "damaged", 10},
	{SAMPLE, P("\x12\x06\x1d\x05\x00\x00\x00\x00"), "sample 0", "wire type 5", 8},
	{SAMPLE, P("\x12\x04\x08\x05\x0a\x07"), "sample 0", "damaged", 10},
	{SAMPLE, P("\x12\x08\x08\x05\x10\x07\x1a\x02\x08\x63"), "sample 0", "string 99", 12},
	{MAPPING, P("\x1a\x00"), "mapping 0", "id is 0", 12},
	{MAPPING, P("\x1a\x02\x08\x09\x1a\x02\x08\x09"), "mapping 1", "9 occurs twice", 16},
	{LOCATION, P("\x22\x00"), "location 0", "id is 0", 16},
	{LOCATION, P("\x22\x02\x08\x05\x22\x02\x08\x05"), "location 1", "5 occurs twice", 20},
	{LOCATION, P("\x22\x08\x08\x05\x22\x04\x08\x04\x10\x0b"), "location 0",
		"function 4 is not", 20},
	{LOCATION, P("\x22\x06\x08\x05\x22\x02\x10\x0b"), "location 0", "function 0 is not", 20},
	{LOCATION, P("\x22\x04\x08\x05\x20\x01"), "location 0", "wire type 0", 20},
	/* Its id might be the location's, but the location says otherwise; two of one. */
	{FUNCTION, P("\x2a\x02\x10\x03"), "location 0", "function 3 is not", 22},
	{FUNCTION, P("\x2a\x02\x10\x03\x2a\x02\x10\x03"), "function 0", "id is 0", 28},
	{FUNCTION, P("\x2a\x04\x08\x03\x10\x0f"), "function 0", "string 15", 28},
	{STRINGS, P(""), "", "no string table", 36},
	{STRINGS, P("\x32\x01s"), "", "first string", 34},
	{REST, P("\x48\x01\x48\x01"), "", "concatenated", 47},
	{REST, P("\x08\x01"), "", "wire type 0", 45},
	{REST, P("\x61\x01"), "", "past the end", 45},
	{REST, P("\x0a\x7f"), "", "past the end", 45},
	{REST, P("\x63"), "", "past the end", 45},
	{REST, P("\x60\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "", "past the end", 45},
	{REST, P("\x68\x40"), "", "comment 0", 47},
	{REST, P("\x70\x40"), "", "string 64", 45},
};

static void each_violation_has_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct cpi_env env;
		struct cp_profile *p = NULL;
		struct cp_error err = {0};

		cpi_env_init(&env, NULL);
		assert_int_not_equal(
			read_parts(&env, bad[i].which, bad[i].part, &p, &err), CP_OK);
		if (!strstr(err.message, bad[i].message) || strcmp(err.context, bad[i].context) ||
			err.offset != bad[i].offset)
			fail_msg("case %zu: %s at %llu: %s", i, err.context,
				(unsigned long long)err.offset, err.message);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

static struct cp_profile *good(struct cpi_env *env, unsigned which, struct part part)
{
	struct cp_profile *p = NULL;
	struct cp_error err = {0};

	cpi_env_init(env, NULL);
	if (read_parts(env, which, part, &p, &err))
		fail_msg("%s: %s", err.context, err.message);
	assert_int_equal(cp_profile_check(p, NULL), CP_OK);
	return p;
}

static void done(struct cpi_env *env, struct cp_profile *p)
{
	cp_profile_free(p);
	assert_int_equal(env->mem.used, 0);
	cpi_env_release(env);
}

static void plain(void **state)
{
	struct cpi_env env;
	struct cp_profile *p = good(&env, PARTS, (struct part){0});

	(void)state;
	assert_int_equal(p->location.v[1].mapping.i, 1);
	assert_int_equal(p->line.v[0].line, 11);
	assert_string_equal(p->string.v[p->function.v[1].name.i].p, "f");
	assert_int_equal(p->value.v[0], 7);
	assert_int_equal(p->header.period, 1);
	done(&env, p);
}

static void lenient_as_pprof(void **state)
{
	static const struct {
		unsigned which;
		struct part part;
	} fine[] = {
		{SAMPLE, P("")},
		{SAMPLE, P("\x12\x02\x10\x07")},                         /* no stack */
		{SAMPLE, P("\x12\x06\x0a\x01\x05\x12\x01\x07")},         /* packed */
		{SAMPLE, P("\x12\x07\x08\x05\x10\x07\x98\x06\x01")},     /* unknown field */
		{LOCATION, P("\x22\x04\x08\x05\x10\x63")},               /* unknown mapping */
		/* Equal functions with ids 1 to 3 become one row. */
		{FUNCTION, P("\x2a\x04\x08\x01\x10\x03\x2a\x04\x08\x02\x10\x03"
			    "\x2a\x04\x08\x03\x10\x03")},
		{REST, P("\x5a\x00\x5a\x02\x08\x02")},                   /* last one wins */
		{REST, P("\x48\x00\x48\x05")},                           /* zero is no time */
		{REST, P("\x9d\x06\x01\x02\x03\x04")},                   /* unknown field */
		{REST, P("\x6a\x02\x01\x02\x68\x03")},                   /* comments */
		{REST, P("\x60\x81\x80\x80\x80\x80\x80\x80\x80\x80\x7f")}, /* excess bits */
	};

	(void)state;
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
		struct cpi_env env;
		struct cp_profile *p = good(&env, fine[i].which, fine[i].part);

		done(&env, p);
	}
}

/* 7 without unit, 0 with unit u: the list [7 0] with units ["" "u"]; the rest is dropped. */
static void label_lists(void **state)
{
	struct cpi_env env;
	struct part part = P("\x12\x20\x08\x05\x10\x07"
			     "\x1a\x04\x08\x03\x18\x07"
			     "\x1a\x04\x08\x03\x20\x02"
			     "\x1a\x02\x08\x03"
			     "\x1a\x04\x08\x03\x10\x01"
			     "\x1a\x04\x08\x01\x10\x02");
	struct cp_profile *p = good(&env, SAMPLE, part);
	uint32_t n;
	const struct cp_label *label = cpi_profile_label_set(p, p->sample_labels.v[0], &n);

	(void)state;
	assert_int_equal(n, 4);
	assert_string_equal(p->string.v[label[0].key.i].p, "f");
	assert_string_equal(p->string.v[label[0].str.i].p, "s");
	assert_string_equal(p->string.v[label[1].key.i].p, "s");
	assert_int_equal(label[2].num, 7);
	assert_int_equal(label[2].unit.i, 0);
	assert_int_equal(label[3].num, 0);
	assert_string_equal(p->string.v[label[3].unit.i].p, "u");
	done(&env, p);
}

/* Ids beyond the number of rows, ids of more than four bytes, all in one stack. */
static void sparse_ids(void **state)
{
	struct cpi_env env;
	struct part locations = P("\x22\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
				  "\x22\x04\x08\x05\x18\x07"
				  "\x22\x08\x08\x80\x80\x80\x80\x01\x18\x09");
	struct cpi_sink s;
	struct cpi_source source = {.n_parts = 1};
	struct cp_profile *p;
	struct cp_error err = {0};
	static const char sample[] = "\x12\x16\x0a\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
				     "\x05\x80\x80\x80\x80\x01\x05\x05\x10\x07";

	(void)state;
	cpi_env_init(&env, NULL);
	cpi_sink_memory(&s, &env.mem);
	for (unsigned i = 0; i < PARTS; i++) {
		struct part use = valid[i];

		if (i == LOCATION)
			use = locations;
		if (i == SAMPLE)
			use = (struct part){sample, sizeof sample - 1};
		cpi_sink_bytes(&s, use.bytes, use.n);
	}
	source.part[0] = (struct cpi_bytes){s.buf, s.n};
	if (cpi_pprof_read(&env, &source, NULL, NULL, &p, &err))
		fail_msg("%s at %llu: %s", err.context, (unsigned long long)err.offset,
			err.message);
	assert_int_equal(p->frame.n, 5);
	assert_int_equal(p->frame.v[0].i, 1);
	assert_int_equal(p->frame.v[1].i, 2);
	assert_int_equal(p->frame.v[2].i, 3);
	assert_int_equal(p->frame.v[4].i, 2);
	cpi_sink_release(&s);
	done(&env, p);
}

static void every_allocation_may_fail(void **state)
{
	enum cp_code code = CP_ERROR_MEMORY;

	(void)state;
	for (uint64_t n = 1; code; n++) {
		struct cpi_env env;
		struct cp_profile *p = NULL;
		struct cp_error err = {0};

		cpi_env_init(&env, NULL);
		env.mem.fail_at = n;
		code = read_parts(&env, PARTS, (struct part){0}, &p, &err);
		assert_true(!code || code == CP_ERROR_MEMORY);
		assert_int_equal(err.code, code);
		if (!code)
			cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
		assert_true(n < 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_violation_has_its_place),
		cmocka_unit_test(plain),
		cmocka_unit_test(lenient_as_pprof),
		cmocka_unit_test(label_lists),
		cmocka_unit_test(sparse_ids),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
