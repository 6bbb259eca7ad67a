/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model's invariants, one function each. Readers are tested with it, not run with
 * it.
 */
#include "base/error.h"
#include "base/hash.h"
#include "model/profile.h"

#define BROKEN(err, ...) cpi_error((err), CP_ERROR_CORRUPT, CP_NO_OFFSET, __VA_ARGS__)

typedef uint64_t hash_fn(const struct cp_profile *p, uint32_t row);
typedef bool equal_fn(const struct cp_profile *p, uint32_t a, uint32_t b);

/* No two equal rows among 1 … n - 1. */
static enum cp_code unique(const struct cp_profile *p, const char *table, size_t n,
	hash_fn *hash, equal_fn *equal, struct cp_error *err)
{
	struct cpi_mem *mem = &p->env->mem;
	struct cpi_index index = {0};
	enum cp_code code = CP_OK;

	for (uint32_t i = 1; i < n && !code; i++) {
		uint64_t h = hash(p, i);
		struct cpi_probe probe = cpi_index_find(&index, h);

		for (uint32_t id; !code && (id = cpi_index_next(&index, &probe));)
			if (equal(p, id, i))
				code = BROKEN(
					err, "%s rows %u and %u are equal", table, id, i);
		if (!code && !cpi_index_add(mem, &index, h, i))
			code = cpi_error_memory(err);
	}
	cpi_index_release(mem, &index);
	return code;
}

static bool has(size_t n, uint32_t id)
{
	return id < n;
}

static uint64_t string_hash(const struct cp_profile *p, uint32_t i)
{
	return cpi_hash(p->string.v[i].p, p->string.v[i].n);
}

static bool string_equal(const struct cp_profile *p, uint32_t a, uint32_t b)
{
	return cpi_text_equal(
		cpi_profile_text(p, (cp_string){a}), cpi_profile_text(p, (cp_string){b}));
}

static enum cp_code check_strings(const struct cp_profile *p, struct cp_error *err)
{
	if (!p->string.n || p->string.v[0].n)
		return BROKEN(err, "the first string is not the empty one");
	for (size_t i = 0; i < p->string.n; i++) {
		if (i && !p->string.v[i].n)
			return BROKEN(err, "string %zu is empty", i);
		if (p->string.v[i].p[p->string.v[i].n])
			return BROKEN(err, "string %zu has no NUL after it", i);
	}
	return unique(p, "string", p->string.n, string_hash, string_equal, err);
}

static uint64_t mapping_hash(const struct cp_profile *p, uint32_t i)
{
	const struct cp_mapping_row *row = &p->mapping.v[i];

	return cpi_hash_mix(cpi_hash_mix(row->start, row->limit), row->path.i);
}

static bool mapping_equal(const struct cp_profile *p, uint32_t a, uint32_t b)
{
	const struct cp_mapping_row *x = &p->mapping.v[a], *y = &p->mapping.v[b];

	return x->start == y->start && x->limit == y->limit && x->offset == y->offset &&
		x->path.i == y->path.i && x->build_id.i == y->build_id.i &&
		x->kind == y->kind && x->has == y->has && x->pid == y->pid;
}

static enum cp_code check_mappings(const struct cp_profile *p, struct cp_error *err)
{
	if (!p->mapping.n)
		return BROKEN(err, "there is no row 0 of the mappings");
	for (size_t i = 0; i < p->mapping.n; i++) {
		const struct cp_mapping_row *row = &p->mapping.v[i];

		if (!has(p->string.n, row->path.i) || !has(p->string.n, row->build_id.i))
			return BROKEN(err, "mapping %zu has no such string", i);
		if (row->kind > CP_MAP_GUEST || row->has > 15)
			return BROKEN(err, "mapping %zu is of no known kind", i);
	}
	return unique(p, "mapping", p->mapping.n, mapping_hash, mapping_equal, err);
}

static uint64_t function_hash(const struct cp_profile *p, uint32_t i)
{
	const struct cp_function_row *row = &p->function.v[i];

	return cpi_hash_mix((uint64_t)row->name.i << 32 | row->system_name.i,
		(uint64_t)row->start_line ^ (uint64_t)row->file.i << 32);
}

static bool function_equal(const struct cp_profile *p, uint32_t a, uint32_t b)
{
	const struct cp_function_row *x = &p->function.v[a], *y = &p->function.v[b];

	return x->name.i == y->name.i && x->system_name.i == y->system_name.i &&
		x->file.i == y->file.i && x->start_line == y->start_line;
}

