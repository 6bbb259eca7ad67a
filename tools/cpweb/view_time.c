/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The course of a capture: what each thread cost over its span; where the capture tells
 * when threads waited, how much of each moment they ran, waited for a CPU, or were
 * blocked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpweb/view.h"

enum { BINS = 500, ROWS = 40 };

enum { RUNS, READY, BLOCKED, DOINGS };

struct row {
	char *name;
	double total;
	double bin[BINS];
	/* Of waits: nanoseconds in each bin, and in all. */
	double doing[DOINGS][BINS], sum[DOINGS];
	int64_t end, ran; /* of its last wait; its last sample; 0: none yet */
};

struct course {
	struct row *row;
	size_t n, cap;
	int64_t first, last; /* nanoseconds of the capture's clock */
	uint32_t *of;        /* by set of labels: its row + 1 */
	uint32_t sets;
	bool waits;   /* rows have doings */
	uint32_t off; /* the type that has the waits' lengths */
};

/* "comm tid", as far as the capture says. */
static char *row_name(const struct cp_profile *p, cp_labels id)
{
	const char *comm = "", *sep = "";
	char number[24] = "", *name = NULL;
	uint32_t n;
	const struct cp_label *label = cp_profile_labels(p, id, &n);

	for (uint32_t i = 0; i < n; i++) {
		struct cp_text key = cp_profile_string(p, label[i].key);

		if (!strcmp(key.p, "comm"))
			comm = cp_profile_string(p, label[i].str).p;
		if (!strcmp(key.p, "tid"))
			snprintf(number, sizeof number, "%lld", (long long)label[i].num);
		if (!strcmp(key.p, "tid") && label[i].str.i)
			snprintf(number, sizeof number, "%s",
				cp_profile_string(p, label[i].str).p);
	}
	sep = *comm && *number ? " " : "";
	return asprintf(&name, "%s%s%s", *comm || *number ? comm : "all", sep, number) < 0
		       ? NULL
		       : name;
}

static struct row *find_row(struct course *c, const struct cp_profile *p, cp_labels id)
{
	char *name;

	if (id.i < c->sets && c->of[id.i])
		return &c->row[c->of[id.i] - 1];
	name = row_name(p, id);
	for (size_t i = 0; name && i < c->n; i++)
		if (!strcmp(c->row[i].name, name)) {
			free(name);
			c->of[id.i] = (uint32_t)i + 1;
			return &c->row[i];
		}
	if (name && c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 16;
		struct row *row = realloc(c->row, cap * sizeof *row);

		if (!row) {
			free(name);
			return NULL;
		}
		c->row = row;
		c->cap = cap;
	}
	if (!name)
		return NULL;
	c->row[c->n] = (struct row){.name = name};
	c->of[id.i] = (uint32_t)++c->n;
	return &c->row[c->n - 1];
}

/* ---- doings ---- */

/* The type with the waits' lengths, if what is shown is a time as well. */
static bool find_waits(struct course *c, const struct cp_profile *p, uint32_t shown)
{
	const struct cp_value_type *type = cp_profile_sample_type(p, shown);
	bool found = false;

	if (strcmp(cp_profile_string(p, type->unit).p, "nanoseconds"))
		return false;
	for (uint32_t i = 0; i < cp_profile_counts(p).sample_types && !found; i++) {
		type = cp_profile_sample_type(p, i);
		found = !strcmp(cp_profile_string(p, type->type).p, "off-cpu") &&
			!strcmp(cp_profile_string(p, type->unit).p, "nanoseconds");
		c->off = i;
	}
	return found;
}

/* What somebody without a CPU does; DOINGS: nobody knows. */
static int doing_of(const struct cp_profile *p, cp_labels id)
{
	uint32_t n;
	const struct cp_label *label = cp_profile_labels(p, id, &n);

	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(cp_profile_string(p, label[i].key).p, "state")) {
			const char *state = cp_profile_string(p, label[i].str).p;

			return !strcmp(state, "R")   ? READY
			       : !strcmp(state, "?") ? DOINGS
						     : BLOCKED;
		}
	return DOINGS;
}

