/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that were renamed, inlined or split between the sides. */
#include "op/diff/diff.h"
#include "op/diff/name.h"

enum { BEFORE = 1, AFTER = 2 };

/* On which sides each name occurs. */
static void mark_sides(const struct cp_diff *diff, uint8_t *sides)
{
	for (size_t r = 0; r < diff->run.n; r++) {
		const struct cpi_diff_run *run = &diff->run.v[r];

		for (size_t i = 0; i < run->cell.n; i++)
			sides[run->cell.v[i].row] |=
				run->side == CP_BEFORE ? BEFORE : AFTER;
	}
}

/* Groups of names with one canonical form. */
struct groups {
	struct cpi_index index;
	struct cpi_arena bytes;
	CPI_VEC(struct cp_text) name;
	CPI_VEC(uint8_t) sides, one_sided;
	CPI_VEC(uint32_t) row; /* once given */
};

static uint32_t group_of(
	struct cpi_env *env, struct groups *g, struct cp_text name, uint8_t sides)
{
	uint64_t hash = cpi_hash(name.p, name.n);
	struct cpi_probe probe = cpi_index_find(&g->index, hash);
	struct cp_text copy = {NULL, name.n};

	for (uint32_t id; (id = cpi_index_next(&g->index, &probe));)
		if (cpi_text_equal(g->name.v[id - 1], name)) {
			g->sides.v[id - 1] |= sides;
			g->one_sided.v[id - 1] |= sides != (BEFORE | AFTER);
			return id - 1;
		}
	copy.p = cpi_arena_copy(&g->bytes, name.p, name.n);
	if (!copy.p || !cpi_vec_push(&env->mem, &g->name, copy) ||
		!cpi_vec_push(&env->mem, &g->sides, sides) ||
		!cpi_vec_push(&env->mem, &g->one_sided, sides != (BEFORE | AFTER)) ||
		!cpi_vec_push(&env->mem, &g->row, UINT32_MAX) ||
		!cpi_index_add(&env->mem, &g->index, hash, (uint32_t)g->name.n))
		return UINT32_MAX;
	return (uint32_t)g->name.n - 1;
}

static void groups_release(struct cpi_env *env, struct groups *g)
{
	cpi_index_release(&env->mem, &g->index);
	cpi_arena_release(&g->bytes);
	cpi_vec_release(&env->mem, &g->name);
	cpi_vec_release(&env->mem, &g->sides);
	cpi_vec_release(&env->mem, &g->one_sided);
	cpi_vec_release(&env->mem, &g->row);
}

/* The group of each name, UINT32_MAX with exact names; false without memory. */
static bool make_groups(
	struct cp_diff *diff, struct groups *g, const uint8_t *sides, uint32_t *group)
{
	struct cpi_sink canonical;
	bool fine = true;

	cpi_sink_memory(&canonical, &diff->env->mem);
	for (size_t i = 0; fine && i < diff->name.n; i++) {
		group[i] = UINT32_MAX;
		if (diff->options.exact_names)
			continue;
		canonical.n = 0;
		cpi_diff_name(&canonical, diff->name.v[i]);
		group[i] = canonical.code
				   ? UINT32_MAX
				   : group_of(diff->env, g,
					     (struct cp_text){
						     (char *)canonical.buf, canonical.n},
					     sides[i]);
		fine = group[i] != UINT32_MAX;
	}
	cpi_sink_release(&canonical);
	return fine;
}

enum cp_code cpi_diff_match(struct cp_diff *diff, size_t *ret_rows, struct cp_error *err)
{
	struct cpi_mem *mem = &diff->env->mem;
	size_t n = diff->name.n, rows = 0;
	uint8_t *sides = cpi_alloc_zero(mem, n);
	uint32_t *group = cpi_alloc_array(mem, n, sizeof *group);
	struct groups g = {{0}};
	enum cp_code code = CP_OK;

	cpi_arena_init(&g.bytes, mem);
	if (!sides || !group || !cpi_vec_reserve(mem, &diff->row_of, n))
		code = cpi_error_memory(err);
	if (!code) {
		mark_sides(diff, sides);
		if (!make_groups(diff, &g, sides, group))
			code = cpi_error_memory(err);
	}
	for (size_t i = 0; !code && i < n; i++) {
		bool joined = group[i] != UINT32_MAX && g.one_sided.v[group[i]] &&
			g.sides.v[group[i]] == (BEFORE | AFTER);
		uint32_t row = joined && g.row.v[group[i]] != UINT32_MAX
				       ? g.row.v[group[i]]
				       : (uint32_t)rows++;

		diff->row_of.v[diff->row_of.n++] = row;
		if (joined)
			g.row.v[group[i]] = row;
	}
	groups_release(diff->env, &g);
	cpi_free(mem, sides, n);
	cpi_free(mem, group, n * sizeof *group);
	*ret_rows = rows;
	return code;
}
