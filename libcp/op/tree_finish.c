/* SPDX-License-Identifier: Apache-2.0 */
#include "op/tree.h"

#include "base/radix.h"
#include "base/sort.h"

/* Old node ids, and arrays by old id, while nodes are renumbered depth first. */
struct finish {
	struct cpi_tree *tree;
	struct cpi_mem *mem;
	size_t n;
	uint32_t *sorted; /* all nodes by parent, siblings in their order */
	uint32_t *first;  /* n + 1: where a node's children start in `sorted` */
	uint32_t *new_id;
	uint64_t *key;
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

	for (size_t i = 0; ok && i < n; i++)
		order[i] = (uint32_t)i;
	ok = ok && cpi_sort_rows(f->mem, order, n, by_bytes, tree);
	for (size_t i = 0; ok && i < n; i++)
		tree->rank[order[i]] = (uint32_t)i;
	cpi_free(f->mem, order, n * sizeof *order);
	return ok;
}

/* Totals in the old numbering, which puts parents before children, too. */
static bool sum(struct finish *f, struct cp_error *err)
{
	struct cpi_tree *tree = f->tree;

	for (unsigned c = 0; c < tree->columns; c++) {
		int64_t *total = cpi_alloc_array(f->mem, f->n, sizeof *total);

		if (!total)
			return false;
		tree->total[c] = total;
		memcpy(total, tree->self[c].v, f->n * sizeof *total);
		for (size_t i = f->n - 1; i; i--)
			if (__builtin_add_overflow(total[tree->parent.v[i]], total[i],
				    &total[tree->parent.v[i]])) {
				(void)cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
					"a sum of sample values exceeds 64 bits");
				return false;
			}
	}
	return true;
}

/* Sorts by name, then (stable) by value if asked, then by parent. */
static bool sort(struct finish *f, enum cpi_tree_order order)
{
	struct cpi_tree *tree = f->tree;

	for (size_t i = 0; i < f->n; i++)
		f->sorted[i] = (uint32_t)i;
	for (size_t i = 0; i < f->n; i++)
		f->key[i] = tree->rank[tree->frame.v[tree->of.v[i]].name];
	if (order != CPI_TREE_BY_INPUT && !cpi_radix_sort(f->mem, f->sorted, f->n, f->key))
		return false;
	if (order == CPI_TREE_BY_VALUE) {
		for (size_t i = 0; i < f->n; i++) {
			uint64_t total = (uint64_t)tree->total[0][i];

			if (tree->columns > 1)
				total += (uint64_t)tree->total[1][i];
			f->key[i] = ~total;
		}
		if (!cpi_radix_sort(f->mem, f->sorted, f->n, f->key))
			return false;
	}
	f->key[0] = 0;
	for (size_t i = 1; i < f->n; i++)
		f->key[i] = (uint64_t)tree->parent.v[i] + 1;
	return cpi_radix_sort(f->mem, f->sorted, f->n, f->key);
}

static void find_children(struct finish *f)
{
	memset(f->first, 0, (f->n + 1) * sizeof *f->first);
	/* sorted[0] is the root; children of node p follow from first[p] on. */
	for (size_t i = 1; i < f->n; i++)
		f->first[f->tree->parent.v[i] + 1]++;
	f->first[0] = 1;
	for (size_t i = 1; i <= f->n; i++)
		f->first[i] += f->first[i - 1];
}

/*
 * Numbers depth first without a stack of its own: sizes of subtrees are known (in `size`),
 * so a child's number is its parent's plus the sizes of the siblings before it, and
 * parents have smaller old ids than their children.
 */
static void number(struct finish *f, uint32_t *size)
{
	struct cpi_tree *tree = f->tree;

	for (size_t i = 0; i < f->n; i++)
		size[i] = 1;
	for (size_t i = f->n - 1; i; i--)
		size[tree->parent.v[i]] += size[i];
	f->new_id[0] = 0;
	for (size_t i = 0; i < f->n; i++) {
		uint32_t next = f->new_id[i] + 1;

		for (uint32_t at = f->first[i]; at < f->first[i + 1]; at++) {
			f->new_id[f->sorted[at]] = next;
			next += size[f->sorted[at]];
		}
	}
	for (size_t i = 0; i < f->n; i++) {
		uint32_t id = f->new_id[i];

		tree->end[id] = id + size[i];
	}
}

