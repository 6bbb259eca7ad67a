/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One profile per sample type under one resource, the default type first, and the tables as
 * the model has them: ids are the same, since row 0 is nothing in both. Messages are built
 * in a sink of their own to know their length.
 */
#include "format/otlp/otlp.h"

struct writer {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cpi_sink *out;
	struct cpi_sink inner, row, list; /* scratch, by depth */
	CPI_VEC(struct cp_text) string;   /* further than the profile's */
	CPI_VEC(struct cp_label) attribute; /* from 1: distinct labels, build ids behind */
	struct cpi_index attributes;
	CPI_VEC(uint32_t) of_label;   /* by place in the profile's labels */
	CPI_VEC(uint32_t) of_mapping; /* attribute of the build id, 0: none */
};

static void varint(struct cpi_sink *sink, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		cpi_sink_char(sink, (char)(x | 0x80));
	cpi_sink_char(sink, (char)x);
}

static void number(struct cpi_sink *sink, unsigned field, uint64_t x)
{
	if (!x)
		return;
	varint(sink, (uint64_t)field << 3 | PB_VARINT);
	varint(sink, x);
}

static void bytes(struct cpi_sink *sink, unsigned field, const void *p, size_t n)
{
	varint(sink, (uint64_t)field << 3 | PB_BYTES);
	varint(sink, n);
	cpi_sink_bytes(sink, p, n);
}

/* The message in `from` as a field of `to`; `from` is empty then. */
static void message(struct cpi_sink *to, unsigned field, struct cpi_sink *from)
{
	bytes(to, field, from->buf, from->n);
	from->n = 0;
}

/* The row of a string that the profile may not have. */
static uint32_t extra(struct writer *w, const char *text)
{
	struct cp_text t = cpi_text(text);

	for (size_t i = 0; i < w->string.n; i++)
		if (cpi_text_equal(w->string.v[i], t))
			return (uint32_t)(w->p->string.n + i);
	if (!cpi_vec_push(&w->env->mem, &w->string, t))
		return 0;
	return (uint32_t)(w->p->string.n + w->string.n - 1);
}

/* An attribute's row; equal ones share it. 0: out of memory. */
static uint32_t attribute(struct writer *w, struct cp_label label)
{
	uint64_t hash = cpi_hash_mix(cpi_hash_mix((uint64_t)label.key.i << 32 | label.str.i,
		label.unit.i), (uint64_t)label.num);
	struct cpi_probe probe = cpi_index_find(&w->attributes, hash);

	for (uint32_t id; (id = cpi_index_next(&w->attributes, &probe));) {
		const struct cp_label *have = &w->attribute.v[id];

		if (have->key.i == label.key.i && have->str.i == label.str.i &&
			have->unit.i == label.unit.i && have->num == label.num)
			return id;
	}
	if (!cpi_vec_push(&w->env->mem, &w->attribute, label) ||
		!cpi_index_add(&w->env->mem, &w->attributes, hash,
			(uint32_t)w->attribute.n - 1))
		return 0;
	return (uint32_t)w->attribute.n - 1;
}

static bool attributes(struct writer *w)
{
	static const char *const names[][2] = {{"thread", "thread.name"}, {"tid", "thread.id"},
		{"pid", "process.pid"}, {"comm", "process.executable.name"},
		{"cpu", "cpu.logical_number"}};
	const struct cp_profile *p = w->p;

	if (!cpi_vec_push(&w->env->mem, &w->attribute, (struct cp_label){0}))
		return false;
	for (size_t i = 0; i < p->label.n; i++) {
		struct cp_label label = p->label.v[i];
		struct cp_text key = cpi_profile_text(p, label.key);
		uint32_t row;

		for (unsigned k = 0; k < 5; k++)
			if (cpi_text_equal(key, cpi_text(names[k][0])))
				label.key.i = extra(w, names[k][1]);
		row = attribute(w, label);
		if (!row || !cpi_vec_push(&w->env->mem, &w->of_label, row))
			return false;
	}
	for (size_t i = 0; i < p->mapping.n; i++) {
		cp_string id = p->mapping.v[i].build_id;
		uint32_t row = !id.i ? 0 : attribute(w, (struct cp_label){.str = id,
			.key = {extra(w, "process.executable.build_id.gnu")}});

		if ((id.i && !row) || !cpi_vec_push(&w->env->mem, &w->of_mapping, row))
			return false;
	}
	return true;
}

