/* SPDX-License-Identifier: Apache-2.0 */
/* Options that all tools share. */
#include "common/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/nearest.h"
#include "common/times.h"

static const char *const demangle_words[] = {
	[CP_DEMANGLE_TEMPLATES] = "templates",
	[CP_DEMANGLE_NONE] = "none",
	[CP_DEMANGLE_FULL] = "full",
	[CP_DEMANGLE_SIMPLE] = "simple",
	NULL,
};

const struct opt symbol_rows[] = {
	OPT_LIST(struct symbol_options, binaries, "binary", 0, "[PATH=]FILE",
		"the program itself, for the image of its build id or name, or for PATH; "
		"repeatable; an ELF operand before the input does the same"),
	OPT_STRING(struct symbol_options, symfs, "symfs", 0, "DIR",
		"look for the capture's files below DIR"),
	OPT_LIST(struct symbol_options, debug_dirs, "debug-dir", 0, "DIR",
		"look for separate debug files here before /usr/lib/debug; repeatable"),
	OPT_STRING(struct symbol_options, buildid_dir, "buildid-dir", 0, "DIR",
		"perf's build-id cache (default ~/.debug)"),
	OPT_STRING(struct symbol_options, guest_kallsyms, "guestkallsyms", 0, "FILE",
		"copy of /proc/kallsyms of the virtual machine that was captured"),
	OPT_STRING(struct symbol_options, guest_vmlinux, "guestvmlinux", 0, "FILE",
		"its kernel, uncompressed"),
	OPT_STRING(struct symbol_options, guest_modules, "guestmodules", 0, "PATH",
		"its modules: a directory, or a copy of its /proc/modules"),
	OPT_STRING(struct symbol_options, kallsyms, "kallsyms", 0, "FILE",
		"copy of the captured kernel's /proc/kallsyms"),
	OPT_STRING(struct symbol_options, vmlinux, "vmlinux", 'k', "FILE",
		"the captured kernel's vmlinux"),
	OPT_STRING(struct symbol_options, modules, "modules", 0, "DIR",
		"root of the captured kernel's modules"),
	OPT_LIST(struct symbol_options, map_dirs, "map-dir", 0, "[PID=]DIR",
		"look for perf-PID.map and jit-PID.dump here before /tmp; PID=DIR or "
		"PID=FILE "
		"is for that process alone, as in a container, where it has another "
		"number; "
		"repeatable"),
	OPT_FLAG(struct symbol_options, debuginfod, "debuginfod", 0,
		"download what is not found here, from the servers in DEBUGINFOD_URLS; "
		"without this option nothing ever uses a network"),
	OPT_FLAG(struct symbol_options, no_symbolize, "no-symbolize", 0,
		"leave addresses as they are"),
	OPT_FLAG(struct symbol_options, no_inlines, "no-inlines", 0,
		"names from symbol tables only: faster, no inlined functions, no lines"),
	OPT_CHOICE(struct symbol_options, demangle, "demangle", 0, "HOW", demangle_words,
		"C++ and Rust names: none, full, templates (no parameters; the default) "
		"or "
		"simple (no template arguments either)"),
	OPT_MAYBE(struct symbol_options, force_build_id, "force-build-id", 0, "PATH",
		"use a file whose build id differs from the capture's: for the image PATH, "
		"else for the program that is given, else for all"),
	OPT_FLAG(struct symbol_options, resymbolize, "resymbolize", 0,
		"replace the symbols that a profile already carries"),
	OPT_MAYBE(struct symbol_options, symbolize, "symbolize", 0, "HOW", NULL),
	OPT_END,
};

static void *allocated(struct tool *tool, size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		ui_error(&tool->ui, NULL, "out of memory");
	return p;
}

/*
 * "PATH=FILE" or "FILE". The list's own copy is cut at the sign, which is the last one
 * that leaves something on both sides.
 */
static void split_binary(struct cp_binary *ret, char *text)
{
	char *sign = strrchr(text, '=');

	if (sign && sign != text && sign[1]) {
		*sign = 0;
		*ret = (struct cp_binary){.path = text, .file = sign + 1};
	} else {
		*ret = (struct cp_binary){.file = text};
	}
}

/* A file that the user names is there, or nothing is done: a typing error costs names. */
static int must_open(struct tool *tool, const char *option, const char *file, int mode)
{
	const char *output = tool->options.output;

	if (file && output && strcmp(output, "-") && file_same(file, output))
		return tool_usage(tool, "the output (%s) is read, too (--%s %s)", output,
			option, file);
	if (!file || !access(file, mode))
		return TOOL_GO;
	ui_error(&tool->ui, NULL, "--%s: cannot open %s: %s", option, file,
		strerror(errno));
	return TOOL_UNREADABLE;
}

/* "DIR", "PID=DIR" or "PID=FILE" */
static int check_map_dir(struct tool *tool, const char *given)
{
	size_t digits = strspn(given, "0123456789");

	if (digits && given[digits] == '=')
		return must_open(tool, "map-dir", given + digits + 1, R_OK);
	return must_open(tool, "map-dir", given, X_OK);
}