static enum cp_code check_functions(const struct cp_profile *p, struct cp_error *err)
{
	if (!p->function.n)
		return BROKEN(err, "there is no row 0 of the functions");
	for (size_t i = 0; i < p->function.n; i++) {
		const struct cp_function_row *row = &p->function.v[i];

		if (!has(p->string.n, row->name.i) || !has(p->string.n, row->file.i) ||
			!has(p->string.n, row->system_name.i))
			return BROKEN(err, "function %zu has no such string", i);
	}
	return unique(p, "function", p->function.n, function_hash, function_equal, err);
}

static uint64_t location_hash(const struct cp_profile *p, uint32_t i)
{
	const struct cp_location_row *row = &p->location.v[i];
	uint64_t h = cpi_hash_mix(row->address, row->mapping.i);

	for (uint32_t at = 0; at < row->n_lines; at++) {
		const struct cp_line_row *line = &p->line.v[row->first_line + at];

		h = cpi_hash_mix(
			h, (uint64_t)line->line ^ (uint64_t)line->function.i << 32);
	}
	return h;
}

static bool location_equal(const struct cp_profile *p, uint32_t a, uint32_t b)
{
	const struct cp_location_row *x = &p->location.v[a], *y = &p->location.v[b];

	if (x->address != y->address || x->mapping.i != y->mapping.i ||
		x->folded != y->folded || x->n_lines != y->n_lines)
		return false;
	for (uint32_t at = 0; at < x->n_lines; at++) {
		const struct cp_line_row *l = &p->line.v[x->first_line + at];
		const struct cp_line_row *m = &p->line.v[y->first_line + at];

		if (l->function.i != m->function.i || l->line != m->line ||
			l->column != m->column)
			return false;
	}
	return true;
}

static enum cp_code check_locations(const struct cp_profile *p, struct cp_error *err)
{
	if (!p->location.n)
		return BROKEN(err, "there is no row 0 of the locations");
	for (size_t i = 0; i < p->location.n; i++) {
		const struct cp_location_row *row = &p->location.v[i];

		if (!has(p->mapping.n, row->mapping.i))
			return BROKEN(err, "location %zu has no such mapping", i);
		if (row->n_lines > p->line.n ||
			row->first_line > p->line.n - row->n_lines)
			return BROKEN(err, "location %zu has no such lines", i);
	}
	for (size_t i = 0; i < p->line.n; i++)
		if (!has(p->function.n, p->line.v[i].function.i))
			return BROKEN(err, "line %zu has no such function", i);
	return unique(p, "location", p->location.n, location_hash, location_equal, err);
}

/* Rows of variable length, one after the other in one column. */
static enum cp_code check_ends(const char *table, const uint64_t *end, size_t n,
	size_t column, struct cp_error *err)
{
	if (!n || end[0])
		return BROKEN(err, "there is no row 0 of the %s", table);
	for (size_t i = 1; i < n; i++)
		if (end[i] <= end[i - 1])
			return BROKEN(err, "%s row %zu is empty", table, i);
	if (end[n - 1] != column)
		return BROKEN(err, "the %s column does not end with its last row", table);
	return CP_OK;
}

static uint64_t stack_hash(const struct cp_profile *p, uint32_t i)
{
	uint32_t n;
	const cp_location *frame = cpi_profile_frames(p, (cp_stack){i}, &n);

	return cpi_hash(frame, n * sizeof *frame);
}

static bool stack_equal(const struct cp_profile *p, uint32_t a, uint32_t b)
{
	uint32_t n, m;
	const cp_location *x = cpi_profile_frames(p, (cp_stack){a}, &n);
	const cp_location *y = cpi_profile_frames(p, (cp_stack){b}, &m);

	return n == m && !memcmp(x, y, n * sizeof *x);
}

static enum cp_code check_stacks(const struct cp_profile *p, struct cp_error *err)
{
	enum cp_code code = check_ends(
		"stack", p->stack_end.v, p->stack_end.n, p->frame.n, err);

	for (size_t i = 0; i < p->frame.n && !code; i++)
		if (!p->frame.v[i].i || !has(p->location.n, p->frame.v[i].i))
			code = BROKEN(err, "frame %zu has no such location", i);
	return code ? code
		    : unique(p, "stack", p->stack_end.n, stack_hash, stack_equal, err);
}

