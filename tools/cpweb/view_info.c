/* SPDX-License-Identifier: Apache-2.0 */
/* What a file holds and lost, and where its names come from. */
#include <cp/info.h>

#include <stdio.h>
#include <string.h>

#include "cpweb/view.h"

/* The same words as cpinfo --json, read from the file anew: it looks at more than a
 * profile. */
void view_info(struct web *web, const struct request *request, struct answer_body *answer)
{
	struct cp_input *input = NULL;
	struct buf data = {0};
	bool damaged = false;
	struct cp_error err;
	struct job job;
	enum cp_code code = CP_OK;

	if (!job_begin(&job, web, request, answer)) {
		job_release(&job);
		return;
	}
	if (strcmp(job.input->path, "-") && !job.input->gone) {
		code = cp_input_open(job.context, job.input->path, &input, &err);
		if (!code)
			code = cp_info_write(job.context, input,
				web->use_symbols ? web->symbolize : NULL, "json",
				&damaged, buf_write_json, &data, &err);
		cp_input_free(input);
	}
	if (code) {
		job_fail(&job, &err);
		data.n = 0;
	}
	job_page(&job, "info", "what is in this file", NULL, &data);
	buf_release(&data);
	job_release(&job);
}

static const char *status_words(enum cp_symbol_status status)
{
	static const char *const words[] = {
		[CP_SYMBOLS_LINES] = "functions and lines",
		[CP_SYMBOLS_FUNCTIONS] = "functions only",
		[CP_SYMBOLS_NO_FILE] = "no file",
		[CP_SYMBOLS_NO_SYMBOLS] = "no symbols",
		[CP_SYMBOLS_WRONG_ID] = "wrong build id",
		[CP_SYMBOLS_UNREADABLE] = "unreadable",
		[CP_SYMBOLS_NOT_A_FILE] = "not a file",
	};

	return (unsigned)status < sizeof words / sizeof *words ? words[status]
							       : "unknown";
}

static void add_image(struct buf *b, const struct cp_profile *profile,
	const struct cp_symbol_image *image)
{
	const struct cp_mapping_row *row = cp_profile_mapping(profile, image->mapping);
	struct cp_text path = cp_profile_string(profile, row->path);

	buf_printf(b,
		"{\"samples\":%lld,\"addresses\":%llu,\"resolved\":%llu,"
		"\"unverified\":%s",
		(long long)image->samples, (unsigned long long)image->addresses,
		(unsigned long long)image->resolved,
		image->unverified ? "true" : "false");
	buf_member(b, "image", path.n ? path.p : "[unknown]");
	buf_member(b, "id", cp_profile_string(profile, row->build_id).p);
	buf_member(b, "status", status_words(image->status));
	buf_member(b, "from", image->file ? image->file : "");
	buf_member(b, "hint", image->hint ? image->hint : "");
	buf_char(b, '}');
}

/*
 * Reads the file once more, since other pages have no use for a report that counts every
 * frame of every sample; what came through a pipe has none.
 */
static enum cp_code read_report(struct job *job, struct cp_profile **ret_profile,
	struct cp_symbol_report **ret_report, struct cp_error *err)
{
	struct cp_symbolize_options symbolize = *job->web->symbolize;
	struct cp_input *input = NULL;
	enum cp_code code = cp_input_open(job->context, job->input->path, &input, err);

	symbolize.ret_report = ret_report;
	if (!code)
		code = cp_profile_read(job->context, input, job->web->read, &symbolize,
			ret_profile, err);
	cp_input_free(input);
	return code;
}

void view_symbols(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	struct cp_symbol_report *report = NULL;
	struct cp_profile *profile = NULL;
	struct buf data = {0};
	struct cp_error err;
	struct job job;

	if (!job_begin(&job, web, request, answer)) {
		job_release(&job);
		return;
	}
	if (web->use_symbols && strcmp(job.input->path, "-") && !job.stale &&
		!job.input->gone && read_report(&job, &profile, &report, &err))
		job_fail(&job, &err);
	buf_str(&data, "{\"images\":[");
	for (size_t i = 0; report && i < cp_symbol_report_count(report); i++) {
		buf_str(&data, i ? "," : "");
		add_image(&data, profile, cp_symbol_report_image(report, i));
	}
	buf_str(&data, "]}");
	cp_symbol_report_free(report);
	cp_profile_free(profile);
	job_page(&job, "symbols", "symbols", NULL, &data);
	buf_release(&data);
	job_release(&job);
}
