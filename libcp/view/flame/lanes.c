/* SPDX-License-Identifier: Apache-2.0 */
/* Flame charts: from samples to spans of time in lanes. */
#include "view/flame/lanes.h"

#include "base/radix.h"
#include "base/sort.h"
#include "model/name.h"

/* ---- while samples are added ---- */

static enum lane_kind kind_of(const struct cp_profile *p, uint32_t sample)
{
	const struct cp_label *label =
		cpi_label_find(p, p->sample_labels.v[sample], CPI_TEXT("state"));
	struct cp_text state;

	if (!label || !cpi_label_is_string(label))
		return LANE_RUNS;
	state = cpi_profile_text(p, label->str);
	return cpi_text_equal(state, CPI_TEXT("R"))   ? LANE_READY
	       : cpi_text_equal(state, CPI_TEXT("?")) ? LANE_UNKNOWN
						      : LANE_BLOCKED;
}

/* The frame right above the root on the way to a row, if it names a task. */
static uint32_t name_of(const struct cpi_tree *tree, uint32_t row)
{
	if (tree->options.root == CP_ROOT_NONE)
		return 0;
	while (row && tree->row.v[row].parent)
		row = tree->row.v[row].parent;
	return tree->row.v[row].frame;
}

static struct lane *lane_get(struct cpi_lanes *lanes, uint32_t name, int64_t tid)
{
	struct lane *last = lanes->lane.n ? &lanes->lane.v[lanes->lane.n - 1] : NULL;

	if (last && last->name == name && last->tid == tid)
		return last;
	if (!cpi_vec_push(&lanes->flame->env->mem, &lanes->lane,
		    (struct lane){.name = name, .tid = tid, .first = lanes->box.n}))
		return NULL;
	return &lanes->lane.v[lanes->lane.n - 1];
}

/*
 * Times beyond, some 70 years from the clock's zero, are nonsense, and spans of half that.
 * Within them every sum of this file is one of 63 bits.
 */
#define LANE_TIME (INT64_C(1) << 61)
#define LANE_SPAN (LANE_TIME / 2)

/* How long a value is; 0: it is no time, or none that passed. */
static int64_t nanoseconds(const struct cpi_lanes *lanes, int64_t value)
{
	const struct cpi_flame_unit *unit = &lanes->flame->unit;
	double ns = (double)value * unit->scale * 1e9;

	return unit->kind == CPI_FLAME_TIME && ns > 0 && ns < (double)LANE_SPAN
		       ? (int64_t)(ns + 0.5)
		       : 0;
}

