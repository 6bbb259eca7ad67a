/* SPDX-License-Identifier: Apache-2.0 */
/* What a file holds and lost, and where its names come from. */
#include <cp/info.h>

#include <stdio.h>
#include <string.h>

#include "cpweb/view.h"

/* The same words as cpinfo --json, read from the file anew: it looks at more than a profile. */
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

	return (unsigned)status < sizeof words / sizeof *words ? words[status] : "unknown";
}

static void add_image(struct buf *b, const struct cp_profile *profile,
	const struct cp_symbol_image *image)
{
	const struct cp_mapping_row *row = cp_profile_mapping(profile, image->mapping);
	struct cp_text path = cp_profile_string(profile, row->path);

	buf_printf(b, "{\"samples\":%lld,\"addresses\":%llu,\"resolved\":%llu,"
		"\"unverified\":%s", (long long)image->samples,
		(unsigned long long)image->addresses, (unsigned long long)image->resolved,
		image->unverified ? "true" : "false");
	buf_member(b, "image", path.n ? path.p : "[unknown]");
	buf_member(b, "id", cp_profile_string(profile, row->build_id).p);
	buf_member(b, "status", status_words(image->status));
	buf_member(b, "from", image->file ? image->file : "");
	buf_member(b, "hint", image->hint ? image->hint : "");
	buf_char(b, '}');
}

void view_symbols(struct web *web, const struct request *request, struct answer_body *answer)
{
	const struct cp_symbol_report *report;
	struct buf data = {0};
	struct job job;

	if (!job_begin(&job, web, request, answer)) {
		job_release(&job);
		return;
	}
	report = job.loaded->report;
	buf_str(&data, "{\"images\":[");
	for (size_t i = 0; report && i < cp_symbol_report_count(report); i++) {
		buf_str(&data, i ? "," : "");
		add_image(&data, job.loaded->profile, cp_symbol_report_image(report, i));
	}
	buf_str(&data, "]}");
	job_page(&job, "symbols", "symbols", NULL, &data);
	buf_release(&data);
	job_release(&job);
}
