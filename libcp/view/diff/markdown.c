/* SPDX-License-Identifier: Apache-2.0 */
/* A difference in Markdown, the verdict first. */
#include <math.h>

#include "view/diff/diff.h"

/* Columns of a comment's lines, and of a name in them. */
enum { LINE = 118, NAME = 48 };
/* Rows of the table, and of a label's above it. */
enum { MOST_ROWS = 15, BY_ROWS = 5 };

/* One letter inside backticks, which would end the span; bars would end a table's cell.
 */
static void code_rune(struct cpi_sink *sink, uint32_t rune, const char *p, unsigned n)
{
	if (rune == '`')
		cpi_sink_char(sink, '\'');
	else if (rune == '|')
		cpi_sink_str(sink, "\\|");
	else
		cpi_text_escape(sink, (struct cp_text){p, n});
}

/*
 * GitHub looks for mentions after it has taken escapes away, but not in code. Of a long
 * name the ends stay: functions of a C++ library begin alike.
 */
void cpi_diff_code(struct cpi_sink *sink, struct cp_text text)
{
	size_t width = cpi_text_width(text), columns = 0;
	size_t head = width > NAME ? NAME / 2 : width;
	size_t tail = width > NAME ? width - (NAME - 1 - head) : width;
	bool cut = false;
	unsigned used;

	cpi_sink_char(sink, '`');
	for (size_t i = 0; i < text.n; i += used) {
		uint32_t rune;

		used = cpi_utf8_decode(text.p + i, text.n - i, &rune);
		if (columns + cpi_rune_width(rune) <= head || columns >= tail) {
			code_rune(sink, rune, text.p + i, used);
		} else if (!cut) {
			cpi_sink_str(sink, "…");
			cut = true;
		}
		columns += cpi_rune_width(rune);
	}
	cpi_sink_char(sink, '`');
}

/*
 * A sentence on as many lines as it needs: broken at the last blank that is not in code.
 * Reviews show a comment's source, too, and tools that post it cut long lines.
 */
static void wrapped(struct cpi_sink *sink, struct cp_text text)
{
	size_t start = 0, gap = 0, columns = 0, since = 0;
	bool code = false;
	unsigned used;

	for (size_t i = 0; i < text.n; i += used) {
		uint32_t rune;

		used = cpi_utf8_decode(text.p + i, text.n - i, &rune);
		columns += cpi_rune_width(rune);
		code ^= rune == '`';
		if (rune == ' ' && !code) {
			gap = i;
			since = columns;
		}
		if (columns > LINE && gap > start) {
			cpi_sink_bytes(sink, text.p + start, gap - start);
			cpi_sink_char(sink, '\n');
			start = gap + 1;
			columns -= since;
		}
	}
	cpi_sink_bytes(sink, text.p + start, text.n - start);
}

/* Wraps what `say` says of `line`; its answer. */
static bool sentence(const struct cpi_diff_view *view,
	bool (*say)(const struct cpi_diff_view *, unsigned, struct cpi_sink *),
	unsigned line, const char *before, const char *after, struct cpi_sink *sink)
{
	struct cpi_sink text;
	bool more;

	cpi_sink_memory(&text, &view->env->mem);
	more = say(view, line, &text);
	if (text.code && !sink->code) {
		sink->code = text.code;
		sink->error = text.error;
	}
	if (more) {
		cpi_sink_str(sink, before);
		wrapped(sink, (struct cp_text){(const char *)text.buf, text.n});
		cpi_sink_str(sink, after);
	}
	cpi_sink_release(&text);
	return more;
}

static bool unclear(
	const struct cpi_diff_view *view, unsigned line, struct cpi_sink *sink)
{
	(void)line;
	return cpi_diff_view_unclear(view, sink);
}

static void sentences(const struct cpi_diff_view *view,
	bool (*say)(const struct cpi_diff_view *, unsigned, struct cpi_sink *),
	const char *before, const char *after, struct cpi_sink *sink)
{
	for (unsigned line = 0; sentence(view, say, line, before, after, sink); line++)
		;
}

static void table_row(const struct cpi_diff_view *view, const struct cp_diff_row *row,
	struct cpi_sink *sink)
{
	const struct cp_diff_value *v = cpi_diff_view_value(view, row);
	bool leads = cpi_diff_view_leads(view, row);
	char buf[64];

	cpi_sink_printf(sink, "| %s | ", cpi_diff_view_word(view, row));
	cpi_diff_view_name(view, row, cpi_diff_code, sink);
	cpi_sink_printf(sink, " | %s",
		cpi_diff_view_number(view, buf, sizeof buf,
			leads ? row->moved_before : v->before, false));
	cpi_sink_printf(sink, " | %s",
		cpi_diff_view_number(view, buf, sizeof buf,
			leads ? row->moved_after : v->after, false));
	cpi_sink_printf(sink, " | %s |\n",
		leads ? cpi_diff_view_range(
				buf, sizeof buf, row->net, row->net_lo, row->net_hi)
		      : cpi_diff_view_interval(buf, sizeof buf, v));
}

static void table(
	const struct cpi_diff_view *view, size_t from, size_t to, struct cpi_sink *sink)
{
	if (from >= to)
		return;
	cpi_sink_str(sink, "| verdict | ");
	if (view->label.n)
		cpi_diff_code(sink, view->label);
	else
		cpi_sink_str(sink, "function");
	cpi_sink_str(sink, " | before | after | ratio (95 %) |\n|---|---|--:|--:|--:|\n");
	for (size_t i = from; i < to; i++)
		table_row(view, view->row[i], sink);
	cpi_sink_char(sink, '\n');
}

/* "… 12 more functions." behind the first `shown`. */
static void left_out(const struct cpi_diff_view *view, size_t shown, struct cpi_sink *sink)
{
	struct cpi_diff_view cut = *view;

	cut.n = shown;
	if (cut.n >= cut.n_all)
		return;
	cpi_diff_view_rest(&cut, sink);
	cpi_sink_str(sink, ".<br>\n");
}

/* Rows that changed stand first, so that all others fit behind them into <details>. */
void cpi_diff_markdown(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	/* With the label's table the comment still has forty lines. */
	size_t room = view->by ? MOST_ROWS - BY_ROWS - 4 : MOST_ROWS;
	size_t real = 0, most = view->n, values = view->by ? view->by->n : 0;

	if (!view->options.all_rows) {
		values = values < BY_ROWS ? values : BY_ROWS;
		if (view->options.rows <= MOST_ROWS && most > room)
			most = room;
	}
	while (real < most &&
		(view->sum->census ||
			cpi_diff_view_loud(
				cpi_diff_view_value(view, view->row[real])->verdict)))
		real++;
	sentences(view, cpi_diff_view_verdict, "**", "**<br>\n", sink);
	cpi_sink_char(sink, '\n');
	if (view->by)
		table(view->by, 0, values, sink);
	if (real)
		table(view, 0, real, sink);
	else
		cpi_sink_str(sink, "No function changed beyond what is noise.\n\n");
	cpi_sink_str(
		sink, "<details><summary>more, and how it was compared</summary>\n\n");
	/* The whole comment stays within forty lines. */
	if (!view->options.all_rows && most > real + 6)
		most = real + 6;
	table(view, real, most, sink);
	if (view->by)
		left_out(view->by, values, sink);
	left_out(view, most, sink);
	(void)sentence(view, unclear, 0, "", ".<br>\n", sink);
	sentences(view, cpi_diff_view_header, "", ".<br>\n", sink);
	cpi_sink_str(sink, "\n</details>\n");
}
