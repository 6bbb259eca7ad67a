/* SPDX-License-Identifier: Apache-2.0 */
/* Values of functions in each capture. */
#include <math.h>

#include <cp/units.h>

#include <cp/filter.h>

#include "model/name.h"
#include "op/diff/diff.h"

#define NO_ROW UINT32_MAX

/* One function of the profile at hand; the slot in `local` is its cell's place. */
struct scan {
	struct cp_diff *diff;
	const struct cp_profile *p;
	struct cpi_diff_run *run, *by_run;
	struct cpi_sink text;
	uint32_t type;          /* column of values */
	int count_type;         /* column of sample counts, or -1 */
	double one;             /* what a value of 1 means: 10^-decimals */
	double unit_ratio; /* to the unit of the first capture */
	double count_one;       /* the same of the count column */
	double rate;            /* heap: bytes between two samples, or 0 */
	double per_count; /* value of one sample where no column counts them, or 0 */
	uint32_t *line_cell;    /* per line row: its function's cell */
	uint32_t *bare_cell;    /* per location without lines */
	uint32_t *cell_of;      /* per name row: cell of this run, or NO_ROW */
	size_t n_cell_of;
	uint32_t *seen;         /* per cell: last sample that counted it, plus one */
	double *caller_weight;  /* per cell: votes of the caller that leads */
	uint32_t *label_cell;   /* per label set: its cell of by_run; NULL: not asked for */
	int64_t sum; /* of all values, to see that it fits */
	bool overflow;
	double single; /* sum of the values' own samples, as if all weighed the same */
};

static bool is(const struct cp_profile *p, cp_string s, const char *word)
{
	return cpi_text_equal(cpi_profile_text(p, s), cpi_text(word));
}

static bool ends(const struct cp_profile *p, cp_string s, const char *word)
{
	return cpi_text_ends(cpi_profile_text(p, s), cpi_text(word));
}

/* The column that goes with s->type under another ending: alloc_space → alloc_objects. */
static int sibling(const struct scan *s, const char *mine, const char *other)
{
	const struct cp_profile *p = s->p;
	struct cp_text name = cpi_profile_text(p, p->sample_type.v[s->type].type);
	size_t stem = name.n - strlen(mine);

	if (!cpi_text_ends(name, cpi_text(mine)))
		return -1;
	for (size_t i = 0; i < p->sample_type.n; i++) {
		struct cp_text t = cpi_profile_text(p, p->sample_type.v[i].type);

		if (t.n == stem + strlen(other) &&
			cpi_text_starts(t, (struct cp_text){name.p, stem}) &&
			cpi_text_ends(t, cpi_text(other)))
			return (int)i;
	}
	return -1;
}

/* Waiting comes in few large pieces, of which some are met and others not. */
static bool names_events(const struct scan *s)
{
	static const char *const word[] = {
		"delay", "contentions", "block", "offcpu-time", "off-cpu", "lock"};
	const struct cp_profile *p = s->p;
	cp_string type = p->sample_type.v[s->type].type;

	for (size_t i = 0; i < sizeof word / sizeof *word; i++)
		if (is(p, type, word[i]))
			return true;
	return false;
}

static int64_t common_divisor(int64_t a, int64_t b)
{
	while (b) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a < 0 ? -a : a;
}

/*
 * Values that are all multiples of one large number are samples that weigh as much, such
 * as collapsed stacks in nanoseconds (1,001,001 at 999 Hz). Plain counts may be round,
 * but not all of them to 100,000; nobody samples more often than each 0.1 ms.
 */
static void common_weight(struct scan *s)
{
	const struct cp_profile *p = s->p;
	double unit = cp_unit_ratio(cpi_profile_text(p, p->sample_type.v[s->type].unit),
		CPI_TEXT("nanoseconds"));
	int64_t weight = 0;

	for (uint32_t i = 0; weight != 1 && i < cpi_profile_n_samples(p); i++) {
		int64_t v = p->value.v[(size_t)i * p->sample_type.n + s->type];

		if (v != INT64_MIN)
			weight = common_divisor(weight, v);
	}
	if ((double)weight * s->one * (unit > 0 ? unit : 1) < 100000)
		return;
	s->count_type = -1;
	s->per_count = (double)weight * s->one;
}

/* Samples of which few bear nearly all of the value are as good as those few. */
static void judge_events(struct scan *s)
{
	const struct cpi_diff_run *run = s->run;
	double effective = run->total_var > 0
				   ? run->total * run->total / run->total_var
				   : 0;

	if (!s->rate && s->single > 30 && effective < s->single / 10)
		s->diff->erratic = true;
}

