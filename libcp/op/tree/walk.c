/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workload that shaped it: a million stacks of 30 frames in any order, whose nodes
 * are in no cache. A step down needs the first child's row or a slot of the index and the
 * row that it names, each found only after the one before; nearly all time went by
 * waiting for them. So stacks walk in groups, level by level: memory is asked for on
 * behalf of all lanes before any of them steps. Lanes step in the order of their samples,
 * so that nodes come about as if one stack had walked after the other, but for their
 * numbers, which nobody sees: siblings are in the same order, and a node has the frame of
 * the first stack.
 *
 * In sorted profiles, lanes mostly go where the lane before went.
 */
#include "op/tree/add.h"

#include <math.h>

#include "base/radix.h"
#include "model/name.h"

static bool new_node(
	struct tree_adding *a, uint32_t parent, struct tree_step step, uint32_t *ret_id)
{
	struct cpi_tree *tree = a->tree;
	struct cpi_mem *mem = &tree->env->mem;
	struct cpi_tree_row row = {parent, step.name, step.frame, 0};

	if (tree->row.n >= UINT32_MAX / 2) {
		(void)cpi_error(a->err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"the call tree would exceed 2^31 nodes");
		return false;
	}
	if (!cpi_vec_push(mem, &tree->row, row))
		return cpi_tree_out_of_memory(a);
	for (unsigned c = 0; c < tree->columns; c++)
		if (!cpi_vec_push(mem, &tree->value[c], 0))
			return cpi_tree_out_of_memory(a);
	*ret_id = (uint32_t)(tree->row.n - 1);
	return true;
}

/* A child that is not its parent's first. */
static bool further_node(
	struct tree_adding *a, struct tree_lane *lane, struct tree_step step)
{
	struct cpi_tree *tree = a->tree;
	uint32_t parent = lane->node, id;
	struct cpi_probe probe = cpi_index_find(&tree->nodes, lane->hash);

	while ((id = cpi_index_next(&tree->nodes, &probe)))
		if (tree->row.v[id].parent == parent &&
			tree->row.v[id].name == step.name) {
			lane->node = id;
			return true;
		}
	return new_node(a, parent, step, &lane->node) &&
		(cpi_index_add(&tree->env->mem, &tree->nodes, lane->hash, lane->node) ||
			cpi_tree_out_of_memory(a));
}

/* Widens the range of lines of the node just reached. */
bool cpi_tree_meet_line(struct tree_adding *a, uint32_t node, uint32_t line)
{
	struct cpi_tree *tree = a->tree;
	struct cpi_tree_lines *lines;

	if (!line)
		return true;
	while (tree->met.n <= node)
		if (!cpi_vec_push(
			    &tree->env->mem, &tree->met, (struct cpi_tree_lines){0}))
			return cpi_tree_out_of_memory(a);
	lines = &tree->met.v[node];
	if (!lines->first || line < lines->first)
		lines->first = line;
	if (line > lines->last)
		lines->last = line;
	return true;
}

/* One step down, found or new. */
static inline bool descend(
	struct tree_adding *a, struct tree_lane *lane, struct tree_step step)
{
	struct cpi_tree *tree = a->tree;
	uint32_t parent = lane->node, first = tree->row.v[parent].first;

	if (first && tree->row.v[first].name == step.name) {
		lane->node = first;
		return true;
	}
	if (first)
		return further_node(a, lane, step);
	if (!new_node(a, parent, step, &lane->node))
		return false;
	tree->row.v[parent].first = lane->node;
	return true;
}

bool cpi_tree_descend(struct tree_adding *a, uint32_t *node, struct tree_step step)
{
	struct tree_lane lane = {.node = *node,
		.hash = cpi_hash_u64((uint64_t)*node << 32 | step.name)};

	if (!descend(a, &lane, step))
		return false;
	*node = lane.node;
	return true;
}

/* Asks for what a lane's next step, at `level`, will read first. */
static inline void ask(
	const struct tree_adding *a, struct tree_lane *lane, uint32_t level)
{
	const struct cpi_tree *tree = a->tree;

	lane->hash = cpi_hash_u64(
		(uint64_t)lane->node << 32 | a->walk.v[lane->first + level].name);
	__builtin_prefetch(&tree->row.v[tree->row.v[lane->node].first]);
	cpi_index_prefetch(&tree->nodes, lane->hash);
}

/* The lanes that step at `level`; those that part from the one before here begin. */
static unsigned choose(struct tree_adding *a, uint32_t level, uint8_t *stepping)
{
	const struct tree_lane *begun = a->lane;
	unsigned n = 0;

	for (unsigned i = 0; i < a->lanes; i++) {
		struct tree_lane *lane = &a->lane[i];

		if (lane->same > level)
			continue;
		/*
		 * What lies between walks together for longer, and so stands here,
		 * too.
		 */
		if (lane->same == level) {
			lane->node = level ? begun->node : 0;
			if (level < lane->n)
				ask(a, lane, level);
		}
		begun = lane;
		stepping[n] = (uint8_t)i;
		n += level < lane->n;
	}
	return n;
}

