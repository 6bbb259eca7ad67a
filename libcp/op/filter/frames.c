/* SPDX-License-Identifier: Apache-2.0 */
#include "op/filter/filter.h"

/*
 * Each step looks at the lines that the steps before it left, as pprof does by editing
 * its locations. A step decides for all locations before the next one starts.
 */

static const struct cp_location_row *row_of(const struct cpi_filter *f, size_t i)
{
	return &f->p->location.v[i];
}

static cp_function function_of(
	const struct cpi_filter *f, const struct cp_location_row *row, uint32_t line)
{
	return f->p->line.v[row->first_line + line].function;
}

static bool function_matches(struct cpi_filter *f, struct cpi_regex *rx, cp_function id)
{
	const struct cp_function_row *row = &f->p->function.v[id.i];

	return id.i && (cpi_regex_match_string(rx, f->p, row->name) ||
			       cpi_regex_match_string(rx, f->p, row->file));
}

static bool mapping_matches(struct cpi_filter *f, struct cpi_regex *rx, cp_mapping id)
{
	return id.i && cpi_regex_match_string(rx, f->p, f->p->mapping.v[id.i].path);
}

static bool location_matches(
	struct cpi_filter *f, struct cpi_regex *rx, const struct cp_location_row *row)
{
	const uint8_t *gone = f->gone + row->first_line;

	for (uint32_t i = 0; i < row->n_lines; i++)
		if (!gone[i] && function_matches(f, rx, function_of(f, row, i)))
			return true;
	return mapping_matches(f, rx, row->mapping);
}

static bool has_lines(const struct cpi_filter *f, const struct cp_location_row *row)
{
	for (uint32_t i = 0; i < row->n_lines; i++)
		if (!f->gone[row->first_line + i])
			return true;
	return false;
}

/* drop_frames not saved by keep_frames: the outermost such function and all inside it. */
static void drop_step(struct cpi_filter *f, size_t at)
{
	const struct cp_location_row *row = row_of(f, at);

	for (uint32_t i = row->n_lines; i-- > 0;) {
		cp_function function = function_of(f, row, i);
		cp_string name = f->p->function.v[function.i].name;

		if (!name.i || !cpi_regex_match_string(f->drop, f->p, name) ||
			(f->keep && cpi_regex_match_string(f->keep, f->p, name)))
			continue;
		if (i == row->n_lines - 1) {
			f->location[at] |= FILTER_DROP_WHOLE;
			return;
		}
		f->location[at] |= FILTER_DROP_INNER;
		memset(f->gone + row->first_line, 1, i + 1);
		return;
	}
}

static void hide_lines(struct cpi_filter *f, const struct cp_location_row *row)
{
	bool all = mapping_matches(f, f->hide, row->mapping);

	for (uint32_t i = 0; i < row->n_lines; i++)
		if (all || function_matches(f, f->hide, function_of(f, row, i)))
			f->gone[row->first_line + i] = 1;
}

static void show_lines(struct cpi_filter *f, const struct cp_location_row *row)
{
	if (mapping_matches(f, f->show, row->mapping))
		return;
	for (uint32_t i = 0; i < row->n_lines; i++) {
		cp_function function = function_of(f, row, i);

		if (function.i && !function_matches(f, f->show, function))
			f->gone[row->first_line + i] = 1;
	}
}

struct name_hits {
	bool focus, ignore, hide, show;
};

static void name_step(struct cpi_filter *f, size_t at, struct name_hits *hits)
{
	const struct cp_location_row *row = row_of(f, at);
	uint8_t bits = 0;

	if (f->ignore && location_matches(f, f->ignore, row)) {
		bits |= FILTER_IGNORED;
		hits->ignore = true;
	} else if (!f->focus || location_matches(f, f->focus, row)) {
		bits |= FILTER_FOCUSED;
		hits->focus = true;
	}
	if (f->hide && location_matches(f, f->hide, row)) {
		hits->hide = true;
		hide_lines(f, row);
		if (!has_lines(f, row))
			bits |= FILTER_HIDDEN;
	}
	if (f->show) {
		show_lines(f, row);
		if (has_lines(f, row))
			hits->show = true;
		else
			bits |= FILTER_HIDDEN;
	}
	f->location[at] |= bits;
}

static void show_from_step(struct cpi_filter *f, size_t at)
{
	const struct cp_location_row *row = row_of(f, at);

	if (mapping_matches(f, f->show_from, row->mapping)) {
		f->location[at] |= FILTER_SHOW_FROM;
		return;
	}
	for (uint32_t i = row->n_lines; i-- > 0;) {
		uint8_t *gone = f->gone + row->first_line + i;

		if (*gone || !function_matches(f, f->show_from, function_of(f, row, i)))
			continue;
		f->location[at] |= FILTER_SHOW_FROM;
		memset(gone + 1, 1, row->n_lines - i - 1);
		return;
	}
}

static void prune_from_step(struct cpi_filter *f, size_t at)
{
	const struct cp_location_row *row = row_of(f, at);

	for (uint32_t i = 0; i < row->n_lines; i++) {
		cp_string name = f->p->function.v[function_of(f, row, i).i].name;

		if (f->gone[row->first_line + i] || !name.i ||
			!cpi_regex_match_string(f->prune_from, f->p, name))
			continue;
		f->location[at] |= FILTER_PRUNE_FROM;
		memset(f->gone + row->first_line, 1, i);
		return;
	}
}

static void note(struct cpi_filter *f, bool given, bool hit, const char *what)
{
	if (given && !hit)
		cpi_diag_note(&f->env->diag, "filter", NULL,
			"%s expression matched no samples", what);
}

static enum cp_code status(struct cpi_filter *f, struct cp_error *err)
{
	const struct cpi_regex *rx[] = {f->focus, f->ignore, f->hide, f->show,
		f->show_from, f->prune_from, f->drop, f->keep};
	enum cp_code code = CP_OK;

	for (size_t i = 0; i < sizeof rx / sizeof *rx && !code; i++)
		code = cpi_regex_status(rx[i], err);
	return code;
}

/* An expression of the input's own that costs too much counts as absent. */
static void drop(struct cpi_filter *f)
{
	for (size_t i = 1; i < f->p->location.n; i++)
		drop_step(f, i);
	if (!cpi_regex_given_up(f->drop) && !cpi_regex_given_up(f->keep))
		return;
	memset(f->location, 0, f->p->location.n);
	memset(f->gone, 0, f->p->line.n);
}

enum cp_code cpi_filter_frames(struct cpi_filter *f, struct cp_error *err)
{
	size_t n = f->p->location.n;
	struct name_hits hits = {0};
	bool from = false;

	if (f->drop)
		drop(f);
	for (size_t i = 1; f->by_name && i < n; i++)
		name_step(f, i, &hits);
	for (size_t i = 1; f->show_from && i < n; i++)
		show_from_step(f, i);
	for (size_t i = 1; f->prune_from && i < n; i++)
		prune_from_step(f, i);
	for (size_t i = 1; i < n; i++)
		f->any |= f->location[i];
	from = f->any & FILTER_SHOW_FROM;
	note(f, f->focus, hits.focus, "focus");
	note(f, f->ignore, hits.ignore, "ignore");
	note(f, f->hide, hits.hide, "hide");
	note(f, f->show, hits.show, "show");
	note(f, f->show_from, from, "show_from");
	note(f, f->prune_from, f->any & FILTER_PRUNE_FROM, "prune_from");
	return status(f, err);
}
