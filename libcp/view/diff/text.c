/* SPDX-License-Identifier: Apache-2.0 */
/* A difference for a terminal. */
#include <math.h>
#include <stdlib.h>

#include "view/diff/diff.h"

/* Columns before the function's name; the name takes what is left. */
enum { COLUMNS = 4, LEAST_NAME = 24, PAGE = 80 };

struct cells {
	char text[COLUMNS][64];
};

static void fill(
	const struct cpi_diff_view *view, const struct cp_diff_row *row, struct cells *c)
{
	const struct cp_diff_value *v = cpi_diff_view_value(view, row);
	size_t size = sizeof c->text[0];

	snprintf(c->text[0], size, "%s", cpi_diff_view_word(view, row));
	if (cpi_diff_view_leads(view, row)) {
		cpi_diff_view_number(view, c->text[1], size, row->moved_before, false);
		cpi_diff_view_number(view, c->text[2], size, row->moved_after, false);
		cpi_diff_view_range(
			c->text[3], size, row->net, row->net_lo, row->net_hi);
		return;
	}
	cpi_diff_view_number(view, c->text[1], size, v->before, false);
	cpi_diff_view_number(view, c->text[2], size, v->after, false);
	cpi_diff_view_interval(c->text[3], size, v);
}

static const char *colour(const struct cpi_diff_view *view, enum cp_verdict verdict)
{
	if (!view->options.color)
		return "";
	switch (verdict) {
	case CP_VERDICT_WORSE:
	case CP_VERDICT_MORE:
		return "\033[31m";
	case CP_VERDICT_BETTER:
	case CP_VERDICT_LESS:
		return "\033[32m";
	case CP_VERDICT_SAME:
	case CP_VERDICT_WITHIN:
	case CP_VERDICT_UNCLEAR:
	case CP_VERDICT_UNTESTED:
		return "\033[2m";
	default:
		return "";
	}
}

/* The name, cut in the middle to `room` columns: the ends tell functions apart. */
static void name(struct cpi_sink *sink, struct cp_text text, size_t room)
{
	size_t width = cpi_text_width(text), head, tail, i = 0, columns = 0;
	uint32_t rune;

	if (!room || width <= room) {
		cpi_text_escape(sink, text);
		return;
	}
	head = (room - 1) / 2;
	tail = width - (room - 1 - head);
	while (i < text.n) {
		unsigned used = cpi_utf8_decode(text.p + i, text.n - i, &rune);
		size_t next = columns + cpi_rune_width(rune);

		if (next <= head || columns >= tail)
			cpi_text_escape(sink, (struct cp_text){text.p + i, used});
		else if (columns <= head)
			cpi_sink_str(sink, "…");
		if (next > head && columns <= head)
			columns = head + 1 > next ? head + 1 : next;
		else
			columns = next;
		i += used;
	}
}

static void cell(struct cpi_sink *sink, const char *text, size_t width, bool left)
{
	size_t own = cpi_text_width(cpi_text(text)), pad = width > own ? width - own : 0;

	if (!left)
		cpi_sink_pad(sink, ' ', pad);
	cpi_sink_str(sink, text);
	if (left)
		cpi_sink_pad(sink, ' ', pad);
	cpi_sink_str(sink, "  ");
}

static void plain(struct cpi_sink *sink, struct cp_text text)
{
	cpi_sink_bytes(sink, text.p, text.n);
}

/* A group's names are made one, which is cut as a whole. */
static void row_name(const struct cpi_diff_view *view, const struct cp_diff_row *row,
	size_t room, struct cpi_sink *sink)
{
	struct cpi_sink text;

	cpi_sink_memory(&text, &view->env->mem);
	cpi_diff_view_name(view, row, plain, &text);
	name(sink, (struct cp_text){(char *)text.buf, text.n}, room);
	cpi_sink_release(&text);
}

/* A sentence in lines of the page's width, broken at blanks. */
static void sentence(const struct cpi_diff_view *view, const struct cpi_sink *text,
	struct cpi_sink *sink)
{
	size_t page = view->options.width ? view->options.width : PAGE, column = 0;
	const char *at = (const char *)text->buf, *end = at + text->n;

