/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables as the model has them. Rows are named by their place; place 0 is nothing and
 * null, so that places are the model's ids. Addresses are texts, "0x…": many programs
 * keep numbers of JSON as doubles.
 */
#include <stdio.h>

#include "format/json/json.h"
#include "model/name.h"

struct writer {
	const struct cp_profile *p;
	struct cpi_json json;
};

static void text(struct writer *w, const char *key, cp_string id)
{
	if (!id.i)
		return;
	cpi_json_key(&w->json, key);
	cpi_json_text(&w->json, cpi_profile_text(w->p, id));
}

static void number(struct writer *w, const char *key, int64_t x)
{
	if (!x)
		return;
	cpi_json_key(&w->json, key);
	cpi_json_i64(&w->json, x);
}

static void address(struct writer *w, const char *key, uint64_t x)
{
	char hex[24];

	snprintf(hex, sizeof hex, "0x%llx", (unsigned long long)x);
	cpi_json_key(&w->json, key);
	cpi_json_str(&w->json, hex);
}

static void type(struct writer *w, const struct cp_value_type *t)
{
	cpi_json_begin(&w->json, '{', true);
	text(w, "type", t->type);
	text(w, "unit", t->unit);
	number(w, "decimals", t->decimals);
	cpi_json_end(&w->json, '}');
}

static void header(struct writer *w)
{
	const struct cp_profile *p = w->p;
	const struct cp_profile_header *h = &p->header;

	cpi_json_key(&w->json, "schema");
	cpi_json_str(&w->json, "libcp.profile");
	cpi_json_key(&w->json, "version");
	cpi_json_i64(&w->json, 1);
	cpi_json_key(&w->json, "sample_types");
	cpi_json_begin(&w->json, '[', false);
	for (size_t i = 0; i < p->sample_type.n; i++)
		type(w, &p->sample_type.v[i]);
	cpi_json_end(&w->json, ']');
	text(w, "default_sample_type", h->default_sample_type);
	if (h->period_type.type.i || h->period_type.unit.i) {
		cpi_json_key(&w->json, "period_type");
		type(w, &h->period_type);
	}
	number(w, "period", h->period);
	number(w, "time_nanos", h->time_nanos);
	number(w, "duration_nanos", h->duration_nanos);
	text(w, "drop_frames", h->drop_frames);
	text(w, "keep_frames", h->keep_frames);
	text(w, "doc_url", h->doc_url);
	cpi_json_key(&w->json, "comments");
	cpi_json_begin(&w->json, '[', false);
	for (size_t i = 0; i < p->comment.n; i++)
		cpi_json_text(&w->json, cpi_profile_text(p, p->comment.v[i]));
	cpi_json_end(&w->json, ']');
}

/* Begins a table and its place 0. */
static void table(struct writer *w, const char *name)
{
	cpi_json_key(&w->json, name);
	cpi_json_begin(&w->json, '[', false);
	cpi_json_null(&w->json);
}

static void mappings(struct writer *w)
{
	table(w, "mappings");
	for (size_t i = 1; i < w->p->mapping.n; i++) {
		const struct cp_mapping_row *m = &w->p->mapping.v[i];
		const char *kind = cpi_mapping_kind_name(m->kind);

		cpi_json_begin(&w->json, '{', true);
		address(w, "start", m->start);
		address(w, "limit", m->limit);
		address(w, "offset", m->offset);
		text(w, "path", m->path);
		text(w, "build_id", m->build_id);
		cpi_json_key(&w->json, "kind");
		cpi_json_str(&w->json, kind ? kind : "unknown");
		number(w, "pid", m->pid);
		cpi_json_end(&w->json, '}');
	}
	cpi_json_end(&w->json, ']');
}

static void functions(struct writer *w)
{
	table(w, "functions");
	for (size_t i = 1; i < w->p->function.n; i++) {
		const struct cp_function_row *f = &w->p->function.v[i];

		cpi_json_begin(&w->json, '{', true);
		text(w, "name", f->name);
		text(w, "system_name", f->system_name);
		text(w, "file", f->file);
		number(w, "start_line", f->start_line);
		cpi_json_end(&w->json, '}');
	}
	cpi_json_end(&w->json, ']');
}

static void locations(struct writer *w)
{
	table(w, "locations");
	for (size_t i = 1; i < w->p->location.n; i++) {
		const struct cp_location_row *l = &w->p->location.v[i];

		cpi_json_begin(&w->json, '{', true);
		number(w, "mapping", l->mapping.i);
		address(w, "address", l->address);
		if (l->folded) {
			cpi_json_key(&w->json, "folded");
			cpi_json_bool(&w->json, true);
		}
		cpi_json_key(&w->json, "lines");
		cpi_json_begin(&w->json, '[', true);
		for (uint32_t k = 0; k < l->n_lines; k++) {
			const struct cp_line_row *line = &w->p->line.v[l->first_line + k];

			cpi_json_begin(&w->json, '{', true);
			number(w, "function", line->function.i);
			number(w, "line", line->line);
			number(w, "column", line->column);
			cpi_json_end(&w->json, '}');
		}
		cpi_json_end(&w->json, ']');
		cpi_json_end(&w->json, '}');
	}
	cpi_json_end(&w->json, ']');
}

static void stacks(struct writer *w)
{
	table(w, "stacks");
	for (uint32_t i = 1; i < w->p->stack_end.n; i++) {
		uint32_t n;
		const cp_location *frame = cpi_profile_frames(w->p, (cp_stack){i}, &n);

		cpi_json_begin(&w->json, '[', true);
		for (uint32_t k = 0; k < n; k++)
			cpi_json_u64(&w->json, frame[k].i);
		cpi_json_end(&w->json, ']');
	}
	cpi_json_end(&w->json, ']');
}

static void samples(struct writer *w)
{
	const struct cp_profile *p = w->p;
	size_t types = p->sample_type.n;

	cpi_json_key(&w->json, "samples");
	cpi_json_begin(&w->json, '[', false);
	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		cpi_json_begin(&w->json, '{', true);
		cpi_json_key(&w->json, "stack");
		cpi_json_u64(&w->json, p->sample_stack.v[i].i);
		cpi_json_key(&w->json, "values");
		cpi_json_begin(&w->json, '[', true);
		for (size_t t = 0; t < types; t++)
			cpi_json_decimal(&w->json, p->value.v[(size_t)i * types + t],
				p->sample_type.v[t].decimals);
		cpi_json_end(&w->json, ']');
		if (p->sample_labels.v[i].i) {
			cpi_json_key(&w->json, "labels");
			cpi_json_labels(&w->json, p, p->sample_labels.v[i]);
		}
		if (p->time.n) {
			cpi_json_key(&w->json, "time");
			cpi_json_i64(&w->json, p->time.v[i]);
		}
		cpi_json_end(&w->json, '}');
	}
	cpi_json_end(&w->json, ']');
}

enum cp_code cpi_json_tables_write(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	struct writer w = {.p = profile};

	(void)env;
	(void)options;
	(void)err;
	cpi_json_init(&w.json, sink);
	cpi_json_begin(&w.json, '{', false);
	header(&w);
	mappings(&w);
	functions(&w);
	locations(&w);
	stacks(&w);
	samples(&w);
	cpi_json_end(&w.json, '}');
	cpi_json_finish(&w.json);
	return CP_OK;
}
