/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of views: how they are filled, and how programs read them. */
#include "view/table.h"

static void spoil(struct cp_table *t)
{
	t->no_memory = true;
}

struct cp_table *cpi_table_new(struct cpi_env *env)
{
	struct cp_table *t = cpi_alloc_zero(&env->mem, sizeof *t);

	if (!t)
		return NULL;
	t->env = env;
	cpi_arena_init(&t->text, &env->mem);
	cpi_table_list(t, 0, "", CP_LIST_ONE, 0);
	if (!t->no_memory)
		return t;
	cp_table_free(t);
	return NULL;
}

void cp_table_free(struct cp_table *t)
{
	struct cpi_mem *mem;

	if (!t)
		return;
	mem = &t->env->mem;
	for (size_t i = 0; i < t->list.n; i++) {
		cpi_vec_release(mem, &t->list.v[i].column);
		cpi_vec_release(mem, &t->list.v[i].member);
		cpi_vec_release(mem, &t->list.v[i].cell);
		cpi_vec_release(mem, &t->list.v[i].on);
	}
	cpi_vec_release(mem, &t->list);
	cpi_arena_release(&t->text);
	cpi_free(mem, t, sizeof *t);
}

enum cp_code cpi_table_status(const struct cp_table *t, struct cp_error *err)
{
	return t->no_memory ? cpi_error_memory(err) : CP_OK;
}

static struct cp_text keep(struct cp_table *t, struct cp_text text)
{
	char *copy = cpi_arena_copy(&t->text, text.n ? text.p : "", text.n);

	if (!copy)
		spoil(t);
	return (struct cp_text){copy ? copy : "", copy ? text.n : 0};
}

static void add_member(struct cp_table *t, uint32_t list, bool is_list, size_t i)
{
	if (!cpi_vec_push(&t->env->mem, &t->list.v[list].member,
		    (struct cpi_table_member){is_list, (uint32_t)i}))
		spoil(t);
}

uint32_t cpi_table_list(struct cp_table *t, uint32_t parent, const char *name,
	enum cp_list_form form, unsigned flags)
{
	struct cpi_table_list list = {.name = keep(t, cpi_text(name)),
		.parent = parent,
		.form = form,
		.flags = flags};
	uint32_t id = (uint32_t)t->list.n;

	if (t->no_memory || !cpi_vec_push(&t->env->mem, &t->list, list)) {
		spoil(t);
		return 0;
	}
	if (id)
		add_member(t, parent, true, id);
	if (form == CP_LIST_ONE && (!id || t->list.v[parent].n))
		cpi_table_row(t, id);
	return id;
}

void cpi_table_column(struct cp_table *t, uint32_t list, struct cp_text name,
	enum cp_cell_kind kind, struct cp_text unit, unsigned flags)
{
	struct cpi_table_column column = {
		{keep(t, name), kind, keep(t, unit)}, {NULL, 0}, flags};

	column.title = column.column.name;
	if (t->no_memory ||
		!cpi_vec_push(&t->env->mem, &t->list.v[list].column, column)) {
		spoil(t);
		return;
	}
	add_member(t, list, false, t->list.v[list].column.n - 1);
}

void cpi_table_title(struct cp_table *t, uint32_t list, const char *title)
{
	struct cpi_table_list *l = &t->list.v[list];

	if (!t->no_memory)
		l->column.v[l->column.n - 1].title = keep(t, cpi_text(title));
}

void cpi_table_row(struct cp_table *t, uint32_t list)
{
	struct cpi_table_list *l = &t->list.v[list];
	uint32_t on = list && t->list.v[l->parent].n ? t->list.v[l->parent].n - 1 : 0;

	/* What the row before left open has no value. */
	while (!t->no_memory && l->cell.n < (size_t)l->n * l->column.n)
		cpi_put_none(t, list);
	if (t->no_memory || l->n == UINT32_MAX ||
		!cpi_vec_push(&t->env->mem, &l->on, on)) {
		spoil(t);
		return;
	}
	l->n++;
}

static void put(struct cp_table *t, uint32_t list, struct cpi_cell cell)
{
	if (t->no_memory || !cpi_vec_push(&t->env->mem, &t->list.v[list].cell, cell))
		spoil(t);
}

void cpi_put_none(struct cp_table *t, uint32_t list)
{
	put(t, list, (struct cpi_cell){.kind = CP_CELL_NONE});
}

void cpi_put_text(struct cp_table *t, uint32_t list, struct cp_text text)
{
	cpi_put_kept(t, list, keep(t, text));
}

void cpi_put_kept(struct cp_table *t, uint32_t list, struct cp_text text)
{
	put(t, list, (struct cpi_cell){.text = text, .kind = CP_CELL_TEXT});
}

