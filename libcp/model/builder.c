/* SPDX-License-Identifier: Apache-2.0 */
/* How profiles are made: rows are interned, then frozen. */
#include "model/builder.h"

#include <stdio.h>

#include "base/limits.h"
#include "model/cost.h"

/* Ids are 32 bits with 0 for none; tables stop one below. */
#define MOST_ROWS UINT32_MAX

enum cp_code cpi_builder_fail(
	struct cpi_builder *b, enum cp_code code, const char *message)
{
	if (!b->code)
		b->code = cpi_error(&b->error, code, CP_NO_OFFSET, "%s", message);
	return b->code;
}

static void no_memory(struct cpi_builder *b)
{
	cpi_builder_fail(b, CP_ERROR_MEMORY, "out of memory");
}

static void too_many(struct cpi_builder *b)
{
	cpi_builder_fail(b, CP_ERROR_LIMIT, "a table would exceed 2^32 rows");
}

static void over_limit(
	struct cpi_builder *b, const char *limit, const char *format, uint32_t value)
{
	char sentence[80];

	snprintf(sentence, sizeof sentence, format, value);
	if (!b->code)
		b->code = cpi_limit_error(
			&b->error, CP_NO_OFFSET, limit, "%s", sentence);
}

/* Appends n elements of one of the profile's vectors; false and failed when it cannot. */
#define APPEND(b, vec, src, count) \
	(cpi_vec_reserve(&(b)->env->mem, vec, count) \
			? ((count) ? (void)memcpy((vec)->v + (vec)->n, (src), \
					     (count) * sizeof *(vec)->v) \
				   : (void)0, \
				  (vec)->n += (count), true) \
			: (no_memory(b), false))

/* Gives a new row its id and its place in the index. */
static uint32_t indexed(
	struct cpi_builder *b, struct cpi_index *index, uint64_t hash, size_t n)
{
	if (n > MOST_ROWS) {
		too_many(b);
		return 0;
	}
	if (!cpi_index_add(&b->env->mem, index, hash, (uint32_t)(n - 1))) {
		no_memory(b);
		return 0;
	}
	return (uint32_t)(n - 1);
}

static void none_rows(struct cpi_builder *b)
{
	struct cp_profile *p = b->p;
	struct cpi_mem *mem = &b->env->mem;

	if (!cpi_vec_push(mem, &p->string, (struct cpi_string_row){"", 0}) ||
		!cpi_vec_push(mem, &p->mapping, (struct cp_mapping_row){0}) ||
		!cpi_vec_push(mem, &p->function, (struct cp_function_row){0}) ||
		!cpi_vec_push(mem, &p->location, (struct cp_location_row){0}) ||
		!cpi_vec_push(mem, &p->stack_end, 0) ||
		!cpi_vec_push(mem, &p->labels_end, 0))
		no_memory(b);
}

void cpi_builder_init(struct cpi_builder *b, struct cpi_env *env)
{
	memset(b, 0, sizeof *b);
	b->env = env;
	b->p = cpi_alloc_zero(&env->mem, sizeof *b->p);
	if (!b->p) {
		no_memory(b);
		return;
	}
	b->p->env = env;
	cpi_arena_init(&b->p->bytes, &env->mem);
	none_rows(b);
}

static void release_indexes(struct cpi_builder *b)
{
	struct cpi_mem *mem = &b->env->mem;

	cpi_index_release(mem, &b->strings);
	cpi_index_release(mem, &b->mappings);
	cpi_index_release(mem, &b->functions);
	cpi_index_release(mem, &b->locations);
	cpi_index_release(mem, &b->stacks);
	cpi_index_release(mem, &b->label_sets);
	cpi_index_release(mem, &b->samples);
}

void cpi_builder_release(struct cpi_builder *b)
{
	release_indexes(b);
	cp_profile_free(b->p);
	b->p = NULL;
}

enum cp_code cpi_builder_finish(
	struct cpi_builder *b, struct cp_profile **ret_profile, struct cp_error *err)
{
	if (!b->code)
		b->code = cpi_profile_frames_check(b->env, b->p, &b->error);
	if (b->code) {
		enum cp_code code = b->code;

		if (err)
			*err = b->error;
		cpi_builder_release(b);
		return code;
	}
	release_indexes(b);
	*ret_profile = b->p;
	b->p = NULL;
	return CP_OK;
}

