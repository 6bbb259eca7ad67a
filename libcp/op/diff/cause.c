/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one path that explains a change: from the root down, along the child that bears
 * most of it, for as long as what is beside that child is no more than noise or a small
 * part of it.
 */
#include <math.h>

#include "op/diff/diff.h"

#define MOST_OF 0.6 /* a child with so much of its parent's change is the way on */
#define SURE 3.5    /* standard errors of a path's change, of many paths */
#define QUIET 2.5   /* … of what is beside it */

struct way {
	struct cp_diff *diff;
	const struct cpi_tree *tree;
	double scale[2];  /* from sums of the tree to values per capture, after scaled */
	double weight[2]; /* value of one sample, of those */
	double sign;      /* 1: what grew is looked for */
};

struct amount {
	double before, after;
};

static struct amount amount_of(const struct way *w, int64_t before, int64_t after)
{
	return (struct amount){(double)before * w->scale[0], (double)after * w->scale[1]};
}

static struct amount total_of(const struct way *w, uint32_t node)
{
	return amount_of(w, w->tree->total[0][node], w->tree->total[1][node]);
}

static struct amount self_of(const struct way *w, uint32_t node)
{
	return amount_of(w, w->tree->self[0][node], w->tree->self[1][node]);
}

static double growth(const struct way *w, struct amount a)
{
	return w->sign * (a.after - a.before);
}

/* Standard errors by which it grew; a census has none. */
static double errors(const struct way *w, struct amount a)
{
	const struct cp_diff_summary *s = &w->diff->summary;
	double x = a.before * (double)s->n_before / w->weight[0];
	double y = a.after * (double)s->n_after / w->weight[1];
	double runs = 1 / (double)s->n_before + 1 / (double)s->n_after, ln;

	if (s->census)
		return growth(w, a) > 0 ? INFINITY : growth(w, a) < 0 ? -INFINITY : 0;
	if (!(x + y > 0))
		return 0;
	ln = log((y + 0.5) * w->weight[1] / (double)s->n_after /
		 ((x + 0.5) * w->weight[0] / (double)s->n_before));
	return w->sign * ln /
	       sqrt(1 / (x + 0.5) + 1 / (y + 0.5) + s->noise * s->noise * runs);
}

static bool way_init(struct way *w, struct cp_diff *diff)
{
	const struct cp_diff_summary *s = &diff->summary;
	double samples[2] = {s->samples_before, s->samples_after};
	double total[2] = {s->total_before * (double)s->n_before,
		s->total_after * (double)s->n_after};

	*w = (struct way){.diff = diff, .tree = &diff->tree, .sign = 1};
	w->scale[0] = diff->tree_one / (double)s->n_before;
	w->scale[1] = diff->tree_one / (double)s->n_after * s->factor;
	for (int k = 0; k < 2; k++)
		w->weight[k] = samples[k] > 0 ? fabs(total[k]) / samples[k] : 1;
	w->weight[1] *= s->factor;
	return diff->tree_one > 0 && w->tree->n && w->weight[0] > 0 && w->weight[1] > 0;
}

double cpi_diff_surprise(const struct cp_diff *diff, int64_t before, int64_t after)
{
	struct way w;

	/* Only read. */
	if (!way_init(&w, (struct cp_diff *)diff))
		return 0;
	return errors(&w, amount_of(&w, before, after));
}

/*
 * Which way to look: the total's, unless what grew and what shrank cancel each other.
 * Returns what there is to explain.
 */
static double gross(struct way *w, bool *ret_cancel)
{
	double up = 0, down = 0, net;

	for (uint32_t i = 0; i < w->tree->n; i++) {
		double d = growth(w, self_of(w, i));

		*(d > 0 ? &up : &down) += fabs(d);
	}
	net = up - down;
	if (down > up || (down == up && growth(w, total_of(w, 0)) < 0))
		w->sign = -1;
	/* Noise at every node adds up on both sides; the net has only its own. */
	*ret_cancel = fabs(net) <= 0.25 * fmax(up, down);
	return *ret_cancel ? fmax(up, down) : fabs(net);
}

static uint32_t best_child(const struct way *w, uint32_t node)
{
	const struct cpi_tree *t = w->tree;
	uint32_t best = 0;

	for (uint32_t c = node + 1; c < t->end[node]; c = t->end[c])
		if (!best || growth(w, total_of(w, c)) > growth(w, total_of(w, best)))
			best = c;
	return best;
}