static uint64_t labels_hash(const struct cp_profile *p, uint32_t i)
{
	uint32_t n;
	const struct cp_label *label = cpi_profile_label_set(p, (cp_labels){i}, &n);
	uint64_t h = n;

	for (uint32_t at = 0; at < n; at++)
		h = cpi_hash_mix(h, (uint64_t)label[at].num ^
				(uint64_t)label[at].key.i << 32 ^ label[at].str.i);
	return h;
}

static bool labels_equal(const struct cp_profile *p, uint32_t a, uint32_t b)
{
	uint32_t n, m;
	const struct cp_label *x = cpi_profile_label_set(p, (cp_labels){a}, &n);
	const struct cp_label *y = cpi_profile_label_set(p, (cp_labels){b}, &m);

	if (n != m)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (x[i].key.i != y[i].key.i || x[i].str.i != y[i].str.i ||
			x[i].unit.i != y[i].unit.i || x[i].num != y[i].num)
			return false;
	return true;
}

/* Strings come before numbers, each by key. */
static bool label_order(
	const struct cp_profile *p, const struct cp_label *a, const struct cp_label *b)
{
	bool a_string = cpi_label_is_string(a), b_string = cpi_label_is_string(b);

	if (a_string != b_string)
		return a_string;
	return cpi_text_compare(
		       cpi_profile_text(p, a->key), cpi_profile_text(p, b->key)) <= 0;
}

static enum cp_code check_labels(const struct cp_profile *p, struct cp_error *err)
{
	enum cp_code code = check_ends(
		"labels", p->labels_end.v, p->labels_end.n, p->label.n, err);

	for (size_t i = 0; i < p->label.n && !code; i++) {
		const struct cp_label *label = &p->label.v[i];

		if (!has(p->string.n, label->key.i) || !has(p->string.n, label->str.i) ||
			!has(p->string.n, label->unit.i))
			code = BROKEN(err, "label %zu has no such string", i);
	}
	for (uint32_t i = 1, n; i < p->labels_end.n && !code; i++) {
		const struct cp_label *label =
			cpi_profile_label_set(p, (cp_labels){i}, &n);

		for (uint32_t at = 1; at < n && !code; at++)
			if (!label_order(p, &label[at - 1], &label[at]))
				code = BROKEN(err, "labels row %u is not in order", i);
	}
	return code ? code
		    : unique(p, "labels", p->labels_end.n, labels_hash, labels_equal,
			      err);
}

static enum cp_code check_samples(const struct cp_profile *p, struct cp_error *err)
{
	size_t n = p->sample_stack.n;

	if (p->sample_labels.n != n || p->value.n != n * p->sample_type.n ||
		(p->time.n && p->time.n != n))
		return BROKEN(err, "the sample columns differ in length");
	for (size_t i = 0; i < n; i++)
		if (!has(p->stack_end.n, p->sample_stack.v[i].i) ||
			!has(p->labels_end.n, p->sample_labels.v[i].i))
			return BROKEN(err, "sample %zu has no such stack or labels", i);
	return CP_OK;
}

static bool type_fine(const struct cp_profile *p, const struct cp_value_type *type)
{
	return has(p->string.n, type->type.i) && has(p->string.n, type->unit.i) &&
		type->decimals <= 18;
}

static enum cp_code check_header(const struct cp_profile *p, struct cp_error *err)
{
	const struct cp_profile_header *h = &p->header;

	for (size_t i = 0; i < p->sample_type.n; i++)
		if (!type_fine(p, &p->sample_type.v[i]))
			return BROKEN(err, "sample type %zu has no such string", i);
	for (size_t i = 0; i < p->comment.n; i++)
		if (!has(p->string.n, p->comment.v[i].i))
			return BROKEN(err, "comment %zu has no such string", i);
	if (!type_fine(p, &h->period_type) ||
		!has(p->string.n, h->default_sample_type.i) ||
		!has(p->string.n, h->drop_frames.i) ||
		!has(p->string.n, h->keep_frames.i) || !has(p->string.n, h->doc_url.i))
		return BROKEN(err, "the header has no such string");
	return CP_OK;
}

enum cp_code cp_profile_check(const struct cp_profile *profile, struct cp_error *err)
{
	static enum cp_code (*const check[])(
		const struct cp_profile *p, struct cp_error *err) = {
		check_strings, check_mappings, check_functions, check_locations,
		check_stacks, check_labels, check_samples, check_header,
	};
	enum cp_code code = CP_OK;

	for (size_t i = 0; i < sizeof check / sizeof *check && !code; i++)
		code = check[i](profile, err);
	return code;
}
