/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values by the chunk's own description of them. Types contain types, so stepping over one
 * keeps a stack of its own, of limited depth: a description can be a circle.
 */
#include "format/jfr/jfr.h"

enum { DEPTH = 32 };

enum { STRING_NULL, STRING_EMPTY, STRING_POOL, STRING_UTF8, STRING_UTF16, STRING_LATIN1 };

static size_t put_utf8(char *out, uint32_t rune)
{
	size_t n = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; rune >>= 6)
		out[i] = (char)(0x80 | (rune & 0x3f));
	out[0] = (char)(lead[n] | rune);
	return n;
}

static struct cp_text latin1(struct jfr *j, struct cpi_cursor *c)
{
	size_t n = cpi_cursor_claim(c, (uint64_t)cpi_jfr_leb(c), 1), used = 0;
	const uint8_t *p = cpi_cursor_bytes(c, n);
	char *out = cpi_arena_alloc(&j->chunk.arena, 2 * n, 1);

	if (!cpi_jfr_fine(j, out) || !p)
		return (struct cp_text){"", 0};
	for (size_t i = 0; i < n; i++)
		used += put_utf8(out + used, p[i]);
	return (struct cp_text){out, used};
}

/* Units of UTF-16, a LEB128 each. */
static struct cp_text utf16(struct jfr *j, struct cpi_cursor *c)
{
	size_t n = cpi_cursor_claim(c, (uint64_t)cpi_jfr_leb(c), 1), used = 0;
	char *out = cpi_arena_alloc(&j->chunk.arena, 4 * n + 1, 1);
	uint32_t high = 0;

	if (!cpi_jfr_fine(j, out))
		return (struct cp_text){"", 0};
	for (size_t i = 0; i < n && cpi_cursor_ok(c); i++) {
		uint32_t unit = (uint32_t)cpi_jfr_leb(c) & 0xffff;

		if (high && unit >= 0xdc00 && unit <= 0xdfff) {
			used += put_utf8(out + used,
				0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
			high = 0;
			continue;
		}
		if (high)
			used += put_utf8(out + used, CPI_RUNE_BAD);
		high = unit >= 0xd800 && unit <= 0xdbff ? unit : 0;
		if (!high)
			used += put_utf8(out + used,
				unit >= 0xdc00 && unit <= 0xdfff ? CPI_RUNE_BAD : unit);
	}
	return (struct cp_text){out, used};
}

/* One encoding is a key of the pool of texts, whose text is told in another one. */
static struct cp_text pooled_text(struct jfr *j, int64_t key)
{
	struct jfr_chunk *c = &j->chunk;
	uint32_t row = 0;
	struct cpi_cursor at;

	for (uint32_t type = 1; type < c->type.n && !row; type++)
		if (c->type.v[type].base == JFR_STRING)
			row = cpi_jfr_constant(c, type, key);
	if (!row)
		return (struct cp_text){"", 0};
	at = cpi_jfr_cursor(c, c->constant.v[row].at, c->n);
	if (cpi_cursor_left(&at) && *at.at == STRING_POOL)
		return (struct cp_text){"", 0};
	return cpi_jfr_text(j, &at);
}

struct cp_text cpi_jfr_text(struct jfr *j, struct cpi_cursor *c)
{
	const uint8_t *p;
	size_t n;