	while (at < end) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));
		const char *stop = blank ? blank : end;
		size_t width = cpi_text_width((struct cp_text){at, (size_t)(stop - at)});

		if (column && column + 1 + width > page) {
			cpi_sink_str(sink, "\n  ");
			column = 2;
		} else if (column) {
			cpi_sink_char(sink, ' ');
			column++;
		}
		cpi_sink_bytes(sink, at, (size_t)(stop - at));
		column += width;
		at = blank ? stop + 1 : end;
	}
	cpi_sink_char(sink, '\n');
}

void cpi_diff_sentences(const struct cpi_diff_view *view,
	bool (*say)(const struct cpi_diff_view *, unsigned, struct cpi_sink *),
	struct cpi_sink *sink)
{
	for (unsigned line = 0;; line++) {
		struct cpi_sink text;
		bool more;

		cpi_sink_memory(&text, &view->env->mem);
		more = say(view, line, &text);
		if (more && !text.code)
			sentence(view, &text, sink);
		if (text.code && !sink->code) {
			sink->code = text.code;
			sink->error = text.error;
		}
		cpi_sink_release(&text);
		if (!more)
			return;
	}
}

static bool unclear(const struct cpi_diff_view *view, unsigned line, struct cpi_sink *sink)
{
	return !line && cpi_diff_view_unclear(view, sink);
}

static void table(
	const struct cpi_diff_view *view, struct cells *c, struct cpi_sink *sink)
{
	static const char *const title[COLUMNS] = {
		"verdict", "before", "after", "ratio (95 %)"};
	size_t width[COLUMNS], used = 0, room;

	for (int k = 0; k < COLUMNS; k++) {
		width[k] = strlen(title[k]);
		for (size_t i = 0; i < view->n; i++) {
			size_t own = cpi_text_width(cpi_text(c[i].text[k]));

			width[k] = own > width[k] ? own : width[k];
		}
		used += width[k] + 2;
	}
	room = view->options.width > used + LEAST_NAME ? view->options.width - used
		: view->options.width                  ? LEAST_NAME
						       : 0;
	for (int k = 0; k < COLUMNS; k++)
		cell(sink, title[k], width[k], !k);
	if (view->label.n)
		cpi_text_escape(sink, view->label);
	else
		cpi_sink_str(sink, view->options.cum ? "function (cumulative)" : "function");
	cpi_sink_char(sink, '\n');
	for (size_t i = 0; i < view->n; i++) {
		const struct cp_diff_row *row = view->row[i];
		const char *style = colour(view, cpi_diff_view_value(view, row)->verdict);

		cpi_sink_str(sink, style);
		for (int k = 0; k < COLUMNS; k++)
			cell(sink, c[i].text[k], width[k], !k);
		row_name(view, row, room, sink);
		if (*style)
			cpi_sink_str(sink, "\033[0m");
		cpi_sink_char(sink, '\n');
	}
}

/* A table and what it leaves out. */
static bool rows(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	struct cells *c = cpi_alloc_array(&view->env->mem, view->n, sizeof *c);

	if (!c) {
		sink->code = cpi_error_memory(&sink->error);
		return false;
	}
	for (size_t i = 0; i < view->n; i++)
		fill(view, view->row[i], &c[i]);
	table(view, c, sink);
	cpi_free(&view->env->mem, c, view->n * sizeof *c);
	if (view->n < view->n_all) {
		cpi_diff_view_rest(view, sink);
		cpi_sink_char(sink, '\n');
	}
	cpi_diff_sentences(view, unclear, sink);
	cpi_sink_char(sink, '\n');
	return true;
}

void cpi_diff_text(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	cpi_diff_sentences(view, cpi_diff_view_verdict, sink);
	cpi_sink_char(sink, '\n');
	if ((!view->by || rows(view->by, sink)) && rows(view, sink))
		cpi_diff_sentences(view, cpi_diff_view_header, sink);
}
