/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_MAIN_H
#define CPT_MAIN_H

/*
 * What every tool does the same: the common options, the context, inputs, the output
 * file, exit codes. A tool's main is
 *
 *	struct cpconv self = {0};
 *	struct tool tool = {.name = "cpconv", …};
 *	const struct opt_group groups[] = {
 *		{"Output", output_rows, &self},
 *		OPT_GROUP_SYMBOLS(&self.symbols),
 *		OPT_GROUP_COMMON(&tool),
 *		{0},
 *	};
 *	int status;
 *
 *	tool.groups = groups;
 *	status = tool_begin(&tool, argc, argv);
 *	if (status == TOOL_GO)
 *		status = convert(&tool, &self);
 *	return tool_end(&tool, status);
 */

#include <cp/context.h>
#include <cp/read.h>
#include <cp/symbolize.h>
#include <cp/write.h>

#include "common/file.h"
#include "common/opt.h"
#include "common/progress.h"
#include "common/ui.h"

/* Exit status; scripts rely on it. */
enum tool_status {
	TOOL_GO = -1, /* not decided yet */
	TOOL_DONE = 0,
	TOOL_NO = 1,         /* the answer to the question asked is no */
	TOOL_USAGE = 2,      /* wrong command line */
	TOOL_UNREADABLE = 3, /* an input cannot be read, or has no sample */
	TOOL_SYSTEM = 4      /* system, memory or limit */
};

/* The options that all tools have. */
struct tool_options {
	struct opt_list inputs; /* operands and -i, in order */
	const char *output;     /* NULL: not given */
	const char *to;         /* format; NULL: not given */
	bool quiet, verbose, strict, help, version;
	bool progress, progress_seen;
	int64_t threads;
	uint64_t memory_limit;
	struct opt_list limits; /* NAME=VALUE */
	int color; /* enum ui_color */
	const char *completion;
};

struct tool {
	const char *name;     /* "cpconv" */
	const char *summary;  /* one line without full stop */
	const char *examples; /* lines that start with two blanks */
	const char *usage;    /* "[OPTION…] [INPUT] [-o OUT]" */
	const char *notes;    /* further paragraphs of --help, or NULL */
	/* For completions, separated by blanks. */
	const char *reports; /* what the first operand may be beside a file, or NULL */
	const char *formats; /* what --to takes; NULL: what the library writes */
	const struct opt_group *groups;

	/* Filled by tool_begin. */
	struct tool_options options;
	struct ui ui;
	struct progress progress;
	struct cp_context *context;
	struct out out;
	bool out_open;
	enum cp_code failure; /* what tool_fail said last */
	char failed[400];     /* the same as a sentence, without the file's name */
};

extern const struct opt tool_rows[];
#define OPT_GROUP_COMMON(TOOL) {"Common", tool_rows, &(TOOL)->options}

/*
 * Parses, answers --help and --version, makes the context. TOOL_GO, or the exit
 * status.
 */
int tool_begin(struct tool *tool, int argc, char **argv);
/* Releases everything, throws away an output that was not committed; returns `status`. */
int tool_end(struct tool *tool, int status);

/* "SENTENCE (try 'cpconv --help')" on one line; returns TOOL_USAGE. */
int tool_usage(struct tool *tool, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Says the library's error; `where` (may be NULL) is the file. The exit status. */
int tool_fail(struct tool *tool, const char *where, const struct cp_error *err);
/* The same for an input that does not go with the others, which counts as unreadable. */
int tool_fail_input(struct tool *tool, const char *path, const struct cp_error *err);

/* Takes ELF files that stand before other inputs into `binaries`, as --binary would. */
void tool_take_binaries(struct tool *tool, struct opt_list *binaries);
/*
 * The same, and when no operand is left: "-" when stdin offers something, else
 * ./perf.data. Says what is wrong and returns TOOL_USAGE when there is neither; else
 * TOOL_GO.
 */
int tool_take_inputs(struct tool *tool, struct opt_list *binaries);

/*
 * list.c: adds the names in a file ("-": stdin) that are not empty to `list`, which keeps
 * them. Each ends with `end`: '\n', or 0 as find -print0 has it. TOOL_GO or the exit status.
 */
int tool_read_list(
	struct tool *tool, const char *path, int end, struct opt_list *list);

/* Makes the inputs what is in n lists; the output must not overwrite any of them. */
void tool_set_inputs(struct tool *tool, const struct opt_list *lists, size_t n);

/*
 * Opens one input; diagnostics name it from now on. On failure says why and returns the
 * exit status, else TOOL_GO.
 */
int tool_open_input(struct tool *tool, const char *path, struct cp_input **ret_input);
/*
 * Reads one input. On failure says why and returns the exit status, else TOOL_GO.
 * `read` and `symbolize` may be NULL.
 */
int tool_read(struct tool *tool, const char *path, const struct cp_read_options *read,
	const struct cp_symbolize_options *symbolize, struct cp_profile **ret_profile);

/* The same of bytes in memory, which `name` is said for; the input's path is `name`. */
int tool_read_memory(struct tool *tool, const char *name, const void *bytes, size_t n,
	const struct cp_read_options *read, const struct cp_symbolize_options *symbolize,
	struct cp_profile **ret_profile);

/* "standard input" for "-". */
const char *tool_input_name(const char *path);

/*
 * Opens -o (or stdout): refuses a file that is one of the inputs, binary answers on a
 * terminal, and inputs that name stdin twice. TOOL_GO or the exit status. Write with
 * out_write and &tool->out, then commit.
 */
int tool_open_output(struct tool *tool, bool binary);
/* Columns of the terminal the answer goes to; 0 when it goes elsewhere. */
unsigned tool_width(const struct tool *tool);
/* TOOL_DONE, or the exit status of a failed write or of a warning with --strict. */
int tool_commit_output(struct tool *tool);

/*
 * A context whose files are mapped. One that shrinks is an error of that file: the tools
 * handle SIGBUS. From one thread at a time; NULL when out of memory.
 */
struct cp_context *tool_context_new(struct cp_context_options *options);
void tool_context_free(struct cp_context *context);

#endif
