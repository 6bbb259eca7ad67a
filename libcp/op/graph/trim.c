/* SPDX-License-Identifier: Apache-2.0 */
/* What is too small is left out of a graph, and the rest put in order. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "op/graph/graph.h"

static uint64_t magnitude(int64_t x)
{
	return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

static int descending(int64_t a, int64_t b)
{
	uint64_t x = magnitude(a), y = magnitude(b);

	return (x < y) - (x > y);
}

/* The numbers of a node in pprof's order, as text. */
static void number_text(char *buf, size_t size, const struct cpi_graph_node *node)
{
	snprintf(buf, size, "%lld %lld %lld", (long long)node->start_line,
		(long long)node->line, (long long)node->column);
}

/* The path ends pprof's line, with a brace: none at all comes after most paths. */
static int object_order(const struct cpi_graph *g, cp_mapping a, cp_mapping b)
{
	struct cp_text x = cpi_profile_text(g->p, g->p->mapping.v[a.i].path);
	struct cp_text y = cpi_profile_text(g->p, g->p->mapping.v[b.i].path);
	size_t n = x.n < y.n ? x.n : y.n;
	int order = n ? memcmp(x.p, y.p, n) : 0;

	if (order || x.n == y.n)
		return order;
	return x.n < y.n ? '}' - (unsigned char)y.p[n] : (unsigned char)x.p[n] - '}';
}

/*
 * Equal labels and weights: everything else a node has, as pprof writes it into one line
 * of text and compares that (so 10 comes before 5), then first use.
 */
static int last_resort(const struct cpi_graph *g, uint32_t a, uint32_t b)
{
	const struct cpi_graph_node *x = &g->node.v[a], *y = &g->node.v[b];
	char m[72], n[72];
	int order = cpi_text_compare(
		cpi_profile_text(g->p, x->name), cpi_profile_text(g->p, y->name));

	if (order)
		return order;
	snprintf(m, sizeof m, "%llu", (unsigned long long)x->address);
	snprintf(n, sizeof n, "%llu", (unsigned long long)y->address);
	order = strcmp(m, n);
	if (!order)
		order = cpi_text_compare(x->path, y->path);
	if (order)
		return order;
	number_text(m, sizeof m, x);
	number_text(n, sizeof n, y);
	order = strcmp(m, n);
	if (!order)
		order = object_order(g, x->mapping, y->mapping);
	return order ? order : (a > b) - (a < b);
}

static int by_flat(const void *a, const void *b, void *arg)
{
	const struct cpi_graph *g = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct cpi_graph_node *x = &g->node.v[i], *y = &g->node.v[j];
	int order = descending(x->flat, y->flat);

	if (!order)
		order = strcmp(x->label, y->label);
	if (!order)
		order = descending(x->cum, y->cum);
	return order ? order : last_resort(g, i, j);
}

static int by_cum(const void *a, const void *b, void *arg)
{
	const struct cpi_graph *g = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct cpi_graph_node *x = &g->node.v[i], *y = &g->node.v[j];
	int order = descending(x->cum, y->cum);

	if (!order)
		order = strcmp(x->label, y->label);
	if (!order)
		order = descending(x->flat, y->flat);
	return order ? order : last_resort(g, i, j);
}

/* Entropy of the weights of a node's edges on one side; 1 where it has none. */
static double entropy(const struct cpi_graph *g, uint32_t node, bool in, int64_t own)
{
	double total = own > 0 ? (double)own : 0, sum = 0, e = 0;
	uint32_t first = in ? g->node.v[node].in : g->node.v[node].out;

	if (!first)
		return 1;
	for (uint32_t i = first; i; i = in ? g->edge.v[i].next_in : g->edge.v[i].next_out)
		sum += (double)magnitude(g->edge.v[i].weight);
	total += sum;
	if (!(total > 0))
		return 0;
	for (uint32_t i = first; i;
		i = in ? g->edge.v[i].next_in : g->edge.v[i].next_out) {
		double share = (double)magnitude(g->edge.v[i].weight) / total;

		if (share > 0)
			e -= share * log2(share);
	}
	if (own > 0)
		e -= (double)own / total * log2((double)own / total);
	return e;
}

