/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks into one tree, in groups. */
#include "op/tree/add.h"

enum cp_code cpi_tree_add(struct cpi_tree *tree, const struct cp_profile *profile,
	uint32_t type, unsigned column, struct cp_error *err)
{
	struct cpi_mem *mem = &tree->env->mem;
	struct cp_error here = {0};
	struct tree_adding a = {
		.tree = tree, .p = profile, .err = &here, .column = column};
	bool ok;

	a.place = cpi_alloc_zero(mem, profile->location.n * sizeof *a.place);
	if (!a.place)
		return cpi_error_memory(err);
	ok = tree->options.chart ? cpi_tree_walk_chart(&a, type)
	   : tree->options.least > 0 ? cpi_tree_walk_wide(&a, type)
				     : cpi_tree_walk(&a, type);
	cpi_free(mem, a.place, profile->location.n * sizeof *a.place);
	cpi_vec_release(mem, &a.step);
	cpi_vec_release(mem, &a.walk);
	cpi_vec_release(mem, &a.open);
	if (!ok && err)
		*err = here;
	return ok ? CP_OK : here.code;
}

enum cp_code cpi_tree_init(struct cpi_tree *tree, struct cpi_env *env,
	const struct cpi_tree_options *options, unsigned columns, struct cp_error *err)
{
	bool ok;

	memset(tree, 0, sizeof *tree);
	tree->env = env;
	tree->options = *options;
	tree->columns = columns;
	cpi_arena_init(&tree->bytes, &env->mem);
	ok = cpi_vec_push(&env->mem, &tree->text, (struct cp_text){"", 0}) &&
		cpi_vec_push(&env->mem, &tree->frame, (struct cpi_tree_frame){0}) &&
		cpi_vec_push(&env->mem, &tree->row, (struct cpi_tree_row){0});
	for (unsigned c = 0; c < columns; c++)
		ok = ok && cpi_vec_push(&env->mem, &tree->value[c], 0);
	if (ok)
		return CP_OK;
	cpi_tree_release(tree);
	return cpi_error_memory(err);
}
