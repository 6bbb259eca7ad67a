/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "view/diff/diff.h"

/* Columns before the function's name; the name takes what is left. */
enum { COLUMNS = 5, LEAST_NAME = 12 };

struct cells {
	char text[COLUMNS][64];
};

static void fill(
	const struct cpi_diff_view *view, const struct cp_diff_row *row, struct cells *c)
{
	const struct cp_diff_value *v = cpi_diff_view_value(view, row);
	size_t size = sizeof c->text[0];

	snprintf(c->text[0], size, "%s", cp_verdict_name(v->verdict));
	if (v->verdict == CP_VERDICT_UNCLEAR && v->needed > 1 && v->needed < 1e4)
		snprintf(c->text[0], size, "unclear (needs %.0f× samples)",
			ceil(v->needed));
	cpi_diff_view_number(view, c->text[1], size, v->before, false);
	cpi_diff_view_number(view, c->text[2], size, v->after, false);
	cpi_diff_view_number(view, c->text[3], size, v->change, true);
	cpi_diff_view_interval(c->text[4], size, v);
}

static const char *colour(const struct cpi_diff_view *view, enum cp_verdict verdict)
{
	if (!view->options.color)
		return "";
	switch (verdict) {
	case CP_VERDICT_WORSE:
		return "\033[31m";
	case CP_VERDICT_BETTER:
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

static void table(
	const struct cpi_diff_view *view, struct cells *c, struct cpi_sink *sink)
{
	static const char *const title[COLUMNS] = {
		"verdict", "before", "after", "change", "ratio (95 %)"};
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
	cpi_sink_str(sink, view->options.cum ? "function (cumulative)\n" : "function\n");
	for (size_t i = 0; i < view->n; i++) {
		const struct cp_diff_row *row = view->row[i];
		const char *style = colour(view, cpi_diff_view_value(view, row)->verdict);

		cpi_sink_str(sink, style);
		for (int k = 0; k < COLUMNS; k++)
			cell(sink, c[i].text[k], width[k], !k);
		name(sink, row->name, room);
		if (*style)
			cpi_sink_str(sink, "\033[0m");
		if (row->partner &&
			cpi_diff_view_value(view, row)->verdict == CP_VERDICT_MOVED) {
			cpi_sink_str(sink, row->flat.change < 0 ? " → " : " ← ");
			name(sink, row->partner->name, room);
		}
		cpi_sink_char(sink, '\n');
	}
}

void cpi_diff_text(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	struct cells *c = cpi_alloc_array(&view->env->mem, view->n, sizeof *c);

	if (!c) {
		sink->code = cpi_error_memory(&sink->error);
		return;
	}
	for (unsigned line = 0; cpi_diff_view_header(view, line, sink); line++)
		cpi_sink_char(sink, '\n');
	cpi_sink_char(sink, '\n');
	for (size_t i = 0; i < view->n; i++)
		fill(view, view->row[i], &c[i]);
	table(view, c, sink);
	if (view->n < view->n_all) {
		cpi_diff_view_rest(view, sink);
		cpi_sink_char(sink, '\n');
	}
	cpi_free(&view->env->mem, c, view->n * sizeof *c);
}
