/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of merging and filtering, on random profiles. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <cp/columns.h>

#include "op/filter/filter.h"
#include "op/merge/merge.h"
#include "op/scale.h"
#include "../unit/text_profile.h"

enum { ROUNDS = 300, LINES = 24, ROOM = 1 << 14 };

static uint64_t state_of_rng;

static uint32_t below(uint32_t n)
{
	state_of_rng = state_of_rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state_of_rng >> 33) % n;
}

static void random_frame(char *at, size_t room)
{
	static const char *const names[] = {"main", "run", "alloc(int)", "free", "work", "in"};
	static const char *const files[] = {"", "@a.c", "@b.c"};
	static const char *const maps[] = {"", "!/bin/x", "!/lib/y.so"};
	bool inlined = !below(5);

	if (below(12) == 0) {
		snprintf(at, room, "?#%x%s", 1 + below(3), maps[below(3)]);
		return;
	}
	snprintf(at, room, "%s%s:%u%s%s#%x%s", names[below(6)], files[below(3)], 1 + below(3),
		inlined ? "+" : "", inlined ? names[below(6)] : "", below(3), maps[below(3)]);
}

/* A profile of two types whose values may cancel those of others. */
static struct cp_profile *random_profile(struct cpi_env *env)
{
	static const char *const labels[] = {
		"", "|comm=sh", "|comm=bash,pid=7", "|pid=8:id", "|k=a,k=b"};
	static char text[LINES][512];
	const char *lines[LINES + 1] = {NULL};
	struct cp_profile *p;
	uint32_t n = below(LINES);

