/* SPDX-License-Identifier: Apache-2.0 */
/* How every tool begins and ends. */
#include "common/main.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/elsewhere.h"
#include "common/opthelp.h"
#include "common/symreport.h"

static const char *const color_words[] = {"auto", "always", "never", NULL};

const struct opt tool_rows[] = {
	OPT_LIST(struct tool_options, inputs, "input", 'i', "FILE",
		"read FILE, as an operand does; '-' is standard input"),
	OPT_STRING(struct tool_options, output, "output", 'o', "FILE",
		"write to FILE; '-' is standard output"),
	OPT_STRING(struct tool_options, to, "to", 0, "FORMAT", "what to write"),
	OPT_WORD(struct tool_options, to, "proto", "pprof"),
	OPT_WORD(struct tool_options, to, "raw", "raw"),
	OPT_WORD(struct tool_options, to, "text", "text"),
	OPT_WORD(struct tool_options, to, "dot", "dot"),
	OPT_WORD(struct tool_options, to, "callgrind", "callgrind"),
	OPT_WORD(struct tool_options, to, "svg", "svg"),
	OPT_FLAG(struct tool_options, quiet, "quiet", 'q', "say nothing but errors"),
	OPT_FLAG(struct tool_options, verbose, "verbose", 'v',
		"say what was read, where the names of each image come from, and what "
		"was written"),
	OPT_FLAG(struct tool_options, strict, "strict", 0,
		"make the first damage that could be skipped, and every other warning, "
		"an error"),
	OPT_INT(struct tool_options, threads, "threads", 0, "N",
		"use N threads (default: one per processor); results do not depend on "
		"it"),
	OPT_SIZE(struct tool_options, memory_limit, "memory-limit", 0, "SIZE",
		"allocate at most SIZE, such as 512M or 2G"),
	OPT_LIST(struct tool_options, limits, "limit", 0, "NAME=N",
		"what the input may cost at most, such as inflated=1G or frames=10M; "
		"--limit help lists the limits; repeatable"),
	OPT_CHOICE(struct tool_options, color, "color", 0, "WHEN", color_words,
		"auto, always or never (NO_COLOR and CLICOLOR_FORCE count, too)",
		.aliases = "colour"),
	OPT_FLAG(struct tool_options, progress, "progress", 0,
		"show progress also when stderr is no terminal; --no-progress: never",
		.seen = offsetof(struct tool_options, progress_seen)),
	OPT_FLAG(struct tool_options, help, "help", 'h', "show this help"),
	OPT_FLAG(struct tool_options, version, "version", 'V', "show the version"),
	OPT_STRING(struct tool_options, completion, "completion", 0, "KIND", NULL),
	OPT_END,
};

int tool_usage(struct tool *tool, const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	ui_error(&tool->ui, NULL, "%s (try '%s --help')", message, tool->name);
	return TOOL_USAGE;
}

static int status_of(enum cp_code code)
{
	switch (code) {
	case CP_OK:
		return TOOL_DONE;
	case CP_ERROR_ARGUMENT:
		return TOOL_USAGE;
	case CP_ERROR_LIMIT:
	case CP_ERROR_SYSTEM:
	case CP_ERROR_MEMORY:
	case CP_ERROR_CANCELLED:
		return TOOL_SYSTEM;
	default:
		return TOOL_UNREADABLE;
	}
}

int tool_fail(struct tool *tool, const char *where, const struct cp_error *err)
{
	uint64_t most = 0;
	bool reached = false;

	tool->failure = err->code;
	cp_error_format(err, tool->failed, sizeof tool->failed);
	if (err->source[0])
		where = tool_input_name(err->source);
	/* The library knows that writing failed, not where to. */
	if (tool->out_open && tool->out.error)
		where = tool->out.path ? tool->out.path : "standard output";
	if (err->code == CP_ERROR_MEMORY && tool->context)
		most = cp_context_memory_limit(tool->context, &reached);
	if (reached)
		ui_error(&tool->ui, where,
			"more than %" PRIu64 " bytes of memory would be needed (limit "
			"memory; --memory-limit SIZE changes it)",
			most);
	else
		ui_failure(&tool->ui, where, err);
	return status_of(err->code);
}

