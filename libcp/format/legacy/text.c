/* SPDX-License-Identifier: Apache-2.0 */
/* Lines and words of the formats that are text. */
#include "format/legacy/legacy.h"

struct legacy_lines cpi_legacy_lines(const void *text, size_t n, uint64_t base)
{
	const char *p = text;

	return (struct legacy_lines){.start = p, .at = p, .end = p + n, .base = base};
}

bool cpi_legacy_next(struct legacy_lines *lines)
{
	const char *feed;

	if (lines->at == lines->end) {
		lines->line = (struct cp_text){lines->end, 0};
		return false;
	}
	feed = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
	lines->line.p = lines->at;
	lines->line.n = (size_t)((feed ? feed : lines->end) - lines->at);
	lines->offset = lines->base + (uint64_t)(lines->at - lines->start);
	lines->number++;
	lines->at = feed ? feed + 1 : lines->end;
	if (lines->line.n && lines->line.p[lines->line.n - 1] == '\r')
		lines->line.n--;
	return true;
}

bool cpi_legacy_next_content(struct legacy_lines *lines)
{
	while (cpi_legacy_next(lines))
		if (!cpi_legacy_is_comment(lines->line))
			return true;
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct cp_text cpi_legacy_trim(struct cp_text text)
{
	while (text.n && is_space(text.p[text.n - 1]))
		text.n--;
	cpi_legacy_spaces(&text);
	return text;
}

bool cpi_legacy_is_comment(struct cp_text line)
{
	line = cpi_legacy_trim(line);
	return !line.n || line.p[0] == '#';
}

bool cpi_legacy_contains(struct cp_text text, const char *part)
{
	return text.p && memmem(text.p, text.n, part, strlen(part));
}

bool cpi_legacy_is_map_header(struct cp_text line)
{
	return cpi_legacy_contains(line, "--- Memory map: ---") ||
	       cpi_legacy_contains(line, "MAPPED_LIBRARIES:");
}

void cpi_legacy_spaces(struct cp_text *text)
{
	while (text->n && is_space(text->p[0])) {
		text->p++;
		text->n--;
	}
}

bool cpi_legacy_char(struct cp_text *text, char c)
{
	if (!text->n || text->p[0] != c)
		return false;
	text->p++;
	text->n--;
	return true;
}

bool cpi_legacy_word(struct cp_text *text, const char *word)
{
	struct cp_text want = cpi_text(word);

	if (!cpi_text_starts(*text, want))
		return false;
	text->p += want.n;
	text->n -= want.n;
	return true;
}

bool cpi_legacy_i64(struct cp_text *text, int64_t *ret)
{
	bool minus = text->n && text->p[0] == '-';
	size_t i = minus;
	int64_t x = 0;

	for (; i < text->n && text->p[i] >= '0' && text->p[i] <= '9'; i++)
		if (__builtin_mul_overflow(x, 10, &x) ||
			__builtin_sub_overflow(x, text->p[i] - '0', &x))
			return false;
	if (i == (size_t)minus || (!minus && x == INT64_MIN))
		return false;
	*text = (struct cp_text){text->p + i, text->n - i};
	*ret = minus ? x : -x;
	return true;
}

bool cpi_legacy_number(struct cp_text text, int64_t *ret)
{
	bool minus = cpi_legacy_char(&text, '-');
	uint64_t x;

	if (!minus && text.n > 1 && text.p[0] == '0' && text.p[1] >= '0' &&
		text.p[1] <= '7') {
		x = 0;
		for (size_t i = 1; i < text.n; i++) {
			if (text.p[i] < '0' || text.p[i] > '7' || x >> 60)
				return false;
			x = x << 3 | (uint64_t)(text.p[i] - '0');
		}
	} else if (!cpi_text_u64(text, &x)) {
		return false;
	}
	if (x > INT64_MAX)
		return false;
	*ret = minus ? -(int64_t)x : (int64_t)x;
	return true;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool cpi_legacy_stack(struct legacy *l, struct cp_text text, bool exact_leaf)
{
	size_t i = 0;

	while (i + 2 < text.n) {
		uint64_t x = 0;

		if (text.p[i] != '0' || text.p[i + 1] != 'x' || !is_hex(text.p[i + 2])) {
			i++;
			continue;
		}
		for (i += 2; i < text.n && is_hex(text.p[i]); i++) {
			char c = text.p[i];

			if (x >> 60)
				return false;
			x = x << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
		}
		if (!l->exact && (!exact_leaf || l->frame.n > l->open))
			x--;
		cpi_legacy_frame(l, x);
	}
	return true;
}

bool cpi_legacy_pair(
	struct cp_text line, struct cp_text *ret_key, struct cp_text *ret_value)
{
	const char *sign = line.n ? memchr(line.p, '=', line.n) : NULL;
	size_t n;

	if (!sign)
		return false;
	n = (size_t)(sign - line.p);
	*ret_key = cpi_legacy_trim((struct cp_text){line.p, n});
	*ret_value = cpi_legacy_trim((struct cp_text){sign + 1, line.n - n - 1});
	return true;
}

void cpi_legacy_bad_line(
	struct legacy *l, const struct legacy_lines *lines, const char *why)
{
	struct cpi_place place =
		cpi_place_record(l->source, "line", lines->number, lines->offset);
	char shown[64];

	cpi_legacy_discard(l);
	if (l->quiet)
		return;
	cpi_diag_warn(&l->env->diag, "line", &place, "it is left out: %s: \"%s\"", why,
		cpi_text_printable(shown, sizeof shown, lines->line));
}

enum cp_code cpi_legacy_map_section(
	struct legacy *l, struct legacy_lines *lines, struct cp_error *err)
{
	while (!cpi_legacy_is_map_header(lines->line))
		if (!cpi_legacy_next(lines))
			return CP_OK;
	return cpi_legacy_maps(l, lines, err);
}
