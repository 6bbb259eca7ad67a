/* SPDX-License-Identifier: Apache-2.0 */
#include "format/legacy/legacy.h"

/*
 * Go's text profiles (debug=1) name the frames of a stack in remarks behind it:
 *
 *	3 @ 0x43a1c5 0x44a3e6 0x461481
 *	# labels: {"key":"value"}
 *	#	0x44a3e5	main.work+0x25	/src/main.go:12
 *
 * The number is the address that the stack's has become here, one less; functions inlined
 * at an address have a line each, innermost first. Left out are runtime.goexit and, unless
 * there is nothing else, functions of package runtime at the leaf.
 */

struct remark {
	uint64_t address;
	struct cp_text name; /* empty: not known */
	struct cp_text file;
	int64_t line;
};

/* What follows the blanks at the start of *text, up to the next TAB. */
static struct cp_text take_field(struct cp_text *text)
{
	struct cp_text field;
	const char *tab;

	cpi_legacy_spaces(text);
	tab = text->n ? memchr(text->p, '\t', text->n) : NULL;
	field = (struct cp_text){text->p, tab ? (size_t)(tab - text->p) : text->n};
	text->p += field.n;
	text->n -= field.n;
	return cpi_legacy_trim(field);
}

struct cp_text cpi_legacy_file_line(struct cp_text text, int64_t *ret_line)
{
	size_t n = text.n;
	struct cp_text digits;

	*ret_line = 0;
	while (n && text.p[n - 1] >= '0' && text.p[n - 1] <= '9')
		n--;
	digits = (struct cp_text){text.p + n, text.n - n};
	if (n < 2 || text.p[n - 1] != ':' || !cpi_legacy_i64(&digits, ret_line))
		return text;
	return (struct cp_text){text.p, n - 1};
}

static struct cp_text without_offset(struct cp_text name)
{
	for (size_t i = name.n; i-- > 3;)
		if (!memcmp(name.p + i - 3, "+0x", 3))
			return (struct cp_text){name.p, i - 3};
	return name;
}

static bool parse(struct cp_text line, struct remark *ret)
{
	struct cp_text word;

	if (!cpi_legacy_word(&line, "#\t"))
		return false;
	word = take_field(&line);
	if (!cpi_legacy_word(&word, "0x") || !cpi_text_hex(word, &ret->address))
		return false;
	ret->name = without_offset(take_field(&line));
	ret->file = cpi_legacy_file_line(take_field(&line), &ret->line);
	return true;
}

/* Go's quoted string at the start of *text, into the arena; false when it is none. */
static bool take_quoted(struct legacy *l, struct cp_text *text, struct cp_text *ret)
{
	struct cpi_sink out;
	bool ended = false;

	if (!cpi_legacy_char(text, '"'))
		return false;
	cpi_sink_memory(&out, &l->env->mem);
	while (text->n && !(ended = cpi_legacy_char(text, '"'))) {
		char c = *text->p;
		uint64_t x;

		text->p++;
		text->n--;
		if (c == '\\' && text->n) {
			c = *text->p++;
			text->n--;
			if (c == 'x' && text->n >= 2 &&
				cpi_text_hex((struct cp_text){text->p, 2}, &x)) {
				c = (char)x;
				text->p += 2;
				text->n -= 2;
			} else {
				c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
			}
		}
		cpi_sink_char(&out, c);
	}
	*ret = (struct cp_text){
		out.code ? NULL : cpi_arena_copy(&l->text, out.n ? (char *)out.buf : "", out.n),
		out.n};
	cpi_sink_release(&out);
	if (!ret->p)
		cpi_legacy_no_memory(l);
	return ended && ret->p;
}

