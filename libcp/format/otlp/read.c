/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles and their samples. The dictionary may stand behind them, and sample types must be
 * known before the first sample, so the message is walked several times.
 */
#include "format/otlp/otlp.h"

#include <stdarg.h>
#include <stdio.h>

bool cpi_otlp_fine(struct otlp *o, bool memory)
{
	if (!memory)
		cpi_builder_fail(&o->b, CP_ERROR_MEMORY, "out of memory");
	return !o->b.code;
}

void cpi_otlp_warn(struct otlp *o, const char *kind, const void *at, const char *format, ...)
{
	const uint8_t *p = at;
	bool inside = p >= o->bytes && p <= o->bytes + o->n &&
		o->bytes == o->source->part[0].data;
	struct cpi_place place = cpi_place_at(cpi_source_name(o->source, 0),
		inside ? (uint64_t)(p - o->bytes) : CP_NO_OFFSET);
	va_list args;

	va_start(args, format);
	cpi_diag_warn_list(&o->env->diag, kind, &place, format, args);
	va_end(args);
}

struct profile {
	int64_t type, unit, period_type, period_unit, period, duration;
	uint64_t time;
	bool before; /* of a layout before 1.8: several types, or fields of other kinds */
};

static void value_type(const struct pb_field *f, int64_t *type, int64_t *unit)
{
	struct cpi_cursor c;
	struct pb_field part;

	if (f->type != PB_BYTES)
		return;
	c = pb_cursor(f);
	while (pb_next(&c, &part))
		if (part.number == 1)
			*type = (int64_t)part.value;
		else if (part.number == 2)
			*unit = (int64_t)part.value;
}

static struct profile header_of(struct cpi_cursor c)
{
	struct profile p = {0};
	struct pb_field f;
	unsigned types = 0;

	while (pb_next(&c, &f))
		switch (f.number) {
		case 1:
			types++;
			value_type(&f, &p.type, &p.unit);
			break;
		case 3:
			p.time = f.value;
			p.before |= f.type != PB_FIXED64;
			break;
		case 4: p.duration = (int64_t)f.value; break;
		case 5:
			value_type(&f, &p.period_type, &p.period_unit);
			p.before |= f.type != PB_BYTES;
			break;
		case 6:
			p.period = (int64_t)f.value;
			p.before |= f.type != PB_VARINT;
			break;
		}
	p.before |= types > 1;
	return p;
}

static cp_string string(struct otlp *o, int64_t row)
{
	return cpi_builder_string(&o->b, cpi_otlp_string(o, row));
}

/* The sample type of a profile; with `add` it is added when it is new. */
static struct otlp_type *type_of(struct otlp *o, const struct profile *p, bool add)
{
	struct otlp_type t = {string(o, p->type), string(o, p->unit),
		string(o, p->period_type), string(o, p->period_unit), o->columns, false};

	for (size_t i = 0; i < o->type.n; i++) {
		struct otlp_type *have = &o->type.v[i];

		if (have->type.i == t.type.i && have->unit.i == t.unit.i &&
			have->period_type.i == t.period_type.i &&
			have->period_unit.i == t.period_unit.i)
			return have;
	}
	if (!add || o->type.n == 64)
		return NULL;
	/* Counts of processor time are processor time, unless the file tells it itself. */
	t.weighs = p->period > 0 && !o->told &&
		cpi_text_equal(cpi_profile_text(o->b.p, t.type), CPI_TEXT("samples")) &&
		cpi_text_equal(cpi_profile_text(o->b.p, t.period_type), CPI_TEXT("cpu")) &&
		cpi_text_equal(cpi_profile_text(o->b.p, t.period_unit), CPI_TEXT("nanoseconds"));
	cpi_builder_sample_type(&o->b, t.type, t.unit, 0);
	if (t.weighs)
		cpi_builder_sample_type(&o->b, t.period_type, t.period_unit, 0);
	o->columns += 1 + t.weighs;
	if (!cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->type, t)))
		return NULL;
	return &o->type.v[o->type.n - 1];
}

