/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the dictionary to rows of the profile, each once. Row 0 of a table stands for
 * nothing; writers that put a real row there are taken at their word.
 */
#include "format/otlp/otlp.h"

#include <stdio.h>

static struct cp_text key_of(const struct otlp *o, const struct otlp_attribute *a)
{
	return a->key_text.n ? a->key_text : cpi_otlp_string(o, a->key);
}

static struct cp_text text_of(const struct otlp *o, const struct otlp_attribute *a)
{
	return a->value.row ? cpi_otlp_string(o, a->value.number) : a->value.text;
}

/* The first attribute of a list with this key. */
static const struct otlp_attribute *find(
	const struct otlp *o, struct otlp_list list, const char *key)
{
	for (uint32_t i = 0; i < list.n; i++) {
		int64_t row = o->number.v[list.first + i];

		if (row >= 0 && (uint64_t)row < o->attribute.n &&
			cpi_text_equal(key_of(o, &o->attribute.v[row]), cpi_text(key)))
			return &o->attribute.v[row];
	}
	return NULL;
}

static cp_string build_id(struct otlp *o, const struct otlp_mapping *m)
{
	static const char *const keys[] = {"process.executable.build_id.gnu",
		"process.executable.build_id.go", "process.executable.build_id.htlhash"};

	for (unsigned i = 0; i < 3; i++) {
		const struct otlp_attribute *a = find(o, m->attributes, keys[i]);

		if (a && text_of(o, a).n)
			return cpi_builder_string(&o->b, text_of(o, a));
	}
	return (cp_string){0};
}

static cp_mapping mapping(struct otlp *o, int64_t row)
{
	struct otlp_mapping *m;
	struct cp_mapping_row out;

	if (row < 0 || (uint64_t)row >= o->mapping.n)
		return (cp_mapping){0};
	m = &o->mapping.v[row];
	if (!row && !m->limit && !m->path)
		return (cp_mapping){0};
	if (!m->made) {
		out = (struct cp_mapping_row){.start = m->start, .limit = m->limit,
			.offset = m->offset, .kind = m->kernel ? CP_MAP_KERNEL : 0,
			.path = cpi_builder_string(&o->b, cpi_otlp_string(o, m->path)),
			.build_id = build_id(o, m)};
		m->made = cpi_builder_mapping(&o->b, &out).i;
	}
	return (cp_mapping){m->made};
}

static cp_function function(struct otlp *o, int64_t row)
{
	struct otlp_function *f;
	struct cp_function_row out;

	if (row < 0 || (uint64_t)row >= o->function.n)
		return (cp_function){0};
	f = &o->function.v[row];
	if (!row && !f->name && !f->system_name)
		return (cp_function){0};
	if (!f->made) {
		out = (struct cp_function_row){.start_line = f->start_line,
			.name = cpi_builder_string(&o->b, cpi_otlp_string(o, f->name)),
			.system_name = cpi_builder_string(
				&o->b, cpi_otlp_string(o, f->system_name)),
			.file = cpi_builder_string(&o->b, cpi_otlp_string(o, f->file))};
		f->made = cpi_builder_function(&o->b, &out).i;
	}
	return (cp_function){f->made};
}

/* async-profiler cuts a line of -1 to 16 bits. */
static int64_t line_of(int64_t line)
{
	return line > 0 && line != 65535 ? line : 0;
}

static bool location(struct otlp *o, int64_t row, cp_location *ret)
{
	struct otlp_location *l;
	const struct otlp_attribute *type;

	if (row < 0 || (uint64_t)row >= o->location.n)
		return false;
	l = &o->location.v[row];
	if (!l->made) {
		type = find(o, l->attributes, "profile.frame.type");
		if (type && cpi_text_equal(text_of(o, type), CPI_TEXT("kernel")) &&
			l->mapping >= 0 && (uint64_t)l->mapping < o->mapping.n)
			o->mapping.v[l->mapping].kernel = true;
		o->row.n = 0;
		for (uint32_t i = 0; i < l->n_lines && !o->b.code; i++) {
			const struct otlp_line *line = &o->line.v[l->first_line + i];
			struct cp_line_row out = {function(o, line->function),
				line_of(line->line), line_of(line->column)};

			cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->row, out));
		}
		l->made = cpi_builder_location(&o->b, mapping(o, l->mapping), l->address,
			false, o->row.v, (uint32_t)o->row.n).i;
	}
	*ret = (cp_location){l->made};
	return !o->b.code;
}

/*
 * The builder's stack, or OTLP_NO_STACK where a location is nowhere. Its locations go
 * behind the numbers that are there, and are taken off again.
 */
