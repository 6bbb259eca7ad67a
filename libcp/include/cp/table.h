/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_TABLE_H
#define CP_TABLE_H

/*
 * What a report, a difference or an inventory says, as rows: made once, read by id, and
 * printed in any form. Pages, scripts and other languages build on these; the JSON that
 * the writers give is these rows and nothing else.
 *
 * A table is a tree of lists. List 0 has one row, the facts about the whole. Every other
 * list hangs on a parent list, and each of its rows on one row of the parent: the callers
 * of a function, the values of a key. Rows of a list stand in the order of their parents.
 *
 * A table owns its texts: it outlives the profile it was made from, but not the context.
 * It may be read by several threads at once.
 */

#include <cp/profile.h>
#include <cp/write.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cp_table;

/* What a cell holds. Cells of one column may lack a value, and few columns are mixed. */
enum cp_cell_kind {
	CP_CELL_NONE,     /* nothing: the row has no such member */
	CP_CELL_UNKNOWN,  /* a value that nobody knows; null in JSON */
	CP_CELL_TEXT,     /* bytes of strangers, not escaped */
	CP_CELL_WHOLE,    /* in the column's unit */
	CP_CELL_UNSIGNED, /* the same; `whole` is a uint64_t */
	CP_CELL_REAL,     /* in the column's unit; may be NAN or an infinity */
	CP_CELL_FLAG      /* `whole` is 0 or 1 */
};

/* One cell; of its values the one that `kind` names is set. This struct never grows. */
struct cp_cell {
	enum cp_cell_kind kind;
	struct cp_text text;
	int64_t whole;
	double real;
};

/* How a list's rows hang on a row of its parent. */
enum cp_list_form {
	CP_LIST_ROWS,  /* any number of them; an array of objects in JSON */
	CP_LIST_ONE,   /* at most one, which is a part of the parent; an object in JSON */
	CP_LIST_VALUES /* any number of single values; an array of them in JSON */
};

/* One list. This struct never grows. */
struct cp_list {
	struct cp_text
		name;    /* "nodes", "callers"; empty: list 0, and one within an array */
	uint32_t parent; /* a list with a smaller number; 0 for list 0 */
	enum cp_list_form form;
	uint32_t columns, rows;
};

/* One column of a list. This struct never grows. */
struct cp_list_column {
	struct cp_text name;    /* "flat"; the member's name in JSON */
	enum cp_cell_kind kind; /* of its cells that have a value; CP_CELL_NONE: mixed */
	struct cp_text unit;    /* of numbers, as recorded: "nanoseconds"; or empty */
};

/* How many lists there are; at least 1. Cannot fail, like all getters here. */
uint32_t cp_table_lists(const struct cp_table *table);
/* Out of range: no columns, no rows, an empty name. */
struct cp_list cp_table_list(const struct cp_table *table, uint32_t list);
/* The list of this name that hangs on `parent`, or 0 when there is none. */
uint32_t cp_table_find(const struct cp_table *table, uint32_t parent, const char *name);
/* Out of range: an empty name, CP_CELL_NONE. */
struct cp_list_column cp_table_column(
	const struct cp_table *table, uint32_t list, uint32_t column);
/* The row of the parent list that a row hangs on; out of range: 0. */
uint32_t cp_table_parent(const struct cp_table *table, uint32_t list, uint32_t row);
/* Out of range: CP_CELL_NONE. */
struct cp_cell cp_table_cell(
	const struct cp_table *table, uint32_t list, uint32_t row, uint32_t column);

/*
 * Prints the table: "json", all of it, with lists in their parents; "csv", "markdown" or
 * "text", the main list alone, with the lists of CP_LIST_ONE on it and, where the main
 * list hangs on another, the columns of that one in front. Names are escaped as each form
 * needs it. CP_ERROR_ARGUMENT: another format, or a table without a main list in a form
 * other than JSON.
 */
enum cp_code cp_table_write(const struct cp_table *table, const char *format,
	cp_write_fn *fn, void *arg, struct cp_error *err);

/* NULL is allowed. */
void cp_table_free(struct cp_table *table);

#ifdef __cplusplus
}
#endif
#endif
