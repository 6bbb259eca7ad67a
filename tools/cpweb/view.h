/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPW_VIEW_H
#define CPW_VIEW_H

/* What the pages' functions share: a job on one profile. */

#include <cp/diff.h>
#include <cp/filter.h>
#include <cp/profile.h>
#include <cp/report.h>

#include "cpweb/page.h"
#include "cpweb/web.h"

view_fn view_flame, view_flame_data, view_top, view_peek, view_tags, view_symbols,
	view_info, view_download, view_nothing, view_runs, view_run, view_diff,
	view_graph, view_source, view_disasm, view_diff_flame, view_diff_flame_data,
	view_time, view_save;

struct job {
	struct web *web;
	const struct request *request;
	struct answer_body *answer;
	struct cp_context *context;
	struct buf remarks; /* of this job, as loaded->remarks */
	struct buf said;    /* what a comparison comes to: JSON strings with commas */
	struct input *input;
	struct loaded *loaded;
	bool stale;             /* the file cannot be read as it is now */
	struct cp_error why;    /* … because of this */
	struct cp_profile *own; /* what the filters left; NULL: loaded->profile */
	const struct cp_profile *profile;
	uint32_t type; /* of its values, the one that is shown */
	bool failed;
	enum param wrong;
	char message[400];
};

/*
 * Loads the request's file. On failure the answer is a page that says why, and false is
 * returned; release all the same.
 */
bool job_begin(struct job *job, struct web *web, const struct request *request,
	struct answer_body *answer);
/* Applies the filters, frames told apart as `granularity` says when nobody does. */
bool job_filter(struct job *job, enum cp_granularity granularity, bool keep_names);
void job_release(struct job *job);

/* Remembers an error of the library; which value was wrong is in its words. */
void job_fail(struct job *job, const struct cp_error *err);
/* pprof's sample_index: the name without total_ or mean_; *ret_mean when it was the
 * latter. */
const char *job_sample_index(const struct request *request, bool *ret_mean);
enum cp_granularity request_granularity(
	const struct request *request, enum cp_granularity otherwise);
struct cp_flame_options;
void flame_options(
	const struct request *request, const char *title, struct cp_flame_options *ret);
/*
 * The graph's element, data and script; what is left out comes from `rest` with the same
 * parameters.
 */
void flame_element(const struct request *request, enum page rest, uint64_t left_out,
	const struct buf *data, struct buf *main);
/* How sides are made comparable, where the request says it; else as it is. */
void diff_scale(const struct request *request, enum cp_diff_scale *scale);
/* The source of the largest functions as a part of a saved page. */
bool source_append(struct job *job, struct buf *html);
/* The call graph into the answer, as a file. */
bool graph_save(struct job *job, const char *format);
/* The request's options for a report. */
void job_report_options(struct job *job, struct cp_report_options *ret);

/*
 * The page with its description: everything the script needs to know about the profile
 * and the request. `key` and `data` (JSON, may be NULL) are added to it.
 */
void job_page(struct job *job, const char *page, const char *title, const char *main,
	const struct buf *data);

#endif
