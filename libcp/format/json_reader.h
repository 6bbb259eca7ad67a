/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_JSON_READER_H
#define CPI_JSON_READER_H

/*
 * What readers of JSON profiles have in common: one arena of texts, one builder, damage
 * told with its byte, and locations that have a name but no address.
 */

#include "codec/json_read.h"
#include "format/format.h"
#include "model/builder.h"

struct cpi_json_reader {
	struct cpi_env *env;
	const struct cpi_source *source;
	const struct cp_read_options *options; /* never NULL */
	struct cpi_arena arena;
	struct cpi_builder b;
	uint64_t samples; /* that were added */
	size_t damage;    /* byte + 1 of the last one told; 0: none */
};

void cpi_json_reader_init(struct cpi_json_reader *r, struct cpi_env *env,
	const struct cpi_source *source, const struct cp_read_options *options);
/* Ends with the profile; no sample is CP_ERROR_EMPTY. Releases everything. */
enum cp_code cpi_json_reader_finish(
	struct cpi_json_reader *r, struct cp_profile **ret_profile, struct cp_error *err);

/* The whole input. */
struct cpi_jr cpi_json_reader_top(struct cpi_json_reader *r);

/* Reports a value that makes no sense, or what `jr` met; goes on. */
void cpi_json_warn(struct cpi_json_reader *r, const char *kind, size_t offset,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
void cpi_json_damage(struct cpi_json_reader *r, const struct cpi_jr *jr);

/* Named members of an object, for those who want a few of them in any order. */
struct cpi_json_member {
	const char *name;
	struct cpi_jr *value; /* absent when it is not there; of two the last counts */
};
/* Reads the object and steps over it; false when it is none. */
bool cpi_json_members(struct cpi_json_reader *r, struct cpi_jr *jr,
	const struct cpi_json_member *member, size_t n);

/* A location that is just a function and a line. */
cp_location cpi_json_location(struct cpi_json_reader *r, struct cp_text name,
	struct cp_text file, int64_t start_line, int64_t line, int64_t column);

/* Sets r->b's error when memory is the reason; true when the builder is still fine. */
bool cpi_json_fine(struct cpi_json_reader *r, bool memory);

#endif
