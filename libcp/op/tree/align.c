/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two builds of one program draw one shape in two ways: a frame was inlined or outlined,
 * a function has another name, a call moved. Where a node has one side only and the tree
 * around it says what became of it, the sides are brought together, so that a difference
 * shows what changed and not how it was compiled. What nothing explains stays as it is.
 */
#include <math.h>

#include "op/tree/tree.h"

/* Rounds: what one brings together another may continue below. */
enum { MOST_ROUNDS = 12, MOST_PAIRS = 64 };

/* Nodes below this part of their side are left alone: in pictures, and where only the paths
 * of changes of half a percent are looked for. */
#define LEAST_DRAWN 0.0005
#define LEAST_TOLD 0.002

struct align {
	struct cpi_tree *tree;
	struct cpi_mem *mem;
	size_t n;
	double least;
	double *total[2];        /* by row, as parts of the column's whole */
	double *spare[2];        /* own value that a one-sided child may have become */
	uint32_t *head, *next;   /* children */
	uint32_t *parent, *name; /* as decided */
	uint8_t *drop;           /* the frame goes, what is below it stays */
	size_t decisions;
};

static bool align_init(struct align *a, struct cpi_tree *tree, double least)
{
	size_t n = tree->row.n;

	*a = (struct align){.tree = tree, .mem = &tree->env->mem, .n = n, .least = least};
	for (int c = 0; c < 2; c++) {
		a->total[c] = cpi_alloc_array(a->mem, n, sizeof *a->total[c]);
		a->spare[c] = cpi_alloc_array(a->mem, n, sizeof *a->spare[c]);
	}
	a->head = cpi_alloc_zero(a->mem, n * sizeof *a->head);
	a->next = cpi_alloc_zero(a->mem, n * sizeof *a->next);
	a->parent = cpi_alloc_array(a->mem, n, sizeof *a->parent);
	a->name = cpi_alloc_array(a->mem, n, sizeof *a->name);
	a->drop = cpi_alloc_zero(a->mem, n);
	return a->total[0] && a->total[1] && a->spare[0] && a->spare[1] && a->head &&
	       a->next && a->parent && a->name && a->drop;
}

static void align_release(struct align *a)
{
	for (int c = 0; c < 2; c++) {
		cpi_free(a->mem, a->total[c], a->n * sizeof *a->total[c]);
		cpi_free(a->mem, a->spare[c], a->n * sizeof *a->spare[c]);
	}
	cpi_free(a->mem, a->head, a->n * sizeof *a->head);
	cpi_free(a->mem, a->next, a->n * sizeof *a->next);
	cpi_free(a->mem, a->parent, a->n * sizeof *a->parent);
	cpi_free(a->mem, a->name, a->n * sizeof *a->name);
	cpi_free(a->mem, a->drop, a->n);
}

/* Rows stand behind their parents, so one turn from the end sums them up. */
static void measure(struct align *a)
{
	const struct cpi_tree *t = a->tree;

	for (int c = 0; c < 2; c++) {
		for (size_t i = 0; i < a->n; i++)
			a->total[c][i] = (double)t->value[c].v[i];
		for (size_t i = a->n; i-- > 1;)
			a->total[c][t->row.v[i].parent] += a->total[c][i];
		for (size_t i = a->n; i-- > 0;)
			a->total[c][i] /= a->total[c][0] > 0 ? a->total[c][0] : 1;
	}
	for (size_t i = a->n; i-- > 0;) {
		a->parent[i] = t->row.v[i].parent;
		a->name[i] = t->row.v[i].name;
		if (!i)
			continue;
		a->next[i] = a->head[a->parent[i]];
		a->head[a->parent[i]] = (uint32_t)i;
	}
	/* What a side has more of than the other in a node itself. */
	for (size_t i = 0; i < a->n; i++) {
		double own[2];

		for (int c = 0; c < 2; c++) {
			own[c] = a->total[c][i];
			for (uint32_t k = a->head[i]; k; k = a->next[k])
				own[c] -= a->total[c][k];
		}
		a->spare[0][i] = own[0] - own[1];
		a->spare[1][i] = own[1] - own[0];
	}
}

/* The only column in which it is; -1: both, or too small, or decided. */
static int only(const struct align *a, uint32_t i)
{
	for (int c = 0; c < 2; c++)
		if (a->total[!c][i] == 0 && a->total[c][i] >= a->least && !a->drop[i] &&
			a->name[i] == a->tree->row.v[i].name &&
			a->parent[i] == a->tree->row.v[i].parent)
			return c;
	return -1;
}

static void drop(struct align *a, uint32_t i)
{
	a->drop[i] = 1;
	a->decisions++;
}

static struct cp_text text_of(const struct align *a, uint32_t i)
{
	return a->tree->text.v[a->tree->row.v[i].name];
}

/* Names of which one was made from the other: their ends are two thirds of the shorter.
 */
static bool similar(struct cp_text x, struct cp_text y)
{
	size_t least = x.n < y.n ? x.n : y.n, start = 0, end = 0;

	while (start < least && x.p[start] == y.p[start])
		start++;
	while (end < least - start && x.p[x.n - 1 - end] == y.p[y.n - 1 - end])
		end++;
	return least > 1 && 3 * (start + end) >= 2 * least;
}

