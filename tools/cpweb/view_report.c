/* SPDX-License-Identifier: Apache-2.0 */
/* Pages made of the library's reports: top, callers and callees, tags; what is saved. */
#include <cp/merge.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpweb/view.h"

static bool write_report(struct job *job, const char *report, const char *format,
	cp_write_fn *fn, struct buf *out)
{
	struct cp_report_options options;
	struct cp_error err;

	job_report_options(job, &options);
	if (!strcmp(report, "peek") && !options.regex)
		options.regex = "";
	if (!strcmp(report, "tags"))
		options.original = job->loaded->profile;
	if (!cp_report_write(
		    job->context, job->profile, report, format, &options, fn, out, &err))
		return true;
	job_fail(job, &err);
	return false;
}

/* Answers with a file instead of a page when the request says to=csv or to=json. */
static bool wants_file(const struct request *request)
{
	const char *to = request->value[P_FORMAT];

	return to && (!strcmp(to, "csv") || !strcmp(to, "json") || !strcmp(to, "text"));
}

static const char *type_of(const char *format)
{
	return !strcmp(format, "csv")    ? "text/csv; charset=utf-8"
	       : !strcmp(format, "json") ? "application/json"
					 : "text/plain; charset=utf-8";
}

static void answer_file(struct job *job, const char *report)
{
	struct answer_body *answer = job->answer;
	const char *to = job->request->value[P_FORMAT];
	struct buf name = {0};

	answer->type = type_of(to);
	if (!write_report(job, report, to, buf_write, &answer->body)) {
		answer->type = type_of("text");
		answer->body.n = 0;
		buf_str(&answer->body, job->message);
		return;
	}
	buf_printf(&name, "%s.%s.%s", job->input->name, report,
		strcmp(to, "text") ? to : "txt");
	answer->save_as = name.p;
}

static void answer_report(
	struct job *job, const char *report, const char *title, bool keep_names)
{
	struct buf data = {0};
	bool ok = job_filter(job, CP_BY_FUNCTION, keep_names);

	if (ok && wants_file(job->request)) {
		answer_file(job, report);
		return;
	}
	if (ok && !write_report(job, report, "json", buf_write_json, &data))
		data.n = 0;
	job->answer->body.failed |= data.failed;
	job_page(job, report, title, NULL, &data);
	buf_release(&data);
}

void view_top(struct web *web, const struct request *request, struct answer_body *answer)
{
	struct job job;

	if (job_begin(&job, web, request, answer))
		answer_report(&job, "top", "top", true);
	job_release(&job);
}

/* Without a function there is nothing to show yet: the page asks for one. */
void view_peek(struct web *web, const struct request *request, struct answer_body *answer)
{
	struct job job;

	if (!job_begin(&job, web, request, answer)) {
		job_release(&job);
		return;
	}
	if (request->value[P_PATTERN])
		answer_report(&job, "peek", "callers and callees", true);
	else if (job_filter(&job, CP_BY_FUNCTION, true))
		job_page(&job, "peek", "callers and callees", NULL, NULL);
	else
		job_page(&job, "peek", "callers and callees", NULL, NULL);
	job_release(&job);
}

/* Labels are counted with equal samples added up, as cpreport does. */
static bool compact(struct job *job)
{
	struct cp_profile *merged = NULL;
	struct cp_merge *merge = NULL;
	struct cp_error err;
	enum cp_code code = cp_merge_new(job->context, NULL, &merge, &err);

	if (!code)
		code = cp_merge_add(merge, job->profile, NULL, &err);
	if (code)
		cp_merge_free(merge);
	else
		code = cp_merge_finish(merge, &merged, &err);
	if (code) {
		job_fail(job, &err);
		return false;
	}
	cp_profile_free(job->own);
	job->own = merged;
	job->profile = merged;
	return true;
}

void view_tags(struct web *web, const struct request *request, struct answer_body *answer)
{
	struct job job;
	struct cp_profile *before;

	if (!job_begin(&job, web, request, answer)) {
		job_release(&job);
		return;
	}
	if (compact(&job)) {
		before = job.own;
		job.own = NULL;
		answer_report(&job, "tags", "tags", false);
		if (before != job.own)
			cp_profile_free(before);
	} else {
		job_page(&job, "tags", "tags", NULL, NULL);
	}
	job_release(&job);
}

/* The whole profile as the library holds it, as pprof's menu has it. */
void view_download(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	struct cp_error err;
	struct job job;
	struct buf name = {0};

	if (!job_begin(&job, web, request, answer)) {
		job_release(&job);
		return;
	}
	answer->type = "application/octet-stream";
	if (cp_profile_write(job.context, job.loaded->profile, "pprof", NULL, buf_write,
		    &answer->body, &err)) {
		job_fail(&job, &err);
		answer->body.n = 0;
		answer->type = type_of("text");
		buf_str(&answer->body, job.message);
	} else {
		buf_printf(&name, "%s.pb.gz", job.input->name);
		answer->save_as = name.p;
	}
	job_release(&job);
}
