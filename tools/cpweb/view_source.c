/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source with what each line cost. A profile alone must not name files: what is shown
 * lies below
 * --source-path, or is named by the debug information of an image with a build id that
 * was found here.
 */
#include <cp/source.h>

#include <stdlib.h>
#include <string.h>

#include "cpweb/view.h"

/* Captures of perf hold no names of files: those come from images that were found here.
 */
static bool names_are_ours(const struct job *job)
{
	return job->web->use_symbols && !strcmp(job->loaded->format, "perf.data");
}

static bool line_is_in(const struct cp_profile *p, const struct cp_location_row *row,
	struct cp_text path)
{
	const struct cp_line_row *line = cp_profile_lines(p, row);

	for (uint32_t i = 0; i < row->n_lines; i++) {
		const struct cp_function_row *f =
			cp_profile_function(p, line[i].function);
		struct cp_text file = cp_profile_string(p, f->file);

		if (file.n == path.n && !memcmp(file.p, path.p, path.n))
			return true;
	}
	return false;
}

/* Code that was generated comes with names from files that anybody can leave in /tmp. */
static bool trusted(void *arg, struct cp_text path)
{
	const struct job *job = arg;
	const struct cp_profile *p = job->loaded->profile;
	uint32_t n = cp_profile_counts(p).locations;

	if (!names_are_ours(job))
		return false;
	for (uint32_t i = 1; i <= n; i++) {
		const struct cp_location_row *row =
			cp_profile_location(p, (cp_location){i});
		const struct cp_mapping_row *image = cp_profile_mapping(p, row->mapping);

		if (image->build_id.i && image->kind != CP_MAP_JIT &&
			image->kind != CP_MAP_UNKNOWN && line_is_in(p, row, path))
			return true;
	}
	return false;
}

static bool write_source(struct job *job, struct buf *data)
{
	struct cp_report_options report;
	struct cp_source_options options = {.size = sizeof options,
		.report = &report,
		.trusted = trusted,
		.trusted_arg = job};
	struct cp_source *source = NULL;
	struct cp_error err;
	enum cp_code code;

	job_report_options(job, &report);
	/* Without the flag no folder is searched, not even the one cpweb was started in.
	 */
	report.source_path = job->web->source_path ? job->web->source_path : "";
	report.trim_path = job->web->trim_path;
	code = cp_source_new(job->context, job->profile, &options, &source, &err);
	if (!code)
		code = cp_source_write(source, "json", buf_write_json, data, &err);
	cp_source_free(source);
	if (code)
		job_fail(job, &err);
	return !code;
}

void view_source(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	struct buf data = {0};
	struct job job;

	if (job_begin(&job, web, request, answer)) {
		if (!job_filter(&job, CP_BY_LINE, false) ||
			(request->value[P_PATTERN] && !write_source(&job, &data)))
			data.n = 0;
		answer->body.failed |= data.failed;
		job_page(&job, "source", "source", NULL, &data);
	}
	job_release(&job);
	buf_release(&data);
}
