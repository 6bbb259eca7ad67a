/* SPDX-License-Identifier: Apache-2.0 */
#include "op/filter/filter.h"

#include <cp/units.h>

/*
 * tagroot and tagleaf: for each key a frame whose function is named by the label's values
 * and whose file is the key. The first key is the outermost on either side. Samples
 * without the label get a frame without a name.
 */

struct keys {
	CPI_VEC(struct cp_text) v; /* innermost first */
	bool seen;                 /* some sample has one of them */
};

struct tagframes {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cp_text unit;
	struct keys root, leaf;
	struct cpi_builder b;
	struct cpi_builder_map map;
	struct cpi_sink name; /* scratch: joined values */
	cp_location *frame;   /* scratch: one stack */
	size_t room;
	/* The frames of each label set, leaf ones first; made on first use. */
	cp_location *made;
	uint8_t *is_made;
};

static bool split_keys(struct tagframes *t, const char *list, struct keys *keys)
{
	struct cp_text rest = list ? cpi_text(list) : CPI_TEXT("");

	while (rest.n) {
		const char *comma = memrchr(rest.p, ',', rest.n);
		size_t at = comma ? (size_t)(comma - rest.p) + 1 : 0;

		if (at < rest.n && !cpi_vec_push(&t->env->mem, &keys->v,
					   (struct cp_text){rest.p + at, rest.n - at}))
			return false;
		rest.n = comma ? at - 1 : 0;
	}
	return true;
}

/* Whether pprof would keep a list of units for this key: some value has one. */
static bool has_units(const struct cp_label *label, uint32_t n, cp_string key)
{
	for (uint32_t i = 0; i < n; i++)
		if (label[i].key.i == key.i && !cpi_label_is_string(&label[i]) &&
			label[i].unit.i)
			return true;
	return false;
}

static void append_value(struct tagframes *t, const struct cp_label *label, bool units)
{
	char text[400];
	struct cp_text none = CPI_TEXT("");

	if (t->name.n)
		cpi_sink_char(&t->name, ',');
	if (cpi_label_is_string(label)) {
		struct cp_text value = cpi_profile_text(t->p, label->str);

		cpi_sink_bytes(&t->name, value.p, value.n);
		return;
	}
	cp_unit_label(text, sizeof text, (double)label->num,
		units ? cpi_profile_text(t->p, label->unit) : none,
		units ? t->unit : none);
	cpi_sink_str(&t->name, text);
}

static cp_location key_frame(
	struct tagframes *t, cp_labels labels, struct cp_text key, bool *seen)
{
	struct cp_line_row line = {.line = 0};
	struct cp_function_row function = {.file = cpi_builder_string(&t->b, key)};
	const struct cp_label *label;
	uint32_t n;

	label = cpi_profile_label_set(t->p, labels, &n);
	t->name.n = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (!cpi_text_equal(cpi_profile_text(t->p, label[i].key), key))
			continue;
		*seen = true;
		append_value(t, &label[i], has_units(label, n, label[i].key));
	}
	if (t->name.code)
		cpi_builder_fail(&t->b, t->name.code, "out of memory");
	function.name = cpi_builder_string(
		&t->b, (struct cp_text){(char *)t->name.buf, t->name.n});
	line.function = cpi_builder_function(&t->b, &function);
	return cpi_builder_location(&t->b, (cp_mapping){0}, 0, false, &line, 1);
}

static const cp_location *frames_of(struct tagframes *t, cp_labels labels)
{
	size_t each = t->leaf.v.n + t->root.v.n;
	cp_location *made = t->made + labels.i * each;

	if (t->is_made[labels.i])
		return made;
	t->is_made[labels.i] = 1;
	for (size_t i = 0; i < t->leaf.v.n; i++)
		made[i] = key_frame(t, labels, t->leaf.v.v[i], &t->leaf.seen);
	for (size_t i = 0; i < t->root.v.n; i++)
		made[t->leaf.v.n + i] =
			key_frame(t, labels, t->root.v.v[i], &t->root.seen);
	return made;
}