struct scored {
	int64_t score;
	uint32_t id;
};

static int by_score(const void *a, const void *b, void *arg)
{
	const struct scored *x = a, *y = b;
	const struct cpi_graph *g = arg;
	int order = descending(x->score, y->score);

	if (!order)
		order = strcmp(g->node.v[x->id].label, g->node.v[y->id].label);
	if (!order)
		order = descending(g->node.v[x->id].flat, g->node.v[y->id].flat);
	return order ? order : last_resort(g, x->id, y->id);
}

/*
 * pprof's order for pictures: nodes where paths meet and part come first. A node's score
 * is the entropy of its callers plus that of its callees and itself, times its cumulative
 * value, plus its flat value.
 */
static bool sort_entropy(struct cpi_graph *g)
{
	size_t n = g->order.n;
	struct scored *list = cpi_alloc_array(&g->env->mem, n, sizeof *list);

	if (!list)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint32_t id = g->order.v[i];
		const struct cpi_graph_node *node = &g->node.v[id];
		double e = entropy(g, id, true, 0) + entropy(g, id, false, node->flat);

		list[i] = (struct scored){
			(int64_t)((double)node->cum * e) + node->flat, id};
	}
	qsort_r(list, n, sizeof *list, by_score, g);
	for (size_t i = 0; i < n; i++)
		g->order.v[i] = list[i].id;
	cpi_free(&g->env->mem, list, n * sizeof *list);
	return true;
}

enum cp_code cpi_graph_sort(
	struct cpi_graph *g, enum cpi_graph_sort by, struct cp_error *err)
{
	if (by == CPI_GRAPH_ENTROPY)
		return sort_entropy(g) ? CP_OK : cpi_error_memory(err);
	if (g->order.n)
		qsort_r(g->order.v, g->order.n, sizeof *g->order.v,
			by == CPI_GRAPH_CUM ? by_cum : by_flat, g);
	return CP_OK;
}

/* Edges that were dropped leave their lists, in one pass over each. */
static void unlink_dropped(struct cpi_graph *g)
{
	for (size_t i = 0; i < g->node.n; i++) {
		uint32_t *at = &g->node.v[i].in;

		while (*at)
			if (g->edge.v[*at].dropped)
				*at = g->edge.v[*at].next_in;
			else
				at = &g->edge.v[*at].next_in;
		at = &g->node.v[i].out;
		while (*at)
			if (g->edge.v[*at].dropped)
				*at = g->edge.v[*at].next_out;
			else
				at = &g->edge.v[*at].next_out;
	}
}

static size_t drop_low_edges(struct cpi_graph *g, uint64_t cutoff)
{
	size_t dropped = 0;

	/* Edges into nodes that are not shown stay, as in pprof. */
	for (size_t i = 0; i < g->order.n; i++)
		for (uint32_t e = g->node.v[g->order.v[i]].in; e;
			e = g->edge.v[e].next_in)
			if (magnitude(g->edge.v[e].weight) < cutoff) {
				g->edge.v[e].dropped = true;
				dropped++;
			}
	if (dropped)
		unlink_dropped(g);
	return dropped;
}

/* Breadth-first searches over one graph, one after the other. */
struct search {
	uint32_t *queue;
	uint32_t *seen; /* by node: the last search that met it */
	uint32_t number;
};

/* Is there a way from the edge's source to its target without it? */
static bool another_path(const struct cpi_graph *g, const struct cpi_graph_edge *edge,
	struct search *s)
{
	size_t n = 0, at = 0;