/*
 * How many samples stand behind a value decides how sure it is. perf and pprof's CPU
 * profiles count them in a column of their own; sampled heaps scale counts up, which
 * their rate undoes; lock profiles count contentions; collapsed stacks are counts;
 * goroutines and threads are a census, where sampling noise does not exist.
 */
static void pick_counts(struct scan *s)
{
	const struct cp_profile *p = s->p;
	const struct cp_value_type *type = &p->sample_type.v[s->type];
	bool counts = is(p, type->unit, "count") || !type->unit.i;

	s->count_type = -1;
	if (names_events(s)) {
		s->diff->erratic = true;
		s->diff->by_cum = true;
	}
	if (is(p, type->type, "goroutine") || is(p, type->type, "threadcreate") ||
		is(p, type->type, "thread") || is(p, type->type, "goroutines")) {
		s->diff->census = s->diff->by_cum = true;
		return;
	}
	if (ends(p, type->type, "space") || ends(p, type->type, "objects")) {
		s->count_type = sibling(s, "space", "objects");
		if (s->count_type < 0 && ends(p, type->type, "objects"))
			s->count_type = (int)s->type;
		s->rate = (double)p->header.period;
		return;
	}
	if (is(p, type->type, "delay"))
		s->count_type = sibling(s, "delay", "contentions");
	for (size_t i = 0; s->count_type < 0 && i < p->sample_type.n; i++) {
		struct cp_text name = cpi_profile_text(p, p->sample_type.v[i].type);
		struct cp_text own = cpi_profile_text(p, type->type);

		/* "samples", or "EVENT:samples" beside "EVENT". */
		if (cpi_text_equal(name, CPI_TEXT("samples")) ||
			(name.n == own.n + 8 && cpi_text_starts(name, own) &&
				cpi_text_ends(name, CPI_TEXT(":samples"))))
			s->count_type = (int)i;
	}
	if (s->count_type < 0 && counts)
		s->count_type = (int)s->type;
	else if (s->count_type < 0 && p->header.period > 0 &&
		p->header.period_type.unit.i == type->unit.i)
		s->per_count = (double)p->header.period;
	if (s->per_count == 0 && (s->count_type < 0 || s->count_type == (int)s->type))
		common_weight(s);
}

/* Samples behind a row's value v (absolute), at least a little. */
static double samples_behind(const struct scan *s, const int64_t *values, double v)
{
	double c = 1;

	if (s->count_type >= 0)
		c = fabs((double)values[s->count_type]) * s->count_one;
	else if (s->per_count > 0)
		c = v / s->per_count;
	if (s->rate > 1 && s->count_type >= 0) {
		int space = (uint32_t)s->count_type == s->type
				    ? sibling(s, "objects", "space")
				    : (int)s->type;
		double size = space >= 0 && c > 0 ? fabs((double)values[space]) / c : 0;

		if (size > 0)
			c *= -expm1(-size / s->rate);
	}
	return c > 1e-3 ? c : 1e-3;
}

uint32_t cpi_diff_name_row(struct cp_diff *diff, struct cp_text name)
{
	uint64_t hash = cpi_hash(name.p, name.n);
	struct cpi_probe probe = cpi_index_find(&diff->names, hash);
	struct cp_text copy = {NULL, name.n};
	struct cpi_mem *mem = &diff->env->mem;

	/* Index ids start at 1, rows at 0. */
	for (uint32_t id; (id = cpi_index_next(&diff->names, &probe));)
		if (cpi_text_equal(diff->name.v[id - 1], name))
			return id - 1;
	copy.p = cpi_arena_copy(&diff->bytes, name.p, name.n);
	if (!copy.p || diff->name.n >= NO_ROW - 1 ||
		!cpi_vec_push(mem, &diff->name, copy) ||
		!cpi_index_add(mem, &diff->names, hash, (uint32_t)diff->name.n))
		return NO_ROW;
	return (uint32_t)diff->name.n - 1;
}

/* The cell of a frame's name in this run; NO_ROW when out of memory. */
static uint32_t cell_of(struct scan *s, cp_location location, uint32_t line)
{
	struct cpi_mem *mem = &s->diff->env->mem;
	uint32_t row;

	s->text.n = 0;
	cpi_name_append(&s->text, cpi_name_of(s->p, location, line));
	if (s->text.code)
		return NO_ROW;
	row = cpi_diff_name_row(
		s->diff, (struct cp_text){(char *)s->text.buf, s->text.n});
	if (row == NO_ROW)
		return NO_ROW;
	if (row >= s->n_cell_of) {
		size_t n = row + row / 2 + 64;
		uint32_t *grown = cpi_resize(
			mem, s->cell_of, s->n_cell_of * sizeof *grown, n * sizeof *grown);

		if (!grown)
			return NO_ROW;
		memset(grown + s->n_cell_of, 0xff, (n - s->n_cell_of) * sizeof *grown);
		s->cell_of = grown;
		s->n_cell_of = n;
	}
	if (s->cell_of[row] == NO_ROW) {
		s->cell_of[row] = (uint32_t)s->run->cell.n;
		if (!cpi_vec_push(mem, &s->run->cell,
			    (struct cpi_diff_cell){.row = row, .caller = NO_ROW}))
			return NO_ROW;
	}
	return s->cell_of[row];
}

