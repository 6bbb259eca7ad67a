/* SPDX-License-Identifier: Apache-2.0 */
/* Differences: captures are added up by function, then judged. */
#include "op/diff/diff.h"


#include <math.h>
#include <stdlib.h>

#include <cp/filter.h>
#include <cp/units.h>

#include "op/diff/name.h"

/*
 * So many samples of a capture, drawn evenly over its values, are enough to find the path
 * that explains a change; --tree has them all.
 */
enum { CAUSE_SAMPLES = 50000 };
/* Changes of half a percent are told of: calls of a tenth of that are their caller's. */
#define LEAST_NODE 0.0005

static enum cp_code copied(struct cp_diff *diff, const char *from, char **ret)
{
	*ret = NULL;
	if (!from)
		return CP_OK;
	*ret = cpi_arena_copy(&diff->bytes, from, strlen(from));
	return *ret ? CP_OK : CP_ERROR_MEMORY;
}

/* The diff of the label's values: they have no clones, and nobody names them ahead. */
static enum cp_code by_label(struct cp_diff *diff, const char *label, struct cp_error *err)
{
	struct cp_diff_options options = diff->options;
	enum cp_code code;

	options.by = options.anchor = options.planned = options.acknowledged = NULL;
	options.exact_names = true;
	options.tree = false;
	code = cpi_diff_new(diff->env, &options, &diff->by, err);
	if (!code)
		diff->by->label = cpi_text(label);
	return code;
}

enum cp_code cpi_diff_new(struct cpi_env *env, const struct cp_diff_options *options,
	struct cp_diff **ret_diff, struct cp_error *err)
{
	struct cp_diff *diff = cpi_alloc_zero(&env->mem, sizeof *diff);
	char *by = NULL;
	enum cp_code code;

	if (!diff)
		return cpi_error_memory(err);
	diff->env = env;
	diff->options = *options;
	diff->calibration = options->calibration;
	cpi_arena_init(&diff->bytes, &env->mem);
	if (copied(diff, options->anchor, &diff->anchor) ||
		copied(diff, options->planned, &diff->planned) ||
		copied(diff, options->acknowledged, &diff->acknowledged) ||
		copied(diff, options->sample_type, &diff->sample_type) ||
		copied(diff, options->by, &by)) {
		cp_diff_free(diff);
		return cpi_error_memory(err);
	}
	code = cpi_tree_init(&diff->tree, env,
		&(struct cpi_tree_options){.root = CP_ROOT_NONE,
			.most = options->tree ? 0 : CAUSE_SAMPLES,
			.least = LEAST_NODE,
			.rename = options->exact_names ? NULL : cpi_diff_name},
		2, err);
	if (code) {
		cp_diff_free(diff);
		return code;
	}
	if (!(diff->options.q > 0))
		diff->options.q = 0.05;
	if (!(diff->options.min_change > 0))
		diff->options.min_change = 0.05;
	code = by ? by_label(diff, by, err) : CP_OK;
	if (code) {
		cp_diff_free(diff);
		return code;
	}
	*ret_diff = diff;
	return CP_OK;
}

void cp_diff_free(struct cp_diff *diff)
{
	struct cpi_mem *mem;

	if (!diff)
		return;
	mem = &diff->env->mem;
	cp_diff_free(diff->by);
	cpi_tree_release(&diff->tree);
	cpi_vec_release(mem, &diff->path);
	cpi_vec_release(mem, &diff->series.step);
	for (size_t i = 0; i < diff->run.n; i++)
		cpi_vec_release(mem, &diff->run.v[i].cell);
	cpi_vec_release(mem, &diff->run);
	cpi_vec_release(mem, &diff->name);
	cpi_vec_release(mem, &diff->row);
	cpi_vec_release(mem, &diff->order);
	cpi_vec_release(mem, &diff->caller[0]);
	cpi_vec_release(mem, &diff->caller[1]);
	cpi_vec_release(mem, &diff->row_of);
	cpi_index_release(mem, &diff->names);
	cpi_arena_release(&diff->bytes);
	cpi_free(mem, diff, sizeof *diff);
}

/*
 * The tree adds up whole numbers, so they have to mean the same in all captures. Without
 * a path a comparison is still one; a tree that was asked for is an error.
 */
static enum cp_code add_tree(struct cp_diff *diff, enum cp_diff_side side,
	const struct cp_profile *profile, struct cp_error *err)
{
	const struct cp_value_type *t;
	double one;
	uint32_t type;
	char unit[48];

	(void)cp_profile_find_sample_type(profile, diff->sample_type, &type, NULL);
	t = &profile->sample_type.v[type];
	one = pow(10, -(double)t->decimals);
	if (!diff->run.n || (diff->tree_one == one &&
		cp_unit_ratio(cpi_profile_text(profile, t->unit), diff->unit) == 1)) {
		diff->tree_one = one;
		return cpi_tree_add(&diff->tree, profile, type, side == CP_AFTER, err);
	}
	diff->tree_one = 0;
	if (!diff->options.tree)
		return CP_OK;
	return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
		"values are in %s%s here and in another unit before; a tree compares one",
		one == 1 ? "" : "decimals of ",
		cpi_text_printable(unit, sizeof unit, cpi_profile_text(profile, t->unit)));
}

