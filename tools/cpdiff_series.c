/* SPDX-License-Identifier: Apache-2.0 */
/* Change points over captures in order: --series. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cpdiff.h"

static const char *capture_name(const struct cpdiff *self, size_t i)
{
	const char *slash = strrchr(self->series.v[i], '/');

	return slash && slash[1] ? slash + 1 : self->series.v[i];
}

/* "1.30 (1.25 … 1.35)", a drift's whole way, or a word. */
static void ratio_text(char text[64], const struct cp_series_step *s)
{
	if (isinf(s->ratio) || s->ratio == 0)
		snprintf(text, 64, "%s", s->ratio == 0 ? "gone" : "new");
	else if (s->drift)
		snprintf(text, 64, "%.2f", s->ratio);
	else
		snprintf(text, 64, "%.2f (%.2f … %.2f)", s->ratio, s->ratio_lo,
			s->ratio_hi);
}

static void text(
	struct tool *tool, const struct cpdiff *self, const struct cp_series *series)
{
	char name[256], at[128], ratio[64];

	out_printf(&tool->out,
		"%zu captures, %zu functions and the total tested: %zu change%s\n",
		cp_series_captures(series), cp_series_tested(series) - 1,
		cp_series_count(series), cp_series_count(series) == 1 ? "" : "s");
	if (cp_series_count(series))
		out_printf(&tool->out, "\n%-6s %4s  %-18s %8s  %s\n", "", "at",
			"ratio (95 %)", "p", "function, first capture");
	for (size_t i = 0; i < cp_series_count(series); i++) {
		const struct cp_series_step *s = cp_series_step(series, i);

		out_printf(&tool->out, "%-6s %4zu  ", s->drift ? "drift" : "step",
			s->at + 1);
		ratio_text(ratio, s);
		/* The dots are one column and three bytes. */
		out_printf(&tool->out, "%-*s %8.1e  %s, %s\n",
			strchr(ratio, '(') ? 20 : 18, ratio, s->p,
			s->name.n ? ui_escape(name, sizeof name, s->name.p) : "the total",
			ui_escape(at, sizeof at, capture_name(self, s->at)));
	}
}

/* JSON has no infinity: null, as in other answers. */
static void json_ratio(struct tool *tool, const char *name, double ratio)
{
	if (isfinite(ratio))
		out_printf(&tool->out, ", \"%s\": %.6g", name, ratio);
	else
		out_printf(&tool->out, ", \"%s\": null", name);
}

static void json(
	struct tool *tool, const struct cpdiff *self, const struct cp_series *series)
{
	out_printf(&tool->out,
		"{\n  \"schema\": \"libcp.series\",\n  \"version\": 1,\n  \"captures\": "
		"%zu,\n"
		"  \"tested\": %zu,\n  \"changes\": [",
		cp_series_captures(series), cp_series_tested(series));
	for (size_t i = 0; i < cp_series_count(series); i++) {
		const struct cp_series_step *s = cp_series_step(series, i);

		out_printf(&tool->out,
			"%s\n    {\"kind\": \"%s\", \"function\": ", i ? "," : "",
			s->drift ? "drift" : "step");
		if (s->name.n)
			out_json_text(&tool->out, s->name.p);
		else
			out_printf(&tool->out, "null");
		out_printf(&tool->out, ", \"at\": %zu, \"capture\": ", s->at + 1);
		out_json_text(&tool->out, self->series.v[s->at]);
		json_ratio(tool, "ratio", s->ratio);
		json_ratio(tool, "ratio_low", s->ratio_lo);
		json_ratio(tool, "ratio_high", s->ratio_hi);
		out_printf(&tool->out, ", \"p_adjusted\": %.6g}", s->p);
	}
	out_printf(&tool->out, "\n  ]\n}\n");
}

static void markdown(
	struct tool *tool, const struct cpdiff *self, const struct cp_series *series)
{
	out_printf(&tool->out, "**%zu captures: %zu changes**\n\n",
		cp_series_captures(series), cp_series_count(series));
	if (!cp_series_count(series))
		return;
	out_printf(&tool->out, "| kind | at | ratio (95 %%) | function | capture |\n"
			       "|---|--:|--:|---|---|\n");
	for (size_t i = 0; i < cp_series_count(series); i++) {
		const struct cp_series_step *s = cp_series_step(series, i);
		char name[256], at[128], ratio[64];

		ui_escape(name, sizeof name, s->name.n ? s->name.p : "the total");
		ui_escape(at, sizeof at, capture_name(self, s->at));
		for (char *p = name; *p; p++)
			*p = *p == '`' || *p == '|' ? '\'' : *p;
		for (char *p = at; *p; p++)
			*p = *p == '`' || *p == '|' ? '\'' : *p;
		ratio_text(ratio, s);
		out_printf(&tool->out, "| %s | %zu | %s | `%s` | `%s` |\n",
			s->drift ? "drift" : "step", s->at + 1, ratio, name, at);
	}
}

static int add_all(struct tool *tool, struct cpdiff *self, struct cp_diff *diff)
{
	for (size_t i = 0; i < self->series.n; i++) {
		struct cp_profile *profile;
		struct cp_error err;
		enum cp_code code;
		int status = cpdiff_read(tool, self, self->series.v[i], &profile);

		if (status != TOOL_GO)
			return status;
		cpdiff_compare_captures(tool, self, self->series.v[i], profile);
		code = cp_diff_add(diff, CP_BEFORE, profile, NULL, &err);
		cp_profile_free(profile);
		if (code)
			return tool_fail(tool, self->series.v[i], &err);
	}
	return TOOL_GO;
}

int cpdiff_series(struct tool *tool, struct cpdiff *self)
{
	const char *format = cpdiff_format(tool, self);
	const struct cp_series *series;
	struct cp_diff *diff;
	struct cp_error err;
	int status;

	if (!format)
		return TOOL_USAGE;
	if (strcmp(format, "text") && strcmp(format, "json") &&
		strcmp(format, "markdown"))
		return tool_usage(tool, "--series is written as text, markdown or json");
	status = tool_open_output(tool, false);
	if (status != TOOL_GO)
		return status;
	if (cp_diff_new(tool->context, &self->options, &diff, &err))
		return tool_fail(tool, NULL, &err);
	status = add_all(tool, self, diff);
	if (status == TOOL_GO && cp_diff_series(diff, &series, &err))
		status = tool_fail(tool, NULL, &err);
	if (status == TOOL_GO) {
		(*format == 't'          ? text
			: *format == 'j' ? json
					 : markdown)(tool, self, series);
		status = tool_commit_output(tool);
	}
	cp_diff_free(diff);
	return status;
}
