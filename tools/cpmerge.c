/* SPDX-License-Identifier: Apache-2.0 */
/* cpmerge: many profiles into one. */
#include <stdlib.h>
#include <string.h>

#include "common/answer.h"
#include "cpmerge.h"
#include "cpmerge_stream.h"

static const char *const type_words[] = {
	[CP_MERGE_INTERSECT] = "intersect", [CP_MERGE_UNION] = "union", NULL};

static const char *const twice_words[] = {
	[TWICE_COUNT] = "count", [TWICE_SKIP] = "skip", NULL};

static const struct opt rows[] = {
	OPT_LIST(struct cpmerge, lists, "files-from", 0, "FILE",
		"also read the files named in FILE, one a line; '-' is standard input, "
		"'-0' the same with names that end in NUL"),
	OPT_FLAG(struct cpmerge, nul, "null", '0',
		"names in --files-from end in NUL, as find -print0 writes them"),
	OPT_MAYBE(struct cpmerge, delimited, "delimited", 0, "WAY",
		"inputs are streams of profiles that each follow their length (a varint, "
		"as protobuf's writeDelimitedTo writes it), and so is standard output; "
		"=in or =out: only these"),
	OPT_LIST(struct cpmerge, labels, "label", 0, "KEY=VALUE",
		"label all samples; replaces a label of that key; repeatable"),
	OPT_STRING(struct cpmerge, label_file_name, "label-file-name", 0, "KEY",
		"label samples with the name of the file they come from"),
	OPT_LIST(struct cpmerge, weights, "weight", 0, "N:FILE",
		"multiply the values of FILE by N; -1 subtracts it; FILE need not be "
		"named again"),
	OPT_CHOICE(struct cpmerge, types, "types", 0, "WHICH", type_words,
		"intersect (the sample types that all inputs have) or union (all; 0 "
		"where one "
		"has none)"),
	OPT_FLAG(struct cpmerge, pgo, "pgo", 0,
		"for profile-guided optimisation: no labels, no addresses of named "
		"functions"),
	OPT_FLAG(struct cpmerge, canonical, "canonical", 0,
		"the same bytes whatever the order of the inputs"),
	OPT_INT(struct cpmerge, max_stacks, "max-stacks", 0, "N",
		"keep the N largest stacks; the rest is one row, (other)"),
	OPT_FLAG(struct cpmerge, skip_bad, "skip-bad", 0,
		"leave out inputs that cannot be read or do not go with the others; a "
		"comment in the result counts them"),
	OPT_STRING(struct cpmerge, skipped_file, "skipped", 0, "FILE",
		"list what was left out, and why, in FILE, as JSON; implies --skip-bad"),
	OPT_STRING(struct cpmerge, max_bad, "max-bad", 0, "N%",
		"fail when more than N% of the inputs (or N of them) are bad; implies "
		"--skip-bad"),
	OPT_CHOICE(struct cpmerge, twice, "duplicates", 0, "WHAT", twice_words,
		"what to do with bytes that were there before, as a task leaves that ran "
		"twice: count (and say so) or skip"),
	OPT_INT(struct cpmerge, level, "level", 0, "N",
		"pprof: compression from 1 (fast) to 12 (small); 0 writes it "
		"uncompressed",
		.seen = offsetof(struct cpmerge, level_seen)),
	OPT_END,
};

static const char examples[] =
	"  cpmerge a.pb.gz b.pb.gz -o all.pb.gz           add up two profiles\n"
	"  cpmerge *.pb.gz --label-file-name host -o all.pb.gz\n"
	"  find . -name '*.pprof' | cpmerge --files-from - --skip-bad -o all.pb.gz\n"
	"  tar c runs | cpmerge - --skipped bad.json --max-bad 5% -o all.pb.gz\n"
	"  cat shards/* | cpmerge --delimited >part       a step of a pipeline\n"
	"  cpmerge cpu/*.pb.gz --pgo -o default.pgo       for go build\n"
	"  cpmerge after.pb.gz --weight -1:before.pb.gz -o change.pb.gz\n";

