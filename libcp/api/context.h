/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_CONTEXT_H
#define CPI_CONTEXT_H

#include "base/arena.h"
#include "base/file.h"
#include "format/format.h"

struct cp_context {
	struct cpi_env env;
};

struct cp_input {
	struct cpi_env *env;
	char *name;
	size_t name_room;
	struct cpi_arena names; /* of a directory's files */
	bool is_dir;
	struct cpi_source source;
	struct cpi_blob blob[1 + 1024]; /* what source.part points into */
	uint64_t file_bytes[1 + 1024];  /* of the files, wrappers included */
	uint64_t warnings;              /* about the wrapper */
	bool utf16; /* part 0 was text in UTF-16; its bytes here are UTF-8 */
};

/* Where a caller's write function gets its bytes from. */
struct cpi_target {
	cp_write_fn *fn;
	void *arg;
};

/*
 * A sink that hands on to the target, which must outlive it; `p` (may be NULL) says how
 * much may be written when the caller sets no limit.
 */
void cpi_target_sink(struct cpi_sink *sink, struct cpi_env *env,
	struct cpi_target *target, const struct cp_profile *p);

/*
 * Copies a caller's options, whose first member is their size, over zeroed ones of `ours`
 * bytes, so that programs built against an older or newer libcp keep working; `from` may
 * be NULL. CP_ERROR_ARGUMENT: no size, or members that are set and not known here.
 */
enum cp_code cpi_options_copy(
	void *to, size_t ours, const void *from, struct cp_error *err);
/* The same for functions with a context, which must be there. */
enum cp_code cpi_options_take(const struct cp_context *context, void *to, size_t ours,
	const void *from, struct cp_error *err);
enum cp_code cpi_context_check(const struct cp_context *context, struct cp_error *err);

/* An error that is about the input and names no file names this one. */
void cpi_input_blame(
	const struct cp_input *input, enum cp_code code, struct cp_error *err);

#endif