	s->number++;
	s->queue[n++] = edge->source;
	s->seen[edge->source] = s->number;
	while (at < n) {
		uint32_t node = s->queue[at++];

		for (uint32_t e = g->node.v[node].out; e; e = g->edge.v[e].next_out) {
			uint32_t next = g->edge.v[e].target;

			if (&g->edge.v[e] == edge || g->edge.v[e].dropped ||
				s->seen[next] == s->number)
				continue;
			if (next == edge->target)
				return true;
			s->seen[next] = s->number;
			s->queue[n++] = next;
		}
	}
	return false;
}

/*
 * Walks nodes from the least important, as pprof does, dropping edges that only
 * clutter.
 */
static enum cp_code drop_redundant(struct cpi_graph *g, struct cp_error *err)
{
	struct cpi_mem *mem = &g->env->mem;
	size_t size = g->node.n * sizeof(uint32_t);
	struct search s = {cpi_alloc(mem, size), cpi_alloc_zero(mem, size), 0};
	uint32_t *list = NULL;
	size_t room = 0, n;
	enum cp_code code = s.queue && s.seen ? CP_OK : cpi_error_memory(err);

	for (size_t i = g->order.n; !code && i--;) {
		code = cpi_graph_edges(g, g->order.v[i], true, &list, &room, &n, err);
		for (size_t k = n; !code && k--;) {
			struct cpi_graph_edge *edge = &g->edge.v[list[k]];

			/*
			 * Heavier ones stay once one has to: they come earlier in the
			 * list.
			 */
			if (!edge->residual)
				break;
			edge->dropped = another_path(g, edge, &s);
		}
	}
	unlink_dropped(g);
	cpi_free(mem, list, room * sizeof *list);
	cpi_free(mem, s.queue, size);
	cpi_free(mem, s.seen, size);
	return code;
}

static uint64_t cutoff(int64_t total, double fraction)
{
	return (uint64_t)fabs(trunc((double)total * fraction));
}

static enum cp_code keep_only(
	struct cpi_graph *g, bool *keep, size_t n, struct cp_error *err)
{
	memset(keep, 0, g->node.n);
	for (size_t i = 0; i < n; i++)
		keep[g->order.v[i]] = true;
	return cpi_graph_recount(g, keep, err);
}

/* Cuts graph->order down to nodes of the fraction and the count. */
static enum cp_code select_nodes(struct cpi_graph *g, struct cpi_graph_trim *trim,
	int64_t total, bool *keep, struct cp_error *err)
{
	uint64_t low_node = cutoff(total, trim->node_fraction);
	enum cp_code code = CP_OK;
	size_t n = 0;

	for (size_t i = 0; i < g->order.n; i++)
		if (magnitude(g->node.v[g->order.v[i]].cum) >= low_node)
			g->order.v[n++] = g->order.v[i];
	trim->dropped_nodes = g->order.n - n;
	g->order.n = n;
	if (trim->dropped_nodes && g->options.edges)
		code = keep_only(g, keep, n, err);
	trim->original = g->order.n;
	if (!code)
		code = cpi_graph_sort(g, trim->sort, err);
	if (code || !trim->count || trim->count >= g->order.n)
		return code;
	if (!g->options.edges) {
		g->order.n = trim->count;
		return CP_OK;
	}
	drop_low_edges(g, trim->low_edge);
	if (trim->visual)
		code = cpi_graph_sort(g, trim->sort, err);
	if (!code)
		code = keep_only(g, keep, trim->count, err);
	return code ? code : cpi_graph_sort(g, trim->sort, err);
}

/*
 * Edges into inlined functions, where any is left. Only these are asked for by a table of
 * functions, and edges cost more than all the rest of it.
 */
static enum cp_code add_inlined_edges(struct cpi_graph *g,
	const struct cpi_graph_trim *trim, bool *keep, struct cp_error *err)
{
	bool cut = trim->dropped_nodes || g->order.n < trim->original;
	bool any = false;
	enum cp_code code;

	for (size_t i = 0; i < g->order.n; i++)
		any |= g->node.v[g->order.v[i]].inlined;
	if (!any)
		return CP_OK;
	g->options.edges = true;
	code = cut ? keep_only(g, keep, g->order.n, err) : cpi_graph_recount(g, NULL, err);
	return code ? code : cpi_graph_sort(g, trim->sort, err);
}

