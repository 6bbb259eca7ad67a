/* SPDX-License-Identifier: Apache-2.0 */
/* A job on one profile: load, filter, describe. */
#include "cpweb/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/filters.h"

void view_nothing(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	(void)web;
	(void)request;
	answer->status = 404;
	page_sentence(&answer->body, 404, "There is no such page.", NULL);
}

void job_fail(struct job *job, const struct cp_error *err)
{
	static const struct {
		const char *what;
		enum param param;
	} names[] = {{"focus", P_FOCUS}, {"ignore", P_IGNORE}, {"hide", P_HIDE},
		{"show", P_SHOW}, {"show_from", P_SHOW_FROM},
		{"prune_from", P_PRUNE_FROM}, {"tagfocus", P_TAGFOCUS},
		{"tagignore", P_TAGIGNORE}, {"tagshow", P_TAGSHOW},
		{"taghide", P_TAGHIDE}, {"peek", P_PATTERN}, {"source", P_PATTERN},
		{"disasm", P_PATTERN}, {"list", P_PATTERN}, {"regex", P_PATTERN}};
	size_t n = strcspn(err->message, ": ");

	job->failed = true;
	job->answer->status =
		err->code == CP_ERROR_ARGUMENT                                ? 400
		: err->code == CP_ERROR_EMPTY                                 ? 200
		: err->code == CP_ERROR_MEMORY || err->code == CP_ERROR_LIMIT ? 503
									      : 500;
	job->answer->transient = job->answer->status >= 500;
	cp_error_format(err, job->message, sizeof job->message);
	if (err->code == CP_ERROR_MEMORY && job->web->tool->options.memory_limit)
		snprintf(job->message, sizeof job->message,
			"out of memory: this view needs more than --memory-limit allows "
			"(%llu bytes); start cpweb with a larger one, or filter",
			(unsigned long long)job->web->tool->options.memory_limit);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i].what) == n && !memcmp(names[i].what, err->message, n))
			job->wrong = names[i].param;
}

/* The file cannot be shown at all. */
static void sorry(struct job *job, const char *name, const struct cp_error *err)
{
	struct buf text = {0};
	char words[400];

	cp_error_format(err, words, sizeof words);
	buf_printf(&text, "%s: %s", name, words);
	job->answer->status =
		err->code == CP_ERROR_ARGUMENT                                ? 400
		: err->code == CP_ERROR_MEMORY || err->code == CP_ERROR_LIMIT ? 503
									      : 422;
	job->answer->transient = true;
	page_sentence(&job->answer->body, job->answer->status, text.p ? text.p : words,
		err->code == CP_ERROR_MEMORY
			? "Start cpweb with a larger --memory-limit to see it."
			: NULL);
	buf_release(&text);
}

bool job_begin(struct job *job, struct web *web, const struct request *request,
	struct answer_body *answer)
{
	const char *name = request->value[P_FILE], *time = request->value[P_TIME];
	char first[300];
	struct cp_error err = {0};

	*job = (struct job){
		.web = web, .request = request, .answer = answer, .wrong = P_COUNT};
	/* A comparison is described by the first capture after. */
	if (!name && request->value[P_AFTER]) {
		snprintf(first, sizeof first, "%s", request->value[P_AFTER]);
		first[strcspn(first, "/")] = 0;
		name = first;
	}
	/* Over all of its time, or as two spans, a capture is read in other ways. */
	if (request->page == PAGE_TIME || request->value[P_TIME_B])
		time = NULL;
	job->input = inputs_find(&web->inputs, name);
	if (!job->input) {
		answer->status = 404;
		page_sentence(&answer->body, 404,
			name ? "No file of this name is open." : "No file is open.",
			NULL);
		return false;
	}
	job->loaded =
		inputs_get(&web->inputs, job->input, time ? time : "", &job->stale, &err);
	job->why = err;
	job->context = inputs_context(web, &job->remarks);
	if (job->context && job->loaded) {
		job->profile = job->loaded->profile;
		return true;
	}
	if (job->loaded)
		err = (struct cp_error){
			.code = CP_ERROR_MEMORY, .message = "out of memory"};
	sorry(job, job->input->name, &err);
	return false;
}

void job_release(struct job *job)
{
	cp_profile_free(job->own);
	cp_context_free(job->context);
	inputs_put(&job->web->inputs, job->loaded);
	buf_release(&job->remarks);
	buf_release(&job->said);
}

