/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Graphs from bytes: the number of boxes, then arcs as two ends and a weight. The layout
 * keeps what every drawing keeps: boxes in it and apart, arcs from box to box, and the
 * same again from the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "view/graph/layout.h"

enum { MOST_BOXES = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool fine)
{
	if (!fine)
		__builtin_trap();
}

static void check_boxes(const struct cpi_layout *l)
{
	for (size_t i = 0; i < l->n_boxes; i++) {
		const struct cpi_layout_box *a = &l->box[i];

		need(a->x - a->w / 2 >= 0 && a->x + (a->w + 1) / 2 <= l->width);
		need(a->y - a->h / 2 >= 0 && a->y + (a->h + 1) / 2 <= l->height);
		need(a->rank < l->n_ranks);
		for (size_t k = 0; k < i; k++) {
			const struct cpi_layout_box *b = &l->box[k];

			need(abs(a->x - b->x) * 2 >= a->w + b->w ||
				abs(a->y - b->y) * 2 >= a->h + b->h);
		}
	}
}

static void check_arcs(const struct cpi_layout *l)
{
	for (size_t i = 0; i < l->n_arcs; i++) {
		const struct cpi_layout_arc *arc = &l->arc[i];
		const struct cpi_layout_knot *k = l->knot.v + arc->first_knot;
		const struct cpi_layout_box *from = &l->box[arc->from];
		const struct cpi_layout_box *to = &l->box[arc->to];
		uint32_t last = arc->n_knots - 1;

		if (arc->from == arc->to) {
			need(!arc->n_knots);
			continue;
		}
		need(arc->n_knots >= 2 && arc->first_knot + arc->n_knots <= l->knot.n);
		need(abs(k[0].x - from->x) * 2 <= from->w);
		need(abs(k[last].x - to->x) * 2 <= to->w);
		for (uint32_t n = 2; n <= last; n++)
			need((k[n].y > k[n - 1].y) == (k[1].y > k[0].y));
	}
}

static struct cpi_layout draw(struct cpi_env *env, const uint8_t *data, size_t size)
{
	struct cpi_layout l = {.env = env, .n_boxes = 1 + data[0] % MOST_BOXES};

	l.n_arcs = (size - 1) / 3;
	l.box = calloc(l.n_boxes, sizeof *l.box);
	l.arc = calloc(l.n_arcs + 1, sizeof *l.arc);
	need(l.box && l.arc);
	for (size_t i = 0; i < l.n_boxes; i++) {
		uint8_t byte = data[i % size];

		l.box[i] = (struct cpi_layout_box){
			.w = 1 + byte * 3, .h = 1 + byte % 64, .importance = byte};
	}
	for (size_t i = 0; i < l.n_arcs; i++) {
		const uint8_t *at = data + 1 + 3 * i;

		l.arc[i] = (struct cpi_layout_arc){.from = at[0] % l.n_boxes,
			.to = at[1] % l.n_boxes,
			.weight = 1 + at[2] * 3};
	}
	need(cpi_layout_run(&l, NULL) == CP_OK);
	return l;
}

static void release(struct cpi_layout *l)
{
	cpi_layout_release(l);
	free(l->box);
	free(l->arc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpi_env env;
	struct cpi_layout a, b;

	if (!size || size > 600)
		return 0;
	cpi_env_init(&env, NULL);
	a = draw(&env, data, size);
	b = draw(&env, data, size);
	check_boxes(&a);
	check_arcs(&a);
	need(a.knot.n == b.knot.n && a.crossings == b.crossings);
	need(!a.knot.n || !memcmp(a.knot.v, b.knot.v, a.knot.n * sizeof *a.knot.v));
	need(!memcmp(a.box, b.box, a.n_boxes * sizeof *a.box));
	release(&a);
	release(&b);
	need(!env.mem.used);
	cpi_env_release(&env);
	return 0;
}
