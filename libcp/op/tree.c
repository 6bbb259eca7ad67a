/* SPDX-License-Identifier: Apache-2.0 */
#include "op/tree.h"

#include "base/sink.h"
#include "base/radix.h"
#include "model/name.h"

/* A location's frames, outermost first: frame ids at[first] … at[first + n - 1]. */
struct place {
	uint32_t first, n; /* n = 0: not yet made */
};

/* What adding one profile needs besides the tree. */
struct adding {
	struct cpi_tree *tree;
	const struct cp_profile *p;
	struct cp_error *err;
	struct place *place; /* by location */
	CPI_VEC(uint32_t) at;
	/* The path of the stack before: the node after each location, root side first. */
	CPI_VEC(cp_location) last;
	CPI_VEC(uint32_t) path;
	uint32_t last_root; /* the node its path starts from */
	/* Flame charts: the last stack's nodes, root first, and the level being walked. */
	CPI_VEC(uint32_t) open;
	uint32_t level;
	cp_labels labels; /* of the sample before, and its frame below the root */
	bool labels_seen;
	uint32_t root_frame;
};

static bool out_of(struct adding *a)
{
	(void)cpi_error_memory(a->err);
	return false;
}

/* Names as long as novels keep their start; a hash of the whole keeps them apart. */
static struct cp_text shorten(struct cpi_tree *tree, struct cp_text text, char *buf)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t hash = cpi_hash(text.p, text.n);
	size_t n = CPI_TREE_NAME_MAX - 32;

	while (n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	memcpy(buf, text.p, n);
	memcpy(buf + n, "…#", 4);
	n += 4;
	for (unsigned i = 0; i < 16; i++)
		buf[n++] = hex[hash >> (60 - 4 * i) & 15];
	tree->cut_names++;
	return (struct cp_text){buf, n};
}

static bool text_id(struct adding *a, struct cp_text text, uint32_t *ret_id)
{
	struct cpi_tree *tree = a->tree;
	struct cpi_mem *mem = &tree->env->mem;
	char buf[CPI_TREE_NAME_MAX];
	struct cpi_probe probe;
	uint64_t hash;
	char *copy;

	*ret_id = 0;
	if (!text.n)
		return true;
	if (text.n > CPI_TREE_NAME_MAX)
		text = shorten(tree, text, buf);
	hash = cpi_hash(text.p, text.n);
	probe = cpi_index_find(&tree->texts, hash);
	while ((*ret_id = cpi_index_next(&tree->texts, &probe)))
		if (cpi_text_equal(tree->text.v[*ret_id], text))
			return true;
	copy = cpi_arena_copy(&tree->bytes, text.p, text.n);
	if (!copy || !cpi_vec_push(mem, &tree->text, (struct cp_text){copy, text.n}))
		return out_of(a);
	*ret_id = (uint32_t)(tree->text.n - 1);
	return cpi_index_add(mem, &tree->texts, hash, *ret_id) || out_of(a);
}

static bool frames_equal(const struct cpi_tree_frame *a, const struct cpi_tree_frame *b)
{
	return a->name == b->name && a->module == b->module && a->file == b->file &&
		a->line == b->line && a->flags == b->flags;
}

static bool frame_id(struct adding *a, const struct cpi_tree_frame *row, uint32_t *ret_id)
{
	struct cpi_tree *tree = a->tree;
	struct cpi_mem *mem = &tree->env->mem;
	uint64_t hash = cpi_hash_mix((uint64_t)row->name << 32 | row->module,
		(uint64_t)row->file << 32 | (row->line << 3 | row->flags));
	struct cpi_probe probe = cpi_index_find(&tree->frames, hash);

	while ((*ret_id = cpi_index_next(&tree->frames, &probe)))
		if (frames_equal(&tree->frame.v[*ret_id], row))
			return true;
	if (!cpi_vec_push(mem, &tree->frame, *row))
		return out_of(a);
	*ret_id = (uint32_t)(tree->frame.n - 1);
	return cpi_index_add(mem, &tree->frames, hash, *ret_id) || out_of(a);
}

static bool new_node(struct adding *a, uint32_t parent, uint32_t frame, uint32_t *ret_id)
{
	struct cpi_tree *tree = a->tree;
	struct cpi_mem *mem = &tree->env->mem;
	struct cpi_tree_row row = {parent, tree->frame.v[frame].name, frame, 0};

	if (tree->row.n >= UINT32_MAX / 2) {
		(void)cpi_error(a->err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"the call tree would exceed 2^31 nodes");
		return false;
	}
	if (!cpi_vec_push(mem, &tree->row, row))
		return out_of(a);
	for (unsigned c = 0; c < tree->columns; c++)
		if (!cpi_vec_push(mem, &tree->value[c], 0))
			return out_of(a);
	*ret_id = (uint32_t)(tree->row.n - 1);
	return true;
}