int tool_fail_input(struct tool *tool, const char *path, const struct cp_error *err)
{
	int status = tool_fail(tool, tool_input_name(path), err);

	return status == TOOL_USAGE ? TOOL_UNREADABLE : status;
}

static void list_limits(void)
{
	const struct cp_limit *limit;

	for (size_t i = 0; (limit = cp_limit_at(i)); i++)
		printf("%-14s %-8s %s (default: %s)\n", limit->name, limit->unit,
			limit->meaning, limit->standard);
}

static bool asks_for_limits(const struct tool_options *o)
{
	return o->limits.n && !strcmp(o->limits.v[0], "help");
}

static int answer_and_leave(struct tool *tool)
{
	struct tool_options *o = &tool->options;

	if (o->help)
		opt_print_help(stdout, tool);
	else if (o->version)
		printf("%s (libcp) %s\n", tool->name, CPT_VERSION);
	else if (asks_for_limits(o))
		list_limits();
	else if (!opt_print_completion(stdout, tool, o->completion))
		return tool_usage(tool, "--completion is bash, zsh or fish");
	if (fflush(stdout) || ferror(stdout)) {
		ui_error(&tool->ui, NULL, "cannot write standard output");
		return TOOL_SYSTEM;
	}
	return TOOL_DONE;
}

/* Contexts whose files are mapped: the tool's, and one for each thread that reads ahead.
 */
static struct cp_context *_Atomic guarded[64];

/* An input may be written anew while it is read: then the operation fails, not the tool.
 */
static void on_fault(int signal_number, siginfo_t *info, void *unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
		if (guarded[i] && cp_context_fault(guarded[i], info->si_addr))
			return;
	signal(signal_number, SIG_DFL);
}

struct cp_context *tool_context_new(struct cp_context_options *options)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	struct cp_context *context = NULL;
	size_t i = 0;

	while (i < sizeof guarded / sizeof *guarded && guarded[i])
		i++;
	options->map_files = i < sizeof guarded / sizeof *guarded;
	context = cp_context_new(options);
	if (context && options->map_files) {
		guarded[i] = context;
		sigaction(SIGBUS, &action, NULL);
	}
	return context;
}

void tool_context_free(struct cp_context *context)
{
	for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
		if (guarded[i] == context)
			guarded[i] = NULL;
	cp_context_free(context);
}

/* --limit NAME=N, and --memory-limit. */
static int limits_get(struct tool *tool, struct cp_limits *ret)
{
	const struct tool_options *o = &tool->options;
	struct cp_error err;

	for (size_t i = 0; i < o->limits.n; i++) {
		const char *text = o->limits.v[i], *sign = strchr(text, '=');
		char name[40];
		uint64_t value;

		if (!sign || (size_t)(sign - text) >= sizeof name ||
			!opt_size(sign + 1, &value))
			return tool_usage(tool,
				"--limit is NAME=N, such as frames=10M, not '%s'", text);
		snprintf(name, sizeof name, "%.*s", (int)(sign - text), text);
		if (cp_limits_set(ret, name, value, &err))
			return tool_usage(tool, "--limit: %s", err.message);
	}
	if (o->memory_limit)
		ret->memory = o->memory_limit;
	return TOOL_GO;
}

