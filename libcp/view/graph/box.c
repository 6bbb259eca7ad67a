/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in a box and how large that makes it; where the values of edges stand. */
#include <stdio.h>
#include <stdlib.h>

#include "view/draw.h"
#include "view/graph/graph.h"

enum {
	SMALL = 11,  /* px: values, packages */
	LEAST = 12,  /* px: names, and */
	GROWTH = 12, /* how much larger they get with flat cost */
	PAD_X = 9,
	PAD_Y = 6,
	MOST_WIDTH = 330, /* px, of text */
	MEMBERS = 3       /* functions named in a group's box */
};

/* The integer square root of 0 … 10000, so 0 … 100. */
static uint32_t root(uint32_t x)
{
	uint32_t r = 0;

	while ((r + 1) * (r + 1) <= x)
		r++;
	return r;
}

struct cp_text cpi_callgraph_shorten(
	struct cpi_callgraph *c, struct cp_text text, uint64_t most)
{
	uint64_t width = 0, head = most / 3, tail = most - most / 3 - 100, left;
	size_t i = 0, k;
	uint32_t rune;
	char *p;

	/* Long names are looked at from both ends only. */
	if (text.n <= most / 20 && cpi_draw_advance(text) <= most)
		return text;
	while (i < text.n) {
		unsigned n = cpi_utf8_decode(text.p + i, text.n - i, &rune);

		if (width + cpi_draw_rune(rune) > head)
			break;
		width += cpi_draw_rune(rune);
		i += n;
	}
	for (k = text.n, left = 0; k > i; k--) {
		unsigned char byte = (unsigned char)text.p[k - 1];

		if ((byte & 0xc0) == 0x80)
			continue;
		cpi_utf8_decode(text.p + k - 1, text.n - (k - 1), &rune);
		if (left + cpi_draw_rune(rune) > tail)
			break;
		left += cpi_draw_rune(rune);
	}
	while (k < text.n && ((unsigned char)text.p[k] & 0xc0) == 0x80)
		k++;
	if (k <= i)
		return text;
	p = cpi_arena_alloc(&c->bytes, i + 3 + text.n - k, 1);
	if (!p)
		return (struct cp_text){"", 0};
	memcpy(p, text.p, i);
	memcpy(p + i, "\xe2\x80\xa6", 3);
	memcpy(p + i + 3, text.p + k, text.n - k);
	return (struct cp_text){p, i + 3 + text.n - k};
}

static void add_line(struct cpi_callgraph *c, struct cpi_callgraph_face *face,
	struct cp_text text, unsigned font, bool dim)
{
	if (!text.n || face->n_lines == CPI_CALLGRAPH_LINES)
		return;
	face->line[face->n_lines].text =
		cpi_callgraph_shorten(c, text, MOST_WIDTH * 100 / font);
	face->line[face->n_lines].font = (uint16_t)font;
	face->line[face->n_lines++].dim = dim;
}

/* A line that is put together here; false when out of memory. */
static bool add_words(struct cpi_callgraph *c, struct cpi_callgraph_face *face,
	const char *words, unsigned font, bool dim)
{
	char *copy = cpi_arena_copy(&c->bytes, words, strlen(words));

	if (!copy)
		return false;
	add_line(c, face, cpi_text(copy), font, dim);
	return true;
}

/* pprof's words: "1.20s (12%)" and "of 3.40s (34%)". */
static bool add_values(struct cpi_callgraph *c, struct cpi_callgraph_face *face,
	const struct cp_graph_node *n, unsigned font)
{
	char value[48], share[32], words[128];

	snprintf(words, sizeof words, "0");
	if (n->flat)
		snprintf(words, sizeof words, "%s (%s)",
			cpi_amount_text(&c->amount, value, sizeof value, n->flat),
			cpi_amount_share(&c->amount, share, sizeof share, n->flat));
	if (!add_words(c, face, words, font, false))
		return false;
	if (n->cum == n->flat)
		return true;
	snprintf(words, sizeof words, "of %s (%s)",
		cpi_amount_text(&c->amount, value, sizeof value, n->cum),
		cpi_amount_share(&c->amount, share, sizeof share, n->cum));
	return add_words(c, face, words, font, false);
}

static bool function_face(struct cpi_callgraph *c, struct cpi_callgraph_face *face,
	const struct cp_graph_node *n)
{
	struct cp_text base = cpi_callgraph_base(n->name);
	unsigned size = root(cpi_amount_part(&c->amount, n->flat));
	struct cp_text scope = {n->name.p, (size_t)(base.p - n->name.p)};

	while (scope.n && (scope.p[scope.n - 1] == ':' || scope.p[scope.n - 1] == '.'))
		scope.n--;
	add_line(c, face, scope, SMALL, true);
	add_line(c, face, base, LEAST + GROWTH * size / 100, false);
	return add_values(c, face, n, SMALL + GROWTH / 2 * size / 100);
}

static bool group_face(struct cpi_callgraph *c, struct cpi_callgraph_face *face,
	const struct cp_graph_node *n)
{
	unsigned size = root(cpi_amount_part(&c->amount, n->flat));
	char words[64];

	add_line(c, face, n->name, LEAST + 1 + GROWTH * size / 100, false);
	snprintf(words, sizeof words, "%u functions", n->n_members);
	return add_words(c, face, words, SMALL, true) &&
	       add_values(c, face, n, SMALL + GROWTH / 2 * size / 100);
}

