/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source with costs as one page without a script: the hottest lines first, each a link to
 * its place; below a line what was inlined there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "view/draw.h"
#include "view/listing.h"
#include "view/source/source.h"

enum { HOT = 20, FUNCTIONS = 200 }; /* lines in the list; functions that begin open */

struct hot {
	int64_t flat;
	size_t function, line;
};

static void cell(const struct cpi_listing *s, struct cpi_sink *sink, int64_t value)
{
	char text[48];

	cpi_sink_printf(sink, "<td class=\"v\">%s",
		value ? cpi_amount_text(&s->amount, text, sizeof text, value) : "");
}

/* 0 … 9, by the square root of the share. */
static unsigned heat(const struct cpi_listing *s, int64_t value)
{
	uint32_t part = cpi_amount_part(&s->amount, value);
	unsigned h = 0;

	while (h < 9 && (h + 1) * (h + 1) * 10000 / 100 <= part)
		h++;
	return h;
}

/* Tabs are layout. */
static void code(struct cpi_sink *sink, struct cp_text text)
{
	for (const char *tab; text.n && (tab = memchr(text.p, '\t', text.n));) {
		cpi_draw_escape(sink, (struct cp_text){text.p, (size_t)(tab - text.p)});
		cpi_sink_char(sink, '\t');
		text = (struct cp_text){tab + 1, text.n - (size_t)(tab + 1 - text.p)};
	}
	cpi_draw_escape(sink, text);
}

static void line(const struct cpi_listing *s, struct cpi_sink *sink, size_t function,
	const struct cp_source_line *l)
{
	if (l->depth)
		cpi_sink_str(sink, "<tr class=\"i\">");
	else
		cpi_sink_printf(sink, "<tr class=\"h%u\" id=\"f%zul%lld\">",
			heat(s, l->cum), function, (long long)l->line);
	cell(s, sink, l->flat);
	cell(s, sink, l->cum);
	if (!l->depth) {
		cpi_sink_printf(
			sink, "<td class=\"n\">%lld<td><code>", (long long)l->line);
		code(sink, l->text);
		cpi_sink_str(sink, "</code>\n");
		return;
	}
	cpi_sink_str(sink, "<td><td>");
	for (uint32_t i = 0; i < l->depth && i < 40; i++)
		cpi_sink_str(sink, "&ensp;");
	cpi_sink_str(sink, "\xe2\x86\xb3 ");
	cpi_draw_escape(sink, l->name);
	cpi_sink_str(sink, " <span>");
	cpi_draw_escape(sink, cpi_text_basename(l->file));
	cpi_sink_printf(sink, ":%lld</span>\n", (long long)l->line);
}

static int by_flat(const void *a, const void *b)
{
	const struct hot *x = a, *y = b;
	uint64_t m = (uint64_t)llabs(x->flat), n = (uint64_t)llabs(y->flat);

	if (m != n)
		return (m < n) - (m > n);
	if (x->function != y->function)
		return (x->function > y->function) - (x->function < y->function);
	return (x->line > y->line) - (x->line < y->line);
}

/* The costliest lines of all functions: kept in a list that is sorted when it is full. */
static size_t hottest(const struct cpi_listing *s, struct hot *list)
{
	size_t n = 0;

	for (size_t i = 0; i < s->rows.n_functions; i++)
		for (size_t k = 0; k < s->rows.function[i].n_lines; k++) {
			const struct cp_source_line *l = &s->rows.function[i].line[k];

			if (l->depth || !l->flat)
				continue;
			list[n++] = (struct hot){l->flat, i, k};
			if (n < 2 * HOT)
				continue;
			qsort(list, n, sizeof *list, by_flat);
			n = HOT;
		}
	qsort(list, n, sizeof *list, by_flat);
	return n < HOT ? n : HOT;
}

