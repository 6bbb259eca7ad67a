/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a report, read by name and by number, and printed in every form. */
#include <cp/report.h>
#include <cp/table.h>

#include "use.h"

static void check_cell(const struct cp_table *t, uint32_t list, uint32_t row,
	const char *column, int64_t whole)
{
	for (uint32_t i = 0; i < cp_table_list(t, list).columns; i++) {
		struct cp_list_column c = cp_table_column(t, list, i);

		if (c.name.n != strlen(column) || memcmp(c.name.p, column, c.name.n))
			continue;
		MUST(c.kind == CP_CELL_WHOLE && c.unit.n == 5);
		MUST(cp_table_cell(t, list, row, i).whole == whole);
		return;
	}
	MUST(!"such a column");
}

static void check_forms(const struct cp_table *t)
{
	static const char *const forms[] = {"json", "csv", "markdown", "text"};
	static struct text text;
	struct cp_error err;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		text.n = 0;
		MUST(!cp_table_write(t, forms[i], use_write, &text, &err));
		MUST(strstr(text.p, "work") && strstr(text.p, "flat"));
	}
	MUST(cp_table_write(t, "xml", use_write, &text, &err) == CP_ERROR_ARGUMENT);
}

int main(void)
{
	struct cp_context *context = use_context();
	struct cp_profile *p = use_profile(context);
	struct cp_table *t = NULL;
	struct cp_error err;
	uint32_t nodes, callers;

	OPTIONS(cp_report_options, options);
	options.no_trim = true;
	MUST(!cp_report_rows(context, p, "tree", &options, &t, &err));
	cp_profile_free(p); /* the table owns what it says */
	nodes = cp_table_find(t, 0, "nodes");
	callers = cp_table_find(t, nodes, "callers");
	MUST(nodes && callers && !cp_table_find(t, 0, "callers"));
	MUST(cp_table_list(t, nodes).rows == 3 && cp_table_list(t, callers).rows == 2);
	check_cell(t, nodes, 0, "flat", 3);
	check_cell(t, nodes, 0, "cum", 3);
	check_cell(t, callers, 0, "weight", 3);
	MUST(cp_table_parent(t, callers, 0) == 0);
	MUST(cp_table_cell(t, nodes, 3, 0).kind == CP_CELL_NONE);
	MUST(!cp_table_list(t, cp_table_lists(t)).columns);
	MUST(!cp_table_column(t, nodes, 99).name.n);
	check_forms(t);
	p = use_profile(context);
	MUST(cp_report_rows(context, p, "dot", &options, &t, &err) == CP_ERROR_ARGUMENT);
	cp_table_free(t);
	cp_profile_free(p);
	cp_table_free(NULL);
	cp_context_free(context);
	return 0;
}