static int check_files(struct tool *tool, const struct symbol_options *o)
{
	const struct {
		const char *option, *file;
		int mode;
	} named[] = {
		{"symfs", o->symfs, X_OK},
		{"buildid-dir", o->buildid_dir, X_OK},
		{"kallsyms", o->kallsyms, R_OK},
		{"guestkallsyms", o->guest_kallsyms, R_OK},
		{"guestvmlinux", o->guest_vmlinux, R_OK},
		{"guestmodules", o->guest_modules, R_OK},
		{"vmlinux", o->vmlinux, R_OK},
		{"modules", o->modules, X_OK},
	};
	int status = TOOL_GO;

	for (size_t i = 0; status == TOOL_GO && i < sizeof named / sizeof *named; i++)
		status = must_open(tool, named[i].option, named[i].file, named[i].mode);
	for (size_t i = 0; status == TOOL_GO && i < o->binaries.n; i++)
		status = must_open(tool, "binary", o->binary[i].file, R_OK);
	for (size_t i = 0; status == TOOL_GO && i < o->debug_dirs.n; i++)
		status = must_open(tool, "debug-dir", o->debug_dirs.v[i], X_OK);
	for (size_t i = 0; status == TOOL_GO && i < o->map_dirs.n; i++)
		status = check_map_dir(tool, o->map_dirs.v[i]);
	return status;
}

/* pprof's -symbolize=HOW, in our options; its "remote" would ask a server. */
static int take_symbolize(struct tool *tool, struct symbol_options *o)
{
	static const char *const words[] = {
		"|local|true|1", "fastlocal", "force", "none|no|false|0", NULL};

	switch (o->symbolize ? opt_choice(words, o->symbolize) : 0) {
	case 0:
		return TOOL_GO;
	case 1:
		o->no_inlines = true;
		return TOOL_GO;
	case 2:
		o->resymbolize = true;
		return TOOL_GO;
	case 3:
		o->no_symbolize = true;
		return TOOL_GO;
	default:
		return tool_usage(tool,
			"--symbolize is local, fastlocal, force or none, not '%s'",
			o->symbolize);
	}
}

int symbol_options_get(struct tool *tool, struct symbol_options *o,
	struct cp_symbolize_options *ret, const struct cp_symbolize_options **ret_use)
{
	int status = take_symbolize(tool, o);

	if (status != TOOL_GO)
		return status;
	/* Once for all inputs: splitting cuts the list's own copies. */
	if (!o->binary) {
		o->binary = allocated(tool, o->binaries.n, sizeof *o->binary);
		if (!o->binary)
			return TOOL_SYSTEM;
		for (size_t i = 0; i < o->binaries.n; i++)
			split_binary(&o->binary[i], (char *)o->binaries.v[i]);
	}
	*ret = (struct cp_symbolize_options){
		.size = sizeof *ret,
		.binaries = o->binary,
		.n_binaries = o->binaries.n,
		.symfs = o->symfs,
		.debug_dirs = o->debug_dirs.v,
		.n_debug_dirs = o->debug_dirs.n,
		.buildid_dir = o->buildid_dir,
		.kallsyms = o->kallsyms,
		.guest_kallsyms = o->guest_kallsyms,
		.guest_vmlinux = o->guest_vmlinux,
		.guest_modules = o->guest_modules,
		.vmlinux = o->vmlinux,
		.modules = o->modules,
		.map_dirs = o->map_dirs.v,
		.n_map_dirs = o->map_dirs.n,
		.demangle = (enum cp_demangle)o->demangle,
		.no_inlines = o->no_inlines,
		.force_build_id = o->force_build_id,
		.force_path = o->force_build_id && *o->force_build_id ? o->force_build_id
								      : NULL,
		.resymbolize = o->resymbolize,
		.debuginfod = o->debuginfod,
	};
	*ret_use = o->no_symbolize ? NULL : ret;
	return check_files(tool, o);
}

void symbol_options_release(struct symbol_options *o)
{
	free(o->binary);
	o->binary = NULL;
}

