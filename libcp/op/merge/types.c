/* SPDX-License-Identifier: Apache-2.0 */
#include "op/merge/merge.h"

#include <cp/units.h>

#include <math.h>

/*
 * Columns are matched by type ("cpu"), as pprof does; units of one kind and numbers of
 * decimals are brought to the finer of both sides, which multiplies and so loses nothing.
 * An input that lacks a column takes it from the result (intersection), and one that
 * brings a new column adds it (union); the values gathered so far are rearranged then,
 * which happens once or twice in a merge of thousands.
 */

bool cpi_merge_scale(int64_t value, double ratio, int64_t *ret)
{
	double x;

	if (ratio == 1) {
		*ret = value;
		return true;
	}
	if (ratio == floor(ratio) && fabs(ratio) < 0x1p62)
		return !__builtin_mul_overflow(value, (int64_t)ratio, ret);
	x = round((double)value * ratio);
	if (!(fabs(x) < 0x1p63))
		return false;
	*ret = (int64_t)x;
	return true;
}

static struct cp_text name_of(
	const struct cp_profile *p, const struct cp_value_type *type)
{
	return cpi_profile_text(p, type->type);
}

/* The column of a type; MERGE_ABSENT when it is not there, or there twice. */
static uint32_t find_column(const struct cp_profile *p, struct cp_text type)
{
	uint32_t found = MERGE_ABSENT;

	for (uint32_t i = 0; i < p->sample_type.n; i++) {
		if (!cpi_text_equal(type, name_of(p, &p->sample_type.v[i])))
			continue;
		if (found != MERGE_ABSENT)
			return MERGE_ABSENT;
		found = i;
	}
	return found;
}

bool cpi_merge_same_types(const struct cp_profile *a, const struct cp_profile *b)
{
	if (a->sample_type.n != b->sample_type.n)
		return false;
	for (size_t i = 0; i < a->sample_type.n; i++)
		if (!cpi_text_equal(name_of(a, &a->sample_type.v[i]),
			    name_of(b, &b->sample_type.v[i])))
			return false;
	return true;
}

/* Ratio of two units with their decimals: x of `from` are x * ratio of `to`; 0: none. */
static double type_ratio(const struct cp_profile *from_p,
	const struct cp_value_type *from, const struct cp_profile *to_p,
	const struct cp_value_type *to)
{
	double ratio = cp_unit_ratio(
		cpi_profile_text(from_p, from->unit), cpi_profile_text(to_p, to->unit));

	if (from->decimals == to->decimals)
		return ratio;
	return ratio * pow(10, (int)to->decimals - (int)from->decimals);
}

/* Room for `more` columns beside the result's own. */
static bool plan_room(struct cpi_merge_plan *plan, size_t columns)
{
	plan->room = (uint32_t)columns;
	plan->column = cpi_alloc_array(plan->mem, columns, sizeof *plan->column);
	plan->kept = cpi_alloc_array(plan->mem, columns, sizeof *plan->kept);
	plan->type = cpi_alloc_array(plan->mem, columns, sizeof *plan->type);
	return plan->column && plan->kept && plan->type;
}

void cpi_merge_plan_release(struct cpi_merge_plan *plan)
{
	cpi_free(plan->mem, plan->column, plan->room * sizeof *plan->column);
	cpi_free(plan->mem, plan->kept, plan->room * sizeof *plan->kept);
	cpi_free(plan->mem, plan->type, plan->room * sizeof *plan->type);
}

static void push(struct cpi_merge_plan *plan, struct cp_value_type type,
	struct cpi_merge_column kept, struct cpi_merge_column column)
{
	plan->type[plan->n] = type;
	plan->kept[plan->n] = kept;
	plan->column[plan->n++] = column;
}

static struct cp_value_type copy_type(
	struct cp_merge *m, const struct cp_profile *p, const struct cp_value_type *type)
{
	return (struct cp_value_type){
		cpi_builder_string(&m->b, cpi_profile_text(p, type->type)),
		cpi_builder_string(&m->b, cpi_profile_text(p, type->unit)),
		type->decimals};
}

static enum cp_code bad_units(const struct cp_profile *a, const struct cp_value_type *x,
	const struct cp_profile *b, const struct cp_value_type *y, const char *what,
	struct cp_error *err)
{
	char text[4][48];

	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"incompatible %s: %s/%s here, %s/%s before", what,
		cpi_text_printable(text[0], sizeof text[0], cpi_profile_text(b, y->type)),
		cpi_text_printable(text[1], sizeof text[1], cpi_profile_text(b, y->unit)),
		cpi_text_printable(text[2], sizeof text[2], cpi_profile_text(a, x->type)),
		cpi_text_printable(
			text[3], sizeof text[3], cpi_profile_text(a, x->unit)));
}

