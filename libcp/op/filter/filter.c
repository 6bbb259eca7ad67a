/* SPDX-License-Identifier: Apache-2.0 */
/* All of pprof's filters in one pass. */
#include "op/filter/filter.h"

#include <math.h>
#include <stdlib.h>

enum { SAMPLES_PER_PROGRESS = 1 << 16 };

static struct cp_text option(const char *s)
{
	return s ? cpi_text(s) : CPI_TEXT("");
}

static enum cp_code compile_options(struct cpi_filter *f, struct cp_error *err)
{
	const struct cp_filter_options *o = f->o;
	struct {
		const char *what, *pattern;
		unsigned flags;
		struct cpi_regex **rx;
	} list[] = {
		{"focus", o->focus, 0, &f->focus},
		{"ignore", o->ignore, 0, &f->ignore},
		{"hide", o->hide, 0, &f->hide},
		{"show", o->show, 0, &f->show},
		{"show_from", o->show_from, 0, &f->show_from},
		{"prune_from", o->prune_from, CPI_REGEX_SIMPLE, &f->prune_from},
	};
	enum cp_code code = CP_OK;

	for (size_t i = 0; i < sizeof list / sizeof *list && !code; i++)
		code = cpi_regex_new(f->env, list[i].what, option(list[i].pattern),
			list[i].flags, list[i].rx, err);
	f->by_name = f->focus || f->ignore || f->hide || f->show;
	return code;
}

/* A profile's own expression; one that does not compile is reported and left out. */
static enum cp_code compile_own(struct cpi_filter *f, const char *what, cp_string pattern,
	struct cpi_regex **rx, struct cp_error *err)
{
	const struct cpi_place nowhere = cpi_place_at(NULL, CP_NO_OFFSET);
	struct cp_error bad;
	enum cp_code code = cpi_regex_new(f->env, what, cpi_profile_text(f->p, pattern),
		CPI_REGEX_WHOLE | CPI_REGEX_SIMPLE | CPI_REGEX_CORRUPT, rx, &bad);

	if (code == CP_ERROR_CORRUPT) {
		cpi_diag_warn(&f->env->diag, what, &nowhere, "%s; it is not applied",
			bad.message);
		return CP_OK;
	}
	if (code && err)
		*err = bad;
	return code;
}

static enum cp_code compile_drop(struct cpi_filter *f, struct cp_error *err)
{
	const struct cp_profile_header *h = &f->p->header;
	enum cp_code code;

	if (!f->o->drop_frames || !h->drop_frames.i)
		return CP_OK;
	code = compile_own(f, "drop_frames", h->drop_frames, &f->drop, err);
	if (!code && f->drop)
		code = compile_own(f, "keep_frames", h->keep_frames, &f->keep, err);
	return code;
}

static bool make_tables(struct cpi_filter *f)
{
	const struct cp_profile *p = f->p;
	struct cpi_mem *mem = &f->env->mem;

	for (size_t i = 1; i < p->stack_end.n; i++) {
		uint64_t n = p->stack_end.v[i] - p->stack_end.v[i - 1];

		if (n > f->deepest)
			f->deepest = (uint32_t)n;
	}
	for (size_t i = 1; i < p->location.n; i++)
		if (p->location.v[i].n_lines > f->longest)
			f->longest = p->location.v[i].n_lines;
	f->location = cpi_alloc_zero(mem, p->location.n);
	f->gone = cpi_alloc_zero(mem, p->line.n);
	f->new_location = cpi_alloc_zero(mem, p->location.n * sizeof(uint32_t));
	f->new_function = cpi_alloc_zero(mem, p->function.n * sizeof(uint32_t));
	f->new_mapping = cpi_alloc_zero(mem, p->mapping.n * sizeof(uint32_t));
	f->new_stack = cpi_alloc_zero(mem, p->stack_end.n * sizeof(uint32_t));
	f->frame = cpi_alloc_array(mem, f->deepest, sizeof *f->frame);
	f->line = cpi_alloc_array(mem, f->longest, sizeof *f->line);
	return f->location && f->gone && f->new_location && f->new_function &&
	       f->new_mapping && f->new_stack && f->frame && f->line;
}

