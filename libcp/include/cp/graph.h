/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CP_GRAPH_H
#define CP_GRAPH_H

/*
 * The call graph as a picture: boxes are functions, arrows calls. What is shown, and with
 * which values, is what pprof shows: a box grows with its own cost (flat) and gets redder
 * with its whole cost (cum); a dotted arrow goes over functions that were left out; small
 * boxes below a function are labels of its samples. Above a number of functions those of
 * one package (or image) become one box.
 *
 * It is laid out here, in whole numbers: the same profile gives the same bytes everywhere.
 * Filters come first, by cp_profile_filter.
 */

#include <cp/report.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cp_graph_grouping {
	CP_GRAPH_GROUP_AUTO, /* by package above 300 functions */
	CP_GRAPH_GROUP_NONE,
	CP_GRAPH_GROUP_PACKAGE, /* Go's package, the outermost C++ or Rust scope; else the image */
	CP_GRAPH_GROUP_IMAGE    /* the file that is mapped */
};

/* Zero-initialise and set what you need. */
struct cp_graph_options {
	size_t size; /* sizeof(struct cp_graph_options) */
	/*
	 * What is counted and what is left out, as in reports: sample_type, mean, node_count
	 * (-1: 80), node_fraction, edge_fraction, no_trim, drop_negative, granularity, unit,
	 * divide_by, total, trim_path, source_path, filters. NULL: the defaults.
	 */
	const struct cp_report_options *report;
	enum cp_graph_grouping group;
	const char *open; /* regex: groups whose functions stay single; or NULL */
	bool no_labels;   /* no boxes for labels of samples */
	const char *title; /* default: the file of the first mapping */
	/* "svg" without the XML declaration and script, to stand in a page. */
	bool fragment;
};

enum cp_graph_kind {
	CP_GRAPH_FUNCTION,
	CP_GRAPH_GROUP, /* several functions */
	CP_GRAPH_LABELS /* of the samples of the function that its one arrow comes from */
};

/* A function of a group. */
struct cp_graph_member {
	struct cp_text name;
	int64_t flat, cum;
};

/* A box. Texts are bytes of the profile, not escaped, and live as long as the graph. */
struct cp_graph_node {
	enum cp_graph_kind kind;
	struct cp_text name;  /* as reports print it */
	struct cp_text group; /* package or image */
	int64_t flat, cum;    /* labels: both are the value of the samples that have them */
	const struct cp_graph_member *member; /* of a group, by flat value */
	uint32_t n_members;
	uint32_t rank;        /* row of the picture, from the top */
	int32_t x, y, width, height; /* centre and size, px */
};

/* Between two knots an arrow leaves and arrives vertically. */
struct cp_graph_knot {
	int32_t x, y;
};

/* A call; `from` and `to` count from 0. From a box to itself: no knots. */
struct cp_graph_edge {
	uint32_t from, to;
	int64_t weight;
	bool residual; /* over functions that were left out */
	bool inlined;  /* every call was inlined */
	const struct cp_graph_knot *knot;
	uint32_t n_knots;
	int32_t label_x, label_y; /* centre of its value in the picture; 0, 0: no room */
};

struct cp_graph_rows {
	const struct cp_graph_node *node; /* the most important first */
	size_t n_nodes;
	const struct cp_graph_edge *edge; /* by from, then weight */
	size_t n_edges;
	struct cp_text type, unit; /* of the values */
	int64_t total;
	int32_t width, height; /* of the picture, px */
	size_t dropped_nodes, dropped_edges; /* below the fractions, or beyond the count */
	bool grouped;
};

struct cp_graph;

/*
 * Counts and lays out. CP_ERROR_EMPTY when nothing is left to draw, CP_ERROR_LIMIT when
 * there is too much for a picture. The profile must outlive the graph.
 */
enum cp_code cp_graph_new(struct cp_context *context, const struct cp_profile *profile,
	const struct cp_graph_options *options, struct cp_graph **ret_graph,
	struct cp_error *err);
/* Valid until the graph is freed. */
const struct cp_graph_rows *cp_graph_rows(const struct cp_graph *graph);
/*
 * Writes it: "svg" (pan, zoom and keys where scripts run, complete where they do not),
 * "html" (the same with search, details and an outline), "json" (the rows; "schema":
 * "libcp.graph", "version": 1) or "text" (an outline: every function with its callees).
 */
enum cp_code cp_graph_write(const struct cp_graph *graph, const char *format,
	cp_write_fn *fn, void *arg, struct cp_error *err);
/* NULL is fine. */
void cp_graph_free(struct cp_graph *graph);

enum cp_graph_asset { CP_GRAPH_SCRIPT, CP_GRAPH_STYLE };
/*
 * What a page of one's own needs around a fragment: its styles, and a script that leaves
 * window.cpGraph, which moves the picture; constant. *ret_hash (may be NULL) is "sha256-…" of
 * their bytes, as a content security policy names them.
 */
struct cp_text cp_graph_asset(enum cp_graph_asset which, const char **ret_hash);

#ifdef __cplusplus
}
#endif
#endif
