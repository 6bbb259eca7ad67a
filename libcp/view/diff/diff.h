/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_DIFF_H
#define CPI_VIEW_DIFF_H

/* Ways to show a diff: diff.c picks rows and says values, the others lay them out. */

#include <stdio.h>

#include <cp/diff.h>

#include "base/env.h"
#include "base/sink.h"
#include "base/text.h"

struct cpi_diff_view {
	struct cpi_env *env;
	const struct cp_diff *diff;
	const struct cp_diff_summary *sum;
	struct cp_diff_write_options options;
	const struct cp_diff_row **row; /* sorted, cut to what is shown */
	size_t n, n_all;
	size_t loud; /* rows with a verdict that says something changed */
};

const struct cp_diff_value *cpi_diff_view_value(
	const struct cpi_diff_view *view, const struct cp_diff_row *row);
bool cpi_diff_view_loud(enum cp_verdict verdict);

/* "1.20s", "340" into buf; returns buf. */
char *cpi_diff_view_number(
	const struct cpi_diff_view *view, char *buf, size_t size, double x, bool sign);
/* "+12.3 %", "new", "gone". */
char *cpi_diff_view_percent(char *buf, size_t size, double ratio);
/* "1.80 (1.62 … 2.00)". */
char *cpi_diff_view_interval(char *buf, size_t size, const struct cp_diff_value *v);

/*
 * The sentences above and below a table, one per call with `line` from 0; false: no
 * more.
 */
bool cpi_diff_view_header(
	const struct cpi_diff_view *view, unsigned line, struct cpi_sink *sink);
/* What the rows left out are; nothing when none are. */
void cpi_diff_view_rest(const struct cpi_diff_view *view, struct cpi_sink *sink);

void cpi_diff_text(const struct cpi_diff_view *view, struct cpi_sink *sink);
void cpi_diff_markdown(const struct cpi_diff_view *view, struct cpi_sink *sink);
void cpi_diff_csv(const struct cpi_diff_view *view, struct cpi_sink *sink);
void cpi_diff_tree(const struct cpi_diff_view *view, struct cpi_sink *sink);
void cpi_diff_json(const struct cpi_diff_view *view, struct cpi_sink *sink);

/* Writes in the named format; CP_ERROR_ARGUMENT when there is no such. */
enum cp_code cpi_diff_write(struct cpi_env *env, const struct cp_diff *diff,
	const char *format, const struct cp_diff_write_options *options,
	struct cpi_sink *sink, struct cp_error *err);

#endif
