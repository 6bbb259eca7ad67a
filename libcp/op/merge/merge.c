/* SPDX-License-Identifier: Apache-2.0 */
/* Merging, one input at a time. */
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
	cpi_vec_release(mem, &m->tally);
	cpi_vec_release(mem, &m->best);
	cpi_free(mem, m, sizeof *m);
}

static void add_comments(struct cp_merge *m, struct cpi_merge_rows *rows)
{
	const struct cp_profile *from = rows->map.from;
	struct cpi_builder *b = &m->b;

	for (size_t i = 0; i < from->comment.n && !b->code; i++) {
		cp_string id;
		uint64_t hash;
		struct cpi_probe probe;
		uint32_t have;

		if (cpi_merge_tally_take(m, cpi_profile_text(from, from->comment.v[i])))
			continue;
		id = cpi_builder_copy_string(b, &rows->map, from->comment.v[i]);
		hash = cpi_hash_u64(id.i);
		probe = cpi_index_find(&m->comments, hash);
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

/* Texts of the header: the first, or the smallest there is. */
static void add_texts(struct cp_merge *m, struct cpi_merge_rows *rows)
{
	const struct cp_profile_header *from = &rows->map.from->header;
	struct cp_profile_header *to = &m->b.p->header;
	const cp_string given[] = {from->drop_frames, from->keep_frames,
		from->default_sample_type, from->doc_url};
	cp_string *const have[] = {&to->drop_frames, &to->keep_frames,
		&to->default_sample_type, &to->doc_url};

	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		/* Expressions are the first input's, even if it has none. */
		bool wanted = i < 2 ? !m->n_inputs : !have[i]->i;
		cp_string text;

		if (!wanted && !m->o.canonical)
			continue;
		text = cpi_builder_copy_string(&m->b, &rows->map, given[i]);
		*have[i] = m->o.canonical ? cpi_merge_smaller(m->b.p, *have[i], text)
					  : text;
	}
}

static void add_header(struct cp_merge *m, struct cpi_merge_rows *rows,
	const struct cpi_merge_plan *plan)
{
	const struct cp_profile_header *from = &rows->map.from->header;
	struct cp_profile_header *to = &m->b.p->header;

	add_period(m, rows, plan);
	add_texts(m, rows);
	add_time(m, from->time_nanos);
	if (__builtin_add_overflow(
		    to->duration_nanos, from->duration_nanos, &to->duration_nanos))
		cpi_builder_fail(
			&m->b, CP_ERROR_LIMIT, "the sum of durations exceeds 64 bits");
	add_comments(m, rows);
}

static bool all_zero(const int64_t *value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (value[i])
			return false;
	return true;
}

/* One sample of the input, into `stack`; false when a value is too large. */
static bool add_sample(struct cp_merge *m, struct cpi_merge_rows *rows,
	const struct cpi_merge_plan *plan, uint32_t i, bool other, int64_t *value)
{
	const struct cp_profile *p = rows->map.from;
	double weight = rows->input->weight != 0 ? rows->input->weight : 1;
	const int64_t *from = p->value.v + (size_t)i * p->sample_type.n;
	cp_stack stack;

	if (!cpi_merge_values(plan->column, plan->n, weight, from, value))
		return false;
	if (m->o.pprof_compat)
		cpi_merge_compat_zero(plan->column, plan->n, value);
	if (all_zero(value, plan->n))
		return true;
	stack = other ? cpi_merge_other(&m->b)
		      : cpi_merge_stack(rows, p->sample_stack.v[i]);
	cpi_builder_sample_sum(&m->b, stack,
		other ? (cp_labels){0} : cpi_merge_labels(rows, p->sample_labels.v[i]),
		value);
	return true;
}

/* Samples in their order, or in the chosen one: those that become "(other)" come last. */
static enum cp_code add_samples(struct cp_merge *m, struct cpi_merge_rows *rows,
	const struct cpi_merge_plan *plan, const struct cpi_merge_choice *choice,
	int64_t *value, struct cp_error *err)
{
	const struct cp_profile *p = rows->map.from;
	uint32_t n = cpi_profile_n_samples(p);
	enum cp_code code;

	for (int other = 0; other <= (choice->keep != NULL); other++)
		for (uint32_t i = 0; i < n && !m->b.code; i++) {
			uint32_t at = choice->order ? choice->order[i] : i;

			if (choice->keep &&
				choice->keep[p->sample_stack.v[at].i] == other)
				continue;
			if (!add_sample(m, rows, plan, at, other, value))
				return cpi_merge_too_large(err);
			if (i % SAMPLES_PER_PROGRESS)
				continue;
			code = cpi_env_progress(m->env, -1, err);
			if (code)
				return code;
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
	const struct cpi_merge_choice *choice, struct cp_error *err)
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
	if (p->mapping.n > 1 && !m->o.pgo &&
		(m->b.p->mapping.n == 1 || m->o.canonical))
		(void)cpi_merge_mapping(
			&rows, choice->first.i ? choice->first : (cp_mapping){1});
	code = m->b.code ? m->b.code
			 : add_samples(m, &rows, plan, choice, value, err);
	cpi_free(&m->env->mem, value, room);
	cpi_merge_rows_release(&rows);
	return m->b.code ? builder_error(m, err) : code;
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
		h->default_sample_type = m->o.canonical
						 ? (cp_string){0}
						 : m->b.p->sample_type.v[0].type;
	/* A canonical merge knows its mappings by number until its end, which does this. */
	if (m->o.canonical || !(dropped || m->o.pprof_compat))
		return CP_OK;
	return cpi_merge_again(m, NULL, err);
}

static enum cp_code add_chosen(struct cp_merge *m, const struct cp_profile *p,
	const struct cp_merge_input *input, const struct cpi_merge_choice *choice,
	struct cp_error *err)
{
	struct cpi_merge_plan plan;
	enum cp_code code = cpi_merge_plan(m, p, &plan, err);

	if (code == CP_ERROR_ARGUMENT)
		return code;
	if (!code) {
		m->types_differ |= m->n_inputs && !cpi_merge_same_types(m->b.p, p);
		code = prepare(m, &plan, err);
		if (!code)
			code = add_rows(m, p, input, &plan, choice, err);
		cpi_merge_plan_release(&plan);
	}
	m->failed = code;
	m->n_inputs += !code;
	return code;
}

enum cp_code cpi_merge_add(struct cp_merge *m, const struct cp_profile *p,
	const struct cp_merge_input *input, struct cp_error *err)
{
	static const struct cpi_merge_choice all;

	if (m->failed)
		return cpi_error(
			err, m->failed, CP_NO_OFFSET, "the merge has failed before");
	if (!isfinite(input->weight))
		return cpi_error(
			err, CP_ERROR_ARGUMENT, CP_NO_OFFSET, "a weight is no number");
	return add_chosen(m, p, input, &all, err);
}

enum cp_code cpi_merge_again(
	struct cp_merge *m, const struct cpi_merge_choice *choice, struct cp_error *err)
{
	static const struct cpi_merge_choice all;
	struct cp_merge_options plain_options = m->o;
	struct cp_merge *fresh, old;
	enum cp_code code;

	/* The rows are what they shall be; nothing is to be found out about them. */
	plain_options.canonical = false;
	code = cpi_merge_new(m->env, &plain_options, &fresh, err);
	if (code)
		return code;
	code = add_chosen(fresh, m->b.p, &plain, choice ? choice : &all, err);
	if (!code) {
		old = *m;
		*m = *fresh;
		m->o = old.o;
		m->tally = old.tally;
		m->n_inputs = old.n_inputs;
		*fresh = old;
		memset(&fresh->tally, 0, sizeof fresh->tally);
	}
	cp_merge_free(fresh);
	return code;
}