static bool step(struct tree_adding *a, uint32_t level)
{
	const struct cpi_tree *tree = a->tree;
	uint8_t stepping[TREE_LANES];
	unsigned n = choose(a, level, stepping);

	/* The slots have come; now for the rows that they name. */
	for (unsigned i = 0; tree->nodes.slot && i < n; i++)
		__builtin_prefetch(&tree->row.v[(uint32_t)tree->nodes.slot[
			cpi_index_find(&tree->nodes, a->lane[stepping[i]].hash).at]]);
	for (unsigned i = 0; i < n; i++) {
		struct tree_lane *lane = &a->lane[stepping[i]];

		if (!descend(a, lane, a->walk.v[lane->first + level]) ||
			(a->lines && !cpi_tree_meet_line(a, lane->node,
					     a->walk.v[lane->first + level].line)))
			return false;
		if (level + 1 < lane->n)
			ask(a, lane, level + 1);
	}
	return true;
}

bool cpi_tree_count(struct tree_adding *a, uint32_t node, int64_t value)
{
	int64_t *self = &a->tree->value[a->column].v[node];

	if (__builtin_add_overflow(*self, value, self)) {
		(void)cpi_error(a->err, CP_ERROR_LIMIT, CP_NO_OFFSET,
			"a sum of sample values exceeds 64 bits");
		return false;
	}
	a->tree->samples[a->column]++;
	return true;
}

/* Sends the lanes down together. */
static bool walk(struct tree_adding *a)
{
	uint32_t deepest = 0;
	bool ok = true;

	for (unsigned i = 0; i < a->lanes; i++)
		if (a->lane[i].n > deepest)
			deepest = a->lane[i].n;
	/* One round more than steps: lanes that never part begin where they end. */
	for (uint32_t level = 0; ok && level <= deepest; level++)
		ok = step(a, level);
	for (unsigned i = 0; i < a->lanes; i++)
		__builtin_prefetch(&a->tree->value[a->column].v[a->lane[i].node]);
	for (unsigned i = 0; ok && i < a->lanes; i++)
		ok = cpi_tree_count(a, a->lane[i].node, a->lane[i].value);
	a->lanes = 0;
	a->walk.n = 0;
	return ok;
}

/* Appends the steps of a location's frames. */
static bool add_steps(struct tree_adding *a, cp_location location)
{
	const struct tree_place *place = &a->place[location.i];

	if (!place->n && !cpi_tree_make_place(a, location))
		return false;
	if (!cpi_vec_reserve(&a->tree->env->mem, &a->walk, place->n))
		return cpi_tree_out_of_memory(a);
	for (uint32_t i = 0; i < place->n; i++) {
		uint32_t at = a->tree->options.reverse ? place->n - 1 - i : i;

		a->walk.v[a->walk.n++] = a->step.v[place->first + at];
	}
	return true;
}

/* Label sets come in runs. */
bool cpi_tree_find_root(struct tree_adding *a, cp_labels labels, struct tree_step *ret)
{
	const struct cpi_tree_options *options = &a->tree->options;
	enum cp_root root = options->root;

	if (!a->labels_seen || labels.i != a->labels.i) {
		if (options->chart && root == CP_ROOT_AUTO &&
			cpi_label_find(a->p, labels, CPI_TEXT("tid")))
			root = CP_ROOT_TID;
		if (!cpi_tree_root_frame(a, root, labels, &a->root_frame))
			return false;
		a->labels = labels;
		a->labels_seen = true;
	}
	*ret = (struct tree_step){
		a->root_frame, a->tree->frame.v[a->root_frame].name, 0};
	return true;
}

/* The frame that names the task, if there is one. */
static bool add_root(struct tree_adding *a, cp_labels labels)
{
	struct tree_step root;

	return cpi_tree_find_root(a, labels, &root) &&
		(!root.frame || cpi_vec_push(&a->tree->env->mem, &a->walk, root) ||
			cpi_tree_out_of_memory(a));
}

/* Steps that the last two lanes begin with. */
static uint32_t same_steps(const struct tree_adding *a, const struct tree_lane *lane)
{
	const struct tree_step *last = a->walk.v + lane[-1].first;
	const struct tree_step *now = a->walk.v + lane->first;
	uint32_t n = lane->n < lane[-1].n ? lane->n : lane[-1].n, same = 0;

	while (same < n && now[same].name == last[same].name &&
		now[same].line == last[same].line)
		same++;
	return same;
}

/*
 * Only every `step` of the profile's value counts, as much as that, where it is reached:
 * a sample adds as many steps as it holds, and small ones add up to one.
 */
static int64_t thinned(struct tree_adding *a, int64_t value)
{
	int64_t steps;

	if (!a->step_value || value <= 0)
		return value;
	steps = value / a->step_value;
	a->left += value % a->step_value;
	if (a->left >= a->step_value) {
		a->left -= a->step_value;
		steps++;
	}
	return steps * a->step_value;
}

