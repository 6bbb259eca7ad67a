/* SPDX-License-Identifier: Apache-2.0 */
/* Times and spans on the command line. */
#include "common/times.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum wrong { FINE, NO_SPAN, BACKWARDS, NO_MEMORY };

/* A piece of what the user wrote. */
struct piece {
	const char *p;
	size_t n;
};

struct spans {
	struct cp_time_span *v;
	size_t n;
};

/* One end of a span; an empty one is open. False when it is no time. */
static bool time_end(struct piece text, double *ret, bool *ret_share, bool *ret_stamp)
{
	char word[64], *end;
	const char *point;

	if (!text.n)
		return true;
	if (text.n >= sizeof word)
		return false;
	memcpy(word, text.p, text.n);
	word[text.n] = 0;
	*ret = strtod(word, &end);
	if (end == word || !(*ret >= 0))
		return false;
	point = strchr(word, '.');
	*ret_share |= *end == '%';
	/*
	 * perf prints 6 or 9 digits after the point, which tells a timestamp from an
	 * offset.
	 */
	*ret_stamp |= point && end - point > 6;
	return !*end || (end[0] == '%' && !end[1]);
}

static size_t find(struct piece text, char sign)
{
	const char *at = text.n ? memchr(text.p, sign, text.n) : NULL;

	return at ? (size_t)(at - text.p) : text.n;
}

/* FROM and TO with `sign` between them. */
static enum wrong one_span(struct piece text, char sign, struct cp_time_span *ret)
{
	size_t at = find(text, sign);
	double from = 0, to = INFINITY, scale = 1e9;
	bool share = false, stamp = false;

	if (at == text.n || text.n == 1 ||
		!time_end((struct piece){text.p, at}, &from, &share, &stamp) ||
		!time_end((struct piece){text.p + at + 1, text.n - at - 1}, &to, &share,
			&stamp))
		return NO_SPAN;
	if (share)
		scale = 0.01;
	if (sign == '/') {
		/* perf's "10%/2" is the second tenth. */
		if (!share || !(to >= 1) || !isfinite(to))
			return NO_SPAN;
		to *= from;
		from = to - from;
	}
	if (!(from < to))
		return BACKWARDS;
	*ret = (struct cp_time_span){
		.unit = share ? CP_TIME_SHARE : stamp ? CP_TIME_NANOS : CP_TIME_OFFSET,
		.from = from * scale,
		.to = to * scale,
	};
	return FINE;
}

static enum wrong add(struct spans *spans, struct piece text, char sign)
{
	void *v = reallocarray(spans->v, spans->n + 1, sizeof *spans->v);

	if (!v)
		return NO_MEMORY;
	spans->v = v;
	return one_span(text, sign, &spans->v[spans->n++]);
}

/*
 * Between blanks: a list with commas when spans are written with '-' or '/', else one
 * span.
 */
static enum wrong add_word(struct spans *spans, struct piece word)
{
	enum wrong wrong = FINE;

	if (find(word, '-') == word.n && find(word, '/') == word.n)
		return add(spans, word, ',');
	for (size_t at = 0; at <= word.n && wrong == FINE;) {
		struct piece rest = {word.p + at, word.n - at};
		struct piece piece = {rest.p, find(rest, ',')};

		wrong = add(spans, piece, find(piece, '/') < piece.n ? '/' : '-');
		at += piece.n + 1;
	}
	return wrong;
}

static enum wrong add_words(struct spans *spans, const char *text)
{
	enum wrong wrong = FINE;

	while (wrong == FINE && *(text += strspn(text, " "))) {
		size_t n = strcspn(text, " ");

		wrong = add_word(spans, (struct piece){text, n});
		text += n;
	}
	return wrong == FINE && !spans->n ? NO_SPAN : wrong;
}

int time_spans_get(struct tool *tool, const char *text, struct cp_time_span **ret_spans,
	size_t *ret_n)
{
	struct spans spans = {NULL, 0};
	enum wrong wrong = add_words(&spans, text);

	if (wrong == FINE) {
		free(*ret_spans);
		*ret_spans = spans.v;
		*ret_n = spans.n;
		return TOOL_GO;
	}
	free(spans.v);
	if (wrong == NO_MEMORY) {
		ui_error(&tool->ui, NULL, "out of memory");
		return TOOL_SYSTEM;
	}
	return tool_usage(tool,
		wrong == NO_SPAN ? "--time: '%s' is not FROM,TO"
				 : "--time: '%s' ends before it begins",
		text);
}
