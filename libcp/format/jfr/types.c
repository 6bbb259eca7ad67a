/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metadata event: texts, and a tree of elements with attributes, in which "class"
 * elements have "field" elements. The tree is walked without being built.
 */
#include "format/jfr/jfr.h"

enum { DEPTH = 64 };

uint32_t cpi_jfr_type(const struct jfr_chunk *c, int64_t id)
{
	struct cpi_probe probe = cpi_index_find(&c->types, cpi_hash_u64((uint64_t)id));

	for (uint32_t row; (row = cpi_index_next(&c->types, &probe));)
		if (c->type.v[row].id == id)
			return row;
	return 0;
}

static struct cp_text string(const struct jfr_chunk *c, int64_t row)
{
	return row >= 0 && (uint64_t)row < c->string.n ? c->string.v[row]
						       : (struct cp_text){"", 0};
}

static int64_t number(struct cp_text text)
{
	uint64_t x;

	return cpi_text_u64(text, &x) ? (int64_t)x : -1;
}

struct attributes {
	struct cp_text name, id, class, pooled, dimension;
};

/* One element's name and attributes; its children follow, their number goes to *ret. */
static struct cp_text element(struct jfr *j, struct cpi_cursor *c, struct attributes *ret_a,
	uint64_t *ret_children)
{
	struct cp_text name = string(&j->chunk, cpi_jfr_leb(c));
	uint64_t n = cpi_cursor_claim(c, (uint64_t)cpi_jfr_leb(c), 2);

	memset(ret_a, 0, sizeof *ret_a);
	for (; n && cpi_cursor_ok(c); n--) {
		struct cp_text key = string(&j->chunk, cpi_jfr_leb(c));
		struct cp_text value = string(&j->chunk, cpi_jfr_leb(c));

		if (cpi_text_equal(key, CPI_TEXT("name")))
			ret_a->name = value;
		else if (cpi_text_equal(key, CPI_TEXT("id")))
			ret_a->id = value;
		else if (cpi_text_equal(key, CPI_TEXT("class")))
			ret_a->class = value;
		else if (cpi_text_equal(key, CPI_TEXT("constantPool")))
			ret_a->pooled = value;
		else if (cpi_text_equal(key, CPI_TEXT("dimension")))
			ret_a->dimension = value;
	}
	*ret_children = cpi_cursor_claim(c, (uint64_t)cpi_jfr_leb(c), 3);
	return name;
}

static enum jfr_base base_of(struct cp_text name)
{
	static const struct {
		const char *name;
		enum jfr_base base;
	} known[] = {{"int", JFR_NUMBER}, {"long", JFR_NUMBER}, {"short", JFR_NUMBER},
		{"char", JFR_NUMBER}, {"byte", JFR_BYTE}, {"boolean", JFR_BYTE},
		{"float", JFR_FLOAT}, {"double", JFR_DOUBLE},
		{"java.lang.String", JFR_STRING}};

	for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
		if (cpi_text_equal(name, cpi_text(known[i].name)))
			return known[i].base;
	return JFR_STRUCT;
}

static void add_class(struct jfr *j, const struct attributes *a)
{
	struct jfr_chunk *c = &j->chunk;
	struct jfr_class class = {.id = number(a->id), .name = a->name,
		.base = base_of(a->name), .first = (uint32_t)c->field.n,
		.kind = cpi_jfr_kind(a->name)};
	bool twice = cpi_jfr_type(c, class.id) != 0;

	if (!cpi_jfr_fine(j, cpi_vec_push(&j->env->mem, &c->type, class)) || twice)
		return;
	cpi_jfr_fine(j, cpi_index_add(&j->env->mem, &c->types,
				cpi_hash_u64((uint64_t)class.id),
				(uint32_t)c->type.n - 1));
}

static void add_field(struct jfr *j, const struct attributes *a)
{
	struct jfr_chunk *c = &j->chunk;
	int64_t dimension = number(a->dimension);
	struct jfr_field field = {.name = a->name, .type = number(a->class),
		.pooled = cpi_text_equal(a->pooled, CPI_TEXT("true")),
		.array = dimension > 0};

	if (c->type.n < 2)
		return;
	cpi_jfr_fine(j, cpi_vec_push(&j->env->mem, &c->field, field));
	c->type.v[c->type.n - 1].n = (uint32_t)c->field.n - c->type.v[c->type.n - 1].first;
}

static void tree(struct jfr *j, struct cpi_cursor *c)
{
	uint64_t left[DEPTH];
	unsigned depth = 0;

	do {
		struct attributes a;
		uint64_t children;
		struct cp_text name = element(j, c, &a, &children);

		if (!cpi_cursor_ok(c))
			return;
		if (cpi_text_equal(name, CPI_TEXT("class")))
			add_class(j, &a);
		else if (cpi_text_equal(name, CPI_TEXT("field")))
			add_field(j, &a);
		if (children && depth == DEPTH) {
			cpi_cursor_fail(c);
			return;
		}
		if (children)
			left[depth++] = children;
		else
			while (depth && !--left[depth - 1])
				depth--;
	} while (depth && !j->b.code);
}

bool cpi_jfr_types(struct jfr *j)
{
	struct jfr_chunk *c = &j->chunk;
	struct cpi_cursor at = cpi_jfr_cursor(c, (uint64_t)c->meta, c->n);
	uint64_t n;

	cpi_jfr_fine(j, cpi_vec_push(&j->env->mem, &c->type, (struct jfr_class){.kind = -1}));
	(void)cpi_jfr_leb(&at); /* size */
	if (cpi_jfr_leb(&at) != 0)
		cpi_cursor_fail(&at);
	for (unsigned i = 0; i < 3; i++) /* start, duration, metadata id */
		(void)cpi_jfr_leb(&at);
	n = cpi_cursor_claim(&at, (uint64_t)cpi_jfr_leb(&at), 1);
	for (; n && cpi_cursor_ok(&at) && !j->b.code; n--)
		cpi_jfr_fine(j, cpi_vec_push(&j->env->mem, &c->string, cpi_jfr_text(j, &at)));
	if (cpi_cursor_ok(&at) && !j->b.code)
		tree(j, &at);
	for (size_t i = 0; i < c->field.n; i++)
		c->field.v[i].row = cpi_jfr_type(c, c->field.v[i].type);
	return cpi_cursor_ok(&at) && !j->b.code && c->type.n > 1;
}