/* "# labels: {"key":"value", …}" */
static cp_labels take_labels(struct legacy *l, struct cp_text text)
{
	struct cp_label label[64];
	struct cp_text key, value;
	uint32_t n = 0;

	if (!cpi_legacy_word(&text, "# labels: {"))
		return (cp_labels){0};
	while (n < 64 && take_quoted(l, &text, &key) && cpi_legacy_char(&text, ':') &&
		take_quoted(l, &text, &value)) {
		/* One without a string would be a number. */
		label[n] = (struct cp_label){.key = cpi_builder_string(&l->b, key),
			.str = cpi_builder_string(&l->b, value)};
		n += value.n > 0;
		if (!cpi_legacy_word(&text, ", "))
			break;
	}
	return cpi_builder_labels(&l->b, label, n);
}

/* Gives a location the lines of `n` remarks, unless it has some. */
static void give_lines(
	struct legacy *l, uint32_t id, const struct remark *remark, uint32_t n)
{
	struct legacy_location *location = &l->location.v[id];

	if (location->n_lines || !remark->name.n)
		return;
	location->first_line = l->line.n;
	for (uint32_t i = 0; i < n && remark[i].name.n; i++) {
		struct cp_function_row f = {
			.name = cpi_builder_string(&l->b, remark[i].name),
			.file = cpi_builder_string(&l->b, remark[i].file)};
		struct cp_line_row row = {.line = remark[i].line};

		f.system_name = f.name;
		row.function = cpi_builder_function(&l->b, &f);
		if (!cpi_vec_push(&l->env->mem, &l->line, row)) {
			cpi_legacy_no_memory(l);
			return;
		}
		location->n_lines++;
	}
}

static bool is_at(const struct legacy *l, uint32_t id, uint64_t address)
{
	uint64_t own = l->location.v[id].address;

	/* Where a signal struck, the address is no return address. */
	return own == address || own + 1 == address;
}

/* Frames without a remark of their own: what Go hides there. */
static void hide(struct legacy *l, const uint32_t *id, uint32_t n, uint8_t as)
{
	for (uint32_t i = 0; i < n; i++)
		l->location.v[id[i]].hidden = as;
}

/*
 * Remarks with one address are the lines of one frame, or of as many as stand at this
 * address one behind the other, as in recursion.
 */
static void match(struct legacy *l, const struct legacy_sample *sample,
	const struct remark *remark, uint32_t n)
{
	const uint32_t *id = l->frame.v + sample->first;
	uint32_t at = 0, run, frames;
	uint8_t hidden = LEGACY_RUNTIME;

	for (uint32_t i = 0; i < n; i += run) {
		uint32_t to = at;

		for (run = 1; i + run < n && remark[i + run].address == remark[i].address;)
			run++;
		while (to < sample->n && !is_at(l, id[to], remark[i].address))
			to++;
		if (to == sample->n)
			continue;
		hide(l, id + at, to - at, hidden);
		hidden = LEGACY_GOEXIT;
		for (frames = 1; to + frames < sample->n && frames < run &&
			id[to + frames] == id[to];)
			frames++;
		give_lines(l, id[to], remark + i, run % frames ? 1 : run / frames);
		at = to + frames;
	}
	if (hidden == LEGACY_GOEXIT)
		hide(l, id + at, sample->n - at, hidden);
}

void cpi_legacy_remarks(
	struct legacy *l, struct legacy_lines *lines, struct legacy_sample *sample)
{
	struct legacy_lines ahead = *lines;
	CPI_VEC(struct remark) remark = {0};
	struct remark row;
	bool fits = true;

	while (fits && cpi_legacy_next(&ahead) && ahead.line.n && ahead.line.p[0] == '#') {
		if (cpi_text_starts(ahead.line, CPI_TEXT("# labels: ")))
			sample->labels = take_labels(l, ahead.line);
		else if (parse(ahead.line, &row))
			fits = cpi_vec_push(&l->env->mem, &remark, row);
		*lines = ahead;
	}
	if (!fits)
		cpi_legacy_no_memory(l);
	else if (!l->bare)
		match(l, sample, remark.v, (uint32_t)remark.n);
	cpi_vec_release(&l->env->mem, &remark);
}
