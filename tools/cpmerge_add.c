/* SPDX-License-Identifier: Apache-2.0 */
/* cpmerge: one input after the other; what cannot be used is told, left out and counted.
 */
#include <inttypes.h>
#include <string.h>

#include "cpmerge.h"
#include "cpmerge_ahead.h"
#include "cpmerge_stream.h"

/* Inputs that were there before and are named one by one. */
enum { MOST_NOTES = 3 };

/* How inputs are read, and where we are. */
struct adding {
	struct tool *tool;
	struct cpmerge *self;
	const struct cp_read_options *read;
	const struct cp_symbolize_options *symbolize;
	struct ahead *ahead;
	size_t at;                      /* of the inputs named */
	const struct stream_item *item; /* of that input; NULL: it is one profile */
};

static const char *path_of(const struct adding *a)
{
	return a->tool->options.inputs.v[a->at];
}

/* What the profile is called in messages: a file, "FILE:MEMBER" or "FILE#3". */
static const char *name_of(const struct adding *a, char *buf, size_t size)
{
	const char *file = tool_input_name(path_of(a));

	if (!a->item)
		return file;
	if (a->item->name)
		snprintf(buf, size, "%s:%s", file, a->item->name);
	else
		snprintf(buf, size, "%s#%" PRIu64, file, a->item->number);
	return buf;
}

static int add_profile(const struct adding *a, const struct cp_profile *profile)
{
	struct cpmerge *self = a->self;
	struct cp_merge_input input = {
		.size = sizeof input,
		.labels = self->label,
		.n_labels = self->n_labels,
		.weight = cpmerge_weight(self, path_of(a)),
	};
	char name[4200];
	struct cp_error err;

	if (self->label_file_name && *self->label_file_name)
		self->label[self->n_labels - 1].value =
			!a->item        ? path_of(a)
			: a->item->name ? a->item->name
					: name_of(a, name, sizeof name);
	if (!cp_merge_add(self->merge, profile, &input, &err))
		return TOOL_GO;
	return tool_fail_input(a->tool, name_of(a, name, sizeof name), &err);
}

/* The word for why an input is left out. */
static const char *reason(enum cp_code code)
{
	switch (code) {
	case CP_ERROR_SYSTEM:
		return "missing";
	case CP_ERROR_ARGUMENT:
		return "incompatible";
	default:
		return cp_code_name(code);
	}
}

static void leave_out(const struct adding *a, const char *why, const char *text)
{
	const struct stream_item *item = a->item;

	skipped_add(&a->self->skipped, path_of(a), item ? item->name : NULL,
		item ? item->number : 0, why, text);
}

/* Goes on behind an input that is bad, if that is asked for. */
static int judge(const struct adding *a, int status)
{
	if (status != TOOL_UNREADABLE || !a->self->skip_bad)
		return status;
	leave_out(a, reason(a->tool->failure), a->tool->failed);
	return TOOL_GO;
}

/* Copies are common among files that somebody names, and a mistake among tasks' answers.
 */
static void say_twice(const struct adding *a, const char *before)
{
	struct cpmerge *self = a->self;
	char name[4200], line[4400];

	snprintf(line, sizeof line,
		"the same bytes as %s, counted once more (--duplicates skip)", before);
	if (!a->item && !self->skipped_file && !self->max_bad)
		ui_verbose(&a->tool->ui, name_of(a, name, sizeof name), "%s", line);
	else if (self->n_duplicates++ < MOST_NOTES)
		ui_note(&a->tool->ui, name_of(a, name, sizeof name), "%s", line);
}

/* Whether the same bytes were there before; then it is said, and left out if asked for.
 */
static bool twice(const struct adding *a)
{
	struct cpmerge *self = a->self;
	uint64_t number = (uint64_t)a->at << 32 | (a->item ? a->item->number : 0), had;
	const char *other;
	char before[4200];

	if (!self->duplicates)
		return false;
	had = a->item ? duplicates_bytes(
				self->duplicates, a->item->bytes, a->item->n, number)
		      : duplicates_file(self->duplicates, path_of(a), number);
	if (had == UINT64_MAX)
		return false;
	other = tool_input_name(a->tool->options.inputs.v[had >> 32]);
	snprintf(before, sizeof before, (uint32_t)had ? "%s#%" PRIu32 : "%s", other,
		(uint32_t)had);
	if (self->twice == TWICE_SKIP) {
		char text[4300];

		snprintf(text, sizeof text, "the same bytes as %s", before);
		leave_out(a, "duplicate", text);
		self->skipped.duplicates++;
		return true;
	}
	/* A file that is named twice is meant twice. */
	if (a->item || !file_same(path_of(a), other))
		say_twice(a, before);
	return false;
}