/* Names are looked up once per function or bare mapping, not once per location. */
static bool map_lines(struct scan *s)
{
	const struct cp_profile *p = s->p;
	struct cpi_mem *mem = &s->diff->env->mem;
	uint32_t *by_function = cpi_alloc(mem, p->function.n * sizeof *by_function);
	uint32_t *by_mapping = cpi_alloc(mem, p->mapping.n * sizeof *by_mapping);
	bool fine = by_function && by_mapping;

	if (fine) {
		memset(by_function, 0xff, p->function.n * sizeof *by_function);
		memset(by_mapping, 0xff, p->mapping.n * sizeof *by_mapping);
	}
	for (uint32_t i = 1; fine && i < p->location.n; i++) {
		const struct cp_location_row *l = &p->location.v[i];

		for (uint32_t k = 0; fine && k < l->n_lines; k++) {
			uint32_t *known =
				&by_function[p->line.v[l->first_line + k].function.i];

			/* Function 0 takes its name from the mapping. */
			if (*known == NO_ROW || !p->line.v[l->first_line + k].function.i)
				*known = cell_of(s, (cp_location){i}, k);
			s->line_cell[l->first_line + k] = *known;
			fine = *known != NO_ROW;
		}
		if (fine && !l->n_lines) {
			if (by_mapping[l->mapping.i] == NO_ROW)
				by_mapping[l->mapping.i] =
					cell_of(s, (cp_location){i}, 0);
			s->bare_cell[i] = by_mapping[l->mapping.i];
			fine = s->bare_cell[i] != NO_ROW;
		}
	}
	cpi_free(mem, by_function, p->function.n * sizeof *by_function);
	cpi_free(mem, by_mapping, p->mapping.n * sizeof *by_mapping);
	return fine;
}

/* The sample's leaf gets flat value; its caller one more vote of this weight. */
static void add_flat(struct scan *s, uint32_t cell, uint32_t caller, double v, double var)
{
	struct cpi_diff_cell *c = &s->run->cell.v[cell];
	uint32_t caller_row = caller == NO_ROW ? NO_ROW : s->run->cell.v[caller].row;

	c->flat += v;
	c->flat_var += var;
	/* Boyer and Moore's majority vote: one candidate and one counter per function. */
	if (c->caller == caller_row) {
		s->caller_weight[cell] += fabs(v);
	} else if (s->caller_weight[cell] >= fabs(v)) {
		s->caller_weight[cell] -= fabs(v);
	} else {
		c->caller = caller_row;
		s->caller_weight[cell] = fabs(v) - s->caller_weight[cell];
	}
}

static void add_sample(struct scan *s, uint32_t i)
{
	const struct cp_profile *p = s->p;
	const int64_t *values = p->value.v + (size_t)i * p->sample_type.n;
	double own = (double)values[s->type] * s->one, v = own * s->unit_ratio;
	double c = samples_behind(s, values, fabs(own)), var = v * v / c;
	uint32_t n, leaf = NO_ROW, caller = NO_ROW;
	const cp_location *frame = cpi_profile_frames(p, p->sample_stack.v[i], &n);

	if (!values[s->type])
		return;
	s->overflow |= __builtin_add_overflow(s->sum, values[s->type], &s->sum);
	s->run->total += v;
	s->run->total_var += var;
	s->single += c;
	if (s->label_cell) {
		struct cpi_diff_cell *by =
			&s->by_run->cell.v[s->label_cell[p->sample_labels.v[i].i]];

		by->flat = by->cum += v;
		by->flat_var = by->cum_var += var;
	}
	for (uint32_t f = 0; f < n; f++) {
		const struct cp_location_row *l = &p->location.v[frame[f].i];
		const uint32_t *cell = l->n_lines ? s->line_cell + l->first_line
						  : &s->bare_cell[frame[f].i];

		for (uint32_t k = 0; k < (l->n_lines ? l->n_lines : 1); k++) {
			uint32_t at = cell[k];

			if (leaf == NO_ROW)
				leaf = at;
			else if (caller == NO_ROW && at != leaf)
				caller = at;
			if (s->seen[at] == i + 1)
				continue;
			s->seen[at] = i + 1;
			s->run->cell.v[at].cum += v;
			s->run->cell.v[at].cum_var += var;
		}
	}
	if (leaf == NO_ROW)
		return;
	add_flat(s, leaf, caller, v, var);
}