/* In a flame chart a frame goes on only when the stack before had it at this place. */
static bool chart_node(struct adding *a, uint32_t parent, uint32_t frame, uint32_t *ret_id)
{
	struct cpi_tree *tree = a->tree;
	uint32_t level = a->level++, id;

	if (level < a->open.n) {
		id = a->open.v[level];
		if (tree->row.v[id].parent == parent &&
			tree->row.v[id].name == tree->frame.v[frame].name) {
			*ret_id = id;
			return true;
		}
	}
	a->open.n = level;
	return new_node(a, parent, frame, ret_id) &&
		(cpi_vec_push(&tree->env->mem, &a->open, *ret_id) || out_of(a));
}

/* A child that is not its parent's first. */
static bool further_node(struct adding *a, uint32_t parent, uint32_t frame, uint32_t *ret_id)
{
	struct cpi_tree *tree = a->tree;
	uint32_t name = tree->frame.v[frame].name, id;
	uint64_t hash = cpi_hash_u64((uint64_t)parent << 32 | name);
	struct cpi_probe probe = cpi_index_find(&tree->nodes, hash);

	while ((id = cpi_index_next(&tree->nodes, &probe)))
		if (tree->row.v[id].parent == parent && tree->row.v[id].name == name) {
			*ret_id = id;
			return true;
		}
	return new_node(a, parent, frame, ret_id) &&
		(cpi_index_add(&tree->env->mem, &tree->nodes, hash, *ret_id) || out_of(a));
}

/* A child of `parent` for the frame's name, found or new. */
static inline bool node_id(
	struct adding *a, uint32_t parent, uint32_t frame, uint32_t *ret_id)
{
	struct cpi_tree *tree = a->tree;
	uint32_t first = tree->row.v[parent].first;

	if (tree->options.chart)
		return chart_node(a, parent, frame, ret_id);
	if (first && tree->row.v[first].name == tree->frame.v[frame].name) {
		*ret_id = first;
		return true;
	}
	if (first)
		return further_node(a, parent, frame, ret_id);
	if (!new_node(a, parent, frame, ret_id))
		return false;
	tree->row.v[parent].first = *ret_id;
	return true;
}

static uint8_t mapping_flags(const struct cp_profile *p, cp_mapping mapping)
{
	return (cpi_mapping_is_kernel(p, mapping) ? CPI_FRAME_KERNEL : 0) |
		(cpi_mapping_is_jit(p, mapping) ? CPI_FRAME_JIT : 0);
}

/* Folded stacks say with an ending what other formats say with a mapping. */
static uint8_t ending_flags(struct cp_text name)
{
	if (name.n < 4 || memcmp(name.p + name.n - 4, "_[", 2) || name.p[name.n - 1] != ']')
		return 0;
	switch (name.p[name.n - 2]) {
	case 'k':
		return CPI_FRAME_KERNEL;
	case 'i':
		return CPI_FRAME_INLINED;
	case 'j':
		return CPI_FRAME_JIT;
	default:
		return 0;
	}
}

/* The name's id; stand-ins get their brackets. */
static bool name_id(struct adding *a, struct cpi_name name, uint32_t *ret_id)
{
	struct cpi_sink sink;
	bool ok;

	if (!name.bracket)
		return text_id(a, name.text, ret_id);
	cpi_sink_memory(&sink, &a->tree->env->mem);
	cpi_name_append(&sink, name);
	ok = sink.code ? out_of(a)
		: text_id(a, (struct cp_text){(char *)sink.buf, sink.n}, ret_id);
	cpi_sink_release(&sink);
	return ok;
}

static bool add_frame(struct adding *a, const struct cpi_tree_frame *row)
{
	uint32_t id;

	return frame_id(a, row, &id) &&
		(cpi_vec_push(&a->tree->env->mem, &a->at, id) || out_of(a));
}

