/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths along which a change flows. Each call is judged by itself, also below a
 * caller whose calls cancel each other: a → b where b went is two changes. Siblings stand
 * by decreasing change.
 */
#include <math.h>
#include <stdlib.h>

#include "op/diff/diff.h"
#include "view/diff/diff.h"

/* Deep recursion would be one line a level; nobody reads on from here. */
enum { DEEPEST = 200, MOST_LINES = 200 };

struct side {
	double before, after; /* per capture, after scaled */
};

struct flow {
	const struct cpi_diff_view *view;
	const struct cp_diff *diff;
	const struct cpi_tree *tree;
	struct cpi_sink *sink;
	double total; /* larger side's */
	unsigned lines, left_out;
	uint8_t *open; /* per node: has a line */
};

static struct side side_of(const struct flow *f, uint32_t node)
{
	const struct cp_diff_summary *s = f->view->sum;
	double one = f->diff->tree_one;

	return (struct side){(double)f->tree->total[0][node] * one / (double)s->n_before,
		(double)f->tree->total[1][node] * one / (double)s->n_after * s->factor};
}

/* Standard errors of a call's change: of the many calls of a tree some are two away. */
#define SURE 3.0

/* Is the change at this node worth a line by itself? At least half a percent of it all. */
static bool changed(const struct flow *f, uint32_t node)
{
	struct side v = side_of(f, node);

	if (fabs(v.after - v.before) < 0.005 * f->total || v.after == v.before)
		return false;
	return fabs(cpi_diff_surprise(f->diff, f->tree->total[0][node],
		       f->tree->total[1][node])) >= SURE;
}

/* Marks nodes that changed, and those on the way to them. */
static void mark(struct flow *f)
{
	for (uint32_t i = f->tree->n; i-- > 1;)
		if (f->open[i] || changed(f, i))
			f->open[i] = f->open[f->tree->parent[i]] = 1;
}

struct child {
	uint32_t node;
	double change;
};

static int by_change(const void *a, const void *b)
{
	const struct child *x = a, *y = b;

	if (fabs(x->change) != fabs(y->change))
		return fabs(x->change) < fabs(y->change) ? 1 : -1;
	return (x->node > y->node) - (x->node < y->node);
}

static void line(struct flow *f, uint32_t node, unsigned depth)
{
	struct side v = side_of(f, node);
	char before[48], after[48], change[48], times[32];

	cpi_sink_printf(f->sink, "%10s %10s %10s  ",
		cpi_diff_view_number(f->view, before, sizeof before, v.before, false),
		cpi_diff_view_number(f->view, after, sizeof after, v.after, false),
		cpi_diff_view_number(
			f->view, change, sizeof change, v.after - v.before, true));
	cpi_diff_view_times(
		times, sizeof times, v.before > 0 ? v.after / v.before : INFINITY);
	cpi_sink_pad(f->sink, ' ', 7 - cpi_text_width(cpi_text(times)));
	cpi_sink_printf(f->sink, "%s  ", v.after > 0 ? times : "   gone");
	cpi_sink_pad(f->sink, ' ', 2 * (size_t)depth);
	cpi_text_escape(f->sink, node ? cpi_tree_name(f->tree, node) : CPI_TEXT("(all)"));
	cpi_sink_char(f->sink, '\n');
}

/*
 * Depth first with an explicit stack: `list` holds the open nodes' children that are
 * still to be printed, the next one last.
 */
static bool walk(struct flow *f)
{
	const struct cpi_tree *t = f->tree;
	struct cpi_mem *mem = &f->view->env->mem;
	CPI_VEC(struct child) list = {0};
	bool fine = cpi_vec_push(mem, &list, (struct child){0, 0});

	while (fine && list.n) {
		uint32_t node = list.v[--list.n].node;
		size_t from = list.n;

		if (f->lines == MOST_LINES || t->depth[node] > DEEPEST) {
			f->left_out++;
			continue;
		}
		f->lines++;
		line(f, node, t->depth[node]);
		for (uint32_t c = node + 1; fine && c < t->end[node]; c = t->end[c]) {
			struct side v = side_of(f, c);

			if (f->open[c])
				fine = cpi_vec_push(mem, &list,
					(struct child){c, v.after - v.before});
		}
		if (list.n > from)
			qsort(list.v + from, list.n - from, sizeof *list.v, by_change);
		/* The largest is printed next, so it goes last. */
		for (size_t i = from, k = list.n; i + 1 < k; i++) {
			struct child swap = list.v[i];

			list.v[i] = list.v[--k];
			list.v[k] = swap;
		}
	}
	cpi_vec_release(mem, &list);
	return fine;
}

void cpi_diff_tree(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	struct flow f = {.view = view,
		.diff = view->diff,
		.tree = &view->diff->tree,
		.sink = sink,
		.total = fmax(
			fabs(view->sum->total_before), fabs(view->sum->total_after))};

	cpi_diff_sentences(view, cpi_diff_view_verdict, sink);
	cpi_sink_printf(sink, "\n%10s %10s %10s  %7s  call path\n", "before", "after",
		"change", "");
	f.open = cpi_alloc_zero(&view->env->mem, f.tree->n);
	if (f.open)
		mark(&f);
	if (!f.open || !walk(&f)) {
		cpi_free(&view->env->mem, f.open, f.tree->n);
		sink->code = cpi_error_memory(&sink->error);
		return;
	}
	cpi_free(&view->env->mem, f.open, f.tree->n);
	if (f.lines == 1)
		cpi_sink_str(sink, "no call changed beyond noise and 0.5 % of the profile\n");
	if (f.left_out)
		cpi_sink_printf(sink, "… %u more calls\n", f.left_out);
	cpi_sink_char(sink, '\n');
	cpi_diff_sentences(view, cpi_diff_view_header, sink);
}
