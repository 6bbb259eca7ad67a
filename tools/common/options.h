/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_OPTIONS_H
#define CPT_OPTIONS_H

/*
 * Groups of options that several tools share, and their way into the library's
 * structs.
 */

#include <cp/read.h>
#include <cp/symbolize.h>

#include "common/main.h"
#include "common/opt.h"

/* Where symbols come from. */
struct symbol_options {
	struct opt_list binaries, debug_dirs, map_dirs;
	const char *symfs, *buildid_dir, *kallsyms, *vmlinux, *modules;
	const char *guest_kallsyms, *guest_vmlinux, *guest_modules;
	const char *force_build_id; /* path of an image, or "" */
	bool no_symbolize, no_inlines, resymbolize, debuginfod;
	const char *symbolize; /* pprof's word: local, fastlocal, force, none */
	int demangle; /* enum cp_demangle */
	struct cp_binary *binary;
};

extern const struct opt symbol_rows[];
#define OPT_GROUP_SYMBOLS(OPTIONS) {"Symbols", symbol_rows, (OPTIONS)}

/*
 * Fills *ret from the options; NULL in *ret_use when nothing is to be symbolized. Borrows
 * from `options` until symbol_options_release. TOOL_GO or the exit status.
 */
int symbol_options_get(struct tool *tool, struct symbol_options *options,
	struct cp_symbolize_options *ret, const struct cp_symbolize_options **ret_use);
void symbol_options_release(struct symbol_options *options);

/* Which samples of a capture with time and tasks, and what is kept of them. */
struct capture_options {
	struct opt_list events, comms, dsos, pids, tids, labels;
	const char *cpus, *time, *profile;
	bool keep_time;
	bool off_wake;
	bool perf_compat, pprof_compat;
	int32_t *pid, *tid;
	struct cp_time_span *spans;
	size_t n_spans;
};

extern const struct opt capture_rows[];
#define OPT_GROUP_CAPTURE(OPTIONS) {"Captures", capture_rows, (OPTIONS)}

int capture_options_get(struct tool *tool, struct capture_options *options,
	struct cp_read_options *ret);
/* Adds labels that an answer needs to those that are read, unless none are wanted. */
void capture_options_want(struct cp_read_options *read, uint32_t labels);
void capture_options_release(struct capture_options *options);

#endif
