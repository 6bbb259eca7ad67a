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
	/* How sentences write names, which come from strangers. */
	void (*name)(struct cpi_sink *, struct cp_text);
	const struct cp_diff_row **row; /* sorted, cut to what is shown */
	size_t n, n_all;
	const struct cp_diff_row **unclear; /* in tables: rows told of in one line */
	size_t n_unclear;
	size_t loud; /* rows with a verdict that says something changed */
	struct cp_text label;           /* whose values the rows are; empty: functions */
	const struct cpi_diff_view *by; /* the change by a label's values; NULL: not asked */
};

const struct cp_diff_value *cpi_diff_view_value(
	const struct cpi_diff_view *view, const struct cp_diff_row *row);
bool cpi_diff_view_loud(enum cp_verdict verdict);

/* "1.20s", "340" into buf; returns buf. */
char *cpi_diff_view_number(
	const struct cpi_diff_view *view, char *buf, size_t size, double x, bool sign);
/* "1.20×", "new". */
char *cpi_diff_view_times(char *buf, size_t size, double ratio);
char *cpi_diff_view_range(char *buf, size_t size, double ratio, double low, double high);
/* "1.80 (1.62 … 2.00)". */
char *cpi_diff_view_interval(char *buf, size_t size, const struct cp_diff_value *v);

/*
 * Sentences without their ends, one per call with `line` from 0; false: no more. First
 * the verdict on the total, the path that explains it, a call that moved; then what was
 * compared, and how.
 */
bool cpi_diff_view_verdict(
	const struct cpi_diff_view *view, unsigned line, struct cpi_sink *sink);
bool cpi_diff_view_header(
	const struct cpi_diff_view *view, unsigned line, struct cpi_sink *sink);
/* Does the row stand for a group that was renamed, inlined or split? */
bool cpi_diff_view_leads(const struct cpi_diff_view *view, const struct cp_diff_row *row);
/* Its name, "lex → lex2" for a group; `put` writes each name. */
void cpi_diff_view_name(const struct cpi_diff_view *view, const struct cp_diff_row *row,
	void (*put)(struct cpi_sink *, struct cp_text), struct cpi_sink *sink);
/* "worse", "renamed"; never NULL. */
const char *cpi_diff_view_word(
	const struct cpi_diff_view *view, const struct cp_diff_row *row);
/* The line that stands for all unclear rows; false when there are none. */
bool cpi_diff_view_unclear(const struct cpi_diff_view *view, struct cpi_sink *sink);
/* What the rows left out are; nothing when none are. */
void cpi_diff_view_rest(const struct cpi_diff_view *view, struct cpi_sink *sink);

/* Writes sentences in lines of the page's width. */
void cpi_diff_sentences(const struct cpi_diff_view *view,
	bool (*say)(const struct cpi_diff_view *, unsigned, struct cpi_sink *),
	struct cpi_sink *sink);

void cpi_diff_text(const struct cpi_diff_view *view, struct cpi_sink *sink);
/* A name in Markdown: a code span, in which nothing is a mention, a link or markup. */
void cpi_diff_code(struct cpi_sink *sink, struct cp_text text);

void cpi_diff_markdown(const struct cpi_diff_view *view, struct cpi_sink *sink);
void cpi_diff_csv(const struct cpi_diff_view *view, struct cpi_sink *sink);
void cpi_diff_tree(const struct cpi_diff_view *view, struct cpi_sink *sink);
void cpi_diff_json(const struct cpi_diff_view *view, struct cpi_sink *sink);

/* Writes in the named format; CP_ERROR_ARGUMENT when there is no such. */
enum cp_code cpi_diff_write(struct cpi_env *env, const struct cp_diff *diff,
	const char *format, const struct cp_diff_write_options *options,
	struct cpi_sink *sink, struct cp_error *err);

#endif