static int make_context(struct tool *tool)
{
	struct tool_options *o = &tool->options;
	struct cp_context_options options = {
		.size = sizeof options,
		.threads = (unsigned)o->threads,
		/*
		 * Never strict: the tool goes on to the end of its work, says all that it
		 * says without --strict, and fails where its output would be kept.
		 */
		.diagnostic = ui_diagnostic,
		.diagnostic_arg = &tool->ui,
		.progress = progress_update,
		.progress_arg = &tool->progress,
	};

	int status = limits_get(tool, &options.limits);

	if (status != TOOL_GO)
		return status;
	if (o->threads < 0 || o->threads > 1024)
		return tool_usage(tool, "--threads is a number from 1 to 1024");
	tool->context = tool_context_new(&options);
	if (tool->context)
		return TOOL_GO;
	ui_error(&tool->ui, NULL, "out of memory");
	return TOOL_SYSTEM;
}

int tool_begin(struct tool *tool, int argc, char **argv)
{
	struct tool_options *o = &tool->options;
	char message[400];

	signal(SIGPIPE, SIG_DFL);
	/* A file size limit fails the write, whose file is then removed. */
	signal(SIGXFSZ, SIG_IGN);
	file_open_standard();
	tool->out.fd = -1;
	tool->ui.tool = tool->name;
	tool->ui.color = ui_wants_color(UI_COLOR_AUTO, stderr);
	progress_init(&tool->progress, &tool->ui, PROGRESS_OFF);
	if (!opt_parse(tool->groups, argc, argv, &o->inputs, message, sizeof message))
		return tool_usage(tool, "%s", message);
	tool->ui.color = ui_wants_color((enum ui_color)o->color, stderr);
	tool->ui.quiet = o->quiet;
	tool->ui.verbose = o->verbose;
	tool->ui.strict = o->strict;
	if (o->help || o->version || o->completion || asks_for_limits(o))
		return answer_and_leave(tool);
	progress_init(&tool->progress, &tool->ui,
		!o->progress_seen ? PROGRESS_AUTO
		: o->progress     ? PROGRESS_ON
				  : PROGRESS_OFF);
	return make_context(tool);
}

int tool_end(struct tool *tool, int status)
{
	progress_end(&tool->progress);
	if (tool->context) {
		cp_context_flush_diagnostics(tool->context);
		tool_context_free(tool->context);
	}
	if (tool->out_open)
		out_discard(&tool->out);
	opt_groups_release(tool->groups);
	if (status == TOOL_GO)
		status = TOOL_DONE;
	return status == TOOL_DONE && tool->ui.failed ? TOOL_UNREADABLE : status;
}

/* What is read without an operand; NULL when there is nothing. */
static const char *default_input(void)
{
	struct stat st;

	if (file_stdin_offers())
		return "-";
	return stat("perf.data", &st) ? NULL : "perf.data";
}

void tool_take_binaries(struct tool *tool, struct opt_list *binaries)
{
	struct opt_list *inputs = &tool->options.inputs;
	size_t taken = 0;

	while (taken < inputs->n && file_is_program(inputs->v[taken]))
		opt_list_add(binaries, inputs->v[taken++]);
	if (!taken)
		return;
	inputs->n -= taken;
	memmove(inputs->v, inputs->v + taken, inputs->n * sizeof *inputs->v);
}

/* A word of another program's, or of another tool's, where there is no such file. */
static const char *other_word(const char *word)
{
	return access(word, F_OK) ? opt_elsewhere(word, strlen(word)) : NULL;
}

int tool_take_inputs(struct tool *tool, struct opt_list *binaries)
{
	struct opt_list *inputs = &tool->options.inputs;
	bool named = inputs->n;
	const char *input;

	if (named && other_word(inputs->v[0]))
		return tool_usage(tool, "'%s' is no file: %s", inputs->v[0],
			other_word(inputs->v[0]));
	tool_take_binaries(tool, binaries);
	if (inputs->n)
		return TOOL_GO;
	input = default_input();
	/* A program alone: reading it says what is missing. */
	if (!input && named)
		input = binaries->v[--binaries->n];
	if (!input)
		return tool_usage(tool,
			"no input: name a file, pipe one in, or run this where "
			"perf.data is");
	opt_list_add(inputs, input);
	return TOOL_GO;
}