const struct opt capture_rows[] = {
	OPT_COMMAS(struct capture_options, events, "event", 'e', "LIST",
		"samples of these events only", .aliases = "events"),
	OPT_COMMAS(struct capture_options, comms, "comm", 0, "LIST",
		"samples of threads with these names only", .aliases = "comms"),
	OPT_COMMAS(struct capture_options, dsos, "dso", 0, "LIST",
		"samples whose leaf lies in one of these files only", .aliases = "dsos"),
	OPT_COMMAS(struct capture_options, pids, "pid", 0, "LIST",
		"samples of these processes only", .aliases = "pids"),
	OPT_COMMAS(struct capture_options, tids, "tid", 0, "LIST",
		"samples of these threads only", .aliases = "tids"),
	OPT_STRING(struct capture_options, cpus, "cpu", 'C', "LIST",
		"samples of these processors only, such as 0-3,8", .aliases = "cpus"),
	OPT_STRING(struct capture_options, time, "time", 0, "FROM,TO",
		"a span of the capture: seconds since the first sample (1.5,3), percent "
		"(25%,50%), or perf's timestamps (with a fraction of 6 digits or more); "
		"either end "
		"may be left out; or a list of spans as perf has it: 10%-20%,30%-40%, "
		"10%/1,10%/2 "
		"(the first and second tenth), or several spans separated by blanks"),
	OPT_STRING(struct capture_options, profile, "profile", 0, "N|NAME",
		"of a speedscope file with several profiles the one with this number "
		"(from 0) or name; all are added up by default"),
	OPT_COMMAS(struct capture_options, labels, "labels", 0, "LIST",
		"what samples are labelled with: pid, comm, process_comm, tid, cpu, "
		"cgroup, "
		"timestamp_ns, event, or none (default pid,comm)"),
	OPT_FLAG(struct capture_options, keep_time, "keep-time", 0,
		"keep each sample's time and the order of samples"),
	OPT_FLAG(struct capture_options, off_wake, "off-wake", 0,
		"waits: above a frame \"--\" the stack of what woke the thread, leaf first"),
	OPT_FLAG(struct capture_options, perf_compat, "perf-compat", 0,
		"stacks, weights and names exactly as perf script and "
		"stackcollapse-perf.pl "
		"have them"),
	OPT_FLAG(struct capture_options, pprof_compat, "pprof-compat", 0,
		"pprof's behaviour also where it is plainly wrong"),
	OPT_END,
};

static int get_ids(struct tool *tool, const char *name, const struct opt_list *list,
	int32_t **ret)
{
	int32_t *ids = allocated(tool, list->n, sizeof *ids);

	free(*ret);
	*ret = ids;
	if (!ids)
		return TOOL_SYSTEM;
	for (size_t i = 0; i < list->n; i++) {
		char *end;
		long id;

		errno = 0;
		id = strtol(list->v[i], &end, 10);
		if (*end || errno || id < -1 || id > INT32_MAX)
			return tool_usage(tool, "--%s: '%s' is not a number of a task",
				name, list->v[i]);
		ids[i] = (int32_t)id;
	}
	return TOOL_GO;
}

static int get_labels(struct tool *tool, const struct opt_list *list, uint32_t *ret)
{
	static const char *const names[] = {"pid", "comm", "tid", "cpu", "cgroup",
		"timestamp_ns", "process_comm", "event", "default", "none"};
	static const uint32_t bits[] = {CP_LABEL_PID, CP_LABEL_COMM, CP_LABEL_TID,
		CP_LABEL_CPU, CP_LABEL_CGROUP, CP_LABEL_TIMESTAMP_NS,
		CP_LABEL_PROCESS_COMM, CP_LABEL_EVENT, CP_LABEL_PID | CP_LABEL_COMM,
		CP_LABEL_NONE};
	enum { N = sizeof names / sizeof *names };

	for (size_t i = 0; i < list->n; i++) {
		size_t k = 0;
		const char *near;

		while (k < N && strcmp(names[k], list->v[i]))
			k++;
		if (k < N) {
			*ret |= bits[k];
			continue;
		}
		near = opt_nearest(list->v[i], names, N);
		return tool_usage(tool,
			"--labels: no label '%s'%s%s%s (pid, comm, tid, cpu, cgroup, "
			"timestamp_ns, process_comm, event, default, none)",
			list->v[i], near ? "; did you mean '" : "", near ? near : "",
			near ? "'?" : "");
	}
	return TOOL_GO;
}

int capture_options_get(struct tool *tool, struct capture_options *o,
	struct cp_read_options *ret)
{
	int status;

	*ret = (struct cp_read_options){
		.size = sizeof *ret,
		.events = o->events.v,
		.n_events = o->events.n,
		.comms = o->comms.v,
		.n_comms = o->comms.n,
		.dsos = o->dsos.v,
		.n_dsos = o->dsos.n,
		.n_pids = o->pids.n,
		.n_tids = o->tids.n,
		.cpus = o->cpus,
		.keep_time = o->keep_time,
		.profile = o->profile,
		.off_wake = o->off_wake,
		.perf_compat = o->perf_compat,
		.pprof_compat = o->pprof_compat,
	};
	status = get_ids(tool, "pid", &o->pids, &o->pid);
	if (status == TOOL_GO)
		status = get_ids(tool, "tid", &o->tids, &o->tid);
	if (status == TOOL_GO)
		status = get_labels(tool, &o->labels, &ret->labels);
	if (status == TOOL_GO && o->time)
		status = time_spans_get(tool, o->time, &o->spans, &o->n_spans);
	if (o->n_spans) {
		ret->time = o->spans[0];
		ret->more_times = o->spans + 1;
		ret->n_more_times = o->n_spans - 1;
	}
	ret->pids = o->pid;
	ret->tids = o->tid;
	return status;
}

void capture_options_want(struct cp_read_options *read, uint32_t labels)
{
	if (read->labels & CP_LABEL_NONE)
		return;
	read->labels |= labels | (read->labels ? 0 : CP_LABEL_DEFAULT);
}

void capture_options_release(struct capture_options *o)
{
	free(o->pid);
	free(o->tid);
	free(o->spans);
	o->pid = o->tid = NULL;
	o->spans = NULL;
	o->n_spans = 0;
}
