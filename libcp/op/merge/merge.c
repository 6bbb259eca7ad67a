/* SPDX-License-Identifier: Apache-2.0 */
#include "op/merge/merge.h"

#include <math.h>

enum { SAMPLES_PER_PROGRESS = 1 << 16 };

static const struct cp_merge_input plain;

enum cp_code cpi_merge_new(struct cpi_env *env, const struct cp_merge_options *o,
	struct cp_merge **ret_merge, struct cp_error *err)
{
	struct cp_merge *m = cpi_alloc_zero(&env->mem, sizeof *m);

	if (!m)
		return cpi_error_memory(err);
	m->env = env;
	m->o = *o;
	cpi_builder_init(&m->b, env);
	if (m->b.code) {
		cp_merge_free(m);
		return cpi_error_memory(err);
	}
	*ret_merge = m;
	return CP_OK;
}

void cp_merge_free(struct cp_merge *m)
{
	struct cpi_mem *mem;

	if (!m)
		return;
	mem = &m->env->mem;
	cpi_builder_release(&m->b);
	cpi_index_release(mem, &m->mapping_keys);
	cpi_index_release(mem, &m->location_keys);
	cpi_index_release(mem, &m->comments);
	cpi_free(mem, m, sizeof *m);
}

static void add_comments(struct cp_merge *m, struct cpi_merge_rows *rows)
{
	const struct cp_profile *from = rows->map.from;
	struct cpi_builder *b = &m->b;

	for (size_t i = 0; i < from->comment.n && !b->code; i++) {
		cp_string id = cpi_builder_copy_string(b, &rows->map, from->comment.v[i]);
		uint64_t hash = cpi_hash_u64(id.i);
		struct cpi_probe probe = cpi_index_find(&m->comments, hash);
		uint32_t have;

		while ((have = cpi_index_next(&m->comments, &probe)) && have != id.i + 1)
			;
		if (have)
			continue;
		cpi_builder_comment(b, cpi_profile_text(b->p, id));
		if (!cpi_index_add(&m->env->mem, &m->comments, hash, id.i + 1))
			cpi_builder_fail(b, CP_ERROR_MEMORY, "out of memory");
	}
}

/*
 * The earliest time that is known. pprof wants the same, but lets an unknown one win over
 * an earlier input's.
 */
static void add_time(struct cp_merge *m, int64_t time)
{
	int64_t *have = &m->b.p->header.time_nanos;

	if (!*have || (time < *have && (time || m->o.pprof_compat)))
		*have = time;
}

static bool has_type(const struct cp_profile *p, cp_string type)
{
	for (size_t i = 0; i < p->sample_type.n; i++)
		if (p->sample_type.v[i].type.i == type.i)
			return true;
	return false;
}

/* Period and its type: from the first input that knows them, in the finer unit. */
static void add_period(struct cp_merge *m, struct cpi_merge_rows *rows,
	const struct cpi_merge_plan *plan)
{
	const struct cp_profile_header *from = &rows->map.from->header;
	struct cp_profile_header *to = &m->b.p->header;
	int64_t period = (int64_t)((double)from->period * plan->period_ratio);

	if (plan->period_ratio == 1)
		period = from->period;
	if (!to->period_type.type.i) {
		to->period_type.type = cpi_builder_copy_string(
			&m->b, &rows->map, from->period_type.type);
		to->period_type.unit = cpi_builder_copy_string(
			&m->b, &rows->map, from->period_type.unit);
		to->period_type.decimals = from->period_type.decimals;
	}
	if (!m->n_inputs || period > to->period)
		to->period = period;
}

