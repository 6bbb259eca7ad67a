/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions with costs for terminals and for programs. */
#include <stdio.h>

#include "codec/json.h"
#include "view/disasm/disasm.h"

static const char *or_dot(const struct cpi_asm *a, char *buf, size_t size, int64_t value)
{
	return value ? cpi_amount_text(&a->amount, buf, size, value) : ".";
}

static bool same_place(const struct cp_instruction *x, const struct cp_instruction *y)
{
	if (x->n_frames != y->n_frames)
		return false;
	for (uint32_t i = 0; i < x->n_frames; i++)
		if (x->frame[i].line != y->frame[i].line ||
			!cpi_text_equal(x->frame[i].name, y->frame[i].name) ||
			!cpi_text_equal(x->frame[i].file, y->frame[i].file))
			return false;
	return true;
}

/* "; inner a.h:7 < outer a.c:12": where instructions came from, when that changes. */
static void origin(struct cpi_sink *sink, const struct cp_instruction *row)
{
	cpi_sink_pad(sink, ' ', 36);
	cpi_sink_str(sink, ";");
	for (uint32_t i = 0; i < row->n_frames; i++) {
		cpi_sink_str(sink, i ? " < " : " ");
		cpi_text_escape(sink, row->frame[i].name);
		cpi_sink_char(sink, ' ');
		cpi_text_escape(sink, cpi_text_basename(row->frame[i].file));
		cpi_sink_printf(sink, ":%u", row->frame[i].line);
	}
	cpi_sink_char(sink, '\n');
}

static void text_row(const struct cpi_asm *a, struct cpi_sink *sink,
	const struct cp_disasm_function *f, size_t i)
{
	const struct cp_instruction *row = &f->row[i];
	char flat[48], cum[48];

	if (!i || row->block != row[-1].block) {
		cpi_sink_printf(sink, "%10s %10s ",
			or_dot(a, flat, sizeof flat, row->block_flat), "");
		cpi_sink_printf(sink, "-- block %u\n", row->block);
	}
	if (row->n_frames && (!i || !same_place(row, row - 1)))
		origin(sink, row);
	cpi_sink_printf(sink,
		"%10s %10s %12llx: ", or_dot(a, flat, sizeof flat, row->flat),
		or_dot(a, cum, sizeof cum, row->cum), (unsigned long long)row->address);
	cpi_sink_bytes(sink, row->text.p, row->text.n);
	if (row->target_row != UINT32_MAX)
		cpi_sink_printf(sink, "  %s block %u",
			row->target_row > i ? "\xe2\x86\x93" : "\xe2\x86\x91",
			f->row[row->target_row].block);
	cpi_sink_char(sink, '\n');
}

void cpi_asm_text(const struct cpi_asm *a, struct cpi_sink *sink)
{
	char flat[48], cum[48], share[32];

	cpi_sink_printf(sink, "Total: %s\n",
		cpi_amount_text(&a->amount, flat, sizeof flat, a->amount.total));
	for (size_t i = 0; i < a->rows.n_functions; i++) {
		const struct cp_disasm_function *f = &a->rows.function[i];

		cpi_sink_str(sink, "ROUTINE ======================== ");
		cpi_text_escape(sink, f->name.n ? f->name : f->image);
		if (f->file) {
			cpi_sink_str(sink, " in ");
			cpi_text_escape(sink, cpi_text(f->file));
		}
		cpi_sink_printf(sink, "\n%10s %10s (flat, cum) %s of Total\n",
			cpi_amount_text(&a->amount, flat, sizeof flat, f->flat),
			cpi_amount_text(&a->amount, cum, sizeof cum, f->cum),
			cpi_amount_share(&a->amount, share, sizeof share, f->cum));
		if (f->note)
			cpi_sink_printf(sink, " %s\n", f->note);
		for (size_t k = 0; k < f->n_rows; k++)
			text_row(a, sink, f, k);
	}
}

static void pair(struct cpi_json *json, const char *key, int64_t value)
{
	cpi_json_key(json, key);
	cpi_json_i64(json, value);
}

static void words(struct cpi_json *json, const char *key, struct cp_text value)
{
	cpi_json_key(json, key);
	cpi_json_text(json, value);
}

static void frames(struct cpi_json *json, const struct cp_instruction *row)
{
	cpi_json_key(json, "frames");
	cpi_json_begin(json, '[', true);
	for (uint32_t i = 0; i < row->n_frames; i++) {
		cpi_json_begin(json, '{', true);
		words(json, "name", row->frame[i].name);
		words(json, "file", row->frame[i].file);
		pair(json, "line", row->frame[i].line);
		cpi_json_end(json, '}');
	}
	cpi_json_end(json, ']');
}

static void json_row(struct cpi_json *json, const struct cp_instruction *row)
{
	static const char *const kinds[] = {
		"plain", "jump", "branch", "call", "return", "unknown"};

	cpi_json_begin(json, '{', true);
	cpi_json_key(json, "address");
	cpi_json_u64(json, row->address);
	pair(json, "length", row->length);
	words(json, "text", row->text);
	cpi_json_key(json, "kind");
	cpi_json_str(json, kinds[row->kind]);
	if (row->has_target) {
		cpi_json_key(json, "target");
		cpi_json_u64(json, row->target);
	}
	if (row->target_row != UINT32_MAX)
		pair(json, "target_row", row->target_row);
	pair(json, "block", row->block);
	if (row->flat)
		pair(json, "flat", row->flat);
	if (row->cum)
		pair(json, "cum", row->cum);
	if (row->n_frames)
		frames(json, row);
	cpi_json_end(json, '}');
}

static void json_function(struct cpi_json *json, const struct cp_disasm_function *f)
{
	cpi_json_begin(json, '{', false);
	words(json, "name", f->name);
	words(json, "image", f->image);
	if (f->file)
		words(json, "file", cpi_text(f->file));
	if (f->note)
		words(json, "note", cpi_text(f->note));
	cpi_json_key(json, "address");
	cpi_json_u64(json, f->address);
	pair(json, "bytes", (int64_t)f->bytes);
	pair(json, "flat", f->flat);
	pair(json, "cum", f->cum);
	cpi_json_key(json, "instructions");
	cpi_json_begin(json, '[', false);
	for (size_t i = 0; i < f->n_rows; i++)
		json_row(json, &f->row[i]);
	cpi_json_end(json, ']');
	cpi_json_end(json, '}');
}

void cpi_asm_json(const struct cpi_asm *a, struct cpi_sink *sink)
{
	struct cpi_json json;

	cpi_json_init(&json, sink);
	cpi_json_begin(&json, '{', false);
	words(&json, "schema", CPI_TEXT("libcp.disasm"));
	pair(&json, "version", 1);
	words(&json, "type", a->rows.type);
	words(&json, "unit", a->rows.unit);
	pair(&json, "total", a->rows.total);
	cpi_json_key(&json, "functions");
	cpi_json_begin(&json, '[', false);
	for (size_t i = 0; i < a->rows.n_functions; i++)
		json_function(&json, &a->rows.function[i]);
	cpi_json_end(&json, ']');
	cpi_json_end(&json, '}');
	cpi_json_finish(&json);
}
