/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: tree. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/radix.h"
#include "base/sink.h"
#include "model/builder.h"
#include "op/tree/tree.h"

static cp_location named(struct cpi_builder *b, const char *name)
{
	struct cp_function_row f = {.name = cpi_builder_str(b, name)};
	struct cp_line_row line = {cpi_builder_function(b, &f), 0, 0};

	return cpi_builder_location(b, (cp_mapping){0}, 0, false, &line, 1);
}

/* "root;…;leaf" with a value. */
static void add(struct cpi_builder *b, const char *folded, int64_t value, int64_t time)
{
	cp_location frame[64];
	char copy[256], *save = NULL;
	uint32_t n = 0;

	snprintf(copy, sizeof copy, "%s", folded);
	for (char *name = strtok_r(copy, ";", &save); name; name = strtok_r(NULL, ";", &save))
		frame[n++] = named(b, name);
	for (uint32_t i = 0; i < n / 2; i++) {
		cp_location t = frame[i];

		frame[i] = frame[n - 1 - i];
		frame[n - 1 - i] = t;
	}
	cpi_builder_sample(b, cpi_builder_stack(b, frame, n), (cp_labels){0}, &value, time);
}

static void start(struct cpi_builder *b, struct cpi_env *env)
{
	cpi_builder_init(b, env);
	cpi_builder_sample_type(b, cpi_builder_str(b, "samples"), cpi_builder_str(b, "count"), 0);
}

static char *shown(const struct cpi_tree *tree, char *buf, size_t size)
{
	size_t n = 0;

	for (uint32_t i = 0; i < tree->n; i++)
		n += (size_t)snprintf(buf + n, size - n, "%u:%.*s=%lld/%lld ", tree->depth[i],
			(int)cpi_tree_name(tree, i).n, cpi_tree_name(tree, i).p,
			(long long)tree->self[0][i], (long long)tree->total[0][i]);
	return buf;
}

static void expect(struct cpi_env *env, const struct cp_profile *p,
	const struct cpi_tree_options *options, enum cpi_tree_order order, const char *want)
{
	struct cpi_tree tree;
	char buf[2000];

	assert_int_equal(cpi_tree_init(&tree, env, options, 1, NULL), CP_OK);
	assert_int_equal(cpi_tree_add(&tree, p, 0, 0, NULL), CP_OK);
	assert_int_equal(cpi_tree_finish(&tree, order, NULL), CP_OK);
	assert_string_equal(shown(&tree, buf, sizeof buf), want);
	cpi_tree_release(&tree);
}