static void add_header(struct cp_merge *m, struct cpi_merge_rows *rows,
	const struct cpi_merge_plan *plan)
{
	const struct cp_profile_header *from = &rows->map.from->header;
	struct cp_profile_header *to = &m->b.p->header;

	add_period(m, rows, plan);
	if (!m->n_inputs) {
		to->drop_frames =
			cpi_builder_copy_string(&m->b, &rows->map, from->drop_frames);
		to->keep_frames =
			cpi_builder_copy_string(&m->b, &rows->map, from->keep_frames);
	}
	add_time(m, from->time_nanos);
	if (__builtin_add_overflow(
		    to->duration_nanos, from->duration_nanos, &to->duration_nanos))
		cpi_builder_fail(
			&m->b, CP_ERROR_LIMIT, "the sum of durations exceeds 64 bits");
	if (!to->default_sample_type.i)
		to->default_sample_type = cpi_builder_copy_string(
			&m->b, &rows->map, from->default_sample_type);
	if (!to->doc_url.i)
		to->doc_url = cpi_builder_copy_string(&m->b, &rows->map, from->doc_url);
	add_comments(m, rows);
}

static bool all_zero(const int64_t *value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (value[i])
			return false;
	return true;
}

static enum cp_code add_samples(struct cp_merge *m, struct cpi_merge_rows *rows,
	const struct cpi_merge_plan *plan, int64_t *value, struct cp_error *err)
{
	const struct cp_profile *p = rows->map.from;
	double weight = rows->input->weight != 0 ? rows->input->weight : 1;
	uint32_t n = cpi_profile_n_samples(p);
	cp_stack stack;
	enum cp_code code;

	for (uint32_t i = 0; i < n && !m->b.code; i++) {
		const int64_t *from = p->value.v + (size_t)i * p->sample_type.n;

		if (!cpi_merge_values(plan->column, plan->n, weight, from, value))
			return cpi_merge_too_large(err);
		if (m->o.pprof_compat)
			cpi_merge_compat_zero(plan->column, plan->n, value);
		if (all_zero(value, plan->n))
			continue;
		stack = cpi_merge_stack(rows, p->sample_stack.v[i]);
		cpi_builder_sample_sum(&m->b, stack,
			cpi_merge_labels(rows, p->sample_labels.v[i]), value);
		if (i % SAMPLES_PER_PROGRESS == 0) {
			code = cpi_env_progress(m->env, -1, err);
			if (code)
				return code;
		}
	}
	return CP_OK;
}

static enum cp_code builder_error(const struct cp_merge *m, struct cp_error *err)
{
	if (m->b.code && err)
		*err = m->b.error;
	return m->b.code;
}

static enum cp_code add_rows(struct cp_merge *m, const struct cp_profile *p,
	const struct cp_merge_input *input, const struct cpi_merge_plan *plan,
	struct cp_error *err)
{
	size_t room = plan->n * sizeof(int64_t);
	struct cpi_merge_rows rows;
	int64_t *value;
	enum cp_code code;

	if (!cpi_merge_rows_init(&rows, m, p, input))
		return builder_error(m, err);
	value = cpi_alloc(&m->env->mem, room);
	if (!value)
		cpi_builder_fail(&m->b, CP_ERROR_MEMORY, "out of memory");
	add_header(m, &rows, plan);
	if (m->b.p->mapping.n == 1 && p->mapping.n > 1 && !m->o.pgo)
		(void)cpi_merge_mapping(&rows, (cp_mapping){1});
	code = m->b.code ? m->b.code : add_samples(m, &rows, plan, value, err);
	cpi_free(&m->env->mem, value, room);
	cpi_merge_rows_release(&rows);
	return m->b.code ? builder_error(m, err) : code;
}

/*
 * Merges the result so far into an empty one, which leaves all-zero samples and rows
 * without use behind and renumbers the others.
 */
static enum cp_code again(struct cp_merge *m, struct cp_error *err)
{
	struct cp_merge *fresh, old;
	enum cp_code code = cpi_merge_new(m->env, &m->o, &fresh, err);

	if (code)
		return code;
	code = cpi_merge_add(fresh, m->b.p, &plain, err);
	if (!code) {
		fresh->n_inputs = m->n_inputs;
		old = *m;
		*m = *fresh;
		*fresh = old;
	}
	cp_merge_free(fresh);
	return code;
}