void cpi_put_whole(struct cp_table *t, uint32_t list, int64_t x)
{
	put(t, list, (struct cpi_cell){.whole = x, .kind = CP_CELL_WHOLE});
}

void cpi_put_unsigned(struct cp_table *t, uint32_t list, uint64_t x)
{
	put(t, list, (struct cpi_cell){.whole = (int64_t)x, .kind = CP_CELL_UNSIGNED});
}

void cpi_put_real(struct cp_table *t, uint32_t list, double x)
{
	put(t, list, (struct cpi_cell){.real = x, .kind = CP_CELL_REAL});
}

void cpi_put_flag(struct cp_table *t, uint32_t list, bool x)
{
	put(t, list, (struct cpi_cell){.whole = x, .kind = CP_CELL_FLAG});
}

void cpi_put_known(struct cp_table *t, uint32_t list, struct cp_text text)
{
	if (text.n)
		cpi_put_text(t, list, text);
	else
		put(t, list, (struct cpi_cell){.kind = CP_CELL_UNKNOWN});
}

/* ---- facts ---- */

static void fact(
	struct cp_table *t, uint32_t list, const char *name, enum cp_cell_kind kind)
{
	cpi_table_column(t, list, cpi_text(name), kind, CPI_TEXT(""), 0);
}

void cpi_fact_text(struct cp_table *t, uint32_t list, const char *name, struct cp_text x)
{
	fact(t, list, name, CP_CELL_TEXT);
	cpi_put_text(t, list, x);
}

void cpi_fact_known(struct cp_table *t, uint32_t list, const char *name, struct cp_text x)
{
	fact(t, list, name, CP_CELL_TEXT);
	cpi_put_known(t, list, x);
}

void cpi_fact_whole(struct cp_table *t, uint32_t list, const char *name, int64_t x)
{
	fact(t, list, name, CP_CELL_WHOLE);
	cpi_put_whole(t, list, x);
}

void cpi_fact_unsigned(struct cp_table *t, uint32_t list, const char *name, uint64_t x)
{
	fact(t, list, name, CP_CELL_UNSIGNED);
	cpi_put_unsigned(t, list, x);
}

void cpi_fact_real(struct cp_table *t, uint32_t list, const char *name, double x)
{
	fact(t, list, name, CP_CELL_REAL);
	cpi_put_real(t, list, x);
}

void cpi_fact_flag(struct cp_table *t, uint32_t list, const char *name, bool x)
{
	fact(t, list, name, CP_CELL_FLAG);
	cpi_put_flag(t, list, x);
}

/* ---- for programs ---- */

uint32_t cp_table_lists(const struct cp_table *t)
{
	return (uint32_t)t->list.n;
}

struct cp_list cp_table_list(const struct cp_table *t, uint32_t list)
{
	const struct cpi_table_list *l;

	if (list >= t->list.n)
		return (struct cp_list){.name = {"", 0}};
	l = &t->list.v[list];
	return (struct cp_list){l->name, l->parent, l->form, (uint32_t)l->column.n, l->n};
}

uint32_t cp_table_find(const struct cp_table *t, uint32_t parent, const char *name)
{
	for (uint32_t i = 1; i < t->list.n; i++)
		if (t->list.v[i].parent == parent &&
			cpi_text_equal(t->list.v[i].name, cpi_text(name)))
			return i;
	return 0;
}

struct cp_list_column cp_table_column(
	const struct cp_table *t, uint32_t list, uint32_t column)
{
	if (list >= t->list.n || column >= t->list.v[list].column.n)
		return (struct cp_list_column){{"", 0}, CP_CELL_NONE, {"", 0}};
	return t->list.v[list].column.v[column].column;
}

uint32_t cp_table_parent(const struct cp_table *t, uint32_t list, uint32_t row)
{
	return list < t->list.n && row < t->list.v[list].n ? t->list.v[list].on.v[row]
							   : 0;
}

struct cp_cell cp_table_cell(
	const struct cp_table *t, uint32_t list, uint32_t row, uint32_t column)
{
	struct cp_cell cell = {.text = {"", 0}};
	const struct cpi_table_list *l = list < t->list.n ? &t->list.v[list] : NULL;
	const struct cpi_cell *from;
	size_t at;

	if (!l || row >= l->n || column >= l->column.n)
		return cell;
	at = (size_t)row * l->column.n + column;
	if (at >= l->cell.n)
		return cell;
	from = &l->cell.v[at];
	cell.kind = from->kind;
	if (from->kind == CP_CELL_TEXT)
		cell.text = from->text;
	else if (from->kind == CP_CELL_REAL)
		cell.real = from->real;
	else if (from->kind > CP_CELL_TEXT)
		cell.whole = from->whole;
	return cell;
}