/* Is there a profile of processor time, and of what layout are the samples? */
static void look(struct otlp *o, struct otlp_evidence *e, struct cpi_cursor c)
{
	struct profile p = header_of(c);

	cpi_otlp_look_at(o, e, c);
	o->told |= cpi_text_equal(cpi_otlp_string(o, p.type), CPI_TEXT("cpu")) &&
		cpi_text_equal(cpi_otlp_string(o, p.unit), CPI_TEXT("nanoseconds"));
}

static void first_pass(struct otlp *o, struct cpi_cursor c)
{
	struct profile p = header_of(c);
	struct cp_profile_header *h;

	if (p.before) {
		cpi_builder_fail(&o->b, CP_ERROR_UNSUPPORTED,
			"OTLP profiles of a layout before 1.8 are not read");
		return;
	}
	if (!type_of(o, &p, true) || o->b.code)
		return;
	h = &o->b.p->header;
	if (o->type.n == 1 && !h->default_sample_type.i) {
		h->default_sample_type = o->type.v[0].type;
		h->period_type.type = o->type.v[0].period_type;
		h->period_type.unit = o->type.v[0].period_unit;
		h->period = p.period;
	}
	if (p.time && (!h->time_nanos || (int64_t)p.time < h->time_nanos))
		h->time_nanos = (int64_t)p.time;
	if (p.duration > h->duration_nanos)
		h->duration_nanos = p.duration;
}

struct sample {
	int64_t stack, link;
	uint32_t attributes, n_attributes, values, n_values, times, n_times;
};

/* Numbers of three lists come after each other in o->number, from `mark` on. */
static struct sample sample_of(struct otlp *o, struct cpi_cursor c, bool *ret_fine)
{
	struct sample s = {0};
	struct pb_field f;

	for (unsigned pass = 0; pass < 3; pass++) {
		const unsigned fields[] = {o->layout.attributes, o->layout.values, 5};
		struct cpi_cursor again = c;
		uint32_t from = (uint32_t)o->number.n, n;

		while (pb_next(&again, &f)) {
			if (f.number == 1)
				s.stack = (int64_t)f.value;
			else if (f.number == o->layout.link)
				s.link = (int64_t)f.value;
			if (f.number != fields[pass])
				continue;
			if (f.number == 5 && f.type == PB_BYTES) {
				struct cpi_cursor times = pb_cursor(&f);

				while (cpi_cursor_left(&times) >= 8 && !o->b.code)
					cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->number,
						(int64_t)cpi_cursor_u64(&times)));
			} else {
				cpi_otlp_numbers(o, &f);
			}
		}
		*ret_fine = cpi_cursor_ok(&again);
		n = (uint32_t)o->number.n - from;
		if (pass == 0) {
			s.attributes = from;
			s.n_attributes = n;
		} else if (pass == 1) {
			s.values = from;
			s.n_values = n;
		} else {
			s.times = from;
			s.n_times = n;
		}
	}
	return s;
}

/* Only where a thread has no name of its own is it called by its program's. */
static bool hidden(const struct otlp *o, const struct sample *s, const struct otlp_attribute *a)
{
	if (!cpi_text_equal(cpi_otlp_string(o, a->key), CPI_TEXT("process.executable.name")))
		return false;
	for (uint32_t i = 0; i < s->n_attributes; i++) {
		int64_t row = o->number.v[s->attributes + i];

		if (row >= 0 && (uint64_t)row < o->attribute.n &&
			cpi_text_equal(cpi_otlp_string(o, o->attribute.v[row].key),
				CPI_TEXT("thread.name")))
			return true;
	}
	return false;
}

static cp_labels labels(
	struct otlp *o, const struct sample *s, const struct otlp_resource *resource)
{
	o->label.n = 0;
	for (uint32_t i = 0; i < s->n_attributes && !o->b.code; i++) {
		int64_t row = o->number.v[s->attributes + i];

		if (row <= 0 && (!o->attribute.n || o->attribute.v[0].value.kind == OTLP_NOTHING))
			continue;
		if (row >= 0 && (uint64_t)row < o->attribute.n &&
			!hidden(o, s, &o->attribute.v[row]))
			cpi_otlp_label(o, &o->attribute.v[row]);
	}
	if (s->link)
		cpi_otlp_link_labels(o, s->link);
	for (uint32_t i = 0; i < resource->n_attributes && o->resource.n > 1; i++)
		cpi_otlp_label(o, &o->own.v[resource->first_attribute + i]);
	return cpi_builder_labels(&o->b, o->label.v, (uint32_t)o->label.n);
}