void tool_set_inputs(struct tool *tool, const struct opt_list *lists, size_t n)
{
	struct opt_list *inputs = &tool->options.inputs;

	inputs->n = 0;
	for (; n; n--, lists++)
		for (size_t i = 0; i < lists->n; i++)
			opt_list_add(inputs, lists->v[i]);
}

const char *tool_input_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

/* http://…, unix:/…, host:port or host/debug/pprof/…, for a file that is not there. */
static bool is_url(const char *path)
{
	size_t host = strcspn(path, ":/"), digits;

	if (strstr(path, "://") || strstr(path, "/debug/pprof") ||
		!strncmp(path, "unix:/", 6) || !strncmp(path, "http:", 5) ||
		!strncmp(path, "https:", 6))
		return true;
	if (path[0] == '[' && strstr(path, "]:"))
		host = (size_t)(strstr(path, "]:") - path) + 1;
	digits = path[host] == ':' ? strspn(path + host + 1, "0123456789") : 0;
	return digits && digits <= 5 && strchr("/?", path[host + 1 + digits]);
}

int tool_open_input(struct tool *tool, const char *path, struct cp_input **ret_input)
{
	const char *name = tool_input_name(path);
	struct cp_error err;
	enum cp_code code;

	if (!strcmp(path, "-") && isatty(STDIN_FILENO)) {
		ui_error(&tool->ui, name, "is a terminal; name a file or pipe one in");
		return TOOL_USAGE;
	}
	tool->ui.input = name;
	progress_start(&tool->progress, "reading");
	code = cp_input_open(tool->context, path, ret_input, &err);
	if (code == CP_ERROR_SYSTEM && is_url(path)) {
		/* It is not repeated: a password may stand in it. */
		ui_error(&tool->ui, NULL,
			"cpget takes profiles from services: %s \"$(cpget URL)\"",
			tool->name);
		return TOOL_UNREADABLE;
	}
	/* No room for what standard input or a wrapper holds: that is not the input's. */
	if (code == CP_ERROR_SYSTEM && !strcmp(err.context, "temporary file"))
		return tool_fail(tool, name, &err);
	if (code == CP_ERROR_SYSTEM) {
		/* The message names the file, and what cannot be opened is unreadable. */
		tool_fail(tool, NULL, &err);
		return TOOL_UNREADABLE;
	}
	return code ? tool_fail(tool, name, &err) : TOOL_GO;
}

/* What came out of an input, for -v. */
static void say_profile(struct tool *tool, const char *name, const char *format,
	const struct cp_profile *profile, const struct cp_symbol_report *report)
{
	struct cp_profile_counts n = cp_profile_counts(profile);

	ui_verbose(&tool->ui, name,
		"%s: %u samples, %u stacks, %u locations, %u mappings",
		format ? format : "unknown", n.samples, n.stacks, n.locations,
		n.mappings);
	symreport_verbose(tool, profile, report);
}

/* Reads what was opened, and frees it. */
static int read_input(struct tool *tool, const char *path, struct cp_input *take_input,
	const struct cp_read_options *read, const struct cp_symbolize_options *symbolize,
	struct cp_profile **ret_profile)
{
	struct cp_error err;
	enum cp_code code;
	struct cp_symbolize_options names;
	struct cp_symbol_report *report = NULL;
	const char *format;

	if (symbolize && !symbolize->ret_report) {
		names = *symbolize;
		names.ret_report = &report;
		symbolize = &names;
	}
	format = tool->ui.verbose ? cp_input_format(take_input) : NULL;
	code = cp_profile_read(
		tool->context, take_input, read, symbolize, ret_profile, &err);
	cp_input_free(take_input);
	cp_context_flush_diagnostics(tool->context);
	progress_end(&tool->progress);
	tool->ui.input = NULL;
	if (code == CP_ERROR_FORMAT && file_is_program(path))
		snprintf(err.message, sizeof err.message,
			"this is a program, not a profile; name the capture after it");
	if (!code)
		say_profile(tool, tool_input_name(path), format, *ret_profile,
			symbolize && symbolize->ret_report ? *symbolize->ret_report
							   : NULL);
	if (!code && report)
		symreport_doubts(tool, tool_input_name(path), *ret_profile, report);
	cp_symbol_report_free(report);
	return code ? tool_fail(tool, tool_input_name(path), &err) : TOOL_GO;
}