/* Gives sample i a lane, unless it has nothing to count. */
static bool add_lane(struct tree_adding *a, uint32_t i, uint32_t type)
{
	const struct cp_profile *p = a->p;
	struct tree_lane *lane = &a->lane[a->lanes];
	uint32_t n;
	const cp_location *frame = cpi_profile_frames(p, p->sample_stack.v[i], &n);
	int64_t value = p->value.v[(size_t)i * p->sample_type.n + type];

	a->tree->negative += value < 0;
	value = thinned(a, value);
	if (value <= 0)
		return true;
	*lane = (struct tree_lane){.first = a->walk.n, .value = value};
	if (!add_root(a, p->sample_labels.v[i]))
		return false;
	/* The model has leaves first. */
	for (uint32_t k = 0; k < n; k++)
		if (!add_steps(a, frame[a->tree->options.reverse ? k : n - 1 - k]))
			return false;
	lane->n = (uint32_t)(a->walk.n - lane->first);
	if (a->lanes++)
		lane->same = same_steps(a, lane);
	return true;
}

/* How far apart the samples are that stand for all; 0 = all are taken. */
static int64_t step_of(const struct tree_adding *a, uint32_t type)
{
	const struct cp_profile *p = a->p;
	uint32_t n = cpi_profile_n_samples(p), most = a->tree->options.most;
	double sum = 0;

	if (!most || n <= most)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		sum += fmax(0, (double)p->value.v[(size_t)i * p->sample_type.n + type]);
	return sum / most < 1e18 ? (int64_t)(sum / most) + 1 : 0;
}

bool cpi_tree_walk(struct tree_adding *a, uint32_t type)
{
	uint32_t n = cpi_profile_n_samples(a->p);

	a->step_value = step_of(a, type);

	for (uint32_t i = 0; i < n; i++) {
		if (!add_lane(a, i, type))
			return false;
		if ((a->lanes == TREE_LANES || a->walk.n > TREE_LANE_STEPS) && !walk(a))
			return false;
	}
	return walk(a);
}

/* In a flame chart a frame goes on only when the stack before had it at this place. */
static bool chart_step(struct tree_adding *a, struct tree_lane *lane, uint32_t level,
	struct tree_step step)
{
	struct cpi_tree *tree = a->tree;

	if (level < a->open.n) {
		uint32_t id = a->open.v[level];

		if (tree->row.v[id].parent == lane->node &&
			tree->row.v[id].name == step.name) {
			lane->node = id;
			return true;
		}
	}
	a->open.n = level;
	return new_node(a, lane->node, step, &lane->node) &&
		(cpi_vec_push(&tree->env->mem, &a->open, lane->node) ||
			cpi_tree_out_of_memory(a));
}

static bool chart_sample(struct tree_adding *a, uint32_t i, uint32_t type)
{
	struct tree_lane *lane = a->lane;

	if (!add_lane(a, i, type))
		return false;
	if (!a->lanes)
		return true;
	for (uint32_t level = 0; level < lane->n; level++)
		if (!chart_step(a, lane, level, a->walk.v[level]) ||
			!cpi_tree_meet_line(a, lane->node, a->walk.v[level].line))
			return false;
	a->open.n = lane->n;
	a->lanes = 0;
	a->walk.n = 0;
	if (a->tree->options.placed &&
		!a->tree->options.placed(
			a->tree->options.placed_arg, a->p, i, type, lane->node))
		return cpi_tree_out_of_memory(a);
	return cpi_tree_count(a, lane->node, lane->value);
}

/*
 * The order in which a flame chart takes samples: thread by thread, each by time.
 * Without times the rows' order is all there is.
 */
static bool chart_order(struct tree_adding *a, uint32_t *order, uint64_t *key)
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
			return cpi_tree_out_of_memory(a);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct cp_label *tid =
			cpi_label_find(p, p->sample_labels.v[i], CPI_TEXT("tid"));
		uint32_t frame;

		if (!cpi_tree_root_frame(a, CP_ROOT_AUTO, p->sample_labels.v[i], &frame))
			return false;
		key[i] = tid && !cpi_label_is_string(tid) ? (uint64_t)tid->num : 0;
		key[i] = key[i] << 32 | frame;
	}
	return cpi_radix_sort(mem, order, n, key) || cpi_tree_out_of_memory(a);
}

bool cpi_tree_walk_chart(struct tree_adding *a, uint32_t type)
{
	struct cpi_mem *mem = &a->tree->env->mem;
	uint32_t n = cpi_profile_n_samples(a->p);
	uint32_t *order = cpi_alloc_array(mem, n, sizeof *order);
	uint64_t *key = cpi_alloc_array(mem, n, sizeof *key);
	bool ok = order && key ? chart_order(a, order, key) : cpi_tree_out_of_memory(a);

	for (uint32_t i = 0; ok && i < n; i++)
		ok = chart_sample(a, order[i], type);
	cpi_free(mem, order, n * sizeof *order);
	cpi_free(mem, key, n * sizeof *key);
	return ok;
}
