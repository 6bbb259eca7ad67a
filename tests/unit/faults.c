/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each tool's main path through the public functions, with symbols, DWARF and unwinding on,
 * where every single allocation fails in its turn: what comes back is "out of memory", or
 * the very bytes that come out when none fails; and nothing stays allocated.
 *
 * CP_FAULTS=all tries each allocation; without it some hundred, spread over all.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <cp/cp.h>

#include "api/context.h"

enum { TRIES = 150 };

struct text {
	char *p;
	size_t n;
};

static int collect(void *arg, const void *bytes, size_t n)
{
	struct text *text = arg;
	char *p = realloc(text->p, text->n + n + 1);

	assert_non_null(p);
	memcpy(p + text->n, bytes, n);
	text->p = p;
	text->n += n;
	return 0;
}

struct path {
	struct cp_context *context;
	const char *capture, *as, *binary;
	struct text *out;
	struct cp_error *err;
	struct cp_profile *profile;
};

typedef enum cp_code finish_fn(struct path *path);

static enum cp_code conv(struct path *path)
{
	return cp_profile_write(
		path->context, path->profile, "pprof", NULL, collect, path->out, path->err);
}

static enum cp_code folded(struct path *path)
{
	return cp_profile_write(
		path->context, path->profile, "folded", NULL, collect, path->out, path->err);
}

static enum cp_code flame(struct path *path)
{
	const struct cp_flame_options options = {.size = sizeof options};
	struct cp_flame *made = NULL;
	enum cp_code code = cp_flame_new(path->context, &options, &made, path->err);

	if (!code)
		code = cp_flame_add(made, path->profile, CP_FLAME_AFTER, path->err);
	if (!code)
		code = cp_flame_write(made, collect, path->out, path->err);
	cp_flame_free(made);
	return code;
}

static enum cp_code filtered_report(struct path *path, const char *report)
{
	const struct cp_filter_options filter = {
		.size = sizeof filter, .granularity = CP_BY_FUNCTION, .ignore = "zzz"};
	const struct cp_report_options options = {
		.size = sizeof options, .node_count = -1, .node_fraction = -1};
	struct cp_profile *made = NULL;
	enum cp_code code =
		cp_profile_filter(path->context, path->profile, &filter, &made, path->err);

	if (!code)
		code = cp_report_write(path->context, made, report, "text", &options,
			collect, path->out, path->err);
	cp_profile_free(made);
	return code;
}

static enum cp_code top(struct path *path)
{
	return filtered_report(path, "top");
}

static enum cp_code tree(struct path *path)
{
	return filtered_report(path, "tree");
}

static enum cp_code merge(struct path *path)
{
	struct cp_merge *merge = NULL;
	struct cp_profile *made = NULL;
	enum cp_code code = cp_merge_new(path->context, NULL, &merge, path->err);

	for (unsigned i = 0; !code && i < 2; i++)
		code = cp_merge_add(merge, path->profile, NULL, path->err);
	if (code)
		cp_merge_free(merge);
	else
		code = cp_merge_finish(merge, &made, path->err);
	if (!code)
		code = cp_profile_write(
			path->context, made, "pprof", NULL, collect, path->out, path->err);
	cp_profile_free(made);
	return code;
}

/* Against what is left of it without one function. */
static enum cp_code diff_as(struct path *path, const char *format)
{
	const struct cp_filter_options filter = {
		.size = sizeof filter, .granularity = CP_BY_FUNCTION, .ignore = "parse_text"};
	const struct cp_diff_options options = {.size = sizeof options, .tree = true};
	const struct cp_diff_write_options write = {.size = sizeof write};
	struct cp_profile *after = NULL;
	struct cp_diff *diff = NULL;
	enum cp_code code = cp_profile_filter(
		path->context, path->profile, &filter, &after, path->err);

	if (!code)
		code = cp_diff_new(path->context, &options, &diff, path->err);
	if (!code)
		code = cp_diff_add(diff, CP_BEFORE, path->profile, "before", path->err);
	if (!code)
		code = cp_diff_add(diff, CP_AFTER, after, "after", path->err);
	if (!code)
		code = cp_diff_finish(diff, path->err);
	if (!code)
		code = cp_diff_write(path->context, diff, format, &write, collect,
			path->out, path->err);
	cp_diff_free(diff);
	cp_profile_free(after);
	return code;
}

static enum cp_code diff(struct path *path)
{
	return diff_as(path, "json");
}

static enum cp_code diff_tree(struct path *path)
{
	return diff_as(path, "tree");
}

