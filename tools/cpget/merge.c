/* SPDX-License-Identifier: Apache-2.0 */
/* merge.c: the captures of a series, or of all hosts, as one profile. */
#include "cpget/cpget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cp/merge.h>

#include "fetch/keep.h"
#include "fetch/note.h"
#include "fetch/store.h"

/*
 * A series of CPU profiles, or of changes, adds up to the whole span; one of snapshots
 * would count each byte as often as it was looked at.
 */
bool cpget_merges(const struct cpget *self, size_t job)
{
	const struct job *j = &self->jobs[job];
	bool cpu = !j->kind || !strcmp(fetch_kind_path(j->kind), "profile");

	if (j->kind && !strcmp(j->kind, "trace"))
		return false;
	if (self->merge_given)
		return self->merge;
	return (self->every > 0 || self->repeat > 1) && (cpu || self->fetch.seconds > 0);
}

bool cpget_belongs(const struct cpget *self, size_t job, size_t other)
{
	const char *a = self->jobs[job].kind, *b = self->jobs[other].kind;

	return job == other || (self->merge && (a == b || (a && b && !strcmp(a, b))));
}

static int add(struct cpget *self, struct cp_merge *merge, const char *file)
{
	struct cp_profile *profile;
	struct cp_error err;
	int status = tool_read(self->tool, file, NULL, NULL, &profile);

	if (status != TOOL_GO)
		return status;
	if (cp_merge_add(merge, profile, NULL, &err))
		status = tool_fail_input(self->tool, file, &err);
	cp_profile_free(profile);
	return status;
}

/* Under -o's name, else a free one in the folder of the captures. */
static int write_merged(struct cpget *self, const struct cp_profile *profile,
	const char *beside, char **ret_file)
{
	const char *output = self->tool->options.output, *slash = strrchr(beside, '/');
	char *prefix = fetch_profile_prefix(profile), *file = NULL, *dir = NULL;
	char message[400];
	struct cp_error err;
	struct out out;
	int status = TOOL_SYSTEM;

	if (output)
		file = strdup(output);
	else if (asprintf(&file, "%s.merged", beside) < 0)
		file = NULL;
	dir = strndup(beside, slash ? (size_t)(slash + 1 - beside) : 0);
	if (!prefix || !file || !dir ||
		!out_open(&out, file, true, message, sizeof message)) {
		ui_error(&self->tool->ui, NULL, "%s", file ? message : "out of memory");
	} else if (cp_profile_write(self->tool->context, profile, "pprof", NULL,
			   out_write, &out, &err)) {
		out_discard(&out);
		status = tool_fail(self->tool, file, &err);
	} else if (!out_commit(&out, message, sizeof message)) {
		ui_error(&self->tool->ui, NULL, "%s", message);
	} else {
		char *named = NULL, *full = NULL;

		if (!output && asprintf(&full, "%smerged.", prefix) >= 0)
			named = fetch_store_move(file, dir, full, ".pb.gz");
		free(full);
		/* What cannot be renamed stays under the name it has. */
		*ret_file = named ? named : strdup(file);
		status = TOOL_GO;
	}
	free(prefix);
	free(file);
	free(dir);
	return status;
}

/* With --dir: what the merged file is, beside it. */
static int write_note(struct cpget *self, const struct merged *m)
{
	struct fetch_capture **parts = calloc(m->of, sizeof(struct fetch_capture *));
	char message[400] = "out of memory";
	size_t n = 0;
	bool ok;

	for (size_t i = 0; parts && i < self->n_taken; i++)
		if (cpget_is_good(self->taken[i]) &&
			cpget_belongs(self, m->job, self->taken[i]->job))
			parts[n++] = self->taken[i]->capture;
	ok = parts && fetch_note_write_merged(m->file, parts, n, message, sizeof message);
	free(parts);
	if (ok)
		return TOOL_GO;
	ui_error(&self->tool->ui, NULL, "%s", message);
	return TOOL_SYSTEM;
}

static int merge_group(struct cpget *self, size_t job)
{
	struct merged *m = &self->merged[self->n_merged];
	struct cp_profile *profile;
	struct cp_merge *merge;
	struct cp_error err;
	const char *first = NULL;
	int status = TOOL_GO;

	*m = (struct merged){.job = job};
	if (cp_merge_new(self->tool->context, NULL, &merge, &err))
		return tool_fail(self->tool, NULL, &err);
	for (size_t i = 0; status == TOOL_GO && i < self->n_taken; i++) {
		const struct taken *t = self->taken[i];

		if (!cpget_is_good(t) || !cpget_belongs(self, job, t->job))
			continue;
		status = add(self, merge, cpget_file(t));
		first = first ? first : cpget_file(t);
		m->of++;
	}
	if (status != TOOL_GO || !m->of) {
		cp_merge_free(merge);
		return status;
	}
	if (cp_merge_finish(merge, &profile, &err))
		return tool_fail(self->tool, NULL, &err);
	status = write_merged(self, profile, first, &m->file);
	cp_profile_free(profile);
	self->n_merged += status == TOOL_GO;
	return status == TOOL_GO && self->dir && !self->tool->options.output
		       ? write_note(self, m)
		       : status;
}

int cpget_merge(struct cpget *self)
{
	int status = TOOL_GO;

	self->merged = calloc(self->n_jobs, sizeof *self->merged);
	if (!self->merged)
		return TOOL_SYSTEM;
	for (size_t job = 0; status == TOOL_GO && job < self->n_jobs; job++) {
		bool led = false;

		for (size_t before = 0; before < job; before++)
			led |= cpget_belongs(self, job, before);
		if (!led && cpget_merges(self, job))
			status = merge_group(self, job);
	}
	return status;
}
