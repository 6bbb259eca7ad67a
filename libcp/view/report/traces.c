/* SPDX-License-Identifier: Apache-2.0 */
/* Every sample with its labels and its stack. */
#include <stdlib.h>

#include <cp/units.h>

#include "view/report/report.h"

static const char separator[] =
	"-----------+-------------------------------------------------------\n";

/* One line of labels of one key, kept until its neighbours are known. */
struct label_line {
	struct cpi_sink text;
};

enum { MOST_KEYS = 64 };

/* The labels of one key as a line; *at moves behind them. */
static void label_line(struct cpi_report *r, struct cpi_sink *sink,
	const struct cp_label *label, uint32_t n, uint32_t *at)
{
	cp_string key = label[*at].key;
	bool string = cpi_label_is_string(&label[*at]);
	struct cp_text name = cpi_profile_text(r->p, key);
	unsigned runes = 0; /* as Go pads: not bytes, nor columns */
	uint32_t rune;

	for (size_t i = 0; i < name.n && runes < 10; runes++)
		i += cpi_utf8_decode(name.p + i, name.n - i, &rune);
	cpi_sink_pad(sink, ' ', 10 - runes);
	cpi_text_escape(sink, name);
	cpi_sink_str(sink, ": ");
	for (; *at < n && label[*at].key.i == key.i &&
		cpi_label_is_string(&label[*at]) == string;
		++*at) {
		char value[48];

		cpi_sink_char(sink, ' ');
		if (string) {
			cpi_text_escape(sink, cpi_profile_text(r->p, label[*at].str));
			continue;
		}
		cp_unit_label(value, sizeof value, (double)label[*at].num,
			cpi_report_label_unit(r, key), CPI_TEXT("auto"));
		cpi_sink_str(sink, value);
	}
	cpi_sink_char(sink, '\n');
}

static int line_order(const void *a, const void *b)
{
	const struct label_line *x = a, *y = b;

	return cpi_text_compare((struct cp_text){(char *)x->text.buf, x->text.n},
		(struct cp_text){(char *)y->text.buf, y->text.n});
}

/*
 * String labels, then numeric ones; within each as the lines sort, which for
 * right-aligned keys is not the order of the keys. Beyond MOST_KEYS lines are sorted in
 * runs.
 */
static void label_lines(struct cpi_report *r, uint32_t sample)
{
	uint32_t n, at = 0;
	const struct cp_label *label =
		cpi_profile_label_set(r->p, r->p->sample_labels.v[sample], &n);

	while (at < n) {
		struct label_line line[MOST_KEYS];
		bool string = cpi_label_is_string(&label[at]);
		size_t lines = 0;

		while (at < n && lines < MOST_KEYS &&
			cpi_label_is_string(&label[at]) == string) {
			cpi_sink_memory(&line[lines].text, &r->env->mem);
			label_line(r, &line[lines++].text, label, n, &at);
		}
		qsort(line, lines, sizeof *line, line_order);
		for (size_t i = 0; i < lines; i++) {
			if (line[i].text.code && !r->sink->code) {
				r->sink->code = line[i].text.code;
				r->sink->error = line[i].text.error;
			}
			cpi_sink_bytes(r->sink, line[i].text.buf, line[i].text.n);
			cpi_sink_release(&line[i].text);
		}
	}
}

static int64_t sample_value(const struct cpi_report *r, uint32_t sample)
{
	const int64_t *values = r->p->value.v + (size_t)sample * r->p->sample_type.n;

	if (r->options.mean && values[0])
		return values[r->type] / values[0];
	return values[r->type];
}

void cpi_report_frame_name(struct cpi_report *r, const struct cp_location_row *l,
	uint32_t k, struct cpi_sink *text)
{
	const struct cpi_graph_options options = {.columns = r->options.columns};
	struct cpi_graph_node node = cpi_graph_frame(
		r->p, l, l->n_lines ? &r->p->line.v[l->first_line + k] : NULL, &options);

	text->n = 0;
	cpi_graph_label(text, r->p, &node);
	cpi_sink_char(text, 0);
}

static void trace(struct cpi_report *r, uint32_t sample, struct cpi_sink *text)
{
	char value[48];
	uint32_t n;
	const cp_location *frame =
		cpi_profile_frames(r->p, r->p->sample_stack.v[sample], &n);

	if (!n)
		return;
	cpi_sink_str(r->sink, separator);
	label_lines(r, sample);
	cpi_report_value(r, value, sizeof value, sample_value(r, sample));
	for (uint32_t i = 0; i < n; i++) {
		const struct cp_location_row *l = &r->p->location.v[frame[i].i];

		for (uint32_t k = 0; k < (l->n_lines ? l->n_lines : 1); k++) {
			cpi_sink_printf(r->sink, "%10s   ", value);
			value[0] = 0;
			cpi_report_frame_name(r, l, k, text);
			if (!text->code)
				cpi_report_name(r, (const char *)text->buf, 13);
			if (k + 1 < l->n_lines)
				cpi_sink_str(r->sink, " (inline)");
			cpi_sink_char(r->sink, '\n');
		}
	}
}

