/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame says that depends on its place in the tree: the lines where its samples
 * are, and, for the palette "chain", whether it belongs to a waker. Nodes share frames by
 * function, so a node that says something else gets a frame of its own, shared again by
 * all that say the same.
 */
#include "view/flame/flame.h"

/* What tells frames of one function apart. */
struct variant {
	uint32_t of, first_line, last_line;
	uint8_t flags;
};

struct splitting {
	struct cpi_tree *tree;
	struct cpi_mem *mem;
	struct cpi_index index; /* of frames made here */
	CPI_VEC(uint32_t) made_of; /* by frame, from `shared` on */
	size_t shared; /* frames there were */
	size_t most;
};

static bool is_variant(const struct splitting *s, uint32_t id, const struct variant *v)
{
	const struct cpi_tree_frame *f = &s->tree->frame.v[id];

	return s->made_of.v[id - s->shared] == v->of && f->first_line == v->first_line &&
		f->last_line == v->last_line && f->flags == v->flags;
}

/* The frame of a variant; stays *id when there would be too many. */
static bool find_variant(struct splitting *s, const struct variant *v, uint32_t *id)
{
	uint64_t hash = cpi_hash_mix((uint64_t)v->of << 32 | v->first_line,
		(uint64_t)v->last_line << 8 | v->flags);
	struct cpi_probe probe = cpi_index_find(&s->index, hash);
	struct cpi_tree_frame row = s->tree->frame.v[v->of];

	for (uint32_t found; (found = cpi_index_next(&s->index, &probe));)
		if (is_variant(s, found, v)) {
			*id = found;
			return true;
		}
	if (s->made_of.n >= s->most)
		return true;
	row.first_line = v->first_line;
	row.last_line = v->last_line;
	row.flags = v->flags;
	*id = (uint32_t)s->tree->frame.n;
	return cpi_vec_push(s->mem, &s->tree->frame, row) &&
		cpi_vec_push(s->mem, &s->made_of, v->of) &&
		cpi_index_add(s->mem, &s->index, hash, *id);
}

/* Gives frames the range of lines of all their nodes: what stands for those not split. */
static void widen(struct cpi_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++) {
		struct cpi_tree_frame *f = &tree->frame.v[tree->of[i]];
		const struct cpi_tree_lines *lines = &tree->lines[i];

		if (!lines->first)
			continue;
		if (!f->first_line || lines->first < f->first_line)
			f->first_line = lines->first;
		if (lines->last > f->last_line)
			f->last_line = lines->last;
	}
}

static bool split_node(struct splitting *s, uint32_t node, bool waker)
{
	struct cpi_tree *tree = s->tree;
	const struct cpi_tree_frame *f = &tree->frame.v[tree->of[node]];
	struct variant v = {tree->of[node], f->first_line, f->last_line, f->flags};

	if (tree->lines && tree->lines[node].first) {
		v.first_line = tree->lines[node].first;
		v.last_line = tree->lines[node].last;
	}
	if (waker)
		v.flags |= CPI_FRAME_WAKER;
	if (v.first_line == f->first_line && v.last_line == f->last_line &&
		v.flags == f->flags)
		return true;
	return find_variant(s, &v, &tree->of[node]);
}

enum cp_code cpi_flame_split_frames(struct cpi_flame *flame, struct cp_error *err)
{
	struct cpi_tree *tree = &flame->tree;
	bool chain = !strcmp(flame->options.colors, "chain"), ok = true;
	/*
	 * An entry of the data costs some 12 bytes, and makes nodes' references longer:
	 * one for eight nodes keeps a node at 5 bytes or less. A waker's are one for each
	 * function, at most.
	 */
	struct splitting s = {.tree = tree, .mem = &flame->env->mem,
		.shared = tree->frame.n, .most = chain ? tree->n : 1000 + tree->n / 8};
	uint32_t until = 0; /* end of the subtree below "--" */

	if (!chain && !tree->lines)
		return CP_OK;
	if (tree->lines)
		widen(tree);
	for (uint32_t i = 1; ok && i < tree->n; i++) {
		ok = split_node(&s, i, i < until);
		if (chain && i >= until &&
			cpi_text_equal(cpi_tree_name(tree, i), CPI_TEXT("--")))
			until = tree->end[i];
	}
	cpi_index_release(s.mem, &s.index);
	cpi_vec_release(s.mem, &s.made_of);
	return ok ? CP_OK : cpi_error_memory(err);
}
