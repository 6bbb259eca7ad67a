/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_JSON_H
#define CPI_JSON_H

/*
 * Writes JSON (RFC 8259) to a sink: commas, indentation and escapes are done here. Bytes
 * that are not UTF-8, which JSON cannot hold, become the four characters \xNN, as in every
 * other form: two names stay two. Numbers that JSON cannot say (NaN, infinities) become null. Nesting is the caller's, so it is shallow.
 */

#include "base/sink.h"
#include "base/text.h"

enum { CPI_JSON_DEPTH = 32 };

struct cpi_json {
	struct cpi_sink *sink;
	unsigned depth;
	bool some[CPI_JSON_DEPTH]; /* this level has an element already */
	bool inline_[CPI_JSON_DEPTH]; /* this level stands on one line */
	bool after_key;
};

void cpi_json_init(struct cpi_json *json, struct cpi_sink *sink);
/* Ends with a newline. */
void cpi_json_finish(struct cpi_json *json);

/* `c` is '{' or '['; an inline level and all in it stand on one line. */
void cpi_json_begin(struct cpi_json *json, char c, bool on_one_line);
void cpi_json_end(struct cpi_json *json, char c);
void cpi_json_key(struct cpi_json *json, const char *key);
void cpi_json_key_text(struct cpi_json *json, struct cp_text key);
void cpi_json_text(struct cpi_json *json, struct cp_text text);
void cpi_json_str(struct cpi_json *json, const char *text);
void cpi_json_i64(struct cpi_json *json, int64_t x);
void cpi_json_u64(struct cpi_json *json, uint64_t x);
/* x * 10^-decimals, exactly. */
void cpi_json_decimal(struct cpi_json *json, int64_t x, unsigned decimals);
/* Shortest form that reads back as the same double. */
void cpi_json_double(struct cpi_json *json, double x);
void cpi_json_bool(struct cpi_json *json, bool x);
void cpi_json_null(struct cpi_json *json);

/* The quoted string alone, for other places that want one; '<' is escaped as well. */
void cpi_json_quote(struct cpi_sink *sink, struct cp_text text);

#endif