static bool add(struct otlp *o, const struct otlp_type *type, int64_t period, cp_stack stack,
	cp_labels set, int64_t x, int64_t time)
{
	memset(o->value.v, 0, o->value.n * sizeof *o->value.v);
	o->value.v[type->column] = x;
	if (type->weighs &&
		__builtin_mul_overflow(x, period, &o->value.v[type->column + 1])) {
		cpi_builder_fail(&o->b, CP_ERROR_LIMIT, "a sum exceeds 64 bits");
		return false;
	}
	if (o->options->keep_time)
		cpi_builder_sample(&o->b, stack, set, o->value.v, time);
	else
		cpi_builder_sample_sum(&o->b, stack, set, o->value.v);
	o->samples++;
	return !o->b.code;
}

static void one_sample(struct otlp *o, const struct pb_field *f, const struct profile *p,
	const struct otlp_type *type, const struct otlp_resource *resource)
{
	size_t mark = o->number.n;
	bool fine;
	struct sample s = sample_of(o, pb_cursor(f), &fine);
	bool each = o->options->keep_time && s.n_times > 0;
	int64_t sum = s.n_values ? 0 : s.n_times;
	cp_labels set;
	cp_stack stack;

	if (!fine || (!s.n_values && !s.n_times) || !cpi_otlp_stack(o, s.stack, &stack)) {
		if (!o->b.code)
			cpi_otlp_warn(o, "otlp-sample", f->start, !fine ? "a sample is damaged"
				: s.n_values || s.n_times ? "stack %lld of a sample is not in the "
				"dictionary, or something it needs is not"
				: "a sample has neither values nor times", (long long)s.stack);
		o->number.n = mark;
		return;
	}
	set = labels(o, &s, resource);
	for (uint32_t i = 0; i < s.n_values; i++)
		if (__builtin_add_overflow(sum, o->number.v[s.values + i], &sum))
			cpi_builder_fail(&o->b, CP_ERROR_LIMIT, "a sum exceeds 64 bits");
	if (!each)
		add(o, type, p->period, stack, set, sum, (int64_t)p->time);
	for (uint32_t i = 0; i < s.n_times && each; i++)
		if (!add(o, type, p->period, stack, set,
			    i < s.n_values ? o->number.v[s.values + i] : s.n_values ? 0 : 1,
			    o->number.v[s.times + i]))
			break;
	o->number.n = mark;
}

static void second_pass(
	struct otlp *o, struct cpi_cursor c, const struct otlp_resource *resource)
{
	struct profile p = header_of(c);
	struct otlp_type *type = type_of(o, &p, false);
	struct pb_field f;

	if (!type)
		return;
	while (pb_next(&c, &f) && !o->b.code)
		if (f.number == 2 && f.type == PB_BYTES)
			one_sample(o, &f, &p, type, resource);
	if (!cpi_cursor_ok(&c))
		cpi_otlp_warn(o, "otlp-profile", c.start, "a profile is damaged");
}

/* Calls for each Profile below a ResourceProfiles. */
enum pass { LOOK, TYPES, SAMPLES };

static void profiles(struct otlp *o, const struct otlp_resource *resource, enum pass pass,
	struct otlp_evidence *evidence)
{
	struct cpi_cursor c = cpi_cursor_make(resource->bytes, resource->n, false);
	struct pb_field scope, f;

	while (pb_next(&c, &scope) && !o->b.code) {
		struct cpi_cursor in;

		if (scope.number != 2 || scope.type != PB_BYTES)
			continue;
		in = pb_cursor(&scope);
		while (pb_next(&in, &f) && !o->b.code) {
			if (f.number != 2 || f.type != PB_BYTES)
				continue;
			if (pass == LOOK)
				look(o, evidence, pb_cursor(&f));
			else if (pass == TYPES)
				first_pass(o, pb_cursor(&f));
			else
				second_pass(o, pb_cursor(&f), resource);
		}
	}
}

