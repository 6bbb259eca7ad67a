/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON of every report is its rows: a walk over the table by its public getters,
 * which knows nothing of the printers, gives the same members and values in the same
 * order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cp/cp.h>

struct text {
	char *p;
	size_t n, room;
};

static void add(struct text *t, const char *bytes, size_t n)
{
	if (t->room - t->n < n + 1) {
		t->room = 2 * (t->n + n + 1);
		t->p = realloc(t->p, t->room);
		assert_non_null(t->p);
	}
	memcpy(t->p + t->n, bytes, n);
	t->n += n;
	t->p[t->n] = 0;
}

static int collect(void *arg, const void *bytes, size_t n)
{
	add(arg, bytes, n);
	return 0;
}

static void say(struct text *t, const char *format, ...)
{
	char buf[64];
	va_list args;

	va_start(args, format);
	vsnprintf(buf, sizeof buf, format, args);
	va_end(args);
	add(t, buf, strlen(buf));
}

/* JSON without the blanks between its signs, and strings without their escapes' help. */
static void squeeze(struct text *t)
{
	bool quoted = false;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		char c = t->p[i];

		if (c == '"' && (!quoted || t->p[i - 1] != '\\'))
			quoted = !quoted;
		if (quoted || (c != ' ' && c != '\n'))
			t->p[n++] = c;
	}
	t->n = n;
	t->p[n] = 0;
}

static void value(struct text *out, struct cp_cell cell)
{
	switch (cell.kind) {
	case CP_CELL_TEXT:
		add(out, "\"", 1);
		add(out, cell.text.p, cell.text.n);
		add(out, "\"", 1);
		break;
	case CP_CELL_WHOLE:
		say(out, "%lld", (long long)cell.whole);
		break;
	case CP_CELL_UNSIGNED:
		say(out, "%llu", (unsigned long long)cell.whole);
		break;
	case CP_CELL_FLAG:
		say(out, "%s", cell.whole ? "true" : "false");
		break;
	default:
		fail_msg("a cell of kind %d", cell.kind);
	}
}

static void walk_list(
	const struct cp_table *t, uint32_t list, uint32_t parent, struct text *out);

static bool named(struct cp_text text, const char *word)
{
	return text.n == strlen(word) && !memcmp(text.p, word, text.n);
}

/* Members that stand in other forms only. */
static bool hidden(const struct cp_table *t, uint32_t list, struct cp_text column)
{
	struct cp_text name = cp_table_list(t, list).name;

	return named(column, "unit") && (named(name, "nodes") || named(name, "values"));
}

static void walk_row(
	const struct cp_table *t, uint32_t list, uint32_t row, struct text *out)
{
	struct cp_list l = cp_table_list(t, list);
	uint32_t lists = cp_table_lists(t);
	bool some = false, bare = !l.columns;

	if (l.form == CP_LIST_VALUES) {
		value(out, cp_table_cell(t, list, row, 0));
		return;
	}
	add(out, "{", !bare);
	for (uint32_t i = 0; i < l.columns; i++) {
		struct cp_cell cell = cp_table_cell(t, list, row, i);
		struct cp_text name = cp_table_column(t, list, i).name;

		if (cell.kind == CP_CELL_NONE || hidden(t, list, name))
			continue;
		say(out, "%s\"%.*s\":", some ? "," : "", (int)name.n, name.p);
		value(out, cell);
		some = true;
	}
	for (uint32_t i = 1; i < lists; i++) {
		struct cp_list on = cp_table_list(t, i);

		if (on.parent != list)
			continue;
		if (on.name.n)
			say(out, "%s\"%.*s\":", some ? "," : "", (int)on.name.n,
				on.name.p);
		walk_list(t, i, row, out);
		some = true;
	}
	add(out, "}", !bare);
}

static void walk_list(
	const struct cp_table *t, uint32_t list, uint32_t parent, struct text *out)
{
	bool some = false;

	add(out, "[", 1);
	for (uint32_t i = 0; i < cp_table_list(t, list).rows; i++) {
		if (cp_table_parent(t, list, i) != parent)
			continue;
		add(out, ",", some);
		walk_row(t, list, i, out);
		some = true;
	}
	add(out, "]", 1);
}

static struct cp_profile *read_file(struct cp_context *context, const char *name)
{
	char path[1024];
	struct cp_input *input;
	struct cp_profile *p;

	snprintf(path, sizeof path, "%s/%s", getenv("TESTDATA"), name);
	assert_int_equal(cp_input_open(context, path, &input, NULL), CP_OK);
	assert_int_equal(cp_profile_read(context, input, NULL, NULL, &p, NULL), CP_OK);
	cp_input_free(input);
	return p;
}

static size_t compare(struct cp_context *context, const struct cp_profile *p,
	const char *report, const struct cp_report_options *options)
{
	struct text rows = {NULL}, json = {NULL};
	struct cp_table *t;
	size_t n;

	assert_int_equal(cp_report_rows(context, p, report, options, &t, NULL), CP_OK);
	assert_int_equal(cp_report_write(context, p, report, "json", options, collect,
				 &json, NULL),
		CP_OK);
	walk_row(t, 0, 0, &rows);
	squeeze(&json);
	assert_string_equal(json.p, rows.p);
	n = rows.n;
	cp_table_free(t);
	free(rows.p);
	free(json.p);
	return n;
}

static void test_reports(void **state)
{
	static const char *const reports[] = {
		"top", "tree", "peek", "traces", "tags", "comments"};
	struct cp_report_options options = {.size = sizeof options,
		.granularity = CP_BY_FUNCTION,
		.no_trim = true,
		.regex = "."};
	struct cp_context *context = cp_context_new(NULL);
	struct cp_profile *p;

	(void)state;
	assert_non_null(context);
	p = read_file(context, "pprof/good-go-cpu.pb.gz");
	for (size_t i = 0; i < sizeof reports / sizeof *reports; i++)
		assert_true(compare(context, p, reports[i], &options) > 60);
	cp_profile_free(p);
	p = read_file(context, "perf/good-waits.data");
	assert_true(compare(context, p, "top", &options) > 200);
	assert_true(compare(context, p, "tags", &options) > 200);
	cp_profile_free(p);
	cp_context_free(context);
}

/* Waits need times, which a reader keeps when it is asked to. */
static void test_waits(void **state)
{
	const struct cp_read_options keep = {.size = sizeof keep,
		.keep_time = true,
		.labels = CP_LABEL_PID | CP_LABEL_COMM | CP_LABEL_TID};
	struct cp_report_options options = {.size = sizeof options};
	struct cp_context *context = cp_context_new(NULL);
	struct cp_input *input;
	struct cp_profile *p;
	char path[1024];

	(void)state;
	snprintf(path, sizeof path, "%s/perf/good-waits.data", getenv("TESTDATA"));
	assert_int_equal(cp_input_open(context, path, &input, NULL), CP_OK);
	assert_int_equal(cp_profile_read(context, input, &keep, NULL, &p, NULL), CP_OK);
	assert_true(compare(context, p, "waits", &options) > 200);
	cp_profile_free(p);
	cp_input_free(input);
	cp_context_free(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports), cmocka_unit_test(test_waits)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
