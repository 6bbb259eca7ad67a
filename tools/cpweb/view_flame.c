/* SPDX-License-Identifier: Apache-2.0 */
/* The flame graph: the library's page, with what is visible first and the rest on demand.
 */
#include <cp/flame.h>

#include <string.h>

#include "cpweb/view.h"

/*
 * Real profiles have some 4,000 frames of half a pixel or more, and this many with their
 * names stay well below 200 KB on the wire, script and styles included.
 */
enum { FIRST_FRAMES = 6000 };
/* Of the root, on the widest screen: a frame below this is no pixel. */
static const double first_share = 1.0 / 8000;

static const char *const root_words[] = {[CP_ROOT_AUTO] = "auto",
	[CP_ROOT_COMM] = "comm",
	[CP_ROOT_PID] = "pid",
	[CP_ROOT_TID] = "tid",
	[CP_ROOT_NONE] = "none"};

void flame_options(
	const struct request *request, const char *title, struct cp_flame_options *ret)
{
	const char *const *v = request->value;
	bool mean;

	*ret = (struct cp_flame_options){
		.size = sizeof *ret,
		.format = "html",
		.sample_type = job_sample_index(request, &mean),
		.title = title,
		.granularity = request_granularity(request, CP_BY_FUNCTION),
	};
	ret->addresses = ret->granularity == CP_BY_ADDRESS;
	for (size_t i = 0; v[P_ROOT] && i < sizeof root_words / sizeof *root_words; i++)
		if (!strcmp(root_words[i], v[P_ROOT]))
			ret->root = (enum cp_root)i;
}

/* Draws the job's profile into `data`; `most` frames, or 0 for all. */
static bool draw(struct job *job, uint32_t most, uint64_t *ret_left_out, struct buf *data)
{
	struct cp_flame_options options;
	struct cp_flame *flame = NULL;
	struct cp_error err;
	enum cp_code code;

	flame_options(job->request, job->input->name, &options);
	options.least = most ? first_share : 0;
	code = cp_flame_new(job->context, &options, &flame, &err);
	if (!code)
		code = cp_flame_add(flame, job->profile, CP_FLAME_AFTER, &err);
	if (!code)
		code = cp_flame_write_data(
			flame, most, ret_left_out, buf_write, data, &err);
	cp_flame_free(flame);
	if (code)
		job_fail(job, &err);
	return !code;
}

void flame_element(const struct request *request, enum page rest, uint64_t left_out,
	const struct buf *data, struct buf *main)
{
	struct cp_text script = cp_flame_asset(CP_FLAME_SCRIPT, NULL);

	buf_str(main, "<div id=\"cp-flame-here\"></div>\n"
		      "<script type=\"text/plain\" id=\"cp-flame\"");
	if (left_out) {
		struct buf query = {0};

		buf_str(&query, request_page_path(rest));
		request_canonical(request, &query);
		buf_str(main, " data-rest=\"");
		buf_html(main, query.p ? query.p : "", query.n);
		buf_char(main, '"');
		buf_release(&query);
	}
	buf_char(main, '>');
	buf_add(main, data->p, data->n);
	buf_str(main, "</script>\n<script>");
	buf_add(main, script.p, script.n);
	buf_str(main, "</script>\n");
}

void view_flame(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	struct buf data = {0}, main = {0};
	uint64_t left_out = 0;
	struct job job;

	if (job_begin(&job, web, request, answer)) {
		if (job_filter(&job, CP_BY_ADDRESS, true) &&
			draw(&job, FIRST_FRAMES, &left_out, &data))
			flame_element(request, PAGE_FLAME_DATA, left_out, &data, &main);
		answer->body.failed |= data.failed || main.failed;
		job_page(&job, "flamegraph", "flame graph", main.p, NULL);
	}
	job_release(&job);
	buf_release(&data);
	buf_release(&main);
}

void view_flame_data(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	struct job job;

	if (job_begin(&job, web, request, answer)) {
		answer->type = "text/plain; charset=utf-8";
		if (!job_filter(&job, CP_BY_ADDRESS, true) ||
			!draw(&job, 0, NULL, &answer->body)) {
			answer->body.n = 0;
			buf_str(&answer->body, job.message);
			answer->status = answer->status == 200 ? 422 : answer->status;
		}
	}
	job_release(&job);
}