static bool make_room(struct scan *s)
{
	struct cpi_mem *mem = &s->diff->env->mem;
	size_t cells = s->run->cell.n;

	s->seen = cpi_alloc_zero(mem, cells * sizeof *s->seen);
	s->caller_weight = cpi_alloc_zero(mem, cells * sizeof *s->caller_weight);
	return s->seen && s->caller_weight;
}

static void scan_release(struct scan *s)
{
	struct cpi_mem *mem = &s->diff->env->mem;
	size_t cells = s->run->cell.n;

	cpi_free(mem, s->line_cell, s->p->line.n * sizeof *s->line_cell);
	cpi_free(mem, s->bare_cell, s->p->location.n * sizeof *s->bare_cell);
	cpi_free(mem, s->cell_of, s->n_cell_of * sizeof *s->cell_of);
	cpi_free(mem, s->seen, cells * sizeof *s->seen);
	cpi_free(mem, s->caller_weight, cells * sizeof *s->caller_weight);
	cpi_free(mem, s->label_cell, s->p->labels_end.n * sizeof *s->label_cell);
	cpi_sink_release(&s->text);
}

/* To the unit of the first capture; units of another kind stay as they are. */
static double unit_ratio(const struct scan *s)
{
	struct cp_text own = cpi_profile_text(s->p, s->p->sample_type.v[s->type].unit);
	double ratio = s->diff->type.p ? cp_unit_ratio(own, s->diff->unit) : 1;

	return ratio > 0 ? ratio : 1;
}

static enum cp_code map_labels(struct scan *s, struct cp_error *err)
{
	struct cp_diff *by = s->diff->by;

	if (!by)
		return CP_OK;
	s->label_cell = cpi_alloc_array(
		&by->env->mem, s->p->labels_end.n, sizeof *s->label_cell);
	if (!s->label_cell)
		return cpi_error_memory(err);
	return cpi_diff_label_cells(by, s->p, s->by_run, s->label_cell, err);
}

enum cp_code cpi_diff_scan(struct cp_diff *diff, const struct cp_profile *p,
	struct cpi_diff_run *run, struct cpi_diff_run *by_run, struct cp_error *err)
{
	struct scan s = {.diff = diff, .p = p, .run = run, .by_run = by_run};
	struct cpi_mem *mem = &diff->env->mem;
	enum cp_code code =
		cp_profile_find_sample_type(p, diff->sample_type, &s.type, err);

	if (code)
		return code;
	if (!p->sample_type.n)
		return cpi_error(
			err, CP_ERROR_EMPTY, CP_NO_OFFSET, "the profile has no samples");
	s.one = pow(10, -(double)p->sample_type.v[s.type].decimals);
	pick_counts(&s);
	s.unit_ratio = unit_ratio(&s);
	if (s.count_type >= 0)
		s.count_one = pow(10, -(double)p->sample_type.v[s.count_type].decimals);
	cpi_sink_memory(&s.text, mem);
	s.line_cell = cpi_alloc_array(mem, p->line.n, sizeof *s.line_cell);
	s.bare_cell = cpi_alloc_array(mem, p->location.n, sizeof *s.bare_cell);
	if (!s.line_cell || !s.bare_cell || !map_lines(&s) || !make_room(&s)) {
		code = cpi_error_memory(err);
	} else if (!(code = map_labels(&s, err))) {
		for (uint32_t i = 0; i < cpi_profile_n_samples(p); i++)
			add_sample(&s, i);
		if (s.overflow)
			code = cpi_error(err, CP_ERROR_LIMIT, CP_NO_OFFSET,
				"the sum of all sample values exceeds 64 bits");
		judge_events(&s);
		run->seconds = (double)p->header.duration_nanos / 1e9;
		by_run->total = run->total;
		by_run->total_var = run->total_var;
		if (!diff->type.p) {
			const struct cp_value_type *t = &p->sample_type.v[s.type];

			diff->type = cpi_profile_text(p, t->type);
			diff->unit = cpi_profile_text(p, t->unit);
			diff->type.p =
				cpi_arena_copy(&diff->bytes, diff->type.p, diff->type.n);
			diff->unit.p =
				cpi_arena_copy(&diff->bytes, diff->unit.p, diff->unit.n);
			if (!diff->type.p || !diff->unit.p)
				code = cpi_error_memory(err);
		}
	}
	scan_release(&s);
	return code;
}