/* How much of i's children in column c have namesakes among k's in the other. */
static double shared(const struct align *a, uint32_t i, uint32_t k, int c)
{
	double sum = 0;
	unsigned turns = 0;

	for (uint32_t x = a->head[i]; x && turns < MOST_PAIRS; x = a->next[x], turns++)
		for (uint32_t y = a->head[k], n = 0; y && n < MOST_PAIRS;
			y = a->next[y], n++)
			if (a->tree->row.v[x].name == a->tree->row.v[y].name &&
				a->total[c][x] > 0 && a->total[!c][y] > 0) {
				sum += a->total[c][x];
				break;
			}
	return sum;
}

/* A frame of one side between two that both have: what it calls stands beside it there.
 */
static bool between(struct align *a, uint32_t i, int c)
{
	uint32_t above = a->tree->row.v[i].parent;

	if (!a->head[i] || shared(a, i, above, c) < 0.5 * a->total[c][i])
		return false;
	drop(a, i);
	return true;
}

/* A neighbour of the other side that is the same under another name. */
static bool renamed(struct align *a, uint32_t i, int c)
{
	uint32_t above = a->tree->row.v[i].parent, turns = 0;

	for (uint32_t k = a->head[above]; k && turns < MOST_PAIRS;
		k = a->next[k], turns++) {
		if (k == i || only(a, k) != !c)
			continue;
		if (!similar(text_of(a, i), text_of(a, k)) &&
			(!a->head[i] || shared(a, i, k, c) < 0.5 * a->total[c][i]))
			continue;
		/* The build after, the column of which callers decide, names it. */
		a->name[i] = a->name[k] = a->tree->row.v[c ? k : i].name;
		a->decisions++;
		return true;
	}
	return false;
}

/* A one-sided subtree without what both have: its caller has it in itself now. */
static bool absorbed(struct align *a, uint32_t i, int c)
{
	uint32_t above = a->tree->row.v[i].parent;

	if (!above || a->spare[!c][above] < 0.5 * a->total[c][i])
		return false;
	a->spare[!c][above] -= a->total[c][i];
	drop(a, i);
	return true;
}

/* The same function elsewhere on the other side: the call moved. */
static bool moved(struct align *a, uint32_t i, int c, const uint32_t *where)
{
	uint32_t k = where[a->tree->row.v[i].name];

	if (c || !k || k == i || only(a, k) != 1 ||
		only(a, a->tree->row.v[k].parent) >= 0 ||
		fabs(a->total[0][i] - a->total[1][k]) > 0.5 * a->total[0][i])
		return false;
	/* The side before is drawn where the side after is, so that widths add up. */
	a->parent[k] = a->tree->row.v[i].parent;
	a->decisions++;
	return true;
}

/* Two programs: the frames that only bear their names. */
static void other_programs(struct align *a)
{
	uint32_t root[2] = {0, 0};

	for (uint32_t k = a->head[0]; k; k = a->next[k]) {
		int c = only(a, k);

		if (c >= 0 && a->total[c][k] > 0.9 && a->head[k])
			root[c] = k;
	}
	if (root[0] && root[1] &&
		shared(a, root[0], root[1], 0) >= 0.5 * a->total[0][root[0]]) {
		drop(a, root[0]);
		drop(a, root[1]);
	}
}

/* The largest one-sided node of each name in column 1, by name. */
static uint32_t *largest(const struct align *a)
{
	uint32_t *where = cpi_alloc_zero(a->mem, a->tree->text.n * sizeof *where);

	for (uint32_t i = 1; where && i < a->n; i++) {
		uint32_t *best = &where[a->tree->row.v[i].name];

		if (only(a, i) == 1 && (!*best || a->total[1][i] > a->total[1][*best]))
			*best = i;
	}
	return where;
}

static bool decide(struct align *a, bool moves)
{
	uint32_t *where = largest(a);

	if (!where)
		return false;
	other_programs(a);
	for (uint32_t i = 1; i < a->n; i++) {
		uint32_t above = a->tree->row.v[i].parent;
		int c = only(a, i);

		/* Below what has one side itself nothing is there to be compared with. */
		if (c < 0 || a->drop[above] || only(a, above) >= 0)
			continue;
		/* A clone below its own function. */
		if (a->tree->row.v[i].name == a->tree->row.v[above].name)
			drop(a, i);
		else if (!between(a, i, c) && !renamed(a, i, c) && !absorbed(a, i, c) &&
			 moves)
			(void)moved(a, i, c, where);
	}
	cpi_free(a->mem, where, a->tree->text.n * sizeof *where);
	return true;
}

/* Rows anew, as decided: from the root down, equal names under one parent made one. */
struct rebuild {
	struct align *a;
	struct cpi_index index;
	CPI_VEC(struct cpi_tree_row) row;
	CPI_VEC(int64_t) value[2];
	CPI_VEC(struct cpi_tree_lines) met;
	uint32_t *id; /* of the old rows */
	uint32_t *queue;
};