static void move_u32(uint32_t *v, uint32_t *spare, const uint32_t *new_id, size_t n)
{
	for (size_t i = 0; i < n; i++)
		spare[new_id[i]] = v[i];
	memcpy(v, spare, n * sizeof *v);
}

static void move_i64(int64_t *v, uint64_t *spare, const uint32_t *new_id, size_t n)
{
	for (size_t i = 0; i < n; i++)
		spare[new_id[i]] = (uint64_t)v[i];
	memcpy(v, spare, n * sizeof *v);
}

static void renumber(struct finish *f, uint32_t *spare)
{
	struct cpi_tree *tree = f->tree;

	for (size_t i = 1; i < f->n; i++)
		tree->parent.v[i] = f->new_id[tree->parent.v[i]];
	move_u32(tree->parent.v, spare, f->new_id, f->n);
	move_u32(tree->of.v, spare, f->new_id, f->n);
	for (unsigned c = 0; c < tree->columns; c++) {
		move_i64(tree->self[c].v, f->key, f->new_id, f->n);
		move_i64(tree->total[c], f->key, f->new_id, f->n);
	}
	tree->depth[0] = 0;
	for (size_t i = 1; i < f->n; i++)
		tree->depth[i] = tree->depth[tree->parent.v[i]] + 1;
}

static bool run(struct finish *f, enum cpi_tree_order order, struct cp_error *err)
{
	struct cpi_tree *tree = f->tree;

	tree->rank = new_u32(f, tree->text.n);
	tree->depth = new_u32(f, f->n);
	tree->end = new_u32(f, f->n);
	f->sorted = new_u32(f, f->n);
	f->first = new_u32(f, f->n + 1);
	f->new_id = new_u32(f, f->n);
	f->key = cpi_alloc_array(f->mem, f->n, sizeof *f->key);
	if (!tree->rank || !tree->depth || !tree->end || !f->sorted || !f->first ||
		!f->new_id || !f->key)
		return false;
	if (!rank_texts(f) || !sum(f, err) || !sort(f, order))
		return false;
	find_children(f);
	number(f, tree->depth);
	renumber(f, f->sorted);
	return true;
}

enum cp_code cpi_tree_finish(
	struct cpi_tree *tree, enum cpi_tree_order order, struct cp_error *err)
{
	struct cp_error here = {0};
	struct finish f = {.tree = tree, .mem = &tree->env->mem, .n = tree->parent.n};
	bool ok;

	cpi_index_release(f.mem, &tree->nodes);
	cpi_index_release(f.mem, &tree->frames);
	cpi_index_release(f.mem, &tree->texts);
	tree->n = (uint32_t)f.n;
	ok = run(&f, order, &here);
	cpi_free(f.mem, f.sorted, f.n * sizeof *f.sorted);
	cpi_free(f.mem, f.first, (f.n + 1) * sizeof *f.first);
	cpi_free(f.mem, f.new_id, f.n * sizeof *f.new_id);
	cpi_free(f.mem, f.key, f.n * sizeof *f.key);
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
	struct cpi_mem *mem = &tree->env->mem;

	cpi_index_release(mem, &tree->nodes);
	cpi_index_release(mem, &tree->frames);
	cpi_index_release(mem, &tree->texts);
	cpi_vec_release(mem, &tree->parent);
	cpi_vec_release(mem, &tree->of);
	for (unsigned c = 0; c < CPI_TREE_COLUMNS; c++) {
		cpi_vec_release(mem, &tree->self[c]);
		cpi_free(mem, tree->total[c], tree->n * sizeof *tree->total[c]);
	}
	cpi_free(mem, tree->depth, tree->n * sizeof *tree->depth);
	cpi_free(mem, tree->end, tree->n * sizeof *tree->end);
	cpi_free(mem, tree->rank, tree->text.n * sizeof *tree->rank);
	cpi_vec_release(mem, &tree->text);
	cpi_vec_release(mem, &tree->frame);
	cpi_arena_release(&tree->bytes);
	memset(tree, 0, sizeof *tree);
}
