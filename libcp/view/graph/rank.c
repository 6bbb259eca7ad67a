/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranks by the network simplex: the sum of the links' lengths, by weight, becomes least.
 * A spanning tree of links as short as can be gives ranks; a tree link of negative cut
 * value leaves, the tightest link that joins the two halves enters, until there is none.
 */
#include "view/graph/parts.h"

/*
 * Node 0 is above all roots, boxes are nodes from 1 on; links of weight 0 to the roots
 * make the graph connected. The tree's nodes have numbers (lim) in postorder, so that the
 * nodes below one are those from its low to its lim.
 */
struct simplex {
	struct cpi_sketch *s;
	size_t n, m;
	struct cpi_link *e;
	int64_t *cut; /* by link, of the tree */
	bool *tree;   /* by link */
	int32_t *rank;
	uint32_t *first, *at; /* links at each node */
	uint32_t *parent;     /* link towards the tree's root */
	uint32_t *low, *lim;
	uint32_t *stack, *order;
	uint32_t from; /* where the search for a link to leave goes on */
};

#define NO_LINK UINT32_MAX
/* A pass over all links for each turn: enough for 2,000 boxes and 8,000 links. */
enum { BUDGET = 40000000 };

static int32_t slack(const struct simplex *x, uint32_t link)
{
	return x->rank[x->e[link].to] - x->rank[x->e[link].from] - 1;
}

static uint32_t other(const struct simplex *x, uint32_t link, uint32_t node)
{
	return x->e[link].from == node ? x->e[link].to : x->e[link].from;
}

/* Longest paths from above; `low` counts arcs not yet seen. */
static void first_ranks(struct simplex *x)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < x->m; i++)
		x->low[x->e[i].to]++;
	x->order[n++] = 0;
	while (at < n) {
		uint32_t node = x->order[at++];

		for (uint32_t k = x->first[node]; k < x->first[node + 1]; k++) {
			const struct cpi_link *e = &x->e[x->at[k]];

			if (e->from != node)
				continue;
			if (x->rank[e->to] < x->rank[node] + 1)
				x->rank[e->to] = x->rank[node] + 1;
			if (!--x->low[e->to])
				x->order[n++] = e->to;
		}
	}
}

/* Adds what tight links reach from the nodes order[at…]; `lim` marks the tree's nodes. */
static size_t grow(struct simplex *x, size_t at, size_t n)
{
	while (at < n) {
		uint32_t node = x->order[at++];

		for (uint32_t k = x->first[node]; k < x->first[node + 1]; k++) {
			uint32_t link = x->at[k], to = other(x, link, node);

			if (x->lim[to] || slack(x, link))
				continue;
			x->lim[to] = 1;
			x->tree[link] = true;
			x->order[n++] = to;
		}
	}
	return n;
}

static void first_tree(struct simplex *x)
{
	size_t n = 1, done = 0;

	x->order[0] = 0;
	x->lim[0] = 1;
	for (;;) {
		int32_t least = INT32_MAX;

		n = grow(x, done, n);
		if (n == x->n)
			return;
		for (uint32_t i = 0; i < x->m; i++) {
			bool from = x->lim[x->e[i].from], to = x->lim[x->e[i].to];

			if (from == to)
				continue;
			/* Positive: the tree moves down; negative: up. */
			if (slack(x, i) < (least < 0 ? -least : least))
				least = from ? slack(x, i) : -slack(x, i);
		}
		for (size_t i = 0; i < n; i++)
			x->rank[x->order[i]] += least;
		x->s->steps += x->m + n;
	}
}

/* Numbers the tree in postorder from node 0 on, without recursion. */
static void number_tree(struct simplex *x)
{
	uint32_t number = 1;
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		x->order[i] = x->first[i];
	x->parent[0] = NO_LINK;
	x->low[0] = number;
	x->stack[n++] = 0;
	while (n) {
		uint32_t node = x->stack[n - 1], link, to;

		if (x->order[node] == x->first[node + 1]) {
			x->lim[node] = number++;
			n--;
			continue;
		}
		link = x->at[x->order[node]++];
		if (!x->tree[link] || link == x->parent[node])
			continue;
		to = other(x, link, node);
		x->parent[to] = link;
		x->low[to] = number;
		x->stack[n++] = to;
	}
}

static bool below(const struct simplex *x, uint32_t node, uint32_t top)
{
	return x->low[top] <= x->lim[node] && x->lim[node] <= x->lim[top];
}

/* The end of a tree link that is away from the root. */
static uint32_t child(const struct simplex *x, uint32_t link)
{
	return x->parent[x->e[link].from] == link ? x->e[link].from : x->e[link].to;
}

/*
 * Cut values from the leaves up: all links at a node sum up what crosses the cut above
 * it, those of its children inside cancel.
 */
