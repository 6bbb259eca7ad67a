/* SPDX-License-Identifier: Apache-2.0 */
/* A tree's order and sums, when all stacks are in. */
#include "op/tree/tree.h"

#include "base/sort.h"

/* What renumbering needs; old ids are the rows', new ones stand depth first. */
struct finish {
	struct cpi_tree *tree;
	struct cpi_mem *mem;
	size_t n;
	uint32_t *sorted; /* all nodes by parent, siblings in their order */
	uint32_t *first;  /* n + 1: where a node's children start in `sorted` */
	uint32_t *new_id;
	int64_t *weight; /* by old id, for CPI_TREE_BY_VALUE */
};

static uint32_t *new_u32(struct finish *f, size_t n)
{
	return cpi_alloc_array(f->mem, n, sizeof(uint32_t));
}

static int by_bytes(void *arg, uint32_t a, uint32_t b)
{
	const struct cpi_tree *tree = arg;

	return cpi_text_compare(tree->text.v[a], tree->text.v[b]);
}

static bool rank_texts(struct finish *f)
{
	struct cpi_tree *tree = f->tree;
	size_t n = tree->text.n;
	uint32_t *order = new_u32(f, n);
	bool ok = order != NULL;

	tree->rank = new_u32(f, n);
	ok = ok && tree->rank;
	for (size_t i = 0; ok && i < n; i++)
		order[i] = (uint32_t)i;
	ok = ok && cpi_sort_rows(f->mem, order, n, by_bytes, tree);
	for (size_t i = 0; ok && i < n; i++)
		tree->rank[order[i]] = (uint32_t)i;
	cpi_free(f->mem, order, n * sizeof *order);
	return ok;
}

/* Inclusive values of all columns together, in the rows' numbering. */
static bool weigh(struct finish *f)
{
	struct cpi_tree *tree = f->tree;

	f->weight = cpi_alloc_zero(f->mem, f->n * sizeof *f->weight);
	if (!f->weight)
		return false;
	for (size_t i = f->n; i--;) {
		for (unsigned c = 0; c < tree->columns; c++)
			if (__builtin_add_overflow(
				    f->weight[i], tree->value[c].v[i], &f->weight[i]))
				f->weight[i] = INT64_MAX;
		if (i && __builtin_add_overflow(f->weight[tree->row.v[i].parent],
				 f->weight[i], &f->weight[tree->row.v[i].parent]))
			f->weight[tree->row.v[i].parent] = INT64_MAX;
	}
	return true;
}

/* Buckets nodes by parent; a parent's children stand in the order they came. */
static void bucket(struct finish *f)
{
	const struct cpi_tree_row *row = f->tree->row.v;

	memset(f->first, 0, (f->n + 1) * sizeof *f->first);
	for (size_t i = 1; i < f->n; i++)
		f->first[row[i].parent + 1]++;
	for (size_t i = 1; i <= f->n; i++)
		f->first[i] += f->first[i - 1];
	for (size_t i = 1; i < f->n; i++)
		f->sorted[f->first[row[i].parent]++] = (uint32_t)i;
	/* Each start has moved to the next one's place. */
	memmove(f->first + 1, f->first, f->n * sizeof *f->first);
	f->first[0] = 0;
}

static int by_order(void *arg, uint32_t a, uint32_t b)
{
	const struct finish *f = arg;
	const struct cpi_tree *tree = f->tree;
	uint32_t rank_a = tree->rank[tree->row.v[a].name];
	uint32_t rank_b = tree->rank[tree->row.v[b].name];

	if (f->weight && f->weight[a] != f->weight[b])
		return f->weight[a] > f->weight[b] ? -1 : 1;
	return (rank_a > rank_b) - (rank_a < rank_b);
}

/* Siblings are few, nearly always; thousands take the sort that bounds its steps. */
static bool sort_siblings(struct finish *f)
{
	for (size_t p = 0; p < f->n; p++) {
		uint32_t *child = f->sorted + f->first[p];
		size_t n = f->first[p + 1] - f->first[p];

		if (n > 24) {
			if (!cpi_sort_rows(f->mem, child, n, by_order, f))
				return false;
			continue;
		}
		for (size_t i = 1; i < n; i++) {
			uint32_t x = child[i];
			size_t at = i;

			for (; at && by_order(f, x, child[at - 1]) < 0; at--)
				child[at] = child[at - 1];
			child[at] = x;
		}
	}
	return true;
}

/*
 * Numbers depth first without a stack of its own: sizes of subtrees are known, so a
 * child's number is its parent's plus the sizes of the siblings before it, and parents
 * have smaller old ids than their children.
 */
static void number(struct finish *f, uint32_t *size)
{
	const struct cpi_tree_row *row = f->tree->row.v;

	for (size_t i = 0; i < f->n; i++)
		size[i] = 1;
	for (size_t i = f->n - 1; i; i--)
		size[row[i].parent] += size[i];
	f->new_id[0] = 0;
	for (size_t i = 0; i < f->n; i++) {
		uint32_t next = f->new_id[i] + 1;

		for (uint32_t at = f->first[i]; at < f->first[i + 1]; at++) {
			f->new_id[f->sorted[at]] = next;
			next += size[f->sorted[at]];
		}
	}
}