/* The columns of the result, before the rows of the input come. */
static enum cp_code prepare(
	struct cp_merge *m, const struct cpi_merge_plan *plan, struct cp_error *err)
{
	struct cp_profile_header *h = &m->b.p->header;
	bool dropped = plan->n_kept < m->b.p->sample_type.n;
	enum cp_code code;

	h->period_type.unit = plan->period_unit;
	if (plan->kept_period_ratio != 1)
		h->period = (int64_t)((double)h->period * plan->kept_period_ratio);
	if (!plan->changes)
		return CP_OK;
	code = cpi_merge_recolumn(m, plan, err);
	if (code || !m->n_inputs)
		return code;
	if (!has_type(m->b.p, h->default_sample_type) && h->default_sample_type.i &&
		plan->n)
		h->default_sample_type = m->b.p->sample_type.v[0].type;
	return dropped || m->o.pprof_compat ? again(m, err) : CP_OK;
}

enum cp_code cpi_merge_add(struct cp_merge *m, const struct cp_profile *p,
	const struct cp_merge_input *input, struct cp_error *err)
{
	struct cpi_merge_plan plan;
	enum cp_code code;

	if (m->failed)
		return cpi_error(
			err, m->failed, CP_NO_OFFSET, "the merge has failed before");
	if (!isfinite(input->weight))
		return cpi_error(
			err, CP_ERROR_ARGUMENT, CP_NO_OFFSET, "a weight is no number");
	code = cpi_merge_plan(m, p, &plan, err);
	if (code == CP_ERROR_ARGUMENT)
		return code;
	if (!code) {
		code = prepare(m, &plan, err);
		if (!code)
			code = add_rows(m, p, input, &plan, err);
		cpi_merge_plan_release(&plan);
	}
	m->failed = code;
	m->n_inputs += !code;
	return code;
}

static bool is_type(const struct cp_profile *p, const struct cp_value_type *row,
	struct cp_text type, struct cp_text unit)
{
	return cpi_text_equal(cpi_profile_text(p, row->type), type) &&
	       cpi_text_equal(cpi_profile_text(p, row->unit), unit);
}

/*
 * What cmd/internal/pgo of Go asks of a profile: one of two sample types, and a function
 * that says where it starts, for lines are counted from there.
 */
static void check_pgo(struct cp_merge *m, const struct cp_profile *p)
{
	bool typed = false, started = false;

	for (size_t i = 0; i < p->sample_type.n; i++)
		typed |= is_type(p, &p->sample_type.v[i], CPI_TEXT("samples"),
				 CPI_TEXT("count")) ||
			 is_type(p, &p->sample_type.v[i], CPI_TEXT("cpu"),
				 CPI_TEXT("nanoseconds"));
	for (size_t i = 1; i < p->function.n; i++)
		started |= p->function.v[i].start_line != 0;
	if (!typed)
		cpi_diag_note(&m->env->diag, "pgo-type", NULL,
			"go build -pgo will refuse this profile: it has no sample type "
			"samples/count or cpu/nanoseconds");
	if (!started)
		cpi_diag_note(&m->env->diag, "pgo-start-line", NULL,
			"go build -pgo will refuse this profile: no function has a start "
			"line (programs built by Go 1.20 and later tell it)");
}

enum cp_code cpi_merge_finish(
	struct cp_merge *m, struct cp_profile **ret_profile, struct cp_error *err)
{
	const struct cp_profile *p = m->b.p;
	size_t types = p ? p->sample_type.n : 0;
	enum cp_code code = CP_OK;

	if (m->failed)
		code = cpi_error(
			err, m->failed, CP_NO_OFFSET, "the merge has failed before");
	else if (!m->n_inputs)
		code = cpi_error(
			err, CP_ERROR_ARGUMENT, CP_NO_OFFSET, "nothing to merge");
	for (size_t i = 0; !code && i < p->sample_stack.n; i++)
		if (all_zero(p->value.v + i * types, types)) {
			code = again(m, err);
			break;
		}
	if (!code && m->o.pgo)
		check_pgo(m, m->b.p);
	if (!code)
		code = cpi_builder_finish(&m->b, ret_profile, err);
	cp_merge_free(m);
	return code;
}