static bool put(struct rebuild *b, uint32_t i)
{
	struct align *a = b->a;
	const struct cpi_tree_row *old = &a->tree->row.v[i];
	uint32_t above = b->id[a->parent[i]], id;
	uint64_t hash = cpi_hash_mix(above, a->name[i]);
	struct cpi_probe probe = cpi_index_find(&b->index, hash);

	if (a->drop[i]) {
		b->id[i] = above;
		return true;
	}
	while ((id = cpi_index_next(&b->index, &probe)))
		if (b->row.v[id].parent == above && b->row.v[id].name == a->name[i]) {
			b->id[i] = id;
			return true;
		}
	id = (uint32_t)b->row.n;
	b->id[i] = id;
	return cpi_vec_push(a->mem, &b->row,
		       ((struct cpi_tree_row){above, a->name[i], old->frame, 0})) &&
	       cpi_vec_push(a->mem, &b->value[0], 0) &&
	       cpi_vec_push(a->mem, &b->value[1], 0) &&
	       (!a->tree->met.n ||
		       cpi_vec_push(a->mem, &b->met, (struct cpi_tree_lines){0})) &&
	       cpi_index_add(a->mem, &b->index, hash, id);
}

static void take(struct rebuild *b, uint32_t i)
{
	const struct cpi_tree *t = b->a->tree;
	uint32_t id = b->id[i];

	for (int c = 0; c < 2; c++)
		b->value[c].v[id] += t->value[c].v[i];
	if (i < t->met.n && t->met.v[i].first) {
		struct cpi_tree_lines *met = &b->met.v[id];

		met->first = !met->first || t->met.v[i].first < met->first
				     ? t->met.v[i].first
				     : met->first;
		met->last = t->met.v[i].last > met->last ? t->met.v[i].last : met->last;
	}
}

/* Breadth first along the decided parents, so that these come before their children. */
static bool build(struct rebuild *b)
{
	struct align *a = b->a;
	size_t n = 1;

	memset(a->head, 0, a->n * sizeof *a->head);
	for (size_t i = a->n; i-- > 1;) {
		a->next[i] = a->head[a->parent[i]];
		a->head[a->parent[i]] = (uint32_t)i;
	}
	if (!cpi_vec_push(a->mem, &b->row, (struct cpi_tree_row){0}) ||
		!cpi_vec_push(a->mem, &b->value[0], 0) ||
		!cpi_vec_push(a->mem, &b->value[1], 0) ||
		(a->tree->met.n &&
			!cpi_vec_push(a->mem, &b->met, (struct cpi_tree_lines){0})))
		return false;
	b->id[0] = b->queue[0] = 0;
	take(b, 0);
	for (size_t at = 0; at < n; at++)
		for (uint32_t k = a->head[b->queue[at]]; k; k = a->next[k]) {
			if (!put(b, k))
				return false;
			take(b, k);
			b->queue[n++] = k;
		}
	return true;
}

static void swap_rows(struct rebuild *b)
{
	struct align *a = b->a;
	struct cpi_tree *t = a->tree;

	cpi_vec_release(a->mem, &t->row);
	cpi_vec_release(a->mem, &t->met);
	memcpy(&t->row, &b->row, sizeof t->row);
	memcpy(&t->met, &b->met, sizeof t->met);
	for (int c = 0; c < 2; c++) {
		cpi_vec_release(a->mem, &t->value[c]);
		memcpy(&t->value[c], &b->value[c], sizeof t->value[c]);
	}
	memset(&b->row, 0, sizeof b->row);
	memset(&b->met, 0, sizeof b->met);
	memset(b->value, 0, sizeof b->value);
}

static bool rebuild(struct align *a)
{
	struct rebuild b = {.a = a};
	bool fine;

	b.id = cpi_alloc_array(a->mem, a->n, sizeof *b.id);
	b.queue = cpi_alloc_array(a->mem, a->n, sizeof *b.queue);
	fine = b.id && b.queue && build(&b);
	if (fine)
		swap_rows(&b);
	cpi_vec_release(a->mem, &b.row);
	cpi_vec_release(a->mem, &b.met);
	cpi_vec_release(a->mem, &b.value[0]);
	cpi_vec_release(a->mem, &b.value[1]);
	cpi_index_release(a->mem, &b.index);
	cpi_free(a->mem, b.id, a->n * sizeof *b.id);
	cpi_free(a->mem, b.queue, a->n * sizeof *b.queue);
	return fine;
}

enum cp_code cpi_tree_align(struct cpi_tree *tree, bool moves, struct cp_error *err)
{
	bool fine = true;

	for (unsigned turn = 0; fine && turn < MOST_ROUNDS; turn++) {
		struct align a;
		size_t decisions;

		fine = align_init(&a, tree, moves ? LEAST_DRAWN : LEAST_TOLD);
		if (fine)
			measure(&a);
		fine = fine && decide(&a, moves) && (!a.decisions || rebuild(&a));
		decisions = a.decisions;
		align_release(&a);
		tree->aligned += decisions;
		if (!decisions)
			break;
	}
	return fine ? CP_OK : cpi_error_memory(err);
}
