/* SPDX-License-Identifier: Apache-2.0 */
/* A graph's values, counted once more from the samples. */
#include "op/graph/graph.h"

#define NONE UINT32_MAX

/*
 * What a frame of a sample touches, packed: 40M frames over 100,000 nodes stay near the
 * second-level cache with 16 bytes a node, four in a line, and do not with whole nodes.
 */
struct tally {
	int64_t cum;
	uint32_t seen; /* last sample that counted it, plus one */
};

/* The walk over one profile's samples. */
struct walk {
	struct cpi_graph *g;
	const struct cp_profile *p;
	struct tally *tally;  /* per node */
	int64_t *flat;        /* per node, in add_alone */
	int64_t *cum_div;     /* per node, with a divisor */
	uint32_t *location;   /* per location: its only node, or MANY */
	bool fine;
	bool overflow;
};

/* No location has one node only: it has several, or some may not be kept. */
#define MANY (UINT32_MAX - 1)

static void add(struct walk *w, int64_t *sum, int64_t x)
{
	w->overflow |= __builtin_add_overflow(*sum, x, sum);
}

static struct cpi_graph_edge *edge_of(struct walk *w, uint32_t source, uint32_t target)
{
	struct cpi_graph *g = w->g;
	uint64_t hash = cpi_hash_u64((uint64_t)source << 32 | target);
	struct cpi_probe probe = cpi_index_find(&g->edges, hash);
	struct cpi_graph_edge edge = {
		.source = source, .target = target, .inlined = true};
	struct cpi_mem *mem = &g->env->mem;

	for (uint32_t id; (id = cpi_index_next(&g->edges, &probe));)
		if (g->edge.v[id].source == source && g->edge.v[id].target == target)
			return &g->edge.v[id];
	edge.next_in = g->node.v[target].in;
	edge.next_out = g->node.v[source].out;
	if (!cpi_vec_push(mem, &g->edge, edge) ||
		!cpi_index_add(mem, &g->edges, hash, (uint32_t)g->edge.n - 1)) {
		w->fine = false;
		return NULL;
	}
	g->node.v[target].in = g->node.v[source].out = (uint32_t)g->edge.n - 1;
	return &g->edge.v[g->edge.n - 1];
}

struct sample {
	uint32_t number;
	int64_t value, divisor;
	uint32_t parent;
	bool residual;
};

static void add_node(struct walk *w, struct sample *s, uint32_t at, bool inlined)
{
	struct tally *tally = &w->tally[at];
	struct cpi_graph_edge *edge;

	if (tally->seen != s->number + 1) {
		tally->seen = s->number + 1;
		add(w, &tally->cum, s->value);
		if (w->cum_div)
			add(w, &w->cum_div[at], s->divisor);
	}
	if (w->g->options.edges && s->parent != NONE && s->parent != at &&
		(!w->g->options.inlined_edges || w->g->node.v[at].inlined)) {
		edge = edge_of(w, s->parent, at);
		/* A pair counts once a sample; its flags as they were the first time. */
		if (edge && edge->seen != s->number + 1) {
			edge->seen = s->number + 1;
			add(w, &edge->weight, s->value);
			edge->residual |= s->residual;
			edge->inlined &= inlined;
		}
	}
	s->parent = at;
	s->residual = false;
}

/*
 * The sample of a report without calls, where frames count alone: three loads and an
 * addition a frame, for what makes up most of the time of a large profile's top.
 */
static void add_alone(struct walk *w, uint32_t number)
{
	const struct cp_profile *p = w->p;
	const struct cpi_graph *g = w->g;
	struct tally *tally = w->tally;
	const uint32_t *only = w->location;
	int64_t value = p->value.v[(size_t)number * p->sample_type.n + g->options.type];
	uint32_t n, leaf = NONE;
	const cp_location *frame = cpi_profile_frames(p, p->sample_stack.v[number], &n);
	bool overflow = false;

	if (!value)
		return;
	for (uint32_t i = n; i--;) {
		const struct cp_location_row *l = &p->location.v[frame[i].i];
		const uint32_t *node = &only[frame[i].i];
		uint32_t lines = 1;

		if (*node == MANY) {
			node = l->n_lines ? g->line_node + l->first_line
					  : g->bare_node + frame[i].i;
			lines = l->n_lines ? l->n_lines : 1;
		}
		for (uint32_t k = lines; k--;) {
			leaf = node[k];
			if (tally[leaf].seen == number + 1)
				continue;
			tally[leaf].seen = number + 1;
			overflow |= __builtin_add_overflow(
				tally[leaf].cum, value, &tally[leaf].cum);
		}
	}
	if (leaf != NONE)
		overflow |= __builtin_add_overflow(w->flat[leaf], value, &w->flat[leaf]);
	w->overflow |= overflow;
}