static void copy_sample(struct tagframes *t, uint32_t sample)
{
	const struct cp_profile *p = t->p;
	cp_labels labels = p->sample_labels.v[sample];
	const cp_location *extra = frames_of(t, labels), *frame;
	uint32_t n, at = 0;

	for (size_t i = 0; i < t->leaf.v.n; i++)
		t->frame[at++] = extra[i];
	frame = cpi_profile_frames(p, p->sample_stack.v[sample], &n);
	for (uint32_t i = 0; i < n; i++)
		t->frame[at++] = cpi_builder_copy_location(&t->b, &t->map, frame[i]);
	for (size_t i = 0; i < t->root.v.n; i++)
		t->frame[at++] = extra[t->leaf.v.n + i];
	cpi_builder_sample(&t->b, cpi_builder_stack(&t->b, t->frame, at),
		cpi_builder_copy_labels(&t->b, &t->map, labels),
		p->value.v + (size_t)sample * p->sample_type.n,
		p->time.n ? p->time.v[sample] : CP_NO_TIME);
}

static bool make_scratch(struct tagframes *t)
{
	const struct cp_profile *p = t->p;
	size_t each = t->leaf.v.n + t->root.v.n, deepest = 0;

	for (size_t i = 1; i < p->stack_end.n; i++)
		if (p->stack_end.v[i] - p->stack_end.v[i - 1] > deepest)
			deepest = p->stack_end.v[i] - p->stack_end.v[i - 1];
	t->room = deepest + each;
	t->frame = cpi_alloc_array(&t->env->mem, t->room, sizeof *t->frame);
	t->made = cpi_alloc_array(&t->env->mem, p->labels_end.n, each * sizeof *t->made);
	t->is_made = cpi_alloc_zero(&t->env->mem, p->labels_end.n);
	return t->frame && t->made && t->is_made;
}

static void release(struct tagframes *t)
{
	struct cpi_mem *mem = &t->env->mem;
	size_t each = t->leaf.v.n + t->root.v.n;

	cpi_free(mem, t->frame, t->room * sizeof *t->frame);
	cpi_free(mem, t->made, t->p->labels_end.n * each * sizeof *t->made);
	cpi_free(mem, t->is_made, t->p->labels_end.n);
	cpi_vec_release(mem, &t->root.v);
	cpi_vec_release(mem, &t->leaf.v);
	cpi_sink_release(&t->name);
}

static void notes(const struct tagframes *t)
{
	if (t->root.v.n && !t->root.seen)
		cpi_diag_note(
			&t->env->diag, "filter", NULL, "tagroot matched no samples");
	if (t->leaf.v.n && !t->leaf.seen)
		cpi_diag_note(
			&t->env->diag, "filter", NULL, "tagleaf matched no samples");
}

enum cp_code cpi_filter_tagframes(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_filter_options *o, struct cp_profile **ret_profile,
	struct cp_error *err)
{
	struct tagframes t = {.env = env,
		.p = p,
		.unit = o->tag_unit ? cpi_text(o->tag_unit) : CPI_TEXT("minimum")};
	enum cp_code code;

	cpi_sink_memory(&t.name, &env->mem);
	cpi_builder_init(&t.b, env);
	if (!split_keys(&t, o->tagroot, &t.root) ||
		!split_keys(&t, o->tagleaf, &t.leaf) || !make_scratch(&t))
		cpi_builder_fail(&t.b, CP_ERROR_MEMORY, "out of memory");
	else if (cpi_builder_map_init(&t.b, &t.map, p)) {
		cpi_builder_copy_header(&t.b, &t.map);
		if (p->mapping.n > 1)
			(void)cpi_builder_copy_mapping(&t.b, &t.map, (cp_mapping){1});
		for (uint32_t i = 0; i < cpi_profile_n_samples(p) && !t.b.code; i++)
			copy_sample(&t, i);
		cpi_builder_map_release(&t.map);
	}
	code = cpi_builder_finish(&t.b, ret_profile, err);
	if (!code)
		notes(&t);
	release(&t);
	return code;
}
