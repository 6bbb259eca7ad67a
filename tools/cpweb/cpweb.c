/* SPDX-License-Identifier: Apache-2.0 */
/* cpweb: a saved profile, or one that is being taken, in the browser. */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/options.h"
#include "cpweb/folder.h"
#include "cpweb/server.h"
#include "cpweb/web.h"
#include "fetch/options.h"

struct cpweb {
	struct web web;
	const char *http;
	bool browser, browser_seen, no_token;
	int64_t exit_with;
	double idle_exit; /* minutes */
	int64_t captured; /* when the captures were over */
	struct opt_list base, urls;
	struct fetch_options fetch;
	struct symbol_options symbols;
	struct capture_options capture;
	struct cp_read_options read;
	struct cp_symbolize_options symbolize;
};

static const struct opt web_rows[] = {
	OPT_STRING(struct cpweb, http, "http", 0, "[HOST]:PORT",
		"listen there: no host is this machine only, 0.0.0.0 every interface, no "
		"port a free one (default: 22222, or a free one)"),
	OPT_LIST(struct cpweb, web.allowed, "allow-host", 0, "NAME",
		"answer also under this name; addresses and localhost are always "
		"answered"),
	OPT_LIST(struct cpweb, base, "base", 0, "FILE",
		"compare with FILE: the first page is the difference; repeatable",
		.aliases = "diff-base"),
	OPT_STRING(struct cpweb, web.source_path, "source-path", 0, "DIRS",
		"folders with source files, separated by colons; without it only files "
		"are shown "
		"that an image's debug information names"),
	OPT_STRING(struct cpweb, web.trim_path, "trim-path", 0, "DIRS",
		"beginnings of recorded file names to cut off, separated by colons"),
	OPT_FLAG(struct cpweb, no_token, "no-token", 0,
		"let in whoever can reach the port, without link or code"),
	OPT_FLAG(struct cpweb, browser, "browser", 0,
		"open a browser (default: on a desktop, from a terminal)",
		.seen = offsetof(struct cpweb, browser_seen)),
	OPT_INT(struct cpweb, exit_with, "exit-with", 0, "PID",
		"end when that process does"),
	OPT_REAL(struct cpweb, idle_exit, "idle-exit", 0, "MINUTES",
		"end after so long without a request"),
	OPT_END,
};

static const char examples[] =
	"  cpweb cpu.pb.gz                          prints the address to open\n"
	"  cpweb -http=0.0.0.0:22222 cpu.pb.gz      for other machines, with a code\n"
	"  cpweb before.pb.gz after.pb.gz           several files beside each other\n"
	"  cpweb runs/                              a folder of captures\n"
	"  cpweb -http=:0 localhost:6060            takes a profile, keeps it, shows it\n"
	"  cpweb ./program perf.data                with the program for its names\n";

/* What is on standard input is read once; every other input must be there. */
static int add_inputs(struct tool *tool, struct cpweb *self)
{
	const struct opt_list *lists[] = {&tool->options.inputs, &self->base};
	bool ok = true;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; ok && i < lists[k]->n; i++) {
			const char *path = lists[k]->v[i];

			if (strcmp(path, "-") && access(path, R_OK)) {
				if (errno == ENOENT)
					ui_error(&tool->ui, path,
						"there is no such file; a service is %s",
						k ? "captured first: -base \"$(cpget "
						    "URL)\""
						  : "host:port or http://…");
				else
					ui_error(&tool->ui, path, "%s", strerror(errno));
				return TOOL_UNREADABLE;
			}
			ok = inputs_add(&self->web.inputs, path);
		}
	ok = ok && (!self->web.folder || folder_scan(&self->web, self->web.folder));
	if (ok)
		return TOOL_GO;
	ui_error(&tool->ui, self->web.folder, "%s", strerror(errno));
	return self->web.folder ? TOOL_UNREADABLE : TOOL_SYSTEM;
}

/* What is fetched, and a folder of runs, are no files. */
static int sort_operands(struct tool *tool, struct cpweb *self)
{
	struct opt_list *inputs = &tool->options.inputs;
	size_t kept = 0;

	for (size_t i = 0; i < inputs->n; i++) {
		const char *operand = inputs->v[i];

		if (fetch_is_url(operand)) {
			opt_list_add(&self->urls, operand);
		} else if (folder_is(operand)) {
			if (self->web.folder)
				return tool_usage(tool, "one folder of runs at a time");
			self->web.folder = operand;
		} else {
			inputs->v[kept++] = operand;
		}
	}
	inputs->n = kept;
	if (self->base.n && !kept && !self->urls.n)
		return tool_usage(tool, "--base needs something to compare with it");
	return TOOL_GO;
}

