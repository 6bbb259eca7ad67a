/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles written in the formats of the table, to a program's function. */
#include "api/context.h"

#include <errno.h>
#include <stdio.h>

#include <cp/filter.h>
#include <cp/report.h>

#include "model/cost.h"
#include "view/summary/summary.h"

static enum cp_code hand_on(void *arg, const void *bytes, size_t n, struct cp_error *err)
{
	struct cpi_target *target = arg;

	errno = target->fn(target->arg, bytes, n);
	return errno ? cpi_error_system(err, "write the output", NULL) : CP_OK;
}

void cpi_target_sink(struct cpi_sink *sink, struct cpi_env *env,
	struct cpi_target *target, const struct cp_profile *p)
{
	cpi_sink_callback(sink, &env->mem, hand_on, target);
	sink->most = p ? cpi_profile_output_limit(env, p) : env->limits.output;
}

/*
 * Formats that are views of a profile: written by view/, so format/ cannot know them. One
 * that is read as well stands in format/table.c, without a writer.
 */
static const struct cp_format views[] = {
	{
		.name = "dot",
		.description = "the call graph for Graphviz, as pprof trims it",
		.extensions = ".dot .gv",
		.losses = "small functions and calls, stacks, labels, all sample types "
			  "but one",
		.writes = true,
	},
	{
		.name = "markdown",
		.description = "a summary on at most 8 KiB, for a chat or an agent: total, "
			       "functions, paths, callers",
		.extensions = ".md .markdown",
		.losses = "everything but what it shows",
		.writes = true,
	},
};

enum { VIEWS = sizeof views / sizeof *views };

static enum cp_code write_view(struct cp_context *context,
	const struct cp_profile *profile, const char *view, const char *sample_type,
	cp_write_fn *fn, void *arg, struct cp_error *err)
{
	struct cp_report_options options = {.size = sizeof options,
		.sample_type = sample_type,
		.node_count = -1,
		.node_fraction = -1,
		.edge_fraction = -1};
	struct cp_filter_options filter = {.size = sizeof filter,
		.granularity = CP_BY_FUNCTION,
		.drop_frames = true};
	struct cp_profile *by_function = NULL;
	char shown[12];
	enum cp_code code = CP_OK;

	cpi_diag_begin(&context->env.diag);
	if (!sample_type || !*sample_type) {
		snprintf(shown, sizeof shown, "%u",
			cpi_profile_show_type(&context->env, profile));
		options.sample_type = sample_type = shown;
	}

	/* Callgrind wants lines and objects; the graph is one of functions. */
	if (!strcmp(view, "dot")) {
		code = cp_report_total(profile, sample_type, false, &options.total, err);
		options.total_given = true;
		if (!code)
			code = cp_profile_filter(
				context, profile, &filter, &by_function, err);
	}
	if (!code)
		code = cp_report_write(context, by_function ? by_function : profile, view,
			"text", &options, fn, arg, err);
	cp_profile_free(by_function);
	return cpi_diag_end(&context->env.diag, code, err);
}

/*
 * pprof and raw keep the expressions of frames to drop; whoever cannot keep them drops
 * the frames. *ret_pruned stays NULL where there is nothing to drop.
 */
static enum cp_code prune(struct cp_context *context, const struct cp_profile *profile,
	const char *format, struct cp_profile **ret_pruned, struct cp_error *err)
{
	struct cp_filter_options filter = {.size = sizeof filter,
		.granularity = CP_BY_ADDRESS,
		.drop_frames = true};

	if (!strcmp(format, "pprof") || !strcmp(format, "raw") ||
		!cp_profile_header(profile)->drop_frames.i)
		return CP_OK;
	return cp_profile_filter(context, profile, &filter, ret_pruned, err);
}

static enum cp_code write_summary(struct cp_context *context,
	const struct cp_profile *profile, const char *sample_type, cp_write_fn *fn, void *arg,
	struct cp_error *err)
{
	struct cpi_target target = {fn, arg};
	struct cpi_sink sink;
	char shown[12];
	enum cp_code code;

	cpi_diag_begin(&context->env.diag);
	if (!sample_type || !*sample_type) {
		snprintf(shown, sizeof shown, "%u",
			cpi_profile_show_type(&context->env, profile));
		sample_type = shown;
	}
	cpi_target_sink(&sink, &context->env, &target, profile);
	code = cpi_summary_write(&context->env, profile, sample_type, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return cpi_diag_end(&context->env.diag, code, err);
}

static bool is_view(const char *format, const struct cpi_format *row)
{
	for (size_t i = 0; i < VIEWS; i++)
		if (!strcmp(views[i].name, format))
			return true;
	return row && row->public.writes && !row->write;
}

static enum cp_code write_profile(struct cp_context *context,
	const struct cp_profile *profile, const char *format,
	const struct cp_write_options *options, cp_write_fn *fn, void *arg,
	struct cp_error *err)
{
	const struct cpi_format *row = cpi_format_find(format);
	struct cpi_target target = {fn, arg};
	struct cp_write_options full;
	struct cpi_sink sink;
	enum cp_code code = cpi_options_take(context, &full, sizeof full, options, err);

	if (code)
		return code;
	if (!strcmp(format, "markdown"))
		return write_summary(
			context, profile, full.sample_type, fn, arg, err);
	if (is_view(format, row))
		return write_view(
			context, profile, format, full.sample_type, fn, arg, err);
	if (!row || !row->write)
		return cpi_error(err, CP_ERROR_ARGUMENT, CP_NO_OFFSET,
			"\"%s\" is not a format libcp writes", format);
	cpi_diag_begin(&context->env.diag);
	cpi_target_sink(&sink, &context->env, &target, profile);
	code = row->write(&context->env, profile, &full, &sink, err);
	if (!code)
		code = cpi_sink_finish(&sink, err);
	cpi_sink_release(&sink);
	return cpi_diag_end(&context->env.diag, code, err);
}

enum cp_code cp_profile_write(struct cp_context *context,
	const struct cp_profile *profile, const char *format,
	const struct cp_write_options *options, cp_write_fn *fn, void *arg,
	struct cp_error *err)
{
	struct cp_profile *pruned = NULL;
	enum cp_code code = prune(context, profile, format, &pruned, err);

	if (!code)
		code = write_profile(context, pruned ? pruned : profile, format, options,
			fn, arg, err);
	cp_profile_free(pruned);
	return code;
}

const struct cp_format *cp_format_at(size_t i)
{
	size_t n = 0;

	while (cpi_formats[n])
		n++;
	if (i < n)
		return &cpi_formats[i]->public;
	return i - n < VIEWS ? &views[i - n] : NULL;
}
