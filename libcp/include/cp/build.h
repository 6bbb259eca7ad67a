/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_BUILD_H
#define CP_BUILD_H

/*
 * Makes profiles row by row, for programs whose samples come from somewhere else.
 *
 * Adding interns: an equal row gives the id that it has already. A builder is sticky:
 * after a failure (memory, a limit, an id that it did not give, a value missing) what is
 * added gets id 0, and cp_builder_finish says what the first failure was, so that callers
 * test once. Rows refer to rows added before. A builder serves one thread at a time, and
 * must be freed before its context.
 */

#include <cp/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cp_builder;

/* Starts an empty profile. */
enum cp_code cp_builder_new(
	struct cp_context *context, struct cp_builder **ret_builder, struct cp_error *err);
/* Throws everything away. NULL is fine. */
void cp_builder_free(struct cp_builder *builder);
/*
 * Ends with the profile, checked as cp_profile_check does, or with the first failure:
 * CP_ERROR_ARGUMENT when a call before had impossible arguments. Frees the builder, also
 * on failure.
 */
enum cp_code cp_builder_finish(
	struct cp_builder *builder, struct cp_profile **ret_profile, struct cp_error *err);

/* The bytes are copied. The empty text is string 0. */
cp_string cp_builder_string(struct cp_builder *builder, struct cp_text text);
/* The same of a NUL-terminated text. */
cp_string cp_builder_str(struct cp_builder *builder, const char *text);
/* See struct cp_mapping_row. */
cp_mapping cp_builder_mapping(
	struct cp_builder *builder, const struct cp_mapping_row *row);
/* See struct cp_function_row. */
cp_function cp_builder_function(
	struct cp_builder *builder, const struct cp_function_row *row);
/*
 * An address in a mapping (or in none), and the lines it stands for, innermost inlined
 * function first; n = 0: not symbolized. `address` of a caller is that of the call, not
 * the return address.
 */
cp_location cp_builder_location(struct cp_builder *builder, cp_mapping mapping,
	uint64_t address, const struct cp_line_row *lines, uint32_t n);
/* A sequence of locations, leaf first. */
cp_stack cp_builder_stack(
	struct cp_builder *builder, const cp_location *locations, uint32_t n);
/*
 * A set of labels, in any order. Labels that say nothing (no string, number 0, no unit)
 * are left out.
 */
cp_labels cp_builder_labels(
	struct cp_builder *builder, const struct cp_label *labels, uint32_t n);

/* One kind of value; all of them before the first sample. */
void cp_builder_sample_type(
	struct cp_builder *builder, const struct cp_value_type *type);
/* A remark about the whole profile. */
void cp_builder_comment(struct cp_builder *builder, struct cp_text text);
/* What stands once in the profile; copied. */
void cp_builder_header(
	struct cp_builder *builder, const struct cp_profile_header *header);
/*
 * A sample with one value per sample type (n of them). With CP_NO_TIME the values are
 * added to those of the sample that has this stack and these labels; with a time it is a
 * row of its own. All samples have a time or none has.
 */
void cp_builder_sample(struct cp_builder *builder, cp_stack stack, cp_labels labels,
	const int64_t *values, uint32_t n, int64_t time);

#ifdef __cplusplus
}
#endif
#endif
