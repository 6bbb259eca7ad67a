/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call graph as a picture: what every layout must keep, names in parts, rows with
 * labels and groups, hostile graphs, and that all of it survives every failed allocation.
 * Crossings and width are compared with Graphviz' in tests/conformance.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/builder.h"
#include "view/graph/graph.h"
#include "view/graph/layout.h"

static uint32_t random_state;

static uint32_t rnd(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(random_state >> 8) * n >> 24);
}

static void make_graph(struct cpi_layout *l, struct cpi_env *env, uint32_t n, uint32_t m)
{
	memset(l, 0, sizeof *l);
	l->env = env;
	l->n_boxes = n;
	l->n_arcs = m;
	l->box = calloc(n + 1, sizeof *l->box);
	l->arc = calloc(m + 1, sizeof *l->arc);
	for (uint32_t i = 0; i < n; i++)
		l->box[i] = (struct cpi_layout_box){.w = 20 + (int32_t)rnd(200),
			.h = 10 + (int32_t)rnd(50),
			.importance = rnd(1000)};
	for (uint32_t i = 0; i < m; i++)
		l->arc[i] = (struct cpi_layout_arc){
			.from = rnd(n), .to = rnd(n), .weight = 1 + rnd(100)};
}

static void free_graph(struct cpi_layout *l)
{
	cpi_layout_release(l);
	free(l->box);
	free(l->arc);
}

static bool inside(const struct cpi_layout *l, const struct cpi_layout_box *b)
{
	return b->x - b->w / 2 >= 0 && b->x + (b->w + 1) / 2 <= l->width &&
	       b->y - b->h / 2 >= 0 && b->y + (b->h + 1) / 2 <= l->height;
}

static bool apart(const struct cpi_layout_box *a, const struct cpi_layout_box *b)
{
	return abs(a->x - b->x) * 2 >= a->w + b->w || abs(a->y - b->y) * 2 >= a->h + b->h;
}

/* A knot inside of a box that is neither of the arc's ends: the curve would cross it. */
static bool hits(const struct cpi_layout_box *b, const struct cpi_layout_knot *k)
{
	int32_t left = b->x - b->w / 2, top = b->y - b->h / 2;

	return k->x > left && k->x < left + b->w && k->y > top && k->y < top + b->h;
}

static void check_layout(const struct cpi_layout *l)
{
	for (size_t i = 0; i < l->n_boxes; i++) {
		assert_true(inside(l, &l->box[i]));
		for (size_t k = i + 1; k < l->n_boxes; k++)
			assert_true(apart(&l->box[i], &l->box[k]));
	}
	for (size_t i = 0; i < l->n_arcs; i++) {
		const struct cpi_layout_arc *arc = &l->arc[i];
		const struct cpi_layout_knot *k = l->knot.v + arc->first_knot;
		const struct cpi_layout_box *from = &l->box[arc->from],
					    *to = &l->box[arc->to];

		if (arc->from == arc->to) {
			assert_int_equal(arc->n_knots, 0);
			continue;
		}
		assert_true(arc->n_knots >= 2);
		assert_true(abs(k[0].x - from->x) * 2 <= from->w);
		assert_true(abs(abs(k[0].y - from->y) * 2 - from->h) <= 1);
		assert_true(abs(k[arc->n_knots - 1].x - to->x) * 2 <= to->w);
		assert_true(abs(abs(k[arc->n_knots - 1].y - to->y) * 2 - to->h) <= 1);
		for (uint32_t n = 0; n < arc->n_knots; n++)
			for (size_t b = 0; b < l->n_boxes; b++)
				assert_false(hits(&l->box[b], &k[n]));
		/* Down all the way, or up all the way. */
		for (uint32_t n = 2; n < arc->n_knots; n++)
			assert_true((k[n].y > k[n - 1].y) == (k[1].y > k[0].y));
	}
}

