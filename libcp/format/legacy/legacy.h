/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_LEGACY_H
#define CPI_FORMAT_LEGACY_H

/*
 * What came before profile.proto: gperftools' and its relatives' formats. They share the
 * shape, samples over addresses and then a memory map, and so their readers share this:
 *
 *	legacy.c        samples and locations while they are read, the profile at the end
 *	legacy/maps.c   the memory map, and which mapping an address belongs to
 *	legacy/text.c   lines, numbers, stacks of hexadecimal addresses
 *	legacy/drop.c   frames that each kind of profile wants dropped
 *	legacy/remarks.c  names in the remarks of Go's texts
 *
 * and one file per format. All of them work as pprof's legacy parsers do, with its
 * repairs of stacks and maps; what they add is named where it is done.
 */

#include "base/cursor.h"
#include "format/format.h"
#include "model/builder.h"

/* What Go leaves out of its remarks. */
enum { LEGACY_RUNTIME = 1, LEGACY_GOEXIT };

struct legacy_location {
	uint64_t address;
	cp_function function; /* when the format carries names, with `line` */
	int64_t line;
	const char
		*chain; /* or: names of an inline chain, "--" between, innermost first */
	uint32_t chain_n;
	uint32_t n_lines; /* or: rows of `line` */
	size_t first_line;
	uint8_t hidden; /* without any of them: LEGACY_RUNTIME or LEGACY_GOEXIT */
	uint32_t rank; /* order of first use by a sample, from 1; 0 = unused */
	cp_location made;
};

struct legacy_sample {
	size_t first; /* in `frame` */
	uint32_t n;
	bool has_bytes;
	int64_t bytes; /* numeric label "bytes": size of one block */
	cp_labels labels; /* if it has no such label */
};

struct legacy_mapping {
	uint64_t start, limit, offset;
	struct cp_text path, build_id; /* in the input, or in `text` */
};

struct legacy {
	struct cpi_env *env;
	const char *source; /* the input's name */
	struct cpi_builder
		b; /* strings and functions go there at once, the rest at the end */
	struct cpi_index by_address;
	CPI_VEC(struct legacy_location) location; /* [0] is unused */
	CPI_VEC(uint32_t) frame; /* locations; the open stack at the end */
	size_t open;             /* where the open stack begins */
	CPI_VEC(struct legacy_sample) sample;
	CPI_VEC(int64_t) value;
	CPI_VEC(struct legacy_mapping) mapping;
	CPI_VEC(struct cp_line_row) line; /* of locations that remarks name */
	struct cpi_arena text;
	uint32_t n_types;
	bool drop_double_leaf; /* a second frame that is the leaf minus one goes */
	uint8_t mapping_has;   /* enum cp_mapping_has, of all mappings */
	/*
	 * Numbers in stacks are names of frames as they stand: no return addresses, no
	 * handler's frame among them.
	 */
	bool exact;
	bool quiet; /* damage is not reported: a first look */
	bool bare;  /* as in struct cpi_source */
	bool no_addresses; /* names are enough: symbolized locations lose their address */
};

void cpi_legacy_init(struct legacy *l, struct cpi_env *env);
/* Must precede the samples. */
void cpi_legacy_type(struct legacy *l, const char *type, const char *unit);
void cpi_legacy_period(
	struct legacy *l, const char *type, const char *unit, int64_t period);
/* Adds a frame to the open stack, leaf first. */
void cpi_legacy_frame(struct legacy *l, uint64_t address);
/* Closes the open stack into a sample; values of all types. */
struct legacy_sample *cpi_legacy_sample(struct legacy *l, const int64_t *values);
/* Forgets the open stack. */
void cpi_legacy_discard(struct legacy *l);
/* The location at an address that some sample has, or NULL. */
struct legacy_location *cpi_legacy_find(struct legacy *l, uint64_t address);
/* Ends with the profile, or the first failure; releases all. */
enum cp_code cpi_legacy_finish(
	struct legacy *l, struct cp_profile **ret_profile, struct cp_error *err);
void cpi_legacy_release(struct legacy *l);
void cpi_legacy_no_memory(struct legacy *l);

/* Lines of a text; CR before LF is no part of them. */
struct legacy_lines {
	const char *start, *at, *end;
	struct cp_text line; /* the current one */
	uint64_t number;     /* of the current line, from 1 */
	uint64_t offset;     /* of it, in the input */
	uint64_t base;       /* offset of `start` in the input */
};

