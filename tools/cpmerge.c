/* SPDX-License-Identifier: Apache-2.0 */
/* cpmerge: many profiles into one. */
#include <cp/merge.h>

#include <stdlib.h>
#include <string.h>

#include "common/answer.h"
#include "common/filters.h"
#include "common/main.h"
#include "common/options.h"
#include "cpmerge_ahead.h"

struct cpmerge {
	struct symbol_options symbols;
	struct capture_options capture;
	struct filter_options filters;
	struct opt_list labels, weights, lists;
	const char *label_file_name;
	int types; /* enum cp_merge_types */
	bool pgo, skip_bad;
	int64_t level;
	bool level_seen;

	struct cp_merge_label *label; /* the last one is the file's name, if asked for */
	size_t n_labels;
	struct cp_merge *merge;
	struct cp_profile *result;
	size_t skipped;
};

static const char *const type_words[] = {
	[CP_MERGE_INTERSECT] = "intersect", [CP_MERGE_UNION] = "union", NULL};

static const struct opt rows[] = {
	OPT_LIST(struct cpmerge, lists, "files-from", 0, "FILE",
		"also read the files named in FILE, one a line; '-' is standard input"),
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
	OPT_FLAG(struct cpmerge, skip_bad, "skip-bad", 0,
		"leave out inputs that cannot be read or do not go with the others"),
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
	"  cpmerge cpu/*.pb.gz --pgo -o default.pgo       for go build\n"
	"  cpmerge after.pb.gz --weight -1:before.pb.gz -o change.pb.gz\n";

/* Memory ended; nothing else is said about it. */
static int no_memory(struct tool *tool)
{
	ui_error(&tool->ui, NULL, "out of memory");
	return TOOL_SYSTEM;
}

/* Lines of a file become inputs; the text stays allocated in the list. */
static int add_list(struct tool *tool, const char *path)
{
	struct opt_list *inputs = &tool->options.inputs;
	FILE *f = strcmp(path, "-") ? fopen(path, "r") : stdin;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int status = TOOL_GO;

	if (!f) {
		ui_error(&tool->ui, path, "cannot be opened");
		return TOOL_UNREADABLE;
	}
	while (status == TOOL_GO && (n = getline(&line, &room, f)) > 0) {
		char **owned;

		while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = 0;
		if (!n)
			continue;
		owned = realloc(inputs->owned, (inputs->n_owned + 1) * sizeof *owned);
		if (!owned || (inputs->owned = owned,
				      !(owned[inputs->n_owned] = strdup(line)))) {
			status = no_memory(tool);
			break;
		}
		opt_list_add(inputs, owned[inputs->n_owned++]);
	}
	free(line);
	if (f != stdin)
		fclose(f);
	return status;
}

/* "N:FILE"; the file is an input even if it is not named a second time. */
static bool split_weight(const char *text, double *ret_weight, const char **ret_file)
{
	char *end;

	*ret_weight = strtod(text, &end);
	*ret_file = end + 1;
	return end != text && *end == ':' && end[1] && *ret_weight == *ret_weight;
}

static int add_weighted(struct tool *tool, const struct cpmerge *self)
{
	struct opt_list *inputs = &tool->options.inputs;

	for (size_t i = 0; i < self->weights.n; i++) {
		const char *file;
		double weight;
		size_t k = 0;

		if (!split_weight(self->weights.v[i], &weight, &file) || weight == 0)
			return tool_usage(tool,
				"--weight: '%s' is not N:FILE with a number N other "
				"than 0",
				self->weights.v[i]);
		while (k < inputs->n && strcmp(inputs->v[k], file))
			k++;
		if (k == inputs->n)
			opt_list_add(inputs, file);
	}
	return TOOL_GO;
}

static double weight_of(const struct cpmerge *self, const char *path)
{
	for (size_t i = 0; i < self->weights.n; i++) {
		const char *file;
		double weight;

		if (split_weight(self->weights.v[i], &weight, &file) &&
			!strcmp(file, path))
			return weight;
	}
	return 1;
}

static int split_labels(struct tool *tool, struct cpmerge *self)
{
	self->label = calloc(self->labels.n + 1, sizeof *self->label);
	if (!self->label)
		return no_memory(tool);
	for (size_t i = 0; i < self->labels.n; i++) {
		/* The list's own copy is cut at the sign. */
		char *text = (char *)self->labels.v[i], *sign = strchr(text, '=');

		if (!sign || sign == text || !sign[1])
			return tool_usage(tool, "--label: '%s' is not KEY=VALUE", text);
		*sign = 0;
		self->label[self->n_labels++] =
			(struct cp_merge_label){.key = text, .value = sign + 1};
	}
	if (self->label_file_name && *self->label_file_name)
		self->label[self->n_labels++].key = self->label_file_name;
	return TOOL_GO;
}

static int collect_inputs(struct tool *tool, struct cpmerge *self)
{
	int status = TOOL_GO;

	for (size_t i = 0; i < self->lists.n && status == TOOL_GO; i++) {
		const char *list = self->lists.v[i], *output = tool->options.output;

		if (output && strcmp(list, "-") && strcmp(output, "-") &&
			file_same(list, output))
			return tool_usage(
				tool, "the output (%s) is the list of inputs", output);
		status = add_list(tool, list);
	}
	if (status == TOOL_GO)
		status = add_weighted(tool, self);
	if (status == TOOL_GO && self->lists.n && !tool->options.inputs.n)
		return tool_usage(tool, "the list of files is empty");
	return status == TOOL_GO ? tool_take_inputs(tool, &self->symbols.binaries)
				 : status;
}

static int add_profile(struct tool *tool, struct cpmerge *self, const char *path,
	const struct cp_profile *profile)
{
	struct cp_merge_input input = {
		.size = sizeof input,
		.labels = self->label,
		.n_labels = self->n_labels,
		.weight = weight_of(self, path),
	};
	struct cp_error err;

	if (self->label_file_name && *self->label_file_name)
		self->label[self->n_labels - 1].value = path;
	if (!cp_merge_add(self->merge, profile, &input, &err))
		return TOOL_GO;
	return tool_fail_input(tool, path, &err);
}

static int add_all(struct tool *tool, struct cpmerge *self, struct ahead *ahead,
	const struct cp_read_options *read, const struct cp_symbolize_options *symbolize)
{
	const struct opt_list *inputs = &tool->options.inputs;
	int status = TOOL_GO;

	for (size_t i = 0; i < inputs->n && status == TOOL_GO; i++) {
		struct cp_profile *profile = NULL;

		status = ahead ? ahead_next(ahead, &profile)
			       : tool_read(tool, inputs->v[i], read, symbolize, &profile);
		if (status == TOOL_GO)
			status = add_profile(tool, self, inputs->v[i], profile);
		cp_profile_free(profile);
		if (status == TOOL_UNREADABLE && self->skip_bad) {
			self->skipped++;
			status = TOOL_GO;
		}
	}
	return status;
}

static int add_inputs(
	struct tool *tool, struct cpmerge *self, const struct cp_read_options *read)
{
	const struct opt_list *inputs = &tool->options.inputs;
	struct cp_symbolize_options symbolize;
	const struct cp_symbolize_options *use;
	struct ahead *ahead;
	int status = symbol_options_get(tool, &self->symbols, &symbolize, &use);

	symbolize.perf_compat = self->capture.perf_compat;
	if (status != TOOL_GO)
		return status;
	progress_start(&tool->progress, "merging");
	ahead = ahead_new(tool, read, use);
	status = add_all(tool, self, ahead, read, use);
	ahead_free(ahead);
	if (status == TOOL_GO && self->skipped)
		ui_warn(&tool->ui, NULL, "%zu of %zu inputs skipped", self->skipped,
			inputs->n);
	if (status == TOOL_GO && self->skipped == inputs->n)
		return TOOL_UNREADABLE;
	return status;
}

static int merge_all(
	struct tool *tool, struct cpmerge *self, const struct cp_read_options *read)
{
	struct cp_merge_options options = {
		.size = sizeof options,
		.types = (enum cp_merge_types)self->types,
		.pgo = self->pgo,
		.pprof_compat = self->capture.pprof_compat,
	};
	struct cp_filter_options filter;
	struct cp_merge *merge;
	struct cp_error err;
	int status;

	if (cp_merge_new(tool->context, &options, &self->merge, &err))
		return tool_fail(tool, NULL, &err);
	status = add_inputs(tool, self, read);
	if (status != TOOL_GO)
		return status;
	merge = self->merge;
	self->merge = NULL;
	if (cp_merge_finish(merge, &self->result, &err))
		return tool_fail(tool, NULL, &err);
	filter_options_get(&self->filters, CP_BY_ADDRESS, &filter);
	return tool_filter(tool, &filter, NULL, &self->result);
}

static int write_result(
	struct tool *tool, const struct cpmerge *self, const struct cp_format *format)
{
	struct cp_write_options options = {
		.size = sizeof options,
		.level = !self->level_seen ? 0
			 : self->level     ? (int)self->level
					   : -1,
		.perf_compat = self->capture.perf_compat,
		.sample_type = self->filters.sample_index,
	};
	struct cp_error err;

	progress_start(&tool->progress, "writing");
	if (cp_profile_write(tool->context, self->result, format->name, &options,
		    out_write, &tool->out, &err))
		return tool_fail(tool, tool->options.output, &err);
	return tool_commit_output(tool);
}

static int merge(struct tool *tool, struct cpmerge *self)
{
	struct cp_read_options read;
	const struct cp_format *format;
	int status = capture_options_get(tool, &self->capture, &read);

	if (status == TOOL_GO)
		status = collect_inputs(tool, self);
	if (status == TOOL_GO)
		status = split_labels(tool, self);
	if (status != TOOL_GO)
		return status;
	if (self->level_seen && (self->level < 0 || self->level > 12))
		return tool_usage(tool, "--level is a number from 0 to 12");
	format = tool_output_format(tool, "pprof");
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
	cp_profile_free(self.result);
	free(self.label);
	symbol_options_release(&self.symbols);
	capture_options_release(&self.capture);
	return tool_end(&tool, status);
}
