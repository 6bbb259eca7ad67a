/* SPDX-License-Identifier: Apache-2.0 */
/* Source with costs for terminals and for programs. */
#include <stdio.h>

#include "codec/json.h"
#include "view/source/source.h"

static const char *or_dot(
	const struct cpi_listing *s, char *buf, size_t size, int64_t value)
{
	return value ? cpi_amount_text(&s->amount, buf, size, value) : ".";
}

/* Tabs are layout here, not danger. */
static void code(struct cpi_sink *sink, struct cp_text text)
{
	for (const char *tab; (tab = memchr(text.p, '\t', text.n));) {
		cpi_text_escape(sink, (struct cp_text){text.p, (size_t)(tab - text.p)});
		cpi_sink_char(sink, '\t');
		text = (struct cp_text){tab + 1, text.n - (size_t)(tab + 1 - text.p)};
	}
	cpi_text_escape(sink, text);
}

static void text_line(const struct cpi_listing *s, struct cpi_sink *sink,
	const struct cp_source_line *l)
{
	char flat[48], cum[48];

	cpi_sink_printf(sink, "%10s %10s ", or_dot(s, flat, sizeof flat, l->flat),
		or_dot(s, cum, sizeof cum, l->cum));
	if (!l->depth) {
		cpi_sink_printf(sink, "%6lld:", (long long)l->line);
		if (l->text.n)
			code(sink, l->text);
	} else {
		cpi_sink_pad(sink, ' ', 6 + 2 * (size_t)(l->depth < 60 ? l->depth : 60));
		cpi_sink_str(sink, "\xe2\x86\xb3 ");
		cpi_text_escape(sink, l->name);
		if (l->file.n) {
			cpi_sink_char(sink, ' ');
			cpi_text_escape(sink, cpi_text_basename(l->file));
			cpi_sink_printf(sink, ":%lld", (long long)l->line);
		}
	}
	cpi_sink_char(sink, '\n');
}

void cpi_source_text(const struct cpi_listing *s, struct cpi_sink *sink)
{
	char a[48], b[48], share[32];

	cpi_sink_printf(sink, "Total: %s\n",
		cpi_amount_text(&s->amount, a, sizeof a, s->amount.total));
	for (size_t i = 0; i < s->rows.n_functions; i++) {
		const struct cp_source_function *f = &s->rows.function[i];

		cpi_sink_str(sink, "ROUTINE ======================== ");
		cpi_text_escape(sink, f->name);
		if (f->file.n) {
			cpi_sink_str(sink, " in ");
			cpi_text_escape(sink, f->file);
		}
		cpi_sink_printf(sink, "\n%10s %10s (flat, cum) %s of Total\n",
			cpi_amount_text(&s->amount, a, sizeof a, f->flat),
			cpi_amount_text(&s->amount, b, sizeof b, f->cum),
			cpi_amount_share(&s->amount, share, sizeof share, f->cum));
		if (f->note)
			cpi_sink_printf(sink, " %s\n", f->note);
		if (f->newer)
			cpi_sink_str(sink, " the file was changed after the profile was "
					   "taken: lines may have moved\n");
		for (size_t k = 0; k < f->n_lines; k++)
			text_line(s, sink, &f->line[k]);
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

static void json_line(struct cpi_json *json, const struct cp_source_line *l)
{
	cpi_json_begin(json, '{', true);
	pair(json, "line", l->line);
	pair(json, "flat", l->flat);
	pair(json, "cum", l->cum);
	if (l->depth) {
		pair(json, "depth", l->depth);
		words(json, "name", l->name);
		words(json, "file", l->file);
	} else {
		words(json, "text", l->text);
	}
	cpi_json_end(json, '}');
}

static void json_function(struct cpi_json *json, const struct cp_source_function *f)
{
	static const char *const status[] = {
		"shown", "no file name", "not found", "refused"};

	cpi_json_begin(json, '{', false);
	words(json, "name", f->name);
	words(json, "file", f->file);
	if (f->path)
		words(json, "path", cpi_text(f->path));
	words(json, "status", cpi_text(status[f->status]));
	if (f->note)
		words(json, "note", cpi_text(f->note));
	cpi_json_key(json, "newer");
	cpi_json_bool(json, f->newer);
	pair(json, "flat", f->flat);
	pair(json, "cum", f->cum);
	cpi_json_key(json, "lines");
	cpi_json_begin(json, '[', false);
	for (size_t i = 0; i < f->n_lines; i++)
		json_line(json, &f->line[i]);
	cpi_json_end(json, ']');
	cpi_json_end(json, '}');
}

void cpi_source_json(const struct cpi_listing *s, struct cpi_sink *sink)
{
	struct cpi_json json;

	cpi_json_init(&json, sink);
	cpi_json_begin(&json, '{', false);
	words(&json, "schema", CPI_TEXT("libcp.source"));
	pair(&json, "version", 1);
	words(&json, "type", s->rows.type);
	words(&json, "unit", s->rows.unit);
	pair(&json, "total", s->rows.total);
	cpi_json_key(&json, "functions");
	cpi_json_begin(&json, '[', false);
	for (size_t i = 0; i < s->rows.n_functions; i++)
		json_function(&json, &s->rows.function[i]);
	cpi_json_end(&json, ']');
	cpi_json_end(&json, '}');
	cpi_json_finish(&json);
}