/* With a base the first page is the difference. */
static void choose_start(struct cpweb *self)
{
	struct inputs *inputs = &self->web.inputs;
	struct buf *to = &self->web.start;
	size_t after = inputs->n - self->base.n;

	if (!self->base.n || !after)
		return;
	buf_str(to, "/diff?before=");
	for (size_t i = after; i < inputs->n; i++) {
		buf_url(to, inputs->v[i]->name, strlen(inputs->v[i]->name));
		if (i + 1 < inputs->n)
			buf_char(to, '/');
	}
	buf_str(to, "&after=");
	for (size_t i = 0; i < after; i++) {
		buf_url(to, inputs->v[i]->name, strlen(inputs->v[i]->name));
		if (i + 1 < after)
			buf_char(to, '/');
	}
}

static int open_port(struct tool *tool, struct cpweb *self)
{
	char message[512];

	if (!guard_init(&self->web.guard, self->no_token)) {
		ui_error(&tool->ui, NULL, "the system has no random numbers");
		return TOOL_SYSTEM;
	}
	if (!listener_open(&self->web.listener, self->http ? self->http : "22222",
		    !self->http, message, sizeof message)) {
		ui_error(&tool->ui, NULL, "%s", message);
		return strstr(message, "takes") ? TOOL_USAGE : TOOL_SYSTEM;
	}
	/* A name one listens under is one's own. */
	if (strcmp(self->web.listener.host, "localhost"))
		opt_list_add(&self->web.allowed, self->web.listener.host);
	return TOOL_GO;
}

/* The addresses are the answer, what they mean is talk. */
static void tell(struct tool *tool, struct cpweb *self, struct buf *urls)
{
	const struct guard *guard = &self->web.guard;
	struct buf words = {0};
	char query[48] = "", *line;

	if (!guard->open)
		snprintf(query, sizeof query, "?token=%s", guard->token);
	listener_tell(&self->web.listener, query, guard->open ? NULL : guard->code,
		getenv("SSH_CONNECTION"), urls, &words);
	fputs(urls->p ? urls->p : "", stdout);
	fflush(stdout);
	for (line = words.p ? strtok(words.p, "\n") : NULL; line;
		line = strtok(NULL, "\n"))
		ui_note(&tool->ui, NULL, "%s", line);
	buf_release(&words);
}

/* Only with a screen to open one on, and somebody who looks at it. */
static bool wants_browser(const struct cpweb *self)
{
	if (self->browser_seen)
		return self->browser;
	return isatty(STDOUT_FILENO) && !getenv("SSH_CONNECTION") &&
	       (getenv("DISPLAY") || getenv("WAYLAND_DISPLAY"));
}