/* Column `at` of the result and column `from` of the input become one. */
static enum cp_code pair_columns(struct cp_merge *m, const struct cp_profile *p,
	struct cpi_merge_plan *plan, uint32_t at, uint32_t from, struct cp_error *err)
{
	const struct cp_profile *so_far = m->b.p;
	struct cp_value_type type = so_far->sample_type.v[at];
	const struct cp_value_type *other = &p->sample_type.v[from];
	double ratio = type_ratio(p, other, so_far, &type), kept = 1;

	if (ratio == 0)
		return bad_units(so_far, &type, p, other, "sample types", err);
	if (ratio < 1) {
		kept = type_ratio(so_far, &type, p, other);
		ratio = 1;
		type = copy_type(m, p, other);
	}
	push(plan, type, (struct cpi_merge_column){at, kept},
		(struct cpi_merge_column){from, ratio});
	return CP_OK;
}

/* Types of a profile that no column of the plan has, and whose values so get lost. */
static void note_left_out(struct cp_merge *m, const struct cp_profile *p,
	const struct cpi_merge_column *column, uint32_t n)
{
	for (uint32_t i = 0; i < p->sample_type.n; i++) {
		char type[64], unit[64];
		uint32_t k = 0;

		while (k < n && column[k].from != i)
			k++;
		if (k < n)
			continue;
		cpi_diag_note(&m->env->diag, "left-out-type", NULL,
			"%s/%s is not in every input and is left out (--types union "
			"keeps it)",
			cpi_text_printable(
				type, sizeof type, name_of(p, &p->sample_type.v[i])),
			cpi_text_printable(unit, sizeof unit,
				cpi_profile_text(p, p->sample_type.v[i].unit)));
	}
}

static enum cp_code plan_columns(struct cp_merge *m, const struct cp_profile *p,
	struct cpi_merge_plan *plan, struct cp_error *err)
{
	const struct cp_profile *so_far = m->b.p;
	bool same = cpi_merge_same_types(so_far, p) && !m->o.pprof_compat;
	bool all = m->o.types == CP_MERGE_UNION;
	enum cp_code code = CP_OK;

	for (uint32_t i = 0; i < so_far->sample_type.n && !code; i++) {
		struct cp_text name = name_of(so_far, &so_far->sample_type.v[i]);
		bool twice = !same && find_column(so_far, name) == MERGE_ABSENT;
		uint32_t from = same ? i : twice ? MERGE_ABSENT : find_column(p, name);

		if (from != MERGE_ABSENT)
			code = pair_columns(m, p, plan, i, from, err);
		else if (all)
			push(plan, so_far->sample_type.v[i],
				(struct cpi_merge_column){i, 1},
				(struct cpi_merge_column){MERGE_ABSENT, 1});
	}
	for (uint32_t i = 0; i < p->sample_type.n && all && !same && !code; i++)
		if (find_column(so_far, name_of(p, &p->sample_type.v[i])) == MERGE_ABSENT)
			push(plan, copy_type(m, p, &p->sample_type.v[i]),
				(struct cpi_merge_column){MERGE_ABSENT, 1},
				(struct cpi_merge_column){i, 1});
	if (!code && !plan->n && (so_far->sample_type.n || p->sample_type.n))
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"no sample type is common to this and the profiles before");
	if (!code) {
		note_left_out(m, so_far, plan->kept, plan->n);
		note_left_out(m, p, plan->column, plan->n);
	}
	return code;
}

/* The first input says what the result's columns are. */
static void first_columns(
	struct cp_merge *m, const struct cp_profile *p, struct cpi_merge_plan *plan)
{
	for (uint32_t i = 0; i < p->sample_type.n; i++)
		push(plan, copy_type(m, p, &p->sample_type.v[i]),
			(struct cpi_merge_column){MERGE_ABSENT, 1},
			(struct cpi_merge_column){i, 1});
	plan->period_unit = cpi_builder_string(
		&m->b, cpi_profile_text(p, p->header.period_type.unit));
}

/* Period types must agree, as far as they are known; the finer unit wins. */
static enum cp_code plan_period(struct cp_merge *m, const struct cp_profile *p,
	struct cpi_merge_plan *plan, struct cp_error *err)
{
	const struct cp_profile *so_far = m->b.p;
	const struct cp_value_type *a = &so_far->header.period_type;
	const struct cp_value_type *b = &p->header.period_type;
	double ratio = type_ratio(p, b, so_far, a);