static bool make_place(struct adding *a, cp_location id)
{
	const struct cp_profile *p = a->p;
	const struct cp_location_row *row = &p->location.v[id.i];
	struct place *place = &a->place[id.i];
	uint8_t flags = mapping_flags(p, row->mapping);
	struct cpi_tree_frame frame = {.flags = flags};

	place->first = (uint32_t)a->at.n;
	if (!text_id(a, cpi_profile_text(p, p->mapping.v[row->mapping.i].path), &frame.module))
		return false;
	if (!row->n_lines && (!name_id(a, cpi_name_of(p, id, 0), &frame.name) ||
				     !add_frame(a, &frame)))
		return false;
	for (uint32_t i = row->n_lines; i--;) {
		const struct cp_line_row *line = &p->line.v[row->first_line + i];
		const struct cp_function_row *f = &p->function.v[line->function.i];
		struct cpi_name name = cpi_name_of(p, id, i);

		frame.line = f->start_line > 0 && f->start_line < UINT32_MAX / 8
			? (uint32_t)f->start_line : 0;
		frame.flags = flags | ending_flags(name.text) |
			(i + 1 < row->n_lines ? CPI_FRAME_INLINED : 0);
		if (!name_id(a, name, &frame.name) ||
			!text_id(a, cpi_profile_text(p, f->file), &frame.file) ||
			!add_frame(a, &frame))
			return false;
	}
	place->n = (uint32_t)(a->at.n - place->first);
	return true;
}

/* The frame below the root that names the task; 0 = none. */
static bool root_frame(struct adding *a, enum cp_root root, cp_labels labels, uint32_t *ret_id)
{
	struct cpi_tree_frame frame = {0};
	struct cpi_sink sink;
	bool ok;

	*ret_id = 0;
	if (root == CP_ROOT_NONE || !labels.i)
		return true;
	cpi_sink_memory(&sink, &a->tree->env->mem);
	cpi_name_root(&sink, a->p, labels, root);
	ok = sink.code ? out_of(a)
		: text_id(a, (struct cp_text){(char *)sink.buf, sink.n}, &frame.name);
	ok = ok && (!frame.name || frame_id(a, &frame, ret_id));
	cpi_sink_release(&sink);
	return ok;
}

/* The node below which the sample's stack stands; label sets come in runs. */
static bool root_node(struct adding *a, cp_labels labels, uint32_t *ret_node)
{
	const struct cpi_tree_options *options = &a->tree->options;
	enum cp_root root = options->root;

	if (options->chart && root == CP_ROOT_AUTO &&
		cpi_label_find(a->p, labels, CPI_TEXT("tid")))
		root = CP_ROOT_TID;
	if (!a->labels_seen || labels.i != a->labels.i) {
		if (!root_frame(a, root, labels, &a->root_frame))
			return false;
		a->labels = labels;
		a->labels_seen = true;
	}
	a->level = 0;
	*ret_node = 0;
	return !a->root_frame || node_id(a, 0, a->root_frame, ret_node);
}

/* Walks the frames of one location down from `node`. */
static bool descend(struct adding *a, cp_location location, uint32_t *node)
{
	const struct place *place = &a->place[location.i];

	if (!place->n && !make_place(a, location))
		return false;
	for (uint32_t i = 0; i < place->n; i++) {
		uint32_t at = a->tree->options.reverse ? place->n - 1 - i : i;

		if (!node_id(a, *node, a->at.v[place->first + at], node))
			return false;
	}
	return true;
}

/* Locations in tree order: index 0 is next to the root. */
static inline cp_location frame_at(
	const struct cpi_tree *tree, const cp_location *frame, uint32_t n, uint32_t i)
{
	return frame[tree->options.reverse ? i : n - 1 - i];
}

/* The node of a whole stack, reusing the path of the stack before as far as it agrees. */
static bool stack_node(struct adding *a, cp_stack stack, uint32_t root, uint32_t *ret_node)
{
	struct cpi_tree *tree = a->tree;
	struct cpi_mem *mem = &tree->env->mem;
	uint32_t n, same = 0;
	const cp_location *frame = cpi_profile_frames(a->p, stack, &n);
	uint32_t node = root;

	if (root == a->last_root && !tree->options.chart)
		while (same < n && same < a->last.n &&
			frame_at(tree, frame, n, same).i == a->last.v[same].i)
			same++;
	if (same)
		node = a->path.v[same - 1];
	a->last.n = a->path.n = same;
	a->last_root = root;
	if (!cpi_vec_reserve(mem, &a->last, n - same) ||
		!cpi_vec_reserve(mem, &a->path, n - same))
		return out_of(a);
	for (uint32_t i = same; i < n; i++) {
		cp_location location = frame_at(tree, frame, n, i);

		if (!descend(a, location, &node))
			return false;
		a->last.v[a->last.n++] = location;
		a->path.v[a->path.n++] = node;
	}
	if (tree->options.chart)
		a->open.n = a->level;
	*ret_node = node;
	return true;
}