enum cp_code cpi_graph_trim(
	struct cpi_graph *g, struct cpi_graph_trim *trim, struct cp_error *err)
{
	struct cpi_mem *mem = &g->env->mem;
	bool *keep = cpi_alloc(mem, g->node.n);
	enum cp_code code = keep ? CP_OK : cpi_error_memory(err);
	int64_t total = 0;

	/* Undivided sums, also for means: so does pprof. */
	for (size_t i = 0; i < g->order.n; i++)
		total += g->node.v[g->order.v[i]].flat;
	trim->low_edge = cutoff(total, trim->edge_fraction);
	if (!code)
		code = select_nodes(g, trim, total, keep, err);
	if (!code && g->options.inlined_edges)
		code = add_inlined_edges(g, trim, keep, err);
	if (!code)
		trim->dropped_edges = drop_low_edges(g, trim->low_edge);
	if (!code && trim->visual)
		code = drop_redundant(g, err);
	g->options.keep = NULL;
	cpi_free(mem, keep, g->node.n);
	return code;
}

static void follow(uint32_t *node, size_t n, const uint32_t *leader)
{
	for (size_t i = 0; i < n; i++)
		node[i] = leader[node[i]];
}

enum cp_code cpi_graph_group(struct cpi_graph *g, const uint32_t *leader,
	struct cpi_graph_trim *trim, struct cp_error *err)
{
	struct cpi_mem *mem = &g->env->mem;
	bool *keep = cpi_alloc_zero(mem, g->node.n);
	enum cp_code code = keep ? CP_OK : cpi_error_memory(err);

	for (size_t i = 1; !code && i < g->p->location.n; i++) {
		const struct cp_location_row *l = &g->p->location.v[i];

		if (l->n_lines)
			follow(g->line_node + l->first_line, l->n_lines, leader);
		else
			follow(g->bare_node + i, 1, leader);
	}
	for (size_t i = 0; !code && i < g->order.n; i++)
		keep[leader[g->order.v[i]]] = true;
	if (!code)
		code = cpi_graph_recount(g, keep, err);
	if (!code)
		code = cpi_graph_sort(g, trim->sort, err);
	if (!code)
		trim->dropped_edges += drop_low_edges(g, trim->low_edge);
	if (!code && trim->visual)
		code = drop_redundant(g, err);
	g->options.keep = NULL;
	cpi_free(mem, keep, g->node.n);
	return code;
}

struct edge_order {
	const struct cpi_graph *g;
};

static int by_weight(const void *a, const void *b, void *arg)
{
	const struct cpi_graph *g = ((struct edge_order *)arg)->g;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct cpi_graph_edge *x = &g->edge.v[i], *y = &g->edge.v[j];
	int order = descending(x->weight, y->weight);

	if (!order)
		order = strcmp(g->node.v[x->source].label, g->node.v[y->source].label);
	if (!order)
		order = strcmp(g->node.v[x->target].label, g->node.v[y->target].label);
	return order ? order : (i > j) - (i < j);
}

enum cp_code cpi_graph_edges(const struct cpi_graph *g, uint32_t node, bool in,
	uint32_t **list, size_t *room, size_t *ret_n, struct cp_error *err)
{
	struct edge_order order = {g};
	size_t n = 0;

	for (uint32_t e = in ? g->node.v[node].in : g->node.v[node].out; e;
		e = in ? g->edge.v[e].next_in : g->edge.v[e].next_out) {
		if (n == *room) {
			size_t more = *room * 2 + 64;
			uint32_t *p = cpi_resize(&g->env->mem, *list,
				*room * sizeof **list, more * sizeof **list);

			if (!p)
				return cpi_error_memory(err);
			*list = p;
			*room = more;
		}
		(*list)[n++] = e;
	}
	if (n)
		qsort_r(*list, n, sizeof **list, by_weight, &order);
	*ret_n = n;
	return CP_OK;
}