static int add_item(struct adding *a)
{
	struct cp_profile *profile = NULL;
	char name[4200];
	int status;

	if (twice(a))
		return TOOL_GO;
	status = tool_read_memory(a->tool, name_of(a, name, sizeof name), a->item->bytes,
		a->item->n, a->read, a->symbolize, &profile);
	if (status == TOOL_GO)
		status = add_profile(a, profile);
	cp_profile_free(profile);
	return judge(a, status);
}

/* What one stream may have in memory at a time. */
static uint64_t most_bytes(const struct tool *tool)
{
	const uint64_t most = (uint64_t)16 << 30;
	uint64_t limit = tool->options.memory_limit;

	return limit && limit < most ? limit : most;
}

/* The stream itself is bad: where it broke, and nothing behind that, can be told. */
static int bad_stream(struct adding *a, const struct cp_error *err)
{
	const struct stream_item broken = {.number = err->record};
	int status = tool_fail_input(a->tool, tool_input_name(path_of(a)), err);

	if (err->code == CP_ERROR_SYSTEM)
		status = TOOL_UNREADABLE;
	a->self->skipped.inputs++;
	a->item = err->record == CP_NO_RECORD ? NULL : &broken;
	status = judge(a, status);
	a->item = NULL;
	return status;
}

static int add_stream(struct adding *a, enum stream_kind kind)
{
	struct cp_error err;
	struct stream *stream = stream_open(path_of(a), kind, most_bytes(a->tool), &err);
	enum stream_step step = STREAM_BAD;
	int status = TOOL_GO;

	while (stream && status == TOOL_GO) {
		struct stream_item item;

		step = stream_next(stream, &item, &err);
		if (step != STREAM_ITEM)
			break;
		a->self->skipped.inputs++;
		a->item = &item;
		status = add_item(a);
		a->item = NULL;
	}
	stream_free(stream);
	return status == TOOL_GO && step == STREAM_BAD ? bad_stream(a, &err) : status;
}

static int add_file(struct adding *a)
{
	struct cp_profile *profile = NULL;
	bool archive = false;
	int status = TOOL_GO;

	if (a->ahead)
		status = ahead_next(a->ahead, &profile, &archive);
	else
		archive = stream_is_tar(path_of(a));
	if (archive)
		return add_stream(a, STREAM_TAR);
	a->self->skipped.inputs++;
	if (twice(a)) {
		cp_profile_free(profile);
		return TOOL_GO;
	}
	if (!a->ahead)
		status = tool_read(a->tool, path_of(a), a->read, a->symbolize, &profile);
	if (status == TOOL_GO)
		status = add_profile(a, profile);
	cp_profile_free(profile);
	return judge(a, status);
}

static int add_all(struct adding *a)
{
	int status = TOOL_GO;

	for (; a->at < a->tool->options.inputs.n && status == TOOL_GO; a->at++)
		status = cpmerge_streams_in(a->self) ? add_stream(a, STREAM_DELIMITED)
						     : add_file(a);
	return status;
}

static int settle(struct tool *tool, struct cpmerge *self)
{
	struct most_bad most = {false, false, 0};
	struct skipped *skipped = &self->skipped;
	int status = TOOL_GO;

	if (self->n_duplicates > MOST_NOTES)
		ui_note(&tool->ui, NULL,
			"%" PRIu64
			" more inputs have the bytes of others and are counted, "
			"too",
			self->n_duplicates - MOST_NOTES);
	if (self->max_bad)
		most_bad_parse(self->max_bad, &most);
	if (self->skipped_file)
		status = skipped_write(tool, skipped, self->skipped_file);
	if (status == TOOL_GO && skipped->n)
		ui_warn(&tool->ui, NULL, "%zu of %" PRIu64 " inputs skipped", skipped->n,
			skipped->inputs);
	if (status == TOOL_GO)
		status = skipped_judge(tool, skipped, &most);
	if (status == TOOL_GO && skipped->n && skipped->n == skipped->inputs)
		return TOOL_UNREADABLE;
	return status == TOOL_GO ? skipped_tell(tool, skipped, self->merge) : status;
}

int cpmerge_add(
	struct tool *tool, struct cpmerge *self, const struct cp_read_options *read)
{
	struct adding a = {.tool = tool, .self = self, .read = read};
	struct cp_symbolize_options symbolize;
	int status = symbol_options_get(tool, &self->symbols, &symbolize, &a.symbolize);

	symbolize.perf_compat = self->capture.perf_compat;
	if (status != TOOL_GO)
		return status;
	progress_start(&tool->progress, "merging");
	self->duplicates = duplicates_new(&tool->options.inputs);
	if (!cpmerge_streams_in(self))
		a.ahead = ahead_new(tool, read, a.symbolize);
	status = add_all(&a);
	ahead_free(a.ahead);
	return status == TOOL_GO ? settle(tool, self) : status;
}
