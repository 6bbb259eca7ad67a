/* SPDX-License-Identifier: Apache-2.0 */
#include "view/flame.h"

#include "base/radix.h"

/* The node's own share of its width. */
static double own_width(const struct cpi_flame *flame, uint32_t node)
{
	double after = (double)flame->tree.self[0].v[node], before;

	if (!flame->diff)
		return after;
	before = (double)flame->tree.self[1].v[node] * flame->before_factor;
	return before > after ? before : after;
}

/* Widths from the leaves up, places from the root down; nodes stand depth first. */
static void place(struct cpi_flame *flame)
{
	const struct cpi_tree *tree = &flame->tree;
	uint32_t n = tree->n;

	for (uint32_t i = 0; i < n; i++)
		flame->width[i] = own_width(flame, i);
	for (uint32_t i = n - 1; i; i--)
		flame->width[tree->parent.v[i]] += flame->width[i];
	flame->x[0] = 0;
	for (uint32_t i = 0; i < n; i++) {
		double x = flame->x[i];

		for (uint32_t c = i + 1; c < tree->end[i]; c = tree->end[c]) {
			flame->x[c] = x;
			x += flame->width[c];
		}
	}
	flame->root_width = flame->width[0];
	if (flame->options.total > flame->root_width)
		flame->root_width = flame->options.total;
}

/* Frames below this width are not drawn. */
static double least_width(const struct cpi_flame *flame)
{
	const struct cp_flame_options *o = &flame->options;
	double pixels = o->width ? o->width : 1200;

	if (o->min_width_percent)
		return flame->root_width * o->min_width / 100;
	return flame->root_width * o->min_width / (pixels - 20);
}

/* Sorts node ids by width, widest first, of equal ones those nearer the root first. */
static bool by_width(struct cpi_flame *flame, uint32_t *order, size_t n)
{
	const struct cpi_tree *tree = &flame->tree;
	struct cpi_mem *mem = &flame->env->mem;
	uint64_t *key = cpi_alloc_array(mem, tree->n, sizeof *key);
	bool ok = key != NULL;

	for (uint32_t i = 0; ok && i < tree->n; i++)
		key[i] = tree->depth[i];
	ok = ok && cpi_radix_sort(mem, order, n, key);
	/* The bits of positive doubles sort as the numbers do. */
	for (uint32_t i = 0; ok && i < tree->n; i++) {
		memcpy(&key[i], &flame->width[i], sizeof key[i]);
		key[i] = ~key[i];
	}
	if (ok)
		key[0] = 0;
	ok = ok && cpi_radix_sort(mem, order, n, key);
	cpi_free(mem, key, tree->n * sizeof *key);
	return ok;
}

bool cpi_flame_widest(struct cpi_flame *flame, size_t most, double least, uint8_t *keep,
	uint64_t *ret_left_out)
{
	const struct cpi_tree *tree = &flame->tree;
	struct cpi_mem *mem = &flame->env->mem;
	uint32_t *order = cpi_alloc_array(mem, tree->n, sizeof *order);
	size_t n = 0;
	bool ok = order != NULL;

	for (uint32_t i = 0; ok && i < tree->n; i++)
		if (!i || (flame->width[i] >= least && flame->width[i] > 0))
			order[n++] = i;
	if (ok && n > most) {
		ok = by_width(flame, order, n);
		n = most;
	}
	*ret_left_out = tree->n - n;
	for (size_t i = 0; ok && i < n; i++)
		keep[order[i]] = 1;
	cpi_free(mem, order, tree->n * sizeof *order);
	return ok;
}

static bool draw(struct cpi_flame *flame, const uint8_t *keep)
{
	const struct cpi_tree *tree = &flame->tree;

	for (uint32_t i = 0; i < tree->n; i++) {
		if (!keep[i])
			continue;
		if (!cpi_vec_push(&flame->env->mem, &flame->drawn, i))
			return false;
		if (tree->depth[i] + 1 > flame->levels)
			flame->levels = tree->depth[i] + 1;
	}
	return true;
}

enum cp_code cpi_flame_layout(struct cpi_flame *flame, struct cp_error *err)
{
	struct cpi_mem *mem = &flame->env->mem;
	uint32_t n = flame->tree.n;
	uint8_t *keep = cpi_alloc_zero(mem, n);
	bool ok;

	flame->x = cpi_alloc_array(mem, n, sizeof *flame->x);
	flame->width = cpi_alloc_array(mem, n, sizeof *flame->width);
	ok = flame->x && flame->width && keep;
	if (ok) {
		place(flame);
		ok = cpi_flame_widest(flame, CPI_FLAME_DRAWN, least_width(flame), keep,
			     &flame->hidden) &&
			draw(flame, keep);
	}
	cpi_free(mem, keep, n);
	return ok ? CP_OK : cpi_error_memory(err);
}
