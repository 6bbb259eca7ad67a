/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical form of a merge. Rows of the result are numbered by first use, so it is
 * enough to bring the samples into an order of their content, to say which mapping comes
 * first, and to settle what stands once: then one more merge into an empty one gives the
 * same tables whatever the order of the inputs was.
 *
 * Content is compared by ranks, bottom up: strings by their bytes, then functions by the
 * ranks of their strings, mappings, locations, and stacks as sequences of those.
 */
#include "base/sort.h"
#include "op/merge/merge.h"

struct ranks {
	const struct cp_profile *p;
	uint32_t *string, *function, *mapping, *location, *stack, *labels;
};

static int order_of(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int order_of_signed(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_string(void *arg, uint32_t a, uint32_t b)
{
	const struct ranks *r = arg;

	return cpi_text_compare(cpi_profile_text(r->p, (cp_string){a}),
		cpi_profile_text(r->p, (cp_string){b}));
}

static int by_function(void *arg, uint32_t a, uint32_t b)
{
	const struct ranks *r = arg;
	const struct cp_function_row *x = &r->p->function.v[a], *y = &r->p->function.v[b];
	int c = order_of(r->string[x->name.i], r->string[y->name.i]);

	if (!c)
		c = order_of(r->string[x->system_name.i], r->string[y->system_name.i]);
	if (!c)
		c = order_of(r->string[x->file.i], r->string[y->file.i]);
	return c ? c : order_of_signed(x->start_line, y->start_line);
}

static int by_mapping(void *arg, uint32_t a, uint32_t b)
{
	const struct ranks *r = arg;
	const struct cp_mapping_row *x = &r->p->mapping.v[a], *y = &r->p->mapping.v[b];
	int c = order_of(r->string[x->path.i], r->string[y->path.i]);

	if (!c)
		c = order_of(r->string[x->build_id.i], r->string[y->build_id.i]);
	if (!c)
		c = order_of(x->offset, y->offset);
	if (!c)
		c = order_of(x->start, y->start);
	if (!c)
		c = order_of(x->limit, y->limit);
	return c ? c : order_of(x->pid, y->pid);
}

static int by_location(void *arg, uint32_t a, uint32_t b)
{
	const struct ranks *r = arg;
	const struct cp_location_row *x = &r->p->location.v[a], *y = &r->p->location.v[b];
	int c = order_of(r->mapping[x->mapping.i], r->mapping[y->mapping.i]);

	if (!c)
		c = order_of(x->address, y->address);
	if (!c)
		c = order_of(x->folded, y->folded);
	if (!c)
		c = order_of(x->n_lines, y->n_lines);
	for (uint32_t i = 0; i < x->n_lines && !c; i++) {
		const struct cp_line_row *m = &r->p->line.v[x->first_line + i];
		const struct cp_line_row *n = &r->p->line.v[y->first_line + i];

		c = order_of(r->function[m->function.i], r->function[n->function.i]);
		if (!c)
			c = order_of_signed(m->line, n->line);
		if (!c)
			c = order_of_signed(m->column, n->column);
	}
	return c;
}

static int by_stack(void *arg, uint32_t a, uint32_t b)
{
	const struct ranks *r = arg;
	uint32_t n, m;
	const cp_location *x = cpi_profile_frames(r->p, (cp_stack){a}, &n);
	const cp_location *y = cpi_profile_frames(r->p, (cp_stack){b}, &m);

	for (uint32_t i = 0; i < n && i < m; i++)
		if (x[i].i != y[i].i)
			return order_of(r->location[x[i].i], r->location[y[i].i]);
	return order_of(n, m);
}

static int by_labels(void *arg, uint32_t a, uint32_t b)
{
	const struct ranks *r = arg;
	uint32_t n, m;
	const struct cp_label *x = cpi_profile_label_set(r->p, (cp_labels){a}, &n);
	const struct cp_label *y = cpi_profile_label_set(r->p, (cp_labels){b}, &m);
	int c = 0;

	for (uint32_t i = 0; i < n && i < m && !c; i++) {
		c = order_of(r->string[x[i].key.i], r->string[y[i].key.i]);
		if (!c)
			c = order_of(r->string[x[i].str.i], r->string[y[i].str.i]);
		if (!c)
			c = order_of(r->string[x[i].unit.i], r->string[y[i].unit.i]);
		if (!c)
			c = order_of_signed(x[i].num, y[i].num);
	}
	return c ? c : order_of(n, m);
}

static int by_sample(void *arg, uint32_t a, uint32_t b)
{
	const struct ranks *r = arg;
	const struct cp_profile *p = r->p;
	int c = order_of(
		r->stack[p->sample_stack.v[a].i], r->stack[p->sample_stack.v[b].i]);

	return c ? c
		 : order_of(r->labels[p->sample_labels.v[a].i],
			   r->labels[p->sample_labels.v[b].i]);
}

/* Ranks of n rows, by id; NULL when out of memory. */
static uint32_t *rank(struct ranks *r, size_t n, cpi_compare_fn *compare)
{
	struct cpi_mem *mem = &r->p->env->mem;
	uint32_t *row = cpi_alloc_array(mem, n, sizeof *row);
	uint32_t *made = cpi_alloc_array(mem, n, sizeof *made);
	bool sorted = false;

	if (row && made) {
		for (size_t i = 0; i < n; i++)
			row[i] = (uint32_t)i;
		sorted = cpi_sort_rows(mem, row, n, compare, r);
	}
	for (size_t i = 0; i < n && sorted; i++)
		made[row[i]] = (uint32_t)i;
	cpi_free(mem, row, n * sizeof *row);
	if (sorted)
		return made;
	cpi_free(mem, made, n * sizeof *made);
	return NULL;
}

static bool rank_all(struct ranks *r)
{
	const struct cp_profile *p = r->p;

	return (r->string = rank(r, p->string.n, by_string)) &&
	       (r->function = rank(r, p->function.n, by_function)) &&
	       (r->mapping = rank(r, p->mapping.n, by_mapping)) &&
	       (r->location = rank(r, p->location.n, by_location)) &&
	       (r->stack = rank(r, p->stack_end.n, by_stack)) &&
	       (r->labels = rank(r, p->labels_end.n, by_labels));
}

static void release(struct ranks *r)
{
	const struct cp_profile *p = r->p;
	struct cpi_mem *mem = &p->env->mem;

	cpi_free(mem, r->string, p->string.n * sizeof(uint32_t));
	cpi_free(mem, r->function, p->function.n * sizeof(uint32_t));
	cpi_free(mem, r->mapping, p->mapping.n * sizeof(uint32_t));
	cpi_free(mem, r->location, p->location.n * sizeof(uint32_t));
	cpi_free(mem, r->stack, p->stack_end.n * sizeof(uint32_t));
	cpi_free(mem, r->labels, p->labels_end.n * sizeof(uint32_t));
}

cp_string cpi_merge_smaller(const struct cp_profile *p, cp_string a, cp_string b)
{
	if (!a.i || !b.i)
		return a.i ? a : b;
	return cpi_text_compare(cpi_profile_text(p, a), cpi_profile_text(p, b)) <= 0 ? a
										     : b;
}

/* Whether the place and the path of x come before y's. */
static bool before(const struct cp_profile *p, const struct cp_mapping_row *x,
	const struct cp_mapping_row *y)
{
	if (x->start != y->start)
		return x->start < y->start;
	if (x->limit != y->limit)
		return x->limit < y->limit;
	return cpi_text_compare(
		       cpi_profile_text(p, x->path), cpi_profile_text(p, y->path)) < 0;
}

bool cpi_merge_best_mapping(
	struct cp_merge *m, cp_mapping id, const struct cp_mapping_row *row, bool first)
{
	struct cpi_merge_best *best;

	while (m->best.n <= id.i)
		if (!cpi_vec_push(&m->env->mem, &m->best, (struct cpi_merge_best){0}))
			return false;
	best = &m->best.v[id.i];
	if (!best->seen) {
		best->seen = true;
		best->row = *row;
	} else {
		uint8_t kind = row->kind > best->row.kind ? row->kind : best->row.kind;
		uint8_t has = row->has & best->row.has;

		if (before(m->b.p, row, &best->row))
			best->row = *row;
		best->row.kind = kind;
		best->row.has = has;
	}
	best->first |= first;
	return true;
}

/* Mappings stand where the smallest address was; their locations go along. */
static void place_mappings(struct cp_merge *m)
{
	struct cp_profile *p = m->b.p;

	for (size_t i = 1; i < p->location.n; i++) {
		struct cp_location_row *row = &p->location.v[i];

		if (row->mapping.i)
			row->address += m->best.v[row->mapping.i].row.start -
					p->mapping.v[row->mapping.i].start;
	}
	for (size_t i = 1; i < p->mapping.n; i++)
		p->mapping.v[i] = m->best.v[i].row;
}

static int by_text(void *arg, uint32_t a, uint32_t b)
{
	const struct cp_profile *p = arg;

	return cpi_text_compare(cpi_profile_text(p, p->comment.v[a]),
		cpi_profile_text(p, p->comment.v[b]));
}

static int by_type(void *arg, uint32_t a, uint32_t b)
{
	const struct cp_profile *p = arg;
	const struct cp_value_type *x = &p->sample_type.v[a], *y = &p->sample_type.v[b];
	int c = cpi_text_compare(
		cpi_profile_text(p, x->type), cpi_profile_text(p, y->type));

	return c ? c
		 : cpi_text_compare(
			   cpi_profile_text(p, x->unit), cpi_profile_text(p, y->unit));
}

/* Row numbers 0 … n - 1 in order; NULL when out of memory. */
static uint32_t *sorted(
	struct cp_merge *m, size_t n, cpi_compare_fn *compare, struct cp_profile *p)
{
	struct cpi_mem *mem = &m->env->mem;
	uint32_t *row = cpi_alloc_array(mem, n, sizeof *row);

	for (size_t i = 0; row && i < n; i++)
		row[i] = (uint32_t)i;
	if (row && cpi_sort_rows(mem, row, n, compare, p))
		return row;
	cpi_free(mem, row, n * sizeof *row);
	return NULL;
}

static enum cp_code sort_comments(struct cp_merge *m, struct cp_error *err)
{
	struct cp_profile *p = m->b.p;
	size_t n = p->comment.n;
	uint32_t *row = sorted(m, n, by_text, p);

	if (!row)
		return cpi_error_memory(err);
	for (size_t i = 0; i < n; i++)
		row[i] = p->comment.v[row[i]].i;
	for (size_t i = 0; i < n; i++)
		p->comment.v[i].i = row[i];
	cpi_free(&m->env->mem, row, n * sizeof *row);
	return CP_OK;
}

/* Columns by name, where inputs had them in different orders. */
static enum cp_code sort_types(struct cp_merge *m, struct cp_error *err)
{
	struct cp_profile *p = m->b.p;
	struct cpi_mem *mem = &m->env->mem;
	size_t n = p->sample_type.n;
	uint32_t *row = sorted(m, n, by_type, p);
	struct cpi_merge_column *kept = cpi_alloc_array(mem, n, sizeof *kept);
	struct cp_value_type *type = cpi_alloc_array(mem, n, sizeof *type);
	struct cpi_merge_plan plan = {.kept = kept, .type = type, .n = (uint32_t)n};
	enum cp_code code = CP_OK;

	for (size_t i = 0; row && kept && type && i < n; i++) {
		kept[i] = (struct cpi_merge_column){row[i], 1};
		type[i] = p->sample_type.v[row[i]];
	}
	code = row && kept && type ? cpi_merge_recolumn(m, &plan, err)
				   : cpi_error_memory(err);
	cpi_free(mem, row, n * sizeof *row);
	cpi_free(mem, kept, n * sizeof *kept);
	cpi_free(mem, type, n * sizeof *type);
	return code;
}

static enum cp_code sort_samples(
	struct cp_merge *m, uint32_t *order, cp_mapping *ret_first, struct cp_error *err)
{
	struct ranks r = {.p = m->b.p};
	size_t n = cpi_profile_n_samples(m->b.p);
	bool done = rank_all(&r);

	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	done = done && cpi_sort_rows(&m->env->mem, order, n, by_sample, &r);
	/* The smallest of those that some input has first. */
	ret_first->i = 0;
	for (uint32_t i = 1; done && i < m->b.p->mapping.n; i++)
		if (m->best.v[i].first &&
			(!ret_first->i || r.mapping[i] < r.mapping[ret_first->i]))
			ret_first->i = i;
	release(&r);
	return done ? CP_OK : cpi_error_memory(err);
}

enum cp_code cpi_merge_canonical(
	struct cp_merge *m, uint32_t *order, cp_mapping *ret_first, struct cp_error *err)
{
	struct cp_profile_header *h = &m->b.p->header;
	enum cp_code code = CP_OK;

	if (m->periods_differ) {
		h->period_type = (struct cp_value_type){.decimals = 0};
		h->period = 0;
	}
	place_mappings(m);
	if (m->types_differ)
		code = sort_types(m, err);
	if (!code)
		code = sort_comments(m, err);
	return code ? code : sort_samples(m, order, ret_first, err);
}
