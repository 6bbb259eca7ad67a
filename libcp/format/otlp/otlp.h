/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_OTLP_H
#define CPI_OTLP_H

/*
 * OpenTelemetry profiles (opentelemetry.proto.profiles.v1development, layouts since 1.8):
 * one dictionary of tables, and profiles of one sample type each whose rows name its rows.
 * 1.10 gave the fields of a sample other numbers and kept everything else, so that a file's
 * layout has to be found in its samples (layout.c).
 * JSON is turned into the same bytes first, so that there is one reader.
 *
 *	otlp.c     rows of the table; telling it from pprof, which begins alike
 *	json.c     JSON to protobuf
 *	tables.c   the dictionary
 *	rows.c     its rows to rows of the profile
 *	layout.c   which numbers a sample's fields have
 *	read.c     profiles and samples
 *	write.c    one profile per sample type
 */

#include "codec/protobuf.h"
#include "base/hash.h"
#include "format/format.h"
#include "model/builder.h"

struct otlp_list { /* a range of otlp.number */
	uint32_t first, n;
};

struct otlp_mapping {
	uint64_t start, limit, offset;
	int64_t path;
	struct otlp_list attributes;
	bool kernel; /* some location in it says so */
	uint32_t made;
};

struct otlp_location {
	int64_t mapping;
	uint64_t address;
	uint32_t first_line, n_lines;
	struct otlp_list attributes;
	uint32_t made;
};

struct otlp_line {
	int64_t function, line, column;
};

struct otlp_function {
	int64_t name, system_name, file, start_line;
	uint32_t made;
};

struct otlp_link {
	uint8_t trace[16], span[8];
};

enum otlp_kind { OTLP_NOTHING, OTLP_TEXT, OTLP_BOOL, OTLP_INT, OTLP_DOUBLE, OTLP_OTHER };

struct otlp_value {
	enum otlp_kind kind;
	struct cp_text text;
	int64_t number; /* of a text in the dictionary when the text is told so: see `row` */
	double real;
	bool row;
};

struct otlp_attribute {
	int64_t key, unit;
	struct cp_text key_text; /* of resources, which spell keys */
	struct otlp_value value;
};

enum { OTLP_NO_STACK = 0xffffffff };

struct otlp_stack {
	/* The message, a third of what its numbers would take; NULL: it was made. */
	const uint8_t *bytes;
	uint32_t n, made;
};

struct otlp_resource {
	const uint8_t *bytes; /* ResourceProfiles */
	size_t n;
	uint32_t first_attribute, n_attributes; /* of `own` */
};

/* A column: profiles of one sample type and period type add up. */
struct otlp_type {
	cp_string type, unit, period_type, period_unit;
	uint32_t column;
	bool weighs; /* the next column holds counts times period */
};

/* Numbers of a sample's fields; 1 is its stack and 5 its times in all layouts. */
struct otlp_layout {
	uint8_t attributes, link, values;
};

struct otlp {
	struct cpi_env *env;
	const struct cpi_source *source;
	const struct cp_read_options *options; /* never NULL */
	struct cpi_builder b;
	const uint8_t *bytes; /* protobuf */
	size_t n;
	CPI_VEC(struct otlp_mapping) mapping;
	CPI_VEC(struct otlp_location) location;
	CPI_VEC(struct otlp_line) line;
	CPI_VEC(struct otlp_function) function;
	CPI_VEC(struct otlp_link) link;
	CPI_VEC(struct cp_text) string;
	CPI_VEC(struct otlp_attribute) attribute;
	CPI_VEC(struct otlp_stack) stack;
	CPI_VEC(int64_t) number;
	CPI_VEC(struct otlp_attribute) own; /* of resources */
	CPI_VEC(struct otlp_resource) resource;
	CPI_VEC(struct otlp_type) type;
	uint32_t columns;
	struct otlp_layout layout;
	bool told; /* the file has a profile of processor time */
	CPI_VEC(struct cp_label) label;      /* scratch */
	CPI_VEC(struct cp_line_row) row;     /* scratch */
	CPI_VEC(cp_location) path;           /* scratch */
	CPI_VEC(int64_t) value;              /* scratch, one per column */
	uint64_t samples;
};

bool cpi_otlp_fine(struct otlp *o, bool memory);
/* `at` points into the bytes. */
void cpi_otlp_warn(struct otlp *o, const char *kind, const void *at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* json.c: protobuf bytes of a JSON text, appended to the sink. */
enum cp_code cpi_otlp_from_json(struct cpi_env *env, const struct cpi_source *source,
	struct cpi_sink *sink, struct cp_error *err);

/* tables.c */
void cpi_otlp_dictionary(struct otlp *o, struct cpi_cursor c);
/* Numbers of a repeated field, packed or one by one, appended to o->number. */
void cpi_otlp_numbers(struct otlp *o, const struct pb_field *f);
void cpi_otlp_key_value(struct otlp *o, struct cpi_cursor c, struct otlp_attribute *ret);
struct cp_text cpi_otlp_string(const struct otlp *o, int64_t row);
void cpi_otlp_release(struct otlp *o);

/* rows.c; false: the row, or one that it needs, is not there. */
bool cpi_otlp_stack(struct otlp *o, int64_t row, cp_stack *ret);
/* Appends the attribute as a label. */
void cpi_otlp_label(struct otlp *o, const struct otlp_attribute *a);
/* …and the link, as two. */
void cpi_otlp_link_labels(struct otlp *o, int64_t row);

/* layout.c: looks at each sample of each profile, then decides. */
struct otlp_evidence {
	bool lists_old, lists_new;     /* what one of them has as a number, and not as a list */
	bool numbers_old, numbers_new; /* the same of numbers, which lists may be written as */
	bool only_second;  /* a sample that would have nothing to count in the new one */
	bool no_attribute; /* what would be attributes in the new one are not */
	bool old_profile;  /* 1.8's fields of a profile */
};
void cpi_otlp_look_at(struct otlp *o, struct otlp_evidence *e, struct cpi_cursor profile);
struct otlp_layout cpi_otlp_layout(const struct otlp_evidence *e);

/* read.c, on protobuf bytes; of JSON made bytes they have the newest layout */
enum cp_code cpi_otlp_read(struct cpi_env *env, const struct cpi_source *source,
	const struct cp_read_options *options, const uint8_t *bytes, size_t n, bool json,
	struct cp_profile **ret_profile, struct cp_error *err);

enum cp_code cpi_otlp_write_json(struct cpi_env *env, const struct cp_profile *p,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err);
enum cp_code cpi_otlp_write(struct cpi_env *env, const struct cp_profile *profile,
	const struct cp_write_options *options, struct cpi_sink *sink,
	struct cp_error *err);

#endif
