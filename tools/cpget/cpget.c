/* SPDX-License-Identifier: Apache-2.0 */
/* cpget: takes profiles from running services, and keeps them. */
#include "cpget/cpget.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fetch/keep.h"
#include "fetch/note.h"

static const struct opt rows[] = {
	OPT_STRING(struct cpget, dir, "dir", 0, "FOLDER",
		"keep captures in FOLDER, which is made, each with a FILE.json beside it "
		"that says where it comes from; cpweb FOLDER lists them"),
	OPT_REAL(struct cpget, every, "every", 0, "N",
		"a series: a capture each N seconds, N seconds long without --seconds, "
		"each "
		"kept when it is finished, merged at the end",
		.seen = offsetof(struct cpget, every_given)),
	OPT_REAL(struct cpget, span, "for", 0, "N",
		"end the series after N seconds (default: at Ctrl-C)",
		.seen = offsetof(struct cpget, span_given)),
	OPT_INT(struct cpget, repeat, "repeat", 0, "N",
		"N captures, one after another, or as --every says",
		.seen = offsetof(struct cpget, repeat_given)),
	OPT_FLAG(struct cpget, merge, "merge", 0,
		"merge the captures of all URLs, kind by kind; --no-merge: nor those of "
		"a "
		"series",
		.seen = offsetof(struct cpget, merge_given)),
	OPT_FLAG(struct cpget, json, "json", 0,
		"print what became of each capture, with a stable reason code"),
	OPT_END,
};

static const char examples[] =
	"  cpget localhost:6060                 CPU, as long as the service likes\n"
	"  cpflame \"$(cpget -seconds 10 :6060)\" >flame.svg\n"
	"  cpget --kind heap,goroutine localhost:6060\n"
	"  cpget --every 10 --for 60 --dir runs localhost:6060\n"
	"  cpget --merge -seconds 30 web1:6060 web2:6060 web3:6060\n"
	"  cpget --bearer-file token https://node:10250/debug/pprof/heap\n"
	"  cpget unix:/run/containerd/debug.sock\n";

static const char notes[] =
	"URLs are host:port, host/path, http://…, https://…, https+insecure://… and\n"
	"unix:/path.sock[:/path]. Only names of files go to stdout. When no profile\n"
	"comes, one sentence says why and what to do, and the status is 3.\n";

/* The loop that a signal ends; set while there is one. */
static struct fetch *volatile running;
static volatile sig_atomic_t signalled;

static void on_signal(int sig)
{
	struct fetch *loop = running;

	signalled = sig;
	if (loop)
		fetch_cancel_all(loop);
}

