/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_BUILDER_H
#define CPI_BUILDER_H

/*
 * Makes profiles. Every add interns: adding an equal row again gives the same id. Like a
 * sink, a builder is sticky: after a failure (memory, more than 2^32 rows, a sum over 64
 * bits) adds return id 0 and cpi_builder_finish returns the failure, so that readers
 * test once.
 */

#include "base/hash.h"
#include "model/profile.h"

struct cpi_builder {
	struct cpi_env *env;
	struct cp_profile *p;
	struct cpi_index strings, mappings, functions, locations, stacks, label_sets,
		samples;
	enum cp_code code;
	struct cp_error error;
};

/* Starts an empty profile. On failure the builder is already failed; finish says so. */
void cpi_builder_init(struct cpi_builder *b, struct cpi_env *env);
/*
 * Goes on with a finished profile, which the builder then owns. Only for its one owner,
 * before anybody else has seen it: symbolization completes a reader's profile this way.
 * Indexes of the string, mapping and function tables are made anew; locations, stacks
 * and labels must not be added.
 */
void cpi_builder_reopen(struct cpi_builder *b, struct cp_profile *take_profile);
/* Ends with a profile in *ret_profile, or the first failure. Releases the builder. */
enum cp_code cpi_builder_finish(
	struct cpi_builder *b, struct cp_profile **ret_profile, struct cp_error *err);
/* Throws everything away. */
void cpi_builder_release(struct cpi_builder *b);
/* Records a failure of the reader's own, keeping an earlier one; returns the code. */
enum cp_code cpi_builder_fail(
	struct cpi_builder *b, enum cp_code code, const char *message);

cp_string cpi_builder_string(struct cpi_builder *b, struct cp_text text);
static inline cp_string cpi_builder_str(struct cpi_builder *b, const char *s)
{
	return cpi_builder_string(b, cpi_text(s));
}
cp_mapping cpi_builder_mapping(struct cpi_builder *b, const struct cp_mapping_row *row);
cp_function cpi_builder_function(
	struct cpi_builder *b, const struct cp_function_row *row);
cp_location cpi_builder_location(struct cpi_builder *b, cp_mapping mapping,
	uint64_t address, bool folded, const struct cp_line_row *lines, uint32_t n_lines);
/* Leaf first. */
cp_stack cpi_builder_stack(struct cpi_builder *b, const cp_location *frames, uint32_t n);
/*
 * The same in two steps, for readers that queue stacks up while memory brings the index:
 * the hint asks for it and gives the hash that the second step takes.
 */
static inline uint64_t cpi_builder_stack_hint(
	const struct cpi_builder *b, const cp_location *frames, uint32_t n)
{
	uint64_t hash = cpi_hash(frames, n * sizeof *frames);

	cpi_index_prefetch(&b->stacks, hash);
	return hash;
}
cp_stack cpi_builder_stack_hashed(
	struct cpi_builder *b, const cp_location *frames, uint32_t n, uint64_t hash);
/*
 * Sorts `label` in place (strings first, by key bytes, equal keys in the given order) and
 * interns the set. Labels that pprof would drop (no string, number 0, no unit) are the
 * caller's to leave out.
 */
cp_labels cpi_builder_labels(struct cpi_builder *b, struct cp_label *label, uint32_t n);
/* Must all be added before the first sample. */
void cpi_builder_sample_type(
	struct cpi_builder *b, cp_string type, cp_string unit, uint8_t decimals);
void cpi_builder_comment(struct cpi_builder *b, struct cp_text text);

/* Appends a sample; `time` is CP_NO_TIME in all samples or in none. */
void cpi_builder_sample(struct cpi_builder *b, cp_stack stack, cp_labels labels,
	const int64_t *values, int64_t time);
/* Adds to the sample with this stack and these labels, or appends one (without time). */
void cpi_builder_sample_sum(
	struct cpi_builder *b, cp_stack stack, cp_labels labels, const int64_t *values);

/*
 * Copies rows of another profile; each keeps a memory of what it copied, so that a row
 * costs one look-up the second time.
 */
struct cpi_builder_map {
	const struct cp_profile *from;
	struct cpi_mem *mem;
	uint32_t *string, *mapping, *function, *location, *stack,
		*labels; /* new id; 0 = not yet */
};

/* False when out of memory (the builder is then failed). */
bool cpi_builder_map_init(struct cpi_builder *b, struct cpi_builder_map *map,
	const struct cp_profile *from);
void cpi_builder_map_release(struct cpi_builder_map *map);
cp_string cpi_builder_copy_string(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_string id);
cp_mapping cpi_builder_copy_mapping(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_mapping id);
cp_function cpi_builder_copy_function(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_function id);
cp_location cpi_builder_copy_location(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_location id);
cp_stack cpi_builder_copy_stack(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_stack id);
cp_labels cpi_builder_copy_labels(
	struct cpi_builder *b, struct cpi_builder_map *map, cp_labels id);
/* Sample types, comments and the rest of the header. */
void cpi_builder_copy_header(struct cpi_builder *b, struct cpi_builder_map *map);

#endif