static void hot_lines(const struct cpi_listing *s, struct cpi_sink *sink)
{
	struct hot list[2 * HOT];
	size_t n = hottest(s, list);
	char share[32];

	if (!n)
		return;
	cpi_sink_str(sink, "<h2>Hottest lines</h2><table><tbody>\n");
	for (size_t i = 0; i < n; i++) {
		const struct cp_source_function *f = &s->rows.function[list[i].function];
		const struct cp_source_line *l = &f->line[list[i].line];

		cpi_sink_printf(sink, "<tr class=\"h%u\">", heat(s, l->flat));
		cell(s, sink, l->flat);
		cpi_sink_printf(sink, "<td class=\"v\">%s<td><a href=\"#f%zul%lld\">",
			cpi_amount_share(&s->amount, share, sizeof share, l->flat),
			list[i].function, (long long)l->line);
		cpi_draw_escape(sink, cpi_text_basename(f->file));
		cpi_sink_printf(sink, ":%lld</a> <code>", (long long)l->line);
		code(sink, l->text);
		cpi_sink_str(sink, "</code>\n");
	}
	cpi_sink_str(sink, "</tbody></table>\n");
}

static void function(const struct cpi_listing *s, struct cpi_sink *sink, size_t i)
{
	const struct cp_source_function *f = &s->rows.function[i];
	char flat[48], cum[48], share[32];

	cpi_sink_printf(sink, "<details%s><summary><b>", i < FUNCTIONS ? " open" : "");
	cpi_draw_escape(sink, f->name);
	cpi_sink_printf(sink, "</b> %s of %s (%s) <span>",
		cpi_amount_text(&s->amount, flat, sizeof flat, f->flat),
		cpi_amount_text(&s->amount, cum, sizeof cum, f->cum),
		cpi_amount_share(&s->amount, share, sizeof share, f->cum));
	cpi_draw_escape(sink, f->file);
	cpi_sink_str(sink, "</span></summary>\n");
	if (f->note) {
		cpi_sink_str(sink, "<p>");
		cpi_draw_escape(sink, cpi_text(f->note));
		cpi_sink_str(sink, "</p>\n");
	}
	if (f->newer)
		cpi_sink_str(sink,
			"<p>The file was changed after the profile was taken: lines "
			"may have moved.</p>\n");
	cpi_sink_str(sink, "<table><thead><tr><th>flat<th>cum<th>line<th>source"
			   "<tbody>\n");
	for (size_t k = 0; k < f->n_lines; k++)
		line(s, sink, i, &f->line[k]);
	cpi_sink_str(sink, "</table></details>\n");
}

void cpi_source_html(const struct cpi_listing *s, struct cpi_sink *sink)
{
	char total[48];

	cpi_sink_str(sink,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		"<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" "
		"content=\"default-src 'none'; base-uri 'none'; form-action 'none'; "
		"style-src '");
	cpi_sink_str(sink, cpi_source_asset_style.hash);
	cpi_sink_str(sink, "'\">\n<meta name=\"viewport\" content=\"width=device-width, "
			   "initial-scale=1\">\n<title>Source: ");
	cpi_draw_escape(sink, cpi_text(s->report.regex ? s->report.regex : ""));
	cpi_sink_str(sink, "</title>\n<style>");
	cpi_sink_bytes(sink, cpi_source_asset_style.bytes, cpi_source_asset_style.n);
	cpi_sink_str(sink, "</style>\n</head>\n<body>\n<h1>");
	cpi_draw_escape(sink, cpi_text(s->report.regex ? s->report.regex : ""));
	cpi_sink_printf(sink, "</h1>\n<p>%s of ",
		cpi_amount_text(&s->amount, total, sizeof total, s->amount.total));
	cpi_draw_escape(sink, s->rows.type);
	cpi_sink_printf(sink, " in all; %zu function%s match%s.</p>\n",
		s->rows.n_functions, s->rows.n_functions == 1 ? "" : "s",
		s->rows.n_functions == 1 ? "es" : "");
	hot_lines(s, sink);
	for (size_t i = 0; i < s->rows.n_functions; i++)
		function(s, sink, i);
	cpi_sink_str(sink, "</body>\n</html>\n");
}