enum cp_code cpi_report_traces(struct cpi_report *r, struct cp_error *err)
{
	struct cpi_sink text;
	enum cp_code code;

	cpi_sink_memory(&text, &r->env->mem);
	cpi_report_profile_lines(r);
	for (uint32_t i = 0; i < cpi_profile_n_samples(r->p); i++)
		trace(r, i, &text);
	cpi_sink_str(r->sink, separator);
	code = cpi_sink_finish(&text, err);
	cpi_sink_release(&text);
	return code;
}

/* Where the rows of traces go. */
struct lists {
	struct cp_table *t;
	uint32_t samples, labels, frames;
	struct cp_text *name; /* of each line, then of each location without lines */
	struct cpi_sink text;
};

static void put_labels(struct cpi_report *r, struct lists *l, uint32_t sample)
{
	uint32_t n;
	const struct cp_label *label =
		cpi_profile_label_set(r->p, r->p->sample_labels.v[sample], &n);

	for (uint32_t i = 0; i < n; i++) {
		cpi_table_row(l->t, l->labels);
		cpi_put_text(l->t, l->labels, cpi_profile_text(r->p, label[i].key));
		if (cpi_label_is_string(&label[i])) {
			cpi_put_text(
				l->t, l->labels, cpi_profile_text(r->p, label[i].str));
			continue;
		}
		cpi_put_whole(l->t, l->labels, label[i].num);
		cpi_put_text(l->t, l->labels, cpi_profile_text(r->p, label[i].unit));
	}
}

/* A frame's name is made once, however many samples have it. */
static void put_frame(
	struct cpi_report *r, struct lists *l, const struct cp_location_row *row, uint32_t k)
{
	size_t at = row->n_lines ? row->first_line + k
				 : r->p->line.n + (size_t)(row - r->p->location.v);
	struct cp_text *name = &l->name[at];

	if (!name->p) {
		cpi_report_frame_name(r, row, k, &l->text);
		if (l->text.code)
			return;
		name->n = l->text.n - 1;
		name->p = cpi_arena_copy(&l->t->text, l->text.buf, name->n);
		l->t->no_memory |= !name->p;
	}
	cpi_table_row(l->t, l->frames);
	cpi_put_kept(l->t, l->frames, *name);
}

static void put_trace(struct cpi_report *r, struct lists *l, uint32_t sample)
{
	uint32_t n;
	const cp_location *frame =
		cpi_profile_frames(r->p, r->p->sample_stack.v[sample], &n);

	cpi_table_row(l->t, l->samples);
	cpi_put_whole(l->t, l->samples, sample_value(r, sample));
	put_labels(r, l, sample);
	for (uint32_t i = 0; i < n; i++) {
		const struct cp_location_row *row = &r->p->location.v[frame[i].i];

		for (uint32_t k = 0; k < (row->n_lines ? row->n_lines : 1); k++)
			put_frame(r, l, row, k);
	}
}

static void declare(struct cpi_report *r, struct lists *l)
{
	const struct cp_text none = CPI_TEXT("");
	struct cp_table *t = l->t;

	l->samples = cpi_table_list(
		t, 0, "samples", CP_LIST_ROWS, CPI_TABLE_MAIN | CPI_TABLE_ONE_LINE);
	cpi_table_column(t, l->samples, CPI_TEXT("value"), CP_CELL_WHOLE, r->sample_unit, 0);
	l->labels = cpi_table_list(
		t, l->samples, "labels", CP_LIST_ROWS, CPI_TABLE_ONE_LINE);
	cpi_table_column(t, l->labels, CPI_TEXT("key"), CP_CELL_TEXT, none, 0);
	cpi_table_column(t, l->labels, CPI_TEXT("value"), CP_CELL_NONE, none, 0);
	cpi_table_column(t, l->labels, CPI_TEXT("unit"), CP_CELL_TEXT, none, 0);
	l->frames = cpi_table_list(
		t, l->samples, "frames", CP_LIST_VALUES, CPI_TABLE_ONE_LINE);
	cpi_table_column(t, l->frames, CPI_TEXT("name"), CP_CELL_TEXT, none, 0);
}

enum cp_code cpi_report_traces_rows(
	struct cpi_report *r, struct cp_table *t, struct cp_error *err)
{
	struct cpi_mem *mem = &r->env->mem;
	size_t size = (r->p->line.n + r->p->location.n) * sizeof(struct cp_text);
	struct lists l = {.t = t, .name = cpi_alloc_zero(mem, size)};
	enum cp_code code;

	if (!l.name)
		return cpi_error_memory(err);
	cpi_sink_memory(&l.text, mem);
	cpi_report_facts(r, t, "traces");
	declare(r, &l);
	for (uint32_t i = 0; i < cpi_profile_n_samples(r->p) && !t->no_memory; i++)
		put_trace(r, &l, i);
	code = cpi_sink_finish(&l.text, err);
	cpi_sink_release(&l.text);
	cpi_free(mem, l.name, size);
	return code;
}
