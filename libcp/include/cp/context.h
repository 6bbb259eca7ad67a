/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_CONTEXT_H
#define CP_CONTEXT_H

/*
 * A context holds what the operations of one caller share: the memory limit, the number
 * of threads, and where diagnostics go. There are no globals; two contexts know nothing
 * of each other. One context serves one thread of the caller at a time (the library's
 * own worker threads are its own business). Objects made with a context must be freed
 * before it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cp/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cp_context;

enum cp_severity {
	CP_NOTE,   /* worth knowing; nothing is lost */
	CP_WARNING /* something was skipped or guessed; it is counted */
};

/* One remark about an input; valid during the callback only. Text is escaped. */
struct cp_diagnostic {
	enum cp_severity severity;
	const char *kind;    /* class of the remark: "truncated", "build-id", … */
	const char *context; /* the place in the format's terms: "MMAP2 record 31", or "" */
	const char *message; /* one sentence, no final period */
	uint64_t offset;     /* byte in the decompressed input, or CP_NO_OFFSET */
	const char *source;  /* the input's name as given by the caller, or NULL */
};

typedef void cp_diagnostic_fn(const struct cp_diagnostic *diagnostic, void *arg);

/*
 * Called now and then with the share done (0…1, or negative when unknown); returning
 * true stops the operation with CP_ERROR_CANCELLED.
 */
typedef bool cp_progress_fn(double done, void *arg);

/* Limits on what an input can cost. 0 means the default in parentheses. */
struct cp_limits {
	uint64_t memory;        /* bytes of the library's own allocations (no limit) */
	uint64_t inflated;      /* bytes one compressed input may grow to (64 GiB) */
	uint32_t ratio;         /* inflated : compressed, beyond the first 64 MiB (2000) */
	uint32_t stack_depth;   /* frames of one stack (1 << 20) */
	uint32_t string_length; /* bytes of one name (16 MiB) */
	uint32_t regex_steps;   /* match steps of one user regex on one name (1,000,000) */
};

/* Zero-initialise and set what you need; `size` must be sizeof(struct cp_context_options). */
struct cp_context_options {
	size_t size;
	struct cp_limits limits;
	unsigned threads; /* worker threads, the caller's included; 0 = one per processor */
	bool strict;      /* the first skippable damage is an error */
	cp_diagnostic_fn *diagnostic;
	void *diagnostic_arg;
	cp_progress_fn *progress;
	void *progress_arg;
};

/* `options` may be NULL for all defaults. NULL when out of memory. */
struct cp_context *cp_context_new(const struct cp_context_options *options);
void cp_context_free(struct cp_context *context);

/* Says "… and N more" for the diagnostics held back so far. */
void cp_context_flush_diagnostics(struct cp_context *context);
/* Number of warnings so far, shown or not. */
uint64_t cp_context_warnings(const struct cp_context *context);
/* Highest number of bytes that were allocated at once. */
uint64_t cp_context_peak_memory(const struct cp_context *context);

#ifdef __cplusplus
}
#endif
#endif