static bool add_sample(struct adding *a, uint32_t i, uint32_t type, unsigned column)
{
	const struct cp_profile *p = a->p;
	int64_t value = p->value.v[(size_t)i * p->sample_type.n + type];
	int64_t *self;
	uint32_t node;

	if (value < 0) {
		a->tree->negative++;
		return true;
	}
	if (!value)
		return true;
	if (!root_node(a, p->sample_labels.v[i], &node) ||
		!stack_node(a, p->sample_stack.v[i], node, &node))
		return false;
	self = &a->tree->value[column].v[node];
	if (__builtin_add_overflow(*self, value, self)) {
		(void)cpi_error(a->err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"a sum of sample values exceeds 64 bits");
		return false;
	}
	a->tree->samples[column]++;
	return true;
}

/*
 * The order in which a flame chart takes samples: thread by thread, each by time.
 * Without times the rows' order is all there is.
 */
static bool chart_order(struct adding *a, uint32_t *order, uint64_t *key)
{
	const struct cp_profile *p = a->p;
	struct cpi_mem *mem = &a->tree->env->mem;
	uint32_t n = cpi_profile_n_samples(p);

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	if (p->time.n == n) {
		for (uint32_t i = 0; i < n; i++)
			key[i] = (uint64_t)p->time.v[i] ^ 1ULL << 63;
		if (!cpi_radix_sort(mem, order, n, key))
			return out_of(a);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct cp_label *tid =
			cpi_label_find(p, p->sample_labels.v[i], CPI_TEXT("tid"));
		uint32_t frame;

		if (!root_frame(a, CP_ROOT_AUTO, p->sample_labels.v[i], &frame))
			return false;
		key[i] = tid && !cpi_label_is_string(tid) ? (uint64_t)tid->num : 0;
		key[i] = key[i] << 32 | frame;
	}
	return cpi_radix_sort(mem, order, n, key) || out_of(a);
}

static bool add_chart(struct adding *a, uint32_t type, unsigned column)
{
	struct cpi_mem *mem = &a->tree->env->mem;
	uint32_t n = cpi_profile_n_samples(a->p);
	uint32_t *order = cpi_alloc_array(mem, n, sizeof *order);
	uint64_t *key = cpi_alloc_array(mem, n, sizeof *key);
	bool ok = order && key ? chart_order(a, order, key) : out_of(a);

	for (uint32_t i = 0; ok && i < n; i++)
		ok = add_sample(a, order[i], type, column);
	cpi_free(mem, order, n * sizeof *order);
	cpi_free(mem, key, n * sizeof *key);
	return ok;
}

static void release_adding(struct adding *a)
{
	struct cpi_mem *mem = &a->tree->env->mem;

	cpi_free(mem, a->place, a->p->location.n * sizeof *a->place);
	cpi_vec_release(mem, &a->at);
	cpi_vec_release(mem, &a->last);
	cpi_vec_release(mem, &a->path);
	cpi_vec_release(mem, &a->open);
}

enum cp_code cpi_tree_add(struct cpi_tree *tree, const struct cp_profile *profile,
	uint32_t type, unsigned column, struct cp_error *err)
{
	struct cp_error here = {0};
	struct adding a = {.tree = tree, .p = profile, .err = &here};
	bool ok = true;

	a.place = cpi_alloc_zero(&tree->env->mem, profile->location.n * sizeof *a.place);
	if (!a.place)
		return cpi_error_memory(err);
	if (tree->options.chart)
		ok = add_chart(&a, type, column);
	for (uint32_t i = 0; !tree->options.chart && ok && i < cpi_profile_n_samples(profile); i++)
		ok = add_sample(&a, i, type, column);
	release_adding(&a);
	if (!ok && err)
		*err = here;
	return ok ? CP_OK : here.code;
}

enum cp_code cpi_tree_init(struct cpi_tree *tree, struct cpi_env *env,
	const struct cpi_tree_options *options, unsigned columns, struct cp_error *err)
{
	bool ok;

	memset(tree, 0, sizeof *tree);
	tree->env = env;
	tree->options = *options;
	tree->columns = columns;
	cpi_arena_init(&tree->bytes, &env->mem);
	ok = cpi_vec_push(&env->mem, &tree->text, (struct cp_text){"", 0}) &&
		cpi_vec_push(&env->mem, &tree->frame, (struct cpi_tree_frame){0}) &&
		cpi_vec_push(&env->mem, &tree->row, (struct cpi_tree_row){0});
	for (unsigned c = 0; c < columns; c++)
		ok = ok && cpi_vec_push(&env->mem, &tree->value[c], 0);
	if (ok)
		return CP_OK;
	cpi_tree_release(tree);
	return cpi_error_memory(err);
}
