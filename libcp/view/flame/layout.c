/* SPDX-License-Identifier: Apache-2.0 */
/* Places of frames, and which are wide enough to be drawn. */
#include "view/flame/flame.h"

#include "base/radix.h"

/* Widths from the leaves up: of a union, the larger side of every frame's own share. */
static bool measure(struct cpi_flame *flame)
{
	const struct cpi_tree *tree = &flame->tree;
	double total = flame->options.total;

	if (flame->diff) {
		flame->width =
			cpi_alloc_array(&flame->env->mem, tree->n, sizeof *flame->width);
		if (!flame->width)
			return false;
		for (uint32_t i = 0; i < tree->n; i++) {
			double after = (double)tree->self[0][i];
			double before = (double)tree->self[1][i] * flame->before_factor;

			flame->width[i] = before > after ? before : after;
		}
		for (uint32_t i = tree->n - 1; i; i--)
			flame->width[tree->parent[i]] += flame->width[i];
	}
	for (uint32_t i = 0; i < tree->n; i++)
		if (tree->depth[i] > flame->deepest)
			flame->deepest = tree->depth[i];
	flame->root_width = cpi_flame_width(flame, 0);
	for (unsigned i = 0; i < flame->unit.decimals; i++)
		total *= 10;
	if (total > flame->root_width)
		flame->root_width = total;
	return true;
}

bool cpi_flame_each(struct cpi_flame *flame, cpi_flame_each_fn *each, void *arg)
{
	const struct cpi_tree *tree = &flame->tree;
	struct cpi_mem *mem = &flame->env->mem;
	size_t levels = (size_t)flame->deepest + 2;
	/* By level: where the next frame starts. */
	double *next = cpi_alloc_array(mem, levels, sizeof *next);
	bool ok = next != NULL;

	if (ok)
		next[0] = 0;
	for (uint32_t i = 0; ok && i < tree->n; i++) {
		uint32_t depth = tree->depth[i];
		double x = next[depth];

		next[depth] += cpi_flame_width(flame, i);
		next[depth + 1] = x;
		ok = each(arg, i, x);
	}
	cpi_free(mem, next, levels * sizeof *next);
	return ok;
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

/*
 * The leading bits of a positive double sort as the number does; 8 of its fraction tell
 * widths apart to 0.4 %.
 */
enum { CLASS_BITS = 20, CLASSES = 1 << CLASS_BITS };

static uint32_t width_class(double width)
{
	uint64_t bits;

	memcpy(&bits, &width, sizeof bits);
	return (uint32_t)(bits >> (64 - CLASS_BITS));
}

/* Who asks for how much. */
struct wanted {
	struct cpi_flame *flame;
	double least;
	uint8_t *keep;
};

static bool eligible(const struct wanted *w, uint32_t node, uint32_t *ret_class)
{
	double width = cpi_flame_width(w->flame, node);

	*ret_class = width_class(width);
	return width > 0 && width >= w->least;
}

/* Of the nodes of one class the `room` nearest the root. */
static bool fill_class(
	const struct wanted *w, uint32_t class, size_t members, size_t room)
{
	const struct cpi_tree *tree = &w->flame->tree;
	struct cpi_mem *mem = &w->flame->env->mem;
	uint32_t *member = cpi_alloc_array(mem, members, sizeof *member);
	uint32_t *order = cpi_alloc_array(mem, members, sizeof *order), of;
	uint64_t *key = cpi_alloc_array(mem, members, sizeof *key);
	bool ok = member && order && key;
	size_t n = 0;

	for (uint32_t i = 0; ok && i < tree->n; i++)
		if (eligible(w, i, &of) && of == class) {
			key[n] = tree->depth[i];
			order[n] = (uint32_t)n;
			member[n++] = i;
		}
	ok = ok && cpi_radix_sort(mem, order, n, key);
	for (size_t i = 0; ok && i < room && i < n; i++)
		w->keep[member[order[i]]] = 1;
	cpi_free(mem, member, members * sizeof *member);
	cpi_free(mem, order, members * sizeof *order);
	cpi_free(mem, key, members * sizeof *key);
	return ok;
}

/* Keeps whole classes from the widest down while there is room, then part of one. */
static bool keep_classes(const struct wanted *w, uint32_t *count, size_t most)
{
	uint32_t class = CLASSES - 1, of, n = w->flame->tree.n;

	for (uint32_t i = 0; i < n; i++)
		if (eligible(w, i, &of))
			count[of]++;
	while (class && count[class] <= most)
		most -= count[class--];
	for (uint32_t i = 0; i < n; i++)
		if (eligible(w, i, &of) && of > class)
			w->keep[i] = 1;
	return !class || fill_class(w, class, count[class], most);
}

bool cpi_flame_widest(struct cpi_flame *flame, size_t most, double least, uint8_t *keep,
	uint64_t *ret_left_out)
{
	struct cpi_mem *mem = &flame->env->mem;
	struct wanted wanted = {flame, least, keep};
	uint32_t *count = cpi_alloc_zero(mem, CLASSES * sizeof *count), n = flame->tree.n;
	bool ok = count && keep_classes(&wanted, count, most);

	keep[0] = 1;
	*ret_left_out = n;
	for (uint32_t i = 0; i < n; i++)
		*ret_left_out -= keep[i];
	cpi_free(mem, count, CLASSES * sizeof *count);
	return ok;
}

struct drawing {
	struct cpi_flame *flame;
	const uint8_t *keep;
};

static bool draw(void *arg, uint32_t node, double x)
{
	struct drawing *d = arg;
	struct cpi_flame *flame = d->flame;
	struct cpi_mem *mem = &flame->env->mem;
	uint32_t level = flame->tree.depth[node] + 1;

	if (!d->keep[node])
		return true;
	if (level > flame->levels)
		flame->levels = level;
	return cpi_vec_push(mem, &flame->drawn, node) && cpi_vec_push(mem, &flame->x, x);
}

enum cp_code cpi_flame_layout(struct cpi_flame *flame, struct cp_error *err)
{
	struct cpi_mem *mem = &flame->env->mem;
	uint8_t *keep = cpi_alloc_zero(mem, flame->tree.n);
	struct drawing drawing = {flame, keep};
	bool ok = keep && measure(flame) &&
		cpi_flame_widest(flame, CPI_FLAME_DRAWN, least_width(flame), keep,
			&flame->hidden) &&
		cpi_flame_each(flame, draw, &drawing);

	cpi_free(mem, keep, flame->tree.n);
	return ok ? CP_OK : cpi_error_memory(err);
}
