/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPT_CPREPORT_H
#define CPT_CPREPORT_H

/* The parts of cpreport: cpreport.c parses and reads, the others are named below. */

#include <cp/disasm.h>
#include <cp/filter.h>
#include <cp/graph.h>
#include <cp/report.h>
#include <cp/source.h>

#include "common/filters.h"
#include "common/main.h"
#include "common/options.h"

/* Up to GRAPH functions are what is shown, at a granularity that the user chooses. */
enum report { NONE, TOP, TREE, PEEK, GRAPH, TRACES, LIST, SOURCE, DISASM, TAGS, RAW, COMMENTS,
	WAITS };

extern const char *const cpreport_names[], *const cpreport_groups[];

struct cpreport {
	int report;
	const char *peek, *list, *weblist, *disasm;
	const char *sort;
	struct cp_report_options options;
	bool columns_seen, node_count_seen, node_fraction_seen, edge_fraction_seen;
	bool relative, trim, flat, svg;
	struct cp_graph_options graph;
	struct symbol_options symbols;
	struct capture_options capture;
	struct filter_options filters;

	struct cp_read_options read;
	struct cp_symbolize_options files; /* where they are */
	bool intel;
	struct cp_profile *profile, *original;
};

/* cpreport_views.c: what has an interface of its own in the library. */
int cpreport_write_disasm(struct tool *tool, struct cpreport *self, const char *format);
int cpreport_write_source(struct tool *tool, struct cpreport *self, const char *format);
int cpreport_write_graph(struct tool *tool, struct cpreport *self, const char *format);

#endif