static void first_cuts(struct simplex *x)
{
	for (size_t i = 0; i < x->n; i++)
		x->order[x->lim[i] - 1] = (uint32_t)i;
	for (size_t i = 0; i + 1 < x->n; i++) {
		uint32_t node = x->order[i], up = x->parent[node];
		bool out = x->e[up].from == node;
		int64_t cut = x->e[up].weight;

		for (uint32_t k = x->first[node]; k < x->first[node + 1]; k++) {
			uint32_t link = x->at[k];
			bool same = (x->e[link].from == node) == out;

			if (link == up)
				continue;
			cut += same ? x->e[link].weight : -(int64_t)x->e[link].weight;
			if (x->tree[link])
				cut -= same ? x->cut[link] : -x->cut[link];
		}
		x->cut[up] = cut;
	}
}

/* The most negative of the next few negative ones: as good as the best, and found sooner.
 */
static uint32_t leaving(struct simplex *x)
{
	enum { FEW = 30 };
	uint32_t best = NO_LINK;
	unsigned found = 0;

	for (size_t i = 0; i < x->m && found < FEW; i++) {
		uint32_t link = x->from;

		x->from = x->from + 1 == x->m ? 0 : x->from + 1;
		x->s->steps++;
		if (!x->tree[link] || x->cut[link] >= 0)
			continue;
		if (best == NO_LINK || x->cut[link] < x->cut[best])
			best = link;
		found++;
	}
	return best;
}

/* The tightest link from the head's half of the tree to the tail's. */
static uint32_t entering(struct simplex *x, uint32_t leave)
{
	uint32_t top = child(x, leave), best = NO_LINK;
	bool out = x->e[leave].from == top;

	for (uint32_t i = 0; i < x->m; i++) {
		bool from = below(x, x->e[i].from, top), to = below(x, x->e[i].to, top);

		if (x->tree[i] || from == to || from == out)
			continue;
		if (best == NO_LINK || slack(x, i) < slack(x, best))
			best = i;
	}
	x->s->steps += x->m;
	return best;
}

/* Adds to the cut values from a node up to where `end` is below; returns that node. */
static uint32_t add_cuts(
	struct simplex *x, uint32_t node, uint32_t end, int64_t cut, bool down)
{
	while (!below(x, end, node)) {
		uint32_t link = x->parent[node];
		bool add = (x->e[link].from == node) == down;

		x->cut[link] += add ? cut : -cut;
		node = other(x, link, node);
	}
	return node;
}

static void exchange(struct simplex *x, uint32_t leave, uint32_t enter)
{
	int64_t cut = x->cut[leave];
	uint32_t top = child(x, leave);
	int32_t move = slack(x, enter);

	if (below(x, x->e[enter].to, top))
		move = -move;
	for (size_t i = 0; move && i < x->n; i++)
		if (below(x, (uint32_t)i, top))
			x->rank[i] += move;
	add_cuts(x, x->e[enter].from, x->e[enter].to, cut, true);
	add_cuts(x, x->e[enter].to, x->e[enter].from, cut, false);
	x->cut[enter] = -cut;
	x->cut[leave] = 0;
	x->tree[leave] = false;
	x->tree[enter] = true;
	number_tree(x);
	x->s->steps += x->n * 4;
}

static void solve(struct simplex *x)
{
	uint64_t end = x->s->steps + BUDGET;
	uint32_t leave, enter;

	first_ranks(x);
	first_tree(x);
	number_tree(x);
	first_cuts(x);
	while (x->s->steps < end && (leave = leaving(x)) != NO_LINK) {
		enter = entering(x, leave);
		if (enter == NO_LINK)
			return;
		exchange(x, leave, enter);
	}
}

/* Each component of the graph begins at rank 0: links of weight 0 hold nothing. */
static void lift(struct simplex *x)
{
	memset(x->lim, 0, x->n * sizeof *x->lim);
	x->lim[0] = 1;
	for (size_t root = 1; root < x->n; root++) {
		size_t n = 0, at = 0;
		int32_t least = INT32_MAX;

		if (x->lim[root])
			continue;
		x->order[n++] = (uint32_t)root;
		x->lim[root] = 1;
		while (at < n) {
			uint32_t node = x->order[at++];

			least = x->rank[node] < least ? x->rank[node] : least;
			for (uint32_t k = x->first[node]; k < x->first[node + 1]; k++) {
				uint32_t to = other(x, x->at[k], node);

				if (x->lim[to])
					continue;
				x->lim[to] = 1;
				x->order[n++] = to;
			}
		}
		for (size_t i = 0; i < n; i++)
			x->rank[x->order[i]] -= least;
	}
}

/*
 * A box whose links pull up as much as down goes to the rank, of those it may have, with
 * least in it.
 */
static void balance(struct simplex *x, const bool *linked, int64_t *width)
{
	for (size_t i = 1; i < x->n; i++)
		if (linked[i - 1])
			width[x->rank[i]] += x->s->layout->box[i - 1].w;
	for (size_t i = 1; i < x->n; i++) {
		int64_t in = 0, out = 0, w = x->s->layout->box[i - 1].w;
		int32_t low = 0, high = INT32_MAX, best = x->rank[i];

		for (uint32_t k = x->first[i]; k < x->first[i + 1]; k++) {
			const struct cpi_link *e = &x->e[x->at[k]];

			if (e->to == i && e->from) {
				in += e->weight;
				if (x->rank[e->from] + 1 > low)
					low = x->rank[e->from] + 1;
			} else if (e->from == i) {
				out += e->weight;
				if (x->rank[e->to] - 1 < high)
					high = x->rank[e->to] - 1;
			}
		}
		if (in != out || !in)
			continue;
		for (int32_t r = low; r <= high; r++)
			if (width[r] + w * (r != x->rank[i]) <
				width[best] + w * (best != x->rank[i]))
				best = r;
		width[x->rank[i]] -= w;
		x->rank[i] = best;
		width[best] += w;
	}
}

