/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One of a profile's tables as CSV, with a line of headings, for spreadsheets and data
 * frames. Rows are joined by the model's ids: 1 and up, empty for none. Names are quoted
 * (codec/csv.h), numbers are not, addresses are "0x…": many programs keep numbers as
 * doubles.
 */
#include <string.h>

#include "codec/csv.h"
#include "format/format.h"
#include "model/name.h"

struct writer {
	const struct cp_profile *p;
	struct cpi_sink *sink;
	bool within; /* a row that has a field */
};

static void next(struct writer *w)
{
	if (w->within)
		cpi_sink_char(w->sink, ',');
	w->within = true;
}

static void end(struct writer *w)
{
	cpi_sink_char(w->sink, '\n');
	w->within = false;
}

static void text(struct writer *w, cp_string id)
{
	next(w);
	if (id.i)
		cpi_csv_text(w->sink, cpi_profile_text(w->p, id));
}

static void number(struct writer *w, int64_t x)
{
	next(w);
	cpi_sink_i64(w->sink, x);
}

/* What is 0 where it is not known, or where there is none. */
static void known(struct writer *w, int64_t x)
{
	next(w);
	if (x)
		cpi_sink_i64(w->sink, x);
}

static void address(struct writer *w, uint64_t x)
{
	next(w);
	cpi_sink_str(w->sink, "0x");
	cpi_sink_hex(w->sink, x, 1);
}

/* A column for each sample type, under its name and unit. */
static void samples(struct writer *w)
{
	const struct cp_profile *p = w->p;

	cpi_sink_str(w->sink, p->time.n ? "stack,labels,time" : "stack,labels");
	for (size_t t = 0; t < p->sample_type.n; t++) {
		cpi_sink_char(w->sink, ',');
		cpi_csv_text(w->sink, cpi_profile_text(p, p->sample_type.v[t].type));
	}
	end(w);
	for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++) {
		known(w, p->sample_stack.v[i].i);
		known(w, p->sample_labels.v[i].i);
		if (p->time.n) {
			next(w);
			if (p->time.v[i] != CP_NO_TIME)
				cpi_sink_i64(w->sink, p->time.v[i]);
		}
		for (size_t t = 0; t < p->sample_type.n; t++) {
			next(w);
			cpi_sink_decimal(w->sink, p->value.v[i * p->sample_type.n + t],
				p->sample_type.v[t].decimals);
		}
		end(w);
	}
}

/* A row for each frame; depth 0 is the leaf. */
static void stacks(struct writer *w)
{
	for (uint32_t i = 1; i < w->p->stack_end.n; i++) {
		uint32_t n;
		const cp_location *at = cpi_profile_frames(w->p, (cp_stack){i}, &n);

		for (uint32_t k = 0; k < n; k++) {
			number(w, i);
			number(w, k);
			number(w, at[k].i);
			end(w);
		}
	}
}

static void locations(struct writer *w)
{
	for (size_t i = 1; i < w->p->location.n; i++) {
		const struct cp_location_row *l = &w->p->location.v[i];

		number(w, (int64_t)i);
		known(w, l->mapping.i);
		address(w, l->address);
		number(w, l->folded);
		end(w);
	}
}

/* A row for each line of each location; depth 0 is the innermost inlined function. */
static void lines(struct writer *w)
{
	for (size_t i = 1; i < w->p->location.n; i++) {
		const struct cp_location_row *l = &w->p->location.v[i];

		for (uint32_t k = 0; k < l->n_lines; k++) {
			const struct cp_line_row *line = &w->p->line.v[l->first_line + k];

			number(w, (int64_t)i);
			number(w, k);
			known(w, line->function.i);
			known(w, line->line);
			known(w, line->column);
			end(w);
		}
	}
}

static void functions(struct writer *w)
{
	for (size_t i = 1; i < w->p->function.n; i++) {
		const struct cp_function_row *f = &w->p->function.v[i];

		number(w, (int64_t)i);
		text(w, f->name);
		text(w, f->system_name);
		text(w, f->file);
		known(w, f->start_line);
		end(w);
	}
}

static void mappings(struct writer *w)
{
	for (size_t i = 1; i < w->p->mapping.n; i++) {
		const struct cp_mapping_row *m = &w->p->mapping.v[i];
		const char *kind = cpi_mapping_kind_name(m->kind);

		number(w, (int64_t)i);
		address(w, m->start);
		address(w, m->limit);
		address(w, m->offset);
		text(w, m->path);
		text(w, m->build_id);
		next(w);
		cpi_sink_str(w->sink, kind ? kind : "");
		known(w, m->pid);
		end(w);
	}
}

/* All rows of one id are one set. */
static void labels(struct writer *w)
{
	for (uint32_t i = 1; i < w->p->labels_end.n; i++) {
		uint32_t n;
		const struct cp_label *l =
			cpi_profile_label_set(w->p, (cp_labels){i}, &n);

		for (uint32_t k = 0; k < n; k++) {
			number(w, i);
			text(w, l[k].key);
			text(w, l[k].str);
			next(w);
			if (!cpi_label_is_string(&l[k]))
				cpi_sink_i64(w->sink, l[k].num);
			text(w, l[k].unit);
			end(w);
		}
	}
}

static void sample_types(struct writer *w)
{
	for (size_t i = 0; i < w->p->sample_type.n; i++) {
		const struct cp_value_type *t = &w->p->sample_type.v[i];

		text(w, t->type);
		text(w, t->unit);
		number(w, i == cpi_profile_default_type(w->p));
		end(w);
	}
}

static void comments(struct writer *w)
{
	for (size_t i = 0; i < w->p->comment.n; i++) {
		text(w, w->p->comment.v[i]);
		end(w);
	}
}

static const struct table {
	const char *name;
	const char *headings; /* NULL: the function writes them, too */
	void (*write)(struct writer *w);
} tables[] = {
	{"samples", NULL, samples},
	{"stacks", "id,depth,location\n", stacks},
	{"locations", "id,mapping,address,folded\n", locations},
	{"lines", "location,depth,function,line,column\n", lines},
	{"functions", "id,name,system_name,file,start_line\n", functions},
	{"mappings", "id,start,limit,offset,path,build_id,kind,pid\n", mappings},
	{"labels", "id,key,text,number,unit\n", labels},
	{"sample_types", "type,unit,is_default\n", sample_types},
	{"comments", "text\n", comments},
};

static enum cp_code write_table(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err)
{
	const char *name = options->table ? options->table : "samples";
	struct writer w = {.p = profile, .sink = sink};

	(void)env;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		if (strcmp(tables[i].name, name))
			continue;
		if (tables[i].headings)
			cpi_sink_str(sink, tables[i].headings);
		tables[i].write(&w);
		return CP_OK;
	}
	return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
		"no table %s; there are samples, stacks, locations, lines, functions, "
		"mappings, labels, sample_types and comments",
		name);
}

const struct cpi_format cpi_format_csv = {
	.public =
		{
			.name = "csv",
			.description = "one table of a profile (--table; samples, if "
				       "none is named)",
			.extensions = ".csv",
			.losses = "all other tables; bytes of names that are not UTF-8 "
				  "(\\xNN stands for them)",
			.writes = true,
		},
	.write = write_table,
};