static enum cp_code graph(struct path *path)
{
	const struct cp_graph_options options = {.size = sizeof options};
	struct cp_graph *made = NULL;
	enum cp_code code =
		cp_graph_new(path->context, path->profile, &options, &made, path->err);

	if (!code)
		code = cp_graph_write(made, "svg", collect, path->out, path->err);
	cp_graph_free(made);
	return code;
}

static enum cp_code no_more(struct path *path)
{
	(void)path;
	return CP_OK;
}

static const struct way {
	const char *name;
	finish_fn *finish;
	bool info;
} ways[] = {
	{"cpconv", conv},
	{"cpconv --to folded", folded},
	{"cpflame", flame},
	{"cpreport top", top},
	{"cpreport tree", tree},
	{"cpreport graph", graph},
	{"cpdiff", diff},
	{"cpdiff --tree", diff_tree},
	{"cpmerge", merge},
	{"cpinfo", no_more, true},
};

static enum cp_code walk(struct path *path, const struct way *way)
{
	const struct cp_binary binary = {path->as, path->binary};
	const struct cp_symbolize_options names = {.size = sizeof names,
		.binaries = &binary,
		.n_binaries = 1,
		.buildid_dir = "/nonexistent",
		.symfs = "/nonexistent",
		.kallsyms = "/nonexistent",
		.force_build_id = true};
	struct cp_input *input = NULL;
	bool damaged;
	enum cp_code code = cp_input_open(path->context, path->capture, &input, path->err);

	if (!code && way->info)
		code = cp_info_write(path->context, input, &names, "json", &damaged, collect,
			path->out, path->err);
	else if (!code)
		code = cp_profile_read(
			path->context, input, NULL, &names, &path->profile, path->err);
	cp_input_free(input);
	if (!code)
		code = way->finish(path);
	cp_profile_free(path->profile);
	path->profile = NULL;
	return code;
}

static enum cp_code run(const struct way *way, const char *capture, const char *as,
	const char *binary, uint64_t fail_at, struct text *ret_text, uint64_t *ret_ops)
{
	const struct cp_context_options options = {.size = sizeof options, .threads = 2};
	struct cp_error err = {0};
	struct path path = {.capture = capture, .as = as, .binary = binary, .err = &err};
	enum cp_code code;

	*ret_text = (struct text){0};
	path.out = ret_text;
	path.context = cp_context_new(&options);
	assert_non_null(path.context);
	path.context->env.mem.fail_at = fail_at;
	code = walk(&path, way);
	if (code && code != CP_ERROR_MEMORY)
		print_error("allocation %llu: %s\n", (unsigned long long)fail_at, err.message);
	*ret_ops = path.context->env.mem.ops;
	assert_int_equal(path.context->env.mem.used, 0);
	cp_context_free(path.context);
	return code;
}

static void fail_each(const struct way *way, const char *name, const char *as,
	const char *binary_name)
{
	const char *folder = getenv("TESTDATA"), *all = getenv("CP_FAULTS");
	char capture[512], binary[512];
	struct text want, got;
	uint64_t ops, now, step, others = 0;

	snprintf(capture, sizeof capture, "%s/%s", folder, name);
	snprintf(binary, sizeof binary, "%s/%s", folder, binary_name);
	assert_int_equal(run(way, capture, as, binary, 0, &want, &ops), CP_OK);
	assert_true(ops > 50);
	step = all && !strcmp(all, "all") ? 1 : ops / TRIES + 1;
	for (uint64_t n = 1; n <= ops; n += step) {
		enum cp_code code = run(way, capture, as, binary, n, &got, &now);

		if (code)
			assert_int_equal(code, CP_ERROR_MEMORY);
		else if (got.n != want.n || memcmp(got.p, want.p, got.n)) {
			print_error("%s %s: without allocation %llu of %llu the answer is "
				    "another\n",
				way->name, name, (unsigned long long)n,
				(unsigned long long)ops);
			others++;
		}
		free(got.p);
	}
	free(want.p);
	assert_int_equal(others, 0);
}

/* Inlined functions, lines, scopes of names; the capture has call chains. */
static void symbols_and_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		fail_each(&ways[i], "quickstart/perf.data", NULL, "quickstart/demo");
}

/* Captured stacks, unwound by another program's tables, which are as good for this. */
static void unwinding(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		fail_each(&ways[i], "perf/good-dwarf.data", "/bin/prog",
			"unwind/tiny-x86_64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_and_lines),
		cmocka_unit_test(unwinding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
