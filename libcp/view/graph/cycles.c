/* SPDX-License-Identifier: Apache-2.0 */
/* Links out of arcs: parallel ones become one, and cycles are broken. */
#include <stdlib.h>

#include "view/graph/parts.h"

/* A depth-first walk; `next` is where it stands among each box's arcs. */
struct walk {
	struct cpi_layout *l;
	uint32_t *first, *out; /* arcs by box, heaviest first */
	uint32_t *next, *stack;
	uint8_t *state; /* of boxes: not met, on the stack, done */
	bool *upwards;
};

enum { NEW, OPEN, DONE };

static int by_weight(const void *a, const void *b, void *arg)
{
	const struct cpi_layout *l = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct cpi_layout_arc *x = &l->arc[i], *y = &l->arc[j];
	int order = (x->from > y->from) - (x->from < y->from);

	if (!order)
		order = (x->weight < y->weight) - (x->weight > y->weight);
	return order ? order : (i > j) - (i < j);
}

static int by_importance(const void *a, const void *b, void *arg)
{
	const struct cpi_layout *l = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int64_t m = l->box[i].importance, n = l->box[j].importance;
	int order = (m < n) - (m > n);

	return order ? order : (i > j) - (i < j);
}

/* An arc that leads back to where the walk came from is turned round. */
static void walk_from(struct walk *w, uint32_t root)
{
	size_t n = 0;

	w->stack[n++] = root;
	w->state[root] = OPEN;
	while (n) {
		uint32_t box = w->stack[n - 1], arc, to;

		if (w->next[box] == w->first[box + 1]) {
			w->state[box] = DONE;
			n--;
			continue;
		}
		arc = w->out[w->next[box]++];
		to = w->l->arc[arc].to;
		w->upwards[arc] = w->state[to] == OPEN;
		if (w->state[to] == NEW) {
			w->state[to] = OPEN;
			w->stack[n++] = to;
		}
	}
}

static void break_cycles(struct walk *w, uint32_t *root)
{
	struct cpi_layout *l = w->l;
	size_t n = l->n_boxes;

	for (size_t i = 0; i < l->n_arcs; i++) {
		w->out[i] = (uint32_t)i;
		w->first[l->arc[i].from + 1]++;
	}
	for (size_t i = 0; i < n; i++) {
		w->first[i + 1] += w->first[i];
		root[i] = (uint32_t)i;
	}
	if (l->n_arcs)
		qsort_r(w->out, l->n_arcs, sizeof *w->out, by_weight, l);
	if (n)
		qsort_r(root, n, sizeof *root, by_importance, l);
	for (size_t i = 0; i < n; i++)
		w->next[i] = w->first[i];
	for (size_t i = 0; i < n; i++)
		if (w->state[root[i]] == NEW)
			walk_from(w, root[i]);
}

static int by_ends(const void *a, const void *b, void *arg)
{
	const struct cpi_sketch *s = arg;
	const struct cpi_layout_arc *arc = s->layout->arc;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	uint32_t from[2] = {s->upwards[i] ? arc[i].to : arc[i].from,
		s->upwards[j] ? arc[j].to : arc[j].from};
	uint32_t to[2] = {s->upwards[i] ? arc[i].from : arc[i].to,
		s->upwards[j] ? arc[j].from : arc[j].to};
	int order = (from[0] > from[1]) - (from[0] < from[1]);

	if (!order)
		order = (to[0] > to[1]) - (to[0] < to[1]);
	return order ? order : (i > j) - (i < j);
}

/* `list` are all arcs, in any order. */
static bool join(struct cpi_sketch *s, uint32_t *list)
{
	struct cpi_layout *l = s->layout;

	if (l->n_arcs)
		qsort_r(list, l->n_arcs, sizeof *list, by_ends, s);
	for (size_t i = 0; i < l->n_arcs; i++) {
		const struct cpi_layout_arc *arc = &l->arc[list[i]];
		bool up = s->upwards[list[i]];
		struct cpi_link link = {.from = up ? arc->to : arc->from,
			.to = up ? arc->from : arc->to,
			.weight = arc->weight ? arc->weight : 1};
		struct cpi_link *last = s->link.n ? &s->link.v[s->link.n - 1] : NULL;

		if (link.from == link.to) {
			s->link_of[list[i]] = UINT32_MAX;
			continue;
		}
		if (last && last->from == link.from && last->to == link.to)
			last->weight += link.weight < 1000 ? link.weight : 1000;
		else if (!cpi_vec_push(s->mem, &s->link, link))
			return false;
		s->link_of[list[i]] = (uint32_t)s->link.n - 1;
	}
	for (size_t i = 0; i < s->link.n; i++)
		if (s->link.v[i].weight > 1000)
			s->link.v[i].weight = 1000;
	return true;
}

enum cp_code cpi_layout_links(struct cpi_sketch *s, struct cp_error *err)
{
	struct cpi_layout *l = s->layout;
	size_t n = l->n_boxes, size = n * sizeof(uint32_t);
	struct walk w = {.l = l,
		.upwards = s->upwards,
		.first = cpi_alloc_zero(s->mem, size + sizeof(uint32_t)),
		.out = cpi_alloc_array(s->mem, l->n_arcs, sizeof(uint32_t)),
		.next = cpi_alloc_zero(s->mem, size),
		.stack = cpi_alloc(s->mem, size),
		.state = cpi_alloc_zero(s->mem, n)};
	uint32_t *root = cpi_alloc(s->mem, size);
	bool fine = w.first && w.out && w.next && w.stack && w.state && root;

	if (fine) {
		break_cycles(&w, root);
		fine = join(s, w.out);
	}
	cpi_free(s->mem, w.first, size + sizeof(uint32_t));
	cpi_free(s->mem, w.out, l->n_arcs * sizeof(uint32_t));
	cpi_free(s->mem, w.next, size);
	cpi_free(s->mem, w.stack, size);
	cpi_free(s->mem, w.state, n);
	cpi_free(s->mem, root, size);
	return fine ? CP_OK : cpi_error_memory(err);
}
