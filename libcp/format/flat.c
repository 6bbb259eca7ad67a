/* SPDX-License-Identifier: Apache-2.0 */
/* Samples by the functions of their stacks, for formats that have no addresses. */
#include "format/flat.h"

static bool same_name(struct cpi_name a, struct cpi_name b)
{
	return a.bracket == b.bracket && cpi_text_equal(a.text, b.text);
}

static uint64_t hash_of(const struct cpi_flat_frame *f)
{
	uint64_t h = cpi_hash(f->name.text.p ? f->name.text.p : "", f->name.text.n);

	return cpi_hash_mix(cpi_hash_mix(h, f->file.i), (uint64_t)f->start_line);
}

/* The id of a frame, from 1; 0 when out of memory. */
static uint32_t intern(struct cpi_flat *flat, const struct cpi_flat_frame *frame)
{
	uint64_t hash = hash_of(frame);
	struct cpi_probe probe = cpi_index_find(&flat->frames, hash);

	for (uint32_t id; (id = cpi_index_next(&flat->frames, &probe));) {
		const struct cpi_flat_frame *have = &flat->frame.v[id - 1];

		if (have->file.i == frame->file.i &&
			have->start_line == frame->start_line &&
			same_name(have->name, frame->name))
			return id;
	}
	if (!cpi_vec_push(&flat->env->mem, &flat->frame, *frame) ||
		!cpi_index_add(&flat->env->mem, &flat->frames, hash,
			(uint32_t)flat->frame.n))
		return 0;
	return (uint32_t)flat->frame.n;
}

static uint32_t line_frame(struct cpi_flat *flat, cp_location location, uint32_t line)
{
	const struct cp_profile *p = flat->p;
	const struct cp_location_row *row = &p->location.v[location.i];
	struct cpi_flat_frame frame = {
		.name = cpi_name_of(p, location, line), .mapping = row->mapping};

	if (row->n_lines) {
		const struct cp_line_row *l = &p->line.v[row->first_line + line];
		const struct cp_function_row *f = &p->function.v[l->function.i];

		frame.file = f->file;
		frame.start_line = flat->start_lines ? f->start_line : 0;
		frame.column = !l->line || f->start_line == l->line ? l->column : 0;
	}
	return intern(flat, &frame);
}

/* Makes the list of a location's frames, once. */
static uint32_t frames_of(struct cpi_flat *flat, cp_location location)
{
	uint32_t have = flat->of_location.v[location.i];
	uint32_t n = flat->p->location.v[location.i].n_lines;
	size_t at = flat->list.n;

	if (have)
		return have;
	if (!n)
		n = 1;
	if (!cpi_vec_reserve(&flat->env->mem, &flat->list, (size_t)n + 1))
		return 0;
	flat->list.v[flat->list.n++] = n;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t id = line_frame(flat, location, i);

		if (!id)
			return 0;
		flat->list.v[flat->list.n++] = id - 1;
	}
	return flat->of_location.v[location.i] = (uint32_t)at + 1;
}

bool cpi_flat_stack(struct cpi_flat *flat, cp_stack stack, uint32_t *ret_n)
{
	uint32_t n;
	const cp_location *frame = cpi_profile_frames(flat->p, stack, &n);
	size_t from = flat->sequence.n;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = frames_of(flat, frame[i]), count;

		if (!at)
			return false;
		count = flat->list.v[at - 1];
		if (!cpi_vec_reserve(&flat->env->mem, &flat->sequence, count))
			return false;
		memcpy(flat->sequence.v + flat->sequence.n, flat->list.v + at,
			count * sizeof *flat->list.v);
		flat->sequence.n += count;
	}
	*ret_n = (uint32_t)(flat->sequence.n - from);
	return true;
}

static bool add_values(struct cpi_flat *flat, size_t row, uint32_t sample)
{
	size_t types = flat->p->sample_type.n;

	for (size_t t = 0; t < types; t++) {
		int64_t *sum = &flat->value.v[row * types + t];

		if (__builtin_add_overflow(
			    *sum, flat->p->value.v[(size_t)sample * types + t], sum))
			return false;
	}
	return true;
}

/* The row of the sequence that ends `flat->sequence`; -1: out of memory. */
static int64_t row_of(struct cpi_flat *flat, uint32_t n, cp_labels labels)
{
	struct cpi_mem *mem = &flat->env->mem;
	size_t from = flat->sequence.n - n, types = flat->p->sample_type.n;
	const uint32_t *ids = flat->sequence.v + from;
	uint64_t hash = cpi_hash_mix(cpi_hash(n ? (const void *)ids : "", n * sizeof *ids),
		labels.i);
	struct cpi_probe probe = cpi_index_find(&flat->rows, hash);
	struct cpi_flat_row row = {from, n, labels};

	for (uint32_t id; (id = cpi_index_next(&flat->rows, &probe));) {
		const struct cpi_flat_row *have = &flat->row.v[id - 1];

		if (have->n != n || have->labels.i != labels.i ||
			(n && memcmp(flat->sequence.v + have->at, ids, n * sizeof *ids)))
			continue;
		flat->sequence.n = from;
		return id - 1;
	}
	if (!cpi_vec_push(mem, &flat->row, row) ||
		!cpi_vec_reserve(mem, &flat->value, types) ||
		!cpi_index_add(mem, &flat->rows, hash, (uint32_t)flat->row.n))
		return -1;
	memset(flat->value.v + flat->value.n, 0, types * sizeof *flat->value.v);
	flat->value.n += types;
	return (int64_t)flat->row.n - 1;
}

enum cp_code cpi_flat_init(struct cpi_flat *flat, struct cpi_env *env,
	const struct cp_profile *p, bool start_lines, bool labels, struct cp_error *err)
{
	memset(flat, 0, sizeof *flat);
	flat->env = env;
	flat->p = p;
	flat->start_lines = start_lines;
	flat->labels = labels;
	if (!cpi_vec_reserve(&env->mem, &flat->of_location, p->location.n))
		return cpi_error_memory(err);
	memset(flat->of_location.v, 0, p->location.n * sizeof *flat->of_location.v);
	flat->of_location.n = p->location.n;
	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		cp_labels set = labels ? p->sample_labels.v[i] : (cp_labels){0};
		uint32_t n;
		int64_t row;

		if (!cpi_flat_stack(flat, p->sample_stack.v[i], &n))
			return cpi_error_memory(err);
		row = row_of(flat, n, set);
		if (row < 0)
			return cpi_error_memory(err);
		if (!add_values(flat, (size_t)row, i))
			return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"the sum of a stack exceeds 64 bits");
	}
	return CP_OK;
}

void cpi_flat_release(struct cpi_flat *flat)
{
	struct cpi_mem *mem = &flat->env->mem;

	cpi_vec_release(mem, &flat->frame);
	cpi_index_release(mem, &flat->frames);
	cpi_vec_release(mem, &flat->of_location);
	cpi_vec_release(mem, &flat->list);
	cpi_vec_release(mem, &flat->sequence);
	cpi_vec_release(mem, &flat->row);
	cpi_index_release(mem, &flat->rows);
	cpi_vec_release(mem, &flat->value);
}
