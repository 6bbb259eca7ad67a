/* SPDX-License-Identifier: Apache-2.0 */
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
 * Takes a number \d+(\.\d*)? and the one blank before it from the end of *text. Longer
 * runs of blanks belong to the last frame but for one.
 */
static enum number take_number(struct cp_text *text, struct folded_count *ret)
{
	size_t from = text->n, dot = text->n, end = text->n;
	uint64_t x = 0;
	unsigned decimals = 0;

	while (from && (is_digit(text->p[from - 1]) ||
			       (text->p[from - 1] == '.' && dot == text->n)))
		if (text->p[--from] == '.')
			dot = from;
	if (from == end || from == dot || !from || !is_blank(text->p[from - 1]))
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
	if (x > INT64_MAX || decimals > 18)
		return BIG_NUMBER;
	*ret = (struct folded_count){(int64_t)x, decimals};
	text->n = from - 1;
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
	line.two = take_number(&text, &line.first) == NUMBER;
	line.body_of_two = text;
	*ret_line = line;
	return FOLDED_STACK;
}