static void open_browser(struct tool *tool, const struct buf *urls)
{
	const char *program = getenv("BROWSER");
	char *url = strndup(urls->p, strcspn(urls->p, "\n"));
	pid_t pid = url ? fork() : -1;

	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		/* Not a child to be waited for. */
		if (fork())
			_exit(0);
		setsid();
		if (program && *program)
			execlp(program, program, url, (char *)NULL);
		execlp("xdg-open", "xdg-open", url, (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		ui_warn(&tool->ui, NULL, "cannot start a browser: %s", strerror(errno));
	free(url);
}

/* What the main thread waits for. */
enum { ON_SIGNAL, ON_PROCESS, ON_FOLDER, ON_CAPTURE, ON_COUNT };

static int64_t monotonic_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Milliseconds until a silence has been long enough; -1: it never is, 0: it is now. */
static int idle_left(const struct cpweb *self)
{
	int64_t last = server_last(self->web.server);
	double left;

	if (!(self->idle_exit > 0))
		return -1;
	/* Who waits for a capture need not ask for pages. */
	if (self->web.capture.web && !self->captured)
		return 60 * 1000;
	last = self->captured > last ? self->captured : last;
	left = (double)last + 60 * self->idle_exit - (double)monotonic_seconds();
	return left <= 0 ? 0 : (int)(1000 * (left > 3600 ? 3600 : left)) + 1;
}

/* A capture that failed: pages that wait for it hear of it first. */
static bool capture_failed(struct cpweb *self)
{
	struct capture *capture = &self->web.capture;
	const struct timespec moment = {.tv_nsec = 100000000};
	uint64_t n;

	if (read(capture->wake, &n, sizeof n) < 0)
		return false;
	self->captured = monotonic_seconds();
	if (!capture->failed || self->web.inputs.n)
		return false;
	for (int i = 0; i < 15; i++) {
		bool told;

		pthread_mutex_lock(&capture->lock);
		told = capture->told;
		pthread_mutex_unlock(&capture->lock);
		if (told)
			break;
		nanosleep(&moment, NULL);
	}
	return true;
}

static int open_ends(struct tool *tool, struct cpweb *self, const sigset_t *signals,
	struct pollfd fd[ON_COUNT])
{
	for (int i = 0; i < ON_COUNT; i++)
		fd[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	fd[ON_SIGNAL].fd = signalfd(-1, signals, SFD_CLOEXEC);
	if (self->web.folder)
		fd[ON_FOLDER].fd = folder_watch(self->web.folder);
	if (self->web.capture.web)
		fd[ON_CAPTURE].fd = self->web.capture.wake;
	if (!self->exit_with)
		return TOOL_GO;
	fd[ON_PROCESS].fd = (int)syscall(SYS_pidfd_open, (pid_t)self->exit_with, 0);
	if (fd[ON_PROCESS].fd >= 0)
		return TOOL_GO;
	if (errno == ESRCH)
		return TOOL_DONE;
	ui_error(&tool->ui, NULL, "--exit-with %lld: %s", (long long)self->exit_with,
		strerror(errno));
	return TOOL_SYSTEM;
}

/* Until a signal, the end of the process that was named, or a long silence. */
static int wait_for_the_end(
	struct tool *tool, struct cpweb *self, const sigset_t *signals)
{
	struct pollfd fd[ON_COUNT];
	int status = open_ends(tool, self, signals, fd);

	while (status == TOOL_GO) {
		int left = idle_left(self);

		if (!left || (poll(fd, ON_COUNT, left) < 0 && errno != EINTR))
			status = TOOL_DONE;
		else if (fd[ON_SIGNAL].revents || fd[ON_PROCESS].revents)
			status = TOOL_DONE;
		if (fd[ON_FOLDER].revents) {
			folder_drain(fd[ON_FOLDER].fd);
			folder_scan(&self->web, self->web.folder);
		}
		if (fd[ON_CAPTURE].revents && capture_failed(self))
			status = TOOL_UNREADABLE;
		for (int i = 0; i < ON_COUNT; i++)
			fd[i].revents = 0;
	}
	for (int i = 0; i < ON_COUNT; i++)
		if (fd[i].fd >= 0 && i != ON_CAPTURE)
			close(fd[i].fd);
	return status;
}

/* One input alone is read at once: a file that cannot be shown is said here. */
static int read_first(struct tool *tool, struct cpweb *self)
{
	struct input *input = inputs_find(&self->web.inputs, NULL);
	struct loaded *loaded;
	struct cp_error err;
	bool stale;

	if (!input || self->web.folder)
		return TOOL_GO;
	loaded = inputs_get(&self->web.inputs, input, "", &stale, &err);
	if (loaded) {
		inputs_put(&self->web.inputs, loaded);
		return TOOL_GO;
	}
	if (atomic_load(&self->web.ending))
		return TOOL_GO;
	return self->web.inputs.n == 1
		       ? tool_fail(tool, tool_input_name(input->path), &err)
		       : TOOL_GO;
}

static int serve(struct tool *tool, struct cpweb *self, const sigset_t *signals)
{
	struct web *web = &self->web;
	int status;

	inputs_survive_truncation();
	/*
	 * Views take and leave large blocks: from one heap, which keeps its pages while a
	 * job runs and gives them back after it (views.c), that is half the time in the
	 * kernel.
	 */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	if (!views_start(&web->views, web) || !(web->server = server_start(web))) {
		ui_error(&tool->ui, NULL, "cannot start the server");
		return TOOL_SYSTEM;
	}
	status = read_first(tool, self);
	if (status == TOOL_GO)
		status = wait_for_the_end(tool, self, signals);
	capture_stop(&web->capture);
	server_quiet(web->server);
	server_drain(web->server, 2000);
	atomic_store(&web->ending, true);
	views_stop(&web->views);
	server_stop(web->server);
	views_release(&web->views);
	return status;
}

/* After the port is there: nothing is asked of a service for nothing. */
static int start_capture(struct tool *tool, struct cpweb *self)
{
	struct fetch_settings settings;
	const struct opt_list *kinds = &self->fetch.kinds;
	int status;

	if (!self->urls.n)
		return TOOL_GO;
	status = fetch_options_get(tool, &self->fetch, &settings);
	if (status != TOOL_GO)
		return status;
	if (kinds->n > 1)
		return tool_usage(tool, "one --kind at a time; cpget takes several");
	return capture_start(&self->web.capture, &self->web, &self->urls, &settings,
		kinds->n ? kinds->v[0] : NULL, self->fetch.seconds);
}

static void open_stores(struct cpweb *self)
{
	char *notes = NULL;

	if (self->web.folder && asprintf(&notes, "%s/.cpweb-notes", self->web.folder) < 0)
		notes = NULL;
	store_init(&self->web.notes, notes);
	store_init(&self->web.kept, store_views_path());
}

static int run(struct tool *tool, struct cpweb *self)
{
	struct buf urls = {0};
	sigset_t signals;
	int status;

	if (!(self->idle_exit >= 0) || self->exit_with < 0)
		return tool_usage(
			tool, "--idle-exit and --exit-with take positive numbers");
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	status = open_port(tool, self);
	if (status == TOOL_GO)
		status = add_inputs(tool, self);
	if (status == TOOL_GO)
		status = start_capture(tool, self);
	if (status != TOOL_GO)
		return status;
	choose_start(self);
	tell(tool, self, &urls);
	if (wants_browser(self))
		open_browser(tool, &urls);
	buf_release(&urls);
	return serve(tool, self, &signals);
}

static int prepare(struct tool *tool, struct cpweb *self)
{
	const struct cp_symbolize_options *use;
	int status = sort_operands(tool, self);

	if (status == TOOL_GO && !self->urls.n && !self->web.folder)
		status = tool_take_inputs(tool, &self->symbols.binaries);
	else
		tool_take_binaries(tool, &self->symbols.binaries);
	if (status == TOOL_GO)
		status = capture_options_get(tool, &self->capture, &self->read);
	if (status == TOOL_GO)
		status = symbol_options_get(tool, &self->symbols, &self->symbolize, &use);
	if (status != TOOL_GO)
		return status;
	if (tool->options.output || tool->options.to)
		return tool_usage(
			tool, "cpweb writes nothing; its pages save what they show");
	open_stores(self);
	self->web.tool = tool;
	self->web.read = &self->read;
	self->web.symbolize = &self->symbolize;
	self->web.use_symbols = use != NULL;
	return TOOL_GO;
}

int main(int argc, char **argv)
{
	static struct cpweb self;
	struct tool tool = {
		.name = "cpweb",
		.summary = "look at profiles in the browser",
		.examples = examples,
		.formats = "",
		.usage = "[-http=[HOST]:PORT] [OPTION...] [PROGRAM] INPUT...|DIR|URL...",
	};
	const struct opt_group groups[] = {
		{"Server", web_rows, &self},
		OPT_GROUP_FETCH(&self.fetch),
		OPT_GROUP_SYMBOLS(&self.symbols),
		OPT_GROUP_CAPTURE(&self.capture),
		OPT_GROUP_COMMON(&tool),
		{0},
	};
	int status;

	tool.groups = groups;
	inputs_init(&self.web.inputs, &self.web);
	status = tool_begin(&tool, argc, argv);
	if (status == TOOL_GO)
		status = prepare(&tool, &self);
	if (status == TOOL_GO)
		status = run(&tool, &self);
	capture_release(&self.web.capture);
	inputs_release(&self.web.inputs);
	store_release(&self.web.notes);
	store_release(&self.web.kept);
	buf_release(&self.web.start);
	opt_list_release(&self.urls);
	fetch_options_release(&self.fetch);
	symbol_options_release(&self.symbols);
	capture_options_release(&self.capture);
	return tool_end(&tool, status);
}