static void add_sample(struct walk *w, uint32_t number)
{
	const struct cp_profile *p = w->p;
	const struct cpi_graph *g = w->g;
	const int64_t *values = p->value.v + (size_t)number * p->sample_type.n;
	struct sample s = {
		.number = number, .value = values[g->options.type], .parent = NONE};
	uint32_t n;
	const cp_location *frame = cpi_profile_frames(p, p->sample_stack.v[number], &n);

	if (g->options.divisor >= 0)
		s.divisor = values[g->options.divisor];
	if (!s.value && !s.divisor)
		return;
	for (uint32_t i = n; i-- && w->fine;) {
		if (w->location[frame[i].i] != MANY) {
			add_node(w, &s, w->location[frame[i].i], false);
			continue;
		}
		const struct cp_location_row *l = &p->location.v[frame[i].i];
		const uint32_t *node = l->n_lines ? g->line_node + l->first_line
						  : g->bare_node + frame[i].i;
		uint32_t lines = l->n_lines ? l->n_lines : 1;

		for (uint32_t k = lines; k--;) {
			if (g->options.keep && !g->options.keep[node[k]])
				s.residual = true;
			else
				add_node(w, &s, node[k], k != lines - 1);
		}
	}
	if (s.parent != NONE && !s.residual) {
		add(w, &g->node.v[s.parent].flat, s.value);
		add(w, &g->node.v[s.parent].flat_div, s.divisor);
	}
}

static bool shown(const struct cpi_graph *g, const struct cpi_graph_node *node)
{
	if (!node->cum && !node->flat)
		return false;
	return !g->options.drop_negative ||
		!(node->flat < 0 || (node->flat == 0 && node->cum < 0));
}

static void map_locations(struct walk *w)
{
	for (size_t i = 0; i < w->p->location.n; i++) {
		const struct cp_location_row *l = &w->p->location.v[i];

		if (w->g->options.keep || l->n_lines > 1 || !i)
			w->location[i] = MANY;
		else
			w->location[i] = l->n_lines ? w->g->line_node[l->first_line]
						    : w->g->bare_node[i];
	}
}

static bool walk_init(struct walk *w, bool alone)
{
	struct cpi_mem *mem = &w->g->env->mem;
	size_t n = w->g->node.n;

	w->tally = cpi_alloc_zero(mem, n * sizeof *w->tally);
	w->location = cpi_alloc_array(mem, w->p->location.n, sizeof *w->location);
	if (alone)
		w->flat = cpi_alloc_zero(mem, n * sizeof *w->flat);
	else if (w->g->options.divisor >= 0)
		w->cum_div = cpi_alloc_zero(mem, n * sizeof *w->cum_div);
	if (w->location)
		map_locations(w);
	return w->tally && w->location && (w->flat || !alone) &&
		(w->cum_div || alone || w->g->options.divisor < 0);
}

static void walk_release(struct walk *w)
{
	struct cpi_mem *mem = &w->g->env->mem;
	size_t n = w->g->node.n;

	cpi_free(mem, w->tally, n * sizeof *w->tally);
	cpi_free(mem, w->flat, n * sizeof *w->flat);
	cpi_free(mem, w->cum_div, n * sizeof *w->cum_div);
	cpi_free(mem, w->location, w->p->location.n * sizeof *w->location);
}

static void take_tallies(struct walk *w)
{
	for (size_t i = 0; i < w->g->node.n; i++) {
		struct cpi_graph_node *node = &w->g->node.v[i];

		node->cum = w->tally[i].cum;
		if (w->flat)
			node->flat = w->flat[i];
		if (w->cum_div)
			node->cum_div = w->cum_div[i];
	}
}

enum cp_code cpi_graph_recount(
	struct cpi_graph *g, const bool *keep, struct cp_error *err)
{
	struct cpi_mem *mem = &g->env->mem;
	struct walk w = {.g = g, .p = g->p};
	bool alone;

	g->options.keep = keep;
	g->edge.n = 0;
	cpi_index_release(mem, &g->edges);
	for (size_t i = 0; i < g->node.n; i++) {
		struct cpi_graph_node *node = &g->node.v[i];

		node->flat = node->cum = node->flat_div = node->cum_div = 0;
		node->in = node->out = 0;
	}
	alone = !g->options.edges && !keep && g->options.divisor < 0;
	w.fine = walk_init(&w, alone) &&
		 cpi_vec_push(mem, &g->edge, (struct cpi_graph_edge){0});
	for (uint32_t i = 0; w.fine && i < cpi_profile_n_samples(g->p); i++)
		(alone ? add_alone : add_sample)(&w, i);
	if (w.fine)
		take_tallies(&w);
	walk_release(&w);
	g->order.n = 0;
	for (size_t i = 0; w.fine && i < g->node.n; i++)
		if (shown(g, &g->node.v[i]))
			w.fine = cpi_vec_push(mem, &g->order, (uint32_t)i);
	if (!w.fine)
		return cpi_error_memory(err);
	if (w.overflow)
		return cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"a sum of sample values exceeds 64 bits");
	return CP_OK;
}