static void mappings(struct writer *w)
{
	for (size_t i = 0; i < w->p->mapping.n; i++) {
		const struct cp_mapping_row *m = &w->p->mapping.v[i];

		number(&w->row, 1, m->start);
		number(&w->row, 2, m->limit);
		number(&w->row, 3, m->offset);
		number(&w->row, 4, m->path.i);
		if (w->of_mapping.v[i]) {
			varint(&w->list, w->of_mapping.v[i]);
			message(&w->row, 5, &w->list);
		}
		message(&w->inner, 1, &w->row);
	}
}

static void locations(struct writer *w)
{
	for (size_t i = 0; i < w->p->location.n; i++) {
		const struct cp_location_row *l = &w->p->location.v[i];

		number(&w->row, 1, l->mapping.i);
		number(&w->row, 2, l->address);
		for (uint32_t k = 0; k < l->n_lines; k++) {
			const struct cp_line_row *line = &w->p->line.v[l->first_line + k];

			number(&w->list, 1, line->function.i);
			number(&w->list, 2, (uint64_t)line->line);
			number(&w->list, 3, (uint64_t)line->column);
			message(&w->row, 3, &w->list);
		}
		message(&w->inner, 2, &w->row);
	}
}

static void functions(struct writer *w)
{
	for (size_t i = 0; i < w->p->function.n; i++) {
		const struct cp_function_row *f = &w->p->function.v[i];

		number(&w->row, 1, f->name.i);
		number(&w->row, 2, f->system_name.i);
		number(&w->row, 3, f->file.i);
		number(&w->row, 4, (uint64_t)f->start_line);
		message(&w->inner, 3, &w->row);
	}
}

static void strings(struct writer *w)
{
	for (size_t i = 0; i < w->p->string.n; i++)
		bytes(&w->inner, 5, w->p->string.v[i].p, w->p->string.v[i].n);
	for (size_t i = 0; i < w->string.n; i++)
		bytes(&w->inner, 5, w->string.v[i].p, w->string.v[i].n);
}

static void attribute_table(struct writer *w)
{
	for (size_t i = 0; i < w->attribute.n; i++) {
		const struct cp_label *a = &w->attribute.v[i];

		number(&w->row, 1, a->key.i);
		if (a->str.i) {
			number(&w->list, 8, a->str.i);
			message(&w->row, 2, &w->list);
		} else if (i) {
			varint(&w->list, 3 << 3 | PB_VARINT);
			varint(&w->list, (uint64_t)a->num);
			message(&w->row, 2, &w->list);
			number(&w->row, 3, a->unit.i);
		}
		message(&w->inner, 6, &w->row);
	}
}

static void stacks(struct writer *w)
{
	for (uint32_t i = 0; i < w->p->stack_end.n; i++) {
		uint32_t n;
		const cp_location *frame = cpi_profile_frames(w->p, (cp_stack){i}, &n);

		for (uint32_t k = 0; k < n; k++)
			varint(&w->list, frame[k].i);
		if (n)
			message(&w->row, 1, &w->list);
		message(&w->inner, 7, &w->row);
	}
}

static void dictionary(struct writer *w)
{
	static const uint8_t zeros[16];

	mappings(w);
	locations(w);
	functions(w);
	bytes(&w->row, 1, zeros, 16);
	bytes(&w->row, 2, zeros, 8);
	message(&w->inner, 4, &w->row);
	strings(w);
	attribute_table(w);
	stacks(w);
	message(w->out, 2, &w->inner);
}

static void value_type(struct writer *w, unsigned field, const struct cp_value_type *type)
{
	number(&w->list, 1, type->type.i);
	number(&w->list, 2, type->unit.i);
	message(&w->row, field, &w->list);
}

static void fixed64(struct cpi_sink *sink, uint64_t x)
{
	for (unsigned i = 0; i < 8; i++)
		cpi_sink_char(sink, (char)(x >> 8 * i));
}

