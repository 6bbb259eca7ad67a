/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_JFR_H
#define CPI_JFR_H

/*
 * Java Flight Recorder files, versions 2.0 and 2.1: chunks one behind the other, each with
 * its own clock, its own description of every type, and its own pools of constants.
 * Nothing about an event is assumed: fields are found by name in the chunk's description, as
 * releases and agents add, leave out and reorder them.
 *
 *	jfr.c     row of the table; chunks; which sample types there will be
 *	types.c   the description of types
 *	value.c   values of any described type: reading them, and stepping over them
 *	pool.c    checkpoints: where each constant's bytes are
 *	stack.c   threads, classes, methods and stack traces, each made once per chunk
 *	event.c   events to samples
 */

#include "base/cursor.h"
#include "base/hash.h"
#include "format/format.h"
#include "model/builder.h"

enum { JFR_HEADER = 68 };

enum jfr_base { /* how a value's bytes are told */
	JFR_STRUCT,
	JFR_NUMBER, /* LEB128: short, char, int, long */
	JFR_BYTE,   /* byte, boolean */
	JFR_FLOAT,
	JFR_DOUBLE,
	JFR_STRING
};

struct jfr_field {
	struct cp_text name;
	int64_t type; /* id of its class */
	uint32_t row; /* …and its row, 0: not described */
	bool pooled;  /* a key of the class's pool */
	bool array;
};

struct jfr_class {
	int64_t id;
	struct cp_text name;
	enum jfr_base base;
	uint32_t first, n; /* its fields */
	int kind;          /* of event: row of the table in event.c, -1: none of them */
};

/* A constant: where it lies in the chunk, and what was made of it. */
struct jfr_constant {
	int64_t key;
	uint32_t type; /* row of class */
	uint64_t at;
	uint32_t made; /* id of what it became; 0: not yet */
	/* … which is a stack or a function: a file's types may make one constant both. */
	enum { JFR_MADE_NOTHING, JFR_MADE_STACK, JFR_MADE_FUNCTION } as;
	uint32_t extra;
};

struct jfr_chunk {
	const uint8_t *bytes; /* its own, from the header on */
	uint64_t offset, n;   /* in the input */
	int64_t meta, checkpoint, start_nanos, nanos, start_ticks, ticks_per_second;
	struct cpi_arena arena; /* texts that are not UTF-8 */
	CPI_VEC(struct cp_text) string; /* of the description */
	CPI_VEC(struct jfr_class) type; /* from 1 */
	struct cpi_index types;
	CPI_VEC(struct jfr_field) field;
	CPI_VEC(struct jfr_constant) constant; /* from 1 */
	struct cpi_index constants;
};

/* Columns that a sample can have; those that a file fills are its sample types. */
enum jfr_column {
	JFR_CONTENTIONS,
	JFR_DELAY,
	JFR_MALLOC_OBJECTS,
	JFR_MALLOC_SPACE,
	JFR_INUSE_OBJECTS,
	JFR_INUSE_SPACE,
	JFR_ALLOC_OBJECTS,
	JFR_ALLOC_SAMPLES, /* of which each stands for many */
	JFR_ALLOC_SPACE,
	JFR_WALL,
	JFR_SAMPLES,
	JFR_CPU,
	JFR_COLUMNS
};

struct jfr {
	struct cpi_env *env;
	const struct cpi_source *source;
	const struct cp_read_options *options; /* never NULL */
	struct cpi_builder b;
	bool final; /* the second pass: samples are made, and damage is told */
	struct jfr_chunk chunk;
	uint64_t events[16]; /* of each kind in event.c */
	int64_t period;      /* of execution samples in nanoseconds; 0: not told */
	int column[JFR_COLUMNS];
	uint32_t columns;
	uint64_t samples, without_stack, truncated;
	uint32_t no_stack; /* the stack of those without; 0: not yet made */
	CPI_VEC(cp_location) path; /* scratch */
};

/* Remembers that memory ran out; true when everything is still fine. */
bool cpi_jfr_fine(struct jfr *j, bool memory);
/* Reports damage at a byte of the chunk. */
void cpi_jfr_warn(struct jfr *j, const char *kind, uint64_t at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* types.c: false when the chunk has no description that can be read. */
bool cpi_jfr_types(struct jfr *j);
uint32_t cpi_jfr_type(const struct jfr_chunk *c, int64_t id);

/* value.c */
static inline struct cpi_cursor cpi_jfr_cursor(const struct jfr_chunk *c, uint64_t at, uint64_t end)
{
	if (at > c->n || end > c->n || end < at)
		at = end = 0;
	return cpi_cursor_make(
		c->bytes + at, end - at, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
}

/* At most nine bytes; the ninth counts with all its bits. */
static inline int64_t cpi_jfr_leb(struct cpi_cursor *c)
{
	uint64_t x = 0;

	for (unsigned i = 0; i < 9; i++) {
		uint8_t byte = cpi_cursor_u8(c);

		if (i == 8)
			return (int64_t)(x | (uint64_t)byte << 56);
		x |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (!(byte & 0x80))
			break;
	}
	return (int64_t)x;
}

/* A text in any of JFR's encodings; of a pooled one what its constant says. */
struct cp_text cpi_jfr_text(struct jfr *j, struct cpi_cursor *c);
/* Steps over a value of a class. Bad cursor: it did not fit, or is nested too deeply. */
void cpi_jfr_skip(struct jfr *j, struct cpi_cursor *c, uint32_t type);

/* A field that is wanted: what it holds, and whether it was there. */
struct jfr_wanted {
	const char *name;
	bool found;
	int64_t number;      /* numbers, bytes, and keys of pools */
	uint32_t type;       /* row of the field's class, for keys */
	struct cp_text text; /* strings, also those pooled as such */
	uint64_t at;         /* of anything else: where its bytes begin, in the chunk */
};
/* Reads a value of a class, keeping the wanted fields. */
void cpi_jfr_fields(struct jfr *j, struct cpi_cursor *c, uint32_t type,
	struct jfr_wanted *wanted, size_t n);

/* pool.c */
void cpi_jfr_pools(struct jfr *j);
/* The row of a constant, 0 when it is not there. */
uint32_t cpi_jfr_constant(const struct jfr_chunk *c, uint32_t type, int64_t key);

/* stack.c */
cp_stack cpi_jfr_stack(struct jfr *j, uint32_t type, int64_t key);
/* "java.lang.String" of a class in its pool; empty: not there. */
struct cp_text cpi_jfr_class(struct jfr *j, uint32_t type, int64_t key);
/* The one text of a constant whose class has a field of this name. */
struct cp_text cpi_jfr_named(struct jfr *j, uint32_t type, int64_t key, const char *field);
/* Labels thread and tid, appended. */
void cpi_jfr_thread(
	struct jfr *j, uint32_t type, int64_t key, struct cp_label *label, uint32_t *n);

/* event.c */
/* The kind of an event by its class's name, -1: none that is read. */
int cpi_jfr_kind(struct cp_text name);
/* Passes over the chunk's events; counts them, and learns the settings, in the first pass. */
void cpi_jfr_events(struct jfr *j);
/* Chooses the columns by what was counted, and adds the sample types. */
void cpi_jfr_columns(struct jfr *j);

#endif