/* A partition may be empty; its answer is empty then. */
static bool nothing_came(const struct cpmerge *self)
{
	return cpmerge_streams_in(self) && !self->skipped.inputs;
}

static int merge_all(
	struct tool *tool, struct cpmerge *self, const struct cp_read_options *read)
{
	struct cp_merge_options options = {
		.size = sizeof options,
		.types = (enum cp_merge_types)self->types,
		.pgo = self->pgo,
		.pprof_compat = self->capture.pprof_compat,
		.canonical = self->canonical,
		.max_stacks = (uint32_t)self->max_stacks,
	};
	struct cp_filter_options filter;
	struct cp_merge *merge;
	struct cp_error err;
	int status;

	if (cp_merge_new(tool->context, &options, &self->merge, &err))
		return tool_fail(tool, NULL, &err);
	status = cpmerge_add(tool, self, read);
	if (status != TOOL_GO || nothing_came(self))
		return status;
	merge = self->merge;
	self->merge = NULL;
	if (cp_merge_finish(merge, &self->result, &err))
		return tool_fail(tool, NULL, &err);
	filter_options_get(&self->filters, CP_BY_ADDRESS, &filter);
	return tool_filter(tool, &filter, NULL, &self->result);
}

/* Whether the answer is a message: on standard output, unless its name says otherwise. */
static bool streams_out(const struct tool *tool, const struct cpmerge *self)
{
	const char *output = tool->options.output;

	if (!self->delimited || !strcmp(self->delimited, "in"))
		return false;
	return !strcmp(self->delimited, "out") || !output || !strcmp(output, "-");
}

/* A whole message in memory, whose length comes first. */
static int write_message(void *arg, const void *bytes, size_t n)
{
	FILE *f = arg;

	return fwrite(bytes, 1, n, f) == n ? 0 : 5; /* EIO */
}

static int send_message(struct tool *tool, const struct cp_profile *profile,
	const char *format, const struct cp_write_options *options)
{
	char *text = NULL;
	size_t n = 0;
	uint8_t length[10];
	struct cp_error err;
	FILE *f = open_memstream(&text, &n);
	enum cp_code code;

	if (!f)
		return cpmerge_no_memory(tool);
	code = cp_profile_write(
		tool->context, profile, format, options, write_message, f, &err);
	if (fclose(f) && !code) {
		free(text);
		return cpmerge_no_memory(tool);
	}
	if (!code) {
		out_write(&tool->out, length, stream_length(n, length));
		out_write(&tool->out, text, n);
	}
	free(text);
	return code ? tool_fail(tool, tool->options.output, &err) : TOOL_GO;
}

static int write_result(
	struct tool *tool, const struct cpmerge *self, const struct cp_format *format)
{
	bool message = streams_out(tool, self);
	struct cp_write_options options = {
		.size = sizeof options,
		/* Whoever reads messages expects the protobuf itself. */
		.level = !self->level_seen ? (message ? -1 : 0)
			 : self->level     ? (int)self->level
					   : -1,
		.perf_compat = self->capture.perf_compat,
		.sample_type = self->filters.sample_index,
	};
	struct cp_error err;
	int status;

	progress_start(&tool->progress, "writing");
	if (!self->result && message)
		return tool_commit_output(tool);
	if (!self->result) {
		ui_error(&tool->ui, NULL, "no profile came: the stream is empty");
		return TOOL_UNREADABLE;
	}
	if (message) {
		status = send_message(tool, self->result, format->name, &options);
		return status == TOOL_GO ? tool_commit_output(tool) : status;
	}
	if (cp_profile_write(tool->context, self->result, format->name, &options,
		    out_write, &tool->out, &err))
		return tool_fail(tool, tool->options.output, &err);
	return tool_commit_output(tool);
}