const char *job_sample_index(const struct request *request, bool *ret_mean)
{
	const char *index = request->value[P_SAMPLE_INDEX];

	*ret_mean = request_yes(request->value[P_MEAN]);
	if (index && !strncmp(index, "mean_", 5)) {
		*ret_mean = true;
		return index + 5;
	}
	return index && !strncmp(index, "total_", 6) ? index + 6 : index;
}

enum cp_granularity request_granularity(
	const struct request *request, enum cp_granularity otherwise)
{
	static const char *const words[] = {[CP_BY_ADDRESS] = "addresses",
		[CP_BY_FUNCTION] = "functions",
		[CP_BY_FILEFUNCTION] = "filefunctions",
		[CP_BY_FILE] = "files",
		[CP_BY_LINE] = "lines"};
	const char *given = request->value[P_GRANULARITY];

	for (size_t i = 0; given && i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i], given))
			return (enum cp_granularity)i;
	return otherwise;
}

bool job_filter(struct job *job, enum cp_granularity otherwise, bool keep_names)
{
	const char *const *v = job->request->value;
	struct cp_filter_options filter = {
		.size = sizeof filter,
		.focus = v[P_FOCUS],
		.ignore = v[P_IGNORE],
		.hide = v[P_HIDE],
		.show = v[P_SHOW],
		.show_from = v[P_SHOW_FROM],
		.prune_from = v[P_PRUNE_FROM],
		.tagfocus = v[P_TAGFOCUS],
		.tagignore = v[P_TAGIGNORE],
		.tagshow = v[P_TAGSHOW],
		.taghide = v[P_TAGHIDE],
		.tagroot = v[P_TAGROOT],
		.tagleaf = v[P_TAGLEAF],
		.noinlines = request_yes(v[P_NOINLINES]),
		.showcolumns = request_yes(v[P_SHOWCOLUMNS]),
		.granularity = keep_names ? CP_BY_ADDRESS
					  : request_granularity(job->request, otherwise),
		.drop_frames = cp_profile_header(job->profile)->drop_frames.i != 0,
		/* Percentages of what is left are of its rows as they are. */
		.keep_rows = request_yes(v[P_RELATIVE]) &&
			     job->request->page != PAGE_FLAME &&
			     job->request->page != PAGE_FLAME_DATA,
	};
	struct cp_error err;
	bool mean;

	if (cp_profile_find_sample_type(job->profile,
		    job_sample_index(job->request, &mean), &job->type, &err)) {
		job_fail(job, &err);
		job->wrong = P_SAMPLE_INDEX;
		return false;
	}
	if (filter_options_idle(&filter))
		return true;
	if (cp_profile_filter(job->context, job->profile, &filter, &job->own, &err)) {
		job_fail(job, &err);
		return false;
	}
	cp_context_flush_diagnostics(job->context);
	job->profile = job->own;
	return true;
}

void job_report_options(struct job *job, struct cp_report_options *ret)
{
	const char *const *v = job->request->value;
	struct cp_error err;

	*ret = (struct cp_report_options){
		.size = sizeof *ret,
		.cum = v[P_SORT] && !strcmp(v[P_SORT], "cum"),
		.node_count =
			v[P_NODE_COUNT] ? (int64_t)strtod(v[P_NODE_COUNT], NULL) : 0,
		.node_fraction =
			v[P_NODE_FRACTION] ? strtod(v[P_NODE_FRACTION], NULL) : -1,
		.edge_fraction =
			v[P_EDGE_FRACTION] ? strtod(v[P_EDGE_FRACTION], NULL) : -1,
		.no_trim = !request_yes(v[P_TRIM]),
		.drop_negative = request_yes(v[P_DROP_NEGATIVE]),
		.columns = request_yes(v[P_SHOWCOLUMNS]),
		.compact = request_yes(v[P_COMPACT]),
		.granularity = request_granularity(job->request, CP_BY_FUNCTION),
		.unit = v[P_UNIT],
		.regex = v[P_PATTERN],
	};
	ret->sample_type = job_sample_index(job->request, &ret->mean);
	ret->total_given = !request_yes(v[P_RELATIVE]) &&
			   !cp_report_total(job->loaded->profile, ret->sample_type,
				   ret->mean, &ret->total, &err);
}

/* Describing ----------------------------------------------------------------------------
 */

