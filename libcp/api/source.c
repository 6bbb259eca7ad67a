/* SPDX-License-Identifier: Apache-2.0 */
/* Source lines with what each cost, for programs. */
#include "api/context.h"
#include "view/source/source.h"

struct cp_source {
	struct cpi_listing source;
};

enum cp_code cp_source_new(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_source_options *options, struct cp_source **ret_source,
	struct cp_error *err)
{
	struct cp_source_options full;
	struct cp_report_options report;
	struct cp_source *source;
	struct cpi_listing *s;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (!code)
		code = cpi_options_copy(&report, sizeof report, full.report, err);
	if (code)
		return code;
	source = cpi_alloc_zero(&context->env.mem, sizeof *source);
	if (!source)
		return cpi_error_memory(err);
	s = &source->source;
	s->env = &context->env;
	s->p = profile;
	cpi_arena_init(&s->bytes, &context->env.mem);
	s->options = full;
	s->report = report;
	code = cpi_source_make(s, &context->env, profile, err);
	if (code)
		cp_source_free(source);
	else
		*ret_source = source;
	return code;
}

const struct cp_source_rows *cp_source_rows(const struct cp_source *source)
{
	return &source->source.rows;
}

enum cp_code cp_source_write(const struct cp_source *source, const char *format,
	cp_write_fn *fn, void *arg, struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	struct cpi_sink sink;
	enum cp_code code;

	cpi_target_sink(&sink, source->source.env, &target, NULL);
	code = cpi_source_write(&source->source, format, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return code;
}

void cp_source_free(struct cp_source *source)
{
	struct cpi_mem *mem;

	if (!source)
		return;
	mem = &source->source.env->mem;
	cpi_source_release(&source->source);
	cpi_free(mem, source, sizeof *source);
}
