/* SPDX-License-Identifier: Apache-2.0 */
/* What an input holds and lacks, for programs. */
#include <cp/info.h>

#include "api/context.h"
#include "view/info/info.h"

enum cp_code cp_profile_diagnose(struct cp_context *context,
	const struct cp_profile *profile, const struct cp_symbol_report *report,
	cp_finding_fn *fn, void *arg, struct cp_error *err)
{
	(void)context;
	(void)err;
	cpi_diagnose(profile, report, fn, arg);
	return CP_OK;
}

/* What a reader can make of the input; a failure is part of the answer, not its end. */
static void read_profile(struct cp_context *context, struct cp_input *input,
	const struct cp_symbolize_options *symbolize, struct cp_profile **ret_profile,
	struct cp_symbol_report **ret_report, struct cp_error *why)
{
	struct cp_symbolize_options names;

	why->code = cpi_options_copy(&names, sizeof names, symbolize, why);
	if (why->code)
		return;
	names.ret_report = ret_report;
	if (symbolize)
		symbolize = &names;
	if (cp_profile_read(context, input, NULL, symbolize, ret_profile, why))
		*ret_profile = NULL;
	else
		why->code = CP_OK;
}

/*
 * Quietly: the profile is read from the same records, and says what is wrong with
 * them.
 */
static enum cp_code read_perf(struct cpi_env *env, struct cp_input *input,
	struct perf_info **ret_perf, struct cp_error *why)
{
	enum cp_code code;

	cpi_diag_mute(&env->diag, true);
	code = perf_info_read(env, &input->source, ret_perf, why);
	cpi_diag_mute(&env->diag, false);
	return code;
}

/* Problems that keep the answer itself from being given. */
static bool fatal(enum cp_code code)
{
	return code == CP_ERROR_MEMORY || code == CP_ERROR_SYSTEM ||
	       code == CP_ERROR_ARGUMENT || code == CP_ERROR_CANCELLED ||
	       code == CP_ERROR_CHANGED;
}

static enum cp_code write_info(struct cp_context *context, struct cp_input *input,
	const struct cp_symbolize_options *symbolize, const char *format,
	bool *ret_damaged, cp_write_fn *fn, void *arg, struct cp_error *err)
{
	struct cpi_env *env = &context->env;
	struct cpi_info info = {
		.env = env, .name = input->name, .format = cp_input_format(input)};
	struct cpi_target target = {fn, arg};
	struct perf_info *perf = NULL;
	struct cp_profile *profile = NULL;
	struct cp_symbol_report *report = NULL;
	struct cp_error why = {0};
	struct cpi_sink sink;
	uint64_t warnings = env->diag.total;
	char reason[400];
	enum cp_code code = CP_OK;

	if (strcmp(format, "text") && strcmp(format, "json"))
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"information is written as text or json, not as \"%.20s\"",
			format);
	if (info.format && !strcmp(info.format, "perf.data"))
		code = read_perf(env, input, &perf, &why);
	if (!code)
		read_profile(context, input, symbolize, &profile, &report, &why);
	if (fatal(why.code) || (!profile && !perf)) {
		if (err)
			*err = why;
		perf_info_free(perf);
		return why.code;
	}
	for (unsigned i = 0; i < input->source.n_parts; i++) {
		info.bytes += input->source.part[i].n;
		info.bytes_in += input->file_bytes[i];
	}
	info.perf = perf;
	info.p = profile;
	info.report = report;
	info.damaged = (perf && perf->damaged) ||
		       (why.code && why.code != CP_ERROR_EMPTY &&
			       why.code != CP_ERROR_UNSUPPORTED) ||
		       (!perf && env->diag.total > warnings) || input->warnings;
	if (why.code) {
		cp_error_format(&why, reason, sizeof reason);
		info.unreadable = reason;
	}
	code = cpi_info_init(&info, err);
	if (!code) {
		cpi_target_sink(&sink, env, &target, profile);
		(strcmp(format, "json") ? cpi_info_text : cpi_info_json)(&info, &sink);
		code = cpi_sink_finish(&sink, err);
		cpi_sink_release(&sink);
		cpi_info_release(&info);
	}
	*ret_damaged = info.damaged;
	cp_symbol_report_free(report);
	cp_profile_free(profile);
	perf_info_free(perf);
	return code;
}

enum cp_code cp_info_write(struct cp_context *context, struct cp_input *input,
	const struct cp_symbolize_options *symbolize, const char *format,
	bool *ret_damaged, cp_write_fn *fn, void *arg, struct cp_error *err)
{
	enum cp_code code = cpi_context_check(context, err);

	if (code)
		return code;
	cpi_diag_begin(&context->env.diag);
	code = write_info(context, input, symbolize, format, ret_damaged, fn, arg, err);
	code = cpi_diag_end(&context->env.diag, code, err);
	cpi_input_blame(input, code, err);
	return code;
}