cp_string cpi_builder_string(struct cpi_builder *b, struct cp_text text)
{
	struct cpi_probe probe;
	struct cp_profile *p = b->p;
	uint64_t hash;
	char *copy;

	if (!text.n || b->code)
		return (cp_string){0};
	hash = cpi_hash(text.p, text.n);
	probe = cpi_index_find(&b->strings, hash);
	for (uint32_t id; (id = cpi_index_next(&b->strings, &probe));) {
		const struct cpi_string_row *row = &p->string.v[id];

		if (row->n == text.n && !memcmp(row->p, text.p, text.n))
			return (cp_string){id};
	}
	if (text.n > b->env->limits.string_length) {
		over_limit(b, "string-length", "a name is longer than %u bytes",
			b->env->limits.string_length);
		return (cp_string){0};
	}
	copy = cpi_arena_copy(&p->bytes, text.p, text.n);
	if (!copy ||
		!cpi_vec_push(&b->env->mem, &p->string,
			(struct cpi_string_row){copy, (uint32_t)text.n})) {
		no_memory(b);
		return (cp_string){0};
	}
	return (cp_string){indexed(b, &b->strings, hash, p->string.n)};
}

static uint64_t mapping_hash(const struct cp_mapping_row *row)
{
	uint64_t h = cpi_hash_mix(row->start, row->limit);

	h = cpi_hash_mix(h, row->offset);
	h = cpi_hash_mix(h, (uint64_t)row->path.i << 32 | row->build_id.i);
	return cpi_hash_mix(h, (uint64_t)row->pid << 16 | row->kind << 8 | row->has);
}

static bool mapping_equal(const struct cp_mapping_row *a, const struct cp_mapping_row *b)
{
	return a->start == b->start && a->limit == b->limit && a->offset == b->offset &&
		a->path.i == b->path.i && a->build_id.i == b->build_id.i &&
		a->kind == b->kind && a->has == b->has && a->pid == b->pid;
}

cp_mapping cpi_builder_mapping(struct cpi_builder *b, const struct cp_mapping_row *row)
{
	uint64_t hash = mapping_hash(row);
	struct cpi_probe probe = cpi_index_find(&b->mappings, hash);
	uint32_t id;

	if (b->code)
		return (cp_mapping){0};
	while ((id = cpi_index_next(&b->mappings, &probe)))
		if (mapping_equal(&b->p->mapping.v[id], row))
			return (cp_mapping){id};
	if (!APPEND(b, &b->p->mapping, row, 1))
		return (cp_mapping){0};
	return (cp_mapping){indexed(b, &b->mappings, hash, b->p->mapping.n)};
}

static uint64_t function_hash(const struct cp_function_row *row)
{
	uint64_t h = cpi_hash_mix(
		(uint64_t)row->name.i << 32 | row->system_name.i, row->file.i);

	return cpi_hash_mix(h, (uint64_t)row->start_line);
}

cp_function cpi_builder_function(struct cpi_builder *b, const struct cp_function_row *row)
{
	uint64_t hash = function_hash(row);
	struct cpi_probe probe = cpi_index_find(&b->functions, hash);

	if (b->code)
		return (cp_function){0};
	for (uint32_t id; (id = cpi_index_next(&b->functions, &probe));) {
		const struct cp_function_row *have = &b->p->function.v[id];

		if (have->name.i == row->name.i &&
			have->system_name.i == row->system_name.i &&
			have->file.i == row->file.i &&
			have->start_line == row->start_line)
			return (cp_function){id};
	}
	if (!APPEND(b, &b->p->function, row, 1))
		return (cp_function){0};
	return (cp_function){indexed(b, &b->functions, hash, b->p->function.n)};
}

static bool lines_equal(
	const struct cp_line_row *a, const struct cp_line_row *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i].function.i != b[i].function.i || a[i].line != b[i].line ||
			a[i].column != b[i].column)
			return false;
	return true;
}