static void names_meet_whatever_sorts_between(void **state)
{
	struct cpi_env env;
	struct cpi_builder b;
	struct cp_profile *p;
	struct cpi_tree_options options = {0};

	(void)state;
	cpi_env_init(&env, NULL);
	start(&b, &env);
	add(&b, "m;foo", 5, CP_NO_TIME);
	add(&b, "m;foo-bar;x", 2, CP_NO_TIME);
	add(&b, "m;foo;y", 3, CP_NO_TIME);
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	expect(&env, p, &options, CPI_TREE_BY_NAME,
		"0:=0/10 1:m=0/10 2:foo=5/8 3:y=3/3 2:foo-bar=0/2 3:x=2/2 ");
	options.reverse = true;
	expect(&env, p, &options, CPI_TREE_BY_VALUE,
		"0:=0/10 1:foo=0/5 2:m=5/5 1:y=0/3 2:foo=0/3 3:m=3/3 1:x=0/2 2:foo-bar=0/2 3:m=2/2 ");
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void charts_keep_time(void **state)
{
	struct cpi_env env;
	struct cpi_builder b;
	struct cp_profile *p;
	struct cpi_tree_options options = {.chart = true};

	(void)state;
	cpi_env_init(&env, NULL);
	start(&b, &env);
	add(&b, "x;a", 1, 30);
	add(&b, "x;b", 2, 20);
	add(&b, "x;a", 4, 10);
	add(&b, "x;a;c", 8, 11);
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	expect(&env, p, &options, CPI_TREE_BY_INPUT,
		"0:=0/15 1:x=0/15 2:a=4/12 3:c=8/8 2:b=2/2 2:a=1/1 ");
	cp_profile_free(p);
	cpi_env_release(&env);
}

/* The tree of random stacks against sums over all samples, one prefix at a time. */
static void totals_are_sums_over_stacks(void **state)
{
	enum { N = 400, DEPTH = 8 };
	static uint8_t stack[N][DEPTH];
	static uint8_t depth[N];
	struct cpi_env env;
	struct cpi_builder b;
	struct cp_profile *p;
	struct cpi_tree tree;
	struct cpi_tree_options options = {0};

	(void)state;
	srand(1);
	cpi_env_init(&env, NULL);
	start(&b, &env);
	for (int i = 0; i < N; i++) {
		char folded[64] = "";

		depth[i] = (uint8_t)(1 + rand() % DEPTH);
		for (int d = 0; d < depth[i]; d++) {
			stack[i][d] = (uint8_t)(rand() % 3);
			sprintf(folded + strlen(folded), "%sf%u", d ? ";" : "", stack[i][d]);
		}
		add(&b, folded, i, CP_NO_TIME);
	}
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	assert_int_equal(cpi_tree_init(&tree, &env, &options, 1, NULL), CP_OK);
	assert_int_equal(cpi_tree_add(&tree, p, 0, 0, NULL), CP_OK);
	assert_int_equal(cpi_tree_finish(&tree, CPI_TREE_BY_NAME, NULL), CP_OK);
	for (uint32_t node = 0; node < tree.n; node++) {
		uint8_t path[DEPTH];
		int64_t sum = 0;
		uint32_t d = tree.depth[node], at = node;

		for (uint32_t k = d; k; k--, at = tree.parent[at])
			path[k - 1] = (uint8_t)(cpi_tree_name(&tree, at).p[1] - '0');
		for (int i = 0; i < N; i++)
			if (depth[i] >= d && !memcmp(stack[i], path, d))
				sum += i;
		assert_int_equal(tree.total[0][node], sum);
		for (uint32_t c = node + 1; c < tree.end[node]; c = tree.end[c])
			if (tree.end[c] < tree.end[node])
				assert_true(cpi_text_compare(cpi_tree_name(&tree, c),
						    cpi_tree_name(&tree, tree.end[c])) < 0);
	}
	cpi_tree_release(&tree);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* Stacks walk in groups; siblings still stand as they would one stack after the other. */
static void first_come_first_served(void **state)
{
	enum { N = 300 };
	struct cpi_env env;
	struct cpi_builder b;
	struct cp_profile *p;
	struct cpi_tree tree;
	struct cpi_tree_options options = {0};
	static char folded[N][64];

	(void)state;
	srand(3);
	cpi_env_init(&env, NULL);
	start(&b, &env);
	for (int i = 0; i < N; i++) {
		char *at = folded[i];

		for (int d = 1 + rand() % 9; d; d--)
			at += sprintf(at, "f%c;", 'a' + rand() % 4);
		at[-1] = 0;
		add(&b, folded[i], 1, CP_NO_TIME);
		at[-1] = ';';
	}
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	assert_int_equal(cpi_tree_init(&tree, &env, &options, 1, NULL), CP_OK);
	assert_int_equal(cpi_tree_add(&tree, p, 0, 0, NULL), CP_OK);
	assert_int_equal(cpi_tree_finish(&tree, CPI_TREE_BY_INPUT, NULL), CP_OK);
	for (uint32_t node = 1; node < tree.n; node++) {
		char path[64] = "";
		int mine = 0, next = 0;
		uint32_t sibling = tree.end[node];

		for (uint32_t at = node; at; at = tree.parent[at]) {
			char longer[80];

			snprintf(longer, sizeof longer, "%.*s;%s",
				(int)cpi_tree_name(&tree, at).n, cpi_tree_name(&tree, at).p, path);
			memcpy(path, longer, sizeof path);
		}
		if (sibling == tree.n || tree.parent[sibling] != tree.parent[node])
			continue;
		while (strncmp(folded[mine], path, strlen(path)))
			mine++;
		path[3 * (tree.depth[node] - 1) + 1] = cpi_tree_name(&tree, sibling).p[1];
		while (strncmp(folded[next], path, strlen(path)))
			next++;
		assert_true(mine < next);
	}
	cpi_tree_release(&tree);
	cp_profile_free(p);
	cpi_env_release(&env);
}

static uint32_t child_named(const struct cpi_tree *tree, uint32_t parent, struct cp_text name)
{
	for (uint32_t i = parent + 1; i < tree->end[parent]; i = tree->end[i])
		if (cpi_text_equal(cpi_tree_name(tree, i), name))
			return i;
	return 0;
}

static void make_tree(struct cpi_tree *tree, struct cpi_env *env, const struct cp_profile *p,
	const struct cpi_tree_options *options)
{
	assert_int_equal(cpi_tree_init(tree, env, options, 1, NULL), CP_OK);
	assert_int_equal(cpi_tree_add(tree, p, 0, 0, NULL), CP_OK);
	assert_int_equal(cpi_tree_finish(tree, CPI_TREE_BY_NAME, NULL), CP_OK);
}

/* Every wide node is there with its total, and nothing else has one. */
static void compare_wide(struct cpi_env *env, const struct cp_profile *p, double least,
	bool reverse)
{
	struct cpi_tree_options options = {.reverse = reverse}, wide = options;
	struct cpi_tree full, part;
	uint32_t *of, met = 0, want = 0;
	int64_t self = 0;

	wide.least = least;
	make_tree(&full, env, p, &options);
	make_tree(&part, env, p, &wide);
	of = calloc(part.n, sizeof *of);
	for (uint32_t i = 0; i < part.n; i++) {
		self += part.self[0][i];
		if (!part.total[0][i])
			continue;
		if (i)
			of[i] = child_named(&full, of[part.parent[i]], cpi_tree_name(&part, i));
		assert_true(!i || of[i]);
		assert_int_equal(part.total[0][i], full.total[0][of[i]]);
		met++;
	}
	for (uint32_t i = 0; i < full.n; i++)
		want += (double)full.total[0][i] >= least * (double)full.total[0][0];
	assert_int_equal(met, want);
	assert_int_equal(self, full.total[0][0]);
	assert_int_equal(part.samples[0], full.samples[0]);
	assert_int_equal(part.pruned, want < full.n);
	free(of);
	cpi_tree_release(&full);
	cpi_tree_release(&part);
}

static void the_wide_part_is_the_trees(void **state)
{
	struct cpi_env env;
	struct cpi_builder b;
	struct cp_profile *p;

	(void)state;
	srand(3);
	cpi_env_init(&env, NULL);
	start(&b, &env);
	for (int i = 0; i < 600; i++) {
		char folded[80] = "";

		/* Neighbours are alike, as they mostly are, and some stacks end in others. */
		for (int d = 0, n = 1 + rand() % 9; d < n; d++)
			sprintf(folded + strlen(folded), "%sf%u", d ? ";" : "",
				(unsigned)(d < 5 ? i / 50 + d : rand() % 4));
		add(&b, folded, 1 + rand() % 100, CP_NO_TIME);
	}
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	for (int reverse = 0; reverse < 2; reverse++)
		for (double least = 1e-6; least < 1; least *= 4)
			compare_wide(&env, p, least, reverse);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void every_allocation_may_fail(void **state)
{
	struct cpi_env env, other;
	struct cpi_builder b;
	struct cp_profile *p;
	struct cpi_tree tree;
	struct cpi_tree_options options = {0};
	enum cp_code code = CP_ERROR_MEMORY;
	uint64_t n;

	(void)state;
	cpi_env_init(&env, NULL);
	start(&b, &env);
	add(&b, "m;foo", 5, CP_NO_TIME);
	add(&b, "m;foo-bar;x", 2, CP_NO_TIME);
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	for (n = 1; code || !options.least; n++) {
		/* Once for each way down. */
		if (!code) {
			options.least = 0.1;
			n = 1;
		}
		cpi_env_init(&other, NULL);
		other.mem.fail_at = n;
		code = cpi_tree_init(&tree, &other, &options, 2, NULL);
		if (!code)
			code = cpi_tree_add(&tree, p, 0, 0, NULL);
		if (!code)
			code = cpi_tree_add(&tree, p, 0, 1, NULL);
		if (!code)
			code = cpi_tree_finish(&tree, CPI_TREE_BY_VALUE, NULL);
		assert_true(!code || code == CP_ERROR_MEMORY);
		cpi_tree_release(&tree);
		assert_int_equal(other.mem.used, 0);
		cpi_env_release(&other);
	}
	assert_true(n > 20);
	cp_profile_free(p);
	cpi_env_release(&env);
}

static void sums_do_not_wrap(void **state)
{
	struct cpi_env env;
	struct cpi_builder b;
	struct cp_profile *p;
	struct cpi_tree tree;
	struct cpi_tree_options options = {0};

	(void)state;
	cpi_env_init(&env, NULL);
	start(&b, &env);
	add(&b, "a", INT64_MAX, CP_NO_TIME);
	add(&b, "b", 1, CP_NO_TIME);
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	assert_int_equal(cpi_tree_init(&tree, &env, &options, 1, NULL), CP_OK);
	assert_int_equal(cpi_tree_add(&tree, p, 0, 0, NULL), CP_OK);
	assert_int_equal(cpi_tree_finish(&tree, CPI_TREE_BY_NAME, NULL), CP_ERROR_LIMIT);
	cpi_tree_release(&tree);
	cp_profile_free(p);
	cpi_env_release(&env);
}

static void radix_sort_is_stable(void **state)
{
	enum { N = 5000 };
	static uint64_t key[N];
	static uint32_t order[N];
	struct cpi_env env;

	(void)state;
	srand(2);
	cpi_env_init(&env, NULL);
	for (uint32_t i = 0; i < N; i++) {
		key[i] = (uint64_t)(rand() % 300) << (rand() % 2 ? 40 : 0);
		order[i] = i;
	}
	assert_true(cpi_radix_sort(&env.mem, order, N, key));
	for (uint32_t i = 1; i < N; i++) {
		assert_true(key[order[i - 1]] <= key[order[i]]);
		if (key[order[i - 1]] == key[order[i]])
			assert_true(order[i - 1] < order[i]);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_meet_whatever_sorts_between),
		cmocka_unit_test(charts_keep_time),
		cmocka_unit_test(totals_are_sums_over_stacks),
		cmocka_unit_test(first_come_first_served),
		cmocka_unit_test(the_wide_part_is_the_trees),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(sums_do_not_wrap),
		cmocka_unit_test(radix_sort_is_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
