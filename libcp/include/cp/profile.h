/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_PROFILE_H
#define CP_PROFILE_H

/*
 * The profile: tables of rows joined by 32-bit ids, all under pprof's names.
 *
 *	string    bytes; every other table names things by string ids
 *	mapping   a range of addresses that came from one file (or the kernel, or a JIT)
 *	function  name, system name, source file, first line
 *	location  an address in a mapping, and the source lines it stands for
 *	stack     a sequence of locations, leaf first
 *	labels    a set of key–value pairs
 *	sample    stack + labels + one value per sample type (+ a time)
 *
 * Ids start at 1; id 0 is "none" in every table (the empty string, the empty stack, no
 * labels). Rows stand in order of first use, so equal inputs give equal tables whatever
 * the number of threads. A profile never changes once a caller has it; it may be read by
 * several threads at once. It must be freed before the context it was made with.
 *
 * Row getters return pointers into the profile, valid until it is freed. An id out of
 * range is the caller's bug: getters then return the "none" row.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cp/context.h>
#include <cp/text.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cp_profile;

/* One type per table: a mix-up does not compile. */
typedef struct {
	uint32_t i;
} cp_string;
typedef struct {
	uint32_t i;
} cp_mapping;
typedef struct {
	uint32_t i;
} cp_function;
typedef struct {
	uint32_t i;
} cp_location;
typedef struct {
	uint32_t i;
} cp_stack;
typedef struct {
	uint32_t i;
} cp_labels;

enum cp_mapping_kind {
	CP_MAP_UNKNOWN, /* pprof files do not say; the path may tell */
	CP_MAP_USER,
	CP_MAP_KERNEL,
	CP_MAP_MODULE, /* kernel module */
	CP_MAP_VDSO,   /* also vsyscall */
	CP_MAP_JIT,    /* generated code: anonymous or memory-file mappings */
	CP_MAP_BPF,
	CP_MAP_GUEST
};

/* What is known about the locations of a mapping. */
enum cp_mapping_has {
	CP_HAS_FUNCTIONS = 1,
	CP_HAS_FILENAMES = 2,
	CP_HAS_LINE_NUMBERS = 4,
	CP_HAS_INLINE_FRAMES = 8
};

/*
 * A location's address lies in its mapping's [start, limit); address - start + offset is
 * the position in the file. Processes that map one file at different places share one
 * row: their addresses are moved to the range of the first. For the kernel, offset is
 * what the profile's source said (perf: address of the relocation symbol), not a file
 * position.
 */
struct cp_mapping_row {
	uint64_t start, limit; /* limit is exclusive */
	uint64_t offset;       /* in the file, bytes */
	cp_string path;
	cp_string build_id; /* lower-case hexadecimal digits */
	uint8_t kind;       /* enum cp_mapping_kind */
	uint8_t has;        /* set of enum cp_mapping_has */
	uint32_t pid;       /* whose generated code it is (CP_MAP_JIT), else 0 */
};

struct cp_function_row {
	cp_string name;        /* for people: demangled */
	cp_string system_name; /* as the linker knows it; may be equal to name or none */
	cp_string file;
	int64_t start_line; /* 0 = unknown */
};

struct cp_line_row {
	cp_function function;
	int64_t line; /* 1-based; 0 = unknown */
	int64_t column;
};

struct cp_location_row {
	uint64_t address; /* return addresses are already those of the call: minus one */
	cp_mapping mapping;
	uint32_t first_line; /* index for cp_profile_lines; rows follow each other */
	uint32_t n_lines;    /* innermost inlined function first; 0 = not symbolized */
	bool folded;         /* the linker merged several functions here */
};

/* A label is a string when str is not none, else a number with an optional unit. */
struct cp_label {
	cp_string key;
	cp_string str;
	cp_string unit;
	int64_t num;
};

/*
 * One kind of value. Real numbers are kept exactly, as whole numbers of 10^-decimals:
 * 575 with 2 decimals is 5.75.
 */
struct cp_value_type {
	cp_string type, unit;
	uint8_t decimals;
};

/* What stands once in a profile. */
struct cp_profile_header {
	struct cp_value_type period_type;
	int64_t period;
	int64_t time_nanos;     /* start of the capture, UTC since the epoch; 0 = unknown */
	int64_t duration_nanos; /* 0 = unknown */
	cp_string default_sample_type; /* none: the last one */
	cp_string drop_frames, keep_frames; /* regular expressions, see pprof */
	cp_string doc_url;
};

#define CP_NO_TIME INT64_MIN

struct cp_profile_counts {
	uint32_t strings, mappings, functions, locations, lines, stacks, labels, samples,
		sample_types, comments; /* each without the "none" row */
};

/* NULL is fine. */
void cp_profile_free(struct cp_profile *profile);

/* How many rows each table has. */
struct cp_profile_counts cp_profile_counts(const struct cp_profile *profile);
const struct cp_profile_header *cp_profile_header(const struct cp_profile *profile);

/* Its bytes, which a NUL follows. Out of range: the empty text. */
struct cp_text cp_profile_string(const struct cp_profile *profile, cp_string id);
/* This one and the next two: out of range, and id 0, give a row of zeros. */
const struct cp_mapping_row *cp_profile_mapping(
	const struct cp_profile *profile, cp_mapping id);
const struct cp_function_row *cp_profile_function(
	const struct cp_profile *profile, cp_function id);
const struct cp_location_row *cp_profile_location(
	const struct cp_profile *profile, cp_location id);
/*
 * The n_lines rows of a row that cp_profile_location gave; NULL when there are none, also
 * for rows of another origin whose lines are out of range.
 */
const struct cp_line_row *cp_profile_lines(
	const struct cp_profile *profile, const struct cp_location_row *location);
/*
 * The stack's locations, leaf first; their number goes to *ret_n. Out of range: none of
 * them.
 */
const cp_location *cp_profile_stack(
	const struct cp_profile *profile, cp_stack id, uint32_t *ret_n);
/*
 * String labels by key, then numeric ones by key; equal keys in the input's order. Out of
 * range: none of them.
 */
const struct cp_label *cp_profile_labels(
	const struct cp_profile *profile, cp_labels id, uint32_t *ret_n);

/* `type`, `comment` and `sample` count from 0. Out of range: a type of zeros. */
const struct cp_value_type *cp_profile_sample_type(
	const struct cp_profile *profile, uint32_t type);
/* Out of range: the empty text. */
struct cp_text cp_profile_comment(const struct cp_profile *profile, uint32_t comment);
/* Out of range: 0, the empty stack. */
cp_stack cp_profile_sample_stack(const struct cp_profile *profile, uint32_t sample);
/* Out of range: 0, no labels. */
cp_labels cp_profile_sample_labels(const struct cp_profile *profile, uint32_t sample);
/* One value per sample type. Out of range: NULL. */
const int64_t *cp_profile_sample_values(const struct cp_profile *profile, uint32_t sample);
/* Nanoseconds on the capture's clock, or CP_NO_TIME; that out of range, too. */
int64_t cp_profile_sample_time(const struct cp_profile *profile, uint32_t sample);

/*
 * Checks every invariant named above (ids in range, no two equal rows in an interned
 * table, label order). CP_OK or CP_ERROR_CORRUPT naming the first that does not hold.
 */
enum cp_code cp_profile_check(const struct cp_profile *profile, struct cp_error *err);

#ifdef __cplusplus
}
#endif
#endif