cp_location cpi_builder_location(struct cpi_builder *b, cp_mapping mapping,
	uint64_t address, bool folded, const struct cp_line_row *lines, uint32_t n_lines)
{
	struct cp_profile *p = b->p;
	uint64_t hash = cpi_hash_mix(address, (uint64_t)mapping.i << 1 | folded);
	struct cpi_probe probe;
	struct cp_location_row row = {address, mapping, 0, n_lines, folded};

	if (b->code)
		return (cp_location){0};
	for (uint32_t i = 0; i < n_lines; i++) {
		hash = cpi_hash_mix(hash, lines[i].function.i);
		hash = cpi_hash_mix(
			hash, (uint64_t)lines[i].line ^ (uint64_t)lines[i].column << 40);
	}
	probe = cpi_index_find(&b->locations, hash);
	for (uint32_t id; (id = cpi_index_next(&b->locations, &probe));) {
		const struct cp_location_row *have = &p->location.v[id];

		if (have->address == address && have->mapping.i == mapping.i &&
			have->folded == folded && have->n_lines == n_lines &&
			(!n_lines || lines_equal(p->line.v + have->first_line, lines,
					     n_lines)))
			return (cp_location){id};
	}
	if (p->line.n + n_lines > MOST_ROWS) {
		too_many(b);
		return (cp_location){0};
	}
	row.first_line = (uint32_t)p->line.n;
	if (!APPEND(b, &p->line, lines, n_lines) || !APPEND(b, &p->location, &row, 1))
		return (cp_location){0};
	return (cp_location){indexed(b, &b->locations, hash, p->location.n)};
}

cp_stack cpi_builder_stack(struct cpi_builder *b, const cp_location *frames, uint32_t n)
{
	if (!n || b->code)
		return (cp_stack){0};
	return cpi_builder_stack_hashed(
		b, frames, n, cpi_hash(frames, n * sizeof *frames));
}

cp_stack cpi_builder_stack_hashed(
	struct cpi_builder *b, const cp_location *frames, uint32_t n, uint64_t hash)
{
	struct cp_profile *p = b->p;
	struct cpi_probe probe;
	uint64_t end;

	if (!n || b->code)
		return (cp_stack){0};
	if (n > b->env->limits.stack_depth) {
		over_limit(b, "stack-depth", "a stack has more than %u frames",
			b->env->limits.stack_depth);
		return (cp_stack){0};
	}
	probe = cpi_index_find(&b->stacks, hash);
	for (uint32_t id, have_n; (id = cpi_index_next(&b->stacks, &probe));) {
		const cp_location *have = cpi_profile_frames(p, (cp_stack){id}, &have_n);

		if (have_n == n && !memcmp(have, frames, n * sizeof *frames))
			return (cp_stack){id};
	}
	if (!APPEND(b, &p->frame, frames, n))
		return (cp_stack){0};
	end = p->frame.n;
	if (!APPEND(b, &p->stack_end, &end, 1))
		return (cp_stack){0};
	return (cp_stack){indexed(b, &b->stacks, hash, p->stack_end.n)};
}

static int label_order(
	const struct cp_profile *p, const struct cp_label *a, const struct cp_label *b)
{
	bool a_string = cpi_label_is_string(a), b_string = cpi_label_is_string(b);

	if (a_string != b_string)
		return a_string ? -1 : 1;
	if (a->key.i == b->key.i)
		return 0;
	return cpi_text_compare(cpi_profile_text(p, a->key), cpi_profile_text(p, b->key));
}

/* Stable: the order of equal keys has a meaning. Sets are small; hostile ones are not. */
static bool sort_labels(struct cpi_builder *b, struct cp_label *label, uint32_t n)
{
	struct cp_label *from = label, *to, *spare;

	for (uint32_t i = 1; i < n && n <= 32; i++) {
		struct cp_label x = label[i];
		uint32_t at = i;

		for (; at && label_order(b->p, &x, &label[at - 1]) < 0; at--)
			label[at] = label[at - 1];
		label[at] = x;
	}
	if (n <= 32)
		return true;
	spare = to = cpi_alloc_array(&b->env->mem, n, sizeof *spare);
	if (!spare) {
		no_memory(b);
		return false;
	}
	for (size_t width = 1; width < n; width *= 2) {
		for (size_t lo = 0; lo < n; lo += 2 * width) {
			size_t mid = lo + width < n ? lo + width : n;
			size_t hi = mid + width < n ? mid + width : n;
			size_t i = lo, j = mid;

			for (size_t at = lo; at < hi; at++) {
				bool right =
					i == mid || (j < hi && label_order(b->p, &from[j],
								       &from[i]) < 0);

				to[at] = right ? from[j++] : from[i++];
			}
		}
		struct cp_label *t = from;

		from = to;
		to = t;
	}
	if (from != label)
		memcpy(label, from, n * sizeof *label);
	cpi_free(&b->env->mem, spare, n * sizeof *spare);
	return true;
}

static bool label_sets_equal(
	const struct cp_label *a, const struct cp_label *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i].key.i != b[i].key.i || a[i].str.i != b[i].str.i ||
			a[i].unit.i != b[i].unit.i || a[i].num != b[i].num)
			return false;
	return true;
}

