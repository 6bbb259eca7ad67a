/* SPDX-License-Identifier: Apache-2.0 */
/* Names, functions and rows of costs, each once. */
#include "format/callgrind/callgrind.h"

bool cpi_callgrind_fine(struct callgrind *c, bool memory)
{
	if (!memory)
		cpi_builder_fail(&c->b, CP_ERROR_MEMORY, "out of memory");
	return !c->b.code;
}

/* Ids are 32 bits, and a table of an input's bytes cannot have more rows than that. */
static bool room(struct callgrind *c, size_t n)
{
	if (n < UINT32_MAX)
		return true;
	cpi_builder_fail(&c->b, CP_ERROR_LIMIT, "there are more than 2^32 rows");
	return false;
}

uint32_t cpi_callgrind_name(struct callgrind *c, struct cp_text text)
{
	uint64_t hash = cpi_hash(text.n ? text.p : "", text.n);
	struct cpi_probe probe = cpi_index_find(&c->names, hash);

	if (!text.n)
		return 0;
	for (uint32_t id; (id = cpi_index_next(&c->names, &probe));)
		if (cpi_text_equal(c->name.v[id], text))
			return id;
	if (!room(c, c->name.n) ||
		!cpi_callgrind_fine(c, cpi_vec_push(&c->env->mem, &c->name, text) &&
					       cpi_index_add(&c->env->mem, &c->names,
						       hash, (uint32_t)c->name.n - 1)))
		return 0;
	return (uint32_t)c->name.n - 1;
}

uint32_t cpi_callgrind_number(
	struct callgrind *c, uint8_t kind, uint64_t number, uint32_t name)
{
	uint64_t hash = cpi_hash_mix(cpi_hash_u64(number), kind);
	struct cpi_probe probe = cpi_index_find(&c->numbers, hash);

	for (uint32_t id; (id = cpi_index_next(&c->numbers, &probe));) {
		struct callgrind_number *have = &c->number.v[id];

		if (have->number != number || have->kind != kind)
			continue;
		if (name)
			have->name = name;
		return have->name;
	}
	if (name && room(c, c->number.n))
		cpi_callgrind_fine(
			c, cpi_vec_push(&c->env->mem, &c->number,
				   (struct callgrind_number){number, name, kind}) &&
				   cpi_index_add(&c->env->mem, &c->numbers, hash,
					   (uint32_t)c->number.n - 1));
	return name;
}

uint32_t cpi_callgrind_function(
	struct callgrind *c, uint32_t object, uint32_t file, uint32_t name)
{
	struct callgrind_function f = {.object = object, .file = file, .name = name};
	uint64_t hash = cpi_hash_mix(cpi_hash_mix(object, file), name);
	struct cpi_probe probe = cpi_index_find(&c->functions, hash);

	for (uint32_t id; (id = cpi_index_next(&c->functions, &probe));) {
		const struct callgrind_function *have = &c->function.v[id];

		if (have->object == object && have->file == file && have->name == name)
			return id;
	}
	if (!room(c, c->function.n) ||
		!cpi_callgrind_fine(
			c, cpi_vec_push(&c->env->mem, &c->function, f) &&
				   cpi_index_add(&c->env->mem, &c->functions, hash,
					   (uint32_t)c->function.n - 1)))
		return 0;
	return (uint32_t)c->function.n - 1;
}

/* The row's id, or 0. */
static uint32_t row_of(struct callgrind *c, const struct callgrind_row *row)
{
	struct cpi_mem *mem = &c->env->mem;
	uint64_t hash = cpi_hash_mix(cpi_hash_mix(row->function, row->file),
		cpi_hash_mix(row->callee, (uint64_t)row->line));
	struct cpi_probe probe = cpi_index_find(&c->rows, hash);

	for (uint32_t id; (id = cpi_index_next(&c->rows, &probe));) {
		const struct callgrind_row *have = &c->row.v[id];

		if (have->function == row->function && have->file == row->file &&
			have->callee == row->callee && have->line == row->line)
			return id;
	}
	if (!room(c, c->row.n) ||
		!cpi_callgrind_fine(
			c, cpi_vec_push(mem, &c->row, *row) &&
				   cpi_vec_reserve(mem, &c->cost, c->n_events) &&
				   cpi_index_add(
					   mem, &c->rows, hash, (uint32_t)c->row.n - 1)))
		return 0;
	memset(c->cost.v + c->cost.n, 0, c->n_events * sizeof *c->cost.v);
	c->cost.n += c->n_events;
	return (uint32_t)c->row.n - 1;
}

void cpi_callgrind_add(
	struct callgrind *c, const struct callgrind_row *row, const int64_t *cost)
{
	uint32_t id = row_of(c, row);

	c->calls |= row->callee != 0;
	for (uint32_t e = 0; id && e < c->n_events; e++) {
		int64_t *sum = &c->cost.v[(size_t)id * c->n_events + e];

		if (__builtin_add_overflow(*sum, cost[e], sum))
			cpi_builder_fail(
				&c->b, CP_ERROR_LIMIT, "a sum of costs exceeds 64 bits");
	}
}