static int check_options(struct tool *tool, struct cpmerge *self)
{
	static const char *const ways[] = {"", "in", "out", NULL};
	struct most_bad most;

	if (self->level_seen && (self->level < 0 || self->level > 12))
		return tool_usage(tool, "--level is a number from 0 to 12");
	if (self->max_stacks < 0 || self->max_stacks > INT32_MAX)
		return tool_usage(tool, "--max-stacks is a number of stacks");
	if (self->delimited && opt_choice(ways, self->delimited) < 0)
		return tool_usage(tool, "--delimited is =in or =out, or has no value");
	if (self->max_bad && !most_bad_parse(self->max_bad, &most))
		return tool_usage(
			tool, "--max-bad: '%s' is neither N nor N%%", self->max_bad);
	self->skip_bad |= self->max_bad || self->skipped_file;
	return TOOL_GO;
}

/* The list of what was left out is written before the answer, and must not be its file.
 */
static int check_files(struct tool *tool, const struct cpmerge *self)
{
	const char *output = tool->options.output, *list = self->skipped_file;
	const struct opt_list *inputs = &tool->options.inputs;

	if (!list)
		return TOOL_GO;
	if (!strcmp(output ? output : "-", list) || (output && file_same(output, list)))
		return tool_usage(
			tool, "--skipped and the output are one file (%s)", list);
	for (size_t i = 0; i < inputs->n; i++)
		if (strcmp(inputs->v[i], "-") && file_same(inputs->v[i], list))
			return tool_usage(tool, "--skipped is an input (%s)", list);
	return TOOL_GO;
}

static const struct cp_format *output_format(
	struct tool *tool, const struct cpmerge *self)
{
	const char *output = tool->options.output;
	const struct cp_format *format;

	/* A message's file may be called anything. */
	if (streams_out(tool, self) && !tool->options.to)
		tool->options.output = NULL;
	format = tool_output_format(tool, "pprof");
	tool->options.output = output;
	return format;
}

static int merge(struct tool *tool, struct cpmerge *self)
{
	struct cp_read_options read;
	const struct cp_format *format;
	int status = check_options(tool, self);

	if (status == TOOL_GO)
		status = capture_options_get(tool, &self->capture, &read);
	if (status == TOOL_GO)
		status = cpmerge_inputs(tool, self);
	if (status == TOOL_GO)
		status = cpmerge_labels(tool, self);
	if (status == TOOL_GO)
		status = check_files(tool, self);
	if (status != TOOL_GO)
		return status;
	format = output_format(tool, self);
	if (!format)
		return TOOL_USAGE;
	status = tool_open_output(tool, format->binary);
	if (status == TOOL_GO)
		status = merge_all(tool, self, &read);
	return status == TOOL_GO ? write_result(tool, self, format) : status;
}

int main(int argc, char **argv)
{
	struct cpmerge self = {.filters = FILTER_OPTIONS_INIT};
	struct tool tool = {
		.name = "cpmerge",
		.summary = "merge profiles",
		.examples = examples,
		.usage = "[OPTION...] INPUT... [-o OUTPUT]",
	};
	const struct opt_group groups[] = {
		{"Merging", rows, &self},
		OPT_GROUP_SYMBOLS(&self.symbols),
		OPT_GROUP_CAPTURE(&self.capture),
		OPT_GROUP_FILTERS(&self.filters),
		OPT_GROUP_COMMON(&tool),
		{0},
	};
	int status;

	tool.groups = groups;
	status = tool_begin(&tool, argc, argv);
	if (status == TOOL_GO)
		status = merge(&tool, &self);
	cp_merge_free(self.merge);
	skipped_release(&self.skipped);
	duplicates_free(self.duplicates);
	cp_profile_free(self.result);
	free(self.label);
	symbol_options_release(&self.symbols);
	capture_options_release(&self.capture);
	return tool_end(&tool, status);
}
