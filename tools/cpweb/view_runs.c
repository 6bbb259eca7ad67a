/* SPDX-License-Identifier: Apache-2.0 */
/* The folder's index: which runs there are, what each shows, what changed since the last.
 */
#include <cp/diff.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpweb/view.h"
#include "fetch/note.h"

struct listed {
	const struct input *input;
	int64_t nanos;
};

/* Newest first; of one moment by name. */
static int newest_first(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->nanos != y->nanos)
		return x->nanos < y->nanos ? 1 : -1;
	return strcmp(y->input->name, x->input->name);
}

static void add_listed(
	struct buf *b, const struct listed *run, const struct listed *before)
{
	buf_str(b, "{");
	buf_member(b, "name", run->input->name);
	buf_printf(b, ",\"bytes\":%lld,\"when\":%lld", (long long)run->input->stamp.size,
		(long long)(run->nanos / 1000000));
	if (before)
		buf_member(b, "before", before->input->name);
	buf_char(b, '}');
}

static void list_runs(struct inputs *inputs, struct buf *b)
{
	struct listed *runs;
	size_t n = 0;

	pthread_mutex_lock(&inputs->lock);
	runs = calloc(inputs->n + 1, sizeof *runs);
	for (size_t i = 0; runs && i < inputs->n; i++) {
		struct input *input = inputs->v[i];
		struct stat st;

		if (strcmp(input->path, "-") && stat(input->path, &st))
			continue;
		runs[n++] = (struct listed){
			input, (int64_t)input->stamp.mtime.tv_sec * 1000000000 +
				       input->stamp.mtime.tv_nsec};
	}
	if (runs)
		qsort(runs, n, sizeof *runs, newest_first);
	buf_str(b, "{\"runs\":[");
	for (size_t i = 0; i < n; i++) {
		buf_str(b, i ? "," : "");
		add_listed(b, &runs[i], i + 1 < n ? &runs[i + 1] : NULL);
	}
	buf_char(b, ']');
	pthread_mutex_unlock(&inputs->lock);
	free(runs);
}

void view_runs(struct web *web, const struct request *request, struct answer_body *answer)
{
	struct buf config = {0}, data = {0};
	bool bare = request->value[P_FORMAT] != NULL;

	list_runs(&web->inputs, &data);
	buf_str(&data, ",\"notes\":");
	store_json(&web->notes, &data);
	buf_printf(&data, ",\"writable\":%s}",
		web->folder && store_writable(&web->notes) ? "true" : "false");
	answer->transient = true;
	if (bare) {
		answer->type = "application/json";
		buf_add(&answer->body, data.p, data.n);
	} else {
		buf_printf(&config, "{\"page\":\"runs\",\"params\":{},\"folder\":%s,",
			web->folder ? "true" : "false");
		buf_printf(
			&config, "\"files\":[],\"data\":%s}", data.p ? data.p : "null");
		answer->body.failed |= data.failed || config.failed;
		page_begin(&answer->body, "runs");
		buf_str(&answer->body, "<header id=\"cp-head\"></header>\n<main "
				       "id=\"cp-main\"></main>\n");
		page_end(&answer->body, config.p, &asset_app);
	}
	buf_release(&data);
	buf_release(&config);
}

/* One run -------------------------------------------------------------------------------
 */

/* What follows "perf: WORD " in a comment, in numbers: kept in one form by the readers.
 */
static long long noted(const struct cp_profile *p, const char *what, struct cp_text *ret)
{
	uint32_t n = cp_profile_counts(p).comments;
	size_t len = strlen(what);

	for (uint32_t i = 0; i < n; i++) {
		struct cp_text comment = cp_profile_comment(p, i);

		if (comment.n > len && !memcmp(comment.p, what, len)) {
			if (ret)
				*ret = (struct cp_text){comment.p + len, comment.n - len};
			return strtoll(comment.p + len, NULL, 10);
		}
	}
	return 0;
}

/* The share of locations' samples that have a name. */
static double named(const struct cp_profile *p)
{
	struct cp_profile_counts n = cp_profile_counts(p);
	uint64_t all = 0, with = 0;

	for (uint32_t s = 0; s < n.samples; s++) {
		uint32_t frames;
		const cp_location *stack =
			cp_profile_stack(p, cp_profile_sample_stack(p, s), &frames);

		if (!frames)
			continue;
		all++;
		with += cp_profile_location(p, stack[0])->n_lines != 0;
	}
	return all ? (double)with / (double)all : 1;
}

