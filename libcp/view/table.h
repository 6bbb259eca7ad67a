/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_TABLE_H
#define CPI_VIEW_TABLE_H

/*
 * How views make their rows (see cp/table.h for what they are). Building is sticky like a
 * sink: after memory has run out puts do nothing, and cpi_table_status says so.
 *
 *	cpi_fact_text(t, 0, "report", text);      a column of list 0, and its cell
 *	nodes = cpi_table_list(t, 0, "nodes", …); a list on it
 *	cpi_table_column(t, nodes, "name", …);
 *	cpi_table_row(t, nodes);                  hangs on the parent's last row
 *	cpi_put_text(t, nodes, text);             its cells, in the columns' order
 */

#include <cp/table.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"

/* Flags of lists and columns that say how forms show them. */
enum {
	CPI_TABLE_ONE_LINE = 1, /* JSON: each row stands on one line */
	CPI_TABLE_MAIN = 2,     /* the list that CSV, Markdown and text print */
	CPI_TABLE_NO_CSV = 4,   /* the column stands in JSON only */
	CPI_TABLE_NO_JSON = 8,  /* the column stands elsewhere only */
	CPI_TABLE_PLAIN = 16    /* the list's name is no part of its columns' headings */
};

struct cpi_cell {
	union {
		struct cp_text text;
		int64_t whole;
		double real;
	};
	enum cp_cell_kind kind;
};

struct cpi_table_column {
	struct cp_list_column column;
	struct cp_text title; /* in forms other than JSON */
	unsigned flags;
};

/* A member of each row, in their order: a column, or a list that hangs on the row. */
struct cpi_table_member {
	bool is_list;
	uint32_t i;
};

struct cpi_table_list {
	struct cp_text name;
	uint32_t parent, n;
	enum cp_list_form form;
	unsigned flags;
	CPI_VEC(struct cpi_table_column) column;
	CPI_VEC(struct cpi_table_member) member;
	CPI_VEC(struct cpi_cell) cell;
	CPI_VEC(uint32_t) on; /* the parent's row, by row */
};

struct cp_table {
	struct cpi_env *env;
	struct cpi_arena text;
	CPI_VEC(struct cpi_table_list) list;
	bool no_memory, csv_raw;
};

/* An empty table with list 0 and its row, or NULL. */
struct cp_table *cpi_table_new(struct cpi_env *env);
/* CP_ERROR_MEMORY if something is missing. */
enum cp_code cpi_table_status(const struct cp_table *t, struct cp_error *err);

/* Each gives the number of what it made (0 when memory has run out); a CP_LIST_ONE list
 * gets its row at once. */
uint32_t cpi_table_list(struct cp_table *t, uint32_t parent, const char *name,
	enum cp_list_form form, unsigned flags);
void cpi_table_column(struct cp_table *t, uint32_t list, struct cp_text name,
	enum cp_cell_kind kind, struct cp_text unit, unsigned flags);
/* The last column's heading in CSV, Markdown and text, where it is not the name. */
void cpi_table_title(struct cp_table *t, uint32_t list, const char *title);
void cpi_table_row(struct cp_table *t, uint32_t list);

/* The next cell of the last row. Texts are copied; NULL is no text. */
void cpi_put_none(struct cp_table *t, uint32_t list);
void cpi_put_text(struct cp_table *t, uint32_t list, struct cp_text text);
/* … which lives as long as the table does. */
void cpi_put_kept(struct cp_table *t, uint32_t list, struct cp_text text);
void cpi_put_whole(struct cp_table *t, uint32_t list, int64_t x);
void cpi_put_unsigned(struct cp_table *t, uint32_t list, uint64_t x);
void cpi_put_real(struct cp_table *t, uint32_t list, double x);
void cpi_put_flag(struct cp_table *t, uint32_t list, bool x);
/* An empty text is CP_CELL_UNKNOWN. */
void cpi_put_known(struct cp_table *t, uint32_t list, struct cp_text text);

/* A column of the list and its cell in the list's only row. */
void cpi_fact_text(struct cp_table *t, uint32_t list, const char *name, struct cp_text x);
void cpi_fact_known(
	struct cp_table *t, uint32_t list, const char *name, struct cp_text x);
void cpi_fact_whole(struct cp_table *t, uint32_t list, const char *name, int64_t x);
void cpi_fact_unsigned(struct cp_table *t, uint32_t list, const char *name, uint64_t x);
void cpi_fact_real(struct cp_table *t, uint32_t list, const char *name, double x);
void cpi_fact_flag(struct cp_table *t, uint32_t list, const char *name, bool x);

/* One printer for each form; cpi_table_print finds it by name. */
void cpi_table_json(const struct cp_table *t, struct cpi_sink *sink);
enum cp_code cpi_table_print(const struct cp_table *t, const char *format,
	struct cpi_sink *sink, struct cp_error *err);

#endif
