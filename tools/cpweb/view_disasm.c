/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions with what each cost. Code is read only from files whose build id is the
 * recorded one: a profile cannot make any other file be shown.
 */
#include <cp/disasm.h>

#include <stdlib.h>
#include <string.h>

#include "cpweb/view.h"

static bool write_disasm(
	struct job *job, const char *format, cp_write_fn *fn, struct buf *out)
{
	struct cp_report_options report;
	struct cp_disasm_options options = {.size = sizeof options,
		.report = &report,
		.symbols = job->web->symbolize,
		.intel = request_yes(job->request->value[P_ASSEMBLY])};
	struct cp_disasm *disasm = NULL;
	struct cp_error err;
	enum cp_code code;

	job_report_options(job, &report);
	code = cp_disasm_new(job->context, job->profile, &options, &disasm, &err);
	if (!code)
		code = cp_disasm_write(disasm, format, fn, out, &err);
	cp_disasm_free(disasm);
	cp_context_flush_diagnostics(job->context);
	if (code)
		job_fail(job, &err);
	return !code;
}

void view_disasm(
	struct web *web, const struct request *request, struct answer_body *answer)
{
	const char *to = request->value[P_FORMAT];
	bool text = to && !strcmp(to, "text"), json = to && !strcmp(to, "json");
	struct buf data = {0};
	struct job job;

	if (job_begin(&job, web, request, answer)) {
		bool ok = job_filter(&job, CP_BY_ADDRESS, true) &&
			  request->value[P_PATTERN] &&
			  write_disasm(&job, text ? "text" : "json",
				  text || json ? buf_write : buf_write_json, &data);

		answer->body.failed |= data.failed;
		if (!ok)
			data.n = 0;
		if (ok && (text || json)) {
			buf_add(&answer->body, data.p, data.n);
			answer->type =
				text ? "text/plain; charset=utf-8" : "application/json";
			answer->save_as = strdup(text ? "disasm.txt" : "disasm.json");
		} else {
			job_page(&job, "disasm", "instructions", NULL, &data);
		}
	}
	job_release(&job);
	buf_release(&data);
}
