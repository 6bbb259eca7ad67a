/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "view/diff/diff.h"

/* Text from a profile in a Markdown table: no markup of its own, no new lines. */
static void escaped(struct cpi_sink *sink, struct cp_text text)
{
	uint32_t rune;
	unsigned used;

	for (size_t i = 0; i < text.n; i += used) {
		used = cpi_utf8_decode(text.p + i, text.n - i, &rune);
		if (rune < 0x80 && rune > 0x20 && strchr("\\`*_{}[]<>()#|~&!", (int)rune))
			cpi_sink_char(sink, '\\');
		cpi_text_escape(sink, (struct cp_text){text.p + i, used});
	}
}

/* The one line a reader of a pull request needs. */
static void verdict_line(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	const struct cp_diff_summary *s = view->sum;
	size_t worse = 0, better = 0, other = 0;
	char percent[32];

	for (size_t i = 0; i < view->n_all; i++) {
		const struct cp_diff_value *v = cpi_diff_view_value(view, view->row[i]);

		if (!cpi_diff_view_loud(v->verdict))
			continue;
		if (v->verdict == CP_VERDICT_MOVED)
			other++;
		else if (v->change > 0)
			worse++;
		else
			better++;
	}
	cpi_sink_printf(sink, "**Total %s**, ",
		cpi_diff_view_percent(percent, sizeof percent, s->total.ratio));
	if (s->census)
		cpi_sink_str(sink, "compared exactly (a census, no sampling)");
	else if (!worse && !better && !other)
		cpi_sink_str(sink, "no function changed beyond what is noise");
	else
		cpi_sink_printf(sink, "%zu functions %s, %zu %s, %zu moved", worse,
			s->n_before + s->n_after == 2 ? "up beyond sampling noise" : "up",
			better, "down", other);
	cpi_sink_str(sink, ".\n\n");
}

static void table_row(const struct cpi_diff_view *view, const struct cp_diff_row *row,
	struct cpi_sink *sink)
{
	const struct cp_diff_value *v = cpi_diff_view_value(view, row);
	char buf[64];

	cpi_sink_printf(sink, "| %s | ", cp_verdict_name(v->verdict));
	escaped(sink, row->name);
	if (row->partner && v->verdict == CP_VERDICT_MOVED) {
		cpi_sink_str(sink, row->flat.change < 0 ? " → " : " ← ");
		escaped(sink, row->partner->name);
	}
	cpi_sink_printf(sink, " | %s",
		cpi_diff_view_number(view, buf, sizeof buf, v->before, false));
	cpi_sink_printf(sink, " | %s",
		cpi_diff_view_number(view, buf, sizeof buf, v->after, false));
	cpi_sink_printf(sink, " | %s",
		cpi_diff_view_number(view, buf, sizeof buf, v->change, true));
	cpi_sink_printf(sink, " | %s |\n", cpi_diff_view_interval(buf, sizeof buf, v));
}

void cpi_diff_markdown(const struct cpi_diff_view *view, struct cpi_sink *sink)
{
	size_t n = view->n < 15 || view->options.all_rows || view->options.rows > 15
			   ? view->n
			   : 15;

	verdict_line(view, sink);
	cpi_sink_str(sink,
		"| verdict | function | before | after | change | ratio (95 %) |\n");
	cpi_sink_str(sink, "|---|---|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < n; i++)
		table_row(view, view->row[i], sink);
	cpi_sink_char(sink, '\n');
	if (view->n < view->n_all) {
		cpi_diff_view_rest(view, sink);
		cpi_sink_str(sink, ".\n\n");
	}
	for (unsigned line = 0;; line++) {
		struct cpi_sink text;

		cpi_sink_memory(&text, &view->env->mem);
		if (!cpi_diff_view_header(view, line, &text)) {
			cpi_sink_release(&text);
			break;
		}
		if (text.code && !sink->code) {
			sink->code = text.code;
			sink->error = text.error;
		}
		cpi_sink_str(sink, line ? "<br>" : "<sub>");
		escaped(sink, (struct cp_text){(const char *)text.buf, text.n});
		cpi_sink_release(&text);
	}
	cpi_sink_str(sink, "</sub>\n");
}
