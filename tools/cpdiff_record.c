/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpdiff record -n 5 -- A -- B: records two commands by turns with perf, A B B A A B …,
 * so that what drifts in the machine hits both sides alike, and compares the captures.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpdiff.h"

enum { MOST_RUNS = 99, MOST_WORDS = 64, DEFAULT_RUNS = 5 };
static const char default_options[] = "-F 999 -g";

/* First line of a small file of the kernel's; false when there is none. */
static bool line_of(const char *path, char line[64])
{
	FILE *f = fopen(path, "r");
	bool fine = f && fgets(line, 64, f);

	if (f)
		fclose(f);
	if (fine)
		line[strcspn(line, "\n")] = 0;
	return fine;
}

/* What makes runs of one program differ, as far as the machine tells. */
static void warn_of_machine(struct tool *tool)
{
	static const struct {
		const char *path, *good, *what;
	} facts[] = {
		{"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance",
			"the processor's frequency follows its load"},
		{"/sys/devices/system/cpu/intel_pstate/no_turbo", "1",
			"turbo is on: speed depends on heat and on neighbours"},
		{"/sys/devices/system/cpu/cpufreq/boost", "0",
			"boost is on: speed depends on heat and on neighbours"},
		{"/proc/sys/kernel/randomize_va_space", "0",
			"addresses are random (setarch -R avoids it): layouts differ"},
	};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	char line[64];

	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		if (line_of(facts[i].path, line) && strcmp(line, facts[i].good))
			ui_warn(&tool->ui, NULL, "%s (%s is %s)", facts[i].what,
				facts[i].path, line);
	if (line_of("/proc/loadavg", line) && strtod(line, NULL) > (double)processors / 2)
		ui_warn(&tool->ui, NULL,
			"the machine is busy: a load of %.1f on %ld processors",
			strtod(line, NULL), processors);
}

/* Words of `text` at its spaces, behind those that are there. */
static size_t split(char *text, char **words, size_t n)
{
	char *word, *rest = text;

	while ((word = strsep(&rest, " ")) && n < MOST_WORDS)
		if (*word)
			words[n++] = word;
	return n;
}

/*
 * Waits for perf. Ctrl-C is meant for it and for what it runs; it ends them, and we still
 * have captures to remove.
 */
static int wait_for(pid_t child)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
	int status = 0;

	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	return status;
}

/* Runs `command` under perf; what it says goes to stderr, for stdout is the answer. */
static int run(struct tool *tool, const struct cpdiff *self, const char *const *command,
	size_t n, const char *path)
{
	char *options =
		strdup(self->record_options ? self->record_options : default_options);
	char **words = calloc(MOST_WORDS + n + 8, sizeof *words);
	size_t at = 0;
	int status;
	pid_t child = -1;

	if (options && words) {
		words[at++] = (char *)"perf";
		words[at++] = (char *)"record";
		words[at++] = (char *)"-q";
		at = split(options, words, at);
		words[at++] = (char *)"-o";
		words[at++] = (char *)path;
		words[at++] = (char *)"--";
		for (size_t i = 0; i < n; i++)
			words[at++] = (char *)command[i];
		child = fork();
	}
	if (!child) {
		dup2(2, 1);
		execvp("perf", words);
		_exit(127);
	}
	free(options);
	free(words);
	if (child < 0) {
		ui_error(&tool->ui, NULL, "no process for perf: %s", strerror(errno));
		return TOOL_SYSTEM;
	}
	status = wait_for(child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		ui_error(&tool->ui, NULL, "perf, or %s, cannot be run", command[0]);
	else if (!WIFEXITED(status) || WEXITSTATUS(status))
		ui_error(&tool->ui, NULL, "%s failed under perf: status %d", command[0],
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	else
		return TOOL_GO;
	return TOOL_UNREADABLE;
}

/* The two commands among the operands: A -- B. */
static int commands(struct tool *tool, const struct opt_list *operands, size_t *ret_split)
{
	size_t at = 0;

	while (at < operands->n && strcmp(operands->v[at], "--"))
		at++;
	if (!at || at + 1 >= operands->n)
		return tool_usage(tool, "record takes two commands: -- A… -- B…");
	*ret_split = at;
	return TOOL_GO;
}

static int record_all(struct tool *tool, struct cpdiff *self,
	const struct opt_list *operands, const char *folder, size_t middle, size_t runs)
{
	int status = TOOL_GO;

	for (size_t i = 0; i < 2 * runs && status == TOOL_GO; i++) {
		int side = (int)((i + 1) / 2 % 2); /* A B B A A B … */
		char *path;

		if (asprintf(&path, "%s/%s-%02zu.data", folder, side ? "after" : "before",
			    i / 2 + 1) < 0)
			return TOOL_SYSTEM;
		status = side ? run(tool, self, operands->v + middle + 1,
					operands->n - middle - 1, path)
			      : run(tool, self, operands->v, middle, path);
		opt_list_add_copy(&self->side[side], path);
		free(path);
	}
	return status;
}

int cpdiff_record(struct tool *tool, struct cpdiff *self)
{
	struct opt_list *operands = &tool->options.inputs;
	size_t middle = 0, runs = self->rows_seen ? (size_t)self->rows : DEFAULT_RUNS;
	int status = commands(tool, operands, &middle);

	if (status != TOOL_GO)
		return status;
	if (self->side[0].n || self->side[1].n || self->base || self->series.n ||
		self->calibrate.n)
		return tool_usage(tool, "record makes the captures itself");
	if (!runs || runs > MOST_RUNS)
		return tool_usage(tool, "record -n takes 1 to %d runs a side", MOST_RUNS);
	self->rows_seen = false;
	self->rows = 0;
	if (self->keep && mkdir(self->keep, 0777) && errno != EEXIST) {
		ui_error(&tool->ui, self->keep, "%s", strerror(errno));
		return TOOL_SYSTEM;
	}
	if (!self->keep) {
		const char *place = getenv("TMPDIR");

		snprintf(self->folder, sizeof self->folder, "%s/cpdiff-XXXXXX",
			place && *place ? place : "/tmp");
		if (!mkdtemp(self->folder)) {
			ui_error(&tool->ui, self->folder, "%s", strerror(errno));
			*self->folder = 0;
			return TOOL_SYSTEM;
		}
	}
	warn_of_machine(tool);
	status = record_all(tool, self, operands, self->keep ? self->keep : self->folder,
		middle, runs);
	operands->n = 0;
	return status;
}

void cpdiff_record_release(struct cpdiff *self)
{
	for (int side = 0; *self->folder && side < 2; side++)
		for (size_t i = 0; i < self->side[side].n; i++)
			unlink(self->side[side].v[i]);
	if (*self->folder)
		rmdir(self->folder);
}
