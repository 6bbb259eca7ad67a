/* SPDX-License-Identifier: Apache-2.0 */
/* Values in other units or magnitudes. */
#include "op/scale.h"

#include <math.h>

struct scaling {
	const struct cp_profile *p;
	const double *ratio;
	size_t n;
	bool compat, idle; /* idle: all ratios are 1 */
};

/* The new values; false when one exceeds 64 bits. */
static bool scaled(const struct scaling *s, const int64_t *from, int64_t *to)
{
	for (size_t i = 0; i < s->n; i++) {
		double x = round((double)from[i] * s->ratio[i]);

		if (s->ratio[i] != 1 && !(fabs(x) < 0x1p63))
			return false;
		to[i] = s->ratio[i] == 1 ? from[i] : (int64_t)x;
	}
	return true;
}

static bool kept(const struct scaling *s, const int64_t *value)
{
	if (s->idle)
		return true;
	for (size_t i = 0; i < s->n; i++)
		if (value[i] && !(s->compat && s->ratio[i] == 1))
			return true;
	return false;
}

static void copy_samples(const struct scaling *s, struct cpi_builder *b,
	struct cpi_builder_map *map, int64_t *value)
{
	const struct cp_profile *p = s->p;

	for (uint32_t i = 0; i < cpi_profile_n_samples(p) && !b->code; i++) {
		if (!scaled(s, p->value.v + (size_t)i * s->n, value)) {
			cpi_builder_fail(
				b, CP_ERROR_LIMIT, "a scaled value exceeds 64 bits");
			return;
		}
		if (kept(s, value))
			cpi_builder_sample(b,
				cpi_builder_copy_stack(b, map, p->sample_stack.v[i]),
				cpi_builder_copy_labels(b, map, p->sample_labels.v[i]),
				value, p->time.n ? p->time.v[i] : CP_NO_TIME);
	}
}

enum cp_code cpi_scale(struct cpi_env *env, const struct cp_profile *p,
	const double *ratio, uint32_t n, bool compat, struct cp_profile **ret_profile,
	struct cp_error *err)
{
	struct scaling s = {
		.p = p, .ratio = ratio, .n = n, .compat = compat, .idle = true};
	struct cpi_builder b;
	struct cpi_builder_map map;
	int64_t *value;

	if (n != p->sample_type.n)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"%u ratios for %zu sample types", n, p->sample_type.n);
	for (uint32_t i = 0; i < n; i++) {
		if (!isfinite(ratio[i]))
			return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
				"a ratio is no number");
		s.idle &= ratio[i] == 1;
	}
	cpi_builder_init(&b, env);
	value = cpi_alloc_array(&env->mem, n, sizeof *value);
	if (!value)
		cpi_builder_fail(&b, CP_ERROR_MEMORY, "out of memory");
	else if (cpi_builder_map_init(&b, &map, p)) {
		cpi_builder_copy_header(&b, &map);
		if (p->mapping.n > 1)
			(void)cpi_builder_copy_mapping(&b, &map, (cp_mapping){1});
		copy_samples(&s, &b, &map, value);
		cpi_builder_map_release(&map);
	}
	cpi_free(&env->mem, value, n * sizeof *value);
	return cpi_builder_finish(&b, ret_profile, err);
}

static bool same_type(const struct cp_profile *a, const struct cp_value_type *x,
	const struct cp_profile *b, const struct cp_value_type *y)
{
	return x->decimals == y->decimals &&
	       cpi_text_equal(
		       cpi_profile_text(a, x->type), cpi_profile_text(b, y->type)) &&
	       cpi_text_equal(cpi_profile_text(a, x->unit), cpi_profile_text(b, y->unit));
}

static bool comparable(const struct cp_profile *a, const struct cp_profile *b)
{
	if (a->sample_type.n != b->sample_type.n ||
		!same_type(a, &a->header.period_type, b, &b->header.period_type))
		return false;
	for (size_t i = 0; i < a->sample_type.n; i++)
		if (!same_type(a, &a->sample_type.v[i], b, &b->sample_type.v[i]))
			return false;
	return true;
}

/* The sum of one column, exact up to 128 bits. */
static double total(const struct cp_profile *p, size_t type)
{
	__int128 sum = 0;

	for (size_t i = type; i < p->value.n; i += p->sample_type.n)
		sum += p->value.v[i];
	return (double)sum;
}

enum cp_code cpi_normalize(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_profile *base, bool compat, struct cp_profile **ret_profile,
	struct cp_error *err)
{
	size_t n = p->sample_type.n;
	double *ratio;
	enum cp_code code;

	if (!comparable(p, base))
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"the profiles differ in sample types or period type");
	ratio = cpi_alloc_array(&env->mem, n, sizeof *ratio);
	if (!ratio)
		return cpi_error_memory(err);
	for (size_t i = 0; i < n; i++) {
		double ours = total(p, i);

		ratio[i] = ours != 0 ? total(base, i) / ours : 0;
	}
	code = cpi_scale(env, p, ratio, (uint32_t)n, compat, ret_profile, err);
	cpi_free(&env->mem, ratio, n * sizeof *ratio);
	return code;
}