static void release(struct cpi_filter *f)
{
	struct cpi_regex *rx[] = {f->focus, f->ignore, f->hide, f->show, f->show_from,
		f->prune_from, f->drop, f->keep};
	const struct cp_profile *p = f->p;
	struct cpi_mem *mem = &f->env->mem;

	for (size_t i = 0; i < sizeof rx / sizeof *rx; i++)
		cpi_regex_free(rx[i]);
	cpi_filter_tags_free(f->tags);
	cpi_free(mem, f->location, p->location.n);
	cpi_free(mem, f->gone, p->line.n);
	cpi_free(mem, f->new_location, p->location.n * sizeof(uint32_t));
	cpi_free(mem, f->new_function, p->function.n * sizeof(uint32_t));
	cpi_free(mem, f->new_mapping, p->mapping.n * sizeof(uint32_t));
	cpi_free(mem, f->new_stack, p->stack_end.n * sizeof(uint32_t));
	cpi_free(mem, f->frame, f->deepest * sizeof *f->frame);
	cpi_free(mem, f->line, f->longest * sizeof *f->line);
}

/* As pprof divides: by the reciprocal, towards zero. */
static void divide(const struct cpi_filter *f, const int64_t *from, int64_t *to)
{
	double ratio = 1 / f->o->divide_by;

	for (size_t i = 0; i < f->p->sample_type.n; i++)
		to[i] = (int64_t)((double)from[i] * ratio);
}

static void copy_sample(struct cpi_filter *f, uint32_t i, int64_t *scratch)
{
	const struct cp_profile *p = f->p;
	const int64_t *values = p->value.v + (size_t)i * p->sample_type.n;
	cp_stack from = p->sample_stack.v[i], stack;
	cp_labels labels = p->sample_labels.v[i];

	if (!cpi_filter_tags_keep(f->tags, labels))
		return;
	if (!f->new_stack[from.i])
		f->new_stack[from.i] = cpi_filter_stack(f, from);
	if (f->new_stack[from.i] == FILTER_GONE)
		return;
	stack.i = f->new_stack[from.i] - 1;
	labels = cpi_filter_tags_copy(f->tags, &f->b, &f->map, labels);
	if (f->o->divide_by != 0 && f->o->divide_by != 1) {
		divide(f, values, scratch);
		values = scratch;
	}
	if (p->time.n)
		cpi_builder_sample(&f->b, stack, labels, values, p->time.v[i]);
	else if (f->o->keep_rows)
		cpi_builder_sample(&f->b, stack, labels, values, CP_NO_TIME);
	else
		cpi_builder_sample_sum(&f->b, stack, labels, values);
}

static enum cp_code copy_samples(struct cpi_filter *f, struct cp_error *err)
{
	const struct cp_profile *p = f->p;
	uint32_t n = cpi_profile_n_samples(p);
	size_t room = p->sample_type.n * sizeof(int64_t);
	int64_t *scratch = cpi_alloc(&f->env->mem, room);
	enum cp_code code = CP_OK;

	if (!scratch)
		return cpi_error_memory(err);
	for (uint32_t i = 0; i < n && !code && !f->b.code; i++) {
		copy_sample(f, i, scratch);
		if (i % SAMPLES_PER_PROGRESS == 0)
			code = cpi_env_progress(f->env, (double)i / n, err);
	}
	cpi_free(&f->env->mem, scratch, room);
	return code;
}

static void default_type(struct cpi_filter *f, uint32_t type)
{
	if (f->o->sample_index && *f->o->sample_index && f->b.p)
		f->b.p->header.default_sample_type = cpi_builder_copy_string(
			&f->b, &f->map, f->p->sample_type.v[type].type);
}

/*
 * Rewrites the samples. The first mapping stays first, used or not: readers take it for
 * the main binary.
 */
