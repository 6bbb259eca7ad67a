/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FIREFOX_COLUMNS_H
#define CPI_FIREFOX_COLUMNS_H

/* The shared tables of version 66, made from a profile; rows stand in order of first use. */

#include "base/hash.h"
#include "base/sink.h"
#include "model/profile.h"

enum { FIREFOX_NO_ROW = UINT32_MAX };

struct firefox_func {
	uint32_t name, file; /* rows of the texts; file may be FIREFOX_NO_ROW */
	uint32_t lib;        /* or FIREFOX_NO_ROW */
	int64_t start_line;
};

struct firefox_frame {
	uint32_t func, depth;
	int64_t address; /* in the library, or -1 */
	int64_t line, column;
	uint8_t category;
};

struct firefox_stack_row {
	uint32_t frame, parent; /* parent: FIREFOX_NO_ROW for a root */
};

struct firefox_text {
	size_t at; /* in `bytes` */
	uint32_t n;
};

struct firefox_columns {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cpi_sink bytes;
	CPI_VEC(struct firefox_text) text;
	struct cpi_index texts;
	CPI_VEC(uint32_t) lib_of; /* by mapping: row of `lib`, or FIREFOX_NO_ROW */
	CPI_VEC(cp_mapping) lib;
	CPI_VEC(struct firefox_func) func;
	struct cpi_index funcs;
	CPI_VEC(struct firefox_frame) frame;
	CPI_VEC(uint32_t) frames_of; /* by location: first of its frames, outermost first */
	CPI_VEC(struct firefox_stack_row) stack;
	struct cpi_index stacks;
	CPI_VEC(uint32_t) source; /* distinct files, as rows of `text` */
	CPI_VEC(uint32_t) source_of; /* by row of `text` */
};

/* Names of categories, which choose the colours; "Other" must be there. */
extern const char *const cpi_firefox_category[][2];
enum { FIREFOX_CATEGORIES = 5 };

bool cpi_firefox_columns_init(struct firefox_columns *c, struct cpi_env *env,
	const struct cp_profile *p);
void cpi_firefox_columns_release(struct firefox_columns *c);

/* The row of a stack; false: out of memory. */
bool cpi_firefox_stack_row(struct firefox_columns *c, cp_stack stack, uint32_t *ret_row);
/* The row of a text; FIREFOX_NO_ROW: out of memory. */
uint32_t cpi_firefox_text(struct firefox_columns *c, struct cp_text text);

static inline struct cp_text cpi_firefox_text_at(
	const struct firefox_columns *c, uint32_t row)
{
	return (struct cp_text){
		(const char *)c->bytes.buf + c->text.v[row].at, c->text.v[row].n};
}

#endif
