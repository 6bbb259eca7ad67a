/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_GRAPH_H
#define CPI_GRAPH_H

/*
 * pprof's call graph: nodes are what frames have in common at the profile's granularity,
 * edges say who called whom. Counting rules: a node's cumulative value grows once per
 * sample however often it recurs, an edge's too; flat values go to the innermost frame of
 * the leaf only; a node is never its own caller.
 */

#include <cp/filter.h>

#include "base/hash.h"
#include "base/vec.h"
#include "model/profile.h"

struct cpi_graph_node {
	cp_string name, file; /* file: the first string that means the same path */
	struct cp_text
		path; /* the file's name as printed, in graph->bytes; n = 0: none */
	cp_mapping
		mapping; /* only where nothing else says what it is, or objects count */
	uint64_t address;
	int64_t line, column, start_line;
	int64_t flat, cum;
	int64_t flat_div, cum_div; /* sums of the divisor, for means */
	uint32_t in, out;          /* heads of edge lists, 0 = none */
	bool inlined;              /* at some place of the profile, sampled or not */
	char *label; /* how it is printed; NUL-terminated, in graph->bytes */
};

/* Names of source files, cleaned: "./a.c" and "a.c" are one. Row 0 is none. */
struct cpi_graph_path {
	cp_string file; /* the first string that means it */
	struct cp_text text;
};

struct cpi_graph_paths {
	uint32_t *of; /* by string, of those that are files */
	CPI_VEC(struct cpi_graph_path) path;
};

/* Edge 0 is unused. */
struct cpi_graph_edge {
	uint32_t source, target;
	int64_t weight;
	uint32_t next_in, next_out; /* of the same target, of the same source */
	uint32_t seen;              /* last sample that counted it, plus one */
	bool residual;              /* goes over frames that were left out */
	bool inlined;               /* every contribution was an inlined call */
	bool dropped;               /* on its way out of the lists */
};

struct cpi_graph_options {
	uint32_t type;    /* column of values */
	int divisor;      /* column to divide by (mean), or -1 */
	bool edges;       /* count edges */
	/* Instead: count them while trimming, and only those into inlined functions. */
	bool inlined_edges;
	bool objects;     /* mappings and start lines tell nodes apart */
	bool columns;
	enum cp_granularity
		granularity; /* what is left of frames; the rest stays as it is */
	const char *trim_path,
		*source_path; /* colon-separated, as cpi_graph_trim_path has them */
	bool drop_negative;
	const bool *keep; /* nodes of an earlier graph of this profile, or NULL for all */
};

struct cpi_graph {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cpi_graph_options options;
	struct cpi_arena bytes;
	CPI_VEC(struct cpi_graph_node) node; /* by id; ids are equal in rebuilt graphs */
	CPI_VEC(struct cpi_graph_edge) edge;
	struct cpi_index edges;
	CPI_VEC(uint32_t) order; /* ids of nodes that are not empty, as last sorted */
	/* Nodes of each line row, and of each location without lines. */
	uint32_t *line_node, *bare_node;
};

/* False when out of memory. */
bool cpi_graph_paths_init(struct cpi_graph *graph, struct cpi_graph_paths *paths);
void cpi_graph_paths_release(struct cpi_graph *graph, struct cpi_graph_paths *paths);

enum cp_code cpi_graph_make(struct cpi_graph *graph, struct cpi_env *env,
	const struct cp_profile *p, const struct cpi_graph_options *options,
	struct cp_error *err);
void cpi_graph_release(struct cpi_graph *graph);

/* Counts again with other options.keep; ids stay. */
enum cp_code cpi_graph_recount(
	struct cpi_graph *graph, const bool *keep, struct cp_error *err);

/* With a divisor the quotient, as pprof rounds it. */
int64_t cpi_graph_flat(const struct cpi_graph_node *node);
int64_t cpi_graph_cum(const struct cpi_graph_node *node);

enum cpi_graph_sort { CPI_GRAPH_FLAT, CPI_GRAPH_CUM, CPI_GRAPH_ENTROPY };

/* Sorts graph->order; ties are broken by everything a node has, so never by chance. */
enum cp_code cpi_graph_sort(
	struct cpi_graph *graph, enum cpi_graph_sort by, struct cp_error *err);

/*
 * What newTrimmedGraph does in pprof: low nodes, then the first `count`, then low
 * edges.
 */
struct cpi_graph_trim {
	double node_fraction, edge_fraction; /* of the signed sum of flat values */
	uint32_t count;                      /* 0 = all */
	enum cpi_graph_sort sort;
	bool visual; /* for pictures: residual edges with another path go */
	/* Out: */
	size_t original;      /* nodes before the count */
	size_t dropped_nodes; /* by fraction */
	size_t dropped_edges;
	uint64_t low_edge; /* below this weight they were dropped */
};

enum cp_code cpi_graph_trim(
	struct cpi_graph *graph, struct cpi_graph_trim *trim, struct cp_error *err);

/*
 * Makes one node of several of a trimmed graph and counts again, so that sums are exact:
 * leader[i] is the node that node i becomes, or i itself. Nodes that are not in the order
 * stay out. Then low and redundant edges go as in trimming.
 */
enum cp_code cpi_graph_group(struct cpi_graph *graph, const uint32_t *leader,
	struct cpi_graph_trim *trim, struct cp_error *err);

/* Edges into (or out of) a node by decreasing weight, then names; n of them in list. */
enum cp_code cpi_graph_edges(const struct cpi_graph *graph, uint32_t node, bool in,
	uint32_t **list, size_t *room, size_t *ret_n, struct cp_error *err);

/*
 * How pprof prints a frame: address, function, file:line as far as known; "[object]" or
 * "<unknown>" when nothing is.
 */
struct cpi_sink;
/*
 * A path without ".", "..", doubled and trailing slashes, as far as text alone can
 * tell.
 */
void cpi_graph_clean_path(struct cpi_sink *sink, struct cp_text path);
/*
 * The end of a path, behind the first of trim_path's folders that it starts with; without
 * trim_path behind a folder named as the last one of a source_path. Bazel's
 * /proc/self/cwd/ goes in any case. Either list may be NULL.
 */
struct cp_text cpi_graph_trim_path(
	struct cp_text path, const char *trim_path, const char *source_path);
void cpi_graph_label(struct cpi_sink *sink, const struct cp_profile *p,
	const struct cpi_graph_node *node);
/* The node that a line (or, with line NULL, a location without lines) stands for. */
struct cpi_graph_node cpi_graph_frame(const struct cp_profile *p,
	const struct cp_location_row *location, const struct cp_line_row *line,
	const struct cpi_graph_options *options);

#endif