	for (uint32_t i = 0; i < n; i++) {
		char frame[128];
		size_t at = 0;

		for (uint32_t depth = 1 + below(5); depth--;) {
			random_frame(frame, sizeof frame);
			at += (size_t)snprintf(text[i] + at, sizeof text[i] - at, "%s%s",
				at ? ";" : "", frame);
		}
		snprintf(text[i] + at, sizeof text[i] - at, "%s %d %d", labels[below(5)],
			(int)below(7) - 3, (int)below(5) * 10);
		lines[i] = text[i];
	}
	assert_int_equal(text_profile(env, "n/count cpu/ns", lines, &p, NULL), CP_OK);
	return p;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Samples as sorted text; a fresh block. */
static char *sorted(const struct cp_profile *p)
{
	char *text = malloc(ROOM), *result = calloc(1, ROOM), *line[512], *save;
	size_t n = 0;

	assert_non_null(text);
	assert_non_null(result);
	dump_profile(p, text, ROOM);
	for (char *at = strtok_r(text, "\n", &save); at && n < 512; at = strtok_r(NULL, "\n", &save))
		line[n++] = at;
	qsort(line, n, sizeof *line, by_text);
	for (size_t i = 0, at = 0; i < n; i++)
		at += (size_t)snprintf(result + at, ROOM - at, "%s\n", line[i]);
	free(text);
	return result;
}

static void assert_alike(const struct cp_profile *a, const struct cp_profile *b)
{
	char *x = sorted(a), *y = sorted(b);

	assert_string_equal(x, y);
	free(x);
	free(y);
}

/* Row for row, not only in what it says. */
static void assert_equal(const struct cp_profile *a, const struct cp_profile *b)
{
	for (int id = 0; id < CP_COLUMNS; id++) {
		struct cp_column x = cp_profile_column(a, (enum cp_column_id)id);
		struct cp_column y = cp_profile_column(b, (enum cp_column_id)id);

		assert_int_equal(x.n, y.n);
		for (uint64_t i = 0; i < x.n && x.kind != CP_COLUMN_ADDRESS; i++)
			assert_memory_equal((const char *)x.data + i * x.stride,
				(const char *)y.data + i * y.stride, x.width);
	}
	for (uint32_t i = 0; i <= cp_profile_counts(a).strings; i++)
		assert_string_equal(cp_profile_string(a, (cp_string){i}).p,
			cp_profile_string(b, (cp_string){i}).p);
	assert_memory_equal(
		cp_profile_header(a), cp_profile_header(b), sizeof *cp_profile_header(a));
}

static struct cp_profile *merged_as(struct cpi_env *env,
	const struct cp_merge_options *o, const struct cp_profile *const *p, size_t n)
{
	static const struct cp_merge_input input;
	struct cp_merge *m;
	struct cp_profile *result;
	struct cp_error err;

	assert_int_equal(cpi_merge_new(env, o, &m, NULL), CP_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(cpi_merge_add(m, p[i], &input, &err), CP_OK);
	assert_int_equal(cpi_merge_finish(m, &result, &err), CP_OK);
	assert_int_equal(cp_profile_check(result, &err), CP_OK);
	return result;
}

static struct cp_profile *merged(
	struct cpi_env *env, const struct cp_profile *const *p, size_t n)
{
	static const struct cp_merge_options options;

	return merged_as(env, &options, p, n);
}

#define MERGED(env, ...) \
	merged(env, (const struct cp_profile *const[]){__VA_ARGS__}, \
		sizeof((const void *[]){__VA_ARGS__}) / sizeof(void *))

static void merging_is_associative_and_commutative(void **state)
{
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		struct cp_profile *a, *b, *c, *all, *other, *part;

		state_of_rng = (uint64_t)round;
		a = random_profile(&env);
		b = random_profile(&env);
		c = random_profile(&env);
		all = MERGED(&env, a, b, c);
		other = MERGED(&env, c, a, b);
		assert_alike(all, other);
		cp_profile_free(other);
		part = MERGED(&env, b, c);
		other = MERGED(&env, a, part);
		assert_alike(all, other);
		cp_profile_free(other);
		other = MERGED(&env, all);
		assert_alike(all, other);
		assert_int_equal(cp_profile_counts(all).locations, cp_profile_counts(other).locations);
		assert_int_equal(cp_profile_counts(all).functions, cp_profile_counts(other).functions);
		cp_profile_free(other);
		cp_profile_free(part);
		cp_profile_free(all);
		cp_profile_free(a);
		cp_profile_free(b);
		cp_profile_free(c);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* However inputs are ordered and grouped, and whatever types they have. */
static void canonical_merges_forget_the_order(void **state)
{
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		const struct cp_merge_options o = {.canonical = true,
			.types = round & 1 ? CP_MERGE_UNION : CP_MERGE_INTERSECT};
		const struct cp_profile *in[3], *pair[2];
		struct cp_profile *all, *other, *part;

		state_of_rng = (uint64_t)round + 2000000;
		for (int i = 0; i < 3; i++)
			in[i] = random_profile(&env);
		all = merged_as(&env, &o, in, 3);
		other = merged_as(&env, &o,
			(const struct cp_profile *const[]){in[2], in[0], in[1]}, 3);
		assert_equal(all, other);
		cp_profile_free(other);
		part = merged_as(&env, &o,
			(const struct cp_profile *const[]){in[2], in[0]}, 2);
		pair[0] = in[1];
		pair[1] = part;
		other = merged_as(&env, &o, pair, 2);
		assert_equal(all, other);
		cp_profile_free(other);
		cp_profile_free(part);
		cp_profile_free(all);
		for (int i = 0; i < 3; i++)
			cp_profile_free((struct cp_profile *)in[i]);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* The largest stay, nothing is lost, and a second cut adds to the same row. */
static void the_rest_is_one_row(void **state)
{
	const struct cp_merge_options few = {.max_stacks = 2}, one = {.max_stacks = 1};
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		const struct cp_profile *in;
		struct cp_profile *p, *again;
		int64_t sum[2] = {0};

		state_of_rng = (uint64_t)round + 3000000;
		in = random_profile(&env);
		p = merged_as(&env, &few, &in, 1);
		again = merged_as(&env, &one, (const struct cp_profile *const[]){p}, 1);
		assert_true(cp_profile_counts(p).stacks <= 3);
		assert_true(cp_profile_counts(again).stacks <= 2);
		for (uint32_t i = 0; i < cp_profile_counts(in).samples; i++)
			sum[0] += cp_profile_sample_values(in, i)[0];
		for (uint32_t i = 0; i < cp_profile_counts(again).samples; i++)
			sum[1] += cp_profile_sample_values(again, i)[0];
		assert_int_equal(sum[0], sum[1]);
		cp_profile_free(again);
		cp_profile_free(p);
		cp_profile_free((struct cp_profile *)in);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void what_is_subtracted_is_gone(void **state)
{
	static const double minus[2] = {-1, -1};
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		struct cp_profile *a, *b, *negative, *all, *want;

		state_of_rng = (uint64_t)round + 1000000;
		a = random_profile(&env);
		b = random_profile(&env);
		assert_int_equal(cpi_scale(&env, a, minus, 2, false, &negative, NULL), CP_OK);
		all = MERGED(&env, a, b, negative);
		want = MERGED(&env, b);
		assert_alike(all, want);
		cp_profile_free(want);
		cp_profile_free(all);
		cp_profile_free(negative);
		cp_profile_free(a);
		cp_profile_free(b);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static const struct cp_filter_options filters[] = {
	{.focus = "run"},
	{.ignore = "^f", .hide = "a\\.c"},
	{.show = "main|work|/bin"},
	{.show_from = "run|alloc"},
	{.prune_from = "^alloc$"},
	{.tagfocus = "comm=sh", .taghide = "pid"},
	{.tagignore = "7"},
	{.focus = "in", .hide = "work", .show_from = "main", .granularity = CP_BY_FILEFUNCTION},
	{.granularity = CP_BY_FUNCTION},
	{.granularity = CP_BY_FILE, .noinlines = true},
	{.granularity = CP_BY_LINE},
};

static struct cp_profile *filtered(
	struct cpi_env *env, const struct cp_profile *p, const struct cp_filter_options *o)
{
	struct cp_profile *result;
	struct cp_error err;

	assert_int_equal(cpi_filter(env, p, o, &result, &err), CP_OK);
	assert_int_equal(cp_profile_check(result, &err), CP_OK);
	return result;
}

static void filters_are_idempotent(void **state)
{
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		const struct cp_filter_options *o =
			&filters[(size_t)round % (sizeof filters / sizeof *filters)];
		struct cp_profile *p, *once, *twice;

		state_of_rng = (uint64_t)round + 2000000;
		p = random_profile(&env);
		once = filtered(&env, p, o);
		twice = filtered(&env, once, o);
		assert_alike(once, twice);
		cp_profile_free(twice);
		cp_profile_free(once);
		cp_profile_free(p);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void sum_up(const struct cp_profile *p, int64_t sum[2])
{
	sum[0] = sum[1] = 0;
	for (uint32_t i = 0; i < cp_profile_counts(p).samples; i++)
		for (int t = 0; t < 2; t++)
			sum[t] += cp_profile_sample_values(p, i)[t];
}

/* Granularity and merging only move values, and commute. */
static void sums_are_kept(void **state)
{
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (int round = 0; round < ROUNDS; round++) {
		struct cp_filter_options o = {
			.granularity = (enum cp_granularity)(round % 5), .noinlines = round % 2};
		struct cp_profile *p, *q, *one, *two;
		int64_t want[2], got[2];

		state_of_rng = (uint64_t)round + 3000000;
		p = random_profile(&env);
		sum_up(p, want);
		q = filtered(&env, p, &o);
		sum_up(q, got);
		assert_memory_equal(want, got, sizeof want);
		one = MERGED(&env, q);
		cp_profile_free(q);
		two = MERGED(&env, p);
		q = filtered(&env, two, &o);
		cp_profile_free(two);
		two = MERGED(&env, q);
		assert_alike(one, two);
		cp_profile_free(one);
		cp_profile_free(two);
		cp_profile_free(p);
		cp_profile_free(q);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merging_is_associative_and_commutative),
		cmocka_unit_test(canonical_merges_forget_the_order),
		cmocka_unit_test(the_rest_is_one_row),
		cmocka_unit_test(what_is_subtracted_is_gone),
		cmocka_unit_test(filters_are_idempotent),
		cmocka_unit_test(sums_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
