/* SPDX-License-Identifier: Apache-2.0 */
/* cpmerge: which files, how much each weighs, which labels they get. */
#include <stdlib.h>
#include <string.h>

#include "cpmerge.h"

/* Memory ended; nothing else is said about it. */
int cpmerge_no_memory(struct tool *tool)
{
	ui_error(&tool->ui, NULL, "out of memory");
	return TOOL_SYSTEM;
}

/* Names of a file become inputs. */
static int add_list(struct tool *tool, const char *path, int end)
{
	/* As it is asked for: --files-from -0 is what find -print0 pipes in. */
	if (!strcmp(path, "-0"))
		return tool_read_list(tool, "-", 0, &tool->options.inputs);
	return tool_read_list(tool, path, end, &tool->options.inputs);
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

double cpmerge_weight(const struct cpmerge *self, const char *path)
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

int cpmerge_labels(struct tool *tool, struct cpmerge *self)
{
	self->label = calloc(self->labels.n + 1, sizeof *self->label);
	if (!self->label)
		return cpmerge_no_memory(tool);
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

int cpmerge_inputs(struct tool *tool, struct cpmerge *self)
{
	int status = TOOL_GO;

	for (size_t i = 0; i < self->lists.n && status == TOOL_GO; i++) {
		const char *list = self->lists.v[i], *output = tool->options.output;

		if (output && strcmp(list, "-") && strcmp(output, "-") &&
			file_same(list, output))
			return tool_usage(
				tool, "the output (%s) is the list of inputs", output);
		status = add_list(tool, list, self->nul ? 0 : '\n');
	}
	if (status == TOOL_GO)
		status = add_weighted(tool, self);
	if (status == TOOL_GO && self->lists.n && !tool->options.inputs.n)
		return tool_usage(tool, "the list of files is empty");
	/* A partition without profiles is a stream that ends at once. */
	if (status == TOOL_GO && cpmerge_streams_in(self) && !tool->options.inputs.n)
		opt_list_add(&tool->options.inputs, "-");
	return status == TOOL_GO ? tool_take_inputs(tool, &self->symbols.binaries)
				 : status;
}
