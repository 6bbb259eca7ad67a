/* SPDX-License-Identifier: Apache-2.0 */
/* From an input to a profile, with names and unwound stacks. */
#include "api/adopt.h"
#include "api/context.h"
#include "api/unwind.h"
#include "symbolize/symbolize.h"

static enum cp_code unknown(const struct cp_input *input, struct cp_error *err)
{
	char what[200], start[48];
	struct cpi_bytes bytes = input->source.part[0];
	size_t n = bytes.n < 16 ? bytes.n : 16;

	if (!n)
		return cpi_error(err, CP_ERROR_TRUNCATED, 0, "the file is empty");
	if (cpi_format_other(&input->source, what, sizeof what))
		return cpi_error(err, CP_ERROR_FORMAT, CP_NO_OFFSET, "it is %s%s", what,
			input->utf16 ? " (in UTF-16, as PowerShell's > writes it: "
				       "binary profiles do not survive that)"
				     : "");
	return cpi_error(err, CP_ERROR_FORMAT, 0,
		"no supported format is recognised (it starts with \"%s\")",
		cpi_text_printable(start, sizeof start,
			(struct cp_text){(const char *)bytes.data, n}));
}

enum cp_code cp_profile_read(struct cp_context *context, struct cp_input *input,
	const struct cp_read_options *options,
	const struct cp_symbolize_options *symbolize, struct cp_profile **ret_profile,
	struct cp_error *err)
{
	const struct cpi_format *format;
	struct cp_read_options full;
	struct cp_symbolize_options names;
	struct cpi_unwinding *unwinding;
	struct cp_profile *profile = NULL;
	struct cp_symbol_report *report = NULL, **ret_report;
	struct cpi_diag *diag;
	enum cp_code shrank;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (!code)
		code = cpi_options_copy(&names, sizeof names, symbolize, err);
	if (code)
		return code;
	diag = &context->env.diag;
	format = cpi_format_detect(&input->source);
	ret_report = names.ret_report;
	if (!names.capture_dir && input->is_dir)
		names.capture_dir = input->name;
	if (!format)
		return unknown(input, err);
	code = cpi_unwinding_new(
		&context->env, &names, input->source.mtime, &unwinding, err);
	if (code)
		return code;
	input->source.bare = !symbolize;
	cpi_diag_begin(diag);
	code = format->read(&context->env, &input->source, &full,
		cpi_unwinding_get(unwinding), &profile, err);
	shrank = cpi_guard_check(&context->env.guard, input->name, err);
	cpi_unwinding_free(unwinding);
	code = shrank ? shrank : code;
	if (!code && symbolize)
		code = cpi_adopt_program(&context->env, &profile, &names, err);
	/* Before anybody else has it, the profile is completed where it is. */
	if (!code && symbolize)
		code = cpi_symbolize(&context->env, &profile, &names,
			ret_report ? &report : NULL, err);
	/* Zeros in place of what was cut off are damage, of which that is the cause. */
	shrank = cpi_guard_check(&context->env.guard, input->name, err);
	code = cpi_diag_end(diag, shrank ? shrank : code, err);
	cpi_input_blame(input, code, err);
	if (code) {
		cp_symbol_report_free(report);
		cp_profile_free(profile);
		return code;
	}
	*ret_profile = profile;
	if (ret_report && symbolize)
		*ret_report = report;
	return code;
}