static uint32_t make_stack(struct otlp *o, const struct otlp_stack *s)
{
	struct cpi_cursor c = cpi_cursor_make(
		s->bytes, s->n, __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__);
	size_t from = o->number.n;
	struct pb_field f = {.n = 0};
	bool fine = true;

	while (pb_next(&c, &f) && !o->b.code)
		if (f.number == 1)
			cpi_otlp_numbers(o, &f);
	if (o->number.n - from > o->env->limits.stack_depth)
		cpi_builder_fail(&o->b, CP_ERROR_LIMIT, "a stack has too many frames");
	o->path.n = 0;
	for (size_t i = from; i < o->number.n && fine && !o->b.code; i++) {
		cp_location at = {0};

		fine = location(o, o->number.v[i], &at) &&
		       cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->path, at));
	}
	o->number.n = from;
	if (!fine || o->b.code)
		return OTLP_NO_STACK;
	return cpi_builder_stack(&o->b, o->path.v, (uint32_t)o->path.n).i;
}

bool cpi_otlp_stack(struct otlp *o, int64_t row, cp_stack *ret)
{
	struct otlp_stack *s;

	*ret = (cp_stack){0};
	if (!row && (!o->stack.n || !o->stack.v[0].n))
		return true;
	if (row < 0 || (uint64_t)row >= o->stack.n)
		return false;
	s = &o->stack.v[row];
	/* Once, whatever comes of it: many samples may ask for one that is long and bad. */
	if (s->bytes)
		s->made = make_stack(o, s);
	s->bytes = NULL;
	if (s->made == OTLP_NO_STACK)
		return false;
	*ret = (cp_stack){s->made};
	return true;
}

/* Keys by which the rest of libcp knows the same things, and the units of UCUM. */
static const char *const keys[][2] = {{"thread.name", "thread"}, {"thread.id", "tid"},
	{"process.pid", "pid"}, {"process.executable.name", "comm"},
	{"cpu.logical_number", "cpu"}};
static const char *const units[][2] = {{"By", "bytes"}, {"ns", "nanoseconds"},
	{"us", "microseconds"}, {"ms", "milliseconds"}, {"s", "seconds"}};

static struct cp_text known(const char *const (*table)[2], size_t n, struct cp_text text)
{
	for (size_t i = 0; i < n; i++)
		if (cpi_text_equal(text, cpi_text(table[i][0])))
			return cpi_text(table[i][1]);
	return text;
}

void cpi_otlp_label(struct otlp *o, const struct otlp_attribute *a)
{
	struct cp_text key = known(keys, sizeof keys / sizeof *keys, key_of(o, a));
	struct cp_text unit = known(units, sizeof units / sizeof *units,
		a->unit ? cpi_otlp_string(o, a->unit) : (struct cp_text){"", 0});
	struct cp_label label = {.key = cpi_builder_string(&o->b, key)};
	char digits[40];

	switch (a->value.kind) {
	case OTLP_TEXT:
		label.str = cpi_builder_string(&o->b, text_of(o, a));
		break;
	case OTLP_BOOL:
		label.str = cpi_builder_str(&o->b, a->value.number ? "true" : "false");
		break;
	case OTLP_INT:
		label.num = a->value.number;
		label.unit = cpi_builder_string(&o->b, unit.n ? unit : key);
		break;
	case OTLP_DOUBLE:
		snprintf(digits, sizeof digits, "%.17g", a->value.real);
		for (char *p = digits; *p; p++)
			if (*p == ',')
				*p = '.';
		label.str = cpi_builder_str(&o->b, digits);
		break;
	case OTLP_OTHER:
		cpi_otlp_warn(o, "otlp-attribute", key.p,
			"an attribute is a list, which labels cannot hold");
		return;
	case OTLP_NOTHING:
		return;
	}
	if (label.str.i || label.unit.i)
		cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->label, label));
}

static void id_label(struct otlp *o, const char *key, const uint8_t *id, unsigned n)
{
	struct cp_label label = {.key = cpi_builder_str(&o->b, key)};
	char hex[33] = "";
	bool some = false;

	for (unsigned i = 0; i < n; i++) {
		snprintf(hex + 2 * i, 3, "%02x", id[i]);
		some |= id[i] != 0;
	}
	label.str = cpi_builder_str(&o->b, hex);
	if (some)
		cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->label, label));
}

void cpi_otlp_link_labels(struct otlp *o, int64_t row)
{
	if (row < 0 || (uint64_t)row >= o->link.n)
		return;
	id_label(o, "trace_id", o->link.v[row].trace, 16);
	id_label(o, "span_id", o->link.v[row].span, 8);
}
