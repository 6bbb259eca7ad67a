/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CPI_VIEW_GRAPH_H
#define CPI_VIEW_GRAPH_H

/* The call graph: rows.c makes rows, laid out; each other file is one way to show them.
 */

#include <cp/graph.h>

#include "base/arena.h"
#include "base/sink.h"
#include "op/graph/graph.h"
#include "view/amount.h"

enum { CPI_CALLGRAPH_LINES = 5 };

/* What a box shows: lines of text, and how large and red it is. */
struct cpi_callgraph_face {
	struct {
		struct cp_text text;
		uint16_t font; /* px */
		bool dim;
	} line[CPI_CALLGRAPH_LINES];
	uint8_t n_lines;
	uint8_t heat; /* 0 … 9 */
};

struct cpi_callgraph {
	struct cpi_env *env;
	const struct cp_profile *p;
	struct cp_graph_options options;
	struct cp_report_options report;
	struct cpi_amount amount;
	struct cpi_arena bytes;
	CPI_VEC(struct cp_graph_node) node;
	CPI_VEC(struct cpi_callgraph_face) face; /* by node */
	CPI_VEC(struct cp_graph_edge) edge;
	CPI_VEC(struct cp_graph_member) member;
	CPI_VEC(struct cp_graph_knot) knot;
	struct cp_text title;
	struct cp_graph_rows rows;
};

enum cp_code cpi_callgraph_make(struct cpi_callgraph *c, struct cpi_env *env,
	const struct cp_profile *p, const struct cp_graph_options *options,
	struct cp_error *err);
void cpi_callgraph_release(struct cpi_callgraph *c);
enum cp_code cpi_callgraph_write(const struct cpi_callgraph *c, const char *format,
	struct cpi_sink *sink, struct cp_error *err);

/* names.c: the package of a name, empty if it has none; its last part. */
struct cp_text cpi_callgraph_package(struct cp_text name);
struct cp_text cpi_callgraph_base(struct cp_text name);
/* tags.c: boxes for labels of samples. `number` is each graph node's row plus one. */
enum cp_code cpi_callgraph_labels(struct cpi_callgraph *c, const struct cpi_graph *g,
	const uint32_t *number, uint64_t least, struct cp_error *err);
/* box.c: faces and sizes of boxes; places for the values of edges. */
enum cp_code cpi_callgraph_faces(struct cpi_callgraph *c, struct cp_error *err);
enum cp_code cpi_callgraph_edge_labels(struct cpi_callgraph *c, struct cp_error *err);
enum { CPI_CALLGRAPH_VALUE_FONT = 11 };
/* At most `most` hundredths of the font size wide; what is left out becomes an ellipsis.
 */
struct cp_text cpi_callgraph_shorten(
	struct cpi_callgraph *c, struct cp_text text, uint64_t most);

typedef enum cp_code cpi_callgraph_fn(
	const struct cpi_callgraph *c, struct cpi_sink *sink, struct cp_error *err);
cpi_callgraph_fn cpi_callgraph_svg, cpi_callgraph_html, cpi_callgraph_json,
	cpi_callgraph_text;
/* svg.c: a name, cut where it is too long to be read; the picture as it stands in a page.
 */
void cpi_callgraph_name(struct cpi_sink *sink, struct cp_text name);
void cpi_callgraph_picture(const struct cpi_callgraph *c, struct cpi_sink *sink);

struct cpi_graph_asset {
	const char *bytes;
	size_t n;
	const char *hash; /* for a content security policy */
};
extern const struct cpi_graph_asset cpi_graph_asset_script, cpi_graph_asset_page,
	cpi_graph_asset_part, cpi_graph_asset_style, cpi_graph_asset_page_style;

#endif