	plan->period_unit = a->unit;
	if ((!a->type.i || !b->type.i) && !m->o.pprof_compat) {
		if (!a->type.i)
			plan->period_unit =
				cpi_builder_string(&m->b, cpi_profile_text(p, b->unit));
		return CP_OK;
	}
	if (ratio == 0 || !cpi_text_equal(name_of(so_far, a), name_of(p, b))) {
		if (m->o.types == CP_MERGE_UNION) {
			m->periods_differ = true;
			plan->period_ratio = 0;
			return CP_OK;
		}
		return bad_units(so_far, a, p, b, "period types", err);
	}
	if (ratio < 1) {
		plan->kept_period_ratio = type_ratio(so_far, a, p, b);
		plan->period_unit =
			cpi_builder_string(&m->b, cpi_profile_text(p, b->unit));
	} else {
		plan->period_ratio = ratio;
	}
	return CP_OK;
}

static bool columns_change(const struct cp_merge *m, const struct cpi_merge_plan *plan)
{
	const struct cp_profile *so_far = m->b.p;

	if (plan->n != so_far->sample_type.n || !m->n_inputs)
		return true;
	for (uint32_t i = 0; i < plan->n; i++)
		if (plan->kept[i].from != i || plan->kept[i].ratio != 1)
			return true;
	return false;
}

enum cp_code cpi_merge_plan(struct cp_merge *m, const struct cp_profile *p,
	struct cpi_merge_plan *plan, struct cp_error *err)
{
	enum cp_code code = CP_OK;

	*plan = (struct cpi_merge_plan){
		.mem = &m->env->mem, .period_ratio = 1, .kept_period_ratio = 1};
	if (!plan_room(plan, m->b.p->sample_type.n + p->sample_type.n))
		code = cpi_error_memory(err);
	else if (!m->n_inputs)
		first_columns(m, p, plan);
	else
		code = plan_columns(m, p, plan, err);
	if (!code && m->n_inputs)
		code = plan_period(m, p, plan, err);
	if (!code && m->b.code)
		code = cpi_error_memory(err);
	if (code)
		cpi_merge_plan_release(plan);
	else
		plan->changes = columns_change(m, plan);
	for (uint32_t i = 0; !code && i < plan->n; i++)
		plan->n_kept += plan->kept[i].from != MERGE_ABSENT;
	return code;
}

bool cpi_merge_values(const struct cpi_merge_column *column, uint32_t n, double weight,
	const int64_t *from, int64_t *to)
{
	for (uint32_t i = 0; i < n; i++) {
		to[i] = 0;
		if (column[i].from != MERGE_ABSENT &&
			!cpi_merge_scale(
				from[column[i].from], column[i].ratio * weight, &to[i]))
			return false;
	}
	return true;
}

/*
 * pprof keeps a sample whose units it changes only when one of the values changed is not
 * zero, whatever the others are.
 */
void cpi_merge_compat_zero(const struct cpi_merge_column *column, uint32_t n, int64_t *to)
{
	bool scaled = false, nonzero = false;

	for (uint32_t i = 0; i < n; i++)
		if (column[i].from != MERGE_ABSENT && column[i].ratio != 1) {
			scaled = true;
			nonzero |= to[i] != 0;
		}
	if (scaled && !nonzero)
		memset(to, 0, n * sizeof *to);
}

enum cp_code cpi_merge_too_large(struct cp_error *err)
{
	return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
		"a value exceeds 64 bits in the unit common to all inputs");
}

enum cp_code cpi_merge_recolumn(
	struct cp_merge *m, const struct cpi_merge_plan *plan, struct cp_error *err)
{
	struct cpi_mem *mem = &m->env->mem;
	struct cp_profile *p = m->b.p;
	size_t n = p->sample_stack.n, old = p->sample_type.n;
	CPI_VEC(int64_t) value = {0};

	if (!cpi_vec_reserve(mem, &value, n * plan->n))
		return cpi_error_memory(err);
	for (size_t i = 0; i < n; i++) {
		int64_t *to = value.v + i * plan->n;

		if (!cpi_merge_values(plan->kept, plan->n, 1, p->value.v + i * old, to)) {
			cpi_vec_release(mem, &value);
			return cpi_merge_too_large(err);
		}
		if (m->o.pprof_compat)
			cpi_merge_compat_zero(plan->kept, plan->n, to);
	}
	cpi_vec_release(mem, &p->value);
	p->value.v = value.v;
	p->value.n = n * plan->n;
	p->value.cap = value.cap;
	p->sample_type.n = 0;
	for (uint32_t i = 0; i < plan->n; i++)
		cpi_builder_sample_type(&m->b, plan->type[i].type, plan->type[i].unit,
			plan->type[i].decimals);
	return m->b.code ? cpi_error_memory(err) : CP_OK;
}