static void layouts(void **state)
{
	struct cpi_env env;

	(void)state;
	cpi_env_init(&env, NULL);
	for (uint32_t turn = 0; turn < 60; turn++) {
		struct cpi_layout a, b;
		uint32_t n = 1 + turn % 30, m = turn % 4 ? rnd(3 * n) : 0;

		random_state = turn + 1;
		make_graph(&a, &env, n, m);
		random_state = turn + 1;
		make_graph(&b, &env, n, m);
		assert_int_equal(cpi_layout_run(&a, NULL), CP_OK);
		assert_int_equal(cpi_layout_run(&b, NULL), CP_OK);
		check_layout(&a);
		assert_int_equal(a.knot.n, b.knot.n);
		assert_true(!a.knot.n ||
			    !memcmp(a.knot.v, b.knot.v, a.knot.n * sizeof *a.knot.v));
		assert_memory_equal(a.box, b.box, n * sizeof *a.box);
		free_graph(&a);
		free_graph(&b);
	}
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

/* A tree is drawn without a crossing, a path straight down. */
static void easy(void **state)
{
	struct cpi_env env;
	struct cpi_layout l;

	(void)state;
	cpi_env_init(&env, NULL);
	make_graph(&l, &env, 127, 126);
	for (uint32_t i = 0; i < 126; i++)
		l.arc[i] =
			(struct cpi_layout_arc){.from = i / 2, .to = i + 1, .weight = 1};
	assert_int_equal(cpi_layout_run(&l, NULL), CP_OK);
	assert_int_equal(l.crossings, 0);
	check_layout(&l);
	free_graph(&l);
	make_graph(&l, &env, 40, 39);
	for (uint32_t i = 0; i < 39; i++)
		l.arc[i] = (struct cpi_layout_arc){.from = i, .to = i + 1, .weight = 1};
	assert_int_equal(cpi_layout_run(&l, NULL), CP_OK);
	for (uint32_t i = 1; i < 40; i++)
		assert_int_equal(l.box[i].x, l.box[0].x);
	free_graph(&l);
	/* A cycle is broken at its heaviest box. */
	make_graph(&l, &env, 3, 3);
	for (uint32_t i = 0; i < 3; i++)
		l.arc[i] = (struct cpi_layout_arc){
			.from = i, .to = (i + 1) % 3, .weight = 1};
	l.box[1].importance = 5000;
	assert_int_equal(cpi_layout_run(&l, NULL), CP_OK);
	assert_int_equal(l.box[1].rank, 0);
	assert_int_equal(l.box[2].rank, 1);
	assert_int_equal(l.box[0].rank, 2);
	check_layout(&l);
	free_graph(&l);
	cpi_env_release(&env);
}

static void hostile(void **state)
{
	struct cpi_env env;
	struct cpi_layout l;
	struct cp_error err;

	(void)state;
	cpi_env_init(&env, NULL);
	/* 100,000 parallel arcs and as many loops. */
	make_graph(&l, &env, 3, 200000);
	for (uint32_t i = 0; i < 200000; i++)
		l.arc[i] = (struct cpi_layout_arc){
			.from = i % 2, .to = i % 4 < 2 ? i % 2 : 2, .weight = 1000};
	assert_int_equal(cpi_layout_run(&l, &err), CP_OK);
	free_graph(&l);
	/* Complete bipartite, 200 × 200. */
	make_graph(&l, &env, 400, 40000);
	for (uint32_t i = 0; i < 40000; i++)
		l.arc[i] = (struct cpi_layout_arc){
			.from = i / 200, .to = 200 + i % 200, .weight = 1};
	assert_int_equal(cpi_layout_run(&l, &err), CP_OK);
	assert_int_equal(l.n_ranks, 2);
	/* Every pair of pairs crosses once, in any order. */
	assert_int_equal(l.crossings, 200ull * 199 / 2 * (200ull * 199 / 2));
	free_graph(&l);
	/* Chains that pass thousands of ranks: refused, with the flags that help. */
	make_graph(&l, &env, 9000, 17998);
	for (uint32_t i = 0; i < 8999; i++) {
		l.arc[i] = (struct cpi_layout_arc){.from = i, .to = i + 1, .weight = 1};
		l.arc[8999 + i] =
			(struct cpi_layout_arc){.from = 0, .to = i + 1, .weight = 1};
	}
	assert_int_equal(cpi_layout_run(&l, &err), CP_ERROR_LIMIT);
	assert_non_null(strstr(err.message, "--nodecount"));
	free_graph(&l);
	make_graph(&l, &env, CPI_LAYOUT_BOXES + 1, 0);
	assert_int_equal(cpi_layout_run(&l, &err), CP_ERROR_LIMIT);
	free_graph(&l);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void same(struct cp_text got, const char *want)
{
	if (got.n != strlen(want) || memcmp(got.p, want, got.n))
		fail_msg("have \"%.*s\", want \"%s\"", (int)got.n, got.p, want);
}

static void names(void **state)
{
	static const char *const rows[][3] = {
		{"main", "", "main"},
		{"net/http.(*conn).serve", "net/http", "(*conn).serve"},
		{"runtime.mallocgc", "runtime", "mallocgc"},
		{"github.com/a/b.c/d.F.func1", "github.com/a/b.c/d", "F.func1"},
		{"std::sort<int*>", "std", "sort<int*>"},
		{"std::map<a::b, c::d>::find", "std", "find"},
		{"ns::Type::operator<", "ns", "operator<"},
		{"ns::operator<< <a::b>", "ns", "operator<< <a::b>"},
		{"(anonymous namespace)::f", "(anonymous namespace)", "f"},
		{"<alloc::vec::Vec<T> as core::ops::Drop>::drop", "alloc", "drop"},
		{"core::ptr::drop_in_place<a::B>", "core", "drop_in_place<a::B>"},
		{"[libc.so.6]", "", "[libc.so.6]"},
		{"f::", "f", "f::"},
		{"", "", ""},
		{"::", "", "::"},
		{"a->b::c", "a->b", "c"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		same(cpi_callgraph_package(cpi_text(rows[i][0])), rows[i][1]);
		same(cpi_callgraph_base(cpi_text(rows[i][0])), rows[i][2]);
	}
}

static cp_location place(struct cpi_builder *b, const char *name, uint64_t address)
{
	struct cp_mapping_row mapping = {
		.start = 4096, .limit = 1 << 24, .path = cpi_builder_str(b, "/bin/app")};
	struct cp_function_row function = {.name = cpi_builder_str(b, name)};
	struct cp_line_row line = {
		.function = cpi_builder_function(b, &function), .line = 1};

	return cpi_builder_location(
		b, cpi_builder_mapping(b, &mapping), address, false, &line, 1);
}

/*
 * main calls pkg.work, which calls pkg.leaf; every leaf sample has "kind" and "host", the
 * latter alike in all; one name is as long as `name` is.
 */
static struct cp_profile *profile(struct cpi_env *env, const char *name)
{
	static const char *const kinds[] = {
		"read", "write", "scan", "load", "sync", "wait"};
	struct cpi_builder b;
	struct cp_profile *p;

	cpi_builder_init(&b, env);
	cpi_builder_sample_type(
		&b, cpi_builder_str(&b, "cpu"), cpi_builder_str(&b, "nanoseconds"), 0);
	for (int i = 0; i < 6; i++) {
		int64_t value = 1000000 * (i + 1);
		struct cp_label label[2] = {{.key = cpi_builder_str(&b, "host"),
						    .str = cpi_builder_str(&b, "one")},
			{.key = cpi_builder_str(&b, "kind"),
				.str = cpi_builder_str(&b, kinds[i])}};
		cp_location frame[4] = {place(&b, "pkg.leaf", 5000),
			place(&b, i % 2 ? "pkg.work" : name, 6000 + (uint64_t)(i % 2)),
			place(&b, "main", 7000), place(&b, "pkg.leaf", 5000)};

		cpi_builder_sample(&b, cpi_builder_stack(&b, frame, i == 5 ? 4 : 3),
			cpi_builder_labels(&b, label, 2), &value, CP_NO_TIME);
	}
	assert_int_equal(cpi_builder_finish(&b, &p, NULL), CP_OK);
	return p;
}

static const struct cp_report_options all = {.size = sizeof all,
	.node_count = 0,
	.node_fraction = -1,
	.edge_fraction = -1,
	.granularity = CP_BY_FUNCTION};

static enum cp_code make(struct cpi_callgraph *c, struct cpi_env *env,
	const struct cp_profile *p, enum cp_graph_grouping group)
{
	struct cp_graph_options options = {.size = sizeof options, .group = group};

	memset(c, 0, sizeof *c);
	c->report = all;
	return cpi_callgraph_make(c, env, p, &options, NULL);
}

static void rows(void **state)
{
	struct cpi_env env;
	struct cp_profile *p;
	struct cpi_callgraph c;
	unsigned boxes = 0;

	(void)state;
	cpi_env_init(&env, NULL);
	p = profile(&env, "other.work");
	assert_int_equal(make(&c, &env, p, CP_GRAPH_GROUP_NONE), CP_OK);
	assert_int_equal(c.rows.total, 21000000);
	/* Four functions; the four heaviest of six kinds; the host is everybody's. */
	assert_int_equal(c.rows.n_nodes, 8);
	for (size_t i = 0; i < c.rows.n_nodes; i++) {
		if (c.rows.node[i].kind != CP_GRAPH_LABELS)
			continue;
		boxes++;
		assert_memory_equal(c.rows.node[i].name.p, "kind:", 5);
		assert_true(c.rows.node[i].flat >= 3000000);
	}
	assert_int_equal(boxes, 4);
	/* leaf → main of the stack that recurs goes up. */
	for (size_t i = 0; i < c.rows.n_edges; i++) {
		assert_true(!i || c.rows.edge[i - 1].from <= c.rows.edge[i].from);
		assert_true(c.rows.edge[i].n_knots >= 2);
	}
	cpi_callgraph_release(&c);
	assert_int_equal(make(&c, &env, p, CP_GRAPH_GROUP_PACKAGE), CP_OK);
	/* pkg has two functions; other.work and main (of /bin/app) stay what they are. */
	assert_int_equal(c.rows.n_nodes, 3);
	for (size_t i = 0; i < c.rows.n_nodes; i++)
		if (c.rows.node[i].kind == CP_GRAPH_GROUP) {
			same(c.rows.node[i].name, "pkg");
			assert_int_equal(c.rows.node[i].n_members, 2);
			assert_int_equal(c.rows.node[i].cum, 21000000);
			same(c.rows.node[i].member[0].name, "pkg.leaf");
		}
	cpi_callgraph_release(&c);
	cp_profile_free(p);
	assert_int_equal(env.mem.used, 0);
	cpi_env_release(&env);
}

static void write_all(const struct cpi_callgraph *c, struct cpi_env *env, size_t most)
{
	static const char *const formats[] = {"svg", "html", "json", "text"};
	struct cp_error err;
	struct cpi_sink sink;

	for (size_t i = 0; i < 4; i++) {
		cpi_sink_memory(&sink, &env->mem);
		if (!cpi_callgraph_write(c, formats[i], &sink, &err) && !sink.code)
			assert_true(sink.n > 200 && sink.n < most);
		cpi_sink_release(&sink);
	}
	cpi_sink_memory(&sink, &env->mem);
	assert_int_equal(cpi_callgraph_write(c, "png", &sink, &err), CP_ERROR_ARGUMENT);
	cpi_sink_release(&sink);
}

/* A name of 1 MB stands in the answer a few times, not with every arrow. */
static void long_names(void **state)
{
	size_t n = 1 << 20;
	char *name = malloc(n + 1);
	struct cpi_env env;
	struct cp_profile *p;
	struct cpi_callgraph c;

	(void)state;
	memset(name, '<', n);
	memcpy(name, "a::b", 4);
	name[n] = 0;
	cpi_env_init(&env, NULL);
	p = profile(&env, name);
	assert_int_equal(make(&c, &env, p, CP_GRAPH_GROUP_NONE), CP_OK);
	assert_true(c.rows.width < 4000);
	write_all(&c, &env, 24 * n);
	cpi_callgraph_release(&c);
	cp_profile_free(p);
	free(name);
	cpi_env_release(&env);
}

static void failing(void **state)
{
	bool done = false;

	(void)state;
	for (uint64_t at = 1; !done; at++) {
		struct cpi_env env;
		struct cp_profile *p;
		struct cpi_callgraph c;
		enum cp_code code;

		cpi_env_init(&env, NULL);
		p = profile(&env, "other.work");
		env.mem.fail_at = env.mem.ops + at;
		env.mem.fail_on = at % 2;
		code = make(&c, &env, p,
			at % 3 ? CP_GRAPH_GROUP_NONE : CP_GRAPH_GROUP_PACKAGE);
		assert_true(code == CP_OK || code == CP_ERROR_MEMORY);
		done = env.mem.ops < env.mem.fail_at;
		if (!code)
			write_all(&c, &env, SIZE_MAX);
		cpi_callgraph_release(&c);
		env.mem.fail_at = 0;
		cp_profile_free(p);
		assert_int_equal(env.mem.used, 0);
		cpi_env_release(&env);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts),
		cmocka_unit_test(easy),
		cmocka_unit_test(hostile),
		cmocka_unit_test(names),
		cmocka_unit_test(rows),
		cmocka_unit_test(long_names),
		cmocka_unit_test(failing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
