/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_CALLGRIND_H
#define CPI_FORMAT_CALLGRIND_H

/*
 * What callgrind, cachegrind and xdebug write: costs of source lines, and of calls, the
 * latter with all that was called. These are graphs without stacks:
 *
 *	lines.c     the text: names, positions and costs, in their shortened spellings
 *	tables.c    functions, and one row for all costs of a line or a call
 *	graph.c     functions that call each other are one component; callers come first
 *	estimate.c  stacks, by sharing every cost among the ways that lead to it
 */

#include "format/format.h"
#include "model/builder.h"

enum { CALLGRIND_EVENTS = 256 };

/* Costs of a line of a function, or of the calls of one function on that line. */
struct callgrind_row {
	uint32_t function;
	uint32_t
		file; /* in which the line is: not the function's where code is inlined */
	uint32_t callee; /* 0: the line's own cost */
	int64_t line;
	cp_location made;
};

struct callgrind_function {
	uint32_t object, file, name;
	uint32_t component;
	uint32_t first_row, n_rows; /* in `by_function` */
};

/* A name that was written with a number, which stands for it from then on. */
struct callgrind_number {
	uint64_t number;
	uint32_t name;
	uint8_t kind;
};

struct callgrind_event {
	struct cp_text name;
	uint64_t factor; /* "Time_(10ns)" counts 10 nanoseconds */
	const char *unit;
};

struct callgrind {
	struct cpi_env *env;
	const struct cpi_source *source;
	struct cpi_builder b;
	struct callgrind_event event[CALLGRIND_EVENTS];
	uint32_t n_events;
	CPI_VEC(struct cp_text) name; /* in the input; [0] is none */
	struct cpi_index names;
	CPI_VEC(struct callgrind_number) number; /* [0] is unused, as below */
	struct cpi_index numbers;
	CPI_VEC(struct callgrind_function) function;
	struct cpi_index functions;
	CPI_VEC(struct callgrind_row) row;
	struct cpi_index rows;
	CPI_VEC(int64_t) cost; /* n_events a row */
	bool calls;            /* there are rows with callees */
	/* Made by graph.c. */
	CPI_VEC(uint32_t) by_function; /* rows */
	CPI_VEC(uint32_t) member;      /* functions, those of a component together */
	CPI_VEC(uint32_t) component;   /* first of its members, callees first; one more */
	CPI_VEC(uint32_t) cycle;       /* its number if it has several members, or 0 */
};

/* Sets c->b's error when memory is the reason; true when the builder is still fine. */
bool cpi_callgrind_fine(struct callgrind *c, bool memory);

/* Reads all lines into the tables. */
void cpi_callgrind_lines(struct callgrind *c);

uint32_t cpi_callgrind_name(struct callgrind *c, struct cp_text text);
/* The name that a number of this kind stands for, which is set if `name` is not 0. */
uint32_t cpi_callgrind_number(
	struct callgrind *c, uint8_t kind, uint64_t number, uint32_t name);
uint32_t cpi_callgrind_function(
	struct callgrind *c, uint32_t object, uint32_t file, uint32_t name);
/* Adds to a row; 0 in `callee` for the line's own cost. */
void cpi_callgrind_add(
	struct callgrind *c, const struct callgrind_row *row, const int64_t *cost);

/* Components in which callers come behind their callees. */
void cpi_callgrind_graph(struct callgrind *c);

/* Makes samples of the rows. */
void cpi_callgrind_estimate(struct callgrind *c);

static inline const int64_t *cpi_callgrind_cost(const struct callgrind *c, uint32_t row)
{
	return c->cost.v + (size_t)row * c->n_events;
}

#endif