/* The second one ends us at once. */
static void watch_signals(void)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND},
			 old;

	for (size_t i = 0; i < sizeof sigs / sizeof *sigs; i++)
		if (!sigaction(sigs[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(sigs[i], &act, NULL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Each capture has a socket and a file. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

static int status_of(enum fetch_reason reason)
{
	switch (reason) {
	case FETCH_OK:
	case FETCH_IDLE:
	case FETCH_NO_SYMBOLS:
		return TOOL_DONE;
	case FETCH_USAGE:
		return TOOL_USAGE;
	case FETCH_STORAGE:
	case FETCH_SYSTEM:
	case FETCH_TOO_LARGE:
	case FETCH_BOMB:
		return TOOL_SYSTEM;
	default:
		return TOOL_UNREADABLE;
	}
}

static void note_progress(const struct fetch_progress *progress, void *arg)
{
	struct taken *t = arg;

	t->progress = *progress;
}

/* Seconds after which somebody waits. */
#define TELL_AFTER 0.25

/* What is not obvious about the length, once it is known that somebody answers. */
static void say_length(struct cpget *self, struct taken *t)
{
	const struct fetch_result *r = fetch_result(t->capture);
	const char *kind = fetch_kind(t->capture);
	struct ui *ui = &self->tool->ui;
	bool timed = !strcmp(kind, "profile") || !strcmp(kind, "trace");

	/* A refusal comes sooner, and needs no such remark. */
	if (t->told || t->progress.state == FETCH_STATE_CONNECTING ||
		t->progress.elapsed < TELL_AFTER)
		return;
	t->told = true;
	if (!(r->asked > 0) && !strcmp(kind, "profile"))
		ui_note(ui, fetch_host(t->capture),
			"without --seconds the server decides how long: 30 s in Go");
	else if (r->asked > 0 && !timed && fetch_kind_path(kind))
		ui_note(ui, fetch_host(t->capture), "%s: what changes within %g s", kind,
			r->asked);
}

/* TOOL_GO, or the exit status after saying why. */
static int start(struct cpget *self, size_t job, bool told)
{
	struct taken **taken =
		reallocarray(self->taken, self->n_taken + 1, sizeof *taken);
	struct taken *t = taken ? calloc(1, sizeof *t) : NULL;
	struct fetch_request request = {
		.url = self->jobs[job].url,
		.kind = self->jobs[job].kind,
		.seconds = cpget_seconds(self, &self->jobs[job]),
		.file = self->file,
		.dir = self->place,
		.progress = note_progress,
		.arg = t,
	};
	enum fetch_reason reason = FETCH_SYSTEM;
	char message[500] = "out of memory";

	if (taken)
		self->taken = taken;
	if (t) {
		t->job = job;
		t->told = told;
		t->capture = fetch_start(
			self->loop, &request, message, sizeof message, &reason);
	}
	if (!t || !t->capture) {
		free(t);
		if (reason == FETCH_USAGE)
			return tool_usage(self->tool, "%s", message);
		ui_error(&self->tool->ui, NULL, "%s", message);
		return status_of(reason);
	}
	self->taken[self->n_taken++] = t;
	return TOOL_GO;
}

/* What became of a capture, as soon as it is known. */
static void report(struct cpget *self, struct taken *t)
{
	const struct fetch_result *r = fetch_result(t->capture);
	struct ui *ui = &self->tool->ui;
	const char *shown = fetch_shown(t->capture);
	char message[400];

	t->reported = true;
	if (status_of(r->reason) != TOOL_DONE)
		ui_error(ui, shown, "%s", r->sentence);
	else if (*r->sentence)
		ui_warn(ui, shown, "%s", r->sentence);
	self->worst = worse(self->worst, status_of(r->reason));
	if (r->named)
		ui_note(ui, shown, "the answer is %s; with names: %s", r->file, r->named);
	else if (status_of(r->reason) == TOOL_DONE)
		ui_verbose(ui, shown, "kept %llu bytes in %s",
			(unsigned long long)r->bytes, r->file);
	if (self->dir && r->file &&
		!fetch_note_write(t->capture, message, sizeof message)) {
		ui_error(ui, NULL, "%s", message);
		self->worst = worse(self->worst, TOOL_SYSTEM);
	}
}

static void keep(struct cpget *self, struct taken *t)
{
	const char *kind = self->jobs[t->job].kind;
	struct tool *tool = self->tool;
	struct cp_context_options context = {
		.limits.memory = tool->options.memory_limit,
		.threads = (unsigned)tool->options.threads,
		.strict = tool->options.strict,
		.diagnostic = ui_diagnostic,
		.diagnostic_arg = &tool->ui,
	};
	struct fetch_keep_options options = {
		.context = &context,
		.symbolize = &self->symbolize,
		.binary_given = self->symbols.binaries.n,
		.no_symbols = self->symbols.no_symbolize,
		.trace_welcome = kind && !strcmp(kind, "trace"),
	};

	tool->ui.input = fetch_shown(t->capture);
	fetch_keep(t->capture, &options);
	tool->ui.input = NULL;
	report(self, t);
}

static void look_at(struct cpget *self, struct taken *t)
{
	if (fetch_done(t->capture))
		keep(self, t);
	else
		say_length(self, t);
}

/* Milliseconds until there is something to say or to draw. */
static int patience(const struct cpget *self)
{
	if (self->tool->progress.on)
		return 1000;
	for (size_t i = 0; i < self->n_taken; i++)
		if (!self->taken[i]->reported && !self->taken[i]->told)
			return (int)(TELL_AFTER * 1000) + 10;
	return 60 * 1000;
}

/* Runs what was started to its end, and keeps each capture as soon as it is whole. */
static void run_round(struct cpget *self)
{
	bool going = true;

	while (going) {
		going = fetch_step(self->loop, patience(self));
		for (size_t i = 0; i < self->n_taken; i++)
			if (!self->taken[i]->reported)
				look_at(self, self->taken[i]);
		cpget_show(self);
	}
	ui_wipe(&self->tool->ui);
}

/* Until the next capture of a series is due, or a signal comes. */
static void rest(double until)
{
	sigset_t all, before;
	double left;

	/* None slips in between the question and the sleep. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	while (!signalled && (left = until - now()) > 0) {
		struct timespec t = {(time_t)left, (long)(fmod(left, 1) * 1e9)};

		ppoll(NULL, 0, &t, &before);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static size_t count_good(const struct cpget *self)
{
	size_t n = 0;

	for (size_t i = 0; i < self->n_taken; i++)
		n += cpget_is_good(self->taken[i]);
	return n;
}

static void say_stopped(const struct cpget *self)
{
	size_t n = count_good(self);

	if (signalled && n)
		ui_note(&self->tool->ui, NULL, "stopped; %zu finished capture%s kept", n,
			n == 1 ? " is" : "s are");
}

static int capture(struct cpget *self)
{
	size_t n = cpget_rounds(self);
	double begun = now();
	bool stopped = false;
	int status = TOOL_GO;

	for (size_t round = 0; round < n && !signalled; round++) {
		for (size_t j = 0; status == TOOL_GO && j < self->n_jobs; j++)
			status = start(self, j, round);
		if (status != TOOL_GO)
			return status;
		run_round(self);
		/* What fails the first time is not tried all night. */
		if (!count_good(self))
			break;
		if (round + 1 < n)
			rest(begun + (double)(round + 1) * self->every);
	}
	for (size_t i = 0; i < self->n_taken; i++)
		stopped |= fetch_result(self->taken[i]->capture)->reason == FETCH_STOPPED;
	self->finished = !stopped && self->n_taken == n * self->n_jobs;
	if (!self->finished)
		say_stopped(self);
	return TOOL_GO;
}

static int prepare(struct cpget *self)
{
	struct tool *tool = self->tool;
	const struct cp_symbolize_options *use;
	struct fetch_settings settings;
	char message[400];
	int status;

	if (tool->options.to)
		return tool_usage(tool,
			"what comes is kept as it is; cpconv --to %s FILE converts it",
			tool->options.to);
	if (!tool->options.inputs.n)
		return tool_usage(tool, "no URL: cpget localhost:6060");
	status = symbol_options_get(tool, &self->symbols, &self->symbolize, &use);
	if (status == TOOL_GO)
		status = fetch_options_kinds(tool, &self->fetch);
	if (status == TOOL_GO)
		status = cpget_plan(self);
	if (status == TOOL_GO)
		status = fetch_options_get(tool, &self->fetch, &settings);
	if (status != TOOL_GO)
		return status;
	if (!self->place)
		self->place = self->dir;
	raise_descriptors();
	self->loop = fetch_new(&settings, message, sizeof message);
	return self->loop ? TOOL_GO : tool_usage(tool, "%s", message);
}

/*
 * The signal that stopped a capture early, or 0. A series that only a signal can end was
 * not stopped early, nor was what was whole when it came.
 */
static int early(const struct cpget *self)
{
	bool open_end = self->every > 0 && !(self->span > 0) && !self->repeat;

	return self->finished || (open_end && count_good(self)) ? 0 : signalled;
}

static void remove_streamed(const struct cpget *self)
{
	for (size_t i = 0; self->streamed && i < self->n_taken; i++)
		if (fetch_result(self->taken[i]->capture)->file &&
			cpget_is_good(self->taken[i]))
			unlink(fetch_result(self->taken[i]->capture)->file);
}

static int run(struct cpget *self)
{
	int status = prepare(self);

	if (status != TOOL_GO)
		return status;
	watch_signals();
	running = self->loop;
	status = capture(self);
	running = NULL;
	if (status == TOOL_GO) {
		int merged = cpget_merge(self);

		/* What was captured is told also when it does not go together. */
		status = cpget_answer(self);
		status = status == TOOL_GO ? merged : status;
	}
	remove_streamed(self);
	if (status != TOOL_GO)
		return status;
	/* An open-ended series was stopped, as it has to be. */
	return signalled && !early(self) && self->worst == TOOL_UNREADABLE ? TOOL_DONE
									   : self->worst;
}

static void release(struct cpget *self)
{
	fetch_free(self->loop);
	for (size_t i = 0; i < self->n_taken; i++)
		free(self->taken[i]);
	for (size_t i = 0; i < self->n_merged; i++)
		free(self->merged[i].file);
	free(self->taken);
	free(self->merged);
	free(self->jobs);
	fetch_options_release(&self->fetch);
	symbol_options_release(&self->symbols);
}

int main(int argc, char **argv)
{
	struct cpget self = {0};
	struct tool tool = {
		.name = "cpget",
		.summary = "take a profile from a running service and keep it",
		.examples = examples,
		.formats = "",
		.usage = "[OPTION...] URL... [-o FILE]",
		.notes = notes,
	};
	const struct opt_group groups[] = {
		{"Keeping", rows, &self},
		OPT_GROUP_FETCH(&self.fetch),
		OPT_GROUP_SYMBOLS(&self.symbols),
		OPT_GROUP_COMMON(&tool),
		{0},
	};
	int status, sig = 0;

	tool.groups = groups;
	self.tool = &tool;
	status = tool_begin(&tool, argc, argv);
	if (status == TOOL_GO) {
		status = run(&self);
		sig = early(&self);
	}
	release(&self);
	status = tool_end(&tool, status);
	/* Whoever started us sees that it was a signal. */
	if (sig) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	return status;
}
