/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as JSON, CSV, Markdown and text: one printer for each form, whatever the view.
 */
#include <math.h>
#include <stdio.h>

#include "codec/csv.h"
#include "codec/json.h"
#include "view/table.h"

/* ---- JSON ---- */

struct print {
	const struct cp_table *t;
	struct cpi_json json;
	uint32_t *next; /* by list: the first row that was not printed yet */
};

static void json_cell(struct cpi_json *json, struct cp_cell cell)
{
	switch (cell.kind) {
	case CP_CELL_TEXT:
		cpi_json_text(json, cell.text);
		break;
	case CP_CELL_WHOLE:
		cpi_json_i64(json, cell.whole);
		break;
	case CP_CELL_UNSIGNED:
		cpi_json_u64(json, (uint64_t)cell.whole);
		break;
	case CP_CELL_REAL:
		cpi_json_double(json, cell.real);
		break;
	case CP_CELL_FLAG:
		cpi_json_bool(json, cell.whole);
		break;
	default:
		cpi_json_null(json);
	}
}

static void json_list(struct print *p, uint32_t list, uint32_t parent);

/* A row without columns whose only list has no name is that list's array. */
static bool is_bare(const struct print *p, const struct cpi_table_list *l)
{
	return !l->column.n && l->member.n == 1 && l->member.v[0].is_list &&
	       !p->t->list.v[l->member.v[0].i].name.n;
}

static void json_row(struct print *p, uint32_t list, uint32_t row)
{
	const struct cpi_table_list *l = &p->t->list.v[list];

	if (l->form == CP_LIST_VALUES) {
		json_cell(&p->json, cp_table_cell(p->t, list, row, 0));
		return;
	}
	if (is_bare(p, l)) {
		json_list(p, l->member.v[0].i, row);
		return;
	}
	cpi_json_begin(&p->json, '{', l->flags & CPI_TABLE_ONE_LINE);
	for (size_t i = 0; i < l->member.n; i++) {
		struct cpi_table_member m = l->member.v[i];
		struct cp_cell cell;

		if (m.is_list) {
			json_list(p, m.i, row);
			continue;
		}
		cell = cp_table_cell(p->t, list, row, m.i);
		if (cell.kind == CP_CELL_NONE ||
			l->column.v[m.i].flags & CPI_TABLE_NO_JSON)
			continue;
		cpi_json_key_text(&p->json, l->column.v[m.i].column.name);
		json_cell(&p->json, cell);
	}
	cpi_json_end(&p->json, '}');
}

/*
 * The list's rows that hang on a row of its parent. This calls itself only as deep as the
 * views hang lists on lists, which no input decides.
 */
static void json_list(struct print *p, uint32_t list, uint32_t parent)
{
	const struct cpi_table_list *l = &p->t->list.v[list];
	uint32_t *row = &p->next[list];
	bool one = l->form == CP_LIST_ONE;

	while (*row < l->n && l->on.v[*row] < parent)
		++*row;
	if (one && (*row >= l->n || l->on.v[*row] != parent))
		return;
	if (l->name.n)
		cpi_json_key_text(&p->json, l->name);
	if (!one)
		cpi_json_begin(&p->json, '[',
			l->form == CP_LIST_VALUES && l->flags & CPI_TABLE_ONE_LINE);
	while (*row < l->n && l->on.v[*row] == parent)
		json_row(p, list, (*row)++);
	if (!one)
		cpi_json_end(&p->json, ']');
}

void cpi_table_json(const struct cp_table *t, struct cpi_sink *sink)
{
	struct print p = {.t = t};
	size_t size = t->list.n * sizeof *p.next;

	p.next = cpi_alloc_zero(&t->env->mem, size);
	if (!p.next) {
		sink->code = cpi_error_memory(&sink->error);
		return;
	}
	cpi_json_init(&p.json, sink);
	json_row(&p, 0, 0);
	cpi_json_finish(&p.json);
	cpi_free(&t->env->mem, p.next, size);
}

/* ---- flat forms ---- */

/* One column of the flat forms: of the main list, its parent, or a list on it. */
struct flat_column {
	uint32_t list, column;
	bool up; /* of the parent's row */
};

struct flat {
	const struct cp_table *t;
	uint32_t main;
	CPI_VEC(struct flat_column) column;
	CPI_VEC(size_t) width; /* text */
};

