/* SPDX-License-Identifier: Apache-2.0 */
#include "op/diff/diff.h"

#include <math.h>
#include <stdlib.h>

#include <cp/filter.h>
#include <cp/units.h>

static enum cp_code copied(struct cp_diff *diff, const char *from, char **ret)
{
	*ret = NULL;
	if (!from)
		return CP_OK;
	*ret = cpi_arena_copy(&diff->bytes, from, strlen(from));
	return *ret ? CP_OK : CP_ERROR_MEMORY;
}

enum cp_code cpi_diff_new(struct cpi_env *env, const struct cp_diff_options *options,
	struct cp_diff **ret_diff, struct cp_error *err)
{
	struct cp_diff *diff = cpi_alloc_zero(&env->mem, sizeof *diff);

	if (!diff)
		return cpi_error_memory(err);
	diff->env = env;
	diff->options = *options;
	diff->options.tree = false; /* until there is one to release */
	cpi_arena_init(&diff->bytes, &env->mem);
	if (copied(diff, options->anchor, &diff->anchor) ||
		copied(diff, options->sample_type, &diff->sample_type)) {
		cp_diff_free(diff);
		return cpi_error_memory(err);
	}
	if (options->tree) {
		struct cpi_tree_options tree = {.root = CP_ROOT_NONE};
		enum cp_code code = cpi_tree_init(&diff->tree, env, &tree, 2, err);

		diff->options.tree = true;
		if (code) {
			cp_diff_free(diff);
			return code;
		}
	}
	if (!(diff->options.q > 0))
		diff->options.q = 0.05;
	if (!(diff->options.min_change > 0))
		diff->options.min_change = 0.05;
	*ret_diff = diff;
	return CP_OK;
}

void cp_diff_free(struct cp_diff *diff)
{
	struct cpi_mem *mem;

	if (!diff)
		return;
	mem = &diff->env->mem;
	if (diff->options.tree)
		cpi_tree_release(&diff->tree);
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

/* The tree adds up whole numbers, so they have to mean the same in all captures. */
static enum cp_code same_scale(struct cp_diff *diff, const struct cp_profile *profile,
	uint32_t type, struct cp_error *err)
{
	const struct cp_value_type *t = &profile->sample_type.v[type];
	double one = pow(10, -(double)t->decimals);
	char unit[48];

	if (diff->run.n && (diff->tree_one != one ||
		cp_unit_ratio(cpi_profile_text(profile, t->unit), diff->unit) != 1))
		return cpi_error(err, CP_ERROR_UNSUPPORTED, CP_NO_OFFSET,
			"values are in %s%s here and in another unit before; a tree "
			"compares one",
			one == 1 ? "" : "decimals of ",
			cpi_text_printable(
				unit, sizeof unit, cpi_profile_text(profile, t->unit)));
	diff->tree_one = one;
	return CP_OK;
}

enum cp_code cp_diff_add(struct cp_diff *diff, enum cp_diff_side side,
	const struct cp_profile *profile, const char *name, struct cp_error *err)
{
	struct cpi_diff_run run = {.side = side};
	enum cp_code code = cpi_diff_scan(diff, profile, &run, err);
	uint32_t type;

	if (!code && diff->options.tree) {
		(void)cp_profile_find_sample_type(
			profile, diff->sample_type, &type, NULL);
		code = same_scale(diff, profile, type, err);
		if (!code)
			code = cpi_tree_add(
				&diff->tree, profile, type, side == CP_AFTER, err);
	}
	if (!code && !cpi_vec_push(&diff->env->mem, &diff->run, run))
		code = cpi_error_memory(err);
	if (code) {
		cpi_vec_release(&diff->env->mem, &run.cell);
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

/* The dispersion that times inside single captures show, over both. */
static double block_phi(const struct cp_diff *diff)
{
	double weight = 0, sum = 0;

	for (size_t i = 0; i < diff->run.n; i++) {
		weight += diff->run.v[i].block_rows;
		sum += diff->run.v[i].block_rows * diff->run.v[i].block_phi;
	}
	return weight > 0 ? fmax(1, sum / weight) : 0;
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
	s->census = diff->census;
	s->anchor_spread = NAN;
	s->phi = diff->options.phi;
	if (!(s->phi > 0) && s->n_before == 1 && s->n_after == 1) {
		s->phi = block_phi(diff);
		s->phi_from_blocks = s->phi > 0;
		s->phi = fmax(1, s->phi);
	}
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
	if (!code)
		code = cpi_diff_test(diff, n_rows, err);
	if (!code)
		code = cpi_diff_moved(diff, err);
	if (!code && diff->options.tree)
		code = cpi_tree_finish(&diff->tree, CPI_TREE_BY_NAME, err);
	if (!code && !cpi_vec_reserve(&diff->env->mem, &diff->order, n_rows))
		code = cpi_error_memory(err);
	if (code)
		return code;
	for (size_t i = 0; i < n_rows; i++)
		diff->order.v[diff->order.n++] = &diff->row.v[i];
	if (n_rows)
		qsort(diff->order.v, n_rows, sizeof *diff->order.v, row_order);
	return CP_OK;
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