cp_labels cpi_builder_labels(struct cpi_builder *b, struct cp_label *label, uint32_t n)
{
	struct cp_profile *p = b->p;
	uint64_t hash = n, end;
	struct cpi_probe probe;

	if (!n || b->code || !sort_labels(b, label, n))
		return (cp_labels){0};
	for (uint32_t i = 0; i < n; i++) {
		hash = cpi_hash_mix(
			hash, (uint64_t)label[i].key.i << 32 | label[i].str.i);
		hash = cpi_hash_mix(hash, (uint64_t)label[i].num + label[i].unit.i);
	}
	probe = cpi_index_find(&b->label_sets, hash);
	for (uint32_t id, have_n; (id = cpi_index_next(&b->label_sets, &probe));) {
		const struct cp_label *have =
			cpi_profile_label_set(p, (cp_labels){id}, &have_n);

		if (have_n == n && label_sets_equal(have, label, n))
			return (cp_labels){id};
	}
	if (!APPEND(b, &p->label, label, n))
		return (cp_labels){0};
	end = p->label.n;
	if (!APPEND(b, &p->labels_end, &end, 1))
		return (cp_labels){0};
	return (cp_labels){indexed(b, &b->label_sets, hash, p->labels_end.n)};
}

void cpi_builder_sample_type(
	struct cpi_builder *b, cp_string type, cp_string unit, uint8_t decimals)
{
	struct cp_value_type row = {type, unit, decimals};

	if (!b->code)
		(void)APPEND(b, &b->p->sample_type, &row, 1);
}

void cpi_builder_comment(struct cpi_builder *b, struct cp_text text)
{
	cp_string id = cpi_builder_string(b, text);

	if (!b->code)
		(void)APPEND(b, &b->p->comment, &id, 1);
}

void cpi_builder_sample(struct cpi_builder *b, cp_stack stack, cp_labels labels,
	const int64_t *values, int64_t time)
{
	struct cp_profile *p = b->p;

	if (b->code)
		return;
	if (p->sample_stack.n >= MOST_ROWS - 1) {
		too_many(b);
		return;
	}
	if (!APPEND(b, &p->sample_stack, &stack, 1) ||
		!APPEND(b, &p->sample_labels, &labels, 1) ||
		!APPEND(b, &p->value, values, p->sample_type.n))
		return;
	if (time != CP_NO_TIME)
		(void)APPEND(b, &p->time, &time, 1);
}

void cpi_builder_sample_sum(
	struct cpi_builder *b, cp_stack stack, cp_labels labels, const int64_t *values)
{
	struct cp_profile *p = b->p;
	uint64_t hash = cpi_hash_u64((uint64_t)stack.i << 32 | labels.i);
	struct cpi_probe probe = cpi_index_find(&b->samples, hash);

	if (b->code)
		return;
	for (uint32_t id; (id = cpi_index_next(&b->samples, &probe));) {
		int64_t *sum = p->value.v + (size_t)(id - 1) * p->sample_type.n;

		if (p->sample_stack.v[id - 1].i != stack.i ||
			p->sample_labels.v[id - 1].i != labels.i)
			continue;
		for (size_t i = 0; i < p->sample_type.n; i++)
			if (__builtin_add_overflow(sum[i], values[i], &sum[i]))
				cpi_builder_fail(b, CP_ERROR_LIMIT,
					"a sum of sample values exceeds 64 bits");
		return;
	}
	cpi_builder_sample(b, stack, labels, values, CP_NO_TIME);
	if (!b->code)
		(void)indexed(b, &b->samples, hash, p->sample_stack.n + 1);
}

void cpi_builder_reopen(struct cpi_builder *b, struct cp_profile *take_profile)
{
	struct cp_profile *p = take_profile;

	memset(b, 0, sizeof *b);
	b->env = p->env;
	b->p = p;
	for (size_t i = 1; i < p->string.n && !b->code; i++)
		(void)indexed(b, &b->strings,
			cpi_hash(p->string.v[i].p, p->string.v[i].n), i + 1);
	for (size_t i = 1; i < p->mapping.n && !b->code; i++)
		(void)indexed(b, &b->mappings, mapping_hash(&p->mapping.v[i]), i + 1);
	for (size_t i = 1; i < p->function.n && !b->code; i++)
		(void)indexed(b, &b->functions, function_hash(&p->function.v[i]), i + 1);
}