/* The row of a list of CP_LIST_ONE that hangs on a row, or UINT32_MAX. */
static uint32_t row_on(const struct cpi_table_list *l, uint32_t parent)
{
	uint32_t low = 0, high = l->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (l->on.v[middle] < parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low < l->n && l->on.v[low] == parent ? low : UINT32_MAX;
}

static bool add_columns(struct flat *f, uint32_t list, bool up)
{
	const struct cpi_table_list *l = &f->t->list.v[list];
	bool fine = true;

	for (size_t i = 0; fine && i < l->member.n; i++) {
		struct cpi_table_member m = l->member.v[i];

		if (m.is_list) {
			const struct cpi_table_list *one = &f->t->list.v[m.i];

			for (uint32_t k = 0; fine && !up && one->form == CP_LIST_ONE &&
					     k < one->column.n;
				k++)
				if (!(one->column.v[k].flags & CPI_TABLE_NO_CSV))
					fine = cpi_vec_push(&f->t->env->mem, &f->column,
						(struct flat_column){m.i, k, false});
			continue;
		}
		if (!(l->column.v[m.i].flags & CPI_TABLE_NO_CSV))
			fine = cpi_vec_push(&f->t->env->mem, &f->column,
				(struct flat_column){list, m.i, up});
	}
	return fine;
}

static struct cp_cell cell_of(const struct flat *f, uint32_t row, struct flat_column c)
{
	uint32_t at = c.list == f->main ? row
		      : c.up            ? cp_table_parent(f->t, f->main, row)
					: row_on(&f->t->list.v[c.list], row);

	return cp_table_cell(f->t, c.list, at, c.column);
}

/* A number in digits; nothing for what is not known. */
static void number(struct cpi_sink *sink, struct cp_cell cell)
{
	struct cpi_json json;

	if (cell.kind == CP_CELL_REAL && isinf(cell.real)) {
		cpi_sink_str(sink, cell.real > 0 ? "inf" : "-inf");
		return;
	}
	if (cell.kind <= CP_CELL_UNKNOWN ||
		(cell.kind == CP_CELL_REAL && isnan(cell.real)))
		return;
	cpi_json_init(&json, sink);
	json_cell(&json, cell);
}

/* Lists on the main one give their names to their columns. */
static void title(const struct flat *f, struct flat_column c, struct cpi_sink *sink)
{
	const struct cpi_table_list *l = &f->t->list.v[c.list];
	struct cp_text text = l->column.v[c.column].title;

	if (c.list != f->main && !c.up && !(l->flags & CPI_TABLE_PLAIN)) {
		cpi_text_escape(sink, l->name);
		cpi_sink_char(sink, '_');
	}
	cpi_text_escape(sink, text);
}

static void print_csv(struct flat *f, struct cpi_sink *sink)
{
	for (size_t i = 0; i < f->column.n; i++) {
		cpi_sink_str(sink, i ? "," : "");
		title(f, f->column.v[i], sink);
	}
	cpi_sink_char(sink, '\n');
	for (uint32_t row = 0; row < f->t->list.v[f->main].n; row++) {
		for (size_t i = 0; i < f->column.n; i++) {
			struct cp_cell cell = cell_of(f, row, f->column.v[i]);

			cpi_sink_str(sink, i ? "," : "");
			if (cell.kind == CP_CELL_TEXT)
				cpi_csv_text(sink, cell.text);
			else
				number(sink, cell);
		}
		cpi_sink_char(sink, '\n');
	}
}

/* Text of strangers in a cell of Markdown: code, in which nothing is markup. */
static void markdown_text(struct cpi_sink *sink, struct cp_text text)
{
	struct cpi_sink shown;

	if (!text.n)
		return;
	cpi_sink_memory(&shown, sink->mem);
	cpi_text_escape(&shown, text);
	cpi_sink_char(sink, '`');
	for (size_t i = 0; i < shown.n; i++) {
		if (shown.buf[i] == '|')
			cpi_sink_char(sink, '\\');
		cpi_sink_char(sink, shown.buf[i] == '`' ? '\'' : (char)shown.buf[i]);
	}
	cpi_sink_char(sink, '`');
	cpi_sink_fail(sink, &shown);
	cpi_sink_release(&shown);
}

static bool is_text(const struct flat *f, size_t i)
{
	struct flat_column c = f->column.v[i];

	return f->t->list.v[c.list].column.v[c.column].column.kind == CP_CELL_TEXT;
}

static void print_markdown(struct flat *f, struct cpi_sink *sink)
{
	for (size_t i = 0; i < f->column.n; i++) {
		cpi_sink_str(sink, i ? " | " : "| ");
		title(f, f->column.v[i], sink);
	}
	cpi_sink_str(sink, " |\n|");
	for (size_t i = 0; i < f->column.n; i++)
		cpi_sink_str(sink, is_text(f, i) ? "---|" : "--:|");
	cpi_sink_char(sink, '\n');
	for (uint32_t row = 0; row < f->t->list.v[f->main].n; row++) {
		for (size_t i = 0; i < f->column.n; i++) {
			struct cp_cell cell = cell_of(f, row, f->column.v[i]);

			cpi_sink_str(sink, i ? " | " : "| ");
			if (cell.kind == CP_CELL_TEXT)
				markdown_text(sink, cell.text);
			else
				number(sink, cell);
		}
		cpi_sink_str(sink, " |\n");
	}
}

/* A cell, or with row UINT32_MAX the heading, as it stands in text. */
static void text_cell(const struct flat *f, uint32_t row, size_t i, struct cpi_sink *sink)
{
	struct cp_cell cell;

	if (row == UINT32_MAX) {
		title(f, f->column.v[i], sink);
		return;
	}
	cell = cell_of(f, row, f->column.v[i]);
	if (cell.kind == CP_CELL_TEXT)
		cpi_text_escape(sink, cell.text);
	else
		number(sink, cell);
}

/* Measures a row's cells, or prints them: texts to the left, numbers to the right. */
static void text_row(struct flat *f, uint32_t row, bool measure, struct cpi_sink *sink)
{
	struct cpi_sink cell;

	cpi_sink_memory(&cell, sink->mem);
	for (size_t i = 0; i < f->column.n; i++) {
		size_t own, *width = &f->width.v[i];

		cell.n = 0;
		text_cell(f, row, i, &cell);
		own = cpi_text_width((struct cp_text){(char *)cell.buf, cell.n});
		if (measure) {
			*width = own > *width ? own : *width;
			continue;
		}
		cpi_sink_str(sink, i ? "  " : "");
		if (!is_text(f, i))
			cpi_sink_pad(sink, ' ', *width - own);
		cpi_sink_bytes(sink, cell.buf, cell.n);
		if (is_text(f, i) && i + 1 < f->column.n)
			cpi_sink_pad(sink, ' ', *width - own);
	}
	if (!measure)
		cpi_sink_char(sink, '\n');
	cpi_sink_fail(sink, &cell);
	cpi_sink_release(&cell);
}

static void print_text(struct flat *f, struct cpi_sink *sink)
{
	uint32_t n = f->t->list.v[f->main].n;

	for (size_t i = 0; i < f->column.n; i++)
		if (!cpi_vec_push(&f->t->env->mem, &f->width, (size_t)0)) {
			sink->code = cpi_error_memory(&sink->error);
			return;
		}
	for (int measure = 1; measure >= 0; measure--) {
		text_row(f, UINT32_MAX, measure, sink);
		for (uint32_t row = 0; row < n; row++)
			text_row(f, row, measure, sink);
	}
}

static enum cp_code print_flat(const struct cp_table *t,
	void (*print)(struct flat *, struct cpi_sink *), struct cpi_sink *sink,
	struct cp_error *err)
{
	struct cpi_mem *mem = &t->env->mem;
	struct flat f = {.t = t};
	bool fine;

	for (uint32_t i = 1; i < t->list.n; i++)
		if (t->list.v[i].flags & CPI_TABLE_MAIN)
			f.main = i;
	if (!f.main)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"this table has several lists and is written as json only");
	fine = (!t->list.v[f.main].parent ||
		       add_columns(&f, t->list.v[f.main].parent, true)) &&
	       add_columns(&f, f.main, false);
	if (fine)
		print(&f, sink);
	cpi_vec_release(mem, &f.column);
	cpi_vec_release(mem, &f.width);
	return fine ? CP_OK : cpi_error_memory(err);
}

enum cp_code cpi_table_print(const struct cp_table *t, const char *format,
	struct cpi_sink *sink, struct cp_error *err)
{
	static const struct {
		const char *name;
		void (*print)(struct flat *, struct cpi_sink *);
	} forms[] = {
		{"csv", print_csv}, {"markdown", print_markdown}, {"text", print_text}};

	sink->csv_raw |= t->csv_raw;
	if (!strcmp(format, "json")) {
		cpi_table_json(t, sink);
		return CP_OK;
	}
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!strcmp(format, forms[i].name))
			return print_flat(t, forms[i].print, sink, err);
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"\"%.40s\" is not a format of tables", format);
}
