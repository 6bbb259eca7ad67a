/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_MERGE_H
#define CP_MERGE_H

/*
 * Many profiles into one, an input at a time: memory grows with distinct stacks, not with
 * inputs. Rows are equal by pprof's rules: mappings by size, offset and build id (or
 * path), wherever they were loaded; locations by their offset in the mapping and their
 * lines; samples by stack and labels. Samples of equal rows are added; those that come to
 * nothing are left out, and rows that nothing refers to, too. Rows stand in order of first
 * use; the first mapping of all stays first.
 *
 *	cp_merge_new(context, NULL, &merge, &err);
 *	for each input: read it; cp_merge_add(merge, profile, NULL, &err); free it
 *	cp_merge_finish(merge, &result, &err);
 *
 * Merging is associative: results may be merged again, in any grouping. The order of the
 * inputs is that of the result's rows, unless `canonical` asks for one of its own.
 */

#include <cp/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cp_merge_types {
	CP_MERGE_INTERSECT, /* the sample types that all inputs have */
	CP_MERGE_UNION      /* all sample types; 0 where an input has none */
};

struct cp_merge_options {
	size_t size; /* sizeof(struct cp_merge_options) */
	enum cp_merge_types types;
	/*
	 * For compilers: labels are dropped, and the addresses of symbolized locations, so
	 * that functions, lines and start lines remain.
	 */
	bool pgo;
	/*
	 * pprof's quirks: time_nanos as its code has it, columns of inlined calls ignored,
	 * sample types that occur twice dropped, samples dropped when units are harmonised.
	 */
	bool pprof_compat;
	/*
	 * Equal inputs in any order give an equal result: rows stand in the order of their
	 * content, of what inputs disagree about (where a file was loaded, the expressions
	 * of the header) the smallest is taken, and sample types stand by name if their
	 * order is not the same everywhere.
	 */
	bool canonical;
	/*
	 * Keep this many different stacks, those with the largest sums in the default
	 * sample type; the rest is one sample without labels in a function "(other)", so
	 * that totals stay. For the last merge of a tree. 0 = all.
	 */
	uint32_t max_stacks;
};

/* A label given by the user, NUL-terminated strings. */
struct cp_merge_label {
	const char *key, *value;
};

struct cp_merge_input {
	size_t size; /* sizeof(struct cp_merge_input) */
	/* Replace labels of the same key on every sample of this input. */
	const struct cp_merge_label *labels;
	size_t n_labels;
	double weight; /* all values are multiplied by it and rounded; 0 = 1 */
};

struct cp_merge;

/* `options` may be NULL. */
enum cp_code cp_merge_new(struct cp_context *context, const struct cp_merge_options *options,
	struct cp_merge **ret_merge, struct cp_error *err);
/*
 * Adds a profile, which is only looked at and may be freed afterwards; it may come from
 * another context. `input` may be NULL. Units of one kind (ms and ns) are brought to the
 * finer one. CP_ERROR_ARGUMENT: the profile does not go with the ones before (no common
 * sample types, another period type); the merge is as it was before and can go on. After
 * any other error it can only be freed.
 */
enum cp_code cp_merge_add(struct cp_merge *merge, const struct cp_profile *profile,
	const struct cp_merge_input *input, struct cp_error *err);
/*
 * Counts n inputs that could not be added, for a reason of a word or two ("truncated").
 * The result says it in a comment, "cpmerge: left out (truncated): 3"; merging sums up
 * such comments of its inputs. CP_ERROR_ARGUMENT: the reason is too long, and the merge is
 * as it was before.
 */
enum cp_code cp_merge_skip(
	struct cp_merge *merge, const char *reason, uint64_t n, struct cp_error *err);
/* Ends with the merged profile and frees the merge, also on failure. */
enum cp_code cp_merge_finish(
	struct cp_merge *merge, struct cp_profile **ret_profile, struct cp_error *err);
/* Throws a merge away. NULL is fine. */
void cp_merge_free(struct cp_merge *merge);

#ifdef __cplusplus
}
#endif
#endif
