/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_READ_H
#define CP_READ_H

/* From bytes to a profile. */

#include <cp/profile.h>
#include <cp/symbolize.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * An input: a file mapped into memory, a perf.data directory, or a stream spooled to an
 * unnamed temporary file; outer gzip, zstd and xz wrappers are opened. It keeps no
 * descriptor, and must live until the reads from it have returned.
 */
struct cp_input;

/* `path` "-" is standard input. */
enum cp_code cp_input_open(struct cp_context *context, const char *path,
	struct cp_input **ret_input, struct cp_error *err);
/* Borrows `bytes` until cp_input_free; `name` (copied, may be NULL) is for messages. */
enum cp_code cp_input_memory(struct cp_context *context, const void *bytes, size_t n,
	const char *name, struct cp_input **ret_input, struct cp_error *err);
void cp_input_free(struct cp_input *input);

/* Labels that a perf.data reader can put on samples. */
enum cp_label_set {
	CP_LABEL_PID = 1 << 0,
	CP_LABEL_COMM = 1 << 1, /* the thread's command name */
	CP_LABEL_TID = 1 << 2,
	CP_LABEL_CPU = 1 << 3,
	CP_LABEL_CGROUP = 1 << 4,
	CP_LABEL_TIMESTAMP_NS = 1 << 5,
	CP_LABEL_PROCESS_COMM = 1 << 6, /* the main thread's command name */
	CP_LABEL_EVENT = 1 << 7,
	CP_LABEL_DEFAULT = 1 << 30 /* pid and comm */
};

/* What the numbers of a time span are. */
enum cp_time_unit {
	CP_TIME_ALL,
	CP_TIME_NANOS,  /* absolute, on the capture's clock */
	CP_TIME_OFFSET, /* nanoseconds since the first sample */
	CP_TIME_SHARE   /* 0…1 of the capture */
};

/* A half-open span of the capture. This struct never grows. */
struct cp_time_span {
	enum cp_time_unit unit;
	double from, to; /* to = INFINITY for open */
};

/*
 * Zero-initialise and set what you need. Lists are arrays of NUL-terminated strings, as
 * users write them; empty lists filter nothing.
 */
struct cp_read_options {
	size_t size; /* sizeof(struct cp_read_options) */

	/* Captures with time and tasks (perf.data, perf script text). */
	const char *const *events;
	size_t n_events; /* event names; the modifier may be left out */
	const char *const *comms;
	size_t n_comms;
	const char *const *dsos;
	size_t n_dsos;      /* keep samples whose leaf lies in one of these files */
	const int32_t *pids;
	size_t n_pids;
	const int32_t *tids;
	size_t n_tids;
	const char *cpus; /* "0-3,8", or NULL */
	struct cp_time_span time;
	uint32_t labels; /* set of enum cp_label_set; 0 = default; CP_LABEL_NONE below */
	bool keep_time;  /* one row per sample, in time order, with times */

	/*
	 * Stacks as `perf script` prints them: return addresses are not moved to the call,
	 * the first event only, weight 1 where perf says 1: for tracepoints and samples
	 * without time, which count beside that event.
	 */
	bool perf_compat;
	bool pprof_compat; /* pprof's quirks where libcp does better */
	bool no_unwind;    /* leave captured user stacks alone */
	bool diff_input;   /* folded: two counts a line even if some line has one */

	/* Further spans: a sample is kept that lies in one of these or in `time`. */
	const struct cp_time_span *more_times;
	size_t n_more_times;

	/* Files of several profiles (speedscope): the one with this name or number. */
	const char *profile;

	/*
	 * Captures of the scheduler: above the stack of a wait, behind a frame "--", the
	 * stack of what ended it, leaf first.
	 */
	bool off_wake;
};

#define CP_LABEL_NONE (1u << 31)

/*
 * Reads a profile of any supported format, recognised by content. `options` and
 * `symbolize` may be NULL: NULL symbolize means that addresses stay unresolved (a format
 * that carries its own names keeps them either way).
 */
enum cp_code cp_profile_read(struct cp_context *context, struct cp_input *input,
	const struct cp_read_options *options,
	const struct cp_symbolize_options *symbolize, struct cp_profile **ret_profile,
	struct cp_error *err);

/* The name of the input's format ("perf.data", "pprof", "folded", …), or NULL. */
const char *cp_input_format(const struct cp_input *input);

#ifdef __cplusplus
}
#endif
#endif