/* Boxes without links fill rows below the others, as wide as the widest rank. */
static void shelve(struct cpi_sketch *s, const bool *linked, const int64_t *width)
{
	struct cpi_layout *l = s->layout;
	int64_t most = 0, now = INT64_MAX;

	for (uint32_t r = 0; r < s->n_ranks; r++)
		most = width[r] > most ? width[r] : most;
	for (size_t i = 0; i < l->n_boxes; i++) {
		if (linked[i])
			continue;
		if (now > most) {
			s->n_ranks++;
			now = 0;
		}
		now += l->box[i].w;
		l->box[i].rank = s->n_ranks - 1;
	}
}

static bool simplex_init(struct simplex *x, bool *root)
{
	struct cpi_sketch *s = x->s;
	struct cpi_mem *mem = s->mem;
	size_t n = x->n, m = s->link.n;

	for (size_t i = 0; i < n; i++)
		root[i] = i > 0;
	for (size_t i = 0; i < s->link.n; i++)
		root[s->link.v[i].to + 1] = false;
	for (size_t i = 0; i < n; i++)
		m += root[i];
	x->m = m;
	x->e = cpi_alloc_array(mem, m, sizeof *x->e);
	x->cut = cpi_alloc_zero(mem, m * sizeof *x->cut);
	x->tree = cpi_alloc_zero(mem, m);
	x->at = cpi_alloc_array(mem, 2 * m, sizeof *x->at);
	if (!x->e || !x->cut || !x->tree || !x->at)
		return false;
	for (m = 0; m < s->link.n; m++)
		x->e[m] = (struct cpi_link){.from = s->link.v[m].from + 1,
			.to = s->link.v[m].to + 1,
			.weight = s->link.v[m].weight};
	for (size_t i = 0; i < n; i++)
		if (root[i])
			x->e[m++] = (struct cpi_link){.to = (uint32_t)i};
	for (size_t i = 0; i < m; i++) {
		x->first[x->e[i].from + 1]++;
		x->first[x->e[i].to + 1]++;
	}
	for (size_t i = 0; i < n; i++)
		x->first[i + 1] += x->first[i];
	memcpy(x->order, x->first, n * sizeof *x->order);
	for (size_t i = 0; i < m; i++) {
		x->at[x->order[x->e[i].from]++] = (uint32_t)i;
		x->at[x->order[x->e[i].to]++] = (uint32_t)i;
	}
	return true;
}

static void simplex_release(struct simplex *x, uint32_t *block, size_t size)
{
	struct cpi_mem *mem = x->s->mem;

	cpi_free(mem, x->e, x->m * sizeof *x->e);
	cpi_free(mem, x->cut, x->m * sizeof *x->cut);
	cpi_free(mem, x->tree, x->m);
	cpi_free(mem, x->at, 2 * x->m * sizeof *x->at);
	cpi_free(mem, block, size);
}

enum cp_code cpi_layout_ranks(struct cpi_sketch *s, struct cp_error *err)
{
	struct cpi_layout *l = s->layout;
	struct simplex x = {.s = s, .n = l->n_boxes + 1};
	/* Seven arrays of numbers by node, and two of flags. */
	size_t each = x.n + 1, size = each * 9 * sizeof(uint32_t);
	uint32_t *block = cpi_alloc_zero(s->mem, size);
	int64_t *width = cpi_alloc_zero(s->mem, each * sizeof *width);
	bool fine = block && width, *linked = (bool *)(block + 8 * each);

	if (fine) {
		x.rank = (int32_t *)block;
		x.first = block + each;
		x.parent = block + 2 * each;
		x.low = block + 3 * each;
		x.lim = block + 4 * each;
		x.stack = block + 5 * each;
		x.order = block + 6 * each;
		fine = simplex_init(&x, (bool *)(block + 7 * each));
	}
	if (fine) {
		solve(&x);
		lift(&x);
		for (size_t i = 0; i < s->link.n; i++)
			linked[s->link.v[i].from] = linked[s->link.v[i].to] = true;
		balance(&x, linked, width);
		for (size_t i = 0; i < l->n_boxes; i++) {
			l->box[i].rank = (uint32_t)x.rank[i + 1];
			if (linked[i] && l->box[i].rank >= s->n_ranks)
				s->n_ranks = l->box[i].rank + 1;
		}
		shelve(s, linked, width);
	}
	cpi_free(s->mem, width, each * sizeof *width);
	simplex_release(&x, block, size);
	return fine ? CP_OK : cpi_error_memory(err);
}
