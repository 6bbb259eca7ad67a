/* SPDX-License-Identifier: Apache-2.0 */
/* Options that choose frames and samples. */
#include "common/filters.h"

#include <stdio.h>

static const char *const granularity_words[] = {
	[CP_BY_ADDRESS] = "addresses",
	[CP_BY_FUNCTION] = "functions",
	[CP_BY_FILEFUNCTION] = "filefunctions",
	[CP_BY_FILE] = "files",
	[CP_BY_LINE] = "lines",
	NULL,
};

const struct opt filter_rows[] = {
	OPT_STRING(struct filter_options, focus, "focus", 0, "REGEX",
		"samples with a frame that matches"),
	OPT_STRING(struct filter_options, ignore, "ignore", 0, "REGEX",
		"samples without a frame that matches"),
	OPT_STRING(struct filter_options, hide, "hide", 0, "REGEX",
		"leave out frames that match"),
	OPT_STRING(struct filter_options, show, "show", 0, "REGEX",
		"leave out frames that do not match"),
	OPT_STRING(struct filter_options, show_from, "show-from", 0, "REGEX",
		"leave out what calls the outermost frame that matches, and samples "
		"without "
		"one"),
	OPT_STRING(struct filter_options, prune_from, "prune-from", 0, "REGEX",
		"leave out what the innermost frame that matches calls"),
	OPT_STRING(struct filter_options, tagfocus, "tagfocus", 0, "[KEY=]REGEX",
		"samples with a label that matches; numbers: N, N:M, :M, N: with unit"),
	OPT_STRING(struct filter_options, tagignore, "tagignore", 0, "[KEY=]REGEX",
		"samples without a label that matches"),
	OPT_STRING(struct filter_options, tagshow, "tagshow", 0, "REGEX",
		"leave out labels whose key does not match"),
	OPT_STRING(struct filter_options, taghide, "taghide", 0, "REGEX",
		"leave out labels whose key matches"),
	OPT_STRING(struct filter_options, tagroot, "tagroot", 0, "KEY,...",
		"make these labels the root frames"),
	OPT_STRING(struct filter_options, tagleaf, "tagleaf", 0, "KEY,...",
		"make these labels the leaf frames"),
	OPT_STRING(struct filter_options, sample_index, "sample-index", 0, "TYPE",
		"which of a profile's values to use, by name or number"),
	OPT_WORD(struct filter_options, sample_index, "inuse-space", "inuse_space"),
	OPT_WORD(struct filter_options, sample_index, "inuse-objects", "inuse_objects"),
	OPT_WORD(struct filter_options, sample_index, "alloc-space", "alloc_space"),
	OPT_WORD(struct filter_options, sample_index, "alloc-objects", "alloc_objects"),
	OPT_WORD(struct filter_options, sample_index, "contentions", "contentions"),
	OPT_WORD(struct filter_options, sample_index, "total-delay", "delay"),
	OPT_WORD(struct filter_options, sample_index, "mean-delay", "mean_delay"),
	OPT_CHOICE(struct filter_options, granularity, "granularity", 0, "HOW",
		granularity_words,
		"what makes two frames one: functions, filefunctions, files, lines or "
		"addresses"),
	OPT_PRESET(struct filter_options, granularity, "functions", CP_BY_FUNCTION),
	OPT_PRESET(
		struct filter_options, granularity, "filefunctions", CP_BY_FILEFUNCTION),
	OPT_PRESET(struct filter_options, granularity, "files", CP_BY_FILE),
	OPT_PRESET(struct filter_options, granularity, "lines", CP_BY_LINE),
	OPT_PRESET(struct filter_options, granularity, "addresses", CP_BY_ADDRESS),
	OPT_FLAG(struct filter_options, noinlines, "noinlines", 0,
		"count inlined functions as part of the function they are in"),
	OPT_END,
};

void filter_options_get(const struct filter_options *o, enum cp_granularity granularity,
	struct cp_filter_options *ret)
{
	*ret = (struct cp_filter_options){
		.size = sizeof *ret,
		.focus = o->focus,
		.ignore = o->ignore,
		.hide = o->hide,
		.show = o->show,
		.show_from = o->show_from,
		.prune_from = o->prune_from,
		.tagfocus = o->tagfocus,
		.tagignore = o->tagignore,
		.tagshow = o->tagshow,
		.taghide = o->taghide,
		.tagroot = o->tagroot,
		.tagleaf = o->tagleaf,
		.sample_index = o->sample_index,
		.granularity = o->granularity == FILTER_GRANULARITY_DEFAULT
			? granularity
			: (enum cp_granularity)o->granularity,
		.noinlines = o->noinlines,
	};
}

void filter_options_lines(const struct filter_options *o, char text[][FILTER_LINE_ROOM],
	const char *ret[FILTER_LINES])
{
	const struct {
		const char *name, *value;
	} list[FILTER_LINES - 1] = {
		{"focus", o->focus},
		{"ignore", o->ignore},
		{"hide", o->hide},
		{"show", o->show},
		{"show_from", o->show_from},
		{"tagfocus", o->tagfocus},
		{"tagignore", o->tagignore},
		{"tagshow", o->tagshow},
		{"taghide", o->taghide},
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		if (!list[i].value || !*list[i].value)
			continue;
		snprintf(text[n], FILTER_LINE_ROOM, "%s=%s", list[i].name, list[i].value);
		ret[n] = text[n];
		n++;
	}
	ret[n] = NULL;
}

bool filter_options_idle(const struct cp_filter_options *o)
{
	return !o->focus && !o->ignore && !o->hide && !o->show && !o->show_from &&
		!o->prune_from && !o->tagfocus && !o->tagignore && !o->tagshow &&
		!o->taghide && !o->tagroot && !o->tagleaf && !o->sample_index &&
		o->granularity == CP_BY_ADDRESS && !o->noinlines && !o->drop_frames &&
		!o->divide_by && !(o->group_by && *o->group_by);
}

static int filter(struct tool *tool, const struct cp_filter_options *options,
	struct cp_profile **profile)
{
	struct cp_profile *filtered;
	struct cp_error err;

	if (filter_options_idle(options))
		return TOOL_GO;
	if (cp_profile_filter(tool->context, *profile, options, &filtered, &err))
		return tool_fail(tool, NULL, &err);
	cp_profile_free(*profile);
	*profile = filtered;
	cp_context_flush_diagnostics(tool->context);
	return TOOL_GO;
}

void tool_warn_empty(
	struct tool *tool, const char *where, const struct cp_profile *profile)
{
	if (!cp_profile_counts(profile).samples)
		ui_warn(&tool->ui, where ? tool_input_name(where) : NULL,
			"no sample is left");
}

int tool_filter(struct tool *tool, const struct cp_filter_options *options,
	const char *where, struct cp_profile **profile)
{
	int status = filter(tool, options, profile);

	if (status == TOOL_GO)
		tool_warn_empty(tool, where, *profile);
	return status;
}