/* Is the child where its parent's change is? */
static bool leads_on(const struct way *w, uint32_t node, uint32_t child)
{
	struct amount all = total_of(w, node), c = total_of(w, child);
	struct amount rest = {all.before - c.before, all.after - c.after};

	if (growth(w, c) <= growth(w, self_of(w, node)) || growth(w, c) <= 0)
		return false;
	return growth(w, c) >= MOST_OF * growth(w, all) ||
	       (errors(w, c) >= SURE && fabs(errors(w, rest)) < QUIET);
}

static enum cp_code keep_path(struct cp_diff *diff, uint32_t node, struct cp_error *err)
{
	const struct cpi_tree *t = &diff->tree;
	uint32_t depth = t->depth[node];
	uint32_t n = depth < CP_DIFF_PATH ? depth : CP_DIFF_PATH;

	if (!cpi_vec_reserve(&diff->env->mem, &diff->path, n))
		return cpi_error_memory(err);
	diff->path.n = n;
	for (uint32_t k = n; k--; node = t->parent[node])
		diff->path.v[k] = cpi_tree_name(t, node);
	diff->summary.path = diff->path.v;
	diff->summary.n_path = n;
	return CP_OK;
}

/* The largest subtree that went from one caller to another. */
static void moved_call(const struct way *w)
{
	const struct cpi_tree *t = w->tree;
	struct cp_diff_summary *s = &w->diff->summary;
	double least = 0.005 * fmax(fabs(s->total_before), fabs(s->total_after));
	uint32_t from = 0, to = 0;

	for (uint32_t i = 1; i < t->n; i++)
		if (t->total[0][i] && !t->total[1][i] && t->total[1][t->parent[i]] &&
			(!from || t->total[0][i] > t->total[0][from]))
			from = i;
	for (uint32_t i = 1; from && i < t->n; i++)
		if (t->frame.v[t->of[i]].name == t->frame.v[t->of[from]].name &&
			!t->total[0][i] && t->total[0][t->parent[i]] &&
			(!to || t->total[1][i] > t->total[1][to]))
			to = i;
	if (!to || t->frame.v[t->of[t->parent[from]]].name ==
			t->frame.v[t->of[t->parent[to]]].name ||
		total_of(w, from).before < least || total_of(w, to).after < least)
		return;
	s->moved = cpi_tree_name(t, from);
	s->moved_from =
		t->parent[from] ? cpi_tree_name(t, t->parent[from]) : s->moved_from;
	s->moved_to = t->parent[to] ? cpi_tree_name(t, t->parent[to]) : s->moved_to;
	s->moved_before = total_of(w, from).before;
	s->moved_after = total_of(w, to).after;
}

/* Where changes cancel, callers show none: the largest one at the end of a path. */
static enum cp_code largest_self(const struct way *w, double all, struct cp_error *err)
{
	struct cp_diff_summary *s = &w->diff->summary;
	uint32_t best = 0;

	for (uint32_t i = 1; i < w->tree->n; i++)
		if (errors(w, self_of(w, i)) >= SURE &&
			(!best || growth(w, self_of(w, i)) > growth(w, self_of(w, best))))
			best = i;
	if (!best)
		return CP_OK;
	s->path_before = self_of(w, best).before;
	s->path_after = self_of(w, best).after;
	s->path_share = growth(w, self_of(w, best)) / all;
	return keep_path(w->diff, best, err);
}

enum cp_code cpi_diff_cause(struct cp_diff *diff, struct cp_error *err)
{
	struct cp_diff_summary *s = &diff->summary;
	uint32_t node = 0, sure = 0, next;
	struct way w;
	double all;
	bool cancel;

	if (!way_init(&w, diff) || (s->erratic && s->n_before + s->n_after == 2))
		return CP_OK;
	moved_call(&w);
	all = gross(&w, &cancel);
	if (cancel)
		return largest_self(&w, all, err);
	/* A caller of much that did not change is less sure than what it calls. */
	while ((next = best_child(&w, node)) && leads_on(&w, node, next)) {
		node = next;
		sure = errors(&w, total_of(&w, node)) >= SURE ? node : sure;
	}
	node = sure;
	if (!node || !(all > 0) || growth(&w, total_of(&w, node)) < 0.3 * all)
		return CP_OK;
	s->path_before = total_of(&w, node).before;
	s->path_after = total_of(&w, node).after;
	s->path_share = growth(&w, total_of(&w, node)) / all;
	return keep_path(diff, node, err);
}
