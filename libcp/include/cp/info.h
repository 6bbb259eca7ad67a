/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_INFO_H
#define CP_INFO_H

/* What an input holds, what it lost, and what to do better at the next recording. */

#include <cp/read.h>
#include <cp/symbolize.h>
#include <cp/write.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One thing that makes a profile less than it could be. Valid during the callback. */
struct cp_finding {
	const char *kind; /* "truncated-stacks", "frame-pointers", "kernel-symbols", … */
	const char *text; /* what is wrong, with its share; one sentence, no final period */
	const char *fix;  /* the flag or command that helps next time */
};

typedef void cp_finding_fn(const struct cp_finding *finding, void *arg);

/*
 * Looks for truncated stacks, broken frame-pointer chains, an unresolved kernel, wrong or
 * unverified build ids, lost samples, throttling, and too few samples. `report` is what
 * symbolization said, or NULL.
 */
enum cp_code cp_profile_diagnose(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_symbol_report *report, cp_finding_fn *fn, void *arg,
	struct cp_error *err);

/*
 * Writes everything about the input as "text" or "json" (schema "libcp.info", version 1).
 * *ret_damaged says whether anything in it was broken, also when the context is strict
 * and the function fails for that. `symbolize` says where symbols are
 * looked for; NULL: not at all.
 */
enum cp_code cp_info_write(struct cp_context *context, struct cp_input *input,
	const struct cp_symbolize_options *symbolize, const char *format, bool *ret_damaged,
	cp_write_fn *fn, void *arg, struct cp_error *err);

#ifdef __cplusplus
}
#endif
#endif
