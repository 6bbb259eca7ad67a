/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPGET_CPGET_H
#define CPGET_CPGET_H

/* What the parts of cpget know of each other. */

#include "common/main.h"
#include "common/options.h"
#include "fetch/fetch.h"
#include "fetch/options.h"
#include "fetch/target.h"

/* One kind of profile of one URL, taken once or in a series. */
struct job {
	const char *url, *kind; /* kind NULL: as the URL says */
};

/* One capture of a job, and what became of it. */
struct taken {
	size_t job;
	struct fetch_capture *capture; /* NULL: it could not be started */
	struct fetch_progress progress;
	bool told; /* how long it takes */
	bool reported;
};

/* Captures that were merged into one. */
struct merged {
	size_t job;
	char *file;
	size_t of;
};

struct cpget {
	struct fetch_options fetch;
	struct symbol_options symbols;
	const char *dir;
	double every, span;
	int64_t repeat;
	bool json, merge, merge_given, every_given, span_given, repeat_given;

	/* Filled while it runs. */
	struct tool *tool;
	struct fetch *loop;
	struct cp_symbolize_options symbolize;
	struct job *jobs;
	size_t n_jobs;
	struct taken **taken; /* in order of their start */
	size_t n_taken;
	struct merged *merged;
	size_t n_merged;
	const char *file, *place; /* of captures: -o's file or a folder */
	bool streamed;            /* -o is no regular file: it gets a copy */
	bool finished;            /* all rounds ran; no signal cut them short */
	int worst;                /* enum tool_status */
};

/* A capture that holds what was wanted. */
bool cpget_is_good(const struct taken *taken);
/* The file to open: with names where the answer had none. */
const char *cpget_file(const struct taken *taken);

/* plan.c: fills jobs, file and place. TOOL_GO, or the exit status after saying why. */
int cpget_plan(struct cpget *self);
size_t cpget_rounds(const struct cpget *self);
/* The length that a job's captures are asked for; 0: the server's own. */
double cpget_seconds(const struct cpget *self, const struct job *job);

/* show.c: one line that is drawn over, while captures run. */
void cpget_show(struct cpget *self);

/* merge.c: what belongs together becomes one file. The exit status, or TOOL_GO. */
int cpget_merge(struct cpget *self);
/* One series each, or with --merge all hosts' captures of one kind. */
bool cpget_belongs(const struct cpget *self, size_t job, size_t other);
/* Whether captures of a job are merged at the end. */
bool cpget_merges(const struct cpget *self, size_t job);

/* answer.c: the names of the files, or --json. The exit status. */
int cpget_answer(struct cpget *self);

#endif