	switch (cpi_cursor_u8(c)) {
	case STRING_NULL:
	case STRING_EMPTY:
		break;
	case STRING_POOL:
		return pooled_text(j, cpi_jfr_leb(c));
	case STRING_UTF8:
		n = cpi_cursor_claim(c, (uint64_t)cpi_jfr_leb(c), 1);
		p = cpi_cursor_bytes(c, n);
		if (p)
			return (struct cp_text){(const char *)p, n};
		break;
	case STRING_UTF16:
		return utf16(j, c);
	case STRING_LATIN1:
		return latin1(j, c);
	default:
		cpi_cursor_fail(c);
	}
	return (struct cp_text){"", 0};
}

static void skip_text(struct cpi_cursor *c)
{
	uint64_t n;

	switch (cpi_cursor_u8(c)) {
	case STRING_NULL:
	case STRING_EMPTY:
		return;
	case STRING_POOL:
		(void)cpi_jfr_leb(c);
		return;
	case STRING_UTF8:
	case STRING_LATIN1:
		cpi_cursor_skip(c, cpi_cursor_claim(c, (uint64_t)cpi_jfr_leb(c), 1));
		return;
	case STRING_UTF16:
		for (n = cpi_cursor_claim(c, (uint64_t)cpi_jfr_leb(c), 1);
			n && cpi_cursor_ok(c); n--)
			(void)cpi_jfr_leb(c);
		return;
	default:
		cpi_cursor_fail(c);
	}
}

/* A value that is no struct. */
static void skip_base(struct cpi_cursor *c, enum jfr_base base)
{
	switch (base) {
	case JFR_NUMBER:
		(void)cpi_jfr_leb(c);
		break;
	case JFR_BYTE:
		cpi_cursor_skip(c, 1);
		break;
	case JFR_FLOAT:
		cpi_cursor_skip(c, 4);
		break;
	case JFR_DOUBLE:
		cpi_cursor_skip(c, 8);
		break;
	case JFR_STRING:
		skip_text(c);
		break;
	case JFR_STRUCT:
		break;
	}
}

struct level {
	uint32_t type, field; /* the next field of a struct of this class */
	uint64_t more;        /* further structs of the array it is in */
};

/*
 * Steps over what can be stepped over at once: a key, a text, an array of numbers. False: a
 * struct, or `more` structs, begin here.
 */
static bool skip_flat(
	const struct jfr *j, struct cpi_cursor *c, const struct jfr_field *f, uint64_t *more)
{
	const struct jfr_class *class = &j->chunk.type.v[f->row];
	uint64_t n = 1;

	if (f->array)
		n = cpi_cursor_claim(c, (uint64_t)cpi_jfr_leb(c), 1);
	if (!f->pooled && class->base == JFR_STRUCT) {
		/* A struct without fields has no bytes: any number of them is none. */
		*more = class->n ? n : 0;
		return !*more;
	}
	for (; n && cpi_cursor_ok(c); n--) {
		if (f->pooled)
			(void)cpi_jfr_leb(c);
		else
			skip_base(c, class->base);
	}
	return true;
}

void cpi_jfr_skip(struct jfr *j, struct cpi_cursor *c, uint32_t type)
{
	const struct jfr_chunk *k = &j->chunk;
	struct level level[DEPTH];
	unsigned depth = 0;

	if (k->type.v[type].base != JFR_STRUCT) {
		skip_base(c, k->type.v[type].base);
		return;
	}
	level[depth++] = (struct level){type, 0, 0};
	while (depth && cpi_cursor_ok(c)) {
		struct level *l = &level[depth - 1];
		const struct jfr_class *class = &k->type.v[l->type];
		uint64_t more;

		if (l->field == class->n) {
			l->field = 0;
			if (l->more)
				l->more--;
			else
				depth--;
			continue;
		}
		if (skip_flat(j, c, &k->field.v[class->first + l->field++], &more))
			continue;
		if (depth == DEPTH) {
			cpi_cursor_fail(c);
			return;
		}
		level[depth++] = (struct level){
			k->field.v[class->first + l->field - 1].row, 0, more - 1};
	}
}

/* A wanted field's value at the cursor, which is behind it then. */
static void take(struct jfr *j, struct cpi_cursor *c, const struct jfr_field *f,
	struct jfr_wanted *w)
{
	const struct jfr_class *class = &j->chunk.type.v[f->row];
	uint64_t more;

	w->found = true;
	w->type = f->row;
	w->at = (uint64_t)(c->at - j->chunk.bytes);
	if (!f->array && f->pooled) {
		w->number = cpi_jfr_leb(c);
		if (class->base == JFR_STRING)
			w->text = pooled_text(j, w->number);
	} else if (!f->array && class->base == JFR_NUMBER) {
		w->number = cpi_jfr_leb(c);
	} else if (!f->array && class->base == JFR_BYTE) {
		w->number = cpi_cursor_u8(c);
	} else if (!f->array && class->base == JFR_STRING) {
		w->text = cpi_jfr_text(j, c);
	} else if (!skip_flat(j, c, f, &more)) {
		for (; more && cpi_cursor_ok(c); more--)
			cpi_jfr_skip(j, c, f->row);
	}
}

void cpi_jfr_fields(struct jfr *j, struct cpi_cursor *c, uint32_t type,
	struct jfr_wanted *wanted, size_t n)
{
	const struct jfr_class *class = &j->chunk.type.v[type];

	for (uint32_t i = 0; i < class->n && cpi_cursor_ok(c); i++) {
		const struct jfr_field *f = &j->chunk.field.v[class->first + i];
		struct jfr_wanted ignored = {0}, *w = &ignored;

		for (size_t k = 0; k < n; k++)
			if (cpi_text_equal(f->name, cpi_text(wanted[k].name)))
				w = &wanted[k];
		take(j, c, f, w);
	}
}
