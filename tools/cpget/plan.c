/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c: how many captures, of what, how long, and where they go; checked beforehand. */
#include "cpget/cpget.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A series is as long as its steps; kinds without a length are looked at once a step. */
double cpget_seconds(const struct cpget *self, const struct job *job)
{
	const char *path = job->kind ? fetch_kind_path(job->kind) : "profile";

	if (self->fetch.seconds > 0 || !(self->every > 0))
		return self->fetch.seconds;
	if (!job->kind && strstr(job->url, "seconds="))
		return 0;
	return !strcmp(path, "profile") || !strcmp(path, "trace") ? self->every : 0;
}

/* Go takes 30 s for what is no whole number, and says nothing; only traces are split. */
static int check_seconds(struct cpget *self, size_t job)
{
	double seconds = cpget_seconds(self, &self->jobs[job]);
	const char *kind = self->jobs[job].kind;

	if (seconds == floor(seconds) || (kind && !strcmp(kind, "trace")))
		return TOOL_GO;
	return tool_usage(
		self->tool, "--seconds is a whole number for servers, not %g", seconds);
}

size_t cpget_rounds(const struct cpget *self)
{
	double n = self->repeat ? (double)self->repeat : self->every > 0 ? 1e9 : 1;

	if (self->span > 0)
		n = fmin(n, ceil(self->span / self->every - 1e-9));
	return (size_t)n;
}

/* URLs times kinds. */
static bool list_jobs(struct cpget *self)
{
	const struct opt_list *urls = &self->tool->options.inputs,
			      *kinds = &self->fetch.kinds;
	size_t per = kinds->n ? kinds->n : 1;

	self->jobs = calloc(urls->n * per, sizeof *self->jobs);
	if (!self->jobs)
		return false;
	for (size_t i = 0; i < urls->n * per; i++)
		self->jobs[i] = (struct job){
			urls->v[i / per], kinds->n ? kinds->v[i % per] : NULL};
	self->n_jobs = urls->n * per;
	return true;
}

static int check_series(struct cpget *self)
{
	struct tool *tool = self->tool;

	if ((self->every_given && !(self->every > 0)) ||
		(self->span_given && !(self->span > 0)) ||
		(self->repeat_given && self->repeat <= 0))
		return tool_usage(tool,
			"--every, --for and --repeat are numbers above 0, as in --every "
			"10 --for 60");
	if (self->span > 0 && !(self->every > 0))
		return tool_usage(tool, "--for N goes with --every N");
	if (self->span > 0 && self->span < self->every)
		return tool_usage(tool, "--for %g is shorter than --every %g", self->span,
			self->every);
	if (self->every > 0 && self->fetch.seconds > self->every)
		return tool_usage(tool, "--seconds %g does not fit into --every %g",
			self->fetch.seconds, self->every);
	return TOOL_GO;
}

/* -o names one file: the only capture, or what all are merged into. */
static int check_output(struct cpget *self)
{
	const char *output = self->tool->options.output;
	struct stat st;
	bool one = self->n_jobs == 1 && cpget_rounds(self) == 1, merged = true, stream;

	if (!output)
		return TOOL_GO;
	stream = !strcmp(output, "-") || (!stat(output, &st) && !S_ISREG(st.st_mode));
	for (size_t i = 0; i < self->n_jobs; i++)
		merged &= cpget_merges(self, i) &&
			  (self->n_jobs == 1 || (self->merge && self->fetch.kinds.n < 2));
	if (!one && !merged)
		return tool_usage(self->tool, "-o is for one file, and here are several: "
					      "--dir FOLDER, or --merge");
	if (self->dir && one)
		return tool_usage(self->tool, "-o and --dir do not go together");
	if (stream && self->json)
		return tool_usage(
			self->tool, "--json and -o - would mix on standard output");
	if (!strcmp(output, "-") && isatty(STDOUT_FILENO)) {
		ui_error(&self->tool->ui, NULL,
			"binary output is not written to a terminal; use -o FILE");
		return TOOL_USAGE;
	}
	self->streamed = one && stream;
	if (self->streamed)
		self->place = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	else if (one)
		self->file = output;
	return TOOL_GO;
}

int cpget_plan(struct cpget *self)
{
	int status = check_series(self);

	if (status == TOOL_GO && !list_jobs(self)) {
		ui_error(&self->tool->ui, NULL, "out of memory");
		status = TOOL_SYSTEM;
	}
	for (size_t i = 0; status == TOOL_GO && i < self->n_jobs; i++)
		status = check_seconds(self, i);
	return status == TOOL_GO ? check_output(self) : status;
}
