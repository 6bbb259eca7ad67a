/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces over time: a persistent tree over mappings. */
#include "format/perf/parts.h"

#include <stdlib.h>

/*
 * A reference is 0 (nothing mapped), a map (SOLID | its id: it covers the whole span), or
 * a node that splits its span of borders in the middle. Spans are halved until they lie
 * between two neighbouring borders, so a map always ends up on whole spans.
 */
#define SOLID 0x80000000u
#define FAILED 0xffffffffu

static int border_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

bool perf_spaces_init(struct perf_spaces *s, struct perf_file *f)
{
	size_t n = 0;

	memset(s, 0, sizeof *s);
	s->mem = &f->env->mem;
	if (f->map.n >= SOLID / 2 || !cpi_vec_reserve(s->mem, &s->border, 2 * f->map.n) ||
		!cpi_vec_push(s->mem, &s->node, (struct perf_space_node){0}))
		return false;
	for (size_t i = 1; i < f->map.n; i++) {
		s->border.v[n++] = f->map.v[i].start;
		s->border.v[n++] = f->map.v[i].limit;
	}
	qsort(s->border.v, n, sizeof *s->border.v, border_order);
	for (size_t i = 0; i < n; i++)
		if (!s->border.n || s->border.v[s->border.n - 1] != s->border.v[i])
			s->border.v[s->border.n++] = s->border.v[i];
	return true;
}

void perf_spaces_release(struct perf_spaces *s)
{
	if (!s->mem)
		return;
	cpi_vec_release(s->mem, &s->border);
	cpi_vec_release(s->mem, &s->node);
}

static uint32_t border_at(const struct perf_spaces *s, uint64_t address)
{
	size_t lo = 0, hi = s->border.n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->border.v[mid] < address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (uint32_t)lo;
}

/* A node that may be changed in place and stands for what `ref` stands for. */
static uint32_t own(struct perf_spaces *s, uint32_t ref, uint32_t owner)
{
	struct perf_space_node node = {ref, ref, owner};

	if (ref && !(ref & SOLID)) {
		if (s->node.v[ref].owner == owner)
			return ref;
		node.left = s->node.v[ref].left;
		node.right = s->node.v[ref].right;
	}
	if (s->node.n >= SOLID || !cpi_vec_push(s->mem, &s->node, node))
		return FAILED;
	return (uint32_t)s->node.n - 1;
}

struct cover {
	uint32_t from, to; /* borders */
	uint32_t ref, owner;
};

/* Recursion halves the span of at most 2^32 borders: 32 levels. */
static uint32_t cover(struct perf_spaces *s, uint32_t ref, uint32_t lo, uint32_t hi,
	const struct cover *c)
{
	uint32_t mid = lo + (hi - lo) / 2, node, part;

	if (c->from <= lo && hi <= c->to)
		return c->ref;
	node = own(s, ref, c->owner);
	if (node == FAILED)
		return FAILED;
	if (c->from < mid) {
		part = cover(s, s->node.v[node].left, lo, mid, c);
		if (part == FAILED)
			return FAILED;
		s->node.v[node].left = part;
	}
	if (c->to > mid) {
		part = cover(s, s->node.v[node].right, mid, hi, c);
		if (part == FAILED)
			return FAILED;
		s->node.v[node].right = part;
	}
	return node;
}

bool perf_space_map(struct perf_spaces *s, uint32_t *root, const struct perf_map *map,
	uint32_t map_id, uint32_t owner)
{
	struct cover c = {
		.from = border_at(s, map->start),
		.to = border_at(s, map->limit),
		.ref = SOLID | map_id,
		.owner = owner,
	};
	uint32_t made;

	if (c.from >= c.to)
		return true;
	made = cover(s, *root, 0, (uint32_t)s->border.n - 1, &c);
	if (made == FAILED)
		return false;
	*root = made;
	return true;
}

uint32_t perf_space_at(const struct perf_spaces *s, uint32_t root, uint64_t address)
{
	const uint64_t *border = s->border.v;
	uint32_t lo = 0, hi = (uint32_t)s->border.n - 1;

	if (s->border.n < 2 || address < border[0] || address >= border[hi])
		return 0;
	while (root && !(root & SOLID)) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (address < border[mid]) {
			root = s->node.v[root].left;
			hi = mid;
		} else {
			root = s->node.v[root].right;
			lo = mid;
		}
	}
	return root & ~SOLID;
}

/* Each level below the root leaves one right half to come back to. */
enum { LEVELS = 32, MOST_SPANS = 8192 };

uint64_t perf_space_first(const struct perf_spaces *s, const struct perf_map *maps,
	uint32_t root, uint32_t image)
{
	struct {
		uint32_t ref, lo, hi;
	} todo[LEVELS + 2];
	unsigned n = 0;

	if (s->border.n < 2)
		return 0;
	todo[n].ref = root;
	todo[n].lo = 0;
	todo[n++].hi = (uint32_t)s->border.n - 1;
	for (unsigned seen = 0; n && seen < MOST_SPANS; seen++) {
		uint32_t ref = todo[--n].ref, lo = todo[n].lo, hi = todo[n].hi;
		uint32_t mid = lo + (hi - lo) / 2;

		if (!ref)
			continue;
		if (ref & SOLID) {
			if (maps[ref & ~SOLID].image == image)
				return s->border.v[lo];
			continue;
		}
		todo[n].ref = s->node.v[ref].right;
		todo[n].lo = mid;
		todo[n++].hi = hi;
		todo[n].ref = s->node.v[ref].left;
		todo[n].lo = lo;
		todo[n++].hi = mid;
	}
	return 0;
}