enum cp_code cp_diff_add(struct cp_diff *diff, enum cp_diff_side side,
	const struct cp_profile *profile, const char *name, struct cp_error *err)
{
	struct cpi_diff_run run = {.side = side}, by_run = {.side = side};
	struct cpi_mem *mem = &diff->env->mem;
	enum cp_code code = cpi_diff_scan(diff, profile, &run, &by_run, err);

	if (!code)
		code = add_tree(diff, side, profile, err);
	if (!code && ((diff->by && !cpi_vec_reserve(mem, &diff->by->run, 1)) ||
			     !cpi_vec_push(mem, &diff->run, run)))
		code = cpi_error_memory(err);
	if (!code && diff->by)
		diff->by->run.v[diff->by->run.n++] = by_run;
	if (code) {
		cpi_vec_release(mem, &run.cell);
		cpi_vec_release(mem, &by_run.cell);
		if (name)
			cpi_error_context(err, "%.60s", name);
	}
	return code;
}

/* Mean duration of a side; 0 when a capture does not say. */
static double seconds(const struct cp_diff *diff, enum cp_diff_side side, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < diff->run.n; i++)
		if (diff->run.v[i].side == side) {
			if (diff->run.v[i].seconds <= 0)
				return 0;
			sum += diff->run.v[i].seconds;
		}
	return sum / (double)n;
}

static void summarise(struct cp_diff *diff)
{
	struct cp_diff_summary *s = &diff->summary;

	for (size_t i = 0; i < diff->run.n; i++)
		*(diff->run.v[i].side == CP_BEFORE ? &s->n_before : &s->n_after) += 1;
	s->type = diff->type;
	s->unit = diff->unit;
	s->scale = diff->options.scale;
	s->q = diff->options.q;
	s->min_change = diff->options.min_change;
	if (s->n_before)
		s->seconds_before = seconds(diff, CP_BEFORE, s->n_before);
	if (s->n_after)
		s->seconds_after = seconds(diff, CP_AFTER, s->n_after);
}

static int row_order(const void *a, const void *b)
{
	const struct cp_diff_row *x = *(const struct cp_diff_row *const *)a;
	const struct cp_diff_row *y = *(const struct cp_diff_row *const *)b;
	double dx = fabs(x->flat.change), dy = fabs(y->flat.change);

	if (dx != dy)
		return dx < dy ? 1 : -1;
	dx = fabs(x->cum.change);
	dy = fabs(y->cum.change);
	if (dx != dy)
		return dx < dy ? 1 : -1;
	return cpi_text_compare(x->name, y->name);
}

enum cp_code cpi_diff_order(struct cp_diff *diff, struct cp_error *err)
{
	size_t n = diff->row.n;

	if (!cpi_vec_reserve(&diff->env->mem, &diff->order, n))
		return cpi_error_memory(err);
	for (size_t i = 0; i < n; i++)
		diff->order.v[diff->order.n++] = &diff->row.v[i];
	if (n)
		qsort(diff->order.v, n, sizeof *diff->order.v, row_order);
	return CP_OK;
}

enum cp_code cp_diff_finish(struct cp_diff *diff, struct cp_error *err)
{
	size_t n_rows;
	enum cp_code code;

	if (diff->finished)
		return cpi_error(
			err, CP_ERROR_ARGUMENT, CP_NO_OFFSET, "the diff is finished");
	diff->finished = true;
	summarise(diff);
	if (!diff->summary.n_before || !diff->summary.n_after)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"a diff needs a capture on each side");
	code = cpi_diff_match(diff, &n_rows, err);
	if (!code && !diff->options.exact_names)
		code = cpi_tree_align(&diff->tree, false, err);
	if (!code)
		code = cpi_tree_finish(&diff->tree, CPI_TREE_BY_NAME, err);
	if (!code)
		code = cpi_diff_test(diff, n_rows, err);
	if (!code)
		code = cpi_diff_moved(diff, err);
	if (!code)
		code = cpi_diff_cause(diff, err);
	if (!code && diff->by)
		code = cpi_diff_label_finish(diff, err);
	return code ? code : cpi_diff_order(diff, err);
}

const struct cp_diff *cp_diff_by(const struct cp_diff *diff)
{
	return diff->by;
}

const struct cp_diff_summary *cp_diff_summary(const struct cp_diff *diff)
{
	return &diff->summary;
}

size_t cp_diff_count(const struct cp_diff *diff)
{
	return diff->order.n;
}

const struct cp_diff_row *cp_diff_row(const struct cp_diff *diff, size_t i)
{
	return i < diff->order.n ? diff->order.v[i] : NULL;
}
