/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions with costs as one page without a script; jumps are links. */
#include <stdio.h>

#include "view/disasm/disasm.h"
#include "view/draw.h"
#include "view/listing.h"

enum { OPEN = 20 }; /* functions that begin open */

static void cell(const struct cpi_asm *a, struct cpi_sink *sink, int64_t value)
{
	char text[48];

	cpi_sink_printf(sink, "<td class=\"v\">%s",
		value ? cpi_amount_text(&a->amount, text, sizeof text, value) : "");
}

/* 0 … 9, by the square root of the share. */
static unsigned heat(const struct cpi_asm *a, int64_t value)
{
	uint32_t part = cpi_amount_part(&a->amount, value);
	unsigned h = 0;

	while (h < 9 && (h + 1) * (h + 1) * 100 <= part)
		h++;
	return h;
}

static void origin(struct cpi_sink *sink, const struct cp_instruction *row)
{
	cpi_sink_str(sink, "<tr class=\"i\"><td><td><td><td>");
	for (uint32_t i = 0; i < row->n_frames; i++) {
		cpi_sink_str(sink, i ? " \xe2\x86\x90 " : "");
		cpi_draw_escape(sink, row->frame[i].name);
		cpi_sink_str(sink, " <span>");
		cpi_draw_escape(sink, cpi_text_basename(row->frame[i].file));
		cpi_sink_printf(sink, ":%u</span>", row->frame[i].line);
	}
	cpi_sink_char(sink, '\n');
}

static bool moved(const struct cp_instruction *row)
{
	const struct cp_instruction *last = row - 1;

	if (row->n_frames != last->n_frames)
		return true;
	for (uint32_t i = 0; i < row->n_frames; i++)
		if (row->frame[i].line != last->frame[i].line ||
			!cpi_text_equal(row->frame[i].name, last->frame[i].name))
			return true;
	return false;
}

static void instruction(const struct cpi_asm *a, struct cpi_sink *sink, size_t function,
	const struct cp_disasm_function *f, size_t i)
{
	const struct cp_instruction *row = &f->row[i];
	char value[48];

	if (row->n_frames && (!i || moved(row)))
		origin(sink, row);
	cpi_sink_printf(sink, "<tr class=\"h%u\" id=\"f%zui%zu\">", heat(a, row->flat),
		function, i);
	cell(a, sink, row->flat);
	cell(a, sink, row->cum);
	cpi_sink_printf(sink, "<td class=\"n\"%s>%llx<td><code>",
		!i || row->block != row[-1].block ? " title=\"a block begins\"" : "",
		(unsigned long long)row->address);
	cpi_draw_escape(sink, row->text);
	cpi_sink_str(sink, "</code>");
	if (row->target_row != UINT32_MAX)
		cpi_sink_printf(sink, " <a href=\"#f%zui%u\">%s %llx</a>", function,
			row->target_row,
			row->target_row > i ? "\xe2\x86\x93" : "\xe2\x86\x91",
			(unsigned long long)row->target);
	if ((!i || row->block != row[-1].block) && row->block_flat)
		cpi_sink_printf(sink, " <span>block %u: %s</span>", row->block,
			cpi_amount_text(
				&a->amount, value, sizeof value, row->block_flat));
	cpi_sink_char(sink, '\n');
}

static void function(const struct cpi_asm *a, struct cpi_sink *sink, size_t i)
{
	const struct cp_disasm_function *f = &a->rows.function[i];
	char flat[48], cum[48], share[32];

	cpi_sink_printf(sink, "<details%s><summary><b>", i < OPEN ? " open" : "");
	cpi_draw_escape(sink, f->name.n ? f->name : f->image);
	cpi_sink_printf(sink, "</b> %s of %s (%s) <span>",
		cpi_amount_text(&a->amount, flat, sizeof flat, f->flat),
		cpi_amount_text(&a->amount, cum, sizeof cum, f->cum),
		cpi_amount_share(&a->amount, share, sizeof share, f->cum));
	if (f->file)
		cpi_draw_escape(sink, cpi_text(f->file));
	cpi_sink_str(sink, "</span></summary>\n");
	if (f->note) {
		cpi_sink_str(sink, "<p>");
		cpi_draw_escape(sink, cpi_text(f->note));
		cpi_sink_str(sink, "</p>\n");
	}
	cpi_sink_str(sink, "<table><thead><tr><th>flat<th>cum<th>address<th>instruction"
			   "<tbody>\n");
	for (size_t k = 0; k < f->n_rows; k++)
		instruction(a, sink, i, f, k);
	cpi_sink_str(sink, "</table></details>\n");
}

void cpi_asm_html(const struct cpi_asm *a, struct cpi_sink *sink)
{
	const char *regex = a->report.regex ? a->report.regex : "";
	char total[48];

	cpi_sink_str(sink,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		"<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" "
		"content=\"default-src 'none'; base-uri 'none'; form-action 'none'; "
		"style-src '");
	cpi_sink_str(sink, cpi_source_asset_style.hash);
	cpi_sink_str(sink, "'\">\n<meta name=\"viewport\" content=\"width=device-width, "
			   "initial-scale=1\">\n<title>Instructions: ");
	cpi_draw_escape(sink, cpi_text(regex));
	cpi_sink_str(sink, "</title>\n<style>");
	cpi_sink_bytes(sink, cpi_source_asset_style.bytes, cpi_source_asset_style.n);
	cpi_sink_str(sink, "</style>\n</head>\n<body>\n<h1>");
	cpi_draw_escape(sink, cpi_text(regex));
	cpi_sink_printf(sink, "</h1>\n<p>%s of ",
		cpi_amount_text(&a->amount, total, sizeof total, a->amount.total));
	cpi_draw_escape(sink, a->rows.type);
	cpi_sink_str(sink,
		" in all. Where an event is not precise, the cost of a slow instruction "
		"stands at the one behind it.</p>\n");
	for (size_t i = 0; i < a->rows.n_functions; i++)
		function(a, sink, i);
	cpi_sink_str(sink, "</body>\n</html>\n");
}