static int64_t added(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static bool placed(void *arg, const struct cp_profile *p, uint32_t sample, uint32_t type,
	uint32_t row)
{
	struct cpi_lanes *lanes = arg;
	struct cpi_tree *tree = &lanes->flame->tree;
	const struct cp_label *tid =
		cpi_label_find(p, p->sample_labels.v[sample], CPI_TEXT("tid"));
	struct lane_box box = {.row = row, .kind = (uint8_t)kind_of(p, sample)};
	struct lane *lane;

	if (p->time.v[sample] < -LANE_TIME || p->time.v[sample] > LANE_TIME)
		return true;
	lane = lane_get(lanes, name_of(tree, row),
		tid && !cpi_label_is_string(tid) ? tid->num : -1);
	if (!lane)
		return false;
	box.value = p->value.v[(size_t)sample * p->sample_type.n + type];
	box.from = box.to = p->time.v[sample];
	if (box.kind == LANE_RUNS)
		box.from -= nanoseconds(lanes, box.value);
	else
		box.to += nanoseconds(lanes, box.value);
	lane->n++;
	return cpi_vec_push(&lanes->flame->env->mem, &lanes->box, box);
}

enum cp_code cpi_lanes_init(
	struct cpi_flame *flame, struct cpi_tree_options *options, struct cp_error *err)
{
	flame->lanes = cpi_alloc_zero(&flame->env->mem, sizeof *flame->lanes);
	if (!flame->lanes)
		return cpi_error_memory(err);
	flame->lanes->flame = flame;
	options->placed = placed;
	options->placed_arg = flame->lanes;
	return CP_OK;
}

void cpi_lanes_release(struct cpi_flame *flame)
{
	struct cpi_mem *mem = &flame->env->mem;
	struct cpi_lanes *lanes = flame->lanes;

	if (!lanes)
		return;
	cpi_vec_release(mem, &lanes->lane);
	cpi_vec_release(mem, &lanes->box);
	cpi_vec_release(mem, &lanes->row);
	cpi_vec_release(mem, &lanes->shown);
	cpi_free(mem, lanes, sizeof *lanes);
	flame->lanes = NULL;
}

/* ---- once all are there ---- */

/* The usual time between two samples of a thread: their median. 0: no two. */
static bool usual_gap(struct cpi_lanes *lanes, int64_t *ret_gap)
{
	struct cpi_mem *mem = &lanes->flame->env->mem;
	size_t n = 0, most = lanes->box.n;
	uint32_t *order = cpi_alloc_array(mem, most, sizeof *order);
	uint64_t *key = cpi_alloc_array(mem, most, sizeof *key);
	bool ok = order && key;

	for (size_t l = 0; ok && l < lanes->lane.n; l++) {
		const struct lane *lane = &lanes->lane.v[l];

		for (size_t i = lane->first + 1; i < lane->first + lane->n; i++)
			if (lanes->box.v[i].to > lanes->box.v[i - 1].to) {
				order[n] = (uint32_t)n;
				key[n++] = (uint64_t)lanes->box.v[i].to -
					   (uint64_t)lanes->box.v[i - 1].to;
			}
	}
	ok = ok && (n < 2 || cpi_radix_sort(mem, order, n, key));
	*ret_gap = ok && n ? (int64_t)key[order[n / 2]] : 0;
	*ret_gap = *ret_gap < LANE_SPAN ? *ret_gap : LANE_SPAN;
	cpi_free(mem, order, most * sizeof *order);
	cpi_free(mem, key, most * sizeof *key);
	return ok;
}

/* Spans that overlap what came before begin behind it. */
static void measure(struct cpi_lanes *lanes, struct lane *lane, int64_t gap)
{
	int64_t end = INT64_MIN;

	for (size_t i = lane->first; i < lane->first + lane->n; i++) {
		struct lane_box *box = &lanes->box.v[i];

		if (box->kind == LANE_RUNS && box->from == box->to)
			box->from -= gap;
		lane->waits |= box->kind != LANE_RUNS;
		if (box->from < end)
			box->from = end < box->to ? end : box->to;
		end = box->to > end ? box->to : end;
		lane->time[box->kind] += box->to - box->from;
		lane->total = added(lane->total, box->value);
		if (box->from < lanes->from)
			lanes->from = box->from;
		if (box->to > lanes->to)
			lanes->to = box->to;
	}
	lanes->waits |= lane->waits;
}

/* Threads that ran longest first, then those that waited. */
static int busiest(void *arg, uint32_t a, uint32_t b)
{
	const struct cpi_lanes *lanes = arg;
	const struct lane *x = &lanes->lane.v[a], *y = &lanes->lane.v[b];

	if (x->time[LANE_RUNS] != y->time[LANE_RUNS])
		return x->time[LANE_RUNS] > y->time[LANE_RUNS] ? -1 : 1;
	return x->total > y->total ? -1 : x->total < y->total;
}

static bool keep_rows(struct cpi_lanes *lanes)
{
	const struct cpi_tree *tree = &lanes->flame->tree;
	struct cpi_mem *mem = &lanes->flame->env->mem;

	if (!cpi_vec_reserve(mem, &lanes->row, tree->row.n) ||
		!cpi_vec_reserve(mem, &lanes->shown, lanes->lane.n))
		return false;
	for (size_t i = 0; i < tree->row.n; i++)
		lanes->row.v[lanes->row.n++] =
			(struct lane_row){tree->row.v[i].parent, tree->row.v[i].frame};
	for (size_t i = 0; i < lanes->lane.n; i++)
		lanes->shown.v[lanes->shown.n++] = (uint32_t)i;
	return true;
}

enum cp_code cpi_lanes_close(struct cpi_flame *flame, struct cp_error *err)
{
	struct cpi_lanes *lanes = flame->lanes;
	int64_t gap;

	lanes->from = INT64_MAX;
	lanes->to = INT64_MIN;
	if (!keep_rows(lanes) || !usual_gap(lanes, &gap))
		return cpi_error_memory(err);
	for (size_t i = 0; i < lanes->lane.n; i++)
		measure(lanes, &lanes->lane.v[i], gap);
	if (!lanes->lane.n)
		lanes->from = lanes->to = 0;
	if (!cpi_sort_rows(
		    &flame->env->mem, lanes->shown.v, lanes->shown.n, busiest, lanes))
		return cpi_error_memory(err);
	return CP_OK;
}

/* ---- frames ---- */

struct walking {
	struct cpi_lanes *lanes;
	CPI_VEC(struct lane_frame) open; /* from the lane's own on */
	CPI_VEC(uint32_t) path;          /* of one box, root first */
	lane_frame_fn *each;
	void *arg;
};

static bool path_of(struct walking *w, uint32_t row, bool named)
{
	struct cpi_mem *mem = &w->lanes->flame->env->mem;
	size_t n = 0;

	w->path.n = 0;
	for (uint32_t at = row; at; at = w->lanes->row.v[at].parent)
		n++;
	if (!cpi_vec_reserve(mem, &w->path, n + 1))
		return false;
	w->path.n = n;
	for (uint32_t at = row; at; at = w->lanes->row.v[at].parent)
		w->path.v[--n] = w->lanes->row.v[at].frame;
	/* The lane's own frame is there in any case. */
	if (!named) {
		memmove(w->path.v + 1, w->path.v, w->path.n * sizeof *w->path.v);
		w->path.v[0] = 0;
		w->path.n++;
	}
	return true;
}

static bool shut(struct walking *w, size_t level)
{
	while (w->open.n > level)
		if (!w->each(w->arg, &w->open.v[--w->open.n]))
			return false;
	return true;
}

static bool add_box(struct walking *w, const struct lane_box *box, bool named)
{
	struct cpi_mem *mem = &w->lanes->flame->env->mem;
	size_t same = 0;

	if (!path_of(w, box->row, named))
		return false;
	/* A lane is one frame, whatever it does not tell. */
	while (same < w->open.n && same < w->path.n &&
		w->open.v[same].frame == w->path.v[same] &&
		(!same || w->open.v[same].to == box->from))
		same++;
	if (!shut(w, same))
		return false;
	for (size_t i = 0; i < w->path.n; i++) {
		struct lane_frame *f;

		if (i == w->open.n && !cpi_vec_push(mem, &w->open,
					      ((struct lane_frame){.from = box->from,
						      .frame = w->path.v[i],
						      .depth = (uint32_t)i})))
			return false;
		f = &w->open.v[i];
		f->to = box->to;
		f->value = added(f->value, box->value);
		f->ran += box->kind == LANE_RUNS ? box->to - box->from : 0;
	}
	return true;
}

bool cpi_lanes_each(
	struct cpi_lanes *lanes, const struct lane *lane, lane_frame_fn *each, void *arg)
{
	struct walking w = {.lanes = lanes, .each = each, .arg = arg};
	struct cpi_mem *mem = &lanes->flame->env->mem;
	bool ok = true;

	for (size_t i = lane->first; ok && i < lane->first + lane->n; i++)
		ok = add_box(&w, &lanes->box.v[i], lane->name != 0);
	ok = ok && shut(&w, 0);
	cpi_vec_release(mem, &w.open);
	cpi_vec_release(mem, &w.path);
	return ok;
}
