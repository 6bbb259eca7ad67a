/* SPDX-License-Identifier: Apache-2.0 */
/* The course of a capture: what each thread cost over its span. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpweb/view.h"

enum { BINS = 500, ROWS = 40 };

struct row {
	char *name;
	double total;
	double bin[BINS];
};

struct course {
	struct row *row;
	size_t n, cap;
	int64_t first, last; /* nanoseconds of the capture's clock */
	uint32_t *of;        /* by set of labels: its row + 1 */
	uint32_t sets;
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

static bool find_span(struct course *c, const struct cp_profile *p)
{
	uint32_t n = cp_profile_counts(p).samples;

	c->first = INT64_MAX;
	c->last = INT64_MIN;
	for (uint32_t i = 0; i < n; i++) {
		int64_t t = cp_profile_sample_time(p, i);

		if (t == CP_NO_TIME)
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
		at = (double)(t - c->first) / ((double)(c->last - c->first) + 1) * BINS;
		row->bin[(size_t)at] += value;
		row->total += value;
	}
	return c->of != NULL;
}

static int by_total(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->total < y->total   ? 1
	       : x->total > y->total ? -1
				     : strcmp(x->name, y->name);
}

static void add_row(struct buf *b, const struct row *row)
{
	buf_str(b, "{");
	buf_member(b, "name", row->name);
	buf_printf(b, ",\"total\":%.0f,\"bins\":[", row->total);
	for (size_t i = 0; i < BINS; i++)
		buf_printf(b, i ? ",%.0f" : "%.0f", row->bin[i]);
	buf_str(b, "]}");
}

/* The largest rows, and the rest as one. */
static void add_course(struct buf *b, struct course *c)
{
	struct row rest = {.name = (char *)"all others"};

	qsort(c->row, c->n, sizeof *c->row, by_total);
	buf_printf(b, "{\"seconds\":%.9f,\"rows\":[", (double)(c->last - c->first) / 1e9);
	for (size_t i = 0; i < c->n; i++) {
		if (i < ROWS) {
			buf_str(b, i ? "," : "");
			add_row(b, &c->row[i]);
			continue;
		}
		rest.total += c->row[i].total;
		for (size_t k = 0; k < BINS; k++)
			rest.bin[k] += c->row[i].bin[k];
	}
	if (c->n > ROWS) {
		buf_char(b, ',');
		add_row(b, &rest);
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
