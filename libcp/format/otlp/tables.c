/* SPDX-License-Identifier: Apache-2.0 */
/* The dictionary: tables of small messages, in any order, each row as it is told. */
#include "format/otlp/otlp.h"

struct cp_text cpi_otlp_string(const struct otlp *o, int64_t row)
{
	return row >= 0 && (uint64_t)row < o->string.n ? o->string.v[row]
						       : (struct cp_text){"", 0};
}

void cpi_otlp_numbers(struct otlp *o, const struct pb_field *f)
{
	struct cpi_cursor c;

	if (f->type != PB_BYTES) {
		cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->number, (int64_t)f->value));
		return;
	}
	c = pb_cursor(f);
	while (cpi_cursor_left(&c) && !o->b.code) {
		int64_t x = (int64_t)pb_varint(&c);

		if (cpi_cursor_ok(&c))
			cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->number, x));
	}
}

/* Adds a field's numbers to a list, whose numbers stand together. */
static void list(struct otlp *o, struct otlp_list *l, const struct pb_field *f)
{
	size_t from = o->number.n;

	cpi_otlp_numbers(o, f);
	if (!l->n)
		l->first = (uint32_t)from;
	l->n = (uint32_t)(o->number.n - l->first);
}

static void mapping(struct otlp *o, struct cpi_cursor c)
{
	struct otlp_mapping m = {0};
	struct pb_field f;

	while (pb_next(&c, &f))
		switch (f.number) {
		case 1: m.start = f.value; break;
		case 2: m.limit = f.value; break;
		case 3: m.offset = f.value; break;
		case 4: m.path = (int64_t)f.value; break;
		case 5: list(o, &m.attributes, &f); break;
		}
	cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->mapping, m));
}

static void line(struct otlp *o, struct cpi_cursor c)
{
	struct otlp_line l = {0};
	struct pb_field f;

	while (pb_next(&c, &f))
		switch (f.number) {
		case 1: l.function = (int64_t)f.value; break;
		case 2: l.line = (int64_t)f.value; break;
		case 3: l.column = (int64_t)f.value; break;
		}
	cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->line, l));
}

static void location(struct otlp *o, struct cpi_cursor c)
{
	struct otlp_location l = {.first_line = (uint32_t)o->line.n};
	struct pb_field f;

	while (pb_next(&c, &f))
		switch (f.number) {
		case 1: l.mapping = (int64_t)f.value; break;
		case 2: l.address = f.value; break;
		case 3:
			if (f.type == PB_BYTES)
				line(o, pb_cursor(&f));
			break;
		case 4: list(o, &l.attributes, &f); break;
		}
	l.n_lines = (uint32_t)o->line.n - l.first_line;
	cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->location, l));
}

static void function(struct otlp *o, struct cpi_cursor c)
{
	struct otlp_function row = {0};
	struct pb_field f;

	while (pb_next(&c, &f))
		switch (f.number) {
		case 1: row.name = (int64_t)f.value; break;
		case 2: row.system_name = (int64_t)f.value; break;
		case 3: row.file = (int64_t)f.value; break;
		case 4: row.start_line = (int64_t)f.value; break;
		}
	cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->function, row));
}

static void link_row(struct otlp *o, struct cpi_cursor c)
{
	struct otlp_link l = {0};
	struct pb_field f;

	while (pb_next(&c, &f)) {
		if (f.type != PB_BYTES || !f.n)
			continue;
		if (f.number == 1)
			memcpy(l.trace, f.bytes, f.n < 16 ? f.n : 16);
		else if (f.number == 2)
			memcpy(l.span, f.bytes, f.n < 8 ? f.n : 8);
	}
	cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->link, l));
}