int tool_read(struct tool *tool, const char *path, const struct cp_read_options *read,
	const struct cp_symbolize_options *symbolize, struct cp_profile **ret_profile)
{
	struct cp_input *input;
	int status = tool_open_input(tool, path, &input);

	return status == TOOL_GO
		       ? read_input(tool, path, input, read, symbolize, ret_profile)
		       : status;
}

int tool_read_memory(struct tool *tool, const char *name, const void *bytes, size_t n,
	const struct cp_read_options *read, const struct cp_symbolize_options *symbolize,
	struct cp_profile **ret_profile)
{
	struct cp_input *input;
	struct cp_error err;

	tool->ui.input = name;
	if (cp_input_memory(tool->context, bytes, n, name, &input, &err)) {
		tool->ui.input = NULL;
		return tool_fail(tool, name, &err);
	}
	return read_input(tool, name, input, read, symbolize, ret_profile);
}

/* stdout counts, too: `cpconv in >>in` would read what it writes. */
static bool is_input(const char *input, const char *output)
{
	struct stat in, out;

	if (output && strcmp(output, "-"))
		return file_same(input, output);
	return !fstat(STDOUT_FILENO, &out) && S_ISREG(out.st_mode) &&
	       !(strcmp(input, "-") ? stat(input, &in) : fstat(STDIN_FILENO, &in)) &&
	       in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

static bool reads_stdin_once(const struct tool *tool)
{
	const struct opt_list *inputs = &tool->options.inputs;
	size_t n = 0;

	for (size_t i = 0; i < inputs->n; i++)
		n += !strcmp(inputs->v[i], "-");
	return n <= 1;
}

int tool_open_output(struct tool *tool, bool binary)
{
	const char *path = tool->options.output;
	char message[512];

	if (!reads_stdin_once(tool))
		return tool_usage(tool, "standard input ('-') can be read once only");
	for (size_t i = 0; i < tool->options.inputs.n; i++)
		if (is_input(tool->options.inputs.v[i], path))
			return tool_usage(tool, "the output (%s) is an input (%s)",
				path ? path : "standard output",
				tool_input_name(tool->options.inputs.v[i]));
	if (out_open(&tool->out, path, binary, message, sizeof message)) {
		tool->out_open = true;
		/* What damage made fail gives no answer, on standard output neither. */
		tool->out.dropped = &tool->ui.failed;
		return TOOL_GO;
	}
	ui_error(&tool->ui, NULL, "%s", message);
	return isatty(STDOUT_FILENO) && !path ? TOOL_USAGE : TOOL_SYSTEM;
}

unsigned tool_width(const struct tool *tool)
{
	struct winsize size;

	if (tool->options.output || !isatty(STDOUT_FILENO) ||
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40)
		return 0;
	return size.ws_col;
}

int tool_commit_output(struct tool *tool)
{
	const char *path = tool->options.output;
	char message[512];
	bool owner_lost = tool->out.owner_lost;

	tool->out_open = false;
	if (tool->ui.failed) {
		out_discard(&tool->out);
		return TOOL_UNREADABLE;
	}
	if (out_commit(&tool->out, message, sizeof message)) {
		if (owner_lost)
			ui_note(&tool->ui, path,
				"was another user's file, and is yours now");
		ui_verbose(&tool->ui, NULL, "wrote %s",
			path && strcmp(path, "-") ? path : "standard output");
		return TOOL_DONE;
	}
	ui_error(&tool->ui, NULL, "%s", message);
	return TOOL_SYSTEM;
}
