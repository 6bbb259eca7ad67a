/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_REPORT_H
#define CPI_VIEW_REPORT_H

/*
 * What the reports share; report.c says how values read, each other file is one
 * report.
 */

#include <cp/report.h>

#include "base/sink.h"
#include "op/graph/graph.h"
#include "view/table.h"

struct cpi_report {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cp_report_options options;
	uint32_t type;
	struct cp_text sample_unit, unit; /* as recorded, as shown */
	int64_t total;
	double ratio; /* 1 / divide_by */
	bool objects; /* mappings tell frames apart */
	struct cpi_sink *sink;
	/* Units of label keys asked for lately: finding one may read all labels. */
	struct {
		uint32_t key;
		struct cp_text unit;
	} label_unit[64];
};

typedef enum cp_code cpi_report_fn(struct cpi_report *report, struct cp_error *err);

cpi_report_fn cpi_report_top, cpi_report_tree, cpi_report_traces, cpi_report_list,
	cpi_report_tags, cpi_report_comments, cpi_report_dot, cpi_report_callgrind;
cpi_report_fn cpi_report_waits;

/* pprof's -peek is -tree with a regex and nothing trimmed. */
cpi_report_fn cpi_report_peek;

/* The same as rows, below the facts that cpi_report_facts has put into the table. */
typedef enum cp_code cpi_report_rows_fn(
	struct cpi_report *report, struct cp_table *table, struct cp_error *err);

cpi_report_rows_fn cpi_report_top_rows, cpi_report_tree_rows, cpi_report_peek_rows,
	cpi_report_tags_rows, cpi_report_traces_rows, cpi_report_waits_rows,
	cpi_report_comments_rows;

enum cp_code cpi_report_write(struct cpi_env *env, const struct cp_profile *p,
	const char *report, const char *format, const struct cp_report_options *options,
	struct cpi_sink *sink, struct cp_error *err);
/* The report as a table, which is only given to reports that have rows of their own. */
enum cp_code cpi_report_rows(struct cpi_env *env, const struct cp_profile *p,
	const char *report, const struct cp_report_options *options,
	struct cp_table **ret_table, struct cp_error *err);

/* "1.20s"; returns buf. */
char *cpi_report_value(const struct cpi_report *r, char *buf, size_t size, int64_t value);
/* "12.30%", 5 columns before the sign, as pprof. */
char *cpi_report_percent(char *buf, size_t size, int64_t value, int64_t total);
/* Chooses the unit of the whole report from its nodes. */
void cpi_report_pick_unit(struct cpi_report *r, const struct cpi_graph *g);
enum cpi_report_edges {
	CPI_REPORT_NO_EDGES,
	CPI_REPORT_INLINED_EDGES, /* only those into inlined functions */
	CPI_REPORT_EDGES
};
/* The graph at the profile's granularity, trimmed. `default_count` for node_count -1. */
enum cp_code cpi_report_graph(struct cpi_report *r, struct cpi_graph *g,
	struct cpi_graph_trim *trim, enum cpi_report_edges edges, uint32_t default_count,
	struct cp_error *err);
/* Lines about the profile. */
void cpi_report_profile_lines(struct cpi_report *r);
/* … and "Showing nodes accounting for …" below them. */
void cpi_report_graph_lines(struct cpi_report *r, const struct cpi_graph *g,
	const struct cpi_graph_trim *trim);
/* Label as a terminal may show it; cut in the middle when the options give a width. */
void cpi_report_name(struct cpi_report *r, const char *label, size_t used);
/* A frame as pprof names it, NUL-terminated in text. */
void cpi_report_frame_name(struct cpi_report *r, const struct cp_location_row *l,
	uint32_t k, struct cpi_sink *text);
/* The unit of numeric labels under a key, by pprof's rules. */
struct cp_text cpi_report_label_unit(struct cpi_report *r, cp_string key);

/* Schema, version, report, type, unit, total; after what may change type or total. */
void cpi_report_facts(struct cpi_report *r, struct cp_table *t, const char *report);

#endif