static enum cp_code rewrite(struct cpi_filter *f, uint32_t type,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	enum cp_code code;

	cpi_builder_init(&f->b, f->env);
	if (!cpi_builder_map_init(&f->b, &f->map, f->p))
		return cpi_builder_finish(&f->b, ret_profile, err);
	cpi_builder_copy_header(&f->b, &f->map);
	default_type(f, type);
	if (f->p->mapping.n > 1)
		(void)cpi_filter_mapping(f, (cp_mapping){1});
	code = copy_samples(f, err);
	if (!code)
		code = cpi_filter_tags_finish(f->tags, err);
	cpi_builder_map_release(&f->map);
	if (!code)
		return cpi_builder_finish(&f->b, ret_profile, err);
	cpi_builder_release(&f->b);
	return code;
}

static enum cp_code run(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_filter_options *o, uint32_t type, struct cp_profile **ret_profile,
	struct cp_error *err)
{
	struct cpi_filter f = {.env = env, .p = p, .o = o};
	enum cp_code code = compile_options(&f, err);

	if (!code)
		code = compile_drop(&f, err);
	if (!code)
		code = cpi_filter_tags_new(env, p, o, &f.tags, err);
	if (!code && !make_tables(&f))
		code = cpi_error_memory(err);
	if (!code)
		code = cpi_filter_frames(&f, err);
	if (!code)
		code = rewrite(&f, type, ret_profile, err);
	release(&f);
	return code;
}

/*
 * Labels become frames after the profile's own drop_frames and before everything else:
 * three passes, of which only the last merges rows.
 */
static enum cp_code run_with_tagframes(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_filter_options *o, uint32_t type, struct cp_profile **ret_profile,
	struct cp_error *err)
{
	const struct cp_filter_options first = {.drop_frames = true, .keep_rows = true};
	struct cp_filter_options rest = *o;
	struct cp_profile *dropped = NULL, *framed = NULL;
	enum cp_code code = CP_OK;

	if (o->drop_frames)
		code = run(env, p, &first, type, &dropped, err);
	if (!code)
		code = cpi_filter_tagframes(env, dropped ? dropped : p, o, &framed, err);
	cp_profile_free(dropped);
	rest.drop_frames = false;
	if (!code)
		code = run(env, framed, &rest, type, ret_profile, err);
	cp_profile_free(framed);
	return code;
}

static bool has_tagframes(const struct cp_filter_options *o)
{
	return (o->tagroot && *o->tagroot) || (o->tagleaf && *o->tagleaf);
}

/* Frames become groups when everything else has been done to them. */
static enum cp_code run_with_groups(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_filter_options *o, uint32_t type, struct cp_profile **ret_profile,
	struct cp_error *err)
{
	struct cp_profile *filtered = NULL;
	enum cp_code code = has_tagframes(o)
		? run_with_tagframes(env, p, o, type, &filtered, err)
		: run(env, p, o, type, &filtered, err);

	if (!code)
		code = cpi_filter_groups(env, filtered, o->group_by, ret_profile, err);
	cp_profile_free(filtered);
	return code;
}

enum cp_code cpi_filter(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_filter_options *o, struct cp_profile **ret_profile,
	struct cp_error *err)
{
	uint32_t type = 0;

	if ((unsigned)o->granularity > CP_BY_LINE)
		return cpi_error(
			err, CP_ERROR_ARGUMENT, CP_NO_OFFSET, "unknown granularity");
	if (!isfinite(o->divide_by))
		return cpi_error(
			err, CP_ERROR_ARGUMENT, CP_NO_OFFSET, "divide_by is no number");
	if (o->sample_index && *o->sample_index &&
		cp_profile_find_sample_type(p, o->sample_index, &type, err))
		return CP_ERROR_ARGUMENT;
	if (o->group_by && *o->group_by)
		return run_with_groups(env, p, o, type, ret_profile, err);
	if (has_tagframes(o))
		return run_with_tagframes(env, p, o, type, ret_profile, err);
	return run(env, p, o, type, ret_profile, err);
}