static void everywhere(struct otlp *o, enum pass pass, struct otlp_evidence *evidence)
{
	for (size_t i = 0; i < o->resource.n && !o->b.code; i++)
		profiles(o, &o->resource.v[i], pass, evidence);
}

static void attributes_of(struct otlp *o, struct otlp_resource *r)
{
	struct cpi_cursor c = cpi_cursor_make(r->bytes, r->n, false), in;
	struct pb_field f, a;

	r->first_attribute = (uint32_t)o->own.n;
	while (pb_next(&c, &f)) {
		if (f.number != 1 || f.type != PB_BYTES)
			continue;
		in = pb_cursor(&f);
		while (pb_next(&in, &a) && !o->b.code) {
			struct otlp_attribute row;

			if (a.number != 1 || a.type != PB_BYTES)
				continue;
			cpi_otlp_key_value(o, pb_cursor(&a), &row);
			cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->own, row));
		}
	}
	r->n_attributes = (uint32_t)o->own.n - r->first_attribute;
}

/* With one resource, what it says is said of all: "service.name: shop". */
static void comments(struct otlp *o)
{
	struct cpi_sink text;

	if (o->resource.n != 1)
		return;
	cpi_sink_memory(&text, &o->env->mem);
	for (size_t i = 0; i < o->own.n; i++) {
		const struct otlp_attribute *a = &o->own.v[i];
		struct cp_text value = a->value.row ? cpi_otlp_string(o, a->value.number)
						    : a->value.text;

		if (a->value.kind != OTLP_TEXT)
			continue;
		text.n = 0;
		cpi_sink_bytes(&text, a->key_text.p, a->key_text.n);
		cpi_sink_str(&text, ": ");
		cpi_sink_bytes(&text, value.p, value.n);
		if (cpi_otlp_fine(o, !text.code))
			cpi_builder_comment(
				&o->b, (struct cp_text){(const char *)text.buf, text.n});
	}
	cpi_sink_release(&text);
}

static void top(struct otlp *o)
{
	struct cpi_cursor c = cpi_cursor_make(o->bytes, o->n, false);
	struct pb_field f;

	while (pb_next(&c, &f) && !o->b.code) {
		struct otlp_resource r = {.bytes = f.bytes, .n = f.n};

		if (f.type != PB_BYTES)
			continue;
		if (f.number == 1) {
			attributes_of(o, &r);
			cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->resource, r));
		} else if (f.number == 2) {
			cpi_otlp_dictionary(o, pb_cursor(&f));
		}
	}
	if (!cpi_cursor_ok(&c))
		cpi_otlp_warn(o, "truncated", c.start + (f.start - c.start),
			"the message ends in the middle of a field");
}

enum cp_code cpi_otlp_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const uint8_t *bytes, size_t n, bool json,
	struct cp_profile **ret_profile, struct cp_error *err)
{
	static const struct cp_read_options none;
	struct otlp o = {.env = env, .source = source, .bytes = bytes, .n = n,
		.options = options ? options : &none};
	struct otlp_evidence evidence = {.lists_new = json};
	uint64_t samples;

	cpi_builder_init(&o.b, env);
	if (!o.b.code)
		top(&o);
	everywhere(&o, LOOK, &evidence);
	o.layout = cpi_otlp_layout(&evidence);
	everywhere(&o, TYPES, NULL);
	if (!o.b.code && cpi_otlp_fine(&o, cpi_vec_reserve(&env->mem, &o.value, o.columns)))
		o.value.n = o.columns;
	everywhere(&o, SAMPLES, NULL);
	if (!o.b.code)
		comments(&o);
	samples = o.samples;
	cpi_otlp_release(&o);
	if (o.b.code || samples)
		return cpi_builder_finish(&o.b, ret_profile, err);
	cpi_builder_release(&o.b);
	return cpi_error(err, CP_ERROR_EMPTY, CP_NO_OFFSET, "the file holds no sample");
}
