/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_H
#define CPI_FORMAT_H

/*
 * One row per format. The files of this folder are strangers to each other; this table
 * (format/table.c) is all that knows them.
 */

#include <cp/read.h>
#include <cp/write.h>

#include "base/sink.h"
#include "model/profile.h"

/*
 * The bytes of an input, unwrapped and contiguous (mapped or in memory). `n_parts` > 1
 * for a perf.data directory: part 0 is its file `data`, the others data.0, data.1, …
 */
struct cpi_bytes {
	const uint8_t *data;
	size_t n;
	bool mapped; /* a private mapping of a file: its pages can be given back */
	const char *name; /* of the file in a directory; NULL: the source's own */
};

struct cpi_source {
	const char *name; /* for messages */
	struct cpi_bytes part[1 + 1024];
	unsigned n_parts;
	int64_t mtime; /* seconds since the epoch, 0 = unknown */
	bool bare;     /* nothing is to be symbolized: not by a text's remarks either */
};

/* The name of the file that a part was read from. */
static inline const char *cpi_source_name(const struct cpi_source *source, unsigned part)
{
	const char *name = source->part[part].name;

	return name ? name : source->name;
}

/*
 * Gives back the pages of a mapped part's bytes from…to, so that a large input that is
 * read from front to end does not stay in memory. They may still be read: that brings
 * them back from the file.
 */
void cpi_source_behind(
	const struct cpi_source *source, unsigned part, uint64_t from, uint64_t to);

/*
 * One sample's user registers and stack, as perf captured them, to be unwound. Numbers
 * are in this machine's byte order; `stack` is as captured.
 */
struct cpi_unwind_sample {
	uint64_t abi;         /* PERF_SAMPLE_REGS_ABI_32 = 1, _64 = 2 */
	uint64_t regs_mask;   /* perf's register numbers */
	const uint64_t *regs; /* one per bit of the mask, ascending */
	const uint8_t *stack;
	size_t stack_n;     /* bytes really captured (dyn_size) */
	size_t stack_asked; /* size of the dump that was asked for */
	uint32_t pid, tid;
	/*
	 * of the address space, for map_at: as long as it and `pid` stay the same,
	 * map_at gives the same answers
	 */
	uint64_t epoch;
};

/* A user mapping that covers an address at a sample's time. */
struct cpi_unwind_map {
	uint64_t start, limit, offset;
	uint32_t image; /* equal numbers: same path and build id; small, from 1 */
	struct cp_text path, build_id; /* build id in hexadecimal digits, or empty */
	uint8_t kind;
	/*
	 * Where the first mapping of this image in the sample's memory begins; only with
	 * perf_compat, which also gives mappings without code.
	 */
	uint64_t first;
};

/* The reader's answer to "what is mapped at this address?"; false: nothing. */
typedef bool cpi_unwind_map_fn(void *reader, const struct cpi_unwind_sample *sample,
	uint64_t address, struct cpi_unwind_map *ret_map);

enum cpi_unwind_end {
	CPI_UNWIND_DONE,
	CPI_UNWIND_TRUNCATED, /* the dump was too small */
	/*
	 * The dump is shorter than asked for (the page was not there: in execve, or below
	 * an array that nothing was written to yet), or the stack goes on elsewhere.
	 */
	CPI_UNWIND_MISSING,
	CPI_UNWIND_BROKEN /* no way on */
};

/*
 * What the perf.data reader gets from above it: an unwinder for captured stacks. `unwind`
 * fills `ips` with at most `max` addresses, leaf first; all but the leaf (and frames
 * above a signal handler) are return addresses, which ret_exact[i] = false says. It may
 * be called from several threads at once with different `worker`.
 */
struct cpi_unwinder {
	void *arg;
	unsigned (*unwind)(void *arg, unsigned worker,
		const struct cpi_unwind_sample *sample, cpi_unwind_map_fn *map_at,
		void *reader, uint64_t *ips, bool *ret_exact, unsigned max,
		enum cpi_unwind_end *ret_end);
	/*
	 * Told once, before the first sample: the capture's `uname -m` and word order,
	 * and whether perf's unwinder is to be imitated.
	 */
	void (*start)(void *arg, struct cp_text arch, bool big_endian, bool perf_compat);
	/*
	 * The caller of the function at a program counter if its return address is still
	 * in the link register, whose value is `lr`; 0 if it is not, or not known. Not
	 * while `unwind` runs. May be NULL.
	 */
	uint64_t (*leaf_caller)(void *arg, const struct cpi_unwind_sample *sample,
		cpi_unwind_map_fn *map_at, void *reader, uint64_t pc, uint64_t lr);
	/*
	 * Told once, after the last sample; reports what stopped stacks short, and why.
	 * Fails when memory ran out on the way, or for damage in strict mode.
	 */
	enum cp_code (*finish)(void *arg, struct cp_error *err);
	/*
	 * The jitdump that process `pid` wrote to `path`, its bytes for as long as the
	 * reader runs; false: it is not here. NULL: it is not looked for.
	 */
	void *jitdump_arg;
	bool (*jitdump)(void *jitdump_arg, uint32_t pid, struct cp_text path,
		const uint8_t **ret_bytes, size_t *ret_n);
};

struct cpi_format {
	struct cp_format public;
	/*
	 * How surely the bytes are of this format: 0 no … 100 a magic number. Looks at
	 * the first part only.
	 */
	int (*detect)(const struct cpi_source *source);
	enum cp_code (*read)(struct cpi_env *env, const struct cpi_source *source,
		const struct cp_read_options *options,
		const struct cpi_unwinder *unwinder, struct cp_profile **ret_profile,
		struct cp_error *err);
	enum cp_code (*write)(struct cpi_env *env, const struct cp_profile *profile,
		const struct cp_write_options *options, struct cpi_sink *sink,
		struct cp_error *err);
};

extern const struct cpi_format *const cpi_formats[]; /* ends with NULL */

/* How sure it is what an input is that no reader takes. */
enum cpi_other {
	CPI_OTHER_UNKNOWN,
	CPI_OTHER_TEXT, /* text of any kind */
	CPI_OTHER_SURE  /* by a magic number or an unmistakable beginning */
};

/* Writes what it is, as "no profile, but a zip archive: …", unless that is unknown. */
enum cpi_other cpi_format_other(const struct cpi_source *source, char *ret, size_t size);

/* The surest format, or NULL. */
const struct cpi_format *cpi_format_detect(const struct cpi_source *source);
const struct cpi_format *cpi_format_find(const char *name);

#endif