/* Spreads a span over its bins. */
static void spread(
	const struct course *c, struct row *row, int doing, int64_t from, int64_t to)
{
	double bin = ((double)(c->last - c->first) + 1) / BINS;
	double a = ((double)from - (double)c->first) / bin, b = ((double)to - (double)c->first) / bin;

	a = a < 0 ? 0 : a;
	b = b > BINS ? BINS : b;
	if (doing >= DOINGS || !(a < b))
		return;
	row->sum[doing] += (b - a) * bin;
	for (size_t i = (size_t)a; i < BINS && (double)i < b; i++) {
		double x = a > (double)i ? a : (double)i;
		double y = b < (double)(i + 1) ? b : (double)(i + 1);

		row->doing[doing][i] += (y - x) * bin;
	}
}

/* A thread that does not wait between two waits runs. Samples are in order of time. */
static void add_doing(const struct course *c, struct row *row, const struct cp_profile *p,
	uint32_t sample)
{
	int64_t t = cp_profile_sample_time(p, sample);
	int64_t off = cp_profile_sample_values(p, sample)[c->off];
	int64_t to;

	if (off <= 0) {
		row->ran = t;
		row->end = row->end ? row->end : t;
		return;
	}
	if (__builtin_add_overflow(t, off, &to))
		return;
	if (row->end)
		spread(c, row, RUNS, row->end, t);
	spread(c, row, doing_of(p, cp_profile_sample_labels(p, sample)), t, to);
	if (to > row->end)
		row->end = to;
}

/* Rows of which nothing is known go: those of switches by threads that were dead. */
static void finish_doings(struct course *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct row *row = &c->row[i];

		if (row->ran > row->end)
			spread(c, row, RUNS, row->end, row->ran);
		if (!(row->total > 0)) {
			free(row->name);
			continue;
		}
		row->total = row->sum[RUNS];
		c->row[n++] = *row;
	}
	c->n = n;
}

static bool find_span(struct course *c, const struct cp_profile *p)
{
	uint32_t n = cp_profile_counts(p).samples;

	c->first = INT64_MAX;
	c->last = INT64_MIN;
	for (uint32_t i = 0; i < n; i++) {
		int64_t t = cp_profile_sample_time(p, i);

		/* Spans of time count from the first sample on. */
		if (t == CP_NO_TIME ||
			(c->waits && cp_profile_sample_values(p, i)[c->off] > 0))
			continue;
		c->first = t < c->first ? t : c->first;
		c->last = t > c->last ? t : c->last;
	}
	return c->last > c->first;
}

static bool fill(struct course *c, const struct cp_profile *p, uint32_t type)
{
	struct cp_profile_counts n = cp_profile_counts(p);

	c->sets = n.labels + 1;
	c->of = calloc(c->sets, sizeof *c->of);
	for (uint32_t i = 0; c->of && i < n.samples; i++) {
		int64_t t = cp_profile_sample_time(p, i);
		double value = (double)cp_profile_sample_values(p, i)[type], at;
		struct row *row;

		if (t == CP_NO_TIME)
			continue;
		row = find_row(c, p, cp_profile_sample_labels(p, i));
		if (!row)
			return false;
		if (c->waits) {
			add_doing(c, row, p, i);
			row->total += value;
			continue;
		}
		at = (double)(t - c->first) / ((double)(c->last - c->first) + 1) * BINS;
		row->bin[(size_t)at] += value;
		row->total += value;
	}
	if (c->waits)
		finish_doings(c);
	return c->of != NULL;
}

static int by_total(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->total < y->total   ? 1
	       : x->total > y->total ? -1
				     : strcmp(x->name, y->name);
}

