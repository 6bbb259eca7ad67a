/* SPDX-License-Identifier: Apache-2.0 */
/* One line of collapsed stacks. */
#include "format/folded/line.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

enum number { NUMBER, NO_NUMBER, BIG_NUMBER };

/*
 * Takes a number -?\d+(\.\d*)? and the one blank before it from the end of *text. Longer
 * runs of blanks belong to the last frame but for one. Differences are negative.
 */
static enum number take_number(struct cp_text *text, struct folded_count *ret)
{
	size_t from = text->n, dot = text->n, end = text->n;
	uint64_t x = 0;
	unsigned decimals = 0;
	bool minus;

	while (from && (is_digit(text->p[from - 1]) ||
			       (text->p[from - 1] == '.' && dot == text->n)))
		if (text->p[--from] == '.')
			dot = from;
	minus = from > 1 && from < end && text->p[from - 1] == '-';
	if (from == end || from == dot || from < 1u + minus ||
		!is_blank(text->p[from - 1 - minus]))
		return NO_NUMBER;
	while (dot < end && (text->p[end - 1] == '0' || text->p[end - 1] == '.') &&
		end > dot)
		end--;
	for (size_t i = from; i < end; i++) {
		if (text->p[i] == '.')
			continue;
		if (__builtin_mul_overflow(x, 10, &x) ||
			__builtin_add_overflow(x, (uint64_t)(text->p[i] - '0'), &x))
			return BIG_NUMBER;
		decimals += i > dot;
	}
	if (x > (uint64_t)INT64_MAX + minus || decimals > 18)
		return BIG_NUMBER;
	*ret = (struct folded_count){(int64_t)(minus ? 0 - x : x), decimals};
	text->n = from - 1 - minus;
	return NUMBER;
}

enum folded_kind cpi_folded_line(struct cp_text text, struct folded_line *ret_line)
{
	struct folded_line line = {0};
	enum number got;

	while (text.n && (is_blank(text.p[text.n - 1]) || text.p[text.n - 1] == '\r'))
		text.n--;
	if (!text.n)
		return FOLDED_EMPTY;
	if (text.p[0] == '#' && !memchr(text.p, ';', text.n))
		return FOLDED_COMMENT;
	got = take_number(&text, &line.count);
	if (got != NUMBER)
		return got == BIG_NUMBER ? FOLDED_BIG_COUNT : FOLDED_NO_COUNT;
	line.body = text;
	*ret_line = line;
	return FOLDED_STACK;
}

bool cpi_folded_another(struct cp_text *body, struct folded_count *ret_count)
{
	return take_number(body, ret_count) == NUMBER;
}

bool cpi_folded_type(
	struct cp_text *header, struct cp_text *ret_type, struct cp_text *ret_unit)
{
	const char *end = header->n ? memchr(header->p, ' ', header->n) : NULL, *slash;
	struct cp_text word = {header->p, end ? (size_t)(end - header->p) : header->n};

	slash = word.n ? memchr(word.p, '/', word.n) : NULL;
	if (!slash)
		return false;
	*ret_type = (struct cp_text){word.p, (size_t)(slash - word.p)};
	*ret_unit = (struct cp_text){slash + 1, word.n - ret_type->n - 1};
	header->p += word.n + (end != NULL);
	header->n -= word.n + (end != NULL);
	return ret_type->n && ret_unit->n && !memchr(slash + 1, '/', ret_unit->n) &&
	       !memchr(word.p, ';', word.n) && (!end || header->n);
}

/* Behind a byte order mark, to the end of the first line. */
static struct cp_text first_line(struct cp_text text)
{
	const char *stop;

	if (cpi_text_starts(text, CPI_TEXT("\xef\xbb\xbf"))) {
		text.p += 3;
		text.n -= 3;
	}
	stop = text.n ? memchr(text.p, '\n', text.n) : NULL;
	if (stop)
		text.n = (size_t)(stop - text.p);
	while (text.n && (is_blank(text.p[text.n - 1]) || text.p[text.n - 1] == '\r'))
		text.n--;
	return text;
}

uint32_t cpi_folded_header(struct cp_text text, struct cp_text *ret_header)
{
	struct cp_text rest = first_line(text), type, unit;
	uint32_t n = 0;

	*ret_header = rest;
	while (rest.n) {
		if (!cpi_folded_type(&rest, &type, &unit))
			return 0;
		n++;
	}
	return n;
}

bool cpi_folded_ends_in_number(struct cp_text name)
{
	struct folded_count count;

	return name.n && (is_digit(name.p[name.n - 1]) || name.p[name.n - 1] == '.') &&
	       take_number(&name, &count) == NUMBER;
}
