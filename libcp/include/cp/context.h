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

/*
 * One remark, and its place. Valid during the callback only. `message` and `context` are
 * escaped; `source` is a path as it is.
 */
struct cp_diagnostic {
	enum cp_severity severity;
	const char *kind;    /* class of the remark: "truncated", "build-id", … */
	const char *context; /* the place in the format's terms: "MMAP2 record 31", or "" */
	const char *message; /* one sentence, no final period */
	/* byte in what is decompressed of the source (of its section), or CP_NO_OFFSET */
	uint64_t offset;
	/*
	 * The file that the remark is about: the input's name as the caller gave it (of a
	 * directory the file in it), or the path of a program, of a file with debug
	 * information or of a list of symbols. NULL: it is about no one file.
	 */
	const char *source;
	const char *section; /* of an ELF file, in which `offset` counts; or NULL */
	const char
		*record; /* what the format calls the record: "MMAP2", "line"; or NULL */
	uint64_t number; /* of the record, as the format counts; or CP_NO_RECORD */
};

typedef void cp_diagnostic_fn(const struct cp_diagnostic *diagnostic, void *arg);

/*
 * Called now and then with the share done (0…1, or negative when unknown); returning
 * true stops the operation with CP_ERROR_CANCELLED.
 */
typedef bool cp_progress_fn(double done, void *arg);

/* The version of the library that runs, "MAJOR.MINOR.PATCH"; never NULL. */
const char *cp_version(void);

/*
 * Structs of options begin with their size, sizeof(struct …) where the caller was
 * compiled, so that they can grow: what an older program does not know is 0, and what a
 * newer one knows and sets is refused, not dropped. A size of 0, which is a forgotten one,
 * is CP_ERROR_ARGUMENT, and so is a context of NULL. What stands in options by value or in
 * arrays (struct cp_text, cp_time_span, cp_binary, cp_gate, …) never grows, but for
 * struct cp_limits, behind which nothing stands.
 */

/*
 * Limits on what an input can cost; 0 means the default in parentheses. What reaches one
 * fails with CP_ERROR_LIMIT (memory: CP_ERROR_MEMORY) and a message that ends with
 * "(limit NAME)", under the names of cp_limit_at. Members are only ever added at the end.
 */
struct cp_limits {
	/*
	 * bytes allocated at once, by decompressors and regular expressions on our behalf,
	 * too (three quarters of the machine's, or of what the process may have)
	 */
	uint64_t memory;
	uint64_t inflated;    /* bytes that all layers of one input may grow to (64 GiB) */
	uint32_t ratio;       /* inflated : compressed, beyond the first 32 MiB (1000) */
	uint32_t stack_depth; /* frames of one stack (1 << 20) */
	uint32_t string_length; /* bytes of one name (16 MiB) */
	uint32_t regex_steps;   /* match steps of one expression on one name (1,000,000) */
	uint64_t regex_total;   /* of one expression on all names (20,000,000) */
	/*
	 * frames of all samples together, with inlined functions and labels as frames
	 * (256 million + 256 a sample + 16 for each frame of a stack; in different stacks
	 * 4 million + 16 for each frame)
	 */
	uint64_t frames;
	uint64_t output; /* bytes written (1 GiB + 1 KiB for each row of the profile) */
	uint64_t stream; /* bytes taken from a pipe (64 GiB) */
	uint32_t demangled; /* bytes of one demangled name (4 KiB + 64 times the mangled) */
	uint32_t seconds;   /* since the context was made (no limit) */
};

/* One limit, for a program that offers them. */
struct cp_limit {
	const char *name;    /* "stack-depth" */
	const char *unit;    /* "bytes", "frames", … */
	const char *meaning; /* what is counted, a few words */
	const char *standard; /* the default, in words */
};

/* The limits there are, in the order of struct cp_limits; NULL behind the last. */
const struct cp_limit *cp_limit_at(size_t i);
/* CP_ERROR_ARGUMENT when there is none of the name, or the value is 0 or too large. */
enum cp_code cp_limits_set(
	struct cp_limits *limits, const char *name, uint64_t value, struct cp_error *err);

/* Zero-initialise and set what you need. */
struct cp_context_options {
	size_t size; /* sizeof(struct cp_context_options) */
	unsigned threads; /* worker threads, the caller's included; 0 = one per processor */
	/*
	 * Damage that can be skipped makes the function that meets it fail: it does all
	 * its work and gives all its diagnostics as without, and then returns
	 * CP_ERROR_CORRUPT with the first warning in `err`, instead of its result.
	 */
	bool strict;
	cp_diagnostic_fn *diagnostic;
	void *diagnostic_arg;
	cp_progress_fn *progress;
	void *progress_arg;
	/*
	 * Map files instead of reading them, which saves a copy of large ones. A file that
	 * shrinks while it is mapped raises SIGBUS, so this is for programs whose handler
	 * of that signal asks cp_context_fault. Without it such files are read, large ones
	 * into an unnamed file in TMPDIR. Either way the operation fails with
	 * CP_ERROR_CHANGED.
	 */
	bool map_files;
	struct cp_limits limits; /* grows, and so stands last */
};

/*
 * `options` may be NULL for all defaults. Returns NULL when out of memory, or when a size
 * in the options is impossible; every function that is given NULL for a context says so.
 */
struct cp_context *cp_context_new(const struct cp_context_options *options);
/* NULL is fine. */
void cp_context_free(struct cp_context *context);

/* Says "… and N more" for the diagnostics held back so far. */
void cp_context_flush_diagnostics(struct cp_context *context);
/* Number of warnings so far, shown or not. */
uint64_t cp_context_warnings(const struct cp_context *context);
/*
 * For the program's handler of SIGBUS, with the address of the fault (si_addr): true when
 * it lies in a file that the context has mapped and that shrank. Then the handler returns
 * and the operation ends with an error; else the fault is the program's own. May be
 * called from a signal handler on any thread.
 */
bool cp_context_fault(struct cp_context *context, const void *address);
/* Highest number of bytes that were allocated at once. */
uint64_t cp_context_peak_memory(const struct cp_context *context);
/* The limit on memory that is in force, and whether something was refused because of it. */
uint64_t cp_context_memory_limit(const struct cp_context *context, bool *ret_reached);

#ifdef __cplusplus
}
#endif
#endif