struct legacy_lines cpi_legacy_lines(const void *text, size_t n, uint64_t base);
/* Steps to the next line; false at the end. */
bool cpi_legacy_next(struct legacy_lines *lines);
/* The next line that is neither empty nor a comment. */
bool cpi_legacy_next_content(struct legacy_lines *lines);
struct cp_text cpi_legacy_trim(struct cp_text text);
bool cpi_legacy_is_comment(struct cp_text line);
bool cpi_legacy_contains(struct cp_text text, const char *part);
/* "--- Memory map: ---" or "MAPPED_LIBRARIES:". */
bool cpi_legacy_is_map_header(struct cp_text line);

/* Scanners move *text behind what they accept; false: it is not there. */
void cpi_legacy_spaces(struct cp_text *text);
bool cpi_legacy_char(struct cp_text *text, char c);
bool cpi_legacy_word(struct cp_text *text, const char *word);
/* Decimal; false also when it exceeds 64 bits. */
bool cpi_legacy_i64(struct cp_text *text, int64_t *ret);
/* As C writes integers: 0x…, 0…, decimal. */
bool cpi_legacy_number(struct cp_text text, int64_t *ret);
/*
 * All 0x… numbers of the text go to the open stack, 1 subtracted from all but the first
 * when `exact_leaf`, else from all; from none of an `exact` profile. False when one exceeds 64 bits.
 */
bool cpi_legacy_stack(struct legacy *l, struct cp_text text, bool exact_leaf);
/* "key = value", both trimmed. */
bool cpi_legacy_pair(
	struct cp_text line, struct cp_text *ret_key, struct cp_text *ret_value);

/*
 * Takes the remarks behind the line of a sample: its labels, and names of its frames
 * unless `bare`.
 */
void cpi_legacy_remarks(
	struct legacy *l, struct legacy_lines *lines, struct legacy_sample *sample);
/* Splits "FILE:LINE"; line 0 when there is none. */
struct cp_text cpi_legacy_file_line(struct cp_text text, int64_t *ret_line);

/* Reports a line that is left out; CP_OK, or the error in strict mode. */
void cpi_legacy_bad_line(
	struct legacy *l, const struct legacy_lines *lines, const char *why);
/* Searches the header of the memory map in the lines that are left, and reads it. */
enum cp_code cpi_legacy_map_section(
	struct legacy *l, struct legacy_lines *lines, struct cp_error *err);
/* Reads entries of a memory map to the end. */
enum cp_code cpi_legacy_maps(
	struct legacy *l, struct legacy_lines *lines, struct cp_error *err);
/* Joins, orders and repairs the mappings. */
void cpi_legacy_massage(struct legacy *l);
/* Index + 1 of the mapping that covers an address, adding one when none does. */
uint32_t cpi_legacy_place(struct legacy *l, uint64_t address, uint64_t *steps);

/* Count and size as they were before sampling every `rate` bytes. */
void cpi_legacy_unsample(int64_t *count, int64_t *size, int64_t rate);
/* Sets drop_frames and keep_frames after the sample types. */
void cpi_legacy_drop_frames(struct legacy *l);

/*
 * Bodies that other formats wrap: the symbolized gperftools profile has any of them
 * behind its symbols.
 */
enum cp_code cpi_legacy_read_cpu(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err);
enum cp_code cpi_legacy_read_heap(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err);
enum cp_code cpi_legacy_read_contention(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err);
enum cp_code cpi_legacy_read_java_cpu(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err);
enum cp_code cpi_legacy_read_jemalloc(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err);
bool cpi_legacy_is_jemalloc(const void *bytes, size_t n);
bool cpi_legacy_is_cpu(const void *bytes, size_t n, bool java);
bool cpi_legacy_is_heap(const void *bytes, size_t n);
bool cpi_legacy_is_contention(const void *bytes, size_t n);
/* Locations of a Java profile: "0xADDR function (file:line)". */
enum cp_code cpi_legacy_java_locations(
	struct legacy *l, struct legacy_lines *lines, struct cp_error *err);
/* Samples of the gperftools CPU format; returns the bytes behind them. */
void cpi_legacy_cpu_samples(
	struct legacy *l, struct cpi_cursor *c, bool wide, bool adjust, int64_t period);

typedef enum cp_code cpi_legacy_body_fn(struct legacy *l, const void *bytes, size_t n,
	uint64_t base, struct cp_error *err);
/* A reader's `read` that runs one body over the whole input. */
enum cp_code cpi_legacy_read(struct cpi_env *env, const struct cpi_source *source,
	cpi_legacy_body_fn *body, struct cp_profile **ret_profile, struct cp_error *err);

#endif