static void add_types(struct buf *b, const struct cp_profile *profile)
{
	struct cp_profile_counts n = cp_profile_counts(profile);

	buf_str(b, ",\"types\":[");
	for (uint32_t i = 0; i < n.sample_types; i++) {
		const struct cp_value_type *type = cp_profile_sample_type(profile, i);
		struct cp_text name = cp_profile_string(profile, type->type);
		struct cp_text unit = cp_profile_string(profile, type->unit);

		buf_str(b, i ? ",[" : "[");
		buf_json(b, name.p, name.n);
		buf_char(b, ',');
		buf_json(b, unit.p, unit.n);
		buf_char(b, ']');
	}
	buf_char(b, ']');
}

static void add_files(struct buf *b, struct inputs *inputs)
{
	pthread_mutex_lock(&inputs->lock);
	buf_str(b, ",\"files\":[");
	for (size_t i = 0; i < inputs->n; i++) {
		if (i)
			buf_char(b, ',');
		buf_json(b, inputs->v[i]->name, strlen(inputs->v[i]->name));
	}
	buf_char(b, ']');
	pthread_mutex_unlock(&inputs->lock);
}

static void add_params(struct buf *b, const struct request *request)
{
	bool first = true;

	buf_str(b, ",\"params\":{");
	for (enum param p = 0; p < P_COUNT; p++) {
		if (!request->value[p])
			continue;
		buf_printf(b, "%s\"%s\":", first ? "" : ",", request_param_name(p));
		buf_json(b, request->value[p], strlen(request->value[p]));
		first = false;
	}
	buf_char(b, '}');
}

static void add_remarks(struct job *job, struct buf *b)
{
	const struct buf *both[] = {&job->loaded->remarks, &job->remarks};
	size_t n;

	buf_str(b, ",\"remarks\":[");
	n = b->n;
	if (job->stale) {
		struct buf text = {0};
		char words[400];

		cp_error_format(&job->why, words, sizeof words);
		buf_printf(&text,
			"the file has changed and cannot be read as it is now "
			"(%s); this is what it was before",
			words);
		buf_json(b, text.p ? text.p : "", text.n);
		buf_release(&text);
	} else if (job->input->gone) {
		buf_str(b, "\"the file is gone; this is what it was\"");
	}
	for (int i = 0; i < 2; i++)
		if (both[i]->n) /* begins with a comma */
			buf_add(b, both[i]->p + (b->n == n), both[i]->n - (b->n == n));
	buf_char(b, ']');
}

static void describe(
	struct job *job, const char *page, const struct buf *data, struct buf *b)
{
	const struct cp_profile_header *header = cp_profile_header(job->loaded->profile);

	buf_str(b, "{");
	buf_member(b, "page", page);
	buf_member(b, "file", job->input->name);
	buf_member(b, "format", job->loaded->format);
	buf_printf(b, ",\"folder\":%s", job->web->folder ? "true" : "false");
	buf_printf(b, ",\"duration\":%lld,\"samples\":%u",
		(long long)header->duration_nanos,
		cp_profile_counts(job->profile).samples);
	add_types(b, job->loaded->profile);
	buf_printf(b, ",\"type\":%u", job->type);
	add_files(b, &job->web->inputs);
	add_params(b, job->request);
	add_remarks(job, b);
	if (job->failed) {
		buf_str(b, ",\"error\":{");
		buf_member(b, "message", job->message);
		if (job->wrong < P_COUNT)
			buf_member(b, "param", request_param_name(job->wrong));
		buf_char(b, '}');
	}
	if (job->said.n) {
		buf_str(b, ",\"said\":[");
		buf_add(b, job->said.p, job->said.n);
		buf_char(b, ']');
	}
	if (data && data->n) {
		buf_str(b, ",\"data\":");
		buf_add(b, data->p, data->n);
	}
	buf_char(b, '}');
}

void job_page(struct job *job, const char *page, const char *title, const char *main,
	const struct buf *data)
{
	struct buf *out = &job->answer->body, config = {0}, heading = {0};

	buf_printf(&heading, "%s · %s", job->input->name, title);
	describe(job, page, data, &config);
	out->failed |= config.failed || heading.failed;
	page_begin(out, heading.p ? heading.p : title);
	buf_str(out, "<header id=\"cp-head\"></header>\n<main id=\"cp-main\">");
	if (main)
		buf_str(out, main);
	buf_str(out, "</main>\n");
	page_end(out, config.p, &asset_app);
	buf_release(&config);
	buf_release(&heading);
}
