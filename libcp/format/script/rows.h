/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_FORMAT_PERF_SCRIPT_ROWS_H
#define CPI_FORMAT_PERF_SCRIPT_ROWS_H

/*
 * From samples of perf script's text to rows of a profile: filters, labels, and one pair
 * of sample types for each event, which are known only when the text has ended.
 */

#include "format/format.h"
#include "format/script/line.h"
#include "model/builder.h"

struct script_event {
	cp_string name;
	bool period; /* a sample said one */
};

struct script_row {
	cp_stack stack;
	cp_labels labels;
	uint32_t event;
	int64_t count, weight;
	int64_t time;
};

struct script_rows {
	struct cpi_env *env;
	const struct cp_read_options *options;
	struct cpi_builder b;
	CPI_VEC(struct script_event) event;
	CPI_VEC(struct script_row) row;
	struct cpi_index index; /* of rows, id + 1 */
	cp_string unread; /* first event that the script cannot read, for perf_compat */
	int64_t first_time;     /* CP_NO_TIME before the first sample */
	bool times;             /* every sample so far had one */
	uint64_t seen;          /* samples before filters */
};

enum cp_code cpi_script_rows_init(struct script_rows *rows, struct cpi_env *env,
	const struct cp_read_options *options, struct cp_error *err);
enum cp_code cpi_script_rows_add(struct script_rows *rows, const struct script_head *head,
	const cp_location *frame, uint32_t n, struct cp_error *err);
/* Ends with a profile when `code` is CP_OK, else returns it; releases the rows. */
enum cp_code cpi_script_rows_finish(struct script_rows *rows, enum cp_code code,
	struct cp_profile **ret_profile, struct cp_error *err);

#endif