static bool arrange(struct finish *f, enum cpi_tree_order order)
{
	uint32_t *size = new_u32(f, f->n);
	bool ok;

	f->sorted = new_u32(f, f->n);
	f->first = new_u32(f, f->n + 1);
	f->new_id = new_u32(f, f->n);
	ok = size && f->sorted && f->first && f->new_id && rank_texts(f) &&
		(order != CPI_TREE_BY_VALUE || weigh(f));
	if (ok)
		bucket(f);
	ok = ok && (order == CPI_TREE_BY_INPUT || sort_siblings(f));
	if (ok)
		number(f, size);
	cpi_free(f->mem, size, f->n * sizeof *size);
	cpi_free(f->mem, f->sorted, f->n * sizeof *f->sorted);
	cpi_free(f->mem, f->first, (f->n + 1) * sizeof *f->first);
	cpi_free(f->mem, f->weight, f->weight ? f->n * sizeof *f->weight : 0);
	return ok;
}

/* Moves rows into columns in their new order, giving memory back on the way. */
static bool move_rows(struct finish *f)
{
	struct cpi_tree *tree = f->tree;

	tree->parent = new_u32(f, f->n);
	tree->of = new_u32(f, f->n);
	if (!tree->parent || !tree->of)
		return false;
	for (size_t i = 0; i < f->n; i++) {
		tree->parent[f->new_id[i]] = f->new_id[tree->row.v[i].parent];
		tree->of[f->new_id[i]] = tree->row.v[i].frame;
	}
	cpi_vec_release(f->mem, &tree->row);
	if (tree->met.n) {
		tree->lines = cpi_alloc_zero(f->mem, f->n * sizeof *tree->lines);
		if (!tree->lines)
			return false;
		for (size_t i = 0; i < tree->met.n; i++)
			tree->lines[f->new_id[i]] = tree->met.v[i];
		cpi_vec_release(f->mem, &tree->met);
	}
	for (unsigned c = 0; c < tree->columns; c++) {
		tree->self[c] = cpi_alloc_array(f->mem, f->n, sizeof *tree->self[c]);
		if (!tree->self[c])
			return false;
		for (size_t i = 0; i < f->n; i++)
			tree->self[c][f->new_id[i]] = tree->value[c].v[i];
		cpi_vec_release(f->mem, &tree->value[c]);
	}
	return true;
}

static bool sum(struct finish *f, struct cp_error *err)
{
	struct cpi_tree *tree = f->tree;

	for (unsigned c = 0; c < tree->columns; c++) {
		int64_t *total = cpi_alloc_array(f->mem, f->n, sizeof *total);

		if (!total)
			return false;
		tree->total[c] = total;
		memcpy(total, tree->self[c], f->n * sizeof *total);
		for (size_t i = f->n - 1; i; i--)
			if (__builtin_add_overflow(total[tree->parent[i]], total[i],
				    &total[tree->parent[i]])) {
				(void)cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
					"a sum of sample values exceeds 64 bits");
				return false;
			}
	}
	return true;
}

static bool measure(struct finish *f)
{
	struct cpi_tree *tree = f->tree;

	tree->depth = new_u32(f, f->n);
	tree->end = new_u32(f, f->n);
	if (!tree->depth || !tree->end)
		return false;
	tree->depth[0] = 0;
	for (size_t i = 1; i < f->n; i++)
		tree->depth[i] = tree->depth[tree->parent[i]] + 1;
	for (size_t i = f->n; i--;)
		tree->end[i] = (uint32_t)i + 1;
	/* The last descendant's end reaches its ancestors from right to left. */
	for (size_t i = f->n - 1; i; i--)
		if (tree->end[tree->parent[i]] < tree->end[i])
			tree->end[tree->parent[i]] = tree->end[i];
	return true;
}

enum cp_code cpi_tree_finish(
	struct cpi_tree *tree, enum cpi_tree_order order, struct cp_error *err)
{
	struct cp_error here = {0};
	struct finish f = {.tree = tree, .mem = &tree->env->mem, .n = tree->row.n};
	bool ok;

	cpi_index_release(f.mem, &tree->nodes);
	cpi_index_release(f.mem, &tree->frames);
	cpi_index_release(f.mem, &tree->texts);
	tree->n = (uint32_t)f.n;
	ok = arrange(&f, order) && move_rows(&f);
	cpi_free(f.mem, f.new_id, f.n * sizeof *f.new_id);
	ok = ok && sum(&f, &here) && measure(&f);
	if (ok)
		return CP_OK;
	if (!here.code)
		(void)cpi_error_memory(&here);
	if (err)
		*err = here;
	return here.code;
}

void cpi_tree_release(struct cpi_tree *tree)
{
	struct cpi_mem *mem;

	if (!tree->env)
		return;
	mem = &tree->env->mem;
	cpi_index_release(mem, &tree->nodes);
	cpi_index_release(mem, &tree->frames);
	cpi_index_release(mem, &tree->texts);
	cpi_vec_release(mem, &tree->row);
	cpi_vec_release(mem, &tree->met);
	cpi_free(mem, tree->lines, tree->lines ? tree->n * sizeof *tree->lines : 0);
	for (unsigned c = 0; c < CPI_TREE_COLUMNS; c++) {
		cpi_vec_release(mem, &tree->value[c]);
		cpi_free(mem, tree->self[c], tree->n * sizeof *tree->self[c]);
		cpi_free(mem, tree->total[c], tree->n * sizeof *tree->total[c]);
	}
	cpi_free(mem, tree->parent, tree->n * sizeof *tree->parent);
	cpi_free(mem, tree->of, tree->n * sizeof *tree->of);
	cpi_free(mem, tree->depth, tree->n * sizeof *tree->depth);
	cpi_free(mem, tree->end, tree->n * sizeof *tree->end);
	cpi_free(mem, tree->rank, tree->text.n * sizeof *tree->rank);
	cpi_vec_release(mem, &tree->text);
	cpi_vec_release(mem, &tree->frame);
	cpi_arena_release(&tree->bytes);
	memset(tree, 0, sizeof *tree);
}