/* The function with the largest own value: the first row of top. */
static void add_top(struct job *job, struct buf *b)
{
	struct cp_report_options options;
	struct buf top = {0};
	struct cp_error err;
	char *start, *end;

	job_report_options(job, &options);
	options.node_count = 1;
	options.no_trim = false;
	options.node_fraction = options.edge_fraction = 0;
	if (!cp_report_write(job->context, job->profile, "top", "csv", &options,
		    buf_write, &top, &err) &&
		top.p && (start = strchr(top.p, '\n'))) {
		end = strchr(++start, '\n');
		for (int commas = 0; end && end > start && commas < 3;
			commas += *end == ',')
			end--;
		if (end && end > start) {
			bool quoted = *start == '"' && end - start > 1;

			*end = 0;
			buf_str(b, ",\"top\":");
			buf_json(b, start + quoted, (size_t)(end - start) - 2 * quoted);
		}
	}
	buf_release(&top);
}

static void add_facts(struct job *job, struct buf *b)
{
	const struct cp_profile *p = job->profile;
	const struct cp_profile_header *header = cp_profile_header(p);
	const struct cp_value_type *type = cp_profile_sample_type(p, job->type);
	struct cp_text host = {0}, unit = cp_profile_string(p, type->unit);
	char beside[256];
	int64_t total = 0;
	struct cp_error err;
	bool mean;

	cp_report_total(p, job_sample_index(job->request, &mean), false, &total, &err);
	buf_member(b, "format", job->loaded->format);
	buf_member(b, "type", cp_profile_string(p, type->type).p);
	buf_member(b, "unit", unit.p);
	buf_printf(b,
		",\"total\":%lld,\"duration\":%lld,\"started\":%lld,\"rows\":%u"
		",\"lost\":%lld,\"named\":%.4f",
		(long long)total, (long long)header->duration_nanos,
		(long long)(header->time_nanos / 1000000), cp_profile_counts(p).samples,
		noted(p, "perf: lost samples ", NULL) +
			noted(p, "perf: lost records ", NULL),
		named(p));
	noted(p, "perf: host ", &host);
	if (!host.n)
		noted(p, "cpget: host ", &host);
	if (!host.n && fetch_note_read(job->input->path, "host", beside, sizeof beside))
		host = (struct cp_text){beside, strlen(beside)};
	if (host.n) {
		buf_str(b, ",\"host\":");
		buf_json(b, host.p, host.n);
	}
	add_top(job, b);
}

/* The verdict on the whole, and how many functions changed beyond noise. */
static void add_change(struct job *job, struct buf *b)
{
	const char *name = job->request->value[P_BEFORE];
	struct input *input = name ? inputs_find(&job->web->inputs, name) : NULL;
	struct cp_diff_options options = {.size = sizeof options};
	struct loaded *before;
	struct cp_diff *diff = NULL;
	struct cp_error err;
	size_t changed = 0;
	bool stale;

	if (!input)
		return;
	before = inputs_get(&job->web->inputs, input, "", &stale, &err);
	diff_scale(job->request, &options.scale);
	if (before && !cp_diff_new(job->context, &options, &diff, &err) &&
		!cp_diff_add(diff, CP_BEFORE, before->profile, name, &err) &&
		!cp_diff_add(diff, CP_AFTER, job->profile, job->input->name, &err) &&
		!cp_diff_finish(diff, &err)) {
		const struct cp_diff_summary *s = cp_diff_summary(diff);

		for (size_t i = 0; i < cp_diff_count(diff); i++) {
			enum cp_verdict v = cp_diff_row(diff, i)->flat.verdict;

			changed += v != CP_VERDICT_UNTESTED && v != CP_VERDICT_WITHIN &&
				   v != CP_VERDICT_SAME && v != CP_VERDICT_UNCLEAR;
		}
		buf_member(b, "verdict", cp_verdict_name(s->total.verdict));
		buf_printf(b, ",\"ratio\":%.6g,\"changed\":%zu", s->total.ratio, changed);
		if (changed) {
			const struct cp_diff_row *row = cp_diff_row(diff, 0);

			buf_str(b, ",\"most\":");
			buf_json(b, row->name.p, row->name.n);
			buf_member(b, "mostVerdict", cp_verdict_name(row->flat.verdict));
		}
	}
	cp_diff_free(diff);
	inputs_put(&job->web->inputs, before);
}

void view_run(struct web *web, const struct request *request, struct answer_body *answer)
{
	struct buf *b = &answer->body;
	struct job job;

	if (!job_begin(&job, web, request, answer)) {
		char words[400];

		/* A file that is no profile is a row that says so. */
		b->n = 0;
		cp_error_format(&job.why, words, sizeof words);
		buf_str(b, "{");
		buf_member(b, "error", job.why.code ? words : "there is no such run");
		answer->status = 200;
	} else {
		buf_str(b, "{");
		if (job_filter(&job, CP_BY_ADDRESS, true)) {
			add_facts(&job, b);
			add_change(&job, b);
		} else {
			buf_member(b, "error", job.message);
		}
	}
	buf_str(b, "}\n");
	answer->type = "application/json";
	job_release(&job);
}