static void any(struct cpi_cursor c, struct otlp_value *ret)
{
	struct pb_field f;

	while (pb_next(&c, &f))
		switch (f.number) {
		case 1:
			ret->kind = OTLP_TEXT;
			if (f.type == PB_BYTES)
				ret->text = (struct cp_text){(const char *)f.bytes, f.n};
			break;
		case 2:
			ret->kind = OTLP_BOOL;
			ret->number = f.value != 0;
			break;
		case 3:
			ret->kind = OTLP_INT;
			ret->number = (int64_t)f.value;
			break;
		case 4:
			ret->kind = OTLP_DOUBLE;
			memcpy(&ret->real, &f.value, sizeof ret->real);
			break;
		case 8:
			ret->kind = OTLP_TEXT;
			ret->row = true;
			ret->number = (int64_t)f.value;
			break;
		default:
			ret->kind = OTLP_OTHER;
		}
}

/* KeyValueAndUnit of the dictionary. */
static void attribute(struct otlp *o, struct cpi_cursor c)
{
	struct otlp_attribute a = {0};
	struct pb_field f;

	while (pb_next(&c, &f))
		switch (f.number) {
		case 1: a.key = (int64_t)f.value; break;
		case 2:
			if (f.type == PB_BYTES)
				any(pb_cursor(&f), &a.value);
			break;
		case 3: a.unit = (int64_t)f.value; break;
		}
	cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->attribute, a));
}

void cpi_otlp_key_value(struct otlp *o, struct cpi_cursor c, struct otlp_attribute *ret)
{
	struct pb_field f;

	(void)o;
	memset(ret, 0, sizeof *ret);
	while (pb_next(&c, &f))
		switch (f.number) {
		case 1:
			if (f.type == PB_BYTES)
				ret->key_text = (struct cp_text){(const char *)f.bytes, f.n};
			break;
		case 2:
			if (f.type == PB_BYTES)
				any(pb_cursor(&f), &ret->value);
			break;
		case 3: ret->key = (int64_t)f.value; break;
		}
}

static void stack(struct otlp *o, struct cpi_cursor c)
{
	size_t n = cpi_cursor_left(&c);
	struct otlp_stack s = {.bytes = c.at, .n = (uint32_t)n};

	if (n > UINT32_MAX) {
		cpi_builder_fail(&o->b, CP_ERROR_LIMIT, "a stack is larger than 4 GiB");
		return;
	}
	cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->stack, s));
}

static void string(struct otlp *o, const struct pb_field *f)
{
	struct cp_text text = {(const char *)f->bytes, f->n};

	cpi_otlp_fine(o, cpi_vec_push(&o->env->mem, &o->string, text));
}

void cpi_otlp_dictionary(struct otlp *o, struct cpi_cursor c)
{
	static void (*const tables[])(struct otlp *, struct cpi_cursor) = {
		NULL, mapping, location, function, link_row, NULL, attribute, stack};
	struct pb_field f;

	while (pb_next(&c, &f) && !o->b.code) {
		if (f.type != PB_BYTES || f.number > 7)
			continue;
		if (f.number == 5)
			string(o, &f);
		else if (tables[f.number])
			tables[f.number](o, pb_cursor(&f));
	}
	if (!cpi_cursor_ok(&c))
		cpi_otlp_warn(o, "otlp-dictionary", c.start,
			"the dictionary is damaged; what stands before that counts");
}

void cpi_otlp_release(struct otlp *o)
{
	struct cpi_mem *mem = &o->env->mem;

	cpi_vec_release(mem, &o->mapping);
	cpi_vec_release(mem, &o->location);
	cpi_vec_release(mem, &o->line);
	cpi_vec_release(mem, &o->function);
	cpi_vec_release(mem, &o->link);
	cpi_vec_release(mem, &o->string);
	cpi_vec_release(mem, &o->attribute);
	cpi_vec_release(mem, &o->stack);
	cpi_vec_release(mem, &o->number);
	cpi_vec_release(mem, &o->own);
	cpi_vec_release(mem, &o->resource);
	cpi_vec_release(mem, &o->type);
	cpi_vec_release(mem, &o->label);
	cpi_vec_release(mem, &o->row);
	cpi_vec_release(mem, &o->path);
	cpi_vec_release(mem, &o->value);
}