/* In percent of each bin, upwards: what is there is seen. */
static void add_doings(const struct course *c, struct buf *b, const struct row *row)
{
	double bin = ((double)(c->last - c->first) + 1) / BINS;

	buf_printf(b, ",\"sums\":[%.0f,%.0f,%.0f],\"doings\":[", row->sum[RUNS],
		row->sum[READY], row->sum[BLOCKED]);
	for (int d = 0; d < DOINGS; d++) {
		buf_str(b, d ? ",[" : "[");
		for (size_t i = 0; i < BINS; i++) {
			double percent = 100 * row->doing[d][i] / bin;

			buf_printf(b, i ? ",%.0f" : "%.0f",
				percent > 0 && percent < 1 ? 1 : percent);
		}
		buf_str(b, "]");
	}
	buf_str(b, "]}");
}

static void add_row(const struct course *c, struct buf *b, const struct row *row)
{
	buf_str(b, "{");
	buf_member(b, "name", row->name);
	buf_printf(b, ",\"total\":%.0f", row->total);
	if (c->waits) {
		add_doings(c, b, row);
		return;
	}
	buf_str(b, ",\"bins\":[");
	for (size_t i = 0; i < BINS; i++)
		buf_printf(b, i ? ",%.0f" : "%.0f", row->bin[i]);
	buf_str(b, "]}");
}

/* The largest rows, and the rest as one. */
static void add_course(struct buf *b, struct course *c)
{
	struct row rest = {.name = (char *)"all others"};

	qsort(c->row, c->n, sizeof *c->row, by_total);
	buf_printf(b,
		"{\"seconds\":%.9f,\"waits\":%s,\"bins\":%d,\"more\":%zu,\"rows\":[",
		(double)(c->last - c->first) / 1e9, c->waits ? "true" : "false", BINS,
		c->waits && c->n > ROWS ? c->n - ROWS : 0);
	for (size_t i = 0; i < c->n; i++) {
		if (i < ROWS) {
			buf_str(b, i ? "," : "");
			add_row(c, b, &c->row[i]);
			continue;
		}
		rest.total += c->row[i].total;
		for (size_t k = 0; k < BINS; k++)
			rest.bin[k] += c->row[i].bin[k];
	}
	/* What many threads do at once is no share of a moment. */
	if (c->n > ROWS && !c->waits) {
		buf_char(b, ',');
		add_row(c, b, &rest);
	}
	buf_str(b, "]}");
}

static void course_release(struct course *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->row[i].name);
	free(c->row);
	free(c->of);
}

/* Reads the file anew, sample by sample: other pages have no use for that much memory. */
static enum cp_code read_times(
	struct job *job, struct cp_profile **ret, struct cp_error *err)
{
	struct cp_read_options read = *job->web->read;
	struct cp_input *input = NULL;
	enum cp_code code = cp_input_open(job->context, job->input->path, &input, err);

	read.keep_time = true;
	read.no_unwind = true;
	read.labels = CP_LABEL_TID | CP_LABEL_COMM;
	if (!code)
		code = cp_profile_read(job->context, input, &read, NULL, ret, err);
	cp_input_free(input);
	return code;
}

void view_time(struct web *web, const struct request *request, struct answer_body *answer)
{
	struct cp_profile *timed = NULL;
	struct course course = {0};
	struct buf data = {0};
	struct cp_error err;
	struct job job;
	enum cp_code code = CP_OK;

	if (!job_begin(&job, web, request, answer)) {
		job_release(&job);
		return;
	}
	if (strcmp(job.input->path, "-") && job_filter(&job, CP_BY_ADDRESS, true))
		code = read_times(&job, &timed, &err);
	course.waits = timed && find_waits(&course, timed, job.type);
	if (timed && find_span(&course, timed) && fill(&course, timed, job.type))
		add_course(&data, &course);
	if (code)
		job_fail(&job, &err);
	course_release(&course);
	cp_profile_free(timed);
	job_page(&job, "time", "over time", NULL, &data);
	buf_release(&data);
	job_release(&job);
}