static bool labels_face(struct cpi_callgraph *c, struct cpi_callgraph_face *face,
	const struct cp_graph_node *n)
{
	struct cp_text rest = n->name;
	char value[48];

	while (rest.n && face->n_lines < CPI_CALLGRAPH_LINES - 1) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t k = end ? (size_t)(end - rest.p) : rest.n;

		add_line(c, face, (struct cp_text){rest.p, k}, SMALL, false);
		rest = (struct cp_text){
			rest.p + k + (end != NULL), rest.n - k - (end != NULL)};
	}
	cpi_amount_text(&c->amount, value, sizeof value, n->flat);
	return add_words(c, face, value, SMALL, true);
}

enum cp_code cpi_callgraph_faces(struct cpi_callgraph *c, struct cp_error *err)
{
	if (!cpi_vec_reserve(&c->env->mem, &c->face, c->node.n))
		return cpi_error_memory(err);
	for (size_t i = 0; i < c->node.n; i++) {
		struct cp_graph_node *n = &c->node.v[i];
		struct cpi_callgraph_face *face = &c->face.v[c->face.n++];
		uint64_t width = 0;
		bool fine;

		*face = (struct cpi_callgraph_face){
			.heat = (uint8_t)(9 * root(cpi_amount_part(&c->amount, n->cum)) /
					  100)};
		fine = n->kind == CP_GRAPH_FUNCTION ? function_face(c, face, n)
		       : n->kind == CP_GRAPH_GROUP  ? group_face(c, face, n)
						    : labels_face(c, face, n);
		if (!fine)
			return cpi_error_memory(err);
		n->height = 2 * PAD_Y;
		for (unsigned k = 0; k < face->n_lines; k++) {
			uint64_t w =
				cpi_draw_advance(face->line[k].text) * face->line[k].font;

			width = w > width ? w : width;
			n->height += (face->line[k].font * 5 + 3) / 4;
		}
		n->width = (int32_t)((width + 99) / 100) + 2 * PAD_X;
		n->width += n->width & 1;
	}
	return CP_OK;
}

struct frame {
	int32_t left, right, top, bottom;
};

static int by_weight(const void *a, const void *b, void *arg)
{
	const struct cp_graph_edge *edge = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	uint64_t x = (uint64_t)llabs(edge[i].weight), y = (uint64_t)llabs(edge[j].weight);

	return x != y ? (x < y) - (x > y) : (i > j) - (i < j);
}

/* A point of the curve between two knots, `part` eighths down; see CP_GRAPH_KNOT. */
static void curve(const struct cp_graph_knot *k, unsigned part, int32_t *x, int32_t *y)
{
	/* 3t²−2t³ of the way to the side; the height nearly keeps step. */
	static const uint16_t side[] = {0, 44, 160, 324, 512, 700, 864, 980, 1024};
	/* 1.5t(1−t)²+1.5t²(1−t)+t³ of the height, of 1024 */
	static const uint16_t down[] = {0, 170, 304, 412, 512, 612, 720, 854, 1024};

	*x = k[0].x + (int32_t)((int64_t)(k[1].x - k[0].x) * side[part] / 1024);
	*y = k[0].y + (int32_t)((int64_t)(k[1].y - k[0].y) * down[part] / 1024);
}

/* Free of the labels so far; those further away than the newest few hundred are many. */
static bool is_free(const struct frame *f, const struct frame *taken, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (f->left < taken[i].right && taken[i].left < f->right &&
			f->top < taken[i].bottom && taken[i].top < f->bottom)
			return false;
	return true;
}

/* The first of a few places along the edge, middles of gaps first, at which nothing is.
 */
static bool place_label(
	struct cpi_callgraph *c, struct cp_graph_edge *e, struct frame *taken, size_t n)
{
	static const unsigned parts[] = {4, 3, 5, 2, 6};
	enum { HEIGHT = 14, LEAST_GAP = 30 };
	char value[48];
	int32_t half;

	cpi_amount_text(&c->amount, value, sizeof value, e->weight);
	half = (int32_t)(cpi_draw_advance(cpi_text(value)) * CPI_CALLGRAPH_VALUE_FONT /
			 200) +
	       3;
	for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
		for (uint32_t k = 0; k + 1 < e->n_knots; k++) {
			int32_t x, y;

			if (abs(e->knot[k + 1].y - e->knot[k].y) < LEAST_GAP)
				continue;
			curve(e->knot + k, parts[p], &x, &y);
			taken[n] = (struct frame){
				x - half, x + half, y - HEIGHT / 2, y + HEIGHT / 2};
			if (x - half < 0 || x + half > c->rows.width ||
				!is_free(&taken[n], taken, n))
				continue;
			e->label_x = x;
			e->label_y = y;
			return true;
		}
	return false;
}

enum cp_code cpi_callgraph_edge_labels(struct cpi_callgraph *c, struct cp_error *err)
{
	enum { MOST = 1500 }; /* edges; each is compared with all before it */
	struct cpi_mem *mem = &c->env->mem;
	size_t m = c->edge.n, n = 0;
	uint32_t *list = cpi_alloc_array(mem, m, sizeof *list);
	struct frame *taken = cpi_alloc_array(mem, m, sizeof *taken);
	enum cp_code code = list && taken ? CP_OK : cpi_error_memory(err);

	for (size_t i = 0; !code && i < m; i++)
		list[i] = (uint32_t)i;
	if (!code && m)
		qsort_r(list, m, sizeof *list, by_weight, c->edge.v);
	for (size_t i = 0; !code && i < m && i < MOST; i++) {
		struct cp_graph_edge *e = &c->edge.v[list[i]];

		if (c->node.v[e->to].kind != CP_GRAPH_LABELS)
			n += place_label(c, e, taken, n);
	}
	cpi_free(mem, list, m * sizeof *list);
	cpi_free(mem, taken, m * sizeof *taken);
	return code;
}
