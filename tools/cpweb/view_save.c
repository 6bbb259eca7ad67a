/* SPDX-License-Identifier: Apache-2.0 */
/* Exactly what a page shows, as one file: html, svg, csv, or a profile. */
#include <cp/flame.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpweb/view.h"

struct form {
	const char *to, *type, *ending;
};

static const struct form forms[] = {
	{"html", "text/html; charset=utf-8", "html"},
	{"svg", "image/svg+xml", "svg"},
	{"pprof", "application/octet-stream", "pb.gz"},
	{"folded", "text/plain; charset=utf-8", "folded"},
	{"frames", "text/plain; charset=utf-8", "frames"},
	{"graph", "image/svg+xml", "graph.svg"},
	{"csv", "text/csv; charset=utf-8", "csv"},
	{"json", "application/json", "json"},
};

/* The filters in words, for the picture's subtitle: it must say what it leaves out. */
static void say_filters(const struct request *request, struct buf *words)
{
	for (enum param p = P_FOCUS; p <= P_TAGLEAF; p++)
		if (request->value[p])
			buf_printf(words, "%s%s=%s", words->n ? " " : "",
				request_param_name(p), request->value[p]);
	if (request->value[P_TIME])
		buf_printf(
			words, "%stime=%s", words->n ? " " : "", request->value[P_TIME]);
}

static enum cp_code save_flame(struct job *job, const char *format, struct cp_error *err)
{
	struct cp_flame_options options;
	struct cp_flame *flame = NULL;
	struct buf words = {0};
	enum cp_code code;

	say_filters(job->request, &words);
	flame_options(job->request, job->input->name, &options);
	options.format = format;
	options.subtitle = words.p;
	code = cp_flame_new(job->context, &options, &flame, err);
	if (!code)
		code = cp_flame_add(flame, job->profile, CP_FLAME_AFTER, err);
	if (!code)
		code = cp_flame_write(flame, buf_write, &job->answer->body, err);
	cp_flame_free(flame);
	buf_release(&words);
	return code;
}

static enum cp_code save(struct job *job, const struct form *form, struct cp_error *err)
{
	struct cp_report_options options;
	struct cp_write_options write = {.size = sizeof write};

	if (!strcmp(form->to, "html") || !strcmp(form->to, "svg") ||
		!strcmp(form->to, "frames"))
		return save_flame(job, form->to, err);
	if (!strcmp(form->to, "csv") || !strcmp(form->to, "json")) {
		job_report_options(job, &options);
		return cp_report_write(job->context, job->profile, "top", form->to,
			&options, buf_write, &job->answer->body, err);
	}
	write.sample_type = job_sample_index(job->request, &options.mean);
	return cp_profile_write(job->context, job->profile, form->to, &write, buf_write,
		&job->answer->body, err);
}

void view_save(struct web *web, const struct request *request, struct answer_body *answer)
{
	const char *to = request->value[P_FORMAT] ? request->value[P_FORMAT] : "html";
	const struct form *form = NULL;
	struct cp_error err;
	struct job job;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!strcmp(forms[i].to, to))
			form = &forms[i];
	if (!form) {
		answer->status = 400;
		page_sentence(&answer->body, 400,
			"to: html, svg, graph, pprof, folded, frames, csv or json", NULL);
		return;
	}
	if (job_begin(&job, web, request, answer)) {
		bool graph = !strcmp(form->to, "graph");

		if (job_filter(&job, CP_BY_ADDRESS, true) &&
			(graph ? !graph_save(&job, "svg")
			       : save(&job, form, &err) != CP_OK) &&
			!graph)
			job_fail(&job, &err);
		if (!job.failed && !strcmp(form->to, "html") &&
			request_yes(request->value[P_SOURCES]))
			source_append(&job, &answer->body);
		if (job.failed) {
			answer->body.n = 0;
			answer->status = answer->status == 200 ? 422 : answer->status;
			page_sentence(&answer->body, answer->status, job.message, NULL);
		} else {
			answer->type = form->type;
			if (asprintf(&answer->save_as, "%s.%s", job.input->name,
				    form->ending) < 0)
				answer->save_as = NULL;
		}
	}
	job_release(&job);
}