/* What stands in `list`, with the packed numbers of one field, as part of a sample. */
static void sample(struct writer *w, struct cpi_sink *one, uint32_t i, int64_t x)
{
	const struct cp_profile *p = w->p;
	cp_labels set = p->sample_labels.v[i];
	uint64_t from = set.i ? p->labels_end.v[set.i - 1] : 0, to = p->labels_end.v[set.i];

	number(one, 1, p->sample_stack.v[i].i);
	for (uint64_t at = from; at < to; at++)
		varint(&w->list, w->of_label.v[at]);
	if (w->list.n)
		message(one, 2, &w->list);
	varint(&w->list, (uint64_t)x);
	message(one, 4, &w->list);
	if (p->time.n) {
		fixed64(&w->list, (uint64_t)p->time.v[i]);
		message(one, 5, &w->list);
	}
	message(&w->row, 2, one);
}

/* 16 bytes that depend on nothing but what is in the profile. */
static void id(struct writer *w, uint32_t type)
{
	const struct cp_profile *p = w->p;
	uint64_t hash[2] = {type, 0};

	if (p->value.n)
		hash[0] = cpi_hash_fixed(p->value.v, p->value.n * sizeof *p->value.v, type);
	if (p->frame.n)
		hash[1] = cpi_hash_fixed(
			p->frame.v, p->frame.n * sizeof *p->frame.v, hash[0]);
	fixed64(&w->list, hash[0]);
	fixed64(&w->list, hash[1]);
	message(&w->row, 7, &w->list);
}

static void profile(struct writer *w, uint32_t type)
{
	const struct cp_profile *p = w->p;
	struct cpi_sink one;

	cpi_sink_memory(&one, &w->env->mem);
	value_type(w, 1, &p->sample_type.v[type]);
	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		int64_t x = p->value.v[(size_t)i * p->sample_type.n + type];

		if (x)
			sample(w, &one, i, x);
	}
	varint(&w->row, 3 << 3 | PB_FIXED64);
	fixed64(&w->row, (uint64_t)p->header.time_nanos);
	number(&w->row, 4, (uint64_t)p->header.duration_nanos);
	if (p->header.period_type.type.i) {
		value_type(w, 5, &p->header.period_type);
		number(&w->row, 6, (uint64_t)p->header.period);
	}
	id(w, type);
	message(&w->inner, 2, &w->row);
	if (one.code)
		w->inner.code = one.code;
	cpi_sink_release(&one);
}

static void resource(struct writer *w, uint32_t first)
{
	struct cpi_sink scopes;
	uint32_t n = (uint32_t)w->p->sample_type.n;

	cpi_sink_memory(&scopes, &w->env->mem);
	for (uint32_t i = 0; i < n; i++)
		profile(w, i == 0 ? first : i <= first ? i - 1 : i);
	message(&scopes, 2, &w->inner);
	if (scopes.code)
		w->inner.code = scopes.code;
	message(w->out, 1, &scopes);
	cpi_sink_release(&scopes);
}

enum cp_code cpi_otlp_write(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	struct writer w = {.env = env, .p = profile, .out = sink};
	uint32_t first = 0;
	enum cp_code code = CP_OK;
	bool fine;

	if (profile->sample_type.n)
		code = cpi_profile_find_type(
			profile, options ? options->sample_type : NULL, &first, err);
	if (code)
		return code;
	cpi_sink_memory(&w.inner, &env->mem);
	cpi_sink_memory(&w.row, &env->mem);
	cpi_sink_memory(&w.list, &env->mem);
	fine = attributes(&w);
	if (fine) {
		resource(&w, first);
		dictionary(&w);
	}
	fine = fine && !w.inner.code && !w.row.code && !w.list.code;
	cpi_sink_release(&w.inner);
	cpi_sink_release(&w.row);
	cpi_sink_release(&w.list);
	cpi_vec_release(&env->mem, &w.string);
	cpi_vec_release(&env->mem, &w.attribute);
	cpi_index_release(&env->mem, &w.attributes);
	cpi_vec_release(&env->mem, &w.of_label);
	cpi_vec_release(&env->mem, &w.of_mapping);
	return fine ? CP_OK : cpi_error_memory(err);
}
